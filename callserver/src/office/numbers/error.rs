//! Why the number plan refuses: one sentence each.

use api::{
    Number, NumberPattern, NumberRange, NumberState, PoolPurpose, ProblemKind, RangeRefused,
};

use super::super::error::quoted;

/// Why a number or a pool was not changed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The range breaks its rule.
    #[error(transparent)]
    Range(#[from] RangeRefused),
    /// Another pool has some of these numbers.
    #[error(
        "The pool {range} would share numbers with the pool {other} for {purpose}; choose another range, or remove that pool first."
    )]
    PoolOverlaps {
        /// The range.
        range: NumberRange,
        /// The pool that has some of its numbers.
        other: NumberRange,
        /// What that one is for.
        purpose: PoolPurpose,
    },
    /// There is no such pool.
    #[error("There is no pool {range}; the list of pools shows all.")]
    NoSuchPool {
        /// The range.
        range: NumberRange,
    },
    /// The account does not hold this number.
    #[error("The number {number} is not one that {name:?} holds.")]
    NotHeld {
        /// The number.
        number: Number,
        /// The account.
        name: String,
    },
    /// The account has no number that could be changed.
    #[error("The account {name:?} holds no number; ask for one instead of changing it.")]
    NoNumber {
        /// The account.
        name: String,
    },
    /// The number does not rest, or is not this account's.
    #[error("The number {number} is not one that was given up and rests.")]
    NotResting {
        /// The number.
        number: Number,
    },
    /// An owner's last number is changed, not given up.
    #[error("{number} is your only number; change it to another one instead of giving it up.")]
    OnlyNumber {
        /// The number.
        number: Number,
    },
    /// The account would hold too many.
    #[error(
        "The account {name:?} holds {most} numbers, which is as many as one may; give one up first."
    )]
    TooManyNumbers {
        /// The account.
        name: String,
        /// As many as one may.
        most: usize,
    },
    /// The owner has given up too many lately.
    #[error(
        "{most} numbers that you gave up still rest; take one of them back, or wait until one is free again."
    )]
    TooManyResting {
        /// As many as may rest.
        most: usize,
    },
    /// A number cannot be replaced by itself.
    #[error("The number {number} cannot be replaced by itself; name another one, or none.")]
    ReplacedByItself {
        /// The number.
        number: Number,
    },
    /// A guest's number is only lent.
    #[error(
        "The number {number} is lent to a guest and cannot be changed; it can be kept by becoming an account."
    )]
    Lent {
        /// The number.
        number: Number,
    },
    /// Both numbers belong to one account.
    #[error("Both numbers belong to {name:?}; there is nothing to swap.")]
    OneOwner {
        /// The account.
        name: String,
    },
    /// No free number fits the wish.
    #[error("No free number like {pattern} was found; leave more places open, or other ones.")]
    NothingFits {
        /// The wish.
        pattern: NumberPattern,
    },
    /// The note of a reservation is too long, or not one line.
    #[error("A note is one line of at most {most} characters.")]
    Note {
        /// As many as may be.
        most: usize,
    },
    /// A field of a line holds something else than it may.
    #[error("The field {field} is {}, but holds {allowed}.", quoted(text))]
    Field {
        /// Which one.
        field: &'static str,
        /// What it holds.
        text: String,
        /// What it may hold.
        allowed: &'static str,
    },
    /// Two lines name one number.
    #[error("The number {number} is in line {line} already; leave one of them.")]
    LineTwice {
        /// The number.
        number: Number,
        /// The line that was done.
        line: u64,
    },
    /// Guests' numbers and those that rest cannot be made by a file.
    #[error("The number {number} cannot become {state} by a file; leave the line out.")]
    Passing {
        /// The number.
        number: Number,
        /// What it should become.
        state: NumberState,
    },
    /// More lines at once than one write takes.
    #[error("{lines} lines came at once; send at most {most} at a time.")]
    TooManyLines {
        /// How many came.
        lines: usize,
        /// How many may.
        most: usize,
    },
}

impl PlanError {
    /// What kind of problem this is for a program.
    pub fn kind(&self) -> ProblemKind {
        match self {
            Self::Range(_)
            | Self::ReplacedByItself { .. }
            | Self::TooManyLines { .. }
            | Self::Note { .. }
            | Self::Field { .. }
            | Self::LineTwice { .. }
            | Self::Passing { .. } => ProblemKind::BadRequest,
            Self::NoSuchPool { .. } | Self::NotHeld { .. } | Self::NotResting { .. } => {
                ProblemKind::NotFound
            }
            Self::PoolOverlaps { .. }
            | Self::NoNumber { .. }
            | Self::OnlyNumber { .. }
            | Self::TooManyNumbers { .. }
            | Self::TooManyResting { .. }
            | Self::Lent { .. }
            | Self::OneOwner { .. }
            | Self::NothingFits { .. } => ProblemKind::Conflict,
        }
    }
}
