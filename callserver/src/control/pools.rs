//! Pools of numbers: what an administrator can ask, how it is done, and what comes back.

use api::{NumberRange, PoolPolicy, PoolPurpose};
use serde::{Deserialize, Serialize};

use super::{Answer, Failure, Operator};
use crate::office::{Office, OfficeError, PlanError};
use crate::store::PoolRow;

/// What can be asked about pools.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PoolsCommand {
    /// All pools. Answered with `Vec<PoolView>`.
    List,
    /// Add one. Answered with [`PoolView`].
    Add {
        /// `LOW-HIGH`
        range: String,
        /// Whom its numbers are for.
        purpose: PoolPurpose,
        /// Which of its numbers is given to whoever asks for none in particular.
        policy: PoolPolicy,
    },
    /// Remove one. Answered with [`PoolView`].
    Remove {
        /// `LOW-HIGH`
        range: String,
    },
}

/// A pool.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PoolView {
    /// `LOW-HIGH`
    pub range: String,
    /// `accounts`, `guests`, `conferences` or `services`.
    pub purpose: PoolPurpose,
    /// `lowest` or `random`.
    pub policy: PoolPolicy,
    /// How many numbers it has.
    pub size: i64,
    /// How many of them are free.
    pub free: i64,
}

impl From<PoolRow> for PoolView {
    fn from(row: PoolRow) -> Self {
        Self {
            range: row.range.to_string(),
            purpose: row.purpose,
            policy: row.policy,
            size: row.size(),
            free: row.free,
        }
    }
}

impl Operator {
    pub(super) async fn pools(office: &Office, command: PoolsCommand) -> Result<Answer, Failure> {
        let pool = match command {
            PoolsCommand::List => {
                let pools = office.pools().await?.into_iter();
                return Answer::of(&pools.map(PoolView::from).collect::<Vec<_>>());
            }
            PoolsCommand::Add {
                range,
                purpose,
                policy,
            } => office.add_pool(purpose, &parse(&range)?, policy).await?,
            PoolsCommand::Remove { range } => office.remove_pool(&parse(&range)?).await?,
        };
        Answer::of(&PoolView::from(pool))
    }
}

fn parse(text: &str) -> Result<NumberRange, Failure> {
    let range = NumberRange::parse(text).map_err(PlanError::from);
    Ok(range.map_err(OfficeError::from)?)
}
