//! The end of a history that has grown too long or too old: what is trimmed from a room is first appended to a file of the
//! data folder, one JSON object a line, and is on disk before it leaves the database.
//!
//! After a crash between the two the same entries are appended once more: whoever reads the file takes the first of each
//! sequence number.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use api::room::{Message, RoomId};

use super::{Rooms, RoomsError, telling};
use crate::store::{MessageRow, RoomRow, unix_millis};

/// How many entries a room keeps that says nothing about it.
const USUALLY_KEPT: i64 = 100_000;

/// So many entries are trimmed in one write: messages get their turn in between.
const PART: i64 = 200;

/// So many rooms are looked at in one go.
const ROOMS: i64 = 100;

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// What was trimmed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Trimmed {
    /// From so many rooms.
    pub rooms: usize,
    /// So many entries.
    pub entries: usize,
}

/// Why nothing was trimmed.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The file.
    #[error(
        "The archive {path} cannot be written ({source}); look for free disk space and the permissions of the data folder."
    )]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The database.
    #[error(transparent)]
    Rooms(#[from] RoomsError),
}

/// Where the archives of rooms are in a data folder.
pub(crate) fn folder(data: &Path) -> PathBuf {
    data.join("archive").join("rooms")
}

/// The file of a room. An id has no character that leads elsewhere, and no file begins with a dot.
fn file(data: &Path, room: &RoomId) -> PathBuf {
    folder(data).join(format!("room-{room}.jsonl"))
}

/// Appends lines, and returns when they are on disk.
fn append(path: &Path, lines: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    let is_new = !path.exists();
    let mut options = OpenOptions::new();
    let mut file = options.append(true).create(true).mode(0o600).open(path)?;
    file.write_all(lines)?;
    file.sync_all()?;
    if is_new && let Some(folder) = path.parent() {
        // The name of a new file is durable only with its folder.
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

impl Rooms {
    /// Trims what rooms have beyond their limits, as they are at `now`.
    ///
    /// # Errors
    /// If the archive or the database cannot be written; what was trimmed until then is whole.
    pub async fn trim(&self, data: &Path, now: SystemTime) -> Result<Trimmed, ArchiveError> {
        let mut trimmed = Trimmed::default();
        loop {
            let store = self.office.store();
            let rooms = store.rooms_to_trim(USUALLY_KEPT, unix_millis(now), ROOMS);
            let rooms = rooms.await.map_err(RoomsError::from)?;
            if rooms.is_empty() {
                return Ok(trimmed);
            }
            for room in &rooms {
                let entries = self.trim_room(data, room, now).await?;
                trimmed.rooms += 1;
                trimmed.entries += entries;
                if entries == 0 {
                    // Another server has done it.
                    return Ok(trimmed);
                }
            }
        }
    }

    async fn trim_room(
        &self,
        data: &Path,
        room: &RoomRow,
        now: SystemTime,
    ) -> Result<usize, ArchiveError> {
        let keep = room.settings.keep_messages.unwrap_or(USUALLY_KEPT);
        let last_over = room.last_seq - keep;
        let too_old = room
            .settings
            .keep_days
            .map(|days| unix_millis(now) - days.saturating_mul(DAY_MILLIS));
        let (mut first, mut count) = (room.first_seq, 0);
        loop {
            let store = self.office.store();
            let rows = store.messages_after(room.key, first - 1, PART).await;
            let mut rows = rows.map_err(RoomsError::from)?;
            let is_over = |row: &MessageRow| {
                row.seq <= last_over || too_old.is_some_and(|limit| row.sent_at < limit)
            };
            rows.truncate(rows.iter().take_while(|row| is_over(row)).count());
            let Some(last) = rows.last().map(|row| row.seq) else {
                return Ok(count);
            };
            self.append(data, room, &rows).await?;
            self.forget(room.key, last).await?;
            count += rows.len();
            first = last + 1;
        }
    }

    async fn append(
        &self,
        data: &Path,
        room: &RoomRow,
        rows: &[MessageRow],
    ) -> Result<(), ArchiveError> {
        let seqs: Vec<i64> = rows.iter().map(|row| row.seq).collect();
        let store = self.office.store();
        let reactions = store.reactions(room.key, &seqs).await;
        let mut messages: Vec<Message> = rows
            .iter()
            .map(|row| telling::message(&room.id, row, row.visible_to))
            .collect();
        telling::add_reactions(&mut messages, reactions.map_err(RoomsError::from)?);
        let mut lines = Vec::new();
        for message in messages {
            lines.extend(serde_json::to_vec(&message).unwrap_or_default());
            lines.push(b'\n');
        }
        let path = file(data, &room.id);
        let to = path.clone();
        let written = tokio::task::spawn_blocking(move || append(&to, &lines)).await;
        let written = written.unwrap_or_else(|_| Err(io::ErrorKind::Interrupted.into()));
        written.map_err(|source| ArchiveError::File { path, source })
    }

    async fn forget(&self, room: i64, last: i64) -> Result<(), RoomsError> {
        let mut tx = self.office.store().begin().await?;
        tx.remove_messages_up_to(room, last).await?;
        Ok(tx.commit().await?)
    }
}
