//! `accounts import`: many accounts from a list.

use std::io;
use std::path::{Path, PathBuf};

use super::Access;
use crate::control::{AccountView, Command, ControlError, CredentialView, Reply};

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
    name: String,
    number: Option<String>,
    display_name: Option<String>,
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
        let name = fields.next().flatten()?;
        let (number, display_name) = (fields.next().flatten(), fields.next().flatten());
        Some(Entry {
            line,
            name,
            number,
            display_name,
        })
    };
    let is_comment = |text: &str| text.starts_with('#');
    // The byte order mark and the heading that spreadsheets write.
    let lines = text
        .trim_start_matches('\u{feff}')
        .lines()
        .zip(1..)
        .map(|(text, line)| (line, text.trim()));
    let is_heading =
        |line: usize, text: &str| line == 1 && text.to_ascii_lowercase().starts_with("name,");
    lines
        .filter(|(line, text)| !is_comment(text) && !is_heading(*line, text))
        .filter_map(entry)
        .collect()
}

/// Adds the accounts one by one. A refused line does not stop the others.
pub(super) async fn import(
    access: &mut Access,
    list: Vec<Entry>,
    with_devices: bool,
) -> Result<Imported, ControlError> {
    let mut imported = Imported::default();
    for Entry {
        line,
        name,
        number,
        display_name,
    } in list
    {
        let add = Command::AddAccount {
            name,
            display_name,
            number,
            password: None,
        };
        let account = match access.perform(add).await {
            Ok(Reply::Account(account)) => account,
            Ok(_) => continue,
            Err(ControlError::Refused(failure)) => {
                imported.refused.push((line, failure.sentence));
                continue;
            }
            Err(error) => return Err(error),
        };
        if with_devices {
            let add = Command::AddDevice {
                account: account.name.clone(),
                label: None,
            };
            if let Reply::Credential(credential) = access.perform(add).await? {
                imported.devices.push(credential);
            }
        }
        imported.accounts.push(account);
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
            name: name.into(),
            number: number.map(Into::into),
            display_name: display_name.map(Into::into),
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
