//! The table `free_ranges`: what is free in each pool, as ranges. It follows every change of a number in the same
//! transaction, so that no question about free numbers depends on how many are taken.

use api::{Number, NumberPattern, PoolPolicy, PoolPurpose};
use sqlx::Row;

use super::slot::Slot;
use super::{StoreError, Transaction};

/// A pattern is tried on so many numbers that fit it; each costs one query.
const PATTERN_ATTEMPTS: usize = 500;

/// A range of free values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct FreeRange {
    low: i64,
    high: i64,
}

/// The part of a pool that searching needs.
struct Searched {
    pool: i64,
    form: Slot,
    low: i64,
    high: i64,
    policy: PoolPolicy,
}

/// Which number of a pool is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Choice {
    /// The lowest free one.
    Lowest,
    /// A free one near a slot in the pool that this value decides: the same value, the same slot.
    Random(u64),
    /// As the pool's policy says; the value decides if that is a random one.
    Policy(u64),
}

/// The `wanted` values nearest to `middle`, itself if it is free, the nearest first and the higher of two equally near ones first.
fn nearest(ranges: &[FreeRange], middle: i64, wanted: usize) -> Vec<i64> {
    let mut values: Vec<i64> = Vec::new();
    for range in ranges {
        let begin = middle.clamp(range.low, range.high);
        let reach = wanted as i64;
        values
            .extend((begin.saturating_sub(reach).max(range.low))..=(begin + reach).min(range.high));
    }
    values.sort_by_key(|value| ((value - middle).abs(), *value < middle));
    values.dedup();
    values.truncate(wanted);
    values
}

impl Transaction {
    /// Takes the values from `slot` to `last` out of what is free, wherever pools hold them.
    pub(super) async fn take_from_pools(
        &mut self,
        slot: Slot,
        last: i64,
    ) -> Result<(), StoreError> {
        let select = sqlx::query(
            "SELECT f.pool_id, f.low, f.high FROM pools p JOIN free_ranges f ON f.pool_id = p.pool_id
             AND f.low <= $4 AND f.low >= coalesce(
                 (SELECT max(g.low) FROM free_ranges g WHERE g.pool_id = p.pool_id AND g.low <= $3), $3)
             WHERE p.is_international = $1 AND p.digits = $2 AND p.low <= $4 AND p.high >= $3 AND f.high >= $3",
        );
        let select = select
            .bind(i64::from(slot.is_international))
            .bind(slot.digits)
            .bind(slot.value)
            .bind(last);
        for row in select.fetch_all(&mut *self.inner).await? {
            let pool: i64 = row.try_get("pool_id")?;
            let (low, high): (i64, i64) = (row.try_get("low")?, row.try_get("high")?);
            let (has_below, has_above) = (low < slot.value, high > last);
            if has_below {
                let update = "UPDATE free_ranges SET high = $3 WHERE pool_id = $1 AND low = $2";
                let update = sqlx::query(update)
                    .bind(pool)
                    .bind(low)
                    .bind(slot.value - 1);
                update.execute(&mut *self.inner).await?;
            }
            match (has_below, has_above) {
                (true, true) => self.insert_free_range(pool, last + 1, high).await?,
                (false, true) => {
                    let update = "UPDATE free_ranges SET low = $3 WHERE pool_id = $1 AND low = $2";
                    let update = sqlx::query(update).bind(pool).bind(low).bind(last + 1);
                    update.execute(&mut *self.inner).await?;
                }
                (false, false) => self.delete_free_range(pool, low).await?,
                (true, false) => {}
            }
        }
        Ok(())
    }

    /// Puts a value back into what is free in its pool, joined to its neighbours.
    pub(super) async fn give_back_to_pool(&mut self, slot: Slot) -> Result<(), StoreError> {
        let select = sqlx::query(
            "SELECT p.pool_id, b.low AS below_low, b.high AS below_high,
                 (SELECT a.high FROM free_ranges a WHERE a.pool_id = p.pool_id AND a.low = $3 + 1) AS above_high
             FROM pools p LEFT JOIN free_ranges b ON b.pool_id = p.pool_id
                 AND b.low = (SELECT max(g.low) FROM free_ranges g WHERE g.pool_id = p.pool_id AND g.low <= $3)
             WHERE p.is_international = $1 AND p.digits = $2 AND $3 BETWEEN p.low AND p.high",
        );
        let select = select
            .bind(i64::from(slot.is_international))
            .bind(slot.digits)
            .bind(slot.value);
        let Some(row) = select.fetch_optional(&mut *self.inner).await? else {
            return Ok(());
        };
        let pool: i64 = row.try_get("pool_id")?;
        let below_high: Option<i64> = row.try_get("below_high")?;
        let below_low: Option<i64> = row.try_get("below_low")?;
        let above_high: Option<i64> = row.try_get("above_high")?;
        if below_high.is_some_and(|high| high >= slot.value) {
            return Ok(());
        }
        if above_high.is_some() {
            self.delete_free_range(pool, slot.value + 1).await?;
        }
        let high = above_high.unwrap_or(slot.value);
        match below_low.filter(|_| below_high == Some(slot.value - 1)) {
            Some(low) => {
                let update = "UPDATE free_ranges SET high = $3 WHERE pool_id = $1 AND low = $2";
                let update = sqlx::query(update).bind(pool).bind(low).bind(high);
                update.execute(&mut *self.inner).await?;
            }
            None => self.insert_free_range(pool, slot.value, high).await?,
        }
        Ok(())
    }

    async fn insert_free_range(
        &mut self,
        pool: i64,
        low: i64,
        high: i64,
    ) -> Result<(), StoreError> {
        let insert = "INSERT INTO free_ranges (pool_id, low, high) VALUES ($1, $2, $3)";
        let insert = sqlx::query(insert).bind(pool).bind(low).bind(high);
        insert.execute(&mut *self.inner).await?;
        Ok(())
    }

    async fn delete_free_range(&mut self, pool: i64, low: i64) -> Result<(), StoreError> {
        let delete = "DELETE FROM free_ranges WHERE pool_id = $1 AND low = $2";
        let delete = sqlx::query(delete).bind(pool).bind(low);
        delete.execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Works out what is free in a pool from the numbers that are taken.
    pub(super) async fn fill_free_ranges(&mut self, pool: i64) -> Result<(), StoreError> {
        // The gaps between the taken values, with the pool's own ends as if they were taken.
        let fill = sqlx::query(
            "INSERT INTO free_ranges (pool_id, low, high)
             WITH edges AS (
                 SELECT low - 1 AS value FROM pools WHERE pool_id = $1
                 UNION ALL SELECT high + 1 FROM pools WHERE pool_id = $1
                 UNION ALL SELECT CAST(ltrim(n.number, '+') AS BIGINT) FROM pools p JOIN numbers n
                     ON n.digits = p.digits AND n.state <> 'free'
                     AND p.is_international = CASE WHEN substr(n.number, 1, 1) = '+' THEN 1 ELSE 0 END
                     AND CAST(ltrim(n.number, '+') AS BIGINT) BETWEEN p.low AND p.high
                     WHERE p.pool_id = $1
             ), gaps AS (
                 SELECT value + 1 AS low, lead(value) OVER (ORDER BY value) - 1 AS high FROM edges
             )
             SELECT $1, low, high FROM gaps WHERE high IS NOT NULL AND low <= high",
        );
        fill.bind(pool).execute(&mut *self.inner).await?;
        Ok(())
    }

    /// A free number of the pools of this purpose, the first pool that has one; `None` if all are full.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn free_number_of(
        &mut self,
        purpose: PoolPurpose,
        choice: Choice,
    ) -> Result<Option<Number>, StoreError> {
        for pool in self.searched(purpose).await? {
            let seed = match (choice, pool.policy) {
                (Choice::Random(seed), _) | (Choice::Policy(seed), PoolPolicy::Random) => {
                    Some(seed)
                }
                _ => None,
            };
            let value = match seed {
                Some(seed) => self.free_value_near(&pool, seed).await?,
                None => self
                    .free_range_from(pool.pool, pool.low)
                    .await?
                    .map(|range| range.low),
            };
            if let Some(value) = value {
                return Ok(Some(pool.form.at(value).number()?));
            }
        }
        Ok(None)
    }

    /// The lowest free number of the pools of this purpose that fits the pattern. Of numbers that fit only a bounded
    /// number is looked at, so a very open pattern in a nearly full pool may find none.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn free_number_like(
        &mut self,
        purpose: PoolPurpose,
        pattern: &NumberPattern,
    ) -> Result<Option<Number>, StoreError> {
        let found = self.free_numbers_like(purpose, pattern, 1).await?;
        Ok(found.into_iter().next())
    }

    /// Up to `wanted` such numbers, the lowest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn free_numbers_like(
        &mut self,
        purpose: PoolPurpose,
        pattern: &NumberPattern,
        wanted: usize,
    ) -> Result<Vec<Number>, StoreError> {
        let (mut found, mut attempts) = (Vec::new(), 0);
        for pool in self.searched(purpose).await? {
            if pool.form.is_international != pattern.is_international()
                || pool.form.digits != pattern.digits() as i64
            {
                continue;
            }
            let (mut least, mut range) = (pool.low, None::<FreeRange>);
            while let Some(candidate) = pattern.at_or_above(least.unsigned_abs()) {
                let candidate = i64::try_from(candidate).unwrap_or(i64::MAX);
                if candidate > pool.high || found.len() >= wanted {
                    break;
                }
                if range.is_none_or(|range| range.high < candidate) {
                    attempts += 1;
                    if attempts > PATTERN_ATTEMPTS {
                        break;
                    }
                    range = self.free_range_from(pool.pool, candidate).await?;
                }
                let Some(free) = range else { break };
                least = if free.low <= candidate {
                    found.push(pool.form.at(candidate).number()?);
                    candidate + 1
                } else {
                    free.low
                };
            }
        }
        Ok(found)
    }

    /// Up to `wanted` numbers near this one that anybody can be given, the nearest first: of its own pool if that is
    /// for accounts, else of the one that is nearest to it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn nearest_free_numbers(
        &mut self,
        number: &Number,
        wanted: usize,
    ) -> Result<Vec<Number>, StoreError> {
        let slot = Slot::of(number);
        let mut pools = self.searched(PoolPurpose::Accounts).await?;
        let distance = |pool: &Searched| {
            let is_other_form = (pool.form.is_international, pool.form.digits)
                != (slot.is_international, slot.digits);
            let value = slot.value.clamp(pool.low, pool.high);
            (is_other_form, (value - slot.value).abs())
        };
        pools.sort_by_key(distance);
        let mut found = Vec::new();
        for pool in pools {
            // For a number of another length the beginning of the pool is as near as any.
            let middle = if distance(&pool).0 {
                pool.low - 1
            } else {
                slot.value
            };
            let ranges = self.free_ranges_near(pool.pool, middle, wanted).await?;
            for value in nearest(&ranges, middle, wanted - found.len()) {
                found.push(pool.form.at(value).number()?);
            }
            if found.len() >= wanted {
                break;
            }
        }
        Ok(found)
    }

    /// Up to `wanted` ranges on each side of a value.
    async fn free_ranges_near(
        &mut self,
        pool: i64,
        middle: i64,
        wanted: usize,
    ) -> Result<Vec<FreeRange>, StoreError> {
        // One more below: the first of them may be the value alone.
        let below = "SELECT low, high FROM free_ranges WHERE pool_id = $1 AND low <= $2 ORDER BY low DESC LIMIT $3";
        let above = "SELECT low, high FROM free_ranges WHERE pool_id = $1 AND low > $2 ORDER BY low LIMIT $3";
        let mut ranges = Vec::new();
        for select in [below, above] {
            let select = sqlx::query(select)
                .bind(pool)
                .bind(middle)
                .bind(wanted as i64 + 1);
            for row in select.fetch_all(&mut *self.inner).await? {
                ranges.push(FreeRange {
                    low: row.try_get("low")?,
                    high: row.try_get("high")?,
                });
            }
        }
        Ok(ranges)
    }

    /// The range that holds this value, or the next one above it.
    async fn free_range_from(
        &mut self,
        pool: i64,
        value: i64,
    ) -> Result<Option<FreeRange>, StoreError> {
        let select = sqlx::query(
            "SELECT low, high FROM free_ranges WHERE pool_id = $1 AND high >= $2 AND low >= coalesce(
                 (SELECT max(g.low) FROM free_ranges g WHERE g.pool_id = $1 AND g.low <= $2), $2)
             ORDER BY low LIMIT 1",
        );
        let row = select
            .bind(pool)
            .bind(value)
            .fetch_optional(&mut *self.inner)
            .await?;
        row.map(|row| {
            Ok(FreeRange {
                low: row.try_get("low")?,
                high: row.try_get("high")?,
            })
        })
        .transpose()
    }

    /// A free value of the pool: the one at the slot that the seed names, or one of the range above or else below it.
    async fn free_value_near(
        &mut self,
        pool: &Searched,
        seed: u64,
    ) -> Result<Option<i64>, StoreError> {
        let within = |low: i64, high: i64| low + (seed % (high - low + 1).unsigned_abs()) as i64;
        let slot = within(pool.low, pool.high);
        let range = match self.free_range_from(pool.pool, slot).await? {
            Some(range) => Some(range),
            None => self.free_range_from(pool.pool, pool.low).await?,
        };
        Ok(
            range.map(|range| match range.low <= slot && slot <= range.high {
                true => slot,
                false => within(range.low, range.high),
            }),
        )
    }

    /// The pools of a purpose, in the order in which they are used.
    async fn searched(&mut self, purpose: PoolPurpose) -> Result<Vec<Searched>, StoreError> {
        let select = sqlx::query(
            "SELECT pool_id, is_international, digits, low, high, policy FROM pools WHERE purpose = $1
             ORDER BY is_international, digits, low",
        );
        let rows = select
            .bind(purpose.as_str())
            .fetch_all(&mut *self.inner)
            .await?;
        let read = |row: &sqlx::any::AnyRow| {
            let low = row.try_get("low")?;
            Ok(Searched {
                pool: row.try_get("pool_id")?,
                form: Slot {
                    is_international: super::flag(row, "is_international")?,
                    digits: row.try_get("digits")?,
                    value: low,
                },
                low,
                high: row.try_get("high")?,
                policy: super::pools::policy(row)?,
            })
        };
        rows.iter().map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_come_first_and_the_higher_of_two_equally_near() {
        let range = |low, high| FreeRange { low, high };
        for (ranges, middle, wanted) in [
            (vec![range(1001, 9999)], 1000, vec![1001, 1002, 1003]),
            (vec![range(1000, 9998)], 9999, vec![9998, 9997, 9996]),
            (vec![range(1, 9)], 5, vec![5, 6, 4]),
            (
                vec![range(1, 1), range(8, 8), range(20, 99)],
                5,
                vec![8, 1, 20],
            ),
            (vec![range(5, 5)], 5, vec![5]),
            (vec![], 5, vec![]),
        ] {
            assert_eq!(nearest(&ranges, middle, 3), wanted);
        }
    }
}
