//! A room as lines of JSON: first the room itself and who is in it, then its entries, the oldest first. What is written so can
//! be read again on the same server, or on one that was brought back from its backup: people are known by their account ids.

use std::collections::{HashMap, HashSet};
use std::time::SystemTime;

use api::AccountId;
use api::room::{Body, Message, MessageId, MessageKind, RoomId, RoomKind, RoomRole, RoomSettings};
use serde::{Deserialize, Serialize};

use super::telling;
use crate::office::OfficeError;
use crate::store::{
    MessageRow, ParticipantRow, RoomRow, Store, StoreError, Transaction, unix_millis,
};
use crate::times::{read_rfc_3339, rfc_3339};

/// So many participants are written.
const MOST_PEOPLE: i64 = 100_000;

/// The first line: the room.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoomHeader {
    /// Its id.
    pub room: RoomId,
    /// Of two people or of a group.
    pub kind: RoomKind,
    /// The two people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pair: Option<(AccountId, AccountId)>,
    /// The name that was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is about.
    pub description: String,
    /// Its picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// How it behaves.
    pub settings: RoomSettings,
    /// RFC 3339.
    pub opened: String,
    /// The number of the first entry here; what came before is in the archive.
    pub first_sequence: i64,
    /// The number of the last one.
    pub last_sequence: i64,
    /// How many entries before the first one count as read or unread.
    pub reads_before: i64,
    /// Who is in it.
    pub participants: Vec<RoomSeat>,
}

/// Somebody in a room.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoomSeat {
    /// Who.
    pub account: AccountId,
    /// The username, so that nobody is taken for somebody else.
    pub name: String,
    /// What they may do.
    pub role: RoomRole,
    /// RFC 3339.
    pub since: String,
    /// The first entry that they may read.
    pub visible_from: i64,
    /// What one of their devices has.
    pub delivered: i64,
    /// What they have read.
    pub read: i64,
    /// Whether it is out of their list until something is said.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_hidden: bool,
}

/// Every other line: an entry.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoomEntry {
    /// What everybody knows of it.
    #[serde(flatten)]
    pub message: Message,
    /// The only account that gets to see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visible_to: Option<AccountId>,
    /// Whether it counts as unread.
    pub is_to_read: bool,
}

/// Why a room does not come in.
#[derive(Debug, thiserror::Error)]
pub enum RoomImportRefused {
    /// It is there.
    #[error(
        "The room {id} is there already; remove it first if the one in the file shall take its place."
    )]
    Exists {
        /// Which.
        id: String,
    },
    /// The two people have a conversation already.
    #[error("The two people have a conversation already, the room {id}.")]
    PairExists {
        /// Which.
        id: String,
    },
    /// Somebody is not here.
    #[error(
        "The account {account} ({name}) is nobody here, or somebody else. A room comes back on the server that wrote it, or on one that was made of its backup."
    )]
    Stranger {
        /// The id.
        account: AccountId,
        /// The username in the file.
        name: String,
    },
    /// A direct room without its two people, or the like.
    #[error("The first line is not that of a room: {0}")]
    Header(&'static str),
    /// Something is left out.
    #[error("The entry with the number {expected} is missing; there is {found} instead.")]
    Gap {
        /// What should come.
        expected: i64,
        /// What comes.
        found: i64,
    },
    /// An entry cannot be kept.
    #[error("The entry with the number {sequence} is wrong: {why}")]
    Entry {
        /// Which.
        sequence: i64,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Not all of it came.
    #[error(
        "The file ends after the entry {last}; the room has {expected}. Export it anew, or bring the rest."
    )]
    Unfinished {
        /// The last one that came.
        last: i64,
        /// The last one that there is.
        expected: i64,
    },
}

/// The first line of a room.
pub(crate) async fn header(store: &Store, row: &RoomRow) -> Result<RoomHeader, StoreError> {
    let mut participants = Vec::new();
    for one in store.participants(row.key, MOST_PEOPLE).await? {
        participants.push(RoomSeat {
            account: one.account,
            role: one.role,
            since: rfc_3339(one.joined_at),
            visible_from: one.visible_from,
            delivered: one.delivered_seq,
            read: one.read_seq,
            is_hidden: row.kind == RoomKind::Direct
                && store.is_room_hidden(row.key, one.account).await?,
            name: one.username,
        });
    }
    let first = store.messages_after(row.key, row.first_seq - 1, 1).await?;
    let reads_before = match first.first() {
        Some(first) => first.reads - i64::from(first.is_to_read),
        None => row.reads,
    };
    Ok(RoomHeader {
        room: row.id.clone(),
        kind: row.kind,
        pair: row.pair,
        name: row.name.clone(),
        description: row.description.clone(),
        picture: row.picture.clone(),
        settings: row.settings.clone(),
        opened: rfc_3339(row.opened_at),
        first_sequence: row.first_seq,
        last_sequence: row.last_seq,
        reads_before,
        participants,
    })
}

/// Entries after a sequence number as an administrator takes them out of the database, those that one account alone sees too.
pub(crate) async fn entries(
    store: &Store,
    room: &RoomRow,
    after: i64,
    most: i64,
) -> Result<Vec<RoomEntry>, StoreError> {
    let rows = store.messages_after(room.key, after, most).await?;
    let seqs: Vec<i64> = rows.iter().map(|row| row.seq).collect();
    let mut messages: Vec<Message> = { rows.iter() }
        .map(|row| telling::message(&room.id, row, row.visible_to))
        .collect();
    telling::add_reactions(&mut messages, store.reactions(room.key, &seqs).await?);
    let both = messages.into_iter().zip(&rows);
    Ok(both
        .map(|(message, row)| RoomEntry {
            message,
            visible_to: row.visible_to,
            is_to_read: row.is_to_read,
        })
        .collect())
}

/// The room, without anybody in it.
pub(crate) async fn open_room(
    tx: &mut Transaction,
    header: &RoomHeader,
) -> Result<RoomRow, OfficeError> {
    if let Some((one, other)) = header.pair
        && let Some(there) = tx.direct_room(one, other).await?
    {
        let id = there.id.to_string();
        return Err(RoomImportRefused::PairExists { id }.into());
    }
    let Some(opened_at) = read_rfc_3339(&header.opened) else {
        return Err(RoomImportRefused::Header("opened is no time.").into());
    };
    let mut row = RoomRow {
        key: 0,
        id: header.room.clone(),
        kind: header.kind,
        pair: header.pair,
        name: header.name.clone(),
        description: header.description.clone(),
        picture: header.picture.clone(),
        settings: header.settings.clone(),
        opened_at,
        first_seq: header.first_sequence,
        last_seq: header.first_sequence - 1,
        reads: header.reads_before,
        last_stamp: tx.take_stamps(1).await?,
    };
    // Who opened it is not written down; the first who came stands for them.
    let opened_by = header.participants.first().map(|seat| seat.account);
    row.key = tx.add_room(&row, opened_by.unwrap_or(AccountId(0))).await?;
    tx.begin_room_at(row.key, row.first_seq, row.reads).await?;
    Ok(row)
}

/// Adds entries behind the last one of the room.
pub(crate) async fn add_entries(
    tx: &mut Transaction,
    row: &mut RoomRow,
    entries: &[RoomEntry],
    here: &HashSet<AccountId>,
) -> Result<usize, OfficeError> {
    let mut rows: Vec<MessageRow> = Vec::new();
    let mut reactions = Vec::new();
    let mut files = Vec::new();
    let mut places: HashMap<MessageId, i64> = HashMap::new();
    let targets: Vec<_> = { entries.iter() }
        .filter_map(|entry| entry.message.body.target())
        .map(|target| (row.key, target.clone()))
        .collect();
    for one in tx.messages_by_id(&targets).await? {
        places.insert(one.id, one.seq);
    }
    for entry in entries {
        let message = &entry.message;
        let sequence = message.sequence;
        if sequence <= row.last_seq {
            continue;
        }
        let expected = row.last_seq + 1;
        if sequence != expected {
            return Err(RoomImportRefused::Gap {
                expected,
                found: sequence,
            }
            .into());
        }
        let wrong = |why| OfficeError::from(RoomImportRefused::Entry { sequence, why });
        if message.room != row.id {
            return Err(wrong("it is of another room."));
        }
        if message.body == Body::Unknown || message.kind == MessageKind::Unknown {
            return Err(wrong("a newer server has written it."));
        }
        let sent_at = read_rfc_3339(&message.sent).ok_or_else(|| wrong("sent is no time."))?;
        let edited_at = match &message.edited {
            Some(edited) => Some(read_rfc_3339(edited).ok_or_else(|| wrong("edited is no time."))?),
            None => None,
        };
        let body = serde_json::to_string(&message.body).map_err(|_| wrong("it has no body."))?;
        row.last_seq = sequence;
        row.reads += i64::from(entry.is_to_read);
        let target = message.body.target();
        let target_seq = target.and_then(|target| places.get(target).copied());
        places.insert(message.id.clone(), sequence);
        if let Some(file) = message.body.file() {
            files.push((row.key, sequence, file.file.clone()));
        }
        for reaction in &message.reactions {
            for account in &reaction.accounts {
                if here.contains(account) {
                    reactions.push((sequence, reaction.emoji.clone(), *account));
                }
            }
        }
        rows.push(MessageRow {
            room: row.key,
            seq: sequence,
            stamp: 0,
            id: message.id.clone(),
            kind: message.kind,
            sender: message.sender,
            sender_name: message.sender_name.clone(),
            visible_to: entry.visible_to,
            sent_at,
            edited_at,
            is_to_read: entry.is_to_read,
            reads: row.reads,
            target_seq,
            body,
        });
    }
    if rows.is_empty() {
        return Ok(0);
    }
    let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let first_stamp = tx.take_stamps(count).await? - count + 1;
    for (stamp, row) in (first_stamp..).zip(&mut rows) {
        row.stamp = stamp;
    }
    row.last_stamp = first_stamp + count - 1;
    tx.add_messages(&rows).await?;
    for row in rows.iter().filter(|row| row.edited_at.is_some()) {
        tx.set_edited(row).await?;
    }
    for (seq, emoji, account) in reactions {
        tx.set_reaction(row.key, seq, &emoji, account, false)
            .await?;
    }
    tx.send_files(&files).await?;
    let progress = [row.key, row.last_seq, row.reads, row.last_stamp];
    tx.advance_rooms(&[progress]).await?;
    Ok(rows.len())
}

/// Puts somebody in their place.
pub(crate) async fn take_seat(
    tx: &mut Transaction,
    row: &RoomRow,
    seat: &RoomSeat,
) -> Result<(), OfficeError> {
    let joined_at = read_rfc_3339(&seat.since).unwrap_or_else(|| unix_millis(SystemTime::now()));
    let read_seq = seat.read.clamp(0, row.last_seq);
    let read_reads = match read_seq < row.first_seq {
        // They have read less than there is, and what came before is not counted here any more.
        true => tx.reads_up_to(row.key, row.first_seq).await?.min(row.reads),
        false => tx.reads_up_to(row.key, read_seq).await?,
    };
    let unread = (read_seq, row.last_seq);
    let own_after_read = tx.own_between(row.key, unread, seat.account).await?;
    let place = ParticipantRow {
        account: seat.account,
        role: seat.role,
        joined_at,
        visible_from: seat.visible_from,
        delivered_seq: seat.delivered.clamp(read_seq, row.last_seq),
        read_seq,
        read_reads,
        own_after_read,
        username: seat.name.clone(),
        display_name: String::new(),
        number: None,
    };
    tx.add_participant(
        row,
        seat.account,
        seat.role,
        seat.visible_from,
        seat.is_hidden,
        joined_at,
    )
    .await?;
    Ok(tx.set_receipts(row.key, &place).await?)
}
