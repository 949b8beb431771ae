//! What changed, for those who remember it: the exchange, the event streams, other servers on the same database.

use api::{AccountId, Number};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use crate::rooms::RoomNews;

/// Something changed that others may remember wrongly.
#[derive(Debug)]
pub struct Announcement {
    /// What changed.
    pub change: Change,
    /// To be dropped or sent to when everything stale has been forgotten.
    pub done: oneshot::Sender<()>,
}

/// What changed, in the words that the exchange asks its questions with.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Change {
    /// Anything may have changed: another server did much at once, or nobody knows what it did.
    pub everything: bool,
    /// Logins whose credential is another one now, or whose owner has another name or number.
    pub logins: Vec<String>,
    /// Names and numbers that lead somewhere else now, in their normal form.
    pub dialled: Vec<String>,
    /// Logins that are not good any more: their registrations end. They are in `logins` too.
    pub revoked: Vec<String>,
    /// Whose account changed, and how.
    pub people: Vec<PersonChanged>,
    /// A server on this database has come, gone, or is reached elsewhere.
    pub nodes: bool,
    /// What happened in rooms.
    pub rooms: Vec<RoomNews>,
}

/// An account changed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PersonChanged {
    /// Which one.
    pub account: AccountId,
    /// How.
    pub what: WhatChanged,
}

/// What is new about an account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum WhatChanged {
    /// Its primary number.
    Number {
        /// Before.
        old: Option<Number>,
        /// Now.
        new: Option<Number>,
    },
    /// Its username, display name or picture.
    Name,
    /// Its password.
    Password,
    /// Its devices.
    Devices,
    /// Its contacts: whom it knows, and whom it has blocked.
    Contacts,
    /// What it tells about itself, or who may see that.
    Presence,
    /// How calls to it are treated.
    CallSettings,
    /// The messages that were left for it.
    Voicemail,
    /// It is no more, or disabled.
    Removed,
}

impl Change {
    /// Both changes as one.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        let join = |mine: &mut Vec<String>, others: Vec<String>| {
            mine.extend(others);
            mine.sort_unstable();
            mine.dedup();
        };
        join(&mut self.logins, other.logins);
        join(&mut self.dialled, other.dialled);
        join(&mut self.revoked, other.revoked);
        self.people.extend(other.people);
        self.nodes |= other.nodes;
        self.rooms.extend(other.rooms);
        self
    }

    /// Whether nobody remembers anything wrongly.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
