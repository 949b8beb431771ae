//! The table `pools`: which numbers can be given away, and to whom.

use api::{Number, NumberRange, PoolPolicy, PoolPurpose};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::slot::Slot;
use super::{Store, StoreError, Transaction, flag};

/// One pool and how much of it is left.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PoolRow {
    /// The id.
    pub pool: i64,
    /// Whom its numbers are for.
    pub purpose: PoolPurpose,
    /// Its ends.
    pub range: NumberRange,
    /// Which of its numbers is given to whoever asks for none in particular.
    pub policy: PoolPolicy,
    /// How many of its numbers are free.
    pub free: i64,
}

impl PoolRow {
    /// How many numbers it has, free or not.
    pub fn size(&self) -> i64 {
        Slot::of(self.range.high()).value - Slot::of(self.range.low()).value + 1
    }
}

fn corrupt(what: &'static str, value: &str) -> StoreError {
    StoreError::Corrupt {
        what,
        value: value.to_owned(),
    }
}

pub(super) fn policy(row: &AnyRow) -> Result<PoolPolicy, StoreError> {
    let word: String = row.try_get("policy")?;
    PoolPolicy::from_word(&word).ok_or_else(|| corrupt("policy of a pool", &word))
}

fn read(row: &AnyRow) -> Result<PoolRow, StoreError> {
    let purpose: String = row.try_get("purpose")?;
    let form = Slot {
        is_international: flag(row, "is_international")?,
        digits: row.try_get("digits")?,
        value: 0,
    };
    let low = form.at(row.try_get("low")?).number()?;
    let high = form.at(row.try_get("high")?).number()?;
    Ok(PoolRow {
        pool: row.try_get("pool_id")?,
        purpose: PoolPurpose::from_word(&purpose)
            .ok_or_else(|| corrupt("purpose of a pool", &purpose))?,
        range: NumberRange::new(low, high)
            .map_err(|reason| corrupt("range", &reason.to_string()))?,
        policy: policy(row)?,
        free: row.try_get("free")?,
    })
}

macro_rules! select_pools {
    ($rest:literal) => {
        concat!(
            "SELECT p.pool_id, p.purpose, p.is_international, p.digits, p.low, p.high, p.policy,
                 (SELECT CAST(coalesce(sum(f.high - f.low + 1), 0) AS BIGINT) FROM free_ranges f
                  WHERE f.pool_id = p.pool_id) AS free
             FROM pools p ",
            $rest
        )
    };
}

impl Store {
    /// All pools, in the order in which they are used.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn pools(&self) -> Result<Vec<PoolRow>, StoreError> {
        let select = sqlx::query(select_pools!(
            "ORDER BY p.purpose, p.is_international, p.digits, p.low"
        ));
        let rows = select.fetch_all(&self.readers).await?;
        rows.iter().map(read).collect()
    }
}

impl Store {
    /// Whom the pool that holds this number is for, if one does.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn purpose_of(&self, number: &Number) -> Result<Option<PoolPurpose>, StoreError> {
        purpose_of(&self.readers, number).await
    }
}

async fn purpose_of<'c>(
    from: impl sqlx::Executor<'c, Database = sqlx::Any>,
    number: &Number,
) -> Result<Option<PoolPurpose>, StoreError> {
    let place = Slot::of(number);
    let select = sqlx::query_scalar::<_, String>(
        "SELECT purpose FROM pools WHERE is_international = $1 AND digits = $2 AND $3 BETWEEN low AND high",
    );
    let select = select
        .bind(i64::from(place.is_international))
        .bind(place.digits)
        .bind(place.value);
    let word = select.fetch_optional(from).await?;
    word.map(|word| {
        PoolPurpose::from_word(&word).ok_or_else(|| corrupt("purpose of a pool", &word))
    })
    .transpose()
}

impl Transaction {
    /// The pool that holds this number, if one does.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn pool_of(&mut self, number: &Number) -> Result<Option<PoolRow>, StoreError> {
        let place = Slot::of(number);
        self.pool_that_meets(place, place.value).await
    }

    /// A pool that shares a number with this range, if one does.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn pool_in(&mut self, range: &NumberRange) -> Result<Option<PoolRow>, StoreError> {
        self.pool_that_meets(Slot::of(range.low()), Slot::of(range.high()).value)
            .await
    }

    async fn pool_that_meets(
        &mut self,
        low: Slot,
        high: i64,
    ) -> Result<Option<PoolRow>, StoreError> {
        let select = sqlx::query(select_pools!(
            "WHERE p.is_international = $1 AND p.digits = $2 AND p.low <= $4 AND p.high >= $3
             ORDER BY p.low LIMIT 1"
        ));
        let select = select
            .bind(i64::from(low.is_international))
            .bind(low.digits)
            .bind(low.value)
            .bind(high);
        let row = select.fetch_optional(&mut *self.inner).await?;
        row.as_ref().map(read).transpose()
    }

    /// Whom the pool that holds this number is for, if one does.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn purpose_of(&mut self, number: &Number) -> Result<Option<PoolPurpose>, StoreError> {
        purpose_of(&mut *self.inner, number).await
    }

    /// Whether a number is in a pool that accounts get theirs from.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn is_in_pool_for_accounts(&mut self, number: &Number) -> Result<bool, StoreError> {
        Ok(self.purpose_of(number).await? == Some(PoolPurpose::Accounts))
    }

    /// Adds a pool that shares no number with another one. Numbers of it that are taken already stay so.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn add_pool(
        &mut self,
        purpose: PoolPurpose,
        range: &NumberRange,
        policy: PoolPolicy,
    ) -> Result<i64, StoreError> {
        let (low, high) = (Slot::of(range.low()), Slot::of(range.high()));
        let insert = sqlx::query_scalar(
            "INSERT INTO pools (purpose, is_international, digits, low, high, policy) VALUES ($1, $2, $3, $4, $5, $6)
             RETURNING pool_id",
        );
        let insert = insert
            .bind(purpose.as_str())
            .bind(i64::from(low.is_international))
            .bind(low.digits)
            .bind(low.value)
            .bind(high.value)
            .bind(policy.as_str());
        let pool: i64 = insert.fetch_one(&mut *self.inner).await?;
        self.fill_free_ranges(pool).await?;
        Ok(pool)
    }

    /// Removes a pool. Its numbers stay whose they are; nobody is given one of them any more.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn remove_pool(&mut self, pool: i64) -> Result<(), StoreError> {
        let delete = sqlx::query("DELETE FROM pools WHERE pool_id = $1").bind(pool);
        delete.execute(&mut *self.inner).await?;
        Ok(())
    }
}
