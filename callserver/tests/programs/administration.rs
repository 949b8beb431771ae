//! `callctl` with a server and without one, and the server's start and stop.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use crate::process::{Server, callctl};

#[test]
fn the_ready_line_is_the_only_line_and_a_signal_stops_the_server_in_peace() {
    let server = Server::start();
    let ready = server.ready.clone();
    assert_eq!(ready["ready"], true);
    for key in ["sip", "http", "https"] {
        assert_ne!(server.address(key).port(), 0, "{ready}");
    }
    assert_eq!(ready["rtp"], "0-0");
    assert_eq!(ready["data"], server.data().to_str().unwrap());
    server.signal("TERM");
    let (status, rest, folder) = server.wait();
    assert_eq!((status.code(), rest.as_str()), (Some(0), ""));
    assert!(!folder.path().join("control.sock").exists());

    let server = Server::start_in(folder);
    server.signal("INT");
    assert_eq!(server.wait().0.code(), Some(0));
}

#[test]
fn files_in_the_data_folder_are_for_their_owner_alone() {
    let server = Server::start();
    server.callctl_json(&["accounts", "add", "alice"]);
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(server.data()), 0o700);
    let files = std::fs::read_dir(server.data()).unwrap();
    let files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        let expected = if file.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(&file), expected, "{}", file.display());
    }
}

/// Adds two accounts, gives numbers and a device, and looks at all of it.
fn administer(data: &Path, names: [&str; 2]) {
    let [first, second] = names;
    let run = |arguments: &[&str], input: &str| {
        let ended = callctl(data, &[&["--json"], arguments].concat(), input);
        assert_eq!(ended.code, Some(0), "{arguments:?}: {ended:?}");
        serde_json::from_str::<Value>(&ended.stdout).unwrap()
    };
    let added = run(
        &["accounts", "add", first, "--password-stdin"],
        "seven green bottles 7\n",
    );
    assert_eq!(
        (&added["name"], &added["has_password"]),
        (&json!(first), &json!(true))
    );
    let own_number = format!("{}77", first.len());
    let added = run(&["accounts", "add", second, "--number", &own_number], "");
    assert_eq!(
        (&added["number"], &added["has_password"]),
        (&json!(own_number), &json!(false))
    );

    let device = run(&["devices", "add", second, "--label", "desk"], "");
    assert_eq!(
        (&device["account"], &device["number"]),
        (&json!(second), &json!(own_number))
    );
    assert_eq!(device["domain"], "phones.example");
    assert!(device["login"].as_str().unwrap().starts_with("d-"));
    assert!(device["secret"].as_str().unwrap().len() >= 26);

    let extra = format!("{}88", first.len());
    run(&["numbers", "assign", &extra, first], "");
    let numbers = run(&["numbers", "list", "--state", "assigned"], "");
    let holder = |number: &str| {
        let row = numbers
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["number"] == number);
        row.map(|row| row["account"].clone())
    };
    assert_eq!(holder(&extra), Some(json!(first)));
    assert_eq!(holder(&own_number), Some(json!(second)));

    let taken = callctl(data, &["numbers", "assign", &own_number, first], "");
    assert_eq!(taken.code, Some(1));
    assert!(
        taken.stderr.contains(&format!("is held by {second:?}")),
        "{taken:?}"
    );

    let listed = run(&["accounts", "list"], "");
    assert!(
        listed
            .as_array()
            .unwrap()
            .iter()
            .any(|row| row["name"] == first)
    );
    run(
        &[
            "devices",
            "remove",
            second,
            device["login"].as_str().unwrap(),
        ],
        "",
    );
    assert_eq!(run(&["devices", "list", second], ""), json!([]));
    run(&["accounts", "remove", second], "");
    assert_eq!(
        callctl(data, &["accounts", "show", second], "").code,
        Some(1)
    );
}

#[test]
fn callctl_does_the_same_with_a_server_and_without_one() {
    let server = Server::start();
    administer(server.data(), ["alice", "bob"]);
    let status = server.callctl_json(&["status"]);
    assert_eq!(
        (&status["is_running"], &status["accounts"]),
        (&json!(true), &json!(1))
    );
    assert_eq!(status["registrations"], 0);
    assert_eq!(status["cleaned"]["sessions"], 0, "{status}");
    server.signal("TERM");
    let (_, _, folder) = server.wait();

    administer(folder.path(), ["caroline", "david"]);
    let status = callctl(folder.path(), &["status"], "");
    assert!(status.stdout.contains("not running"), "{status:?}");
    assert!(status.stdout.contains("removed"), "{status:?}");
    let calls = callctl(folder.path(), &["calls", "list"], "");
    assert_eq!(calls.code, Some(1));
    assert!(calls.stderr.contains("No callserver runs"), "{calls:?}");

    let server = Server::start_in(folder);
    let names = server.callctl_json(&["accounts", "list"]);
    let names: Vec<_> = names
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["name"].clone())
        .collect();
    assert_eq!(names, ["alice", "caroline"]);
}

#[test]
fn people_get_tables() {
    let server = Server::start();
    let added = server.callctl(&["accounts", "add", "Alice", "--no-password"]);
    assert_eq!(
        added.stdout,
        "Account alice added with the number 1000.\nIt has no password: give it phones with `callctl devices add alice`.\n"
    );
    let listed = server.callctl(&["accounts", "list"]).stdout;
    assert_eq!(
        listed,
        "NAME   NUMBER  DISPLAY NAME  STATE   ROLE  PASSWORD  DEVICES\nalice  1000    Alice         active  user  no              0\n"
    );
    let history = server.callctl(&["numbers", "history", "1000"]).stdout;
    assert!(
        history.contains("assigned  alice    account added"),
        "{history}"
    );
}

#[test]
fn a_list_of_a_thousand_accounts_with_devices_is_imported_at_once() {
    let server = Server::start();
    let list: String = (1000..2000)
        .map(|number| format!("user{number},{number}\n"))
        .collect();
    let file = server.data().join("list.csv");
    std::fs::write(&file, list).unwrap();
    let file = file.to_str().unwrap();
    let ended = server.callctl(&["accounts", "import", file, "--with-devices"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let lines: Vec<Vec<&str>> = ended
        .stdout
        .lines()
        .map(|line| line.split(';').collect())
        .collect();
    assert_eq!(lines.len(), 1000);
    assert!(
        lines[999][0] == "1999" && lines[999][1].starts_with("d-") && lines[999][2].len() == 26
    );

    let again = server.callctl(&["accounts", "import", file]);
    assert_eq!(again.code, Some(1));
    assert!(
        again
            .stderr
            .contains("line 1: The number 1000 is held by \"user1000\""),
        "{}",
        &again.stderr[..200]
    );
    assert!(
        again.stderr.contains("1000 of 1000 lines"),
        "{}",
        again.stderr
    );
}

#[test]
fn two_admin_tools_at_once_take_turns_without_a_server() {
    let server = Server::start();
    server.signal("TERM");
    let (_, _, folder) = server.wait();
    std::thread::scope(|scope| {
        for index in 0..6 {
            let data = folder.path();
            scope.spawn(move || {
                let ended = callctl(data, &["accounts", "add", &format!("user{index}")], "");
                assert_eq!(ended.code, Some(0), "{ended:?}");
            });
        }
    });
    let listed = callctl(folder.path(), &["--json", "accounts", "list"], "");
    let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 6);
}
