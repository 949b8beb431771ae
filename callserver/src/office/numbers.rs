//! Numbers: who holds which, and giving them.

use std::time::SystemTime;

use api::Number;

use super::accounts::parse_number;
use super::{Office, OfficeError};
use crate::store::{NumberHistoryRow, NumberRow, NumberState, Transaction};

impl Office {
    /// All numbers that were ever touched, or those in one state.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn numbers(&self, state: Option<NumberState>) -> Result<Vec<NumberRow>, OfficeError> {
        Ok(self.store.numbers(state).await?)
    }

    /// What happened to a number.
    ///
    /// # Errors
    /// If it is no number, or the database fails.
    pub async fn number_history(&self, number: &str) -> Result<Vec<NumberHistoryRow>, OfficeError> {
        Ok(self.store.number_history(&parse_number(number)?).await?)
    }

    /// Gives a number to an account, in addition to those that it holds; the first becomes its primary number.
    ///
    /// # Errors
    /// If there is no such account, or somebody else holds the number.
    pub async fn assign_number(&self, number: &str, name: &str) -> Result<NumberRow, OfficeError> {
        let number = parse_number(number)?;
        let now = SystemTime::now();
        let mut tx = self.store.begin().await?;
        let account = Self::find(&mut tx, name).await?;
        if let Some(row) = tx.number(&number).await?
            && (row.state, row.account) == (NumberState::Assigned, Some(account.account))
        {
            // Asked for twice, done once.
            return Ok(row);
        }
        let is_primary = account.number.is_none();
        if !tx
            .assign_number(
                &number,
                account.account,
                is_primary,
                "assigned by an administrator",
                now,
            )
            .await?
        {
            return Err(Self::number_taken(&mut tx, number).await?);
        }
        let change = Self::all_about(&mut tx, &account).await?;
        let row = tx
            .number(&number)
            .await?
            .ok_or(OfficeError::NumberNotAssigned { number })?;
        self.finish(tx, change).await?;
        Ok(row)
    }

    /// Takes a number from whoever holds it. If it was their primary number, the next one that they hold becomes it.
    ///
    /// # Errors
    /// If nobody holds it.
    pub async fn release_number(&self, number: &str) -> Result<NumberRow, OfficeError> {
        let number = parse_number(number)?;
        let missing = || OfficeError::NumberNotAssigned {
            number: number.clone(),
        };
        let now = SystemTime::now();
        let mut tx = self.store.begin().await?;
        let row = tx
            .number(&number)
            .await?
            .filter(|row| row.state == NumberState::Assigned)
            .ok_or_else(missing)?;
        let account = Self::find(&mut tx, row.username.as_deref().ok_or_else(missing)?).await?;
        // Read before the change, so that the number itself is in it.
        let change = Self::all_about(&mut tx, &account).await?;
        tx.free_number(&number, "released by an administrator", now)
            .await?;
        if row.is_primary
            && let Some(next) = tx.numbers_of(account.account).await?.first()
        {
            tx.set_primary_number(&next.number).await?;
        }
        let row = tx.number(&number).await?.ok_or_else(missing)?;
        self.finish(tx, change).await?;
        Ok(row)
    }

    /// The refusal of a number that cannot be given, with what it is and what is free near it.
    pub(super) async fn number_taken(
        tx: &mut Transaction,
        number: Number,
    ) -> Result<OfficeError, OfficeError> {
        let state = match tx.number(&number).await? {
            Some(NumberRow {
                state: NumberState::Assigned,
                username: Some(name),
                ..
            }) => format!("held by {name:?}"),
            Some(row) => row.state.as_str().to_owned(),
            None => "not available".to_owned(),
        };
        let alternatives = tx.nearest_free_numbers(&number).await?;
        Ok(OfficeError::NumberTaken {
            number,
            state,
            alternatives,
        })
    }
}
