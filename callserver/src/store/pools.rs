//! The table `pools`: which numbers can be given away.

use std::collections::HashSet;

use api::Number;
use sqlx::Row;

use super::numbers::digits;
use super::{StoreError, Transaction};

impl Transaction {
    /// Whether a number is in a pool that accounts get theirs from.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn is_in_pool_for_accounts(&mut self, number: &Number) -> Result<bool, StoreError> {
        // An international number is nobody's to ask for.
        let text = number.as_str();
        let Some(value) = text.parse::<i64>().ok().filter(|_| !text.starts_with('+')) else {
            return Ok(false);
        };
        let count = sqlx::query_scalar::<_, i64>(
            "SELECT count(*) FROM pools WHERE purpose = 'accounts' AND digits = $1 AND $2 BETWEEN low AND high",
        );
        let count = count.bind(digits(number)).bind(value);
        Ok(count.fetch_one(&mut *self.inner).await? > 0)
    }

    /// The lowest number of the pools for accounts that can be given away, if any is left.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn lowest_free_number(&mut self) -> Result<Option<Number>, StoreError> {
        let pools = sqlx::query(
            "SELECT pool_id, digits, low, high, next FROM pools WHERE purpose = 'accounts' ORDER BY digits, low",
        );
        for pool in pools.fetch_all(&mut *self.inner).await? {
            let (pool_id, digits): (i64, i64) = (pool.try_get("pool_id")?, pool.try_get("digits")?);
            let (low, high): (i64, i64) = (pool.try_get("low")?, pool.try_get("high")?);
            let mut next: i64 = pool.try_get("next")?;
            let print = |value: i64| format!("{value:0width$}", width = digits as usize);
            let given_back: Option<String> = sqlx::query_scalar(
                "SELECT min(number) FROM numbers WHERE state = 'free' AND digits = $1 AND number BETWEEN $2 AND $3",
            )
            .bind(digits)
            .bind(print(low))
            .bind(print(high))
            .fetch_one(&mut *self.inner)
            .await?;
            // Steps over numbers that were assigned by hand; each is stepped over once in the life of the pool.
            let begin = next;
            while next <= high {
                let is_used =
                    sqlx::query_scalar::<_, i64>("SELECT count(*) FROM numbers WHERE number = $1")
                        .bind(print(next));
                if is_used.fetch_one(&mut *self.inner).await? == 0 {
                    break;
                }
                next += 1;
            }
            if next != begin {
                let update = sqlx::query("UPDATE pools SET next = $2 WHERE pool_id = $1")
                    .bind(pool_id)
                    .bind(next);
                update.execute(&mut *self.inner).await?;
            }
            let never_used = (next <= high).then(|| print(next));
            if let Some(text) = [given_back, never_used].into_iter().flatten().min() {
                let number = Number::parse(&text).map_err(|_| StoreError::Corrupt {
                    what: "number",
                    value: text,
                })?;
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    /// Up to three numbers near `number` that can be given away, the nearest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn nearest_free_numbers(
        &mut self,
        number: &Number,
    ) -> Result<Vec<Number>, StoreError> {
        const FAR: i64 = 50;
        const ENOUGH: usize = 3;
        let text = number.as_str();
        let Ok(middle) = text.parse::<i64>() else {
            return Ok(Vec::new());
        };
        if text.starts_with('+') {
            // Nobody can be offered somebody else's international number.
            return Ok(Vec::new());
        }
        let print = |value: i64| format!("{value:0width$}", width = text.len());
        // From the same pool, so that an extension is not answered with somebody's conference room; a number outside
        // all pools has only its length for a limit.
        let pool: Option<(i64, i64)> = sqlx::query_as(
            "SELECT low, high FROM pools WHERE digits = $1 AND $2 BETWEEN low AND high AND purpose = 'accounts'",
        )
        .bind(digits(number))
        .bind(middle)
        .fetch_optional(&mut *self.inner)
        .await?;
        let longest = 10_i64.pow(text.len().min(18) as u32) - 1;
        let (low, high) = pool.unwrap_or((0, longest));
        let (low, high) = (low.max(middle - FAR), high.min(middle + FAR));
        let used = sqlx::query_scalar::<_, String>(
            "SELECT number FROM numbers WHERE digits = $1 AND number BETWEEN $2 AND $3 AND state <> 'free'",
        );
        let used = used.bind(digits(number)).bind(print(low)).bind(print(high));
        let used: HashSet<String> = used
            .fetch_all(&mut *self.inner)
            .await?
            .into_iter()
            .collect();
        let around = (1..=FAR).flat_map(|step| [middle + step, middle - step]);
        let free = around
            .filter(|value| (low..=high).contains(value))
            .map(print)
            .filter(|near| !used.contains(near));
        Ok(free
            .filter_map(|near| Number::parse(&near).ok())
            .take(ENOUGH)
            .collect())
    }
}
