//! Many numbers at once, from the lines of a file: each line is done or refused, and a refused line stops no other.

use std::collections::HashMap;
use std::time::SystemTime;

use api::{AccountId, Number, NumberState, Username};
use serde::{Deserialize, Serialize};

use super::super::{Change, Office, OfficeError, PersonChanged, WhatChanged};
use super::reserve::checked_note;
use super::{PlanError, parse_number};
use crate::store::{AuditEntry, Lease, NumberRow, NumberWrite, OwnerRow, Subject};

/// So many lines are one write: others get their turn in between.
const MOST_LINES: usize = 1000;

/// One line as it was written.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct ImportLine {
    /// Its place in the file, from 1.
    pub line: u64,
    /// The number.
    pub number: String,
    /// Whose it shall be; empty for a number that nobody holds.
    #[serde(default)]
    pub username: String,
    /// `yes`, `no`, or empty: primary if it is the account's first.
    #[serde(default)]
    pub primary: String,
    /// `assigned`, `reserved` or `free`; empty: assigned if there is a username.
    #[serde(default)]
    pub state: String,
    /// Why it is reserved.
    #[serde(default)]
    pub note: String,
}

/// What became of the lines.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct ImportReport {
    /// How many numbers are something else now.
    pub changed: u64,
    /// How many were so already.
    pub unchanged: u64,
    /// The lines that were not done.
    pub refused: Vec<RefusedLine>,
}

/// A line that was not done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RefusedLine {
    /// Its place in the file, from 1.
    pub line: u64,
    /// The number, as it was written.
    pub number: String,
    /// One sentence: why, and what to do.
    pub reason: String,
}

/// A line that keeps all rules that can be checked without the database.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Wanted {
    number: Number,
    what: WantedState,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum WantedState {
    Assigned {
        username: Username,
        is_primary: Option<bool>,
    },
    Reserved {
        note: Option<String>,
    },
    Free,
    /// Guests' numbers and those that rest: part of every export, and nothing that a file could make so.
    Passing(NumberState),
}

impl ImportLine {
    fn check(&self) -> Result<Wanted, OfficeError> {
        let number = parse_number(&self.number)?;
        let refuse = |field, text: &str, allowed| {
            OfficeError::from(PlanError::Field {
                field,
                text: text.to_owned(),
                allowed,
            })
        };
        let is_primary = match self.primary.trim().to_ascii_lowercase().as_str() {
            "" => None,
            "yes" | "true" | "1" => Some(true),
            "no" | "false" | "0" => Some(false),
            _ => return Err(refuse("primary", &self.primary, "yes, no or nothing")),
        };
        let username = self.username.trim();
        let state = match self.state.trim().to_ascii_lowercase().as_str() {
            "" if !username.is_empty() => NumberState::Assigned,
            "" => {
                return Err(refuse(
                    "username",
                    "",
                    "a username, unless the state says that nobody holds the number",
                ));
            }
            word => NumberState::from_word(word)
                .ok_or_else(|| refuse("state", &self.state, "assigned, reserved or free"))?,
        };
        let what = match state {
            NumberState::Assigned => WantedState::Assigned {
                username: Username::parse(username)?,
                is_primary,
            },
            NumberState::Guest | NumberState::Quarantined => WantedState::Passing(state),
            NumberState::Reserved | NumberState::Free if !username.is_empty() => {
                return Err(refuse(
                    "username",
                    username,
                    "nothing for a number that nobody holds",
                ));
            }
            NumberState::Reserved => WantedState::Reserved {
                note: checked_note(Some(&self.note))?,
            },
            NumberState::Free => WantedState::Free,
        };
        Ok(Wanted { number, what })
    }
}

/// The plan as it is while a part of the file is being read: what the database says and what the lines before made of it.
struct Part {
    rows: HashMap<Number, NumberRow>,
    owners: HashMap<String, OwnerRow>,
    /// The line that named this number.
    seen: HashMap<Number, u64>,
    writes: Vec<NumberWrite>,
    /// Where in `writes` the new primary number of an account is.
    primaries: HashMap<AccountId, usize>,
    /// Primary numbers that the database holds and that are primary no more.
    demoted: Vec<Number>,
    per_account: i64,
}

impl Part {
    /// Decides about one line; whether anything changes.
    fn take(&mut self, line: u64, wanted: Wanted) -> Result<bool, OfficeError> {
        if let Some(first) = self.seen.insert(wanted.number.clone(), line) {
            return Err(PlanError::LineTwice {
                number: wanted.number,
                line: first,
            }
            .into());
        }
        let row = self.rows.get(&wanted.number).cloned();
        let state = row.as_ref().map_or(NumberState::Free, |row| row.state);
        let number = wanted.number;
        match wanted.what {
            WantedState::Assigned {
                username,
                is_primary,
            } => self.assign(number, row, &username, is_primary),
            WantedState::Reserved { note } => match state {
                NumberState::Reserved if row.as_ref().is_some_and(|row| row.note == note) => {
                    Ok(false)
                }
                NumberState::Free | NumberState::Reserved => {
                    self.write(number, row, Lease::Reserved { note }, None);
                    Ok(true)
                }
                _ => Err(in_use(number, row)),
            },
            WantedState::Free => match state {
                NumberState::Free => Ok(false),
                NumberState::Reserved => {
                    self.write(number, row, Lease::Free, None);
                    Ok(true)
                }
                _ => Err(in_use(number, row)),
            },
            WantedState::Passing(wanted) if wanted == state => Ok(false),
            WantedState::Passing(wanted) => Err(PlanError::Passing {
                number,
                state: wanted,
            }
            .into()),
        }
    }

    fn assign(
        &mut self,
        number: Number,
        row: Option<NumberRow>,
        username: &Username,
        is_primary: Option<bool>,
    ) -> Result<bool, OfficeError> {
        let missing = || OfficeError::NoSuchAccount {
            name: username.to_string(),
        };
        let owner = self.owners.get_mut(username.as_str()).ok_or_else(missing)?;
        let account = owner.account;
        let is_first = owner.primary.is_none();
        if let Some(row) = &row {
            match (row.state, row.account) {
                (NumberState::Assigned, Some(holder)) if holder == account => {
                    let becomes = is_primary == Some(true) && !row.is_primary;
                    if becomes {
                        let number = row.number.clone();
                        let before = owner.primary.replace(number);
                        self.displace(account, before);
                        let lease = Lease::Assigned {
                            account,
                            is_primary: true,
                        };
                        self.primaries.insert(account, self.writes.len());
                        self.write(row.number.clone(), Some(row.clone()), lease, Some(username));
                    }
                    return Ok(becomes);
                }
                (NumberState::Free | NumberState::Reserved, _) => {}
                (NumberState::Quarantined, Some(holder)) if holder == account => {}
                _ => return Err(in_use(number, Some(row.clone()))),
            }
        }
        if owner.held >= self.per_account {
            return Err(PlanError::TooManyNumbers {
                name: username.to_string(),
                most: usize::try_from(self.per_account).unwrap_or(usize::MAX),
            }
            .into());
        }
        owner.held += 1;
        // An account with numbers has a primary one, whatever the file says about its first.
        let is_primary = is_primary.unwrap_or(false) || is_first;
        if is_primary {
            let before = owner.primary.replace(number.clone());
            self.displace(account, before);
            self.primaries.insert(account, self.writes.len());
        }
        let lease = Lease::Assigned {
            account,
            is_primary,
        };
        self.write(number, row, lease, Some(username));
        Ok(true)
    }

    /// The primary number that was, is one no more: in the database, or among what is about to be written.
    fn displace(&mut self, account: AccountId, before: Option<Number>) {
        match self.primaries.remove(&account) {
            Some(index) => {
                self.writes[index].lease = Lease::Assigned {
                    account,
                    is_primary: false,
                };
            }
            None => self.demoted.extend(before),
        }
    }

    fn write(
        &mut self,
        number: Number,
        before: Option<NumberRow>,
        lease: Lease,
        username: Option<&Username>,
    ) {
        self.writes.push(NumberWrite {
            number,
            before,
            lease,
            username: username.map(Username::to_string),
        });
    }
}

fn in_use(number: Number, row: Option<NumberRow>) -> OfficeError {
    let state = match row {
        Some(NumberRow {
            username: Some(name),
            state: NumberState::Assigned,
            ..
        }) => format!("held by {name:?}"),
        Some(row) => row.state.to_string(),
        None => NumberState::Free.to_string(),
    };
    OfficeError::NumberTaken {
        number,
        state,
        alternatives: Vec::new(),
    }
}

impl Office {
    /// Does what the lines say, all in one transaction; at most a thousand lines at a time, so that a file of any
    /// length is done in parts.
    ///
    /// # Errors
    /// If there are too many lines, or the database fails; then none is done.
    pub async fn import_numbers(
        &self,
        lines: Vec<ImportLine>,
    ) -> Result<ImportReport, OfficeError> {
        if lines.len() > MOST_LINES {
            return Err(PlanError::TooManyLines {
                lines: lines.len(),
                most: MOST_LINES,
            }
            .into());
        }
        let mut report = ImportReport::default();
        let mut wanted = Vec::with_capacity(lines.len());
        for line in lines {
            match line.check() {
                Ok(checked) => wanted.push((line.line, checked)),
                Err(error) => report.refuse(line.line, line.number, &error),
            }
        }
        let now = SystemTime::now();
        let mut tx = self.store.begin().await?;
        let numbers: Vec<_> = wanted.iter().map(|(_, wanted)| &wanted.number).collect();
        let names = wanted.iter().filter_map(|(_, wanted)| match &wanted.what {
            WantedState::Assigned { username, .. } => Some(username.as_str()),
            _ => None,
        });
        let names: Vec<_> = names.collect();
        let mut part = Part {
            rows: tx.numbers_among(&numbers).await?,
            owners: tx.owners_among(&names).await?,
            seen: HashMap::new(),
            writes: Vec::new(),
            primaries: HashMap::new(),
            demoted: Vec::new(),
            per_account: self.plan.per_account.into(),
        };
        let former: HashMap<AccountId, Option<Number>> = part
            .owners
            .values()
            .map(|owner| (owner.account, owner.primary.clone()))
            .collect();
        for (line, wanted) in wanted {
            let number = wanted.number.clone();
            match part.take(line, wanted) {
                Ok(true) => report.changed += 1,
                Ok(false) => report.unchanged += 1,
                Err(error) => report.refuse(line, number.into(), &error),
            }
        }
        report.refused.sort_by_key(|refused| refused.line);
        let mut change = part.changes(&former);
        tx.demote_numbers(&part.demoted).await?;
        tx.set_numbers(&part.writes, "imported", now).await?;
        let entries: Vec<_> = part.writes.iter().map(entry).collect();
        tx.audit_all(&self.actor, &entries, now).await?;
        let written: Vec<_> = part.writes.into_iter().map(|write| write.number).collect();
        let leading = tx.numbers_that_lead_to(&written).await?;
        change.dialled.extend(leading.into_iter().map(String::from));
        let accounts: Vec<_> = change.people.iter().map(|person| person.account).collect();
        change.logins = tx.logins_among(&accounts).await?;
        self.finish(tx, change).await?;
        Ok(report)
    }
}

impl Part {
    fn changes(&self, former: &HashMap<AccountId, Option<Number>>) -> Change {
        let numbers = self.writes.iter().map(|write| write.number.to_string());
        let mut change = Change {
            dialled: numbers.collect(),
            ..Change::default()
        };
        for (name, owner) in &self.owners {
            let old = former.get(&owner.account).cloned().flatten();
            if old != owner.primary {
                change.dialled.push(name.clone());
                change.people.push(PersonChanged {
                    account: owner.account,
                    what: WhatChanged::Number {
                        old,
                        new: owner.primary.clone(),
                    },
                });
            }
        }
        change
    }
}

fn entry(write: &NumberWrite) -> AuditEntry {
    AuditEntry {
        action: "number.import",
        subject: Subject::Number(write.number.clone()),
        account: write.lease.account(),
        detail: serde_json::json!({ "state": write.lease.state() }),
    }
}

impl ImportReport {
    /// Adds what became of the next part of the same file.
    pub fn add(&mut self, next: Self) {
        self.changed += next.changed;
        self.unchanged += next.unchanged;
        self.refused.extend(next.refused);
    }

    fn refuse(&mut self, line: u64, number: String, error: &OfficeError) {
        self.refused.push(RefusedLine {
            line,
            number,
            reason: error.to_string(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: &str, username: &str, primary: &str, state: &str) -> ImportLine {
        ImportLine {
            line: 2,
            number: number.into(),
            username: username.into(),
            primary: primary.into(),
            state: state.into(),
            note: String::new(),
        }
    }

    #[test]
    fn each_line_is_understood_or_refused_with_its_reason() {
        let name = |text| Username::parse(text).expect("a name");
        let assigned = |is_primary| WantedState::Assigned {
            username: name("alice"),
            is_primary,
        };
        for (written, what) in [
            (line("1000", "alice", "", ""), assigned(None)),
            (
                line("1000", " Alice ", "YES", "Assigned"),
                assigned(Some(true)),
            ),
            (
                line("1000", "alice", "0", "assigned"),
                assigned(Some(false)),
            ),
            (
                line("1000", "", "", "reserved"),
                WantedState::Reserved { note: None },
            ),
            (line("1000", "", "", "free"), WantedState::Free),
            (
                line("1000", "guest-1", "yes", "guest"),
                WantedState::Passing(NumberState::Guest),
            ),
        ] {
            assert_eq!(written.check().expect("a good line").what, what);
        }
        for (written, part) in [
            (line("", "alice", "", ""), "\"\" is not a number"),
            (line("10a0", "alice", "", ""), "'a'"),
            (line("1000", "", "", ""), "username"),
            (line("1000", "", "", "assigned"), "username"),
            (line("1000", "alice", "maybe", ""), "\"maybe\""),
            (line("1000", "alice", "", "mine"), "\"mine\""),
            (line("1000", "alice", "", "free"), "\"alice\""),
            (line("1000", "a b", "", ""), "username"),
        ] {
            let sentence = written.check().expect_err("a refusal").to_string();
            assert!(sentence.contains(part), "{written:?}: {sentence}");
        }
    }
}
