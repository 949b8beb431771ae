//! Who is connected, and in which rooms they are: hands on what is new, without waiting for anybody.
//!
//! A connection that does not take what it is told in time is cut: it comes back and asks for what it has missed. What is
//! told of entries is told to those alone who were in the room when it was last read who is in it, which is read anew
//! after each change before anything else is told.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use api::AccountId;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::RoomNews;
use crate::store::{Store, StoreError};

/// So much waits for a connection: a burst in a busy room, and not the backlog of one that reads nothing.
const WAITING: usize = 512;

/// Each device holds one, and one more for a moment when it reconnects.
const CONNECTIONS_OF_ACCOUNT: usize = 20;

/// A new entry, as it is sent.
#[derive(Clone, Debug)]
pub(crate) struct EntryTold {
    pub(crate) seq: i64,
    /// The only account that gets to see it.
    pub(crate) visible_to: Option<AccountId>,
    pub(crate) text: Utf8Bytes,
    /// What everybody else gets of an entry that one account sees.
    pub(crate) hidden: Utf8Bytes,
}

/// What a connection is told.
#[derive(Clone, Debug)]
pub(crate) enum Mail {
    /// New entries of one room, without a gap.
    Entries(i64, Arc<[EntryTold]>),
    /// There is something new in a room, or in all of them if there is none: read it.
    Wake(Option<i64>),
    /// This, as it is.
    Told(Utf8Bytes),
    /// One is in other rooms than before.
    Members,
    /// Another connection has taken this one's place.
    Replaced,
}

/// What comes for one connection. Dropping it ends the connection's place.
#[derive(Debug)]
pub(crate) struct Letters {
    number: u64,
    account: AccountId,
    mail: mpsc::Receiver<Mail>,
    hub: Hub,
}

#[derive(Debug)]
struct Connection {
    number: u64,
    session: String,
    mail: mpsc::Sender<Mail>,
}

#[derive(Default, Debug)]
struct Here {
    connections: Vec<Connection>,
    rooms: HashSet<i64>,
}

#[derive(Default, Debug)]
struct Known {
    accounts: HashMap<AccountId, Here>,
    /// Those in each room who are connected.
    rooms: HashMap<i64, HashSet<AccountId>>,
}

/// Who is connected. Cheap to clone.
#[derive(Clone, Default, Debug)]
pub(crate) struct Hub {
    known: Arc<Mutex<Known>>,
    /// One reads who is in which room at a time, so that the last one to begin is the last one to write.
    reading: Arc<tokio::sync::Mutex<()>>,
    numbers: Arc<AtomicU64>,
}

impl Hub {
    fn lock(&self) -> MutexGuard<'_, Known> {
        // What is in it is whole after each step.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Connects a device; an older connection with the same session id ends. `None` if the account has too many.
    pub(crate) async fn connect(
        &self,
        store: &Store,
        account: AccountId,
        session: &str,
    ) -> Result<Option<Letters>, StoreError> {
        let (sender, mail) = mpsc::channel(WAITING);
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        {
            let mut known = self.lock();
            let here = known.accounts.entry(account).or_default();
            here.connections.retain(|other| {
                let is_same = other.session == session;
                if is_same {
                    let _ = other.mail.try_send(Mail::Replaced);
                }
                !is_same && !other.mail.is_closed()
            });
            if here.connections.len() >= CONNECTIONS_OF_ACCOUNT {
                return Ok(None);
            }
            here.connections.push(Connection {
                number,
                session: session.to_owned(),
                mail: sender,
            });
        }
        let letters = Letters {
            number,
            account,
            mail,
            hub: self.clone(),
        };
        self.read_rooms(store, account).await?;
        Ok(Some(letters))
    }

    /// Reads anew in which rooms somebody is, if they are connected.
    pub(crate) async fn read_rooms(
        &self,
        store: &Store,
        account: AccountId,
    ) -> Result<(), StoreError> {
        let _one_at_a_time = self.reading.lock().await;
        if !self.lock().accounts.contains_key(&account) {
            return Ok(());
        }
        let rooms = store.memberships(account).await?;
        let rooms: HashSet<i64> = rooms.into_iter().map(|(room, _)| room).collect();
        let mut known = self.lock();
        let Some(here) = known.accounts.get_mut(&account) else {
            return Ok(());
        };
        let before = std::mem::replace(&mut here.rooms, rooms.clone());
        for gone in before.difference(&rooms) {
            known.leave(*gone, account);
        }
        for new in rooms.difference(&before) {
            known.rooms.entry(*new).or_default().insert(account);
        }
        Ok(())
    }

    /// Whether anybody in the room is connected: else nothing needs to be made ready.
    pub(crate) fn is_heard(&self, room: i64) -> bool {
        self.lock().rooms.contains_key(&room)
    }

    /// Tells everybody who is in the room and connected.
    pub(crate) fn to_room(&self, room: i64, mail: &Mail, but: Option<AccountId>) {
        let mut known = self.lock();
        let Known { accounts, rooms } = &mut *known;
        let Some(members) = rooms.get(&room) else {
            return;
        };
        for member in members.iter().filter(|member| Some(**member) != but) {
            if let Some(here) = accounts.get_mut(member) {
                here.tell(mail, None);
            }
        }
    }

    /// Tells the connections of an account, or the one with this session id.
    pub(crate) fn to_account(&self, account: AccountId, mail: &Mail, session: Option<&str>) {
        if let Some(here) = self.lock().accounts.get_mut(&account) {
            here.tell(mail, session);
        }
    }

    /// Everything may have changed.
    pub(crate) fn wake_all(&self) {
        for here in self.lock().accounts.values_mut() {
            here.tell(&Mail::Members, None);
            here.tell(&Mail::Wake(None), None);
        }
    }

    /// Passes on what has happened here or on another server.
    pub(crate) async fn hear(&self, store: &Store, news: &RoomNews) -> Result<(), StoreError> {
        match news {
            RoomNews::Entries(room) => self.to_room(*room, &Mail::Wake(Some(*room)), None),
            RoomNews::Members(account) => {
                self.read_rooms(store, *account).await?;
                self.to_account(*account, &Mail::Members, None);
            }
            RoomNews::Told { room, but, text } => {
                self.to_room(*room, &Mail::Told(text.as_str().into()), *but);
            }
            RoomNews::ToAccount {
                account,
                session,
                text,
            } => {
                let mail = Mail::Told(text.as_str().into());
                self.to_account(*account, &mail, session.as_deref());
            }
        }
        Ok(())
    }
}

impl Here {
    fn tell(&mut self, mail: &Mail, session: Option<&str>) {
        // One whose queue is full loses its place; it notices when it has read what is in the queue.
        self.connections.retain(|connection| {
            let is_meant = session.is_none_or(|session| connection.session == session);
            !is_meant || connection.mail.try_send(mail.clone()).is_ok()
        });
    }
}

impl Known {
    fn leave(&mut self, room: i64, account: AccountId) {
        if let Some(members) = self.rooms.get_mut(&room) {
            members.remove(&account);
            if members.is_empty() {
                self.rooms.remove(&room);
            }
        }
    }
}

impl Letters {
    /// The next one; `None` when the connection has not kept up, and is to end.
    pub(crate) async fn next(&mut self) -> Option<Mail> {
        self.mail.recv().await
    }
}

impl Drop for Letters {
    fn drop(&mut self) {
        let mut known = self.hub.lock();
        let Some(here) = known.accounts.get_mut(&self.account) else {
            return;
        };
        here.connections.retain(|one| one.number != self.number);
        if here.connections.is_empty() {
            let rooms = std::mem::take(&mut here.rooms);
            known.accounts.remove(&self.account);
            for room in rooms {
                known.leave(room, self.account);
            }
        }
    }
}
