//! What the programs say when they cannot do what they were asked: one sentence, and a code that is not 0.

use std::net::{TcpListener, UdpSocket};

use crate::process::{Ended, Server, callctl, callserver, callserver_ends, path_text};

/// One sentence on stderr, nothing on stdout.
#[track_caller]
fn assert_refused(ended: &Ended, code: i32, part: &str) {
    assert_eq!(ended.code, Some(code), "{ended:?}");
    assert_eq!(ended.stdout, "", "{ended:?}");
    let sentences: Vec<_> = ended
        .stderr
        .lines()
        .filter(|line| line.starts_with("callserver: ") || line.starts_with("callctl: "))
        .collect();
    assert_eq!(sentences.len(), 1, "{ended:?}");
    assert!(
        sentences[0].contains(part) && sentences[0].ends_with('.'),
        "{ended:?}"
    );
}

#[test]
fn a_port_in_use_is_named() {
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (option, address) in [
        ("--sip", udp.local_addr().unwrap()),
        ("--sip", tcp.local_addr().unwrap()),
        ("--http", tcp.local_addr().unwrap()),
        ("--https", tcp.local_addr().unwrap()),
    ] {
        let mut arguments = vec![
            "--sip",
            "127.0.0.1:0",
            "--http",
            "127.0.0.1:0",
            "--sips",
            "off",
            "--https",
            "127.0.0.1:0",
            "--data",
            folder.path().to_str().unwrap(),
        ];
        let address = address.to_string();
        let place = arguments.iter().position(|word| *word == option).unwrap();
        arguments[place + 1] = &address;
        let ended = callserver_ends(&arguments);
        assert_refused(&ended, 1, "in use by another program");
        assert!(
            ended.stderr.contains(address.rsplit(':').next().unwrap()),
            "{ended:?}"
        );
    }
}

#[test]
fn an_address_that_is_not_ours_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("c.toml");
    std::fs::write(&config, "plain_beyond_loopback = true\nsip = \"192.0.2.1:5060\"\nhttp = \"127.0.0.1:0\"\n[media]\naddress = \"127.0.0.1\"").unwrap();
    let data = folder.path().join("data");
    let ended = callserver_ends(&[
        "--config",
        path_text(&config),
        "--data",
        path_text(&data),
        "--https",
        "off",
    ]);
    assert_refused(&ended, 1, "192.0.2.1");
}

#[test]
fn a_bad_command_line_or_configuration_ends_with_2() {
    for (arguments, part) in [
        (["--rtp-ports", "40000-39999"], "40000-39999"),
        (["--rtp-ports", "none"], "16384-32767"),
        (["--rtp-ports", "80-90"], "1024"),
        (["--database", "mysql://x/y"], "mysql://x/y"),
        (["--sips", "on"], "--sips"),
        (["--https", "8443"], "--https"),
        (["--config", "/nowhere/c.toml"], "/nowhere/c.toml"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let ended = callserver_ends(&[
            "--data",
            folder.path().to_str().unwrap(),
            arguments[0],
            arguments[1],
        ]);
        assert_refused(&ended, 2, part);
    }
    let ended = callserver_ends(&["--sip", "0.0.0.0:5060"]);
    assert_refused(&ended, 2, "plain_beyond_loopback");
    let ended = callserver_ends(&["--nonsense"]);
    assert_eq!(ended.code, Some(2));
}

#[test]
fn check_config_names_the_line_of_a_mistake_and_passes_a_good_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.toml");
    std::fs::write(
        &file,
        "domain = \"phones.example\"\n\n[calls]\nmax_cals = 3\n",
    )
    .unwrap();
    let ended = callserver_ends(&["check-config", path_text(&file)]);
    assert_refused(&ended, 2, "line 4");
    assert!(ended.stderr.contains("max_cals"));
    std::fs::write(&file, "domain = \"phones.example\"\n").unwrap();
    let ended = callserver_ends(&["check-config", path_text(&file)]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let ended = callserver_ends(&["check-config", path_text(&folder.path().join("missing"))]);
    assert_refused(&ended, 2, "cannot be read");
    let ended = callserver_ends(&["check-config", path_text(folder.path())]);
    assert_refused(&ended, 2, "cannot be read");
}

#[test]
fn a_data_folder_that_cannot_be_written_is_named() {
    // Files in the way refuse even the administrator, whom permissions do not stop.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let on_a_file: Ended = callserver(&file, &[]).output().unwrap().into();
    assert_refused(&on_a_file, 1, "is not a folder");
    let below_a_file: Ended = callserver(&file.join("data"), &[]).output().unwrap().into();
    assert_refused(&below_a_file, 1, "cannot be created");
    let in_proc: Ended = callserver(std::path::Path::new("/proc/self"), &[])
        .output()
        .unwrap()
        .into();
    assert_refused(&in_proc, 1, "not writable");
}

#[test]
fn a_second_server_on_the_same_folder_is_refused_and_the_first_goes_on() {
    let server = Server::start();
    let second: Ended = callserver(server.data(), &[]).output().unwrap().into();
    assert_refused(&second, 1, "in use by another callserver");
    assert_eq!(server.callctl_json(&["status"])["is_running"], true);
}

#[test]
fn the_domain_does_not_change_under_the_credentials_that_depend_on_it() {
    let server = Server::start();
    server.callctl_json(&["accounts", "add", "alice"]);
    server.callctl_json(&["devices", "add", "alice"]);
    server.signal("TERM");
    let (_, _, folder) = server.wait();
    let data = folder.path().to_str().unwrap();
    let ended = callserver_ends(&[
        "--sip",
        "127.0.0.1:0",
        "--http",
        "127.0.0.1:0",
        "--sips",
        "off",
        "--https",
        "off",
        "--data",
        data,
        "--domain",
        "other.example",
    ]);
    assert_refused(&ended, 2, "\"phones.example\"");
}

#[test]
fn a_broken_database_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("carillon.sqlite"),
        "no database at all ".repeat(1000),
    )
    .unwrap();
    let ended: Ended = callserver(folder.path(), &[]).output().unwrap().into();
    assert_refused(&ended, 1, "carillon.sqlite");
}

#[test]
fn callctl_says_what_is_wrong_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let nothing_there = callctl(folder.path(), &["accounts", "list"], "");
    assert_refused(&nothing_there, 1, "There is no Carillon database");
    let server = Server::start();
    server.callctl_json(&["accounts", "add", "alice", "--number", "1000"]);
    for (arguments, part) in [
        (&["accounts", "add", "alice"][..], "\"alice\" is taken"),
        (&["accounts", "add", "x"], "at least 2"),
        (
            &["accounts", "add", "bob", "--number", "12x4"],
            "\"12x4\" is not a number",
        ),
        (
            &["accounts", "add", "bob", "--number", "1000"],
            "near it are free",
        ),
        (
            &["accounts", "add", "bob", "--password-stdin"],
            "no password on stdin",
        ),
        (&["accounts", "show", "bob"], "no account \"bob\""),
        (&["accounts", "passwd", "alice"], "no terminal"),
        (&["devices", "add", "bob"], "no account \"bob\""),
        (
            &["devices", "add", "alice", "--label", ""],
            "label is empty",
        ),
        (
            &["devices", "remove", "alice", "d-x"],
            "no device with the login",
        ),
        (&["numbers", "assign", "1000", "bob"], "no account \"bob\""),
        (
            &["numbers", "release", "4711"],
            "Nobody holds the number 4711",
        ),
        (&["calls", "hangup", "7"], "no call 7"),
        (&["accounts", "import", "/nowhere.csv"], "/nowhere.csv"),
    ] {
        assert_refused(&server.callctl(arguments), 1, part);
    }
    let weak = callctl(
        server.data(),
        &["accounts", "add", "bob", "--password-stdin"],
        "12345678\n",
    );
    assert_refused(&weak, 1, "tried first");
    assert_eq!(server.callctl(&["accounts"]).code, Some(2));
    let unknown = server.callctl(&["numbers", "list", "--state", "lost"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.contains("quarantined"), "{}", unknown.stderr);
}

#[test]
fn signals_twice_stop_at_once() {
    let server = Server::start();
    server.signal("TERM");
    server.signal("TERM");
    assert!(server.wait().0.code().is_some());
}
