//! How `callctl` behaves whatever it is asked: exit codes, JSON, dry runs, the audit log, help for shells and readers.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{Server, callctl};

/// A data folder without a server, with two accounts: alice with a device, and bob.
fn without_server() -> TempDir {
    let server = Server::start();
    server.signal("TERM");
    let (_, _, folder) = server.wait();
    furnish(folder.path());
    folder
}

fn furnish(data: &Path) {
    for arguments in [
        ["accounts", "add", "alice", "--no-password"],
        ["accounts", "add", "bob", "--no-password"],
        ["devices", "add", "alice", "--label=desk"],
    ] {
        let ended = callctl(data, &arguments, "");
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
}

/// What there is, as far as dry runs could change it.
fn everything(data: &Path) -> Vec<String> {
    let lists: [&[&str]; 4] = [
        &["accounts", "list"],
        &["devices", "list"],
        &["numbers", "list"],
        &["audit"],
    ];
    let list = |arguments: &&[&str]| callctl(data, &[&["--json"], *arguments].concat(), "").stdout;
    lists.iter().map(list).collect()
}

fn dry_runs_change_nothing(data: &Path) {
    let before = everything(data);
    let list = data.join("dry.csv");
    std::fs::write(&list, "carol,1003\nerin,1003\n").unwrap();
    let list = list.to_str().unwrap();
    let cases: &[(&[&str], &str)] = &[
        (
            &["accounts", "add", "carol", "--no-password"],
            "Account carol would be added with the number 1002.",
        ),
        (
            &["accounts", "disable", "alice"],
            "Account alice would be disabled.",
        ),
        (
            &["accounts", "enable", "alice"],
            "Account alice would be enabled.",
        ),
        (
            &["accounts", "remove", "alice"],
            "Account alice would be removed.",
        ),
        (
            &["accounts", "passwd", "alice", "--password-stdin"],
            "Account alice would be given a new password.",
        ),
        (
            &["devices", "add", "bob"],
            "Device \"phone\" would be added to bob.",
        ),
        (
            &["numbers", "assign", "1055", "bob"],
            "Number 1055 would be assigned to bob.",
        ),
        (
            &["numbers", "release", "1000"],
            "Number 1000 would be released.",
        ),
        (
            &["numbers", "reserve", "1056"],
            "Number 1056 would be reserved.",
        ),
        (
            &["numbers", "pool", "add", "70000-70999"],
            "Pool 70000-70999 for accounts would be added.",
        ),
        (
            &["accounts", "rename", "alice", "alicia"],
            "Account alice would be renamed to alicia.",
        ),
        (
            &["accounts", "admin", "alice"],
            "Account alice would be made an administrator.",
        ),
    ];
    for (arguments, said) in cases {
        let ended = callctl(
            data,
            &[&["--dry-run"], *arguments].concat(),
            "seven green bottles 7\n",
        );
        assert_eq!(ended.code, Some(0), "{arguments:?}: {ended:?}");
        assert_eq!(
            ended.stdout.trim_end(),
            format!("{said} This was a dry run; nothing has changed."),
            "{arguments:?}"
        );
    }
    let import = callctl(data, &["--dry-run", "accounts", "import", list], "");
    assert_eq!(import.code, Some(1), "{import:?}");
    assert!(
        import.stdout.starts_with("1 account would be added."),
        "{import:?}"
    );
    // One line of a rehearsal sees the other.
    assert!(
        import
            .stderr
            .contains("line 2: The number 1003 is held by \"carol\""),
        "{import:?}"
    );
    let device = callctl(data, &["--dry-run", "--json", "devices", "add", "bob"], "");
    let device: Value = serde_json::from_str(&device.stdout).unwrap();
    assert_eq!(
        (&device["login"], &device["secret"]),
        (&json!(null), &json!(null))
    );
    // The same checks as the real thing.
    let taken = callctl(data, &["--dry-run", "numbers", "assign", "1000", "bob"], "");
    assert_eq!(taken.code, Some(1), "{taken:?}");
    assert!(taken.stderr.contains("is held by \"alice\""), "{taken:?}");
    assert_eq!(everything(data), before);
}

#[test]
fn a_dry_run_says_what_would_be_done_and_changes_nothing() {
    let server = Server::start();
    furnish(server.data());
    dry_runs_change_nothing(server.data());
    for arguments in [["calls", "hangup", "7"], ["bans", "release", "192.0.2.7"]] {
        let ended = server.callctl(&[&["--dry-run"], &arguments[..]].concat());
        assert_eq!(ended.code, Some(1), "{ended:?}");
    }
    server.signal("TERM");
    let (_, _, folder) = server.wait();
    dry_runs_change_nothing(folder.path());
}

#[test]
fn a_failure_is_json_on_stderr_where_json_is_asked_for() {
    let folder = without_server();
    let failure = |arguments: &[&str]| {
        let ended = callctl(folder.path(), &[&["--json"], arguments].concat(), "");
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(1), ""),
            "{ended:?}"
        );
        let said: Value = serde_json::from_str(&ended.stderr).unwrap();
        said["error"].clone()
    };
    let taken = failure(&["numbers", "assign", "1000", "bob"]);
    assert_eq!(taken["code"], "conflict");
    assert!(
        taken["sentence"].as_str().unwrap().contains("\"alice\""),
        "{taken}"
    );
    assert!(
        taken["alternatives"]
            .as_array()
            .is_some_and(|free| free.len() == 3 && free.contains(&json!("1002"))),
        "{taken}"
    );
    assert_eq!(
        failure(&["accounts", "show", "nobody"])["code"],
        "not-found"
    );
    assert_eq!(failure(&["calls", "list"])["code"], "no-server");
    assert_eq!(
        failure(&["accounts", "import", "/nowhere.csv"])["code"],
        "bad-request"
    );
    let nowhere = callctl(Path::new("/nowhere"), &["--json", "status"], "");
    assert!(nowhere.stderr.contains("\"no-database\""), "{nowhere:?}");
}

#[test]
fn exit_codes_tell_refusals_from_wrong_command_lines_and_what_was_meant_is_suggested() {
    let folder = without_server();
    let run = |arguments: &[&str]| callctl(folder.path(), arguments, "");
    for wrong in [
        &["acounts", "list"] as &[&str],
        &["accounts"],
        &["accounts", "lists"],
        &["accounts", "add"],
        &["numbers", "assign", "1000"],
        &["calls", "hangup", "seven"],
        &["bans", "release", "nowhere"],
        &["audit", "--limit", "0"],
        &["audit", "--since", "yesterday"],
        &["completions", "tcsh"],
        &["--colour", "status"],
    ] {
        let ended = run(wrong);
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(2), ""),
            "{wrong:?}: {ended:?}"
        );
        assert!(!ended.stderr.contains('\u{1b}'), "{ended:?}");
    }
    assert!(run(&["acounts", "list"]).stderr.contains("'accounts'"));
    // What other tools call it works too.
    for also in [["account", "ls"], ["number", "ls"], ["device", "ls"]] {
        assert_eq!(run(&also).code, Some(0), "{also:?}");
    }
    assert_eq!(run(&["accounts", "show", "nobody"]).code, Some(1));
    assert_eq!(run(&["accounts", "show", "alice"]).code, Some(0));
}

#[test]
fn a_reader_who_has_enough_is_no_error() {
    let server = Server::start();
    let list: String = (0..3000).map(|index| format!("user{index}\n")).collect();
    let imported = callctl(server.data(), &["accounts", "import", "-"], &list);
    assert_eq!(imported.stdout, "3000 accounts added.\n", "{imported:?}");
    let mut listing = Command::new(env!("CARGO_BIN_EXE_callctl"))
        .arg("--data")
        .arg(server.data())
        .args(["accounts", "list"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(listing.stdout.take());
    let ended = listing.wait_with_output().unwrap();
    assert_eq!(
        (
            ended.status.code(),
            String::from_utf8(ended.stderr).unwrap()
        ),
        (Some(0), String::new())
    );
}

#[test]
fn the_audit_log_tells_who_did_what() {
    let server = Server::start();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_callctl"));
        command.env_remove("SUDO_USER").env("LOGNAME", "amina");
        command.arg("--data").arg(server.data()).args(arguments);
        assert!(command.output().unwrap().status.success(), "{arguments:?}");
    };
    run(&["accounts", "add", "alice", "--no-password"]);
    run(&["accounts", "add", "bob", "--no-password"]);
    run(&["accounts", "disable", "bob"]);
    run(&["accounts", "disable", "alice"]);
    let lines = |arguments: &[&str]| {
        let lines = server.callctl_json(&[&["audit"], arguments].concat());
        lines.as_array().unwrap().clone()
    };
    let all = lines(&[]);
    assert!(all.len() >= 2, "{all:?}");
    let said = |line: &Value| {
        let text = |key: &str| line[key].as_str().unwrap_or("-").to_owned();
        ["actor", "actor_name", "action", "subject_kind", "subject"].map(text)
    };
    let of_bob = lines(&["--account", "bob"]);
    let last = of_bob.last().unwrap();
    assert_eq!(
        said(last),
        ["operator", "amina", "account.disable", "account", "bob"]
    );
    assert!(!lines(&["--account", "alice"]).contains(last));
    let last = lines(&["--limit", "1"]);
    assert_eq!((last.len(), &last[0]), (1, all.last().unwrap()));
    assert_eq!(lines(&["--since", "1h"]), all);
    assert_eq!(lines(&["--since", "2999-01-01"]), [] as [Value; 0]);
    let table = server.callctl(&["audit", "--account", "bob"]).stdout;
    assert!(table.contains("operator amina"), "{table}");
    let wrong = server.callctl(&["audit", "--number", "12ab"]);
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
}

#[test]
fn somebody_without_a_name_is_a_number_in_the_audit_log() {
    let server = Server::start();
    let mut command = Command::new(env!("CARGO_BIN_EXE_callctl"));
    command.env_clear().arg("--data").arg(server.data());
    command.args(["accounts", "add", "alice", "--no-password"]);
    assert!(command.output().unwrap().status.success());
    let audit = server.callctl_json(&["audit", "--limit", "1"]);
    let name = audit[0]["actor_name"].as_str().unwrap();
    assert!(name.starts_with("uid "), "{audit}");
}

#[test]
fn shells_and_readers_get_help() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = callctl(folder.path(), &["completions", shell], "");
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.stdout.contains("callctl"), "{shell}");
    }
    let man = folder.path().join("man1");
    let ended = callctl(folder.path(), &["man", man.to_str().unwrap()], "");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for page in [
        "callctl.1",
        "callctl-accounts.1",
        "callctl-accounts-add.1",
        "callctl-audit.1",
        "callserver.1",
        "callserver-check-config.1",
    ] {
        let page = std::fs::read_to_string(man.join(page)).unwrap();
        assert!(page.contains(".SH NAME"), "{page}");
    }
    let refused = callctl(folder.path(), &["man", "/dev/null/man1"], "");
    assert_eq!(refused.code, Some(1), "{refused:?}");
}

/// The keys in the help's `With --json: {a, b}`.
fn documented(data: &Path, command: &[&str]) -> BTreeSet<String> {
    let help = callctl(data, &[command, &["--help"]].concat(), "").stdout;
    let (_, json) = help.split_once("With --json: ").unwrap_or_default();
    let (_, keys) = json.split_once('{').unwrap_or_default();
    let (keys, _) = keys.split_once('}').unwrap_or_default();
    let keys = keys.split(',').map(|key| key.trim().to_owned());
    keys.collect()
}

#[test]
fn each_commands_json_has_the_keys_that_its_help_tells() {
    let server = Server::start();
    furnish(server.data());
    let commands: &[(&[&str], &[&str])] = &[
        (&["accounts", "add"], &["dora", "--no-password"]),
        (&["accounts", "list"], &[]),
        (&["accounts", "show"], &["alice"]),
        (&["accounts", "disable"], &["dora"]),
        (&["accounts", "enable"], &["dora"]),
        (&["accounts", "admin"], &["dora"]),
        (&["accounts", "rename"], &["dora", "dorothea"]),
        (&["accounts", "rename"], &["dorothea", "dora"]),
        (&["invitations", "add"], &["--number", "1099"]),
        (&["invitations", "list"], &[]),
        (&["invitations", "remove"], &["1"]),
        (&["devices", "list"], &[]),
        (&["devices", "add"], &["dora"]),
        (&["numbers", "list"], &[]),
        (&["numbers", "assign"], &["1066", "dora"]),
        (&["numbers", "history"], &["1066"]),
        (&["numbers", "release"], &["1066"]),
        (&["numbers", "reserve"], &["1067"]),
        (&["numbers", "change"], &["dora", "1068"]),
        (&["numbers", "swap"], &["1068", "1000"]),
        (&["numbers", "pool", "add"], &["70000-70999"]),
        (&["numbers", "pool", "list"], &[]),
        (&["numbers", "pool", "remove"], &["70000-70999"]),
        (&["accounts", "remove"], &["dora"]),
        (&["audit"], &[]),
        (&["status"], &[]),
    ];
    for (command, arguments) in commands {
        let printed = server.callctl_json(&[*command, *arguments].concat());
        let one = match &printed {
            Value::Array(all) => all.first().unwrap(),
            one => one,
        };
        let keys: BTreeSet<String> = one.as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, documented(server.data(), command), "{command:?}");
    }
}
