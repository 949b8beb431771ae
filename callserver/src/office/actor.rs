//! Who asks the office to do something: written into the audit log with what was done.

use std::net::IpAddr;

use api::AccountId;

/// Who asks, and from where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Actor {
    /// What kind of person or thing.
    pub kind: ActorKind,
    /// Its account, if it has one.
    pub account: Option<AccountId>,
    /// Its name at this moment.
    pub name: Option<String>,
    /// From where; `None`: from this machine.
    pub source: Option<IpAddr>,
}

/// What kind of person or thing asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ActorKind {
    /// Somebody who has logged in.
    Account,
    /// Whoever may use `callctl` on this machine.
    Operator,
    /// The server itself, when a time has come.
    System,
    /// Somebody who has not logged in.
    Stranger,
}

impl Actor {
    /// The server itself.
    pub const SYSTEM: Self = Self {
        kind: ActorKind::System,
        account: None,
        name: None,
        source: None,
    };

    /// Whoever may use `callctl` on this machine; `name` is their name on it.
    pub fn operator(name: Option<String>) -> Self {
        Self {
            kind: ActorKind::Operator,
            name,
            ..Self::SYSTEM
        }
    }

    /// Somebody at `source` who has not logged in.
    pub fn stranger(source: IpAddr) -> Self {
        Self {
            kind: ActorKind::Stranger,
            source: Some(source),
            ..Self::SYSTEM
        }
    }

    /// Somebody who has logged in.
    pub fn account(account: AccountId, name: String, source: IpAddr) -> Self {
        Self {
            kind: ActorKind::Account,
            account: Some(account),
            name: Some(name),
            source: Some(source),
        }
    }
}
