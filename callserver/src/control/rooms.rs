//! Rooms: what an administrator can ask, and what comes back.

use api::room::{RoomId, RoomKind};
use serde::{Deserialize, Serialize};

use super::{Answer, Failure, Operator};
use crate::office::{Office, OfficeError};
use crate::rooms::{RoomEntry, RoomHeader, entries, header};
use crate::store::{RoomRow, Store, StoreError};
use crate::times::rfc_3339_seconds;

/// So many entries stand in one answer.
const EXPORTED_AT_ONCE: i64 = 1_000;

/// So many participants are shown.
const SHOWN: i64 = 10_000;

/// What can be asked about rooms.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoomsCommand {
    /// The rooms where something happened last, the last first. Answered with `Vec<RoomView>`.
    List {
        /// How many.
        limit: u32,
    },
    /// One room, and who is in it. Answered with [`RoomDetails`].
    Show {
        /// Its id.
        room: String,
    },
    /// What was said in it after a sequence number, the oldest first, a thousand entries at most. Answered with
    /// `Vec<RoomEntry>`.
    Export {
        /// Its id.
        room: String,
        /// Which number.
        after: i64,
    },
    /// The room itself, for the first line of its export. Answered with [`RoomHeader`].
    Header {
        /// Its id.
        room: String,
    },
    /// Bring in what an export has: the next entries, or the last ones. Answered with [`RoomImported`].
    Import {
        /// The first line.
        header: Box<RoomHeader>,
        /// The next ones.
        entries: Vec<RoomEntry>,
        /// Whether these are the last.
        is_end: bool,
    },
    /// Remove it with everything that was said in it. Answered with [`RoomRemoved`].
    Remove {
        /// Its id.
        room: String,
    },
}

/// A room that is no more.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoomRemoved {
    /// How many entries it had.
    pub entries: i64,
}

/// What has come in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoomImported {
    /// How many entries were new.
    pub entries: usize,
}

/// A room.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoomView {
    /// Its id.
    pub id: String,
    /// `direct` or `group`.
    pub kind: String,
    /// The name that was set.
    pub name: Option<String>,
    /// How many are in it.
    pub participants: i64,
    /// How many entries are in the database; the older ones are in the archive.
    pub entries: i64,
    /// The last sequence number.
    pub last_sequence: i64,
    /// RFC 3339.
    pub opened: String,
}

/// A room, and who is in it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoomDetails {
    /// The room.
    #[serde(flatten)]
    pub room: RoomView,
    /// What it is about.
    pub description: String,
    /// Those in it, in the order in which they came.
    pub people: Vec<RoomMember>,
}

/// Somebody in a room.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoomMember {
    /// The username.
    pub name: String,
    /// The primary number.
    pub number: Option<String>,
    /// `member`, `moderator` or `owner`.
    pub role: api::room::RoomRole,
    /// RFC 3339.
    pub since: String,
    /// What they have read: everything up to this sequence number.
    pub read: i64,
}

impl Operator {
    pub(super) async fn rooms(office: &Office, command: RoomsCommand) -> Result<Answer, Failure> {
        let store = office.store();
        match command {
            RoomsCommand::List { limit } => {
                let rows = store.all_rooms(limit.into()).await;
                let mut views = Vec::new();
                for row in rows.map_err(OfficeError::from)? {
                    views.push(view(store, row).await.map_err(OfficeError::from)?);
                }
                Answer::of(&views)
            }
            RoomsCommand::Show { room } => {
                let row = find(store, &room).await?;
                let (key, description) = (row.key, row.description.clone());
                let people = store.participants(key, SHOWN).await;
                let people = people.map_err(OfficeError::from)?.into_iter();
                let people = people.map(|one| RoomMember {
                    name: one.username,
                    number: one.number.map(String::from),
                    role: one.role,
                    since: rfc_3339_seconds(one.joined_at),
                    read: one.read_seq,
                });
                Answer::of(&RoomDetails {
                    room: view(store, row).await.map_err(OfficeError::from)?,
                    description,
                    people: people.collect(),
                })
            }
            RoomsCommand::Export { room, after } => {
                let row = find(store, &room).await?;
                let said = entries(store, &row, after, EXPORTED_AT_ONCE).await;
                Answer::of(&said.map_err(OfficeError::from)?)
            }
            RoomsCommand::Header { room } => {
                let row = find(store, &room).await?;
                let header = header(store, &row).await;
                Answer::of(&header.map_err(OfficeError::from)?)
            }
            RoomsCommand::Import {
                header,
                entries,
                is_end,
            } => {
                let entries = office.import_room(&header, &entries, is_end).await?;
                Answer::of(&RoomImported { entries })
            }
            RoomsCommand::Remove { room } => {
                let row = find(store, &room).await?;
                let entries = office.remove_room(&row.id).await?;
                Answer::of(&RoomRemoved { entries })
            }
        }
    }
}

async fn find(store: &Store, id: &str) -> Result<RoomRow, Failure> {
    let missing = || {
        let sentence = format!("There is no room {id:?}; `callctl rooms list` shows them.");
        Failure::new("not-found", sentence)
    };
    let id = RoomId::parse(id).map_err(|_| missing())?;
    let room = store.room(&id).await.map_err(OfficeError::from)?;
    room.ok_or_else(missing)
}

async fn view(store: &Store, row: RoomRow) -> Result<RoomView, StoreError> {
    Ok(RoomView {
        participants: store.participant_count(row.key).await?,
        entries: row.last_seq - row.first_seq + 1,
        last_sequence: row.last_seq,
        opened: rfc_3339_seconds(row.opened_at),
        kind: match row.kind {
            RoomKind::Direct => "direct".into(),
            RoomKind::Group | RoomKind::Unknown => "group".into(),
        },
        name: row.name,
        id: row.id.into(),
    })
}
