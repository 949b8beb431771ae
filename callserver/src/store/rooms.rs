//! The table `rooms`: which conversations there are.

use api::AccountId;
use api::room::{RoomId, RoomKind, RoomSettings};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Store, StoreError, Transaction, parts, with_list};

/// A room.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RoomRow {
    /// What the other tables know it by.
    pub key: i64,
    /// What the world knows it by.
    pub id: RoomId,
    /// What it is for.
    pub kind: RoomKind,
    /// Of a direct room: its two accounts.
    pub pair: Option<(AccountId, AccountId)>,
    /// The name that was set.
    pub name: Option<String>,
    /// What it is about.
    pub description: String,
    /// The id of its picture.
    pub picture: Option<String>,
    /// How it behaves.
    pub settings: RoomSettings,
    /// In Unix milliseconds.
    pub opened_at: i64,
    /// The first sequence number that is not in the archive.
    pub first_seq: i64,
    /// The last sequence number.
    pub last_seq: i64,
    /// How many of its entries are to be read.
    pub reads: i64,
    /// The stamp of its last entry.
    pub last_stamp: i64,
}

/// Both accounts of a direct room as they stand in it, the smaller id first.
pub(crate) fn pair_text(one: AccountId, other: AccountId) -> String {
    let (first, second) = (one.min(other), one.max(other));
    format!("{first}:{second}")
}

fn read_pair(text: &str) -> Option<(AccountId, AccountId)> {
    let (first, second) = text.split_once(':')?;
    Some((
        AccountId(first.parse().ok()?),
        AccountId(second.parse().ok()?),
    ))
}

fn corrupt(what: &'static str, value: String) -> StoreError {
    StoreError::Corrupt { what, value }
}

fn kind_text(kind: RoomKind) -> &'static str {
    match kind {
        RoomKind::Direct => "direct",
        RoomKind::Group | RoomKind::Unknown => "group",
    }
}

macro_rules! select_rooms {
    ($rest:literal) => {
        concat!(
            "SELECT r.room_key, r.room_id, r.kind, r.pair, r.name, r.description, r.picture, r.settings, r.opened_at,
                 r.first_seq, r.last_seq, r.reads, r.last_stamp FROM rooms r ",
            $rest
        )
    };
}

fn read_room(row: &AnyRow) -> Result<RoomRow, StoreError> {
    let (id, kind): (String, String) = (row.try_get("room_id")?, row.try_get("kind")?);
    let pair: Option<String> = row.try_get("pair")?;
    let settings: String = row.try_get("settings")?;
    Ok(RoomRow {
        key: row.try_get("room_key")?,
        id: RoomId::parse(&id).map_err(|_| corrupt("id of a room", id))?,
        kind: match kind.as_str() {
            "direct" => RoomKind::Direct,
            "group" => RoomKind::Group,
            _ => return Err(corrupt("kind of room", kind)),
        },
        pair: pair.as_deref().and_then(read_pair),
        name: row.try_get("name")?,
        description: row.try_get("description")?,
        picture: row.try_get("picture")?,
        settings: serde_json::from_str(&settings)
            .map_err(|_| corrupt("settings of a room", settings))?,
        opened_at: row.try_get("opened_at")?,
        first_seq: row.try_get("first_seq")?,
        last_seq: row.try_get("last_seq")?,
        reads: row.try_get("reads")?,
        last_stamp: row.try_get("last_stamp")?,
    })
}

const BY_ID: &str = select_rooms!("WHERE r.room_id = $1");
const BY_PAIR: &str = select_rooms!("WHERE r.pair = $1");
impl Store {
    /// A room.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn room(&self, id: &RoomId) -> Result<Option<RoomRow>, StoreError> {
        let select = sqlx::query(BY_ID).bind(id.as_str().to_owned());
        let row = select.fetch_optional(&self.readers).await?;
        row.as_ref().map(read_room).transpose()
    }

    /// A room, by what the other tables know it by.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn room_by_key(&self, key: i64) -> Result<Option<RoomRow>, StoreError> {
        let select = sqlx::query(select_rooms!("WHERE r.room_key = $1")).bind(key);
        let row = select.fetch_optional(&self.readers).await?;
        row.as_ref().map(read_room).transpose()
    }

    /// The rooms in somebody's list, those where something happened last first; those before the stamp `before`.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn rooms_of(
        &self,
        account: AccountId,
        before: i64,
        most: i64,
    ) -> Result<Vec<RoomRow>, StoreError> {
        let select = sqlx::query(select_rooms!(
            "JOIN room_participants p ON p.room_key = r.room_key
             WHERE p.account_id = $1 AND p.is_hidden = 0 AND r.last_stamp < $2
             ORDER BY r.last_stamp DESC LIMIT $3"
        ));
        let select = select.bind(account.0).bind(before).bind(most);
        let rows = select.fetch_all(&self.readers).await?;
        rows.iter().map(read_room).collect()
    }

    /// The rooms where something happened last, the last first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn all_rooms(&self, most: i64) -> Result<Vec<RoomRow>, StoreError> {
        let select = sqlx::query(select_rooms!(
            "ORDER BY r.last_stamp DESC, r.room_key LIMIT $1"
        ));
        let rows = select.bind(most).fetch_all(&self.readers).await?;
        rows.iter().map(read_room).collect()
    }

    /// Rooms that have more entries than they keep, which are `usual` for those that say nothing about it, or older ones at
    /// `now`.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn rooms_to_trim(
        &self,
        usual: i64,
        now: i64,
        most: i64,
    ) -> Result<Vec<RoomRow>, StoreError> {
        let select = sqlx::query(select_rooms!(
            "WHERE r.last_seq - r.first_seq + 1 > coalesce(r.keep_messages, $1)
                 OR (r.keep_days IS NOT NULL AND EXISTS (SELECT 1 FROM messages m
                     WHERE m.room_key = r.room_key AND m.seq = r.first_seq AND m.sent_at < $2 - r.keep_days * 86400000))
             ORDER BY r.room_key LIMIT $3"
        ));
        let select = select.bind(usual).bind(now).bind(most);
        let rows = select.fetch_all(&self.readers).await?;
        rows.iter().map(read_room).collect()
    }

    /// The keys of rooms that nobody is in, so many at most.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn empty_rooms(&self, most: i64) -> Result<Vec<i64>, StoreError> {
        let select = sqlx::query_scalar(
            "SELECT r.room_key FROM rooms r
             WHERE NOT EXISTS (SELECT 1 FROM room_participants p WHERE p.room_key = r.room_key) LIMIT $1",
        );
        Ok(select.bind(most).fetch_all(&self.readers).await?)
    }

    /// All rooms that an account is in, hidden ones too, each with the last sequence number of today.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn memberships(&self, account: AccountId) -> Result<Vec<(i64, i64)>, StoreError> {
        let select = sqlx::query(
            "SELECT r.room_key, r.last_seq FROM room_participants p JOIN rooms r ON r.room_key = p.room_key
             WHERE p.account_id = $1",
        );
        let rows = select.bind(account.0).fetch_all(&self.readers).await?;
        let read = |row: &AnyRow| Ok((row.try_get("room_key")?, row.try_get("last_seq")?));
        rows.iter().map(read).collect()
    }
}

impl Transaction {
    /// A room, as it stays until this write ends.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn room(&mut self, id: &RoomId) -> Result<Option<RoomRow>, StoreError> {
        let select = sqlx::query(BY_ID).bind(id.as_str().to_owned());
        let row = select.fetch_optional(&mut *self.inner).await?;
        row.as_ref().map(read_room).transpose()
    }

    /// The direct room of two accounts.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn direct_room(
        &mut self,
        one: AccountId,
        other: AccountId,
    ) -> Result<Option<RoomRow>, StoreError> {
        let select = sqlx::query(BY_PAIR).bind(pair_text(one, other));
        let row = select.fetch_optional(&mut *self.inner).await?;
        row.as_ref().map(read_room).transpose()
    }

    /// The direct rooms of these pairs of accounts; those that are not there are left out.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn direct_rooms(
        &mut self,
        pairs: &[(AccountId, AccountId)],
    ) -> Result<Vec<RoomRow>, StoreError> {
        let mut found = Vec::with_capacity(pairs.len());
        for part in parts(pairs, 1) {
            let sql = with_list(select_rooms!("WHERE r.pair IN ({})"), 1, part.len());
            let mut select = sqlx::query(sql);
            for (one, other) in part {
                select = select.bind(pair_text(*one, *other));
            }
            for row in select.fetch_all(&mut *self.inner).await? {
                found.push(read_room(&row)?);
            }
        }
        Ok(found)
    }

    /// Rooms by their ids; those that are not there are left out.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn rooms_by_id(&mut self, ids: &[RoomId]) -> Result<Vec<RoomRow>, StoreError> {
        let mut found = Vec::with_capacity(ids.len());
        for part in parts(ids, 1) {
            let sql = with_list(select_rooms!("WHERE r.room_id IN ({})"), 1, part.len());
            let mut select = sqlx::query(sql);
            for id in part {
                select = select.bind(id.as_str().to_owned());
            }
            for row in select.fetch_all(&mut *self.inner).await? {
                found.push(read_room(&row)?);
            }
        }
        Ok(found)
    }

    /// Who has blocked one of these accounts: pairs of who has, and whom.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn blockers_of(
        &mut self,
        accounts: &[AccountId],
    ) -> Result<Vec<(AccountId, AccountId)>, StoreError> {
        let mut found = Vec::new();
        for part in parts(accounts, 1) {
            let sql = with_list(
                "SELECT owner_id, account_id FROM contacts WHERE is_blocked = 1 AND account_id IN ({})",
                1,
                part.len(),
            );
            let mut select = sqlx::query(sql);
            for account in part {
                select = select.bind(account.0);
            }
            for row in select.fetch_all(&mut *self.inner).await? {
                found.push((
                    AccountId(row.try_get("owner_id")?),
                    AccountId(row.try_get("account_id")?),
                ));
            }
        }
        Ok(found)
    }

    /// Adds a room; the key of `row` is not looked at. Returns the key that it has got.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn add_room(
        &mut self,
        row: &RoomRow,
        opened_by: AccountId,
    ) -> Result<i64, StoreError> {
        let insert = sqlx::query_scalar(
            "INSERT INTO rooms (room_id, kind, pair, name, description, picture, settings, opened_by, opened_at, last_stamp,
                 keep_messages, keep_days)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING room_key",
        );
        let settings = serde_json::to_string(&row.settings).unwrap_or_default();
        let insert = insert
            .bind(row.id.as_str().to_owned())
            .bind(kind_text(row.kind).to_owned())
            .bind(row.pair.map(|(one, other)| pair_text(one, other)))
            .bind(row.name.clone())
            .bind(row.description.clone())
            .bind(row.picture.clone())
            .bind(settings)
            .bind(opened_by.0)
            .bind(row.opened_at)
            .bind(row.last_stamp)
            .bind(row.settings.keep_messages)
            .bind(row.settings.keep_days);
        Ok(insert.fetch_one(&mut *self.inner).await?)
    }

    /// A room that was just added begins with another number than 1, and with entries before it that count as read or unread.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn begin_room_at(
        &mut self,
        room: i64,
        first_seq: i64,
        reads: i64,
    ) -> Result<(), StoreError> {
        let update = sqlx::query(
            "UPDATE rooms SET first_seq = $2, last_seq = $2 - 1, reads = $3 WHERE room_key = $1",
        );
        let update = update.bind(room).bind(first_seq).bind(reads);
        update.execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Writes what may be changed about a room: name, description, picture, settings.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn change_room(&mut self, row: &RoomRow) -> Result<(), StoreError> {
        let update = sqlx::query(
            "UPDATE rooms SET name = $2, description = $3, picture = $4, settings = $5, keep_messages = $6, keep_days = $7
             WHERE room_key = $1",
        );
        let update = update
            .bind(row.key)
            .bind(row.name.clone())
            .bind(row.description.clone())
            .bind(row.picture.clone())
            .bind(serde_json::to_string(&row.settings).unwrap_or_default())
            .bind(row.settings.keep_messages)
            .bind(row.settings.keep_days);
        update.execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Removes those of these rooms that nobody is in, with everything in them. Returns how many.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn remove_empty_rooms(&mut self, rooms: &[i64]) -> Result<u64, StoreError> {
        let mut removed = 0;
        for room in rooms {
            let delete = sqlx::query(
                "DELETE FROM rooms WHERE room_key = $1
                     AND NOT EXISTS (SELECT 1 FROM room_participants p WHERE p.room_key = $1)",
            );
            let deleted = delete.bind(*room).execute(&mut *self.inner).await?;
            removed += deleted.rows_affected();
        }
        Ok(removed)
    }

    /// Removes a room with everything in it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn remove_room(&mut self, room: i64) -> Result<(), StoreError> {
        let delete = sqlx::query("DELETE FROM rooms WHERE room_key = $1").bind(room);
        delete.execute(&mut *self.inner).await?;
        Ok(())
    }
}
