//! `callctl numbers pool`: ranges of numbers that are given away.

use api::{PoolPolicy, PoolPurpose};
use clap::{Subcommand, ValueEnum};

use super::CallctlError;
use super::console::Console;
use super::table::Column;
use crate::control::{Command, PoolView, PoolsCommand};

/// What to do with pools.
#[derive(Debug, Subcommand)]
pub enum PoolsAction {
    /// All pools, in the order in which they are used.
    #[command(alias = "ls", after_long_help = LIST)]
    List,
    /// Add a pool. Numbers of it that somebody holds already stay theirs.
    #[command(alias = "create", alias = "new", after_long_help = ADD)]
    Add {
        /// Its first and last number, of one length.
        #[arg(value_name = "LOW-HIGH")]
        range: String,
        /// Whom its numbers are for.
        #[arg(long, value_name = "WHOM", default_value = "accounts")]
        purpose: Purpose,
        /// The same as --purpose guests --random.
        #[arg(long, conflicts_with = "purpose")]
        guest: bool,
        /// Give any free number to whoever asks for none in particular, instead of the lowest.
        #[arg(long)]
        random: bool,
    },
    /// Remove a pool. Its numbers stay whose they are; free ones are not given to anybody any more.
    #[command(alias = "delete", alias = "rm", after_long_help = POOL)]
    Remove {
        /// As the list shows it.
        #[arg(value_name = "LOW-HIGH")]
        range: String,
    },
}

/// Whom the numbers of a pool are for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Purpose {
    /// People.
    Accounts,
    /// Guests.
    Guests,
    /// Conference rooms.
    Conferences,
    /// What the server itself offers.
    Services,
}

impl From<Purpose> for PoolPurpose {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Accounts => Self::Accounts,
            Purpose::Guests => Self::Guests,
            Purpose::Conferences => Self::Conferences,
            Purpose::Services => Self::Services,
        }
    }
}

macro_rules! pool_json {
    () => {
        "{range, purpose, policy, size, free}"
    };
}

const POOL: &str = concat!("With --json: ", pool_json!());

const LIST: &str = concat!("With --json: an array of ", pool_json!());

const ADD: &str = concat!(
    "\
Examples:
  callctl numbers pool add 2000-2999
  callctl numbers pool add 90000-98999 --guest

With --json: ",
    pool_json!()
);

const COLUMNS: &[Column] = &[
    Column::exact("RANGE"),
    Column::exact("PURPOSE"),
    Column::exact("GIVES"),
    Column::count("NUMBERS"),
    Column::count("FREE"),
];

impl PoolsAction {
    pub(super) async fn run(self, console: &mut Console<'_>) -> Result<(), CallctlError> {
        let (command, deed) = match self {
            Self::List => {
                let command = Command::Pools(PoolsCommand::List);
                let Some(pools) = console.answer::<Vec<PoolView>>(command).await? else {
                    return Ok(());
                };
                let rows: Vec<_> = pools.into_iter().map(row).collect();
                return Ok(console.page.table(COLUMNS, &rows)?);
            }
            Self::Add {
                range,
                purpose,
                guest,
                random,
            } => {
                let command = PoolsCommand::Add {
                    range,
                    purpose: match guest {
                        true => PoolPurpose::Guests,
                        false => purpose.into(),
                    },
                    policy: match guest || random {
                        true => PoolPolicy::Random,
                        false => PoolPolicy::Lowest,
                    },
                };
                (command, "added")
            }
            Self::Remove { range } => (PoolsCommand::Remove { range }, "removed"),
        };
        let pool: Option<PoolView> = console.answer(Command::Pools(command)).await?;
        if let Some(pool) = pool {
            let subject = format!("Pool {} for {}", pool.range, pool.purpose);
            console.page.done(&subject, deed)?;
        }
        Ok(())
    }
}

fn row(pool: PoolView) -> Vec<String> {
    vec![
        pool.range,
        pool.purpose.to_string(),
        pool.policy.to_string(),
        pool.size.to_string(),
        pool.free.to_string(),
    ]
}
