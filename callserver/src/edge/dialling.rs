//! What somebody dialled: how it is read, and whether they may.

use std::time::SystemTime;

use api::{AccountKind, DialPlan, Number, PoolPurpose, Username};
use sip::Text;
use switch::Reached;

use super::treatment::destination;
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
            Self::Number(number) => reached(store, number, store.reached_by(number).await?).await,
            Self::Name(name) => {
                let row = store.account_called(name, SystemTime::now()).await?;
                let row = row.map(|row| ReachedAccount {
                    account: row.account,
                    is_guest: row.kind == AccountKind::Guest,
                    display_name: row.display_name,
                    is_disabled: row.is_disabled,
                    number: row.number,
                    is_treated: true,
                });
                let Some(row) = row.filter(is_callable) else {
                    return Ok(Reached::Nobody);
                };
                Ok(Reached::Account(destination(store, row).await?))
            }
        }
    }
}

async fn reached(
    store: &Store,
    number: &Number,
    found: store::Reached,
) -> Result<Reached, StoreError> {
    Ok(match found {
        store::Reached::Account(row) if is_callable(&row) => {
            Reached::Account(destination(store, row).await?)
        }
        store::Reached::ForwardedTo(row) if is_callable(&row) => Reached::Forwarded {
            from: Text::from(number.as_str().to_owned()),
            to: destination(store, row).await?,
        },
        store::Reached::Moved { to, account } if is_callable(&account) => Reached::Moved {
            to: Text::from(String::from(to)),
        },
        store::Reached::ForwardedTo(_) | store::Reached::Moved { .. } | store::Reached::Gone => {
            Reached::Gone
        }
        store::Reached::Account(_) | store::Reached::Nobody => Reached::Nobody,
    })
}

/// A disabled account is nobody for its callers.
fn is_callable(row: &ReachedAccount) -> bool {
    !row.is_disabled
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
