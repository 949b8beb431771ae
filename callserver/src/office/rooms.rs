//! What an administrator does to conversations.

use std::collections::HashSet;
use std::time::SystemTime;

use api::AccountId;
use api::room::{Notification, NotificationKind, RoomId, RoomKind, Told};

use super::{Change, Office, OfficeError};
use crate::rooms::{
    RoomEntry, RoomHeader, RoomImportRefused, RoomNews, add_entries, envelope, open_room, take_seat,
};
use crate::store::{AuditEntry, Subject, unix_millis};

impl Office {
    /// Removes a room with everything that was said in it, for everybody; files that were sent in it alone are swept later.
    /// What is in the archive of the data folder stays. Says how many entries there were.
    ///
    /// # Errors
    /// If there is no such room.
    pub async fn remove_room(&self, id: &RoomId) -> Result<i64, OfficeError> {
        let mut tx = self.store.begin().await?;
        let room = tx.room(id).await?;
        let room = room.ok_or_else(|| OfficeError::NoSuchRoom { id: id.to_string() })?;
        let people = tx.roles_in(&[room.key]).await?;
        tx.remove_room(room.key).await?;
        let entries = room.last_seq - room.first_seq + 1;
        let entry = AuditEntry {
            action: "room.remove",
            subject: Subject::Server,
            account: None,
            detail: serde_json::json!({
                "room": id, "name": room.name, "participants": people.len(), "entries": entries,
            }),
        };
        self.audit(&mut tx, entry).await?;
        // Connections know rooms by their keys, which lead nowhere now: they are told the id.
        let gone = Told::Notification(Notification {
            about: NotificationKind::RoomGone,
            room: Some(id.clone()),
            sequence: None,
        });
        let text = envelope(gone, unix_millis(SystemTime::now()));
        let told = |account| RoomNews::ToAccount {
            account,
            session: None,
            text: text.clone(),
        };
        let change = Change {
            rooms: { people.iter() }
                .flat_map(|(_, account, _)| [RoomNews::Members(*account), told(*account)])
                .collect(),
            ..Change::default()
        };
        self.finish(tx, change).await?;
        Ok(entries)
    }

    /// Brings entries of a room into the database, in their order; the first of them bring the room. Those that are there since
    /// an earlier try are left out. Nobody sees the room before its last entry has come. Gives back how many were new.
    ///
    /// # Errors
    /// If the room or its people contradict what is here, or entries are missing; then nothing of these came in.
    pub async fn import_room(
        &self,
        header: &RoomHeader,
        entries: &[RoomEntry],
        is_end: bool,
    ) -> Result<usize, OfficeError> {
        let mut tx = self.store.begin().await?;
        let mut row = match tx.room(&header.room).await? {
            Some(row) if tx.participants_in(row.key).await? > 0 => {
                let id = header.room.to_string();
                return Err(RoomImportRefused::Exists { id }.into());
            }
            Some(row) => row,
            None => {
                self.check_people(header).await?;
                open_room(&mut tx, header).await?
            }
        };
        let here = self.known(entries).await?;
        let new = add_entries(&mut tx, &mut row, entries, &here).await?;
        if !is_end {
            tx.commit().await?;
            return Ok(new);
        }
        if row.last_seq != header.last_sequence {
            let (last, expected) = (row.last_seq, header.last_sequence);
            return Err(RoomImportRefused::Unfinished { last, expected }.into());
        }
        // Once more: the portions before may have come with another first line.
        self.check_people(header).await?;
        for seat in &header.participants {
            take_seat(&mut tx, &row, seat).await?;
        }
        let entry = AuditEntry {
            action: "room.import",
            subject: Subject::Server,
            account: None,
            detail: serde_json::json!({
                "room": header.room, "name": header.name, "participants": header.participants.len(),
                "entries": row.last_seq - row.first_seq + 1,
            }),
        };
        self.audit(&mut tx, entry).await?;
        let people = header.participants.iter();
        let change = Change {
            rooms: people.map(|seat| RoomNews::Members(seat.account)).collect(),
            ..Change::default()
        };
        self.finish(tx, change).await?;
        Ok(new)
    }

    /// Whether those in the room are the same people here.
    async fn check_people(&self, header: &RoomHeader) -> Result<(), OfficeError> {
        if header.participants.is_empty() {
            return Err(RoomImportRefused::Header("nobody is in it.").into());
        }
        let is_direct = header.kind == RoomKind::Direct;
        if is_direct != header.pair.is_some() || header.kind == RoomKind::Unknown {
            let why = "a conversation of two names its pair, and a group none.";
            return Err(RoomImportRefused::Header(why).into());
        }
        if header.first_sequence < 1 || header.last_sequence < header.first_sequence - 1 {
            return Err(RoomImportRefused::Header("its numbers contradict each other.").into());
        }
        for seat in &header.participants {
            let row = self.store.account_by_id(seat.account).await?;
            if row.is_none_or(|row| row.username != seat.name) {
                let name = seat.name.clone();
                let account = seat.account;
                return Err(RoomImportRefused::Stranger { account, name }.into());
            }
        }
        Ok(())
    }

    /// Of all who have added something to these entries, those who are here.
    async fn known(&self, entries: &[RoomEntry]) -> Result<HashSet<AccountId>, OfficeError> {
        let reactions = entries.iter().flat_map(|entry| &entry.message.reactions);
        let accounts: HashSet<AccountId> = reactions
            .flat_map(|reaction| reaction.accounts.iter().copied())
            .collect();
        let mut here = HashSet::new();
        for account in accounts {
            if self.store.account_by_id(account).await?.is_some() {
                here.insert(account);
            }
        }
        Ok(here)
    }
}
