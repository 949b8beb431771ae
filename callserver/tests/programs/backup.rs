//! Backups, made while the server works, and what comes out of them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use test_postgres::Cluster;

use crate::phone::Phone;
use crate::process::{Ended, PATIENCE, Server, callctl, path_text};

fn names(listed: &Value) -> Vec<String> {
    let rows = listed.as_array().unwrap().iter();
    rows.map(|row| row["name"].as_str().unwrap().to_owned())
        .collect()
}

fn listed(data: &Path, database: &[&str]) -> Vec<String> {
    let ended = callctl(
        data,
        &[database, &["--json", "accounts", "list"]].concat(),
        "",
    );
    assert_eq!(ended.code, Some(0), "{ended:?}");
    names(&serde_json::from_str(&ended.stdout).unwrap())
}

fn refused(ended: &Ended, part: &str) {
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains(part), "{ended:?}");
    assert_eq!(ended.stderr.trim_end().lines().count(), 1, "{ended:?}");
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Adds accounts to the server, again and again, until it is told to stop; gives back those that were acknowledged.
fn keep_adding(server: &Server, stop: &AtomicBool) -> Vec<String> {
    let mut added = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let name = format!("user{}", added.len());
        server.callctl_json(&["accounts", "add", &name]);
        added.push(name);
    }
    added
}

/// A backup is made while two talk and others are being added; what was acknowledged before is in it.
fn backed_up_at_work(server: &Server, file: &Path) {
    let mut alice = Phone::new(server, "alice");
    let mut bob = Phone::new(server, "bob");
    assert!(alice.register() && bob.register());
    let leg = alice.call(&bob.number);
    bob.answer(&mut alice);
    alice.is_answered();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let adding = scope.spawn(|| keep_adding(server, &stop));
        let begin = std::time::Instant::now();
        while names(&server.callctl_json(&["accounts", "list"])).len() < 5 {
            assert!(begin.elapsed() < PATIENCE, "nothing is added");
        }
        let before = names(&server.callctl_json(&["accounts", "list"]));
        let made = server.callctl_json(&["backup", path_text(file)]);
        assert_eq!(made["bytes"], fs::metadata(file).unwrap().len());
        stop.store(true, Ordering::Relaxed);
        let mut all = adding.join().unwrap();
        all.extend(["alice".to_owned(), "bob".to_owned()]);
        assert!(before.iter().all(|name| all.contains(name)));
        fs::write(file.with_extension("before"), json!(before).to_string()).unwrap();
    });
    assert_eq!(
        server.callctl_json(&["calls", "list"])[0]["state"],
        "answered"
    );
    alice.hang_up(leg);
    bob.has_ended();
}

fn before(file: &Path) -> Vec<String> {
    let text = fs::read(file.with_extension("before")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

#[test]
fn a_backup_made_at_work_becomes_the_same_server_in_a_new_folder() {
    let outer = tempfile::tempdir().unwrap();
    let file = outer.path().join("backup.zip");
    let server = Server::start();
    server.callctl_json(&["accounts", "add", "alice"]);
    server.callctl_json(&["accounts", "add", "bob"]);
    backed_up_at_work(&server, &file);
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let fingerprint = server.callctl_json(&["status"])["certificate_sha256"].clone();
    let again = server.callctl(&["backup", path_text(&file)]);
    refused(&again, "exists already and is not overwritten");
    refused(
        &server.callctl(&["backup", "/nowhere/backup.zip"]),
        "cannot be written",
    );
    assert!(
        files(server.data())
            .iter()
            .all(|name| !name.starts_with("copy-"))
    );
    assert_eq!(files(outer.path()), ["backup.before", "backup.zip"]);

    // Not over a server that runs, nor over what is there.
    let file = path_text(&file);
    refused(&server.callctl(&["restore", file]), "in use by another");
    server.signal("TERM");
    let (_, _, folder) = server.wait();
    refused(
        &callctl(folder.path(), &["restore", file], ""),
        "is not empty",
    );

    let new = outer.path().join("new/data");
    let restored = callctl(&new, &["restore", file], "");
    assert_eq!(restored.code, Some(0), "{restored:?}");
    assert!(
        restored.stdout.contains("accounts of phones.example"),
        "{restored:?}"
    );
    let restored = listed(&new, &[]);
    assert!(
        before(Path::new(file))
            .iter()
            .all(|name| restored.contains(name))
    );
    for name in files(&new) {
        let mode = fs::metadata(new.join(&name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name}");
    }
    let node = |data: &Path| fs::read_to_string(data.join("node")).unwrap();
    assert_eq!(node(&new), node(folder.path()));

    // It is the same server: phones that were registered are, and its certificate is the one that softphones know.
    fs::remove_dir_all(folder.path()).unwrap();
    fs::rename(&new, folder.path()).unwrap();
    let server = Server::start_in(folder);
    let status = server.callctl_json(&["status"]);
    assert_eq!(status["certificate_sha256"], fingerprint);
    assert!(Phone::new(&server, "alice").register());
}

#[test]
fn what_is_no_whole_backup_is_refused_and_leaves_nothing_behind() {
    let outer = tempfile::tempdir().unwrap();
    let (file, new) = (outer.path().join("b.zip"), outer.path().join("new"));
    let server = Server::start();
    server.callctl_json(&["backup", path_text(&file)]);
    let good = fs::read(&file).unwrap();
    let restore = || callctl(&new, &["restore", path_text(&file)], "");
    let nothing_is_there = || assert_eq!(files(&new), ["lock"]);
    for (bytes, part) in [
        (&b"no archive at all"[..], "is not a whole Carillon backup"),
        (&good[..good.len() / 2], "is not a whole Carillon backup"),
    ] {
        fs::write(&file, bytes).unwrap();
        refused(&restore(), part);
    }
    // A byte of the compressed database.
    let mut damaged = good.clone();
    damaged[good.len() / 2] ^= 1;
    fs::write(&file, damaged).unwrap();
    refused(&restore(), "is not a whole Carillon backup");
    nothing_is_there();
    fs::remove_file(&file).unwrap();
    refused(&restore(), "cannot be read");
    fs::write(&file, &good).unwrap();
    let elsewhere = ["--database", "postgres://ann@127.0.0.1:1/x", "restore"];
    let ended = callctl(&new, &[&elsewhere[..], &[path_text(&file)]].concat(), "");
    refused(&ended, "holds a database file");
    nothing_is_there();
    assert_eq!(restore().code, Some(0));
}

#[test]
fn a_backup_without_a_server_holds_the_same() {
    let server = Server::start();
    server.callctl_json(&["accounts", "add", "alice"]);
    server.signal("TERM");
    let (_, _, folder) = server.wait();
    let file = folder.path().join("backup.zip");
    let made = callctl(folder.path(), &["backup", path_text(&file)], "");
    assert_eq!(made.code, Some(0), "{made:?}");
    let new = folder.path().join("new");
    assert_eq!(
        callctl(&new, &["restore", path_text(&file)], "").code,
        Some(0)
    );
    assert_eq!(listed(&new, &[]), ["alice"]);
}

#[test]
fn a_backup_of_a_postgresql_database_is_restored_into_an_empty_one() {
    let cluster = Cluster::shared().unwrap();
    let (old, new) = (cluster.database().unwrap(), cluster.database().unwrap());
    let outer = tempfile::tempdir().unwrap();
    let file = outer.path().join("backup.zip");
    let folder = tempfile::tempdir().unwrap();
    let (old_url, new_url) = (old.url(), new.url());
    let arguments = [
        "--database",
        &old_url,
        "--https",
        "127.0.0.1:0",
        "--sips",
        "off",
    ];
    let server = Server::start_with(folder, &arguments);
    server.callctl_json(&["accounts", "add", "alice"]);
    server.callctl_json(&["accounts", "add", "bob"]);
    backed_up_at_work(&server, &file);

    let data = outer.path().join("data");
    let file = path_text(&file);
    refused(
        &callctl(&data, &["restore", file], ""),
        "--database must name",
    );
    let into = |url: &str| callctl(&data, &["--database", url, "restore", file], "");
    refused(&into(&old_url), "is not empty");
    assert_eq!(files(&data), ["lock"]);
    let restored = into(&new_url);
    assert_eq!(restored.code, Some(0), "{restored:?}");
    assert!(!restored.stdout.contains("b0ttles"), "{restored:?}");
    let restored = listed(&data, &["--database", &new_url]);
    assert!(
        before(Path::new(file))
            .iter()
            .all(|name| restored.contains(name))
    );
    assert_eq!(files(&data), ["certificate.pem", "key.pem", "lock", "node"]);
}
