//! `callctl status`: how the server is.

use std::collections::BTreeMap;

use super::CallctlError;
use super::console::Console;
use super::page::or_dash;
use crate::control::{Command, StatusCommand, StatusView};

pub(super) const JSON: &str = "With --json: {is_running, version, domain, database, sip, sips, http, https, certificate_sha256, \
instance, uptime_seconds, accounts, registrations, calls, cleaned}, and in cleaned how much the server has removed by itself since its start; what is off, or only known while a server runs, is null";

pub(super) async fn run(console: &mut Console<'_>) -> Result<(), CallctlError> {
    let command = Command::Status(StatusCommand::Show);
    let Some(status) = console.answer::<StatusView>(command).await? else {
        return Ok(());
    };
    let shown = |value: Option<&dyn ToString>| or_dash(value.map(ToString::to_string));
    let state = match status.is_running {
        true => "running",
        false => "not running",
    };
    let uptime = status.uptime_seconds.map(in_words);
    Ok(console.page.properties(&[
        ("server", state.into()),
        ("version", status.version),
        ("domain", status.domain),
        ("database", status.database),
        ("sip", shown(status.sip.as_ref().map(|a| a as _))),
        ("sips", shown(status.sips.as_ref().map(|a| a as _))),
        ("http", shown(status.http.as_ref().map(|a| a as _))),
        ("https", shown(status.https.as_ref().map(|a| a as _))),
        ("certificate", or_dash(status.certificate_sha256)),
        ("uptime", or_dash(uptime)),
        ("accounts", status.accounts.to_string()),
        (
            "registrations",
            shown(status.registrations.as_ref().map(|n| n as _)),
        ),
        ("calls", shown(status.calls.as_ref().map(|n| n as _))),
        ("removed", or_dash(status.cleaned.as_ref().map(removed))),
    ])?)
}

/// What was over, and how much of it: `2 sessions, 14 files`.
fn removed(cleaned: &BTreeMap<String, u64>) -> String {
    let some = cleaned.iter().filter(|(_, count)| **count > 0);
    let some: Vec<String> = some
        .map(|(what, count)| format!("{count} {what}"))
        .collect();
    match some.is_empty() {
        true => "nothing yet".to_owned(),
        false => some.join(", "),
    }
}

/// A length of time in its two largest units.
fn in_words(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, _, _) => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_removed_is_counted_in_words() {
        let counts = [("files", 14), ("rooms", 0), ("sessions", 2)];
        let counts = counts.map(|(what, count)| (what.to_owned(), count));
        assert_eq!(removed(&counts.into()), "14 files, 2 sessions");
        assert_eq!(removed(&BTreeMap::new()), "nothing yet");
    }

    #[test]
    fn uptime_has_its_two_largest_units() {
        assert_eq!(in_words(59), "59 s");
        assert_eq!(in_words(3_599), "59 min 59 s");
        assert_eq!(in_words(86_399), "23 h 59 min");
        assert_eq!(in_words(90_000), "1 d 1 h");
    }
}
