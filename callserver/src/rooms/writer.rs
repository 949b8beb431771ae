//! One writer for everybody: what many say at the same time becomes durable in one transaction, and only then is anybody
//! told that it is.

use std::collections::{BTreeSet, HashMap};
use std::time::SystemTime;

use api::AccountId;
use api::room::{MessageId, RoomId, RoomKind, Stored};
use tokio::sync::{mpsc, oneshot};

use super::hub::Mail;
use super::posting::{Batch, Deed, Post, Stands, written};
use super::receipts::Note;
use super::{Rooms, RoomsError, members, receipts, telling};
use crate::office::Change;
use crate::rooms::RoomNews;
use crate::store::{StoreError, Transaction, unix_millis};
use crate::times::rfc_3339;

/// At most so many are written at once: the last one of them does not wait long for the first one.
const BATCH: usize = 512;

/// Where something is to be said.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// In a room.
    Room(RoomId),
    /// To one account.
    Account(AccountId),
}

/// Something to be said, and who waits for it.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) place: Place,
    pub(super) post: Post,
    pub(super) answer: oneshot::Sender<Result<Stored, RoomsError>>,
}

/// Something to be written.
#[derive(Debug)]
pub(super) enum Job {
    /// A message.
    Say(Box<Waiting>),
    /// What two devices told each other: in this order, all of it or nothing.
    Flush(Vec<Waiting>),
    /// What somebody has or has read.
    Note(Note),
}

/// Does it, for as long as the server runs.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(super) rooms: Rooms,
    pub(super) jobs: mpsc::Receiver<Job>,
}

/// The ids of rooms, by their keys.
type Ids = HashMap<i64, RoomId>;

/// What a transaction came to.
struct Outcome {
    batch: Batch,
    ids: Ids,
    /// Where each message stands, or why it does not.
    stands: Vec<Result<Stands, RoomsError>>,
    /// Whether each receipt was noted.
    noted: Vec<Result<(), RoomsError>>,
    newcomers: BTreeSet<AccountId>,
    news: Vec<RoomNews>,
}

impl Writer {
    /// Works until nobody can say anything any more.
    pub(crate) async fn run(mut self) {
        let mut jobs = Vec::new();
        while self.jobs.recv_many(&mut jobs, BATCH).await > 0 {
            let (mut waiting, mut notes) = (Vec::new(), Vec::new());
            for job in jobs.drain(..) {
                match job {
                    Job::Say(one) => waiting.push(*one),
                    Job::Flush(all) => waiting.extend(all),
                    Job::Note(one) => notes.push(one),
                }
            }
            let now = unix_millis(SystemTime::now());
            match self.write(&waiting, &notes, now).await {
                Ok(outcome) => self.answer(waiting, notes, outcome).await,
                Err(error) => {
                    tracing::error!(%error, "messages could not be stored");
                    for one in waiting {
                        let _ = one.answer.send(Err(RoomsError::Busy));
                    }
                    for one in notes {
                        let _ = one.answer.send(Err(RoomsError::Busy));
                    }
                }
            }
        }
    }

    async fn answer(&self, waiting: Vec<Waiting>, notes: Vec<Note>, outcome: Outcome) {
        // Whoever asked may have gone away; what is stored is stored.
        for (one, stands) in waiting.into_iter().zip(outcome.stands) {
            let stored = stands.and_then(|stands| {
                let room = outcome.ids.get(&stands.room);
                Ok(Stored {
                    room: room.ok_or(RoomsError::NoSuchRoom)?.clone(),
                    id: one.post.id,
                    sequence: stands.seq,
                    sent: rfc_3339(stands.sent_at),
                })
            });
            let _ = one.answer.send(stored);
        }
        for (one, noted) in notes.into_iter().zip(outcome.noted) {
            let _ = one.answer.send(noted);
        }
        let entries = &outcome.batch.entries;
        let tally = &self.rooms.tally;
        tally.wrote(entries.len() as u64, outcome.batch.flushed);
        self.rooms.unlearned.see(entries);
        self.rooms.unfolded.add(entries.len());
        self.rooms
            .tell_entries(entries, &outcome.ids, outcome.newcomers)
            .await;
        let doorbell = &self.rooms.doorbell;
        if doorbell.is_used() {
            let told = entries.iter().filter_map(|entry| {
                let pair = outcome.batch.rooms.get(&entry.room)?.pair?;
                let is_of_first = entry.sender == Some(pair.0);
                Some(if is_of_first { pair.1 } else { pair.0 })
            });
            doorbell.ring(told);
        }
        for news in &outcome.news {
            if let RoomNews::Told { room, .. } = news {
                doorbell.ring_for_receipts(*room);
            }
            if let Err(error) = self.rooms.hub.hear(self.rooms.office.store(), news).await {
                tracing::warn!(%error, "a receipt could not be told");
            }
        }
    }

    async fn write(
        &self,
        waiting: &[Waiting],
        notes: &[Note],
        now: i64,
    ) -> Result<Outcome, StoreError> {
        let mut tx = self.rooms.office.store().begin().await?;
        let mut news = Vec::new();
        let mut noted = Vec::with_capacity(notes.len());
        for one in notes {
            noted.push(match receipts::note(&mut tx, one, &mut news).await {
                // The whole is undone.
                Err(RoomsError::Store(error)) => return Err(error),
                noted => noted,
            });
        }
        let (mut batch, places, newcomers) = read(&mut tx, waiting, now).await?;
        let mut stands = Vec::with_capacity(waiting.len());
        for (one, place) in waiting.iter().zip(places) {
            stands.push(match place {
                Ok(room) => batch.post(room, &one.post),
                Err(error) => Err(error),
            });
        }
        write(&mut tx, &mut batch).await?;
        let ids = batch.rooms.values().map(|room| (room.key, room.id.clone()));
        let ids: Ids = ids.collect();
        let touched: BTreeSet<i64> = batch.entries.iter().map(|entry| entry.room).collect();
        let moved = newcomers.iter().map(|account| RoomNews::Members(*account));
        let entries = touched.into_iter().map(RoomNews::Entries);
        let change = Change {
            rooms: moved.chain(entries).chain(news.iter().cloned()).collect(),
            ..Change::default()
        };
        self.rooms.office.notify_of_rooms(&mut tx, &change).await?;
        tx.commit().await?;
        Ok(Outcome {
            batch,
            ids,
            stands,
            noted,
            newcomers,
            news,
        })
    }
}

type Places = Vec<Result<i64, RoomsError>>;

/// Reads everything that the batch needs to know; makes the rooms of two that are missing.
async fn read(
    tx: &mut Transaction,
    waiting: &[Waiting],
    now: i64,
) -> Result<(Batch, Places, BTreeSet<AccountId>), StoreError> {
    let mut batch = Batch {
        now,
        ..Batch::default()
    };
    let named: BTreeSet<RoomId> = waiting
        .iter()
        .filter_map(|one| match &one.place {
            Place::Room(room) => Some(room.clone()),
            Place::Account(_) => None,
        })
        .collect();
    let named: Vec<RoomId> = named.into_iter().collect();
    let found = tx.rooms_by_id(&named).await?;
    let mut keys: HashMap<RoomId, i64> = HashMap::new();
    for room in found {
        keys.insert(room.id.clone(), room.key);
        batch.rooms.insert(room.key, room);
    }
    let senders: BTreeSet<AccountId> = waiting.iter().filter_map(|one| one.post.sender).collect();
    let senders: Vec<AccountId> = senders.into_iter().collect();
    batch.blocked = tx.blockers_of(&senders).await?.into_iter().collect();
    let mut newcomers = BTreeSet::new();
    let mut places: Places = Vec::with_capacity(waiting.len());
    for one in waiting {
        places.push(match (&one.place, one.post.sender) {
            (Place::Room(room), _) => keys.get(room).copied().ok_or(RoomsError::NoSuchRoom),
            (Place::Account(_), None) => Err(RoomsError::NoSuchRoom),
            (Place::Account(other), Some(sender)) => {
                let known = batch
                    .rooms
                    .values()
                    .find(|room| room.pair == Some((sender.min(*other), sender.max(*other))));
                match known {
                    Some(room) => Ok(room.key),
                    None => {
                        let is_blocked = batch.blocked.contains(&(*other, sender));
                        let (room, is_new) =
                            members::direct_room(tx, sender, *other, is_blocked, now).await?;
                        if is_new {
                            newcomers.extend([sender, *other]);
                        }
                        let key = room.key;
                        batch.rooms.insert(key, room);
                        Ok(key)
                    }
                }
            }
        });
    }
    let mut pairs = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for (one, place) in waiting.iter().zip(&places) {
        let Ok(room) = place else {
            continue;
        };
        pairs.extend(one.post.sender.map(|sender| (*room, sender)));
        ids.insert((*room, one.post.id.clone()));
        ids.extend(one.post.body.target().map(|target| (*room, target.clone())));
    }
    for room in batch.rooms.values() {
        let both = room.pair.into_iter().flat_map(|(one, other)| [one, other]);
        pairs.extend(both.map(|account| (room.key, account)));
    }
    let pairs: Vec<(i64, AccountId)> = pairs.into_iter().collect();
    for (room, account, role) in tx.roles(&pairs).await? {
        batch.roles.insert((room, account), role);
    }
    let ids: Vec<(i64, MessageId)> = ids.into_iter().collect();
    for row in tx.messages_by_id(&ids).await? {
        batch.known.insert((row.room, row.id.clone()), row);
    }
    Ok((batch, places, newcomers))
}

/// Writes what the batch came to.
pub(super) async fn write(tx: &mut Transaction, batch: &mut Batch) -> Result<(), StoreError> {
    if batch.entries.is_empty() {
        return Ok(());
    }
    let count = i64::try_from(batch.entries.len()).unwrap_or(i64::MAX);
    let before = tx.take_stamps(count).await? - count;
    let mut last_stamps: HashMap<i64, i64> = HashMap::new();
    for entry in &mut batch.entries {
        entry.stamp += before;
        last_stamps.insert(entry.room, entry.stamp);
    }
    tx.add_messages(&batch.entries).await?;
    for deed in &batch.deeds {
        carry_out(tx, deed, batch.now).await?;
    }
    tx.send_files(&batch.files).await?;
    let mut advanced = Vec::with_capacity(last_stamps.len());
    for (room, stamp) in last_stamps {
        if let Some(row) = batch.rooms.get_mut(&room) {
            row.last_stamp = stamp;
            advanced.push([room, row.last_seq, row.reads, stamp]);
        }
    }
    tx.advance_rooms(&advanced).await?;
    let own = batch.own.iter();
    let own: Vec<_> = own
        .map(|((room, account), count)| (*room, *account, *count))
        .collect();
    tx.count_own(&own).await?;
    let shown: BTreeSet<i64> = batch
        .entries
        .iter()
        .filter(|entry| entry.is_to_read)
        .map(|entry| entry.room)
        .filter(|room| {
            let room = batch.rooms.get(room);
            room.is_some_and(|room| room.kind == RoomKind::Direct)
        })
        .collect();
    let shown: Vec<i64> = shown.into_iter().collect();
    tx.show_rooms(&shown).await
}

async fn carry_out(tx: &mut Transaction, deed: &Deed, now: i64) -> Result<(), StoreError> {
    match deed {
        Deed::Rewrite {
            room,
            seq,
            body,
            old_words,
            new_words,
        } => {
            tx.change_words(*room, *seq, old_words, new_words).await?;
            tx.set_body(*room, *seq, body, Some(now)).await
        }
        Deed::Blank {
            room,
            seq,
            deleted_by,
            old_words,
        } => {
            tx.change_words(*room, *seq, old_words, &[]).await?;
            tx.unsend_file(*room, *seq).await?;
            let body = written(&api::room::Body::Deleted);
            tx.blank(*room, *seq, *deleted_by, &body).await
        }
        Deed::React {
            room,
            seq,
            emoji,
            account,
            is_removed,
        } => {
            tx.set_reaction(*room, *seq, emoji, *account, *is_removed)
                .await
        }
    }
}

impl Rooms {
    /// Tells those who are connected of new entries.
    pub(super) async fn tell_entries(
        &self,
        entries: &[crate::store::MessageRow],
        ids: &Ids,
        newcomers: BTreeSet<AccountId>,
    ) {
        for account in newcomers {
            let news = RoomNews::Members(account);
            if let Err(error) = self.hub.hear(self.office.store(), &news).await {
                tracing::warn!(%error, "it is not known who is in a new room");
            }
        }
        let mut by_room: HashMap<i64, Vec<_>> = HashMap::new();
        for entry in entries {
            if let Some(id) = ids
                .get(&entry.room)
                .filter(|_| self.hub.is_heard(entry.room))
            {
                let told = telling::entry(id, entry);
                by_room.entry(entry.room).or_default().push(told);
            }
        }
        for (room, told) in by_room {
            self.hub
                .to_room(room, &Mail::Entries(room, told.into()), None);
        }
    }
}
