//! `accounts import`: many accounts from a list.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::console::Console;
use super::{Access, CallctlError};
use crate::control::{
    AccountView, AccountsCommand, AddedAccount, Command, CredentialView, Failure, ListedAccount,
};

/// What became of a list.
#[derive(Default, Debug)]
struct Imported {
    accounts: Vec<AccountView>,
    devices: Vec<CredentialView>,
    /// The lines that were refused, and why.
    refused: Vec<(usize, String)>,
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
struct Entry {
    line: usize,
    account: ListedAccount,
}

/// Imports a list and tells what became of it.
pub(super) async fn run(
    console: &mut Console<'_>,
    path: &Path,
    with_devices: bool,
) -> Result<(), CallctlError> {
    let text = std::fs::read_to_string(path).map_err(|source| ImportError::Read {
        path: path.to_owned(),
        source,
    })?;
    let list = parse(&text);
    let mut access = console.open().await?;
    let imported = import(console, &mut access, list, with_devices).await;
    access.close().await;
    let imported = imported?;
    print(&imported, console)?;
    match imported.refused.len() {
        0 => Ok(()),
        refused => Err(CallctlError::Import(ImportError::Refused {
            path: path.to_owned(),
            refused,
        })),
    }
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
async fn import(
    console: &Console<'_>,
    access: &mut Access,
    list: Vec<Entry>,
    with_devices: bool,
) -> Result<Imported, CallctlError> {
    let mut imported = Imported::default();
    for chunk in list.chunks(CHUNK) {
        let command = Command::Accounts(AccountsCommand::AddMany {
            accounts: chunk.iter().map(|entry| entry.account.clone()).collect(),
            with_devices,
        });
        let answer = console.perform(access, command).await?;
        let results: Vec<Result<AddedAccount, Failure>> = answer.read()?;
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

fn print(imported: &Imported, console: &mut Console<'_>) -> Result<(), CallctlError> {
    let page = &mut console.page;
    if page.look().is_json {
        let refused = imported.refused.iter();
        let refused: Vec<_> = refused
            .map(|(line, why)| json!({ "line": line, "why": why }))
            .collect();
        let all = json!({ "accounts": imported.accounts, "devices": imported.devices, "refused": refused });
        return Ok(page.json(&all)?);
    }
    for credential in &imported.devices {
        let number = credential.number.as_deref().unwrap_or("");
        page.line(&format!(
            "{number};{};{}",
            credential.login, credential.secret
        ))?;
    }
    for (line, why) in &imported.refused {
        page.line(&format!("line {line}: {why}"))?;
    }
    if imported.devices.is_empty() {
        page.line(&format!("{} accounts added.", imported.accounts.len()))?;
    }
    Ok(())
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
