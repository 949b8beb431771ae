//! The tables `device_letters` and `device_reports`: how far phones that take messages by SIP have come in what is said to
//! their owners, and of which messages they want to hear what becomes of them.

use api::room::{MessageId, RoomId};
use api::{AccountId, DeviceId};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Store, StoreError, Transaction, flag, parts, with_list};

/// A phone that takes messages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LetterPhone {
    /// The phone.
    pub device: DeviceId,
    /// Whose it is.
    pub account: AccountId,
    /// The stamp of the last entry that it has got; `None` if it has never been there.
    pub stamp: Option<i64>,
    /// Whether it understands CPIM.
    pub unwraps: bool,
    /// Whether something was said to its owner since then, by whomever.
    pub has_news: bool,
    /// Whether it wants to hear what becomes of some message.
    pub wants_reports: bool,
}

/// Something that was said to somebody in the conversation of two.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LetterRow {
    /// Where.
    pub room: RoomId,
    /// Its place there.
    pub seq: i64,
    /// Its place among the entries of all rooms.
    pub stamp: i64,
    /// What its sender calls it.
    pub id: MessageId,
    /// Who has said it.
    pub sender: AccountId,
    /// What the sender was called then.
    pub sender_name: String,
    /// The sender's number of today.
    pub sender_number: Option<String>,
    /// The reader's number of today.
    pub own_number: Option<String>,
    /// In Unix milliseconds.
    pub sent_at: i64,
    /// What it says, as JSON.
    pub body: String,
}

/// Something that became of a message, and that its sender's phone wants to hear.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReportRow {
    /// The room's key.
    pub room: i64,
    /// The message's place there.
    pub seq: i64,
    /// What the phone calls the message.
    pub message_id: String,
    /// Whether it was read; else it was delivered.
    pub is_read: bool,
    /// Who has got it.
    pub reader: AccountId,
    /// What the reader is called.
    pub reader_name: String,
    /// The reader's number.
    pub reader_number: Option<String>,
    /// The number of the phone's owner.
    pub own_number: Option<String>,
}

impl Store {
    /// These devices, as far as they are known.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn letter_phones(
        &self,
        devices: &[DeviceId],
    ) -> Result<Vec<LetterPhone>, StoreError> {
        let mut found = Vec::new();
        for part in parts(devices, 1) {
            let sql = with_list(
                "SELECT d.device_id, d.account_id, l.stamp, coalesce(l.unwraps, 0) AS unwraps,
                     CASE WHEN l.stamp IS NOT NULL AND EXISTS (SELECT 1 FROM room_participants p
                         JOIN rooms r ON r.room_key = p.room_key
                         WHERE p.account_id = d.account_id AND r.kind = 'direct' AND r.last_stamp > l.stamp)
                         THEN 1 ELSE 0 END AS has_news,
                     CASE WHEN EXISTS (SELECT 1 FROM device_reports q WHERE q.device_id = d.device_id)
                         THEN 1 ELSE 0 END AS wants_reports
                 FROM devices d LEFT JOIN device_letters l ON l.device_id = d.device_id
                 WHERE d.device_id IN ({})",
                1,
                part.len(),
            );
            let mut select = sqlx::query(sql);
            for device in part {
                select = select.bind(device.0);
            }
            for row in select.fetch_all(&self.readers).await? {
                found.push(LetterPhone {
                    device: DeviceId(row.try_get("device_id")?),
                    account: AccountId(row.try_get("account_id")?),
                    stamp: row.try_get("stamp")?,
                    unwraps: read_flag(&row, "unwraps")?,
                    has_news: read_flag(&row, "has_news")?,
                    wants_reports: read_flag(&row, "wants_reports")?,
                });
            }
        }
        Ok(found)
    }

    /// Those of these devices that something was or is to be brought to.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn begun_letters(&self, devices: &[DeviceId]) -> Result<Vec<DeviceId>, StoreError> {
        let mut begun = Vec::new();
        for part in parts(devices, 1) {
            let sql = with_list(
                "SELECT device_id FROM device_letters WHERE device_id IN ({})",
                1,
                part.len(),
            );
            let mut select = sqlx::query_scalar(sql);
            for device in part {
                select = select.bind(device.0);
            }
            let found: Vec<i64> = select.fetch_all(&self.readers).await?;
            begun.extend(found.into_iter().map(DeviceId));
        }
        Ok(begun)
    }

    /// What was said in the conversations of two that an account is in, after a stamp, in the order in which it was stored:
    /// also what it has said itself, what became of messages, and what it does not get to see; that is left out of the
    /// bodies, but the stamps count.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn letters(
        &self,
        account: AccountId,
        after: i64,
        most: i64,
    ) -> Result<Vec<(i64, Option<LetterRow>)>, StoreError> {
        let select = sqlx::query(
            "SELECT m.stamp, m.seq, m.message_id, m.kind, m.sender, m.sender_name, m.visible_to, m.sent_at, m.body, r.room_id,
                 (SELECT n.number FROM numbers n WHERE n.account_id = m.sender AND n.is_primary = 1) AS sender_number,
                 (SELECT n.number FROM numbers n WHERE n.account_id = $1 AND n.is_primary = 1) AS own_number
             FROM room_participants p JOIN rooms r ON r.room_key = p.room_key JOIN messages m ON m.room_key = r.room_key
             WHERE p.account_id = $1 AND r.kind = 'direct' AND r.last_stamp > $2 AND m.stamp > $2
                 AND m.seq >= p.visible_from
             ORDER BY m.stamp LIMIT $3",
        );
        let select = select.bind(account.0).bind(after).bind(most);
        let rows = select.fetch_all(&self.readers).await?;
        rows.iter().map(|row| read_letter(row, account)).collect()
    }

    /// In which room two accounts speak of this message, and its place there.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn place_of_message(
        &self,
        (one, other): (AccountId, AccountId),
        id: &MessageId,
    ) -> Result<Option<(RoomId, i64)>, StoreError> {
        let select = sqlx::query(
            "SELECT r.room_id, m.seq FROM messages m JOIN rooms r ON r.room_key = m.room_key
             WHERE m.message_id = $1 AND r.pair = $2 AND (m.visible_to IS NULL OR m.visible_to = $3)",
        );
        let select = select
            .bind(id.as_str().to_owned())
            .bind(super::rooms::pair_text(one, other))
            .bind(one.0);
        let Some(row) = select.fetch_optional(&self.readers).await? else {
            return Ok(None);
        };
        Ok(Some((read_room_id(&row)?, row.try_get("seq")?)))
    }

    /// The rooms in which messages are that this phone wants to hear of.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn rooms_with_reports(&self, device: DeviceId) -> Result<Vec<i64>, StoreError> {
        let select = "SELECT DISTINCT room_key FROM device_reports WHERE device_id = $1";
        let rows = sqlx::query_scalar(select).bind(device.0);
        Ok(rows.fetch_all(&self.readers).await?)
    }

    /// What has become of messages that this phone wants to hear of, in the order of the messages; first that they were
    /// delivered.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn reports_due(
        &self,
        device: DeviceId,
        account: AccountId,
        most: i64,
    ) -> Result<Vec<ReportRow>, StoreError> {
        let select = sqlx::query(
            "SELECT q.room_key, q.seq, q.message_id, q.wants_delivered, p.delivered_seq, p.account_id, a.display_name,
                 (SELECT n.number FROM numbers n WHERE n.account_id = p.account_id AND n.is_primary = 1) AS reader_number,
                 (SELECT n.number FROM numbers n WHERE n.account_id = $2 AND n.is_primary = 1) AS own_number
             FROM device_reports q
             JOIN room_participants p ON p.room_key = q.room_key AND p.account_id <> $2
             JOIN accounts a ON a.account_id = p.account_id
             WHERE q.device_id = $1 AND ((q.wants_delivered = 1 AND p.delivered_seq >= q.seq)
                 OR (q.wants_displayed = 1 AND p.read_seq >= q.seq))
             ORDER BY q.room_key, q.seq LIMIT $3",
        );
        let select = select.bind(device.0).bind(account.0).bind(most);
        let rows = select.fetch_all(&self.readers).await?;
        let read = |row: &AnyRow| -> Result<ReportRow, StoreError> {
            let seq: i64 = row.try_get("seq")?;
            let is_delivered = row.try_get::<i64, _>("delivered_seq")? >= seq;
            Ok(ReportRow {
                room: row.try_get("room_key")?,
                seq,
                message_id: row.try_get("message_id")?,
                // Who wants both hears of the reading after the delivery.
                is_read: !(is_delivered && flag(row, "wants_delivered")?),
                reader: AccountId(row.try_get("account_id")?),
                reader_name: row.try_get("display_name")?,
                reader_number: row.try_get("reader_number")?,
                own_number: row.try_get("own_number")?,
            })
        };
        rows.iter().map(read).collect()
    }
}

impl Transaction {
    /// These phones are there for the first time: what is said from now on is for them.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn begin_letters(&mut self, devices: &[DeviceId]) -> Result<(), StoreError> {
        let insert = "INSERT INTO device_letters (device_id, stamp)
             SELECT d.device_id, c.stamp FROM devices d, room_clock c WHERE d.device_id = $1
             ON CONFLICT (device_id) DO NOTHING";
        for device in devices {
            let insert = sqlx::query(insert).bind(device.0);
            insert.execute(&mut *self.inner).await?;
        }
        Ok(())
    }

    /// These devices read by themselves. Who registers as another phone with the login of one begins then.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn forget_letters(&mut self, devices: &[DeviceId]) -> Result<(), StoreError> {
        let delete = "DELETE FROM device_letters WHERE device_id = $1";
        for device in devices {
            let delete = sqlx::query(delete).bind(device.0);
            delete.execute(&mut *self.inner).await?;
        }
        Ok(())
    }

    /// A phone has got everything up to a stamp.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn note_letters(&mut self, device: DeviceId, stamp: i64) -> Result<(), StoreError> {
        let update = "UPDATE device_letters SET stamp = $2 WHERE device_id = $1 AND stamp < $2";
        let update = sqlx::query(update).bind(device.0).bind(stamp);
        update.execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Whether a phone understands CPIM.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn set_unwraps(&mut self, device: DeviceId, unwraps: bool) -> Result<(), StoreError> {
        let update = "UPDATE device_letters SET unwraps = $2 WHERE device_id = $1";
        let update = sqlx::query(update).bind(device.0).bind(i64::from(unwraps));
        update.execute(&mut *self.inner).await?;
        Ok(())
    }

    /// A phone wants to hear what becomes of a message. Returns the key of the room.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn ask_for_reports(
        &mut self,
        device: DeviceId,
        (room, seq): (&RoomId, i64),
        message_id: &str,
        (wants_delivered, wants_displayed): (bool, bool),
        now: i64,
    ) -> Result<Option<i64>, StoreError> {
        let Some(room) = self.room(room).await? else {
            return Ok(None);
        };
        let insert = sqlx::query(
            "INSERT INTO device_reports (device_id, room_key, seq, message_id, wants_delivered, wants_displayed, asked_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (device_id, room_key, seq) DO NOTHING",
        );
        let insert = insert
            .bind(device.0)
            .bind(room.key)
            .bind(seq)
            .bind(message_id.to_owned())
            .bind(i64::from(wants_delivered))
            .bind(i64::from(wants_displayed))
            .bind(now);
        insert.execute(&mut *self.inner).await?;
        Ok(Some(room.key))
    }

    /// A phone has heard what became of a message, or will not hear it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn end_report(
        &mut self,
        device: DeviceId,
        (room, seq): (i64, i64),
        is_read: bool,
    ) -> Result<(), StoreError> {
        let is_over =
            "DELETE FROM device_reports WHERE device_id = $1 AND room_key = $2 AND seq = $3
             AND wants_displayed = 0";
        let is_told = "UPDATE device_reports SET wants_delivered = 0
             WHERE device_id = $1 AND room_key = $2 AND seq = $3";
        let all = "DELETE FROM device_reports WHERE device_id = $1 AND room_key = $2 AND seq = $3";
        let steps: &[&'static str] = match is_read {
            true => &[all],
            false => &[is_over, is_told],
        };
        for step in steps {
            let step = sqlx::query(*step).bind(device.0).bind(room).bind(seq);
            step.execute(&mut *self.inner).await?;
        }
        Ok(())
    }

    /// Nobody waits any more for what was asked for before this time. Says how many there were.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn forget_reports(&mut self, before: i64) -> Result<u64, StoreError> {
        let delete = sqlx::query("DELETE FROM device_reports WHERE asked_at < $1").bind(before);
        Ok(delete.execute(&mut *self.inner).await?.rows_affected())
    }
}

/// A truth value that was computed: PostgreSQL gives it as a narrower whole number.
fn read_flag(row: &AnyRow, column: &'static str) -> Result<bool, StoreError> {
    match row.try_get::<i64, _>(column) {
        Ok(value) => Ok(value != 0),
        Err(_) => Ok(row.try_get::<i32, _>(column)? != 0),
    }
}

fn read_room_id(row: &AnyRow) -> Result<RoomId, StoreError> {
    let id: String = row.try_get("room_id")?;
    RoomId::parse(&id).map_err(|_| StoreError::Corrupt {
        what: "id of a room",
        value: id,
    })
}

fn read_letter(row: &AnyRow, reader: AccountId) -> Result<(i64, Option<LetterRow>), StoreError> {
    let stamp: i64 = row.try_get("stamp")?;
    let sender: Option<i64> = row.try_get("sender")?;
    let visible_to: Option<i64> = row.try_get("visible_to")?;
    let kind: String = row.try_get("kind")?;
    let other = sender.map(AccountId).filter(|sender| *sender != reader);
    let Some(sender) = other.filter(|_| visible_to.is_none() && kind == "user") else {
        return Ok((stamp, None));
    };
    let id: String = row.try_get("message_id")?;
    let letter = LetterRow {
        room: read_room_id(row)?,
        seq: row.try_get("seq")?,
        stamp,
        id: MessageId::parse(&id).map_err(|_| StoreError::Corrupt {
            what: "id of a message",
            value: id,
        })?,
        sender,
        sender_name: row.try_get("sender_name")?,
        sender_number: row.try_get("sender_number")?,
        own_number: row.try_get("own_number")?,
        sent_at: row.try_get("sent_at")?,
        body: row.try_get("body")?,
    };
    Ok((stamp, Some(letter)))
}
