//! Conversations on this computer's disk: one SQLite file for each account, sealed where there is a key.
//!
//! Rooms' ids and messages' places are in clear, for they are looked for; what is said, who is in a room and what waits
//! to be sent is sealed with ChaCha20-Poly1305 under the key, each row bound to its place.

use std::path::{Path, PathBuf};

use api::room::{Body, Message, Room, RoomId};
use phone::chat::{JournalEntry, Keep, Outgoing};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::journal::{self, DeviceSecret, JournalRow};
use super::outgoing_row::Row;

/// The last entries of each room that are at hand at once; earlier ones come from the file when somebody looks.
const AT_HAND: usize = 200;

/// The key that rows are sealed with: 32 bytes of the system's random source.
pub(crate) type StoreKey = [u8; 32];

/// The file.
pub(crate) struct Letters {
    pub(super) connection: Connection,
    key: Option<LessSafeKey>,
}

/// What a file holds at the start.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) rooms: Vec<(Room, Vec<Message>)>,
    pub(crate) outgoing: Vec<Outgoing>,
    pub(crate) journal: Vec<JournalEntry>,
    /// What this device's key is made of.
    pub(crate) secret: Option<DeviceSecret>,
}

/// Conversations cannot be kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LettersError {
    /// SQLite says no.
    #[error("conversations cannot be kept on this computer ({0}); check the disk")]
    Store(#[from] rusqlite::Error),
    /// The folder or the file.
    #[error("conversations cannot be kept on this computer ({0}); check the folder")]
    Io(#[from] std::io::Error),
    /// It was sealed, and the key is not there.
    #[error(
        "what this computer keeps of conversations is sealed, and the key ring does not open; unlock it and start again"
    )]
    Locked,
}

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS seal (is_sealed INTEGER NOT NULL, proof BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS rooms (id TEXT PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS messages (room TEXT NOT NULL, sequence INTEGER NOT NULL, content BLOB NOT NULL,
        PRIMARY KEY (room, sequence)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS outgoing (ordinal INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
        content BLOB NOT NULL);
";

/// What is sealed in a new file, to know the right key by.
const PROOF: &str = "carillon";

impl Letters {
    /// Where the conversations of an account are.
    pub(crate) fn path(folder: &Path, server: &str, account: i64) -> PathBuf {
        let digest = ring::digest::digest(&ring::digest::SHA256, server.as_bytes());
        let name = api::hex(&digest.as_ref()[..6]);
        folder.join(format!("conversations-{name}-{account}.sqlite"))
    }

    /// Takes the file away, with everything in it.
    pub(crate) fn remove(path: &Path) {
        for end in ["", "-wal", "-shm"] {
            let mut name = path.as_os_str().to_owned();
            name.push(end);
            if let Err(error) = std::fs::remove_file(&name)
                && error.kind() != std::io::ErrorKind::NotFound
            {
                tracing::warn!(?name, %error, "it cannot be forgotten; delete it by hand");
            }
        }
    }

    /// Opens the file, and makes it if it is not there: for its owner only, and sealed if there is a key.
    pub(crate) fn open(path: &Path, key: Option<&StoreKey>) -> Result<Self, LettersError> {
        if !path.exists() {
            super::file::write(path, b"")?;
        }
        let connection = Connection::open(path)?;
        connection.execute_batch(SCHEMA)?;
        connection.execute_batch(journal::SCHEMA)?;
        let key = key
            .map(|key| UnboundKey::new(&CHACHA20_POLY1305, key))
            .transpose()
            .map_err(|_| LettersError::Locked)?
            .map(LessSafeKey::new);
        let mut letters = Self { connection, key };
        let known: Option<(bool, Vec<u8>)> = letters
            .connection
            .query_row("SELECT is_sealed, proof FROM seal", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        match known {
            None => {
                let proof = letters.sealed("proof", &PROOF);
                letters.connection.execute(
                    "INSERT INTO seal (is_sealed, proof) VALUES (?1, ?2)",
                    params![letters.key.is_some(), proof],
                )?;
            }
            // A file from before there was a key ring stays as it is.
            Some((false, _)) => letters.key = None,
            Some((true, proof)) => {
                let opened: Option<String> = letters.opened("proof", proof);
                if letters.key.is_none() || opened.as_deref() != Some(PROOF) {
                    return Err(LettersError::Locked);
                }
            }
        }
        Ok(letters)
    }

    /// What is at hand at once: all rooms with the last of their messages, and what waits to be sent.
    pub(crate) fn load(&mut self) -> Result<Kept, LettersError> {
        let mut kept = Kept {
            journal: self.journal()?,
            secret: Some(self.device_secret()?),
            ..Kept::default()
        };
        let mut rooms = self.connection.prepare("SELECT id, content FROM rooms")?;
        let rows = rooms.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
        for row in rows {
            let (id, content) = row?;
            if let Some(room) = self.opened::<Room>(&id, content) {
                let messages = self.before(&room.id, i64::MAX, AT_HAND)?;
                kept.rooms.push((room, messages));
            }
        }
        let mut outgoing = self
            .connection
            .prepare("SELECT id, content FROM outgoing ORDER BY ordinal")?;
        let rows = outgoing.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
        for row in rows {
            let (id, content) = row?;
            kept.outgoing
                .extend(self.opened::<Row>(&id, content).and_then(Row::outgoing));
        }
        Ok(kept)
    }

    /// The last messages of a room before a place, the oldest first.
    pub(crate) fn before(
        &self,
        room: &RoomId,
        before: i64,
        most: usize,
    ) -> Result<Vec<Message>, LettersError> {
        let mut statement = self.connection.prepare(
            "SELECT sequence, content FROM messages WHERE room = ?1 AND sequence < ?2 ORDER BY sequence DESC LIMIT ?3",
        )?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows = statement.query_map(params![room.as_str(), before, most], |row| {
            Ok((row.get::<_, i64>(0)?, row.get(1)?))
        })?;
        let mut messages = Vec::new();
        for row in rows {
            let (sequence, content) = row?;
            messages.extend(self.opened(&place(room, sequence), content));
        }
        messages.reverse();
        Ok(messages)
    }

    /// Messages that say these words, the latest first; in one room, or in all.
    pub(crate) fn search(
        &self,
        words: &str,
        room: Option<&RoomId>,
        most: usize,
    ) -> Result<Vec<Message>, LettersError> {
        let words = words.to_lowercase();
        let mut statement = self
            .connection
            .prepare("SELECT room, sequence, content FROM messages")?;
        let mut rows = statement.query([])?;
        let mut found: Vec<Message> = Vec::new();
        while let Some(row) = rows.next()? {
            let (id, sequence): (String, i64) = (row.get(0)?, row.get(1)?);
            let Ok(id) = RoomId::parse(&id) else { continue };
            if room.is_some_and(|room| *room != id) {
                continue;
            }
            let message: Option<Message> = self.opened(&place(&id, sequence), row.get(2)?);
            found.extend(message.filter(|message| says(&message.body, &words)));
        }
        found.sort_by(|one, other| other.sent.cmp(&one.sent));
        found.truncate(most);
        Ok(found)
    }

    /// Writes all of it, or nothing.
    pub(crate) fn keep(&mut self, changes: &[Keep]) -> Result<(), LettersError> {
        let sealed: Vec<Vec<u8>> = changes.iter().map(|change| self.content(change)).collect();
        let writing = self.connection.transaction()?;
        for (change, content) in changes.iter().zip(sealed) {
            match change {
                Keep::Room(room) => writing.execute(
                    "INSERT OR REPLACE INTO rooms (id, content) VALUES (?1, ?2)",
                    params![room.id.as_str(), content],
                )?,
                Keep::Message(message) => writing.execute(
                    "INSERT OR REPLACE INTO messages (room, sequence, content) VALUES (?1, ?2, ?3)",
                    params![message.room.as_str(), message.sequence, content],
                )?,
                Keep::RoomGone(room) => {
                    let room = params![room.as_str()];
                    writing.execute("DELETE FROM messages WHERE room = ?1", room)?;
                    writing.execute("DELETE FROM journal WHERE room = ?1", room)?;
                    writing.execute("DELETE FROM rooms WHERE id = ?1", room)?
                }
                Keep::Forgotten(room, until) => writing.execute(
                    "DELETE FROM messages WHERE room = ?1 AND sequence <= ?2",
                    params![room.as_str(), until],
                )?,
                Keep::Outgoing(outgoing) => writing.execute(
                    "INSERT INTO outgoing (id, content) VALUES (?1, ?2)
                     ON CONFLICT (id) DO UPDATE SET content = excluded.content",
                    params![outgoing.id.as_str(), content],
                )?,
                Keep::Sent(id) => {
                    writing.execute("DELETE FROM outgoing WHERE id = ?1", params![id.as_str()])?
                }
                Keep::Journal(entry) => writing.execute(
                    "INSERT INTO journal (id, room, content) VALUES (?1, ?2, ?3)
                     ON CONFLICT (id) DO UPDATE SET content = excluded.content",
                    params![entry.message.id.as_str(), entry.room.as_str(), content],
                )?,
                Keep::Journaled(id) => {
                    writing.execute("DELETE FROM journal WHERE id = ?1", params![id.as_str()])?
                }
            };
        }
        writing.commit()?;
        Ok(())
    }

    fn content(&self, change: &Keep) -> Vec<u8> {
        match change {
            Keep::Room(room) => self.sealed(room.id.as_str(), room),
            Keep::Message(message) => self.sealed(&place(&message.room, message.sequence), message),
            Keep::Outgoing(outgoing) => self.sealed(outgoing.id.as_str(), &Row::of(outgoing)),
            Keep::Journal(entry) => self.sealed(entry.message.id.as_str(), &JournalRow::of(entry)),
            Keep::RoomGone(_) | Keep::Forgotten(..) | Keep::Sent(_) | Keep::Journaled(_) => {
                Vec::new()
            }
        }
    }

    /// A row's content: JSON, behind a nonce and sealed if there is a key.
    pub(super) fn sealed(&self, place: &str, value: &impl Serialize) -> Vec<u8> {
        let text = serde_json::to_vec(value).unwrap_or_default();
        let Some(key) = &self.key else { return text };
        let nonce: [u8; NONCE_LEN] = rand::random();
        let mut content = text;
        let aad = Aad::from(place.as_bytes());
        let sealing = Nonce::assume_unique_for_key(nonce);
        // It fails for texts that are longer than any that there is.
        if key
            .seal_in_place_append_tag(sealing, aad, &mut content)
            .is_err()
        {
            return Vec::new();
        }
        [nonce.as_slice(), &content].concat()
    }

    /// What a row says; nothing when it is damaged, or of a newer program.
    pub(super) fn opened<T: DeserializeOwned>(
        &self,
        place: &str,
        mut content: Vec<u8>,
    ) -> Option<T> {
        let Some(key) = &self.key else {
            return serde_json::from_slice(&content).ok();
        };
        let (nonce, rest) = content.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let text = key
            .open_in_place(nonce, Aad::from(place.as_bytes()), rest)
            .ok()?;
        serde_json::from_slice(text).ok()
    }
}

fn place(room: &RoomId, sequence: i64) -> String {
    format!("{room} {sequence}")
}

fn says(body: &Body, words: &str) -> bool {
    let text = match body {
        Body::Text { text, .. } => text,
        Body::File { file, caption, .. } => {
            return file.name.to_lowercase().contains(words)
                || caption.to_lowercase().contains(words);
        }
        _ => return false,
    };
    text.to_lowercase().contains(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::room::{Addressee, MessageId};
    use phone::chat::{OutgoingState, Whom};

    fn message(sequence: i64, text: &str) -> Keep {
        let message: Message = serde_json::from_value(serde_json::json!({
            "room": "room", "sequence": sequence, "id": format!("m{sequence}"), "kind": "user", "sender": 2,
            "sent": format!("2026-11-21T14:05:{:02}.000Z", sequence % 60), "body": {"type": "text", "text": text},
        }))
        .unwrap();
        Keep::Message(Box::new(message))
    }

    fn room() -> Keep {
        let room: Room = serde_json::from_value(serde_json::json!({
            "id": "room", "kind": "direct", "name": "Bruno", "is_named": false, "description": "", "picture": null,
            "opened": "2026-11-21T14:00:00Z", "settings": {}, "role": "member", "participants": [],
            "participant_count": 2, "first_sequence": 1, "last_sequence": 0, "unread": 0,
        }))
        .unwrap();
        Keep::Room(Box::new(room))
    }

    fn waiting(id: &str) -> Keep {
        Keep::Outgoing(Box::new(Outgoing {
            id: MessageId::parse(id).unwrap(),
            whom: Whom::Person(Addressee::name("bruno")),
            body: Body::Text {
                text: "secret plans".into(),
                reply_to: None,
                mentions: Vec::new(),
            },
            written: "2026-11-21T14:05:00Z".into(),
            state: OutgoingState::Waiting,
            attachment: None,
        }))
    }

    #[test]
    fn what_is_kept_is_there_again_in_order_and_found() {
        for key in [None, Some([7; 32])] {
            let folder = tempfile::tempdir().unwrap();
            let path = Letters::path(folder.path(), "https://phone.example", 7);
            let mut letters = Letters::open(&path, key.as_ref()).unwrap();
            let mut changes = vec![room(), waiting("b"), waiting("a")];
            changes.extend((1..=300).map(|number| message(number, &format!("secret {number}"))));
            letters.keep(&changes).unwrap();
            drop(letters);

            let mut letters = Letters::open(&path, key.as_ref()).unwrap();
            let kept = letters.load().unwrap();
            let (_, messages) = &kept.rooms[0];
            let places: Vec<i64> = messages.iter().map(|one| one.sequence).collect();
            assert_eq!(places, (101..=300).collect::<Vec<_>>());
            let ids: Vec<&str> = kept.outgoing.iter().map(|one| one.id.as_str()).collect();
            assert_eq!(ids, ["b", "a"]);
            let room = RoomId::parse("room").unwrap();
            let earlier = letters.before(&room, 101, 50).unwrap();
            assert_eq!((earlier[0].sequence, earlier[49].sequence), (51, 100));
            let found = letters.search("SECRET 42", None, 10).unwrap();
            assert_eq!((found.len(), found[0].sequence), (1, 42));

            let sent = MessageId::parse("b").unwrap();
            letters
                .keep(&[Keep::Sent(sent), Keep::Forgotten(room.clone(), 299)])
                .unwrap();
            let kept = letters.load().unwrap();
            assert_eq!((kept.outgoing.len(), kept.rooms[0].1.len()), (1, 1));
            letters.keep(&[Keep::RoomGone(room)]).unwrap();
            assert!(letters.load().unwrap().rooms.is_empty());
        }
    }

    #[test]
    fn a_sealed_file_shows_nothing_and_opens_with_its_key_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("letters.sqlite");
        let mut letters = Letters::open(&path, Some(&[7; 32])).unwrap();
        letters
            .keep(&[room(), waiting("a"), message(1, "secret plans")])
            .unwrap();
        drop(letters);
        for name in std::fs::read_dir(folder.path()).unwrap() {
            let content = std::fs::read(name.unwrap().path()).unwrap();
            for word in ["secret", "Bruno", "bruno"] {
                let is_there = content
                    .windows(word.len())
                    .any(|window| window == word.as_bytes());
                assert!(!is_there, "{word}");
            }
        }
        for wrong in [None, Some([8; 32])] {
            assert!(matches!(
                Letters::open(&path, wrong.as_ref()),
                Err(LettersError::Locked)
            ));
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own").join("letters.sqlite");
        let mut letters = Letters::open(&path, None).unwrap();
        letters.keep(&[message(1, "hello")]).unwrap();
        for name in std::fs::read_dir(path.parent().unwrap()).unwrap() {
            let name = name.unwrap().path();
            let mode = std::fs::metadata(&name).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{}", name.display());
        }
    }
}
