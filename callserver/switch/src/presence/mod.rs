//! Presence: who watches whom, and what they are told (RFC 3856, 4235, 3857, 3842, 3903).
//!
//! A subscription hangs on the accounts at its two ends, never on a number. What somebody is is made of their phones and
//! calls, which are known here, and of what they tell about themselves and to whom, which is asked for
//! ([`Question::Watched`](crate::Question::Watched), [`Question::Viewers`](crate::Question::Viewers)) and asked for again
//! when it changes ([`Input::PresenceChanged`](crate::Input::PresenceChanged)). Whoever may see nothing is let in all the
//! same and sees somebody offline: a refusal would be a hint.
//!
//! A change costs in proportion to its watchers, and each of them is told once a second at most.

mod bodies;
mod calls;
mod notice;
mod package;
mod pidf;
mod publish;
mod seen;
mod subscribe;
mod tell;
mod xml;

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::time::Instant;

use calls::Calls;
pub(crate) use package::Package;
use pidf::Published;
pub use seen::{Activity, Chosen, Facts, Seen, Shown, Told};
use sip::{PublicationLimits, PublicationStore, SubscriptionId, Text};
use smallvec::SmallVec;
pub(crate) use subscribe::{Asking, Finding};

use crate::registrar::Registrar;
use crate::timetable::TimerId;
use crate::{AccountId, CallId, MessageCount, StoredCall};

/// Everything about who watches whom.
#[derive(Debug)]
pub(crate) struct Presence {
    watches: HashMap<SubscriptionId, Watch>,
    /// Accounts that somebody watches.
    watched: HashMap<AccountId, Watched>,
    /// How many subscriptions each account has with others.
    subscriptions: HashMap<AccountId, usize>,
    calls: Calls,
    publications: PublicationStore,
    /// When the next publication expires, and the timer for it.
    expiry: Option<(Instant, TimerId)>,
}

/// One subscription.
#[derive(Debug)]
struct Watch {
    package: Package,
    account: AccountId,
    watcher: AccountId,
    /// The device's digest user name: the subscription ends with it.
    login: Text,
    /// The watcher's address, for the list of watchers.
    address: Text,
    /// Whom the watcher means, as it wrote them.
    entity: Text,
    /// Where the last authenticated SUBSCRIBE came from.
    source: IpAddr,
    may_see: bool,
    /// Counts the documents that have versions.
    version: u32,
    /// What it was told last.
    told: Option<Seen>,
    /// The calls that it knows of.
    calls: SmallVec<[CallId; 2]>,
    /// Before this moment it is not told anything more.
    not_before: Option<Instant>,
    is_planned: bool,
}

/// An account that somebody watches.
#[derive(Debug, Default)]
struct Watched {
    told: Told,
    messages: MessageCount,
    watches: BTreeSet<SubscriptionId>,
    /// Whether it is being asked about already; and whether it has changed again since.
    is_asked: bool,
    is_stale: bool,
}

impl Presence {
    /// Entity tags follow from the seed.
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        let limits = PublicationLimits {
            // Softphones and desk phones of one person.
            per_resource: 10,
            ..PublicationLimits::default()
        };
        Presence {
            watches: HashMap::new(),
            watched: HashMap::new(),
            subscriptions: HashMap::new(),
            calls: Calls::default(),
            publications: PublicationStore::new(limits, seed),
            expiry: None,
        }
    }

    /// An answered call of the process before goes on.
    pub(crate) fn recall(&mut self, call: &StoredCall) {
        self.calls.recall(call);
    }

    /// The people of a call, caller and callee, and what was dialled.
    pub(crate) fn call(&self, call: CallId) -> Option<([AccountId; 2], &Text)> {
        self.calls.people(call)
    }

    pub(crate) fn is_answered(&self, call: CallId) -> bool {
        self.calls.is_answered(call)
    }

    /// In how many calls an account is.
    pub(crate) fn calls_of(&self, account: AccountId) -> usize {
        self.calls.count(account)
    }

    pub(crate) fn len(&self) -> usize {
        self.watches.len()
    }

    /// What is known of an account here.
    pub(crate) fn facts(&self, registrar: &Registrar, account: AccountId) -> Facts {
        let mut facts = Facts {
            is_registered: registrar.has_phones(account),
            is_in_call: self.calls.speaks(account),
            ..Facts::default()
        };
        if self.publications.is_empty() {
            return facts;
        }
        // The newest publication counts.
        let key = key(account);
        let documents = self.publications.documents(&key, PUBLISHED);
        let published = documents.last();
        if let Some(document) = published {
            let Published { activity, note } = Published::from_kept(&document.body);
            (facts.activity, facts.note) = (activity, note);
        }
        facts
    }
}

/// The package of what is published.
const PUBLISHED: &str = "presence";

/// How the table of publications knows an account.
fn key(account: AccountId) -> String {
    account.to_string()
}
