//! The table `room_participants`: who is in which room, and how far they have come there.

use api::room::RoomRole;
use api::{AccountId, Number};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::accounts::read_number;
use super::{RoomRow, Store, StoreError, Transaction, parts, rows_of, with_list};

/// Somebody in a room.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParticipantRow {
    /// Who.
    pub account: AccountId,
    /// What they may do.
    pub role: RoomRole,
    /// In Unix milliseconds.
    pub joined_at: i64,
    /// The first sequence number that they may read.
    pub visible_from: i64,
    /// What one of their devices has.
    pub delivered_seq: i64,
    /// What they have read.
    pub read_seq: i64,
    /// How many entries up to `read_seq` are to be read.
    pub read_reads: i64,
    /// How many of those after it are their own.
    pub own_after_read: i64,
    /// Their username.
    pub username: String,
    /// What people see.
    pub display_name: String,
    /// Their number of today.
    pub number: Option<Number>,
}

fn role_text(role: RoomRole) -> &'static str {
    match role {
        RoomRole::Member => "member",
        RoomRole::Moderator => "moderator",
        RoomRole::Owner => "owner",
    }
}

/// The room, who is in it, and what they may do there.
fn read_seat(row: &AnyRow) -> Result<(i64, AccountId, RoomRole), StoreError> {
    Ok((
        row.try_get("room_key")?,
        AccountId(row.try_get("account_id")?),
        read_role(row.try_get("role")?)?,
    ))
}

fn read_role(text: String) -> Result<RoomRole, StoreError> {
    Ok(match text.as_str() {
        "member" => RoomRole::Member,
        "moderator" => RoomRole::Moderator,
        "owner" => RoomRole::Owner,
        _ => {
            return Err(StoreError::Corrupt {
                what: "role in a room",
                value: text,
            });
        }
    })
}

macro_rules! select_participants {
    ($rest:literal) => {
        concat!(
            "SELECT p.account_id, p.role, p.joined_at, p.visible_from, p.delivered_seq, p.read_seq, p.read_reads,
                 p.own_after_read, p.room_key, a.username, a.display_name, n.number
             FROM room_participants p JOIN accounts a ON a.account_id = p.account_id
             LEFT JOIN numbers n ON n.account_id = p.account_id AND n.is_primary = 1 ",
            $rest
        )
    };
}

fn read_participant(row: &AnyRow) -> Result<ParticipantRow, StoreError> {
    Ok(ParticipantRow {
        account: AccountId(row.try_get("account_id")?),
        role: read_role(row.try_get("role")?)?,
        joined_at: row.try_get("joined_at")?,
        visible_from: row.try_get("visible_from")?,
        delivered_seq: row.try_get("delivered_seq")?,
        read_seq: row.try_get("read_seq")?,
        read_reads: row.try_get("read_reads")?,
        own_after_read: row.try_get("own_after_read")?,
        username: row.try_get("username")?,
        display_name: row.try_get("display_name")?,
        number: read_number(row)?,
    })
}

const ONE: &str = select_participants!("WHERE p.room_key = $1 AND p.account_id = $2");

impl Store {
    /// Somebody in a room.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn participant(
        &self,
        room: i64,
        account: AccountId,
    ) -> Result<Option<ParticipantRow>, StoreError> {
        let select = sqlx::query(ONE).bind(room).bind(account.0);
        let row = select.fetch_optional(&self.readers).await?;
        row.as_ref().map(read_participant).transpose()
    }

    /// Those in a room, in the order in which they came, up to `most`.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn participants(
        &self,
        room: i64,
        most: i64,
    ) -> Result<Vec<ParticipantRow>, StoreError> {
        let select = sqlx::query(select_participants!(
            "WHERE p.room_key = $1 ORDER BY p.joined_at, p.account_id LIMIT $2"
        ));
        let rows = select
            .bind(room)
            .bind(most)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(read_participant).collect()
    }

    /// How many are in a room.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn participant_count(&self, room: i64) -> Result<i64, StoreError> {
        let count =
            sqlx::query_scalar("SELECT count(*) FROM room_participants WHERE room_key = $1");
        Ok(count.bind(room).fetch_one(&self.readers).await?)
    }

    /// Whether two accounts are in one room.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn are_both_in(
        &self,
        room: i64,
        one: AccountId,
        other: AccountId,
    ) -> Result<bool, StoreError> {
        let count = sqlx::query_scalar(
            "SELECT count(*) FROM room_participants WHERE room_key = $1 AND account_id IN ($2, $3)",
        );
        let count: i64 = count
            .bind(room)
            .bind(one.0)
            .bind(other.0)
            .fetch_one(&self.readers)
            .await?;
        Ok(count == 2 && one != other)
    }
}

impl Store {
    /// Whether a room is out of somebody's list until something is said in it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn is_room_hidden(&self, room: i64, account: AccountId) -> Result<bool, StoreError> {
        let count = sqlx::query_scalar(
            "SELECT count(*) FROM room_participants WHERE room_key = $1 AND account_id = $2 AND is_hidden = 1",
        );
        let count = count.bind(room).bind(account.0);
        let count: i64 = count.fetch_one(&self.readers).await?;
        Ok(count > 0)
    }

    /// Whether somebody can be written to: they are there, not disabled, and not a group whose phones ring.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn may_be_in_rooms(&self, account: AccountId) -> Result<bool, StoreError> {
        let count = sqlx::query_scalar(
            "SELECT count(*) FROM accounts a WHERE a.account_id = $1 AND a.kind <> 'erased' AND a.is_disabled = 0
                 AND NOT EXISTS (SELECT 1 FROM ring_groups g WHERE g.group_id = a.account_id)",
        );
        let count: i64 = count.bind(account.0).fetch_one(&self.readers).await?;
        Ok(count > 0)
    }
}

impl Transaction {
    /// How many are in a room.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn participants_in(&mut self, room: i64) -> Result<i64, StoreError> {
        let count =
            sqlx::query_scalar("SELECT count(*) FROM room_participants WHERE room_key = $1");
        Ok(count.bind(room).fetch_one(&mut *self.inner).await?)
    }

    /// The primary number of an account, if it has one.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn number_of(&mut self, account: AccountId) -> Result<Option<String>, StoreError> {
        let select = sqlx::query_scalar(
            "SELECT number FROM numbers WHERE account_id = $1 AND is_primary = 1",
        );
        Ok(select
            .bind(account.0)
            .fetch_optional(&mut *self.inner)
            .await?)
    }

    /// What people may do in rooms: of these pairs of a room and an account, those who are in it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn roles(
        &mut self,
        pairs: &[(i64, AccountId)],
    ) -> Result<Vec<(i64, AccountId, RoomRole)>, StoreError> {
        let mut found = Vec::with_capacity(pairs.len());
        for part in parts(pairs, 2) {
            let sql = format!(
                "WITH v (room, account) AS (VALUES {})
                 SELECT p.room_key, p.account_id, p.role FROM v CROSS JOIN room_participants p
                 WHERE p.room_key = v.room AND p.account_id = v.account",
                rows_of(2, part.len())
            );
            let mut select = sqlx::query(sqlx::AssertSqlSafe(sql));
            for (room, account) in part {
                select = select.bind(*room).bind(account.0);
            }
            for row in select.fetch_all(&mut *self.inner).await? {
                found.push(read_seat(&row)?);
            }
        }
        Ok(found)
    }

    /// Who is in these rooms, each with what they may do there: for rooms of two, which are many.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn roles_in(
        &mut self,
        rooms: &[i64],
    ) -> Result<Vec<(i64, AccountId, RoomRole)>, StoreError> {
        let mut found = Vec::with_capacity(rooms.len() * 2);
        for part in parts(rooms, 1) {
            let sql = with_list(
                "SELECT room_key, account_id, role FROM room_participants WHERE room_key IN ({})",
                1,
                part.len(),
            );
            let mut select = sqlx::query(sql);
            for room in part {
                select = select.bind(*room);
            }
            for row in select.fetch_all(&mut *self.inner).await? {
                found.push(read_seat(&row)?);
            }
        }
        Ok(found)
    }

    /// Which of these accounts are people with an account for good, who are there and not disabled.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn lasting_people(
        &mut self,
        accounts: &[AccountId],
    ) -> Result<Vec<AccountId>, StoreError> {
        let mut found = Vec::with_capacity(accounts.len());
        for part in parts(accounts, 1) {
            let sql = with_list(
                "SELECT a.account_id FROM accounts a WHERE a.account_id IN ({}) AND a.kind = 'person' AND a.is_disabled = 0
                     AND NOT EXISTS (SELECT 1 FROM ring_groups g WHERE g.group_id = a.account_id)",
                1,
                part.len(),
            );
            let mut select = sqlx::query_scalar(sql);
            for account in part {
                select = select.bind(account.0);
            }
            let rows: Vec<i64> = select.fetch_all(&mut *self.inner).await?;
            found.extend(rows.into_iter().map(AccountId));
        }
        Ok(found)
    }

    /// Puts somebody into a room, to whom everything up to now is read. Says whether they were not in it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn add_participant(
        &mut self,
        room: &RoomRow,
        account: AccountId,
        role: RoomRole,
        visible_from: i64,
        is_hidden: bool,
        now: i64,
    ) -> Result<bool, StoreError> {
        let insert = sqlx::query(
            "INSERT INTO room_participants (room_key, account_id, role, joined_at, visible_from, delivered_seq, read_seq,
                 read_reads, is_hidden)
             VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8) ON CONFLICT (room_key, account_id) DO NOTHING",
        );
        let insert = insert
            .bind(room.key)
            .bind(account.0)
            .bind(role_text(role).to_owned())
            .bind(now)
            .bind(visible_from)
            .bind(room.last_seq)
            .bind(room.reads)
            .bind(i64::from(is_hidden));
        Ok(insert.execute(&mut *self.inner).await?.rows_affected() > 0)
    }

    /// Takes somebody out of a room.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn remove_participant(
        &mut self,
        room: i64,
        account: AccountId,
    ) -> Result<(), StoreError> {
        let delete =
            sqlx::query("DELETE FROM room_participants WHERE room_key = $1 AND account_id = $2");
        let delete = delete.bind(room).bind(account.0);
        delete.execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Somebody in a room.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn participant(
        &mut self,
        room: i64,
        account: AccountId,
    ) -> Result<Option<ParticipantRow>, StoreError> {
        let select = sqlx::query(ONE).bind(room).bind(account.0);
        let row = select.fetch_optional(&mut *self.inner).await?;
        row.as_ref().map(read_participant).transpose()
    }

    /// Those in a room who come after `account` would have: the next owner first. `None` if nobody else is in it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn heir(
        &mut self,
        room: i64,
        account: AccountId,
    ) -> Result<Option<ParticipantRow>, StoreError> {
        let select = sqlx::query(select_participants!(
            "WHERE p.room_key = $1 AND p.account_id <> $2
             ORDER BY CASE p.role WHEN 'owner' THEN 0 WHEN 'moderator' THEN 1 ELSE 2 END, p.joined_at, p.account_id
             LIMIT 1"
        ));
        let select = select.bind(room).bind(account.0);
        let row = select.fetch_optional(&mut *self.inner).await?;
        row.as_ref().map(read_participant).transpose()
    }

    /// Gives somebody in a room another role.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn set_room_role(
        &mut self,
        room: i64,
        account: AccountId,
        role: RoomRole,
    ) -> Result<(), StoreError> {
        let update = sqlx::query(
            "UPDATE room_participants SET role = $3 WHERE room_key = $1 AND account_id = $2",
        );
        let update = update
            .bind(room)
            .bind(account.0)
            .bind(role_text(role).to_owned());
        update.execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Writes what somebody has and has read.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn set_receipts(
        &mut self,
        room: i64,
        row: &ParticipantRow,
    ) -> Result<(), StoreError> {
        let update = sqlx::query(
            "UPDATE room_participants SET delivered_seq = $3, read_seq = $4, read_reads = $5, own_after_read = $6
             WHERE room_key = $1 AND account_id = $2",
        );
        let update = update
            .bind(room)
            .bind(row.account.0)
            .bind(row.delivered_seq)
            .bind(row.read_seq)
            .bind(row.read_reads)
            .bind(row.own_after_read);
        update.execute(&mut *self.inner).await?;
        Ok(())
    }

    /// From now on somebody does not see what is before `visible_from`, and the room may be out of their list until
    /// something is said.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn forget_before(
        &mut self,
        room: &RoomRow,
        account: AccountId,
        visible_from: i64,
        is_hidden: bool,
    ) -> Result<(), StoreError> {
        let update = sqlx::query(
            "UPDATE room_participants SET visible_from = $3, delivered_seq = $4, read_seq = $4, read_reads = $5,
                 own_after_read = 0, is_hidden = $6
             WHERE room_key = $1 AND account_id = $2",
        );
        let update = update
            .bind(room.key)
            .bind(account.0)
            .bind(visible_from)
            .bind(room.last_seq)
            .bind(room.reads)
            .bind(i64::from(is_hidden));
        update.execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Something was said in these rooms of two: they are in both lists again.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn show_rooms(&mut self, rooms: &[i64]) -> Result<(), StoreError> {
        for part in parts(rooms, 1) {
            let sql = with_list(
                "UPDATE room_participants SET is_hidden = 0 WHERE is_hidden = 1 AND room_key IN ({})",
                1,
                part.len(),
            );
            let mut update = sqlx::query(sql);
            for room in part {
                update = update.bind(*room);
            }
            update.execute(&mut *self.inner).await?;
        }
        Ok(())
    }
}
