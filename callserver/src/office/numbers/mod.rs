//! The number plan: who holds which number, one file a verb.
//!
//! A number is a lease. Each verb is one transaction that checks, changes the number, writes a line of its history and an
//! entry of the audit log, and announces what others remember. Two rules decide most refusals:
//!
//! * **who asks**: an [`Right::Owner`] takes what is free in the pools for accounts and gives up or takes back what is
//!   theirs; an [`Right::Administrator`] may also take numbers outside the pools, of other pools, and reserved ones;
//! * **what rests stays its owner's**: a number in quarantine goes to nobody else until it ends or an administrator
//!   releases it.

mod assign;
mod change;
mod error;
mod export;
mod import;
mod leases;
mod near;
mod pools;
mod quarantine;
mod release;
mod reserve;
mod swap;
mod take_back;
mod wish;

use std::time::{Duration, SystemTime};

use api::{AccountId, AfterChange, Number, NumberState, OnCall, PoolPurpose};

pub use change::NumberChanged;
pub use error::PlanError;
pub use import::{ImportLine, ImportReport, RefusedLine};
pub use leases::LeasesEnded;
pub use wish::Wish;

use super::accounts::parse_number;
use super::{ActorKind, Change, Office, OfficeError, PersonChanged, WhatChanged};
use crate::store::{AccountRow, Lease, NumberHistoryRow, NumberRow, Transaction};

/// So many free numbers are named in a refusal.
const ALTERNATIVES: usize = 3;

/// So many numbers that an owner gave up may rest at once; more would be a way to use up the pool.
const MOST_RESTING: usize = 10;

/// With whose right a number is changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Right {
    /// Of whoever holds the account.
    Owner,
    /// Of an administrator.
    Administrator,
}

/// Whose number: an account by its id or by its present name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Holder {
    /// The id.
    Id(AccountId),
    /// The username.
    Name(String),
}

impl From<AccountId> for Holder {
    fn from(account: AccountId) -> Self {
        Self::Id(account)
    }
}

impl From<&str> for Holder {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

impl Office {
    /// All numbers that were ever touched, or those in one state.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn numbers(&self, state: Option<NumberState>) -> Result<Vec<NumberRow>, OfficeError> {
        Ok(self.store.numbers(state).await?)
    }

    /// The numbers that belong to an account, those that rest too, the primary one first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn numbers_of(&self, account: AccountId) -> Result<Vec<NumberRow>, OfficeError> {
        Ok(self.store.numbers_that_belong_to(account).await?)
    }

    /// What happened to a number.
    ///
    /// # Errors
    /// If it is no number, or the database fails.
    pub async fn number_history(&self, number: &str) -> Result<Vec<NumberHistoryRow>, OfficeError> {
        Ok(self.store.number_history(&parse_number(number)?).await?)
    }

    /// The refusal of a number that cannot be given, with what it is and what is free near it. Strangers, who make their
    /// own accounts, are not told who holds it.
    pub(super) async fn number_taken(
        &self,
        tx: &mut Transaction,
        number: Number,
    ) -> Result<OfficeError, OfficeError> {
        let right = match self.actor.kind {
            ActorKind::Stranger => Right::Owner,
            ActorKind::Account | ActorKind::Operator | ActorKind::System => Right::Administrator,
        };
        Self::refused(tx, number, right).await
    }

    /// The refusal of a number, in the words that whoever asks may read: who holds it is for administrators.
    async fn refused(
        tx: &mut Transaction,
        number: Number,
        right: Right,
    ) -> Result<OfficeError, OfficeError> {
        let state = match (tx.number(&number).await?, right) {
            (Some(row), Right::Administrator) => match (row.state, row.username) {
                (NumberState::Assigned, Some(name)) => format!("held by {name:?}"),
                (NumberState::Guest, _) => "lent to a guest".to_owned(),
                (state, _) => state.to_string(),
            },
            (Some(row), Right::Owner) => match row.state {
                NumberState::Assigned | NumberState::Guest => "taken".to_owned(),
                NumberState::Free => Self::not_given(tx, &number).await?,
                state => state.to_string(),
            },
            (None, _) => Self::not_given(tx, &number).await?,
        };
        Ok(OfficeError::NumberTaken {
            alternatives: tx.nearest_free_numbers(&number, ALTERNATIVES).await?,
            number,
            state,
        })
    }

    /// Why a number that nobody holds is given to nobody.
    async fn not_given(tx: &mut Transaction, number: &Number) -> Result<String, OfficeError> {
        Ok(match tx.purpose_of(number).await? {
            None => "outside every pool".to_owned(),
            Some(PoolPurpose::Accounts) => "not available".to_owned(),
            Some(purpose) => format!("kept for {purpose}"),
        })
    }

    async fn holder(tx: &mut Transaction, holder: &Holder) -> Result<AccountRow, OfficeError> {
        match holder {
            Holder::Name(name) => Self::find(tx, name).await,
            Holder::Id(account) => {
                let found = tx.account_by_id(*account).await?;
                found.ok_or_else(|| OfficeError::NoSuchAccount {
                    name: account.to_string(),
                })
            }
        }
    }

    /// One of the numbers that an account holds; those that rest are not held.
    async fn held(
        tx: &mut Transaction,
        account: &AccountRow,
        number: &Number,
    ) -> Result<NumberRow, OfficeError> {
        let row = tx.number(number).await?.filter(|row| {
            row.account == Some(account.account) && row.state != NumberState::Quarantined
        });
        row.ok_or_else(|| {
            PlanError::NotHeld {
                number: number.clone(),
                name: account.username.clone(),
            }
            .into()
        })
    }

    /// Whether the number may be given to this account now.
    async fn check_available(
        tx: &mut Transaction,
        number: &Number,
        row: Option<&NumberRow>,
        account: AccountId,
        right: Right,
    ) -> Result<(), OfficeError> {
        let is_available = match row.map(|row| (row.state, row.account)) {
            None | Some((NumberState::Free, _)) => {
                right == Right::Administrator
                    || tx.purpose_of(number).await? == Some(PoolPurpose::Accounts)
            }
            Some((NumberState::Reserved, _)) => right == Right::Administrator,
            Some((NumberState::Quarantined, owner)) => owner == Some(account),
            Some((NumberState::Assigned | NumberState::Guest, _)) => false,
        };
        match is_available {
            true => Ok(()),
            false => Err(Self::refused(tx, number.clone(), right).await?),
        }
    }

    /// Makes a number something else in the middle of a write. That it is not any more what was read would be somebody
    /// else's doing, who was quicker.
    async fn set(
        tx: &mut Transaction,
        number: &Number,
        before: Option<&NumberRow>,
        lease: &Lease,
        reason: &str,
        now: SystemTime,
    ) -> Result<(), OfficeError> {
        match tx.set_number(number, before, lease, reason, now).await? {
            true => Ok(()),
            false => Err(Self::refused(tx, number.clone(), Right::Owner).await?),
        }
    }

    /// Lets a number rest that its owner gives up, as long as the operator wants; for no time, it is free.
    pub(super) async fn rest_number(
        &self,
        tx: &mut Transaction,
        row: &NumberRow,
        after: &AfterChange,
        reason: &str,
        now: SystemTime,
    ) -> Result<(), OfficeError> {
        let days = u64::from(self.plan.quarantine_days);
        let lease = match days {
            0 => Lease::Free,
            days => Lease::Quarantined {
                account: row.account,
                ends_at: now + Duration::from_secs(days * 24 * 60 * 60),
                after: Self::settled(after),
            },
        };
        Self::set(tx, &row.number, Some(row), &lease, reason, now).await
    }

    /// A choice without what it does not need.
    fn settled(after: &AfterChange) -> AfterChange {
        AfterChange {
            on_call: after.on_call,
            forward_to: match after.on_call {
                OnCall::Gone => None,
                OnCall::Forward | OnCall::Moved => after.forward_to.clone(),
            },
        }
    }

    /// Whether a number that rests may be replaced by the one that its owner names: somebody holds that, and it is
    /// another one.
    async fn check_after(
        tx: &mut Transaction,
        number: &Number,
        after: &AfterChange,
    ) -> Result<(), OfficeError> {
        let Some(forward_to) = &Self::settled(after).forward_to else {
            return Ok(());
        };
        if forward_to == number {
            return Err(PlanError::ReplacedByItself {
                number: number.clone(),
            }
            .into());
        }
        let is_held = tx
            .number(forward_to)
            .await?
            .is_some_and(|row| matches!(row.state, NumberState::Assigned | NumberState::Guest));
        match is_held {
            true => Ok(()),
            false => Err(OfficeError::NumberNotAssigned {
                number: forward_to.clone(),
            }),
        }
    }

    /// Whether an owner may let one more number rest; counted after it does.
    async fn check_resting(
        tx: &mut Transaction,
        account: AccountId,
        right: Right,
    ) -> Result<(), OfficeError> {
        if right == Right::Administrator {
            return Ok(());
        }
        let rows = tx.numbers_that_belong_to(account).await?;
        let is_resting = |row: &&NumberRow| row.state == NumberState::Quarantined;
        match rows.iter().filter(is_resting).count() > MOST_RESTING {
            true => Err(PlanError::TooManyResting { most: MOST_RESTING }.into()),
            false => Ok(()),
        }
    }

    /// Whether an account may hold as many numbers as it does now.
    async fn check_count(
        &self,
        tx: &mut Transaction,
        account: &AccountRow,
    ) -> Result<(), OfficeError> {
        let held = tx.numbers_of(account.account).await?.len();
        let most = usize::try_from(self.plan.per_account).unwrap_or(usize::MAX);
        match held > most {
            true => Err(PlanError::TooManyNumbers {
                name: account.username.clone(),
                most,
            }
            .into()),
            false => Ok(()),
        }
    }

    /// What others must hear after an account's numbers changed: what led to it before and what leads to it now.
    async fn numbers_changed(
        tx: &mut Transaction,
        account: &AccountRow,
        before: Change,
    ) -> Result<Change, OfficeError> {
        let mut change = before.and(Self::all_about(tx, account).await?);
        let now = tx.account_by_id(account.account).await?;
        let new = now.and_then(|row| row.number);
        if new != account.number {
            change.people.push(PersonChanged {
                account: account.account,
                what: WhatChanged::Number {
                    old: account.number.clone(),
                    new,
                },
            });
        }
        Ok(change)
    }

    /// The row of a number that was written a moment ago.
    async fn written(tx: &mut Transaction, number: &Number) -> Result<NumberRow, OfficeError> {
        let row = tx.number(number).await?;
        row.ok_or_else(|| OfficeError::NumberNotAssigned {
            number: number.clone(),
        })
    }
}

#[cfg(test)]
mod tests;
