//! What an administrator does to conversations.

use std::time::SystemTime;

use api::room::{Notification, NotificationKind, RoomId, Told};

use super::{Change, Office, OfficeError};
use crate::rooms::{RoomNews, envelope};
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
}
