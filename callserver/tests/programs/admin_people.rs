//! `callctl` for people: names, administrators, exports, invitations, phones that scan.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::process::{Server, callctl};

#[test]
fn an_account_is_renamed_made_an_administrator_and_exported() {
    let server = Server::start();
    server.callctl_json(&["accounts", "add", "alice", "--no-password"]);
    let renamed = server.callctl(&["accounts", "rename", "alice", "alicia"]);
    assert_eq!(renamed.stdout, "Account alice renamed to alicia.\n");
    let rank = || {
        let shown = server.callctl_json(&["accounts", "show", "alicia"]);
        (shown["kind"].clone(), shown["role"].clone())
    };
    server.callctl_json(&["accounts", "admin", "alicia"]);
    assert_eq!(rank(), (json!("person"), json!("admin")));
    server.callctl_json(&["accounts", "admin", "alicia", "--off"]);
    assert_eq!(rank(), (json!("person"), json!("user")));

    let file = server.data().join("alicia.zip");
    let name = file.to_str().unwrap();
    let rehearsed = server.callctl(&["--dry-run", "accounts", "export", "alicia", name]);
    assert_eq!(rehearsed.code, Some(0), "{rehearsed:?}");
    assert!(!file.exists());
    let exported = server.callctl_json(&["accounts", "export", "alicia", name]);
    let content = std::fs::read(&file).unwrap();
    assert_eq!(exported["bytes"], content.len());
    assert!(content.starts_with(b"PK"));
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    // What is there is not overwritten.
    let again = server.callctl(&["accounts", "export", "alicia", name]);
    assert_eq!(again.code, Some(1), "{again:?}");
    assert_eq!(std::fs::read(&file).unwrap(), content);
}

#[test]
fn an_invitation_shows_its_code_once_and_is_taken_back() {
    let server = Server::start();
    let rehearsed = server.callctl(&["--dry-run", "invitations", "add"]);
    assert!(rehearsed.stdout.contains("would be added"), "{rehearsed:?}");
    assert_eq!(server.callctl_json(&["invitations", "list"]), json!([]));

    let wish = ["--note", "the new colleague", "--number", "1012"];
    let made = server.callctl_json(&[&["invitations", "add"], &wish[..]].concat());
    assert!(made["code"].as_str().unwrap().len() > 20, "{made}");
    let status = server.callctl_json(&["status"]);
    let ask = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let link = format!(
        "https://{}/#sha256={}&invitation={}",
        ask(&status["https"]),
        ask(&status["certificate_sha256"]),
        ask(&made["code"])
    );
    assert_eq!(made["link"], link);
    let listed = server.callctl_json(&["invitations", "list"]);
    assert_eq!(
        (
            &listed[0]["number"],
            &listed[0]["code"],
            &listed[0]["uses_left"]
        ),
        (&json!("1012"), &json!(null), &json!(1))
    );
    let table = server.callctl(&["invitations", "list"]).stdout;
    assert!(table.contains("the new colleague"), "{table}");
    let id = made["id"].to_string();
    let removed = server.callctl(&["invitations", "remove", &id]);
    assert_eq!(removed.stdout, format!("Invitation {id} taken back.\n"));
    for wrong in [
        &["invitations", "remove", &id] as &[&str],
        &["invitations", "add", "--uses", "0"],
        &["invitations", "add", "--days", "0"],
        &["invitations", "add", "--number", "1013", "--uses", "2"],
        &["invitations", "add", "--note", "two\nlines"],
    ] {
        let refused = server.callctl(wrong);
        assert_eq!(refused.code, Some(1), "{wrong:?}: {refused:?}");
        assert!(refused.stderr.starts_with("callctl: "), "{refused:?}");
    }
}

#[test]
fn a_new_device_comes_with_a_link_and_a_code_to_scan() {
    let server = Server::start();
    server.callctl_json(&["accounts", "add", "alice", "--no-password"]);
    let device = server.callctl_json(&["devices", "add", "alice"]);
    let setup = device["setup"].as_str().unwrap();
    let login = device["login"].as_str().unwrap();
    assert!(
        setup.starts_with(&format!("sip-setup:{login}@phones.example?secret=")),
        "{setup}"
    );
    let udp = server.address("sip").port().to_string();
    assert!(setup.contains("udp=") && setup.contains(&udp), "{setup}");

    let shown = server.callctl(&["devices", "add", "alice", "--qr"]).stdout;
    let blocks: Vec<&str> = shown.lines().filter(|line| line.contains('█')).collect();
    assert!(blocks.len() > 20, "{shown}");
    assert!(!shown.contains('\u{1b}'), "no colours in a pipe");

    server.signal("TERM");
    let (_, _, folder) = server.wait();
    // Where the server will listen is not known without it; DNS may say it.
    let device = callctl(folder.path(), &["--json", "devices", "add", "alice"], "");
    assert!(device.stdout.contains("sip-setup:"), "{device:?}");
    assert!(!device.stdout.contains("udp="), "{device:?}");
}
