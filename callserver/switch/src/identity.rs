//! Who and what the switch speaks about: accounts, devices, calls, sides.

use std::fmt;

use serde::{Deserialize, Serialize};
use sip::{Host, NameAddr, Text, Uri};

/// The immutable id of an account. Registrations and calls hang on it, never on a number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct AccountId(pub i64);

/// The id of one device of an account: one phone with its own SIP credential.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct DeviceId(pub i64);

/// One registration, as long as it lives, refreshes and restarts included.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct BindingId(pub u64);

/// One call, from the caller's INVITE to its end. Unique within one [`Switch`](crate::Switch), never used twice.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct CallId(pub u64);

/// One wish to be called back. Never used twice within one [`Switch`](crate::Switch).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct CompletionId(pub u64);

/// One question to the world outside, see [`Question`](crate::Question).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct AskId(pub u64);

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One of the two sides of a call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Side {
    /// The phone that sent the first INVITE.
    Caller,
    /// The phone, or all the phones, that the call rings.
    Callee,
}

impl Side {
    /// The opposite side.
    #[must_use]
    pub fn other(self) -> Side {
        match self {
            Side::Caller => Side::Callee,
            Side::Callee => Side::Caller,
        }
    }
}

/// A person in a call, as they were when the call began.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Party {
    /// The account.
    pub account: AccountId,
    /// The number that the account had at that moment.
    pub number: Option<Text>,
    /// The name to show to people.
    pub display_name: Text,
    /// Whether the account has its number for a while only.
    pub is_guest: bool,
}

impl Party {
    /// How a person is shown to the other side: by the number that can be called back.
    pub(crate) fn address(&self, domain: &Text) -> NameAddr {
        let number = self.number.as_deref().unwrap_or("unknown");
        let uri = Uri::sip(Host::Name(domain.clone()), None).with_user(number);
        match self.display_name.as_str() {
            "" => NameAddr::new(uri),
            _ => NameAddr::new(uri).with_display_name(self.display_name.clone()),
        }
    }
}
