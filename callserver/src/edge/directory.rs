//! What the database says about logins and numbers, remembered so that a known phone costs no query.
//!
//! Everything that changes the database announces it and waits until it is forgotten here, so nothing remembered is
//! ever older than what somebody was told is done.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use api::Number;
use sip::Text;
use switch::{Answer, AskId, Credential, Destination, Party, Reached};
use tokio::sync::{mpsc, watch};

use super::dialling::{Dialling, Wanted};
use super::elsewhere;
use super::treatment::for_caller;
use crate::neighbours::Neighbours;
use crate::office::{Change, WhatChanged};
use crate::store::{CredentialRow, Store, StoreError};

/// Remembers credentials and destinations, and looks up what it does not know.
#[derive(Debug)]
pub struct Directory {
    credentials: HashMap<Text, Credential>,
    destinations: HashMap<String, Destination>,
    // Under which of them a group is remembered: these are forgotten often.
    groups: HashSet<String>,
    // Logins and numbers that nobody has: scanners ask for thousands.
    unknown_logins: HashSet<Text>,
    unknown_dialled: HashSet<String>,
    // Counts changes, so that the answer to a question from before a change is not remembered after it.
    changes: u64,
    dialling: Arc<Dialling>,
    neighbours: watch::Receiver<Arc<Neighbours>>,
    lookups: Lookups,
}

/// The end of the directory that waits for the database.
#[derive(Debug)]
struct Lookups {
    store: Store,
    runtime: tokio::runtime::Handle,
    found: mpsc::UnboundedSender<Found>,
}

/// The database has answered.
#[derive(Debug)]
pub struct Found {
    ask: AskId,
    changes: u64,
    result: FoundResult,
}

#[derive(Debug)]
pub(super) enum FoundResult {
    Credential {
        login: Text,
        row: Result<Option<CredentialRow>, StoreError>,
    },
    Reached {
        dialled: String,
        /// Where it leads, and what the caller is told of it.
        found: Result<(Reached, Reached), StoreError>,
    },
    /// Whoever watches is asked about when they begin and when something changes: nothing of it is remembered here.
    Presence(Result<Answer, StoreError>),
}

/// About 300 bytes each: 30 MB at most, reached by a hundred thousand phones.
const REMEMBERED: usize = 100_000;
/// Of what nobody has, only as many as a scanner tries in a minute.
const REMEMBERED_UNKNOWN: usize = 10_000;

impl Directory {
    /// A directory that knows nothing yet. The database's answers come out of the receiver.
    pub fn new(
        store: Store,
        dialling: Dialling,
        runtime: tokio::runtime::Handle,
    ) -> (Self, mpsc::UnboundedReceiver<Found>) {
        // Bounded by the number of questions that the switch keeps open.
        let (found, inbox) = mpsc::unbounded_channel();
        let directory = Self {
            credentials: HashMap::new(),
            destinations: HashMap::new(),
            groups: HashSet::new(),
            unknown_logins: HashSet::new(),
            unknown_dialled: HashSet::new(),
            changes: 0,
            dialling: Arc::new(dialling),
            neighbours: watch::channel(Arc::default()).1,
            lookups: Lookups {
                store,
                runtime,
                found,
            },
        };
        (directory, inbox)
    }

    /// The same, which looks for phones at other servers too.
    #[must_use]
    pub(crate) fn with_neighbours(self, neighbours: watch::Receiver<Arc<Neighbours>>) -> Self {
        Self { neighbours, ..self }
    }

    /// Who has this login? `None`: the answer comes later.
    pub fn credential(&self, ask: AskId, login: &Text) -> Option<Answer> {
        if let Some(credential) = self.credentials.get(login.as_str()) {
            return Some(Answer::Credential(Some(credential.clone())));
        }
        if self.unknown_logins.contains(login.as_str()) {
            return Some(Answer::Credential(None));
        }
        let (store, login) = (self.lookups.store.clone(), login.clone());
        self.look_up(ask, async move {
            let row = store.credential(&login).await;
            FoundResult::Credential { login, row }
        });
        None
    }

    /// Where does this number or name lead, for this caller? `None`: the answer comes later.
    /// Whoever is heard there, if it is not the caller, must be as welcome.
    pub fn reached(
        &self,
        ask: AskId,
        dialled: &str,
        caller: &Party,
        on_behalf_of: Option<switch::AccountId>,
    ) -> Option<Answer> {
        let Some(wanted) = Wanted::read(&self.dialling.plan, dialled) else {
            return Some(Answer::Destination(Reached::Nobody));
        };
        let key = wanted.as_str();
        if self.unknown_dialled.contains(key) {
            return Some(Answer::Destination(Reached::Nobody));
        }
        let others = Arc::clone(&self.neighbours.borrow());
        if let Some(destination) = self.destinations.get(key) {
            let reached = || Reached::Account(destination.clone());
            let told = match caller.is_guest {
                true => self.dialling.for_guest(&wanted, reached()),
                false => Some(reached()),
            };
            if let Some(told) = told {
                let told = for_caller(told, caller, on_behalf_of);
                if others.is_empty() {
                    return Some(Answer::Destination(told));
                }
                let (store, dialled) = (self.lookups.store.clone(), key.to_owned());
                let reached = reached();
                self.look_up(ask, async move {
                    let told = elsewhere::add(&store, &others, told).await;
                    let found = Ok((reached, told));
                    FoundResult::Reached { dialled, found }
                });
                return None;
            }
        }
        let store = self.lookups.store.clone();
        let dialling = caller.is_guest.then(|| self.dialling.clone());
        let caller = caller.clone();
        self.look_up(ask, async move {
            let found = look_up(&store, &wanted, dialling).await;
            let mut found =
                found.map(|(reached, told)| (reached, for_caller(told, &caller, on_behalf_of)));
            if let (Ok((_, told)), false) = (&mut found, others.is_empty()) {
                *told = elsewhere::add(&store, &others, told.clone()).await;
            }
            let dialled = wanted.as_str().to_owned();
            FoundResult::Reached { dialled, found }
        });
        None
    }

    /// Takes an answer of the database and passes it on. `None` if the database failed: the question stays open and
    /// runs into its time limit, which says "server error" to the phone.
    pub fn found(&mut self, found: Found) -> Option<(AskId, Answer)> {
        let is_fresh = found.changes == self.changes;
        let answer = match found.result {
            FoundResult::Credential { login, row } => {
                let credential = row
                    .map(|row| row.map(into_credential))
                    .inspect_err(log_failure)
                    .ok()?;
                match &credential {
                    Some(credential) if is_fresh => {
                        remember(&mut self.credentials, login, credential.clone())
                    }
                    None if is_fresh => remember_unknown(&mut self.unknown_logins, login),
                    _ => {}
                }
                Answer::Credential(credential)
            }
            FoundResult::Reached { dialled, found } => {
                let (reached, told) = found.inspect_err(log_failure).ok()?;
                match reached {
                    Reached::Account(destination) if is_fresh => {
                        if !destination.treatment.members.is_empty() {
                            self.groups.insert(dialled.clone());
                        }
                        remember(&mut self.destinations, dialled, destination)
                    }
                    Reached::Nobody if is_fresh => {
                        remember_unknown(&mut self.unknown_dialled, dialled)
                    }
                    // Numbers that were given up are called seldom, and many things can change where they lead.
                    _ => {}
                }
                Answer::Destination(told)
            }
            FoundResult::Presence(answer) => answer.inspect_err(log_failure).ok()?,
        };
        Some((found.ask, answer))
    }

    /// Forgets what is not true any more. Groups go each time: how they ring depends on all their members, and they are few.
    pub fn forget(&mut self, change: &Change) {
        self.changes += 1;
        if change.everything {
            self.credentials.clear();
            self.unknown_logins.clear();
            self.destinations.clear();
            self.unknown_dialled.clear();
        }
        // Whom somebody has blocked is remembered with them.
        let contacts = change.people.iter();
        let contacts = contacts.filter(|person| person.what == WhatChanged::Contacts);
        let blockers: Vec<i64> = contacts.map(|person| person.account.0).collect();
        if !blockers.is_empty() {
            self.destinations
                .retain(|_, to| !blockers.contains(&to.account.0));
        }
        for dialled in self.groups.drain() {
            self.destinations.remove(&dialled);
        }
        for login in &change.logins {
            self.credentials.remove(login.as_str());
            self.unknown_logins.remove(login.as_str());
        }
        let numbers = change.people.iter().flat_map(|person| match &person.what {
            WhatChanged::Number { old, new } => [old.as_ref(), new.as_ref()],
            _ => [None, None],
        });
        let numbers = numbers.flatten().map(Number::as_str);
        for dialled in change.dialled.iter().map(String::as_str).chain(numbers) {
            self.destinations.remove(dialled);
            self.unknown_dialled.remove(dialled);
        }
    }

    pub(super) fn store(&self) -> Store {
        self.lookups.store.clone()
    }

    pub(super) fn dialling(&self) -> Arc<Dialling> {
        self.dialling.clone()
    }

    pub(super) fn look_up(
        &self,
        ask: AskId,
        question: impl Future<Output = FoundResult> + Send + 'static,
    ) {
        let (found, changes) = (self.lookups.found.clone(), self.changes);
        self.lookups.runtime.spawn(async move {
            let result = question.await;
            // Nobody is left to hear it when the exchange has stopped.
            let _ = found.send(Found {
                ask,
                changes,
                result,
            });
        });
    }
}

/// Where something leads, and what the caller is told of it; for a guest with the rule that holds for guests.
async fn look_up(
    store: &Store,
    wanted: &Wanted,
    guest: Option<Arc<Dialling>>,
) -> Result<(Reached, Reached), StoreError> {
    let reached = wanted.look_up(store).await?;
    let Some(dialling) = guest else {
        return Ok((reached.clone(), reached));
    };
    let told = match dialling.for_guest(wanted, reached.clone()) {
        Some(told) => told,
        None => {
            let purpose = match wanted.number() {
                Some(number) => store.purpose_of(number).await?,
                None => None,
            };
            dialling.for_guest_in_pool(wanted, purpose, reached.clone())
        }
    };
    Ok((reached, told))
}

fn remember<K: Eq + std::hash::Hash, V>(map: &mut HashMap<K, V>, key: K, value: V) {
    if map.len() >= REMEMBERED {
        map.clear();
    }
    map.insert(key, value);
}

fn remember_unknown<K: Eq + std::hash::Hash>(set: &mut HashSet<K>, key: K) {
    if set.len() >= REMEMBERED_UNKNOWN {
        set.clear();
    }
    set.insert(key);
}

fn log_failure(error: &StoreError) {
    tracing::error!(%error, "a question of the exchange stays without an answer");
}

fn into_credential(row: CredentialRow) -> Credential {
    Credential {
        account: switch::AccountId(row.account.0),
        device: switch::DeviceId(row.device.0),
        login: row.login.into(),
        ha1: row.ha1,
        number: row.number.map(|number| String::from(number).into()),
        other_numbers: row
            .other_numbers
            .into_iter()
            .map(|number| String::from(number).into())
            .collect(),
        display_name: row.display_name.into(),
        is_guest: row.is_guest,
        groups: { row.groups.into_iter() }
            .map(|group| switch::AccountId(group.0))
            .collect(),
    }
}

#[cfg(test)]
mod tests;
