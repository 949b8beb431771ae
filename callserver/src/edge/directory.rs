//! What the database says about logins and numbers, remembered so that a known phone costs no query.
//!
//! Everything that changes the database announces it and waits until it is forgotten here, so nothing remembered is
//! ever older than what somebody was told is done.

use std::collections::{HashMap, HashSet};

use api::{Number, Username};
use sip::Text;
use switch::{Answer, AskId, Credential, Destination, Reached};
use tokio::sync::mpsc;

use crate::office::Change;
use crate::store::{AccountRow, CredentialRow, Store, StoreError};

/// Remembers credentials and destinations, and looks up what it does not know.
#[derive(Debug)]
pub(super) struct Directory {
    credentials: HashMap<Text, Credential>,
    destinations: HashMap<String, Destination>,
    // Logins and numbers that nobody has: scanners ask for thousands.
    unknown_logins: HashSet<Text>,
    unknown_dialled: HashSet<String>,
    // Counts changes, so that the answer to a question from before a change is not remembered after it.
    changes: u64,
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
pub(super) struct Found {
    ask: AskId,
    changes: u64,
    result: FoundResult,
}

#[derive(Debug)]
enum FoundResult {
    Credential {
        login: Text,
        row: Result<Option<CredentialRow>, StoreError>,
    },
    Destination {
        dialled: String,
        row: Result<Option<AccountRow>, StoreError>,
    },
}

/// About 300 bytes each: 30 MB at most, reached by a hundred thousand phones.
const REMEMBERED: usize = 100_000;
/// Of what nobody has, only as many as a scanner tries in a minute.
const REMEMBERED_UNKNOWN: usize = 10_000;

impl Directory {
    /// A directory that knows nothing yet. The database's answers come out of the receiver.
    pub(super) fn new(
        store: Store,
        runtime: tokio::runtime::Handle,
    ) -> (Self, mpsc::UnboundedReceiver<Found>) {
        // Bounded by the number of questions that the switch keeps open.
        let (found, inbox) = mpsc::unbounded_channel();
        let directory = Self {
            credentials: HashMap::new(),
            destinations: HashMap::new(),
            unknown_logins: HashSet::new(),
            unknown_dialled: HashSet::new(),
            changes: 0,
            lookups: Lookups {
                store,
                runtime,
                found,
            },
        };
        (directory, inbox)
    }

    /// Who has this login? `None`: the answer comes later.
    pub(super) fn credential(&self, ask: AskId, login: &Text) -> Option<Answer> {
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

    /// Whom does this number or name reach? `None`: the answer comes later.
    pub(super) fn reached(&self, ask: AskId, dialled: &str) -> Option<Answer> {
        let Some(wanted) = Wanted::parse(dialled) else {
            return Some(Answer::Destination(Reached::Nobody));
        };
        let key = wanted.as_str();
        if let Some(destination) = self.destinations.get(key) {
            return Some(Answer::Destination(Reached::Account(destination.clone())));
        }
        if self.unknown_dialled.contains(key) {
            return Some(Answer::Destination(Reached::Nobody));
        }
        let store = self.lookups.store.clone();
        self.look_up(ask, async move {
            let row = match &wanted {
                Wanted::Number(number) => store.account_by_number(number).await,
                Wanted::Name(name) => store.account_by_name(name).await,
            };
            FoundResult::Destination {
                dialled: wanted.as_str().to_owned(),
                row,
            }
        });
        None
    }

    /// Takes an answer of the database and passes it on. `None` if the database failed: the question stays open and
    /// runs into its time limit, which says "server error" to the phone.
    pub(super) fn found(&mut self, found: Found) -> Option<(AskId, Answer)> {
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
            FoundResult::Destination { dialled, row } => {
                let destination = row
                    .map(|row| row.and_then(into_destination))
                    .inspect_err(log_failure)
                    .ok()?;
                match &destination {
                    Some(destination) if is_fresh => {
                        remember(&mut self.destinations, dialled, destination.clone())
                    }
                    None if is_fresh => remember_unknown(&mut self.unknown_dialled, dialled),
                    _ => {}
                }
                Answer::Destination(destination.map_or(Reached::Nobody, Reached::Account))
            }
        };
        Some((found.ask, answer))
    }

    /// Forgets what is not true any more.
    pub(super) fn forget(&mut self, change: &Change) {
        self.changes += 1;
        if change.everything {
            self.credentials.clear();
            self.unknown_logins.clear();
            self.destinations.clear();
            self.unknown_dialled.clear();
        }
        for login in &change.logins {
            self.credentials.remove(login.as_str());
            self.unknown_logins.remove(login.as_str());
        }
        for dialled in &change.dialled {
            self.destinations.remove(dialled);
            self.unknown_dialled.remove(dialled);
        }
    }

    fn look_up(&self, ask: AskId, question: impl Future<Output = FoundResult> + Send + 'static) {
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

/// What somebody dialled, in the one form that the database knows it by.
enum Wanted {
    Number(Number),
    Name(Username),
}

impl Wanted {
    fn parse(dialled: &str) -> Option<Self> {
        // A name begins with a letter, a number never holds one.
        let number = Number::parse(dialled).map(Self::Number);
        number
            .or_else(|_| Username::existing(dialled).map(Self::Name))
            .ok()
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Number(number) => number.as_str(),
            Self::Name(name) => name.as_str(),
        }
    }
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
    }
}

fn into_destination(row: AccountRow) -> Option<Destination> {
    (!row.is_disabled).then(|| Destination {
        account: switch::AccountId(row.account.0),
        number: row.number.map(|number| String::from(number).into()),
        display_name: row.display_name.into(),
        is_guest: false,
    })
}
