//! Pools: ranges of numbers that are given away, each for one purpose.

use api::{NumberRange, PoolPolicy, PoolPurpose};

use super::super::{Change, Office, OfficeError};
use super::PlanError;
use crate::store::{AuditEntry, PoolRow, Subject, Transaction};

impl Office {
    /// All pools, in the order in which they are used.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn pools(&self) -> Result<Vec<PoolRow>, OfficeError> {
        Ok(self.store.pools().await?)
    }

    /// Adds a pool. Numbers of it that somebody holds already stay theirs.
    ///
    /// # Errors
    /// If it would share numbers with another pool.
    pub async fn add_pool(
        &self,
        purpose: PoolPurpose,
        range: &NumberRange,
        policy: PoolPolicy,
    ) -> Result<PoolRow, OfficeError> {
        let mut tx = self.store.begin().await?;
        if let Some(other) = tx.pool_in(range).await? {
            return Err(PlanError::PoolOverlaps {
                range: range.clone(),
                other: other.range,
                purpose: other.purpose,
            }
            .into());
        }
        tx.add_pool(purpose, range, policy).await?;
        let added = Self::pool(&mut tx, range).await?;
        self.audit(&mut tx, pool_entry("pool.add", &added)).await?;
        self.finish(tx, Change::default()).await?;
        Ok(added)
    }

    /// Removes the pool of exactly this range. Its numbers stay whose they are; those that are free are not given to
    /// anybody any more.
    ///
    /// # Errors
    /// If there is none.
    pub async fn remove_pool(&self, range: &NumberRange) -> Result<PoolRow, OfficeError> {
        let mut tx = self.store.begin().await?;
        let pool = Self::pool(&mut tx, range).await?;
        tx.remove_pool(pool.pool).await?;
        self.audit(&mut tx, pool_entry("pool.remove", &pool))
            .await?;
        self.finish(tx, Change::default()).await?;
        Ok(pool)
    }

    async fn pool(tx: &mut Transaction, range: &NumberRange) -> Result<PoolRow, OfficeError> {
        let pool = tx.pool_in(range).await?.filter(|pool| pool.range == *range);
        pool.ok_or_else(|| {
            PlanError::NoSuchPool {
                range: range.clone(),
            }
            .into()
        })
    }
}

fn pool_entry(action: &'static str, pool: &PoolRow) -> AuditEntry {
    AuditEntry {
        action,
        subject: Subject::Pool(pool.range.to_string()),
        account: None,
        detail: serde_json::json!({ "purpose": pool.purpose, "policy": pool.policy }),
    }
}
