//! What somebody may read: their rooms, the history of one, what is new in all of them, and what is found by words.

use api::AccountId;
use api::room::{
    FoundMessages, GetHistory, HistoryPage, Message, Participant, Room, RoomId, RoomKind,
    RoomsList, Synced,
};

use super::finding::Part;
use super::{Rooms, RoomsError, rules, telling, words};
use crate::store::{MessageRow, ParticipantRow, RoomRow};
use crate::times::rfc_3339;

/// So many participants stand in what is told of a room.
const SHOWN_PARTICIPANTS: i64 = 100;

/// Among so many entries the last message is looked for.
const LOOK_BACK: i64 = 20;

const USUAL_LIMIT: u16 = 50;
const MOST: u16 = 200;

/// Entries of a room as a connection reads them: what comes after the number that it knows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Slice {
    /// The entries.
    pub messages: Vec<Message>,
    /// The last sequence number that this reader knows everything up to now.
    pub upto: i64,
    /// Whether there may be more.
    pub is_more: bool,
}

/// How many are asked for.
fn limit(wanted: Option<u16>) -> Result<i64, RoomsError> {
    match wanted.unwrap_or(USUAL_LIMIT) {
        limit @ 1..=MOST => Ok(limit.into()),
        _ => Err(RoomsError::Invalid("limit is a number from 1 to 200.")),
    }
}

/// A mark that a page before this one has given.
fn mark(text: Option<&str>, without: i64) -> Result<i64, RoomsError> {
    let Some(text) = text else {
        return Ok(without);
    };
    text.parse().ok().filter(|mark| *mark >= 0).ok_or({
        RoomsError::Invalid("This is not what an earlier answer has given; leave it out to begin.")
    })
}

impl Rooms {
    /// A room, and what whoever asks is in it.
    pub(super) async fn access(
        &self,
        reader: AccountId,
        id: &RoomId,
    ) -> Result<(RoomRow, ParticipantRow), RoomsError> {
        let store = self.office.store();
        let room = store.room(id).await?.ok_or(RoomsError::NoSuchRoom)?;
        let own = store.participant(room.key, reader).await?;
        Ok((room, own.ok_or(RoomsError::Stranger)?))
    }

    /// A room as somebody in it sees it.
    ///
    /// # Errors
    /// If there is none, or they are not in it.
    pub async fn room(&self, reader: AccountId, id: &RoomId) -> Result<Room, RoomsError> {
        let (row, own) = self.access(reader, id).await?;
        self.view(row, own).await
    }

    async fn view(&self, row: RoomRow, own: ParticipantRow) -> Result<Room, RoomsError> {
        let store = self.office.store();
        let participants = store.participants(row.key, SHOWN_PARTICIPANTS).await?;
        let shown = i64::try_from(participants.len()).unwrap_or(i64::MAX);
        let count = match shown < SHOWN_PARTICIPANTS {
            true => shown,
            false => store.participant_count(row.key).await?,
        };
        let from = own.visible_from.max(row.first_seq);
        let last = store
            .messages_before(row.key, i64::MAX, from, LOOK_BACK)
            .await?;
        let last = last
            .iter()
            .rev()
            .map(|entry| telling::message(&row.id, entry, Some(own.account)))
            .find(|message| message.body.is_to_read());
        let names: Vec<(AccountId, &str)> = participants
            .iter()
            .map(|one| (one.account, &*one.display_name))
            .collect();
        let unread = row.reads - own.read_reads - own.own_after_read;
        Ok(Room {
            name: match &row.name {
                Some(name) => name.clone(),
                None => rules::composed_name(own.account, &names, count),
            },
            is_named: row.name.is_some(),
            id: row.id,
            kind: row.kind,
            description: row.description,
            picture: row.picture,
            opened: rfc_3339(row.opened_at),
            settings: row.settings,
            role: own.role,
            participants: participants.into_iter().map(participant).collect(),
            participant_count: count,
            first_sequence: from,
            last_sequence: row.last_seq,
            unread: unread.max(0),
            last_message: last.map(Box::new),
        })
    }

    /// Somebody's rooms, those where something happened last first.
    ///
    /// # Errors
    /// If the mark or the limit is none.
    pub async fn list(
        &self,
        reader: AccountId,
        after: Option<&str>,
        wanted: Option<u16>,
    ) -> Result<RoomsList, RoomsError> {
        let (before, limit) = (mark(after, i64::MAX)?, limit(wanted)?);
        let store = self.office.store();
        let mut rows = store.rooms_of(reader, before, limit + 1).await?;
        let is_more = rows.len() > usize::try_from(limit).unwrap_or(usize::MAX);
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let next = rows.last().filter(|_| is_more);
        let next = next.map(|row| row.last_stamp.to_string());
        let mut rooms = Vec::with_capacity(rows.len());
        for row in rows {
            // Somebody may have left it in between.
            if let Some(own) = store.participant(row.key, reader).await? {
                rooms.push(self.view(row, own).await?);
            }
        }
        Ok(RoomsList { rooms, next })
    }

    /// All rooms of somebody with the last sequence number of each, for a connection that begins.
    pub(crate) async fn memberships(
        &self,
        reader: AccountId,
    ) -> Result<Vec<(i64, i64)>, RoomsError> {
        Ok(self.office.store().memberships(reader).await?)
    }

    /// The key of a room, for a connection that knows its id; `None` if the reader is not in it.
    pub(crate) async fn key_of(
        &self,
        reader: AccountId,
        id: &RoomId,
    ) -> Result<Option<i64>, RoomsError> {
        match self.access(reader, id).await {
            Ok((room, _)) => Ok(Some(room.key)),
            Err(RoomsError::NoSuchRoom | RoomsError::Stranger) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The id of a room, by its key.
    pub(crate) async fn id_of(&self, room: i64) -> Result<Option<RoomId>, RoomsError> {
        let room = self.office.store().room_by_key(room).await?;
        Ok(room.map(|room| room.id))
    }

    /// Whether a room is out of somebody's list until something is said in it.
    pub(crate) async fn is_hidden(&self, reader: AccountId, room: i64) -> Result<bool, RoomsError> {
        Ok(self.office.store().is_room_hidden(room, reader).await?)
    }

    /// What comes after a sequence number in a room that is known by its key, at most `most` entries; `None` if the
    /// reader is not in it any more.
    pub(crate) async fn slice(
        &self,
        reader: AccountId,
        room: i64,
        after: i64,
        most: i64,
    ) -> Result<Option<Slice>, RoomsError> {
        let store = self.office.store();
        let Some(own) = store.participant(room, reader).await? else {
            return Ok(None);
        };
        let Some(row) = store.room_by_key(room).await? else {
            return Ok(None);
        };
        let after = after.max(own.visible_from - 1);
        let rows = store.messages_after(room, after, most).await?;
        let is_more = i64::try_from(rows.len()).is_ok_and(|count| count == most);
        let upto = rows.last().map_or(after, |entry| entry.seq);
        Ok(Some(Slice {
            messages: self.messages(&row.id, &rows, reader).await?,
            upto,
            is_more,
        }))
    }

    /// A part of a room's history.
    ///
    /// # Errors
    /// If whoever asks is not in it, or asks for what cannot be.
    pub async fn history(
        &self,
        reader: AccountId,
        wish: &GetHistory,
    ) -> Result<HistoryPage, RoomsError> {
        let limit = limit(wish.limit)?;
        let (room, own) = self.access(reader, &wish.room).await?;
        let store = self.office.store();
        let from = own.visible_from.max(room.first_seq);
        let rows = match (wish.after, wish.before) {
            (Some(after), None) => {
                let after = after.max(from - 1);
                store.messages_after(room.key, after, limit).await?
            }
            (None, before) => {
                let before = before.unwrap_or(i64::MAX);
                store.messages_before(room.key, before, from, limit).await?
            }
            (Some(_), Some(_)) => {
                return Err(RoomsError::Invalid(
                    "A part of the history is before or after a sequence number, not both.",
                ));
            }
        };
        Ok(HistoryPage {
            messages: self.messages(&room.id, &rows, reader).await?,
            room: room.id,
            first_sequence: from,
            last_sequence: room.last_seq,
        })
    }

    /// Rows of one room as somebody in it sees them.
    async fn messages(
        &self,
        room: &RoomId,
        rows: &[MessageRow],
        reader: AccountId,
    ) -> Result<Vec<Message>, RoomsError> {
        let mut messages: Vec<Message> = rows
            .iter()
            .map(|row| telling::message(room, row, Some(reader)))
            .collect();
        if let Some(first) = rows.first() {
            let seqs: Vec<i64> = rows.iter().map(|row| row.seq).collect();
            let store = self.office.store();
            let reactions = store.reactions(first.room, &seqs).await?;
            telling::add_reactions(&mut messages, reactions);
        }
        Ok(messages)
    }

    /// What happened in all rooms of somebody since a cursor, in the order in which it was stored.
    ///
    /// # Errors
    /// If the cursor or the limit is none.
    pub async fn sync(
        &self,
        reader: AccountId,
        since: Option<&str>,
        wanted: Option<u16>,
    ) -> Result<Synced, RoomsError> {
        let (since, limit) = (mark(since, 0)?, limit(wanted)?);
        let store = self.office.store();
        let mut rows = Vec::new();
        for (room, from) in store.rooms_with_news(reader, since).await? {
            let news = store.messages_after_stamp(room, since, from, limit + 1);
            rows.extend(news.await?);
        }
        rows.sort_unstable_by_key(|row| row.stamp);
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let is_more = rows.len() > most;
        rows.truncate(most);
        let cursor = rows.last().map_or(since, |row| row.stamp);
        let mut messages = Vec::with_capacity(rows.len());
        // Neighbours are of one room more often than not.
        for run in rows.chunk_by(|one, other| one.room == other.room) {
            let room = match run.first() {
                Some(first) => store.room_by_key(first.room).await?,
                None => None,
            };
            if let Some(room) = room {
                messages.extend(self.messages(&room.id, run, reader).await?);
            }
        }
        Ok(Synced {
            messages,
            cursor: cursor.to_string(),
            is_more,
        })
    }

    /// The messages of a room whose text has all these words; the last one may be unfinished.
    ///
    /// # Errors
    /// If whoever asks is not in it.
    pub async fn search(
        &self,
        reader: AccountId,
        id: &RoomId,
        text: &str,
        before: Option<i64>,
        wanted: Option<u16>,
    ) -> Result<FoundMessages, RoomsError> {
        let limit = limit(wanted)?;
        let (room, own) = self.access(reader, id).await?;
        let asked = words::asked(text);
        if asked.is_empty() {
            return Err(RoomsError::Invalid("Write at least one word to look for."));
        }
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let part = Part {
            before: before.unwrap_or(i64::MAX).min(room.last_seq + 1),
            from: own.visible_from.max(room.first_seq),
        };
        let rows = self.find(room.key, &asked, part, most).await?;
        let is_full = rows.len() == most;
        let next = rows.last().filter(|_| is_full).map(|row| row.seq);
        let mut messages = self.messages(&room.id, &rows, reader).await?;
        messages.retain(|message| message.body.is_to_read());
        Ok(FoundMessages {
            messages,
            before: next,
        })
    }

    /// Deletes somebody's copy of a conversation: from now on they see only what comes after this moment. The others
    /// keep theirs.
    ///
    /// # Errors
    /// If whoever asks is not in the room.
    pub async fn delete_copy(&self, reader: AccountId, id: &RoomId) -> Result<(), RoomsError> {
        let mut tx = self.office.store().begin().await?;
        let room = tx.room(id).await?.ok_or(RoomsError::NoSuchRoom)?;
        let own = tx.participant(room.key, reader).await?;
        own.ok_or(RoomsError::Stranger)?;
        let is_direct = room.kind == RoomKind::Direct;
        tx.forget_before(&room, reader, room.last_seq + 1, is_direct)
            .await?;
        let told = api::room::Told::Notification(api::room::Notification {
            about: api::room::NotificationKind::CopyDeleted,
            room: Some(room.id.clone()),
            sequence: Some(room.last_seq),
        });
        self.finish_and_tell(tx, Self::to_account(reader, told))
            .await
    }
}

fn participant(row: ParticipantRow) -> Participant {
    Participant {
        account: row.account,
        number: row.number,
        name: row.username,
        display_name: row.display_name,
        role: row.role,
        since: rfc_3339(row.joined_at),
        delivered: row.delivered_seq,
        read: row.read_seq,
    }
}
