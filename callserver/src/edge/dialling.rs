//! What somebody dialled: how it is read, and whether they may.

use std::sync::Arc;
use std::time::SystemTime;

use api::{AccountKind, DialPlan, Number, PoolPurpose, Username};
use sip::Text;
use switch::{Destination, Reached};

use crate::config::GuestCalls;
use crate::store::{self, ReachedAccount, Store, StoreError};

/// What the operator decides about it.
#[derive(Clone, Default, Debug)]
pub struct Dialling {
    /// How numbers are read.
    pub plan: DialPlan,
    /// Whom guests may call.
    pub guest_calls: GuestCalls,
    /// Whether guests see the presence of people who do not know them.
    pub guests_see_everyone: bool,
}

/// What somebody dialled, in the one form that the database knows it by.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    Number(Number),
    Name(Username),
}

impl Wanted {
    pub(super) fn read(plan: &DialPlan, dialled: &str) -> Option<Self> {
        // A name begins with a letter, a number never holds one.
        let number = plan.read(dialled).map(Self::Number);
        number
            .or_else(|_| Username::existing(dialled).map(Self::Name))
            .ok()
    }

    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Number(number) => number.as_str(),
            Self::Name(name) => name.as_str(),
        }
    }

    pub(super) fn number(&self) -> Option<&Number> {
        match self {
            Self::Number(number) => Some(number),
            Self::Name(_) => None,
        }
    }

    /// Where it leads now, as the database knows it.
    pub(super) async fn look_up(&self, store: &Store) -> Result<Reached, StoreError> {
        match self {
            Self::Number(number) => Ok(reached(number, store.reached_by(number).await?)),
            Self::Name(name) => {
                let row = store.account_called(name, SystemTime::now()).await?;
                let row = row.map(|row| ReachedAccount {
                    account: row.account,
                    is_guest: row.kind == AccountKind::Guest,
                    display_name: row.display_name,
                    is_disabled: row.is_disabled,
                    number: row.number,
                });
                Ok(row
                    .and_then(callable)
                    .map_or(Reached::Nobody, Reached::Account))
            }
        }
    }
}

fn reached(number: &Number, found: store::Reached) -> Reached {
    match found {
        store::Reached::Account(row) => callable(row).map_or(Reached::Nobody, Reached::Account),
        store::Reached::ForwardedTo(row) => callable(row).map_or(Reached::Gone, |to| {
            let from = Text::from(number.as_str().to_owned());
            Reached::Forwarded { from, to }
        }),
        store::Reached::Moved { to, account } => match callable(account) {
            Some(_) => Reached::Moved {
                to: Text::from(String::from(to)),
            },
            None => Reached::Gone,
        },
        store::Reached::Gone => Reached::Gone,
        store::Reached::Nobody => Reached::Nobody,
    }
}

/// The account as it can be called, unless it is disabled.
fn callable(row: ReachedAccount) -> Option<Destination> {
    (!row.is_disabled).then(|| Destination {
        account: switch::AccountId(row.account.0),
        number: row.number.map(|number| String::from(number).into()),
        display_name: row.display_name.into(),
        is_guest: row.is_guest,
        treatment: Arc::default(),
        elsewhere: Vec::new(),
    })
}

impl Dialling {
    /// What a guest gets to hear of where this leads. `None`: it depends on the pool that the number is in.
    pub(super) fn for_guest(&self, wanted: &Wanted, reached: Reached) -> Option<Reached> {
        let (is_guest, number) = match &reached {
            Reached::Account(to) | Reached::Forwarded { to, .. } => (to.is_guest, wanted.number()),
            // Guests do not move: their numbers end with them.
            Reached::Moved { .. } => (false, wanted.number()),
            Reached::Gone | Reached::NotAllowed | Reached::Blocked(_) | Reached::Nobody => {
                return Some(reached);
            }
        };
        match self.guest_calls.allow(number, is_guest)? {
            true => Some(reached),
            false => Some(Reached::NotAllowed),
        }
    }

    /// The same, when the pool is known.
    pub(super) fn for_guest_in_pool(
        &self,
        wanted: &Wanted,
        purpose: Option<PoolPurpose>,
        reached: Reached,
    ) -> Reached {
        match self.for_guest(wanted, reached.clone()) {
            Some(reached) => reached,
            None if self.guest_calls.allow_pool(purpose) => reached,
            None => Reached::NotAllowed,
        }
    }
}
