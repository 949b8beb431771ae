//! `accounts import`: many accounts from a list.

use std::path::Path;

use serde_json::json;

use super::CallctlError;
use super::console::Console;
use super::portions::{self, Outcome, PORTION};
use super::sheet::{self, Column, Refused, Row};
use crate::control::{
    AccountView, AccountsCommand, AddedAccount, Answer, Command, Failure, ListedAccount,
};

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
    // What one portion would have added, the next one of a rehearsal must see: then it is one.
    let portion = match console.page.look().is_rehearsal {
        true => list.0.len(),
        false => PORTION,
    };
    let outcome = portions::perform(console, list, portion, command, read).await?;
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

fn read(answer: &Answer, rows: &[Row]) -> Result<(Vec<AddedAccount>, Vec<Refused>), Failure> {
    let results: Vec<Result<AddedAccount, Failure>> = answer.read()?;
    if results.len() != rows.len() {
        let sentence =
            "The server answered for another number of lines; use the callctl of the same version.";
        return Err(Failure::new("other-version", sentence));
    }
    let (mut added, mut refused) = (Vec::new(), Vec::new());
    for (row, result) in rows.iter().zip(results) {
        match result {
            Ok(account) => added.push(account),
            Err(failure) => refused.push(Refused {
                line: row.line,
                why: failure.sentence,
            }),
        }
    }
    Ok((added, refused))
}

fn print(
    outcome: &Outcome<Vec<AddedAccount>>,
    with_devices: bool,
    console: &mut Console<'_>,
) -> Result<(), CallctlError> {
    let page = &mut console.page;
    let added: Vec<&AddedAccount> = outcome.portions.iter().flatten().collect();
    if page.look().is_json {
        let accounts: Vec<&AccountView> = added.iter().map(|it| &it.account).collect();
        let devices: Vec<_> = added.iter().filter_map(|it| it.device.as_ref()).collect();
        let refused = portions::refused_json(&outcome.refused);
        let all = json!({ "accounts": accounts, "devices": devices, "refused": refused });
        return Ok(page.json(&all)?);
    }
    for credential in added.iter().filter_map(|it| it.device.as_ref()) {
        let number = credential.number.as_deref().unwrap_or("");
        if let (Some(login), Some(secret)) = (&credential.login, &credential.secret) {
            page.line(&format!("{number};{login};{secret}"))?;
        }
    }
    portions::complain(&outcome.refused);
    // Those who want the credentials read nothing else.
    if !with_devices || page.look().is_rehearsal {
        page.done_to_many(added.len(), "account", "added")?;
    }
    Ok(())
}
