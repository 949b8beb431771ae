//! `accounts import`: many accounts from a list.

use std::path::Path;

use serde_json::json;

use super::CallctlError;
use super::console::Console;
use super::portions::{self, Outcome};
use super::sheet::{self, Column, Row};
use crate::control::{AccountView, AccountsCommand, AddedAccount, Command, ListedAccount};

const COLUMNS: &[Column] = &[
    &["name", "username"],
    &["number"],
    &["display_name", "display"],
];

/// Imports a list and tells what became of it.
pub(super) async fn run(
    console: &mut Console<'_>,
    path: &Path,
    with_devices: bool,
) -> Result<(), CallctlError> {
    let list = sheet::parse(path, &sheet::read(path)?, COLUMNS, 1)?;
    let command = |rows: &[Row]| {
        Command::Accounts(AccountsCommand::AddMany {
            accounts: rows.iter().map(listed).collect(),
            with_devices,
        })
    };
    let outcome: Outcome<AddedAccount> = portions::perform(console, list, command).await?;
    print(&outcome, with_devices, console)?;
    outcome.into_result()
}

fn listed(row: &Row) -> ListedAccount {
    let field = |index: usize| row.fields.get(index).filter(|field| !field.is_empty());
    ListedAccount {
        name: field(0).cloned().unwrap_or_default(),
        number: field(1).cloned(),
        display_name: field(2).cloned(),
    }
}

fn print(
    outcome: &Outcome<AddedAccount>,
    with_devices: bool,
    console: &mut Console<'_>,
) -> Result<(), CallctlError> {
    let page = &mut console.page;
    if page.look().is_json {
        let accounts: Vec<&AccountView> = outcome.taken.iter().map(|it| &it.account).collect();
        let devices: Vec<_> = outcome
            .taken
            .iter()
            .filter_map(|it| it.device.as_ref())
            .collect();
        let refused = portions::refused_json(&outcome.refused);
        let all = json!({ "accounts": accounts, "devices": devices, "refused": refused });
        return Ok(page.json(&all)?);
    }
    for credential in outcome.taken.iter().filter_map(|it| it.device.as_ref()) {
        let number = credential.number.as_deref().unwrap_or("");
        if let (Some(login), Some(secret)) = (&credential.login, &credential.secret) {
            page.line(&format!("{number};{login};{secret}"))?;
        }
    }
    portions::complain(&outcome.refused);
    // Those who want the credentials read nothing else.
    if !with_devices || page.look().is_rehearsal {
        page.done_to_many(outcome.taken.len(), "account", "added")?;
    }
    Ok(())
}
