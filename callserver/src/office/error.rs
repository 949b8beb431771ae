//! Why the office refuses: one sentence each.

use std::time::Duration;

use api::{
    Number, NumberRefused, PasswordRefused, ProblemKind, SessionId, TextRefused, UsernameRefused,
};

use crate::passwords::HashError;
use crate::store::StoreError;

/// Why something was not done. The text is meant for the person who asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OfficeError {
    /// The name breaks its rule.
    #[error(transparent)]
    Username(#[from] UsernameRefused),
    /// The password breaks its rule.
    #[error(transparent)]
    Password(#[from] PasswordRefused),
    /// The display name or label breaks its rule.
    #[error(transparent)]
    Text(#[from] TextRefused),
    /// The number breaks its rule.
    #[error("{text:?} is not a number: {reason}")]
    Number {
        /// What was written.
        text: String,
        /// The rule that it breaks.
        reason: NumberRefused,
    },
    /// Somebody has this name.
    #[error("The username {name:?} is taken; choose another one.")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// Nobody has this name.
    #[error("There is no account {name:?}; `callctl accounts list` shows all.")]
    NoSuchAccount {
        /// The name.
        name: String,
    },
    /// The account has no such device.
    #[error(
        "The account {name:?} has no device with the login {login:?}; `callctl devices list {name}` shows all."
    )]
    NoSuchDevice {
        /// The account.
        name: String,
        /// The login.
        login: String,
    },
    /// Somebody else has this number, or it is kept back.
    #[error("The number {number} is {state}; {}.", nearest(alternatives))]
    NumberTaken {
        /// The number.
        number: Number,
        /// What it is, in words.
        state: String,
        /// The nearest free ones.
        alternatives: Vec<Number>,
    },
    /// Nobody holds this number.
    #[error("Nobody holds the number {number}; `callctl numbers list` shows who holds which.")]
    NumberNotAssigned {
        /// The number.
        number: Number,
    },
    /// All pools are used up.
    #[error("No number is left in the pools; name one with --number, or release one.")]
    NoFreeNumber,
    /// Name and password do not belong together.
    #[error("Name or password is wrong; check both and try again.")]
    WrongPassword,
    /// The token proves nothing, or nothing any more.
    #[error("You are not logged in, or not any more; get new tokens or log in again.")]
    NoSession,
    /// The account has no such session.
    #[error("You have no session {session}; the list of your sessions shows all.")]
    NoSuchSession {
        /// Its id.
        session: SessionId,
    },
    /// The account may not log in.
    #[error("This account is disabled; ask the administrator.")]
    Disabled,
    /// Too many failed logins.
    #[error("Too many failed logins; wait {} seconds and try again.", wait.as_secs() + 1)]
    TooManyAttempts {
        /// How long to wait.
        wait: Duration,
    },
    /// The password could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn nearest(numbers: &[Number]) -> String {
    match numbers {
        [] => "choose another one".into(),
        [one] => format!("{one} is free"),
        [first, rest @ ..] => {
            let rest = rest
                .iter()
                .map(|number| format!(", {number}"))
                .collect::<String>();
            format!("near it are free {first}{rest}")
        }
    }
}

impl OfficeError {
    /// What kind of problem this is for a program.
    pub fn kind(&self) -> ProblemKind {
        match self {
            Self::Username(_) | Self::Password(_) | Self::Text(_) | Self::Number { .. } => {
                ProblemKind::BadRequest
            }
            Self::NameTaken { .. } | Self::NumberTaken { .. } | Self::NoFreeNumber => {
                ProblemKind::Conflict
            }
            Self::NoSuchAccount { .. }
            | Self::NoSuchDevice { .. }
            | Self::NoSuchSession { .. }
            | Self::NumberNotAssigned { .. } => ProblemKind::NotFound,
            Self::WrongPassword => ProblemKind::WrongPassword,
            Self::NoSession => ProblemKind::NoSession,
            Self::Disabled => ProblemKind::AccountDisabled,
            Self::TooManyAttempts { .. } => ProblemKind::TooManyAttempts,
            Self::Hash(_) | Self::Store(_) => ProblemKind::Internal,
        }
    }
}
