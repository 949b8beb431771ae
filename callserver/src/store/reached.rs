//! Whom a dialled number reaches: its holder, or what its last owner chose while it rests.

use api::{AccountId, AfterChange, Number, NumberState, OnCall};
use sqlx::Row;

use super::accounts::read_number;
use super::numbers::{read_after, read_state};
use super::{Store, StoreError, flag};

/// An account as far as a call to it needs to know it. Each call to a number that is not remembered reads one, and on
/// SQLite every column of a row costs more than finding the row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReachedAccount {
    /// The immutable id.
    pub account: AccountId,
    /// Whether it has its number for a while only.
    pub is_guest: bool,
    /// What people see.
    pub display_name: String,
    /// Whether it may neither log in nor be called.
    pub is_disabled: bool,
    /// Its primary number.
    pub number: Option<Number>,
    /// Whether it is a group, a member of one, has said how calls to it are treated, or has blocked somebody.
    pub is_treated: bool,
}

/// What a call to a number comes to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reached {
    /// This account holds it.
    Account(ReachedAccount),
    /// It rests, and its last owner wants calls to ring at this account.
    ForwardedTo(ReachedAccount),
    /// It rests, and callers are told the number that replaces it.
    Moved {
        /// The number that replaces it.
        to: Number,
        /// Who holds that one.
        account: ReachedAccount,
    },
    /// It rests, and callers are told that it is nobody's any more.
    Gone,
    /// Nobody has it.
    Nobody,
}

macro_rules! select_reached {
    ($rest:literal) => {
        concat!(
            "SELECT a.account_id, CASE WHEN a.kind = 'guest' THEN 1 ELSE 0 END AS is_guest, a.display_name, a.is_disabled, n.number,
                 CASE WHEN EXISTS (SELECT 1 FROM call_settings s WHERE s.account_id = a.account_id)
                     OR EXISTS (SELECT 1 FROM ring_groups g WHERE g.group_id = a.account_id)
                     OR EXISTS (SELECT 1 FROM ring_group_members m WHERE m.account_id = a.account_id)
                     OR EXISTS (SELECT 1 FROM contacts c WHERE c.owner_id = a.account_id AND c.is_blocked = 1) THEN 1 ELSE 0 END AS is_treated
             FROM accounts a LEFT JOIN numbers n ON n.account_id = a.account_id AND n.is_primary = 1 ",
            $rest
        )
    };
}

const HOLDER: &str = select_reached!(
    "WHERE a.account_id = (SELECT account_id FROM numbers WHERE number = $1 AND state IN ('assigned', 'guest'))"
);
const OWNER: &str = select_reached!("WHERE a.account_id = $1");

/// So many numbers may lead from one to the next. People move house less often within a quarantine.
const MOST_STEPS: usize = 8;

/// What the database knows of one number on the way.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Station {
    state: NumberState,
    account: Option<AccountId>,
    after: Option<AfterChange>,
}

/// Where the way leads from a station.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Step {
    /// To the number that replaces this one.
    Number(Number),
    /// To an account; its own number is asked for.
    Account(AccountId),
    /// Nowhere: the caller is told that the number is gone.
    Gone,
    /// Nowhere: there never was anybody.
    Nobody,
}

/// The way of one call through numbers that were given up.
#[derive(Default, Debug)]
struct Way {
    passed: Vec<Number>,
    /// The number on the way that somebody holds.
    held: Option<Number>,
    /// Once somebody on the way wants the caller to be told, it does not ring.
    is_told: bool,
}

impl Way {
    /// What follows from what was found at this number.
    fn step(&mut self, number: Number, found: Option<Station>) -> Step {
        let is_first = self.passed.is_empty();
        let is_loop = self.passed.contains(&number) || self.passed.len() >= MOST_STEPS;
        self.passed.push(number.clone());
        let Some(station) = found.filter(|_| !is_loop) else {
            return if is_first { Step::Nobody } else { Step::Gone };
        };
        match (station.state, station.account, station.after) {
            (NumberState::Assigned | NumberState::Guest, Some(account), _) => {
                self.held = Some(number);
                Step::Account(account)
            }
            (NumberState::Quarantined, owner, Some(after)) => {
                self.is_told |= after.on_call == OnCall::Moved;
                match (after.on_call, after.forward_to, owner) {
                    (OnCall::Gone, ..) | (_, None, None) => Step::Gone,
                    (_, Some(number), _) => Step::Number(number),
                    (_, None, Some(account)) => Step::Account(account),
                }
            }
            _ if is_first => Step::Nobody,
            _ => Step::Gone,
        }
    }

    /// The end of the way at this account.
    fn end(&self, account: Option<ReachedAccount>) -> Reached {
        match account {
            // The number that was named, or where none was, the one by which the last owner is known.
            Some(account) if self.is_told => match self.held.clone().or(account.number.clone()) {
                Some(to) => Reached::Moved { to, account },
                None => Reached::Gone,
            },
            Some(account) => Reached::ForwardedTo(account),
            None => Reached::Gone,
        }
    }
}

impl Store {
    /// Whom this number reaches now. Numbers that rest are followed to whoever replaces them; a way that comes back to
    /// where it was, or is longer than anybody's, ends as gone.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn reached_by(&self, number: &Number) -> Result<Reached, StoreError> {
        // Nearly every call goes to a number that somebody holds: one query.
        if let Some(account) = self.reached_account(HOLDER, number.as_str()).await? {
            return Ok(Reached::Account(account));
        }
        let mut way = Way::default();
        let mut number = number.clone();
        loop {
            let station = self.station(&number).await?;
            match way.step(number.clone(), station) {
                Step::Number(next) => number = next,
                Step::Account(account) => {
                    return Ok(way.end(self.reached_account(OWNER, account.0).await?));
                }
                Step::Gone => return Ok(Reached::Gone),
                Step::Nobody => return Ok(Reached::Nobody),
            }
        }
    }

    async fn reached_account<'q, T>(
        &self,
        select: &'static str,
        key: T,
    ) -> Result<Option<ReachedAccount>, StoreError>
    where
        T: sqlx::Encode<'q, sqlx::Any> + sqlx::Type<sqlx::Any> + 'q,
    {
        let select = sqlx::query(select).bind(key);
        let Some(row) = select.fetch_optional(&self.readers).await? else {
            return Ok(None);
        };
        Ok(Some(ReachedAccount {
            account: AccountId(row.try_get("account_id")?),
            is_guest: flag(&row, "is_guest")?,
            display_name: row.try_get("display_name")?,
            is_disabled: flag(&row, "is_disabled")?,
            number: read_number(&row)?,
            is_treated: flag(&row, "is_treated")?,
        }))
    }

    async fn station(&self, number: &Number) -> Result<Option<Station>, StoreError> {
        let select = "SELECT state, account_id, on_call, forward_to FROM numbers WHERE number = $1";
        let select = sqlx::query(select).bind(number.as_str());
        let Some(row) = select.fetch_optional(&self.readers).await? else {
            return Ok(None);
        };
        Ok(Some(Station {
            state: read_state(&row.try_get::<String, _>("state")?)?,
            account: row.try_get::<Option<i64>, _>("account_id")?.map(AccountId),
            after: read_after(&row)?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        Number::parse(text).expect("a number")
    }

    fn resting(on_call: OnCall, forward_to: Option<&str>) -> Option<Station> {
        Some(Station {
            state: NumberState::Quarantined,
            account: Some(AccountId(7)),
            after: Some(AfterChange {
                on_call,
                forward_to: forward_to.map(number),
            }),
        })
    }

    fn plain(state: NumberState, account: Option<i64>) -> Option<Station> {
        Some(Station {
            state,
            account: account.map(AccountId),
            after: None,
        })
    }

    #[test]
    fn a_number_that_rests_does_what_its_last_owner_chose() {
        for (found, step, is_told) in [
            (
                resting(OnCall::Forward, None),
                Step::Account(AccountId(7)),
                false,
            ),
            (
                resting(OnCall::Moved, None),
                Step::Account(AccountId(7)),
                true,
            ),
            (resting(OnCall::Gone, None), Step::Gone, false),
            (resting(OnCall::Gone, Some("1005")), Step::Gone, false),
            (
                resting(OnCall::Forward, Some("1005")),
                Step::Number(number("1005")),
                false,
            ),
            (
                plain(NumberState::Assigned, Some(3)),
                Step::Account(AccountId(3)),
                false,
            ),
            (
                plain(NumberState::Guest, Some(3)),
                Step::Account(AccountId(3)),
                false,
            ),
            (plain(NumberState::Free, None), Step::Nobody, false),
            (plain(NumberState::Reserved, None), Step::Nobody, false),
            (None, Step::Nobody, false),
        ] {
            let mut way = Way::default();
            assert_eq!(way.step(number("1000"), found.clone()), step, "{found:?}");
            assert_eq!(way.is_told, is_told);
        }
    }

    #[test]
    fn a_number_without_its_owner_is_gone_unless_another_replaces_it() {
        let orphan = |forward_to| {
            resting(OnCall::Forward, forward_to).map(|station| Station {
                account: None,
                ..station
            })
        };
        assert_eq!(
            Way::default().step(number("1000"), orphan(None)),
            Step::Gone
        );
        assert_eq!(
            Way::default().step(number("1000"), orphan(Some("1001"))),
            Step::Number(number("1001"))
        );
    }

    #[test]
    fn a_way_in_a_circle_and_one_into_nothing_end_as_gone() {
        let mut way = Way::default();
        let to = |target| resting(OnCall::Forward, Some(target));
        assert_eq!(
            way.step(number("1000"), to("1001")),
            Step::Number(number("1001"))
        );
        assert_eq!(
            way.step(number("1001"), to("1000")),
            Step::Number(number("1000"))
        );
        assert_eq!(way.step(number("1000"), to("1001")), Step::Gone);

        let mut way = Way::default();
        way.step(number("1000"), to("1001"));
        assert_eq!(way.step(number("1001"), None), Step::Gone);

        let mut way = Way::default();
        let ends = (1000..1100).find(|value| {
            let (from, to) = (value.to_string(), (value + 1).to_string());
            way.step(number(&from), resting(OnCall::Forward, Some(&to))) == Step::Gone
        });
        assert_eq!(ends, Some(1000 + MOST_STEPS as i64));
    }
}
