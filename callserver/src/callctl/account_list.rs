//! `accounts import`: many accounts from a list.

use std::io;
use std::path::{Path, PathBuf};

use super::Access;
use crate::control::{
    AccountView, AddedAccount, Command, ControlError, CredentialView, ListedAccount, Reply,
};

/// What became of a list.
#[derive(Default, Debug)]
pub struct Imported {
    /// The new accounts.
    pub accounts: Vec<AccountView>,
    /// The credential of each, if devices were asked for.
    pub devices: Vec<CredentialView>,
    /// The lines that were refused, and why.
    pub refused: Vec<(usize, String)>,
}

/// Why a list was not imported, or not all of it.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file.
    #[error("The list {} cannot be read ({source}); check the path.", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Some lines.
    #[error("{refused} lines of {} were refused; correct and import them again.", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// How many.
        refused: usize,
    },
}

/// One line of the list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    line: usize,
    account: ListedAccount,
}

/// Reads a list.
pub(super) fn read(path: &Path) -> Result<Vec<Entry>, ImportError> {
    let text = std::fs::read_to_string(path).map_err(|source| ImportError::Read {
        path: path.to_owned(),
        source,
    })?;
    Ok(parse(&text))
}

fn parse(text: &str) -> Vec<Entry> {
    let entry = |(line, text): (usize, &str)| {
        let mut fields = text
            .splitn(3, ',')
            .map(|field| Some(field.trim().to_owned()).filter(|field| !field.is_empty()));
        // A missing name is refused with its line number like any other bad name.
        let name = fields.next().flatten().unwrap_or_default();
        let (number, display_name) = (fields.next().flatten(), fields.next().flatten());
        Entry {
            line,
            account: ListedAccount {
                name,
                number,
                display_name,
            },
        }
    };
    let says_nothing = |text: &str| text.is_empty() || text.starts_with('#');
    // The byte order mark and the heading that spreadsheets write.
    let lines = text
        .trim_start_matches('\u{feff}')
        .lines()
        .zip(1..)
        .map(|(text, line)| (line, text.trim()));
    let is_heading =
        |line: usize, text: &str| line == 1 && text.to_ascii_lowercase().starts_with("name,");
    lines
        .filter(|(line, text)| !says_nothing(text) && !is_heading(*line, text))
        .map(entry)
        .collect()
}

/// So many accounts are one transaction: few enough to leave the database to others in between.
const CHUNK: usize = 1_000;

/// Adds the accounts. A refused line does not stop the others.
pub(super) async fn import(
    access: &mut Access,
    list: Vec<Entry>,
    with_devices: bool,
) -> Result<Imported, ControlError> {
    let mut imported = Imported::default();
    for chunk in list.chunks(CHUNK) {
        let accounts = chunk.iter().map(|entry| entry.account.clone()).collect();
        let reply = access
            .perform(Command::AddAccounts {
                accounts,
                with_devices,
            })
            .await?;
        let Reply::Added(results) = reply else {
            continue;
        };
        for (entry, result) in chunk.iter().zip(results) {
            match result {
                Ok(AddedAccount { account, device }) => {
                    imported.accounts.push(account);
                    imported.devices.extend(device);
                }
                Err(failure) => imported.refused.push((entry.line, failure.sentence)),
            }
        }
    }
    Ok(imported)
}

impl Imported {
    /// An error if not every line was taken.
    pub(super) fn into_result(self, path: &Path) -> Result<(), ImportError> {
        match self.refused.len() {
            0 => Ok(()),
            refused => Err(ImportError::Refused {
                path: path.to_owned(),
                refused,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_names_numbers_and_display_names() {
        let entry = |line, name: &str, number: Option<&str>, display_name: Option<&str>| Entry {
            line,
            account: ListedAccount {
                name: name.into(),
                number: number.map(Into::into),
                display_name: display_name.map(Into::into),
            },
        };
        assert_eq!(
            parse(
                "\u{feff}Name,number,display\r\n# people\r\nalice, 1000 ,Alice, the first\r\n\r\nbob\ncarol,,Carol"
            ),
            [
                entry(3, "alice", Some("1000"), Some("Alice, the first")),
                entry(5, "bob", None, None),
                entry(6, "carol", None, Some("Carol")),
            ]
        );
    }
}
