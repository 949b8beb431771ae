//! Numbers: what an administrator can ask, how it is done, and what comes back.

use api::{AfterChange, NumberState, OnCall};
use serde::{Deserialize, Serialize};

use super::{Answer, Failure, Operator};
use crate::office::{ImportLine, NumberChanged, Office, Right, Wish, parse_number};
use crate::store::{AuditFilter, AuditRow, NumberHistoryRow, NumberRow};
use crate::times::rfc_3339_seconds;

/// What can be asked about numbers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumbersCommand {
    /// The numbers. Answered with `Vec<NumberView>`.
    List {
        /// Only those in this state.
        state: Option<NumberState>,
    },
    /// Free numbers near one, or like a pattern. Answered with `Vec<String>`.
    Free {
        /// The number or the pattern.
        like: String,
    },
    /// Give a number to an account. Answered with [`NumberView`].
    Assign {
        /// The number, `lowest`, `random` or a pattern.
        number: String,
        /// The username.
        account: String,
    },
    /// Give an account another number in the place of one. Answered with [`ChangeView`].
    Change {
        /// The username.
        account: String,
        /// The new number, `lowest`, `random` or a pattern.
        to: String,
        /// The number that it replaces; the primary one if missing.
        from: Option<String>,
        /// What callers get at the old one.
        #[serde(flatten)]
        after: After,
    },
    /// Exchange two numbers between the accounts that hold them. Answered with both `[NumberView; 2]`.
    Swap {
        /// One number.
        a: String,
        /// The other.
        b: String,
    },
    /// Keep a free number back. Answered with [`NumberView`].
    Reserve {
        /// The number.
        number: String,
        /// Why.
        note: Option<String>,
    },
    /// Free a number at once. Answered with [`NumberView`].
    Release {
        /// The number.
        number: String,
    },
    /// Give a number that rests back to its last owner. Answered with [`NumberView`].
    TakeBack {
        /// The number.
        number: String,
    },
    /// Change what callers get at a number that rests. Answered with [`NumberView`].
    ChooseAfter {
        /// The number.
        number: String,
        /// What they get.
        #[serde(flatten)]
        after: After,
    },
    /// What happened to a number, the oldest first. Answered with `Vec<HistoryView>`.
    History {
        /// The number.
        number: String,
    },
    /// Make numbers what the lines of a list say. Answered with [`ImportReport`](crate::office::ImportReport).
    Import {
        /// At most a thousand lines.
        lines: Vec<ImportLine>,
    },
    /// Numbers as rows of a list, some at once. Answered with `Vec<NumberView>`; an empty one is the end.
    Export {
        /// The last number of those before.
        after: Option<String>,
    },
}

/// What callers get at a number that was given up.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct After {
    /// They reach its last owner, are told the new number, or hear that it is gone.
    pub on_call: OnCall,
    /// The number that replaces it; the last owner's primary one if missing.
    pub forward_to: Option<String>,
}

/// A number.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NumberView {
    /// The number.
    pub number: String,
    /// `free`, `assigned`, `reserved`, `guest` or `quarantined`.
    pub state: NumberState,
    /// Who holds it; in quarantine, who held it last.
    pub account: Option<String>,
    /// Whether it is its holder's primary number.
    pub is_primary: bool,
    /// How many holders it has had.
    pub epoch: i64,
    /// RFC 3339.
    pub changed_at: String,
    /// When a guest's lease or the quarantine ends, RFC 3339.
    pub lease_ends_at: Option<String>,
    /// What callers get in quarantine: `forward`, `moved` or `gone`.
    pub on_call: Option<OnCall>,
    /// The number that replaces it, if it is not the last owner's primary one.
    pub forward_to: Option<String>,
    /// Why it is reserved.
    pub note: Option<String>,
}

/// What a change of number came to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChangeView {
    /// The account.
    pub account: String,
    /// The number that was given up.
    pub old: Option<NumberView>,
    /// The number that took its place.
    pub new: NumberView,
}

/// One line of a number's history.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HistoryView {
    /// RFC 3339.
    pub at: String,
    /// What the number became.
    pub state: NumberState,
    /// For whom, by the name of that moment.
    pub account: Option<String>,
    /// The count of holders.
    pub epoch: i64,
    /// Why.
    pub reason: String,
    /// Who did it, as the audit log has it: a username, `operator NAME`, or `the server`.
    pub by: Option<String>,
}

impl From<NumberRow> for NumberView {
    fn from(row: NumberRow) -> Self {
        Self {
            number: row.number.into(),
            state: row.state,
            account: row.username,
            is_primary: row.is_primary,
            epoch: row.epoch,
            changed_at: rfc_3339_seconds(row.changed_at),
            lease_ends_at: row.lease_ends_at.map(rfc_3339_seconds),
            on_call: row.after.as_ref().map(|after| after.on_call),
            forward_to: row
                .after
                .and_then(|after| after.forward_to)
                .map(String::from),
            note: row.note,
        }
    }
}

impl From<NumberChanged> for ChangeView {
    fn from(changed: NumberChanged) -> Self {
        Self {
            account: changed.account.username,
            old: changed.old.map(Into::into),
            new: changed.new.into(),
        }
    }
}

impl After {
    fn parse(&self) -> Result<AfterChange, Failure> {
        let forward_to = self.forward_to.as_deref().map(parse_number).transpose()?;
        Ok(AfterChange {
            on_call: self.on_call,
            forward_to,
        })
    }
}

impl Operator {
    pub(super) async fn numbers(
        office: &Office,
        command: NumbersCommand,
    ) -> Result<Answer, Failure> {
        let right = Right::Administrator;
        let number = match command {
            NumbersCommand::List { state } => {
                return Answer::of(&views(office.numbers(state).await?));
            }
            NumbersCommand::Free { like } => {
                let free = match like.parse()? {
                    Wish::Number(number) => office.free_numbers_near(&number).await?,
                    Wish::Pattern(pattern) => office.free_numbers_like(&pattern).await?,
                    Wish::Any | Wish::Lowest | Wish::Random => {
                        return Err(Failure::new(
                            "bad-request",
                            "Name a number, or a pattern with ? for any digit.",
                        ));
                    }
                };
                return Answer::of(&free);
            }
            NumbersCommand::Assign { number, account } => {
                let wish: Wish = number.parse()?;
                office.assign_number(&wish, account.as_str(), right).await?
            }
            NumbersCommand::Change {
                account,
                to,
                from,
                after,
            } => {
                let from = from.as_deref().map(parse_number).transpose()?;
                let (to, after) = (to.parse()?, after.parse()?);
                let changed = office
                    .change_number(account.as_str(), from.as_ref(), &to, &after, right)
                    .await?;
                return Answer::of(&ChangeView::from(changed));
            }
            NumbersCommand::Swap { a, b } => {
                let (a, b) = (parse_number(&a)?, parse_number(&b)?);
                let (a, b) = office.swap_numbers(&a, &b).await?;
                return Answer::of(&views(vec![a, b]));
            }
            NumbersCommand::Reserve { number, note } => {
                let number = parse_number(&number)?;
                office.reserve_number(&number, note.as_deref()).await?
            }
            NumbersCommand::Release { number } => {
                office.release_number(&parse_number(&number)?).await?
            }
            NumbersCommand::TakeBack { number } => {
                let number = parse_number(&number)?;
                let owner = office.resting_owner(&number).await?;
                office.take_back_number(owner, &number).await?
            }
            NumbersCommand::ChooseAfter { number, after } => {
                let number = parse_number(&number)?;
                let owner = office.resting_owner(&number).await?;
                office.choose_after(owner, &number, &after.parse()?).await?
            }
            NumbersCommand::History { number } => return Self::history(office, &number).await,
            NumbersCommand::Import { lines } => {
                return Answer::of(&office.import_numbers(lines).await?);
            }
            NumbersCommand::Export { after } => {
                let after = after.as_deref().map(parse_number).transpose()?;
                return Answer::of(&views(office.export_numbers(after.as_ref()).await?));
            }
        };
        Answer::of(&NumberView::from(number))
    }

    async fn history(office: &Office, number: &str) -> Result<Answer, Failure> {
        let history = office.number_history(number).await?;
        let filter = AuditFilter {
            limit: MOST_AUDITED,
            ..AuditFilter::default()
        };
        let audit = office.audit_log(None, Some(number), filter).await?;
        let view = |row: NumberHistoryRow| HistoryView {
            at: rfc_3339_seconds(row.happened_at),
            state: row.state,
            by: who_did(&row, &audit),
            account: row.username,
            epoch: row.epoch,
            reason: row.reason,
        };
        Answer::of(&history.into_iter().map(view).collect::<Vec<_>>())
    }
}

fn views(rows: Vec<NumberRow>) -> Vec<NumberView> {
    rows.into_iter().map(Into::into).collect()
}

/// A number with more history than this has the names of its last changers only.
const MOST_AUDITED: i64 = 10_000;

/// So long after the history a change may stand in the audit log: both are written in one transaction, which may have
/// waited for others.
const LONGEST_WRITE_MILLIS: i64 = 30_000;

/// The history tells when and why, the audit log who. Both are written in one transaction, first the history; the log
/// is also about what leaves no history, so the entry that follows within the same moment is the one.
fn who_did(row: &NumberHistoryRow, audit: &[AuditRow]) -> Option<String> {
    let after = audit
        .iter()
        .find(|entry| entry.happened_at >= row.happened_at)?;
    let is_its = after.happened_at - row.happened_at <= LONGEST_WRITE_MILLIS;
    is_its.then(|| super::audit::who(&after.actor, after.actor_name.as_deref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_and_audit_log_belong_together_by_their_moment() {
        let row = |happened_at| NumberHistoryRow {
            state: NumberState::Assigned,
            epoch: 1,
            account: None,
            username: None,
            happened_at,
            reason: "assigned".into(),
        };
        let entry = |happened_at, name: &str| AuditRow {
            entry: happened_at,
            happened_at,
            actor: "account".into(),
            actor_name: Some(name.into()),
            source: None,
            action: "number.assign".into(),
            subject_kind: "number".into(),
            subject: "1000".into(),
            account: None,
            detail: "{}".into(),
        };
        let audit = [entry(1_000, "alice"), entry(50_000, "bob")];
        let who = |at| who_did(&row(at), &audit);
        assert_eq!(who(999).as_deref(), Some("alice"));
        assert_eq!(who(49_000).as_deref(), Some("bob"));
        assert_eq!(who(2_000), None);
        assert_eq!(who(60_000), None);
    }
}
