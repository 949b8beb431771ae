//! `callctl numbers`: giving, changing, swapping, resting and listing numbers, and what is said about bad input.

use serde_json::{Value, json};

use crate::process::{Ended, Server, callctl};

/// A server with alice (1000) and bob (1001).
fn furnished() -> Server {
    let server = Server::start();
    for name in ["alice", "bob"] {
        server.callctl_json(&["accounts", "add", name, "--no-password"]);
    }
    server
}

fn said(ended: &Ended) -> &str {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.stdout.trim_end()
}

#[test]
fn a_number_is_changed_rests_and_is_taken_back() {
    let server = furnished();
    let rehearsed = server.callctl(&["--dry-run", "numbers", "change", "alice", "1044"]);
    assert!(
        said(&rehearsed).starts_with("The number of alice would be changed from 1000 to 1044;"),
        "{rehearsed:?}"
    );
    let changed = server.callctl(&["numbers", "change", "alice", "1044", "--on-call", "moved"]);
    assert!(
        said(&changed)
            .starts_with("The number of alice changed from 1000 to 1044; the old one rests until "),
        "{changed:?}"
    );
    let resting = server.callctl_json(&["numbers", "list", "--state", "quarantined"]);
    assert_eq!(
        (
            &resting[0]["number"],
            &resting[0]["account"],
            &resting[0]["on_call"]
        ),
        (&json!("1000"), &json!("alice"), &json!("moved"))
    );
    server.callctl_json(&["numbers", "resting", "1000", "--on-call", "gone"]);
    let resting = server.callctl_json(&["numbers", "list", "--state", "quarantined"]);
    assert_eq!(resting[0]["on_call"], "gone");

    let taken = server.callctl(&["--json", "numbers", "assign", "1000", "bob"]);
    assert_eq!(taken.code, Some(1), "{taken:?}");
    let taken: Value = serde_json::from_str(&taken.stderr).unwrap();
    assert!(
        taken["error"]["alternatives"].as_array().unwrap().len() > 1,
        "{taken}"
    );
    server.callctl_json(&["numbers", "take-back", "1000"]);
    let history = server.callctl_json(&["numbers", "history", "1000"]);
    let lines: Vec<_> = history.as_array().unwrap().iter().collect();
    assert!(lines.len() >= 3, "{history}");
    assert!(
        lines.iter().all(|line| line["account"] == "alice"),
        "{history}"
    );
    assert!(
        lines.last().unwrap()["by"]
            .as_str()
            .is_some_and(|by| by.starts_with("operator")),
        "{history}"
    );
    // The log of one number has the change that gave it up, which is filed under the new one.
    let audit = server.callctl_json(&["audit", "--number", "1000"]);
    assert!(
        audit
            .as_array()
            .unwrap()
            .iter()
            .any(|line| line["action"] == "number.change"),
        "{audit}"
    );
}

#[test]
fn numbers_are_swapped_reserved_found_and_released() {
    let server = furnished();
    let swapped = server.callctl(&["numbers", "swap", "1000", "1001"]);
    assert_eq!(
        said(&swapped),
        "Numbers 1000 and 1001 swapped: 1000 for bob, 1001 for alice."
    );
    let reserved = server.callctl(&["numbers", "reserve", "1002", "--note", "fire brigade"]);
    assert_eq!(said(&reserved), "Number 1002 reserved.");
    let table = server.callctl(&["numbers", "list"]).stdout;
    assert!(table.contains("fire brigade"), "{table}");
    let free = server.callctl_json(&["numbers", "free", "1000"]);
    let free = free.as_array().unwrap();
    assert!(
        free.contains(&json!("1003")) && !free.contains(&json!("1002")),
        "{free:?}"
    );
    let like = server.callctl(&["numbers", "free", "1?77"]);
    assert!(like.stdout.starts_with("1077\n"), "{like:?}");
    let given = server.callctl_json(&["numbers", "assign", "1?77", "bob"]);
    assert_eq!(given["number"], "1077");
    assert_eq!(
        said(&server.callctl(&["numbers", "release", "1002"])),
        "Number 1002 released."
    );
}

#[test]
fn pools_are_added_used_up_and_removed() {
    let server = Server::start();
    let first = server.callctl_json(&["numbers", "pool", "list"]);
    for pool in first.as_array().unwrap() {
        if pool["purpose"] == "accounts" {
            server.callctl_json(&["numbers", "pool", "remove", pool["range"].as_str().unwrap()]);
        }
    }
    let rehearsed = server.callctl(&["--dry-run", "numbers", "pool", "add", "70-71"]);
    assert!(said(&rehearsed).starts_with("Pool 70-71 for accounts would be added."));
    server.callctl_json(&["numbers", "pool", "add", "70-71"]);
    let guests = server.callctl_json(&["numbers", "pool", "add", "800-899", "--guest"]);
    assert_eq!(
        (
            &guests["purpose"],
            &guests["policy"],
            &guests["size"],
            &guests["free"]
        ),
        (&json!("guests"), &json!("random"), &json!(100), &json!(100))
    );
    for name in ["alice", "bob"] {
        server.callctl_json(&["accounts", "add", name, "--no-password"]);
    }
    let full = server.callctl(&["accounts", "add", "carol", "--no-password"]);
    assert_eq!(full.code, Some(1), "{full:?}");
    assert!(full.stderr.contains("No number is left"), "{full:?}");
    // An administrator may give a number outside every pool.
    let outside = server.callctl_json(&[
        "accounts",
        "add",
        "carol",
        "--no-password",
        "--number",
        "5555",
    ]);
    assert_eq!(outside["number"], "5555");
}

#[test]
fn the_plan_goes_from_one_server_to_another_as_a_list() {
    let server = furnished();
    server.callctl_json(&["numbers", "assign", "1055", "alice"]);
    server.callctl_json(&["numbers", "reserve", "1056", "--note", "fax, \"new\""]);
    let list = server.callctl(&["numbers", "export"]).stdout;
    assert_eq!(
        list,
        "number,username,primary,state,note\n1000,alice,yes,assigned,\n1001,bob,yes,assigned,\n\
         1055,alice,no,assigned,\n1056,,,reserved,\"fax, \"\"new\"\"\"\n"
    );
    let other = furnished();
    let import = |arguments: &[&str], list: &str| callctl(other.data(), arguments, list);
    let rehearsed = import(&["--dry-run", "numbers", "import", "-"], &list);
    assert_eq!(
        said(&rehearsed),
        "2 were so already.\n2 numbers would be changed. This was a dry run; nothing has changed."
    );
    assert_eq!(
        said(&import(&["numbers", "import", "-"], &list)),
        "2 were so already.\n2 numbers changed."
    );
    assert_eq!(other.callctl(&["numbers", "export"]).stdout, list);

    let bad = "number,username\n1070,alice\n1070,bob\n1071,nobody\n12ab,bob\n\"1072,bob\n1073,bob,x\n1074,bob\n";
    let refused = import(&["--json", "numbers", "import", "-"], bad);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    let report: Value = serde_json::from_str(&refused.stdout).unwrap();
    assert_eq!(report["changed"], 2, "{report}");
    let lines: Vec<_> = report["refused"].as_array().unwrap().iter().collect();
    let lines: Vec<_> = lines
        .iter()
        .map(|one| one["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [3, 4, 5, 6, 7], "{report}");
    assert!(
        refused.stderr.contains("5 of 7 lines were refused"),
        "{refused:?}"
    );
}

/// Whatever stands in the place of a name or number, there is a sentence, and the exit code of a refusal.
#[test]
fn bad_input_is_refused_in_a_sentence_with_a_server_and_without_one() {
    let server = furnished();
    server.callctl_json(&["devices", "add", "alice"]);
    let long = "a".repeat(10_000);
    let digits = "1".repeat(10_000);
    let cases: Vec<Vec<&str>> = vec![
        vec!["accounts", "add", "", "--no-password"],
        vec!["accounts", "add", &long, "--no-password"],
        vec!["accounts", "add", "alice", "--no-password"],
        vec!["accounts", "add", "a b", "--no-password"],
        vec!["accounts", "add", "dora", "--no-password", "--number", ""],
        vec![
            "accounts",
            "add",
            "dora",
            "--no-password",
            "--number",
            "12x4",
        ],
        vec![
            "accounts",
            "add",
            "dora",
            "--no-password",
            "--number",
            &digits,
        ],
        vec![
            "accounts",
            "add",
            "dora",
            "--no-password",
            "--number",
            "1000",
        ],
        vec![
            "accounts",
            "add",
            "dora",
            "--no-password",
            "--display-name",
            &long,
        ],
        vec![
            "accounts",
            "add",
            "dora",
            "--no-password",
            "--display-name",
            "a\u{7}b",
        ],
        vec!["accounts", "show", ""],
        vec!["accounts", "show", &long],
        vec!["accounts", "disable", "nobody"],
        vec!["accounts", "enable", "nobody"],
        vec!["accounts", "remove", "nobody"],
        vec!["accounts", "admin", "nobody"],
        vec!["accounts", "export", "nobody"],
        vec!["accounts", "rename", "alice", "bob"],
        vec!["accounts", "rename", "alice", ""],
        vec!["accounts", "rename", "nobody", "somebody"],
        vec!["accounts", "passwd", "alice", "--password-stdin"],
        vec!["accounts", "import", "/nowhere/list.csv"],
        vec!["devices", "add", "nobody"],
        vec!["devices", "add", "alice", "--label", ""],
        vec!["devices", "add", "alice", "--label", &long],
        vec!["devices", "list", "nobody"],
        vec!["devices", "remove", "bob", "d-nothing"],
        vec!["numbers", "assign", "", "alice"],
        vec!["numbers", "assign", "1000", "bob"],
        vec!["numbers", "assign", "1020", "nobody"],
        vec!["numbers", "assign", &digits, "alice"],
        vec!["numbers", "assign", "????????????????????", "alice"],
        vec!["numbers", "change", "nobody", "1020"],
        vec!["numbers", "change", "alice", "1001"],
        vec!["numbers", "change", "alice", "1020", "--from", "1001"],
        vec!["numbers", "change", "alice", "1020", "--forward-to", "x"],
        vec!["numbers", "swap", "1000", "1000"],
        vec!["numbers", "swap", "1000", "1020"],
        vec!["numbers", "reserve", "1000"],
        vec!["numbers", "reserve", "1020", "--note", &long],
        vec!["numbers", "release", "1020"],
        vec!["numbers", "release", ""],
        vec!["numbers", "take-back", "1000"],
        vec!["numbers", "resting", "1000"],
        vec!["numbers", "free", "lowest"],
        vec!["numbers", "history", "x"],
        vec!["numbers", "import", "/nowhere/list.csv"],
        vec!["numbers", "pool", "add", "1-"],
        vec!["numbers", "pool", "add", "2000-1000"],
        vec!["numbers", "pool", "add", "100-2000"],
        vec!["numbers", "pool", "add", "1500-1600"],
        vec!["numbers", "pool", "remove", "1-2"],
        vec!["invitations", "add", "--uses", "0"],
        vec!["invitations", "add", "--number", "1000"],
        vec!["invitations", "remove", "77"],
        vec!["audit", "--account", ""],
        vec!["audit", "--number", "x"],
        vec!["calls", "hangup", "77"],
        vec!["calls", "list", "--past", "--account", "nobody"],
        vec!["bans", "release", "192.0.2.1"],
        vec!["backup", "/nowhere/backup.zip"],
        vec!["restore", "/nowhere/backup.zip"],
    ];
    let refuse = |data: &std::path::Path| {
        for arguments in &cases {
            let ended = callctl(data, arguments, "");
            let shown: Vec<_> = arguments
                .iter()
                .map(|word| &word[..word.len().min(20)])
                .collect();
            assert_eq!(ended.code, Some(1), "{shown:?}: {ended:?}");
            assert_eq!(ended.stdout, "", "{shown:?}");
            let is_sentence = ended.stderr.starts_with("callctl: ")
                && ended.stderr.trim_end().ends_with('.')
                && ended.stderr.lines().count() == 1
                && ended.stderr.len() < 1_000;
            assert!(is_sentence, "{shown:?}: {:?}", ended.stderr);
        }
    };
    refuse(server.data());
    server.signal("TERM");
    let (_, _, folder) = server.wait();
    refuse(folder.path());
}
