//! What devices have told each other and the server does not have yet, and the key that this device signs with, in the
//! file of conversations.

use api::room::{PeerMessage, RoomId};
use phone::chat::JournalEntry;
use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::letters::{Letters, LettersError};
use super::outgoing_row::AttachmentRow;

/// The tables of both.
pub(super) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS journal (ordinal INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
        room TEXT NOT NULL, content BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS device (content BLOB NOT NULL);
";

/// What the secret is sealed for.
const SECRET: &str = "device";

/// 32 random bytes out of which this device's key is made.
pub(crate) type DeviceSecret = [u8; 32];

/// [`JournalEntry`] as it is written down.
#[derive(Serialize, Deserialize)]
pub(super) struct JournalRow {
    room: RoomId,
    message: PeerMessage,
    is_read: bool,
    refused: Option<String>,
    #[serde(default)]
    attachment: Option<AttachmentRow>,
    #[serde(default)]
    is_file_there: bool,
    #[serde(default)]
    was_read: bool,
}

impl JournalRow {
    pub(super) fn of(entry: &JournalEntry) -> Self {
        Self {
            room: entry.room.clone(),
            message: entry.message.clone(),
            is_read: entry.is_read,
            refused: entry.refused.clone(),
            attachment: entry.attachment.as_ref().map(AttachmentRow::of),
            is_file_there: entry.is_file_there,
            was_read: entry.was_read,
        }
    }

    fn entry(self) -> JournalEntry {
        JournalEntry {
            room: self.room,
            message: self.message,
            is_read: self.is_read,
            refused: self.refused,
            attachment: self.attachment.map(AttachmentRow::attachment),
            is_file_there: self.is_file_there,
            was_read: self.was_read,
        }
    }
}

impl Letters {
    /// The journal, in the order in which it was written.
    pub(crate) fn journal(&self) -> Result<Vec<JournalEntry>, LettersError> {
        let mut statement = self
            .connection
            .prepare("SELECT id, content FROM journal ORDER BY ordinal")?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
        let mut journal = Vec::new();
        for row in rows {
            let (id, content) = row?;
            journal.extend(
                self.opened::<JournalRow>(&id, content)
                    .map(JournalRow::entry),
            );
        }
        Ok(journal)
    }

    /// The secret of this device's key; made when it is asked for the first time.
    pub(crate) fn device_secret(&mut self) -> Result<DeviceSecret, LettersError> {
        let known: Option<Vec<u8>> = self
            .connection
            .query_row("SELECT content FROM device", [], |row| row.get(0))
            .optional()?;
        if let Some(secret) = known.and_then(|secret| self.opened(SECRET, secret)) {
            return Ok(secret);
        }
        let secret: DeviceSecret = rand::random();
        let sealed = self.sealed(SECRET, &secret);
        let writing = self.connection.transaction()?;
        writing.execute("DELETE FROM device", [])?;
        writing.execute("INSERT INTO device (content) VALUES (?1)", params![sealed])?;
        writing.commit()?;
        Ok(secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use phone::chat::{Attachment, Keep};

    fn entry(id: &str, is_read: bool) -> JournalEntry {
        let message = serde_json::json!({
            "id": id, "sender": 2, "key": "k", "written": "2026-11-21T14:05:09Z", "signature": "s",
            "body": "{\"type\":\"text\",\"text\":\"secret plans\"}",
        });
        JournalEntry {
            room: RoomId::parse("room").unwrap(),
            message: serde_json::from_value(message).unwrap(),
            is_read,
            refused: None,
            attachment: is_read.then(|| Attachment {
                path: "/received/x".into(),
                modified_millis: 7,
                is_ours: false,
                upload: Some("u".into()),
            }),
            is_file_there: is_read,
            was_read: is_read,
        }
    }

    #[test]
    fn the_journal_comes_back_in_its_order_until_the_server_has_it_and_the_secret_stays() {
        for key in [None, Some([7; 32])] {
            let folder = tempfile::tempdir().unwrap();
            let path = Letters::path(folder.path(), "https://phone.example", 7);
            let mut letters = Letters::open(&path, key.as_ref()).unwrap();
            let secret = letters.device_secret().unwrap();
            let all = [entry("b", false), entry("a", true), entry("c", true)];
            let keep = |entry: &JournalEntry| Keep::Journal(Box::new(entry.clone()));
            letters
                .keep(&all.iter().map(keep).collect::<Vec<_>>())
                .unwrap();
            letters.keep(&[keep(&entry("b", true))]).unwrap();
            drop(letters);
            let mut letters = Letters::open(&path, key.as_ref()).unwrap();
            assert_eq!(letters.device_secret().unwrap(), secret);
            let kept = letters.journal().unwrap();
            assert_eq!(kept, [entry("b", true), entry("a", true), entry("c", true)]);
            let had = kept[1].message.id.clone();
            letters.keep(&[Keep::Journaled(had)]).unwrap();
            assert_eq!(letters.journal().unwrap().len(), 2);
            let room = kept[0].room.clone();
            letters.keep(&[Keep::RoomGone(room)]).unwrap();
            assert!(letters.journal().unwrap().is_empty());
            if key.is_some() {
                for name in std::fs::read_dir(folder.path()).unwrap() {
                    let content = std::fs::read(name.unwrap().path()).unwrap();
                    let words = b"secret plans";
                    assert!(!content.windows(words.len()).any(|window| window == words));
                }
            }
        }
    }
}
