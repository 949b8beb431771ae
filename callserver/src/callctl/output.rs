//! What comes back, as a table or as JSON.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{Imported, table};
use crate::control::{AccountView, CredentialView, Reply};

/// Prints a reply; `done` is the word for what was done.
pub(super) fn print(
    reply: &Reply,
    done: &str,
    is_json: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    if is_json {
        let value = match serde_json::to_value(reply)? {
            Value::Object(mut object) => object
                .remove("value")
                .unwrap_or_else(|| json!({ "done": true })),
            other => other,
        };
        return writeln!(out, "{value}");
    }
    match reply {
        Reply::Account(account) => print_account(account, done, out),
        Reply::Accounts(accounts) => {
            let row = |a: &AccountView| {
                let password = if a.has_password { "yes" } else { "no" };
                let number = a.number.clone().unwrap_or_else(|| "-".into());
                vec![
                    a.name.clone(),
                    number,
                    a.display_name.clone(),
                    a.state.clone(),
                    password.into(),
                    a.devices.to_string(),
                ]
            };
            let rows: Vec<_> = accounts.iter().map(row).collect();
            table::print(
                out,
                &[
                    "NAME",
                    "NUMBER",
                    "DISPLAY NAME",
                    "STATE",
                    "PASSWORD",
                    "DEVICES",
                ],
                &rows,
            )
        }
        // Lists are put together and printed as a whole, see `print_imported`.
        Reply::Added(results) => writeln!(out, "{} accounts {done}.", results.len()),
        Reply::Credential(credential) => print_credential(credential, out),
        Reply::Devices(devices) => {
            let row = |d: &crate::control::DeviceView| {
                let seen = d.last_seen_at.clone().unwrap_or_else(|| "never".into());
                vec![
                    d.account.clone(),
                    d.login.clone(),
                    d.label.clone(),
                    seen,
                    d.created_at.clone(),
                ]
            };
            let rows: Vec<_> = devices.iter().map(row).collect();
            table::print(
                out,
                &["ACCOUNT", "LOGIN", "LABEL", "LAST SEEN", "CREATED"],
                &rows,
            )
        }
        Reply::Number(number) => match &number.account {
            Some(account) => writeln!(out, "Number {} {done}: {account} holds it.", number.number),
            None => writeln!(
                out,
                "Number {} {done}: it is {}.",
                number.number, number.state
            ),
        },
        Reply::Numbers(numbers) => {
            let row = |n: &crate::control::NumberView| {
                let account = n.account.clone().unwrap_or_else(|| "-".into());
                let kind = if n.is_primary { "primary" } else { "" };
                vec![
                    n.number.clone(),
                    n.state.clone(),
                    account,
                    kind.into(),
                    n.changed_at.clone(),
                ]
            };
            let rows: Vec<_> = numbers.iter().map(row).collect();
            table::print(out, &["NUMBER", "STATE", "ACCOUNT", "", "SINCE"], &rows)
        }
        Reply::History(history) => {
            let row = |h: &crate::control::HistoryView| {
                vec![
                    h.at.clone(),
                    h.state.clone(),
                    h.account.clone().unwrap_or_else(|| "-".into()),
                    h.reason.clone(),
                ]
            };
            let rows: Vec<_> = history.iter().map(row).collect();
            table::print(out, &["AT", "STATE", "ACCOUNT", "WHY"], &rows)
        }
        Reply::Calls(calls) => {
            let row = |c: &crate::control::CallView| {
                let packets = format!("{} / {}", c.packets_from_caller, c.packets_from_callee);
                vec![
                    c.call.to_string(),
                    c.caller.clone(),
                    c.callee.clone(),
                    c.state.clone(),
                    c.seconds.to_string(),
                    packets,
                ]
            };
            let rows: Vec<_> = calls.iter().map(row).collect();
            table::print(
                out,
                &[
                    "ID",
                    "CALLER",
                    "CALLEE",
                    "STATE",
                    "SECONDS",
                    "PACKETS CALLER / CALLEE",
                ],
                &rows,
            )
        }
        Reply::Bans(bans) => {
            let row = |b: &crate::control::BanView| {
                vec![b.source.clone(), b.seconds_left.to_string(), b.why.clone()]
            };
            let rows: Vec<_> = bans.iter().map(row).collect();
            table::print(out, &["SOURCE", "SECONDS LEFT", "WHY"], &rows)
        }
        Reply::Status(status) => {
            let shown = |value: Option<String>| value.unwrap_or_else(|| "-".into());
            table::print_one(
                out,
                &[
                    (
                        "server",
                        if status.is_running {
                            "running"
                        } else {
                            "not running"
                        }
                        .into(),
                    ),
                    ("version", status.version.clone()),
                    ("domain", status.domain.clone()),
                    ("sip", shown(status.sip.map(|address| address.to_string()))),
                    (
                        "sips",
                        shown(status.sips.map(|address| address.to_string())),
                    ),
                    (
                        "http",
                        shown(status.http.map(|address| address.to_string())),
                    ),
                    (
                        "https",
                        shown(status.https.map(|address| address.to_string())),
                    ),
                    ("certificate", shown(status.certificate_sha256.clone())),
                    (
                        "uptime",
                        shown(status.uptime_seconds.map(|seconds| format!("{seconds} s"))),
                    ),
                    ("accounts", status.accounts.to_string()),
                    (
                        "registrations",
                        shown(status.registrations.map(|count| count.to_string())),
                    ),
                    ("calls", shown(status.calls.map(|count| count.to_string()))),
                ],
            )
        }
        Reply::Done => {
            let mut letters = done.chars();
            let first = letters
                .next()
                .map(|letter| letter.to_ascii_uppercase())
                .into_iter();
            writeln!(out, "{}.", first.chain(letters).collect::<String>())
        }
    }
}

fn print_account(account: &AccountView, done: &str, out: &mut dyn Write) -> io::Result<()> {
    // "done" is what showing an account does: all of it is wanted.
    if done == "done" {
        return table::print_one(
            out,
            &[
                ("name", account.name.clone()),
                ("display name", account.display_name.clone()),
                (
                    "number",
                    account.number.clone().unwrap_or_else(|| "-".into()),
                ),
                ("state", account.state.clone()),
                (
                    "password",
                    if account.has_password { "set" } else { "none" }.into(),
                ),
                ("devices", account.devices.to_string()),
                ("created", account.created_at.clone()),
                ("id", account.id.to_string()),
            ],
        );
    }
    match (&account.number, done) {
        (Some(number), "added") => writeln!(
            out,
            "Account {} added with the number {number}.",
            account.name
        )?,
        _ => writeln!(out, "Account {}: {done}.", account.name)?,
    }
    if done == "added" && !account.has_password {
        writeln!(
            out,
            "It has no password: give it phones with `callctl devices add {}`.",
            account.name
        )?;
    }
    Ok(())
}

fn print_credential(credential: &CredentialView, out: &mut dyn Write) -> io::Result<()> {
    table::print_one(
        out,
        &[
            ("account", credential.account.clone()),
            (
                "number",
                credential.number.clone().unwrap_or_else(|| "-".into()),
            ),
            ("label", credential.label.clone()),
            ("domain", credential.domain.clone()),
            ("login", credential.login.clone()),
            ("secret", credential.secret.clone()),
        ],
    )?;
    writeln!(
        out,
        "Type login and secret into the phone now: the secret is not shown again."
    )
}

/// Prints what became of a list.
pub(super) fn print_imported(
    imported: &Imported,
    is_json: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    if is_json {
        let refused: Vec<_> = imported
            .refused
            .iter()
            .map(|(line, why)| json!({ "line": line, "why": why }))
            .collect();
        let all = json!({ "accounts": imported.accounts, "devices": imported.devices, "refused": refused });
        return writeln!(out, "{all}");
    }
    for credential in &imported.devices {
        let number = credential.number.as_deref().unwrap_or("");
        writeln!(out, "{number};{};{}", credential.login, credential.secret)?;
    }
    for (line, why) in &imported.refused {
        writeln!(out, "line {line}: {why}")?;
    }
    if imported.devices.is_empty() {
        writeln!(out, "{} accounts added.", imported.accounts.len())?;
    }
    Ok(())
}
