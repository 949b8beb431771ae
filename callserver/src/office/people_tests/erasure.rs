//! What an export holds, and what is left of an erased account.

use std::io::Read;

use api::AccountKind;
use serde_json::Value;

use super::*;
use crate::store::tests::ground::{Ground, on_both_engines};

fn open(export: &Export) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(&export.content)).expect("a zip");
    (0..zip.len())
        .map(|index| {
            let mut file = zip.by_index(index).expect("a file");
            let mut content = Vec::new();
            file.read_to_end(&mut content).expect("readable");
            (file.name().expect("a name").into_owned(), content)
        })
        .collect()
}

async fn an_export_holds_everything_about_one_account_and_no_secret(ground: Ground) {
    let office = ground.office().await;
    let (alice, _bob) = (add(&office, "alice").await, add(&office, "bob").await);
    let (_, desk) = office
        .add_own_device(alice.account, "desk")
        .await
        .expect("made");
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x10\0\0\0\x10rest".to_vec();
    office.set_picture(alice.account, &png).await.expect("set");
    office
        .change_username(alice.account, "carol")
        .await
        .expect("renamed");
    let sql = format!(
        "INSERT INTO call_records (caller_id, caller_name, callee_name, dialled, started_at, ended_at, cause)
         VALUES ({}, 'Alice', 'Bob', '1001', 1000, 2000, 'hung up')",
        alice.account
    );
    office.store().run_raw(&sql).await;

    let export = office
        .export_own_account(alice.account)
        .await
        .expect("exported");
    assert_eq!(export.file_name, "carillon-carol.zip");
    let files = open(&export);
    let json = |name: &str| -> Value {
        serde_json::from_slice(&files[&format!("{name}.json")]).expect(name)
    };
    assert_eq!(files["picture.png"], png);
    assert!(files.contains_key("README.txt"));
    let account = json("account");
    assert_eq!(account["username"], "carol");
    assert_eq!(account["account_id"], alice.account.0);
    assert_eq!(json("former_usernames")[0]["username"], "alice");
    assert_eq!(json("devices")[0]["login"], desk.login);
    assert_eq!(json("numbers")[0]["number"], "1000");
    assert_eq!(json("number_history")[0]["username"], "alice");
    assert_eq!(
        json("call_records")[0]["started_at"],
        "1970-01-01T00:00:01Z"
    );
    assert_eq!(json("contacts"), serde_json::json!([]));
    let log = json("audit_log");
    let log: Vec<_> = log
        .as_array()
        .expect("a list")
        .iter()
        .map(|line| &line["action"])
        .collect();
    assert_eq!(log.first().expect("a line").as_str(), Some("account.add"));
    assert_eq!(log.last().expect("a line").as_str(), Some("account.export"));
    let everything: Vec<u8> = files.into_values().flatten().collect();
    let everything = String::from_utf8_lossy(&everything);
    assert!(!everything.contains("argon2") && !everything.contains(&desk.secret));
    assert!(
        !everything.contains("\"bob\""),
        "nothing about somebody else"
    );
}

async fn an_erased_account_leaves_what_others_need_and_nothing_else(ground: Ground) {
    let office = ground.office().await;
    let (alice, bob) = (add(&office, "alice").await, add(&office, "bob").await);
    let (_, desk) = office
        .add_own_device(alice.account, "desk")
        .await
        .expect("made");
    let store = office.store();
    for sql in [
        format!(
            "INSERT INTO contacts (owner_id, account_id, name, created_at, changed_at) VALUES ({}, {}, 'Bobby', 1, 1)",
            alice.account, bob.account
        ),
        format!(
            "INSERT INTO contacts (owner_id, account_id, name, created_at, changed_at) VALUES ({}, {}, 'Ally', 1, 1)",
            bob.account, alice.account
        ),
        format!(
            "INSERT INTO call_records (caller_id, caller_name, callee_id, callee_name, dialled, started_at, ended_at, cause) VALUES ({}, 'Alice', {}, 'Bob', '1001', 1, 2, 'x')",
            alice.account, bob.account
        ),
        format!(
            "INSERT INTO call_records (caller_id, caller_name, callee_name, dialled, started_at, ended_at, cause) VALUES ({}, 'Alice', '', '110', 1, 2, 'x')",
            alice.account
        ),
    ] {
        store.run_raw(&sql).await;
    }
    let wrong = office.erase_own_account(alice.account, Some("wrong")).await;
    assert!(matches!(wrong, Err(OfficeError::WrongOldPassword)));
    let missing = office.erase_own_account(alice.account, None).await;
    assert!(matches!(missing, Err(OfficeError::WrongOldPassword)));
    let mut changes = office.changes();
    office
        .erase_own_account(alice.account, Some(PASSWORD))
        .await
        .expect("erased");

    let change = changes.recv().await.expect("it is announced");
    assert!(change.revoked.contains(&desk.login));
    assert!(change.dialled.contains(&"1000".to_owned()));
    assert_eq!(change.people[0].what, WhatChanged::Removed);
    let row = store
        .account_by_id(alice.account)
        .await
        .expect("asked")
        .expect("a row is left");
    assert_eq!(row.kind, AccountKind::Erased);
    assert_eq!(row.username, format!("erased-{}", alice.account));
    assert_eq!(
        (row.display_name.as_str(), row.has_password),
        ("Deleted account", false)
    );
    assert_eq!((row.number, row.devices), (None, 0));
    assert!(
        store
            .credential(&desk.login)
            .await
            .expect("asked")
            .is_none()
    );
    assert!(matches!(
        office.account("alice").await,
        Err(OfficeError::NoSuchAccount { .. })
    ));
    for name in ["alice".to_owned(), format!("erased-{}", alice.account)] {
        let name = api::Username::existing(&name).expect("a name");
        let reached = store.account_called(&name, SystemTime::now()).await;
        assert_eq!(reached.expect("asked"), None, "{name} reaches nobody");
    }
    assert!(matches!(
        office.account_by_id(alice.account).await,
        Err(OfficeError::AccountGone { .. })
    ));
    assert!(matches!(
        log_in(&office, "alice", PASSWORD).await,
        Err(OfficeError::WrongPassword)
    ));
    assert_eq!(office.accounts().await.expect("a list").len(), 1);
    assert!(matches!(
        office.check_username("alice", None).await,
        Err(OfficeError::NameResting { .. })
    ));

    let files = open(
        &office
            .export_own_account(bob.account)
            .await
            .expect("exported"),
    );
    let json = |name: &str| -> Value {
        serde_json::from_slice(&files[&format!("{name}.json")]).expect(name)
    };
    let (contacts, calls) = (json("contacts"), json("call_records"));
    assert_eq!(
        contacts[0]["name"], "Ally",
        "whom he called so stays readable"
    );
    assert_eq!(contacts[0]["account_id"], alice.account.0);
    assert_eq!(calls.as_array().map(Vec::len), Some(1));
    assert_eq!(calls[0]["caller_name"], "Alice");
    let left = "SELECT (SELECT count(*) FROM call_records) + (SELECT count(*) FROM contacts)";
    assert_eq!(
        store.count_raw(left).await,
        2,
        "what concerned nobody else is gone"
    );
    let numbers = office.numbers(None).await.expect("a list");
    let rests = numbers.iter().find(|row| row.number.as_str() == "1000");
    let rests = rests.expect("it is still there");
    assert_eq!(rests.state, api::NumberState::Quarantined);
    let after = rests.after.as_ref().map(|after| after.on_call);
    assert_eq!(after, Some(api::OnCall::Gone));
    let history = office.number_history("1000").await.expect("a history");
    assert_eq!(
        history.last().map(|line| line.reason.as_str()),
        Some("account deleted")
    );
    assert!(actions(&office).await.contains(&"account.erase".to_owned()));
}

on_both_engines!(
    an_export_holds_everything_about_one_account_and_no_secret,
    an_erased_account_leaves_what_others_need_and_nothing_else,
);
