//! Tells those who listen over HTTP what their contacts are, and the database and other servers who has come and gone.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use api::{AccountId, Event};
use switch::Facts;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::mpsc;

use super::{nothing, view};
use crate::edge::{Exchange, PresenceNews};
use crate::office::{Change, Office, OfficeError, WhatChanged};

/// What happens within this time is told at once: a person does not see more changes, and a call that is refused at
/// once is none.
const PAUSE: Duration = Duration::from_millis(500);

/// Events that wait for one stream.
const WAITING: usize = 256;

/// Streams of events, by the account that listens.
#[derive(Clone, Default, Debug)]
pub(crate) struct Listeners(Arc<Mutex<HashMap<AccountId, Vec<Listener>>>>);

#[derive(Debug)]
struct Listener {
    mail: mpsc::Sender<Event>,
    has_missed: Arc<AtomicBool>,
}

/// What comes for one stream.
#[derive(Debug)]
pub(crate) struct Mail {
    events: mpsc::Receiver<Event>,
    has_missed: Arc<AtomicBool>,
}

impl Listeners {
    /// Begins to listen; at most `most` times for one account. Whoever drops the mail has ceased to.
    pub(crate) fn listen(&self, account: AccountId, most: usize) -> Option<Mail> {
        let mut listeners = self.lock();
        let own = listeners.entry(account).or_default();
        own.retain(|listener| !listener.mail.is_closed());
        if own.len() >= most {
            return None;
        }
        let (mail, events) = mpsc::channel(WAITING);
        let has_missed = Arc::new(AtomicBool::new(false));
        own.push(Listener {
            mail,
            has_missed: has_missed.clone(),
        });
        Some(Mail { events, has_missed })
    }

    fn are_none(&self) -> bool {
        self.lock().is_empty()
    }

    fn are_there(&self, account: AccountId) -> bool {
        self.lock().contains_key(&account)
    }

    fn tell(&self, account: AccountId, event: &Event) {
        let mut listeners = self.lock();
        let Some(own) = listeners.get_mut(&account) else {
            return;
        };
        own.retain(|listener| match listener.mail.try_send(event.clone()) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                listener.has_missed.store(true, Ordering::Relaxed);
                true
            }
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        });
        if own.is_empty() {
            listeners.remove(&account);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AccountId, Vec<Listener>>> {
        // What is in it is whole after each step.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mail {
    /// The next event; [`Event::Listening`] in the place of those that there was no room for.
    pub(crate) async fn next(&mut self) -> Event {
        if self.has_missed.swap(false, Ordering::Relaxed) {
            while self.events.try_recv().is_ok() {}
            return Event::Listening;
        }
        match self.events.recv().await {
            Some(event) => event,
            // Its sender lives as long as it does.
            None => std::future::pending().await,
        }
    }
}

/// Does it, for as long as the server runs.
#[derive(Debug)]
pub(crate) struct Teller {
    office: Office,
    exchange: Exchange,
    news: PresenceNews,
    listeners: Listeners,
    guests_see_everyone: bool,
    /// Accounts that have phones here.
    online: HashSet<AccountId>,
    /// Accounts that have none, and of which that has been written: they may call all the same.
    offline: HashSet<AccountId>,
}

/// What came together within a pause.
#[derive(Default)]
struct Together {
    accounts: HashSet<AccountId>,
    everybody: bool,
}

impl Together {
    fn take(&mut self, change: &Change) {
        self.everybody |= change.everything;
        let concerns = |what: &WhatChanged| {
            matches!(
                what,
                WhatChanged::Presence | WhatChanged::CallSettings | WhatChanged::Contacts
            )
        };
        let people = change.people.iter();
        let people = people.filter(|person| concerns(&person.what));
        self.accounts.extend(people.map(|person| person.account));
    }
}

impl Teller {
    pub(crate) fn new(
        office: Office,
        exchange: Exchange,
        news: PresenceNews,
        listeners: Listeners,
        guests_see_everyone: bool,
    ) -> Self {
        Self {
            office,
            exchange,
            news,
            listeners,
            guests_see_everyone,
            online: HashSet::new(),
            offline: HashSet::new(),
        }
    }

    /// Works until the server stops.
    pub(crate) async fn run(mut self) {
        let mut changes = self.office.changes();
        loop {
            let mut together = Together::default();
            tokio::select! {
                () = self.news.wait() => {}
                change = changes.recv() => match change {
                    Ok(change) => together.take(&change),
                    Err(RecvError::Lagged(_)) => together.everybody = true,
                    Err(RecvError::Closed) => return,
                },
            }
            if together.accounts.is_empty() && !together.everybody && self.news.is_empty() {
                continue;
            }
            tokio::time::sleep(PAUSE).await;
            loop {
                match changes.try_recv() {
                    Ok(change) => together.take(&change),
                    Err(TryRecvError::Lagged(_)) => together.everybody = true,
                    Err(TryRecvError::Empty | TryRecvError::Closed) => break,
                }
            }
            let news = self.news.take();
            if let Err(error) = self.note(&news).await {
                tracing::warn!(%error, "who has come and gone could not be written");
            }
            together.accounts.extend(news.into_keys());
            if together.everybody {
                // Whoever listens hears in the changes themselves that some were missed, and reads anew.
                continue;
            }
            if let Err(error) = self.tell_all(together.accounts).await {
                tracing::warn!(%error, "a presence could not be told");
            }
        }
    }

    /// Writes who was seen last, and tells other servers on the database who has come and gone.
    async fn note(&mut self, news: &HashMap<AccountId, Facts>) -> Result<(), OfficeError> {
        let (mut come, mut gone) = (Vec::new(), Vec::new());
        for (account, facts) in news {
            let (now, before, list) = match facts.is_registered {
                true => (&mut self.online, &mut self.offline, &mut come),
                false => (&mut self.offline, &mut self.online, &mut gone),
            };
            before.remove(account);
            if now.insert(*account) {
                list.push(*account);
            }
        }
        self.office
            .come_and_gone(&come, &gone, SystemTime::now())
            .await
    }

    /// Tells everybody who listens and has one of these accounts among their contacts, and the accounts themselves.
    async fn tell_all(&self, accounts: HashSet<AccountId>) -> Result<(), OfficeError> {
        // Every call comes by here twice.
        if self.listeners.are_none() {
            return Ok(());
        }
        let accounts: Vec<_> = accounts.into_iter().collect();
        let mut known_to = self.office.store().known_to(&accounts).await?;
        for account in accounts {
            let mut viewers = known_to.remove(&account).unwrap_or_default();
            viewers.push(account);
            viewers.retain(|viewer| self.listeners.are_there(*viewer));
            if !viewers.is_empty() {
                self.tell(account, viewers).await?;
            }
        }
        Ok(())
    }

    async fn tell(&self, account: AccountId, viewers: Vec<AccountId>) -> Result<(), OfficeError> {
        let store = self.office.store();
        let seen = store.seen_by_each(account, &viewers).await?;
        let now = SystemTime::now();
        let is_elsewhere = !store
            .registered_elsewhere(&[account], now)
            .await?
            .is_empty();
        let facts = self.exchange.facts(&[account]).await;
        let facts = facts.into_iter().next().unwrap_or_default();
        for (viewer, seen) in seen {
            let sees_everyone = !seen.is_for_guest || self.guests_see_everyone;
            let shown = match viewer == account || seen.may_see(sees_everyone) {
                true => view(account, &seen.presence, &facts, is_elsewhere),
                false => nothing(account),
            };
            self.listeners.tell(viewer, &Event::Presence(shown));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slow_listener_is_told_that_it_has_missed_something() {
        let listeners = Listeners::default();
        let account = AccountId(1);
        let mut mail = listeners.listen(account, 2).expect("a place");
        let event = Event::Presence(nothing(AccountId(2)));
        listeners.tell(account, &event);
        assert_eq!(mail.next().await, event);
        for _ in 0..WAITING + 1 {
            listeners.tell(account, &event);
        }
        assert_eq!(mail.next().await, Event::Listening);
        listeners.tell(account, &event);
        assert_eq!(mail.next().await, event);
        let other = listeners.listen(account, 2).expect("a second place");
        assert!(listeners.listen(account, 2).is_none());
        drop((mail, other));
        assert!(listeners.listen(account, 2).is_some());
    }
}
