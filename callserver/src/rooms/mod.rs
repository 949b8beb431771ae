//! Rooms: the one implementation of conversations behind HTTP, `/ws/rooms` and whatever else people write with.
//!
//! What decides is pure: `rules` (what may be said, how things are called), `posting` (what becomes of a batch of
//! messages), `words` (what is found by what). What stores is `store`. Here both meet the clock:
//!
//! * `writer`: messages of many senders become durable in one transaction; only then is anybody told.
//! * `members`: opening rooms, coming, going, roles, settings.
//! * `reading`: lists, history, what is new since a cursor, search.
//! * `receipts`: what somebody has and has read; typing; signals from device to device.
//! * `happenings`: calls and voicemails, which the server tells in the conversation of two.
//! * `flushing`: what two devices told each other without the server, when one of them brings it.
//! * `learning`: the words of full blocks of messages, for the search; `finding`: the search itself.
//! * `folding`: keeps the log of the database short while much is said.
//! * `archive`: what a history has too much of.
//! * `hub`: who is connected, and hears at once.
//! * `doorbell`: for whom somebody waits who is not connected: phones that know SIP alone.
//!
//! Everything that happens in a room is one entry with the next sequence number. Numbers are given inside the write, of
//! which there is one at a time on a database however many servers share it; so they have no gap, and whoever reads up to
//! a number and later from it on misses nothing.

mod archive;
mod doorbell;
mod error;
mod figures;
mod finding;
mod flushing;
mod folding;
mod happenings;
mod hub;
mod learning;
mod members;
mod news;
mod posting;
mod reading;
mod receipts;
mod rules;
mod telling;
#[cfg(test)]
mod tests;
mod transfer;
mod words;
mod writer;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use api::room::{Addressee, FileRef, MessageKind, SendMessage, Stored};
use api::{AccountId, Number, Username};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

pub use archive::{ArchiveError, Trimmed};
pub use error::RoomsError;
pub(crate) use figures::Figures;
pub(crate) use hub::{Letters, Mail};
pub use news::RoomNews;
pub use reading::Slice;
pub(crate) use telling::{envelope, new_message};
pub use transfer::{RoomEntry, RoomHeader, RoomImportRefused, RoomSeat};
pub(crate) use transfer::{add_entries, entries, header, open_room, take_seat};
pub(crate) use writer::Writer;

use crate::housekeeping::{Cleaned, keep_histories};
use crate::office::Office;
use crate::rate::Rate;
use crate::store::{Reached, Store, StoreError};
use doorbell::Doorbell;
use figures::Tally;
use folding::Unfolded;
use hub::Hub;
use learning::Unlearned;
use posting::Post;
use writer::{Job, Place, Waiting};

/// So many messages wait to be written; whoever comes then waits with them.
const WAITING: usize = 4_096;

/// Faster than anybody types and than most programs need to.
const MESSAGES_PER_MINUTE: u32 = 12_000;

const MINUTE: Duration = Duration::from_secs(60);

/// The rooms. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Rooms {
    office: Office,
    hub: Hub,
    doorbell: Doorbell,
    jobs: mpsc::Sender<Job>,
    rate: Arc<Mutex<Rate<AccountId>>>,
    tally: Arc<Tally>,
    unlearned: Arc<Unlearned>,
    unfolded: Arc<Unfolded>,
}

/// Who asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Speaker {
    /// Whose account it is.
    pub account: AccountId,
    /// What they are called.
    pub display_name: String,
    /// Whether they have their number for a while only: such people reach others by number and not by name or id.
    pub is_guest: bool,
}

impl Rooms {
    /// The rooms of a database, and what works for them until it is dropped: who writes, who listens to other servers,
    /// and who trims histories into the archive in the data folder.
    pub(crate) fn start(office: Office, data: &Path, cleaned: Cleaned) -> (Self, JoinSet<()>) {
        let (rooms, writer) = Self::new(office);
        let mut tasks = JoinSet::new();
        tasks.spawn(writer.run());
        tasks.spawn(rooms.clone().hear_others());
        tasks.spawn(rooms.clone().learn_words());
        tasks.spawn(rooms.clone().fold_logs());
        tasks.spawn(keep_histories(rooms.clone(), data.to_owned(), cleaned));
        (rooms, tasks)
    }

    /// The rooms of a database, and what must run for anything to be written.
    pub(crate) fn new(office: Office) -> (Self, Writer) {
        let (sender, jobs) = mpsc::channel(WAITING);
        let rooms = Self {
            office,
            hub: Hub::default(),
            doorbell: Doorbell::default(),
            jobs: sender,
            rate: Arc::new(Mutex::new(Rate::new(MESSAGES_PER_MINUTE, MINUTE))),
            tally: Arc::default(),
            unlearned: Arc::default(),
            unfolded: Arc::default(),
        };
        let writer = Writer {
            rooms: rooms.clone(),
            jobs,
        };
        (rooms, writer)
    }

    /// What else can be done on this database.
    pub(crate) fn office(&self) -> &Office {
        &self.office
    }

    /// The database.
    pub(crate) fn store(&self) -> &Store {
        self.office.store()
    }

    /// Where to wait for what is said.
    pub(crate) fn doorbell(&self) -> &Doorbell {
        &self.doorbell
    }

    /// Has the phones of whoever is meant by news from another server look for what is new.
    async fn ring(&self, news: &RoomNews) -> Result<(), StoreError> {
        if !self.doorbell.is_used() {
            return Ok(());
        }
        match news {
            RoomNews::Entries(room) => {
                let room = self.store().room_by_key(*room).await?;
                let pair = room.and_then(|room| room.pair);
                self.doorbell
                    .ring(pair.into_iter().flat_map(|(one, other)| [one, other]));
            }
            RoomNews::Told { room, .. } => self.doorbell.ring_for_receipts(*room),
            RoomNews::Members(_) | RoomNews::ToAccount { .. } => {}
        }
        Ok(())
    }

    /// Passes on what other servers on the database tell of rooms, for as long as the server runs.
    pub(crate) async fn hear_others(self) {
        let mut changes = self.office.changes();
        loop {
            match changes.recv().await {
                Ok(change) if change.everything => {
                    self.hub.wake_all();
                    self.doorbell.ring_for_all();
                }
                Ok(change) => {
                    for news in &change.rooms {
                        let heard = self.hub.hear(self.store(), news).await;
                        if let Err(error) = heard.and(self.ring(news).await) {
                            tracing::warn!(%error, "news of a room could not be passed on");
                        }
                    }
                }
                Err(RecvError::Lagged(_)) => {
                    self.hub.wake_all();
                    self.doorbell.ring_for_all();
                }
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Connects a device; see [`Hub::connect`].
    pub(crate) async fn connect(
        &self,
        account: AccountId,
        session: &str,
    ) -> Result<Option<Letters>, RoomsError> {
        let store = self.office.store();
        Ok(self.hub.connect(store, account, session).await?)
    }

    /// Says something, and returns when it is durable.
    ///
    /// # Errors
    /// If it may not be said there, or the database fails: then it may be sent again with the same id.
    pub async fn send(
        &self,
        speaker: &Speaker,
        message: SendMessage,
    ) -> Result<Stored, RoomsError> {
        let answered = self.submit(speaker, message).await?;
        answered.await.unwrap_or(Err(RoomsError::Busy))
    }

    /// Says something, and returns when it stands in the queue: what is submitted one after the other is stored in this
    /// order. The answer comes when it is durable.
    ///
    /// # Errors
    /// If it may not be said at all.
    pub(crate) async fn submit(
        &self,
        speaker: &Speaker,
        message: SendMessage,
    ) -> Result<oneshot::Receiver<Result<Stored, RoomsError>>, RoomsError> {
        self.charge(speaker.account, Instant::now())?;
        rules::check_said(&message.body)?;
        if let Some(file) = message.body.file() {
            self.check_sent(speaker, file).await?;
        }
        let place = match (message.room, &message.to) {
            (Some(room), None) => Place::Room(room),
            (None, Some(to)) => {
                let other = self.resolve(speaker, to).await?;
                if other == speaker.account {
                    return Err(nobody(to));
                }
                Place::Account(other)
            }
            _ => {
                return Err(RoomsError::Invalid(
                    "A message goes to a room or to one person: exactly one of room and to.",
                ));
            }
        };
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting {
            place,
            post: Post {
                sender: Some(speaker.account),
                sender_name: speaker.display_name.clone(),
                id: message.id,
                kind: MessageKind::User,
                body: message.body,
                written: None,
            },
            answer,
        };
        match self.jobs.send(Job::Say(Box::new(waiting))).await {
            Ok(()) => Ok(answered),
            Err(_) => Err(RoomsError::Busy),
        }
    }

    /// Counts one message of an account.
    fn charge(&self, account: AccountId, now: Instant) -> Result<(), RoomsError> {
        let mut rate = self.rate.lock().unwrap_or_else(PoisonError::into_inner);
        let charged = rate.take(now, account);
        charged.map_err(|wait| RoomsError::TooOften {
            seconds: wait.as_secs() + 1,
        })
    }

    /// Whether a message may send a file: its sender can read it, all of it has come, and it is what the message says.
    async fn check_sent(&self, speaker: &Speaker, file: &FileRef) -> Result<(), RoomsError> {
        let store = self.office.store();
        let found = store.file(&file.file).await?;
        let found = found.filter(|found| found.sha256.as_ref() == Some(&file.sha256));
        let Some(found) = found.filter(|found| found.size == file.bytes) else {
            return Err(RoomsError::NoSuchFile);
        };
        let is_own = found.owner == speaker.account;
        match is_own || store.was_sent_to(speaker.account, &file.file).await? {
            true => Ok(()),
            false => Err(RoomsError::NoSuchFile),
        }
    }

    /// Whose account somebody means.
    pub(crate) async fn resolve(
        &self,
        speaker: &Speaker,
        who: &Addressee,
    ) -> Result<AccountId, RoomsError> {
        let store = self.office.store();
        let found = match (who.account, &who.number, &who.name) {
            // Ids and names can be guessed through: a guest would learn who is there.
            (Some(account), None, None) if !speaker.is_guest => Some(account),
            (None, Some(number), None) => match Number::parse(number) {
                Ok(number) => match store.reached_by(&number).await? {
                    Reached::Account(found)
                    | Reached::ForwardedTo(found)
                    | Reached::Moved { account: found, .. } => Some(found.account),
                    Reached::Gone | Reached::Nobody => None,
                },
                Err(_) => None,
            },
            (None, None, Some(name)) if !speaker.is_guest => match Username::existing(name) {
                Ok(name) => {
                    let found = store.account_called(&name, SystemTime::now()).await?;
                    found.map(|found| found.account)
                }
                Err(_) => None,
            },
            (Some(_), None, None) | (None, None, Some(_)) => None,
            _ => {
                return Err(RoomsError::Invalid(
                    "Somebody is named by exactly one of account, number and name.",
                ));
            }
        };
        let Some(account) = found else {
            return Err(nobody(who));
        };
        match store.may_be_in_rooms(account).await? {
            true => Ok(account),
            false => Err(nobody(who)),
        }
    }
}

/// The error for somebody who cannot be written to. What was written comes back to whoever wrote it, and not too long.
fn nobody(who: &Addressee) -> RoomsError {
    let text = match (&who.account, &who.number, &who.name) {
        (Some(account), ..) => account.to_string(),
        (None, Some(text), _) | (None, None, Some(text)) => text.clone(),
        (None, None, None) => String::new(),
    };
    let text = text.chars().filter(|c| !c.is_control());
    RoomsError::Nobody {
        who: text.take(64).collect(),
    }
}
