//! Whether a number can be had, and which ones can instead.

use api::{Number, NumberPattern, PoolPurpose};

use super::super::{Office, OfficeError};
use super::{ALTERNATIVES, Right};

/// So many numbers are named to whoever looks for one.
const OFFERED: usize = 10;

impl Office {
    /// The free numbers nearest to this one, the nearest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn free_numbers_near(&self, number: &Number) -> Result<Vec<Number>, OfficeError> {
        let mut tx = self.store.begin().await?;
        Ok(tx.nearest_free_numbers(number, OFFERED).await?)
    }

    /// Free numbers that fit a pattern, the lowest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn free_numbers_like(
        &self,
        pattern: &NumberPattern,
    ) -> Result<Vec<Number>, OfficeError> {
        let mut tx = self.store.begin().await?;
        Ok(tx
            .free_numbers_like(PoolPurpose::Accounts, pattern, OFFERED)
            .await?)
    }

    /// Whether anybody could have this number, and the nearest ones that one could.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn is_number_free(
        &self,
        number: &Number,
    ) -> Result<(bool, Vec<Number>), OfficeError> {
        let mut tx = self.store.begin().await?;
        let row = tx.number(number).await?;
        // Nobody's account: what rests for somebody is free for nobody.
        let nobody = api::AccountId(0);
        let asked =
            Self::check_available(&mut tx, number, row.as_ref(), nobody, Right::Owner).await;
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
