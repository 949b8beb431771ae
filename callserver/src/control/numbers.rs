//! Numbers: what an administrator can ask, how it is done, and what comes back.

use serde::{Deserialize, Serialize};

use super::{Answer, Failure, Operator, rfc_3339};
use crate::office::{Office, Right, Wish, parse_number};
use crate::store::{NumberHistoryRow, NumberRow, NumberState};

/// What can be asked about numbers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumbersCommand {
    /// The numbers. Answered with `Vec<NumberView>`.
    List {
        /// Only those in this state.
        state: Option<String>,
    },
    /// Give a number to an account. Answered with [`NumberView`].
    Assign {
        /// The number.
        number: String,
        /// The username.
        account: String,
    },
    /// Take a number from its holder. Answered with [`NumberView`].
    Release {
        /// The number.
        number: String,
    },
    /// What happened to a number. Answered with `Vec<HistoryView>`.
    History {
        /// The number.
        number: String,
    },
}

/// A number.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NumberView {
    /// The number.
    pub number: String,
    /// `free`, `assigned`, `reserved`, `guest` or `quarantined`.
    pub state: String,
    /// Who holds it.
    pub account: Option<String>,
    /// Whether it is its holder's primary number.
    pub is_primary: bool,
    /// How many holders it has had.
    pub epoch: i64,
    /// RFC 3339.
    pub changed_at: String,
}

/// One line of a number's history.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HistoryView {
    /// RFC 3339.
    pub at: String,
    /// What the number became.
    pub state: String,
    /// For whom.
    pub account: Option<String>,
    /// The count of holders.
    pub epoch: i64,
    /// Why.
    pub reason: String,
}

impl From<NumberRow> for NumberView {
    fn from(row: NumberRow) -> Self {
        Self {
            number: row.number.into(),
            state: row.state.as_str().into(),
            account: row.username,
            is_primary: row.is_primary,
            epoch: row.epoch,
            changed_at: rfc_3339(row.changed_at),
        }
    }
}

impl From<NumberHistoryRow> for HistoryView {
    fn from(row: NumberHistoryRow) -> Self {
        Self {
            at: rfc_3339(row.happened_at),
            state: row.state.as_str().into(),
            account: row.username,
            epoch: row.epoch,
            reason: row.reason,
        }
    }
}

impl Operator {
    pub(super) async fn numbers(
        office: &Office,
        command: NumbersCommand,
    ) -> Result<Answer, Failure> {
        let number = match command {
            NumbersCommand::List { state } => {
                let state = state.as_deref().map(parse_state).transpose()?;
                let numbers = office.numbers(state).await?.into_iter();
                return Answer::of(&numbers.map(NumberView::from).collect::<Vec<_>>());
            }
            NumbersCommand::History { number } => {
                let history = office.number_history(&number).await?.into_iter();
                return Answer::of(&history.map(HistoryView::from).collect::<Vec<_>>());
            }
            NumbersCommand::Assign { number, account } => {
                let wish: Wish = number.parse()?;
                let right = Right::Administrator;
                office.assign_number(&wish, account.as_str(), right).await?
            }
            NumbersCommand::Release { number } => {
                office.release_number(&parse_number(&number)?).await?
            }
        };
        Answer::of(&NumberView::from(number))
    }
}

fn parse_state(text: &str) -> Result<NumberState, Failure> {
    NumberState::from_word(text).ok_or_else(|| {
        Failure::new(
            "bad-request",
            format!(
                "{text:?} is not a state; write free, assigned, reserved, guest or quarantined."
            ),
        )
    })
}
