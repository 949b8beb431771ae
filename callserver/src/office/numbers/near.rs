//! Whether a number can be had, and which ones can instead.

use api::{AccountId, Number, NumberPattern, PoolPurpose};

use super::super::{Office, OfficeError};
use super::{ALTERNATIVES, Right};
use crate::store::Choice;

/// So many numbers are named to whoever looks for one.
const OFFERED: usize = 10;

impl Office {
    /// The free numbers nearest to this one, the nearest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn free_numbers_near(&self, number: &Number) -> Result<Vec<Number>, OfficeError> {
        let mut tx = self.store.begin_reading().await?;
        Ok(tx.nearest_free_numbers(number, OFFERED).await?)
    }

    /// The free numbers nearest to an account's own, for whoever looks around; for one without a number the first ones.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn free_numbers(&self, account: AccountId) -> Result<Vec<Number>, OfficeError> {
        let mut tx = self.store.begin_reading().await?;
        let own = tx.account_by_id(account).await?;
        let number = match own.and_then(|row| row.number) {
            Some(number) => Some(number),
            None => {
                tx.free_number_of(PoolPurpose::Accounts, Choice::Lowest)
                    .await?
            }
        };
        match number {
            Some(number) => Ok(tx.nearest_free_numbers(&number, OFFERED).await?),
            None => Ok(Vec::new()),
        }
    }

    /// Free numbers that fit a pattern, the lowest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn free_numbers_like(
        &self,
        pattern: &NumberPattern,
    ) -> Result<Vec<Number>, OfficeError> {
        let mut tx = self.store.begin_reading().await?;
        Ok(tx
            .free_numbers_like(PoolPurpose::Accounts, pattern, OFFERED)
            .await?)
    }

    /// Whether this account could have this number now, and if not, the nearest ones that it could.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn is_number_free(
        &self,
        account: AccountId,
        number: &Number,
    ) -> Result<(bool, Vec<Number>), OfficeError> {
        let mut tx = self.store.begin_reading().await?;
        let row = tx.number(number).await?;
        let asked =
            Self::check_available(&mut tx, number, row.as_ref(), account, Right::Owner).await;
        match asked {
            Ok(()) => Ok((true, Vec::new())),
            Err(OfficeError::NumberTaken { alternatives, .. }) => {
                debug_assert!(alternatives.len() <= ALTERNATIVES);
                Ok((false, alternatives))
            }
            Err(error) => Err(error),
        }
    }
}
