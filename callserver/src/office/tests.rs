//! The office over a real database file.

use api::{LoginRequest, Number};
use tokio::sync::mpsc;

use super::*;
use crate::store::NumberState;
use crate::store::tests::ground::{DOMAIN, Ground, on_both_engines};

fn number(text: &str) -> Number {
    Number::parse(text).unwrap()
}

fn account(name: &str, number: Option<&str>) -> NewAccount {
    NewAccount {
        name: name.into(),
        number: number.map(Into::into),
        ..NewAccount::default()
    }
}

fn login(name: &str, password: &str) -> LoginRequest {
    LoginRequest {
        name: name.into(),
        password: password.into(),
        device_label: "laptop".into(),
        replaces: None,
    }
}

async fn everybody_gets_the_lowest_free_number_or_the_one_that_was_asked_for(ground: Ground) {
    let office = ground.office().await;
    for (name, wanted, given) in [
        ("alice", None, "1000"),
        ("bob", Some("1002"), "1002"),
        ("carol", None, "1001"),
        ("dave", None, "1003"),
        ("erin", Some("+49 30 1234"), "+49301234"),
    ] {
        let row = office.add_account(account(name, wanted)).await.unwrap();
        assert_eq!(row.number.unwrap().as_str(), given, "{name}");
    }
    office.release_number(&number("1001")).await.unwrap();
    let row = office.add_account(account("frank", None)).await.unwrap();
    assert_eq!(
        row.number.unwrap().as_str(),
        "1001",
        "given back is lowest again"
    );
}

async fn a_taken_number_is_refused_with_its_holder_and_the_nearest_free_ones(ground: Ground) {
    let office = ground.office().await;
    for (name, number) in [("alice", "1000"), ("bob", "1001"), ("carol", "9999")] {
        office
            .add_account(account(name, Some(number)))
            .await
            .unwrap();
    }
    let refused = office
        .add_account(account("dave", Some("1000")))
        .await
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "The number 1000 is held by \"alice\"; near it are free 1002, 1003, 1004."
    );
    let refused = office
        .assign_number(&Wish::Number(number("9999")), "alice", Right::Administrator)
        .await
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "The number 9999 is held by \"carol\"; near it are free 9998, 9997, 9996."
    );
    assert!(matches!(
        office.account("dave").await,
        Err(OfficeError::NoSuchAccount { .. })
    ));
}

async fn a_second_number_is_additional_and_takes_over_when_the_first_goes(ground: Ground) {
    let office = ground.office().await;
    office
        .add_account(account("alice", Some("1000")))
        .await
        .unwrap();
    let second = office
        .assign_number(&Wish::Number(number("2000")), "alice", Right::Administrator)
        .await
        .unwrap();
    assert!(!second.is_primary);
    let again = office
        .assign_number(&Wish::Number(number("2000")), "alice", Right::Administrator)
        .await
        .unwrap();
    assert_eq!(
        (again.epoch, again.changed_at),
        (second.epoch, second.changed_at)
    );
    office.release_number(&number("1000")).await.unwrap();
    let alice = office.account("alice").await.unwrap();
    assert_eq!(alice.number.unwrap().as_str(), "2000");
    let history = office.number_history("1000").await.unwrap();
    let states: Vec<_> = history.iter().map(|line| line.state).collect();
    assert_eq!(states, [NumberState::Assigned, NumberState::Free]);
    assert_eq!(history[0].username.as_deref(), Some("alice"));
}

async fn many_race_for_one_number_and_exactly_one_gets_it(ground: Ground) {
    let office = ground.office().await;
    let racing: Vec<_> = (0..20)
        .map(|index| {
            let office = office.clone();
            tokio::spawn(async move {
                office
                    .add_account(account(&format!("racer{index}"), Some("4711")))
                    .await
            })
        })
        .collect();
    let mut winners = 0;
    for racer in racing {
        match racer.await.unwrap() {
            Ok(_) => winners += 1,
            Err(error) => assert!(matches!(error, OfficeError::NumberTaken { .. }), "{error}"),
        }
    }
    assert_eq!(winners, 1);
    assert_eq!(office.accounts().await.unwrap().len(), 1);
}

async fn a_list_adds_what_is_right_and_says_what_is_wrong(ground: Ground) {
    let office = ground.office().await;
    let list = vec![
        account("alice", Some("1000")),
        account("bob", Some("1000")),
        account("", None),
        account("alice", None),
        account("carol", None),
    ];
    let results = office.add_accounts(list, true).await.unwrap();
    let refused: Vec<_> = results.iter().map(Result::is_err).collect();
    assert_eq!(refused, [false, true, true, true, false]);
    let names: Vec<_> = office
        .accounts()
        .await
        .unwrap()
        .into_iter()
        .map(|row| row.username)
        .collect();
    assert_eq!(names, ["alice", "carol"]);
    let (_, credential) = results.into_iter().next().unwrap().unwrap();
    let stored = office
        .store()
        .credential(&credential.unwrap().login)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(stored.number.unwrap().as_str(), "1000");
}

async fn logging_in_makes_a_device_whose_secret_fits_its_stored_hashes(ground: Ground) {
    let office = ground.office().await;
    let new = NewAccount {
        password: Some("correct horse".into()),
        ..account("Alice", None)
    };
    office.add_account(new).await.unwrap();
    let LoggedIn {
        account: row,
        credential,
        ..
    } = office
        .log_in(&login(" ALICE", "correct horse"))
        .await
        .unwrap();
    assert_eq!(
        (row.username.as_str(), row.display_name.as_str()),
        ("alice", "Alice")
    );
    let stored = office
        .store()
        .credential(&credential.login)
        .await
        .unwrap()
        .unwrap();
    let expected = sip::Ha1::new(&credential.login, DOMAIN, &credential.secret);
    assert_eq!(
        (stored.ha1.md5, stored.ha1.sha256),
        (expected.md5, expected.sha256)
    );
    assert_eq!(stored.account, row.account);

    let mut again = login("alice", "correct horse");
    again.replaces = Some(credential.login.clone());
    office.log_in(&again).await.unwrap();
    assert!(
        office
            .store()
            .credential(&credential.login)
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(office.devices(Some("alice")).await.unwrap().len(), 1);
}

async fn wrong_password_unknown_name_and_no_password_are_refused_alike(ground: Ground) {
    let office = ground.office().await;
    let new = NewAccount {
        password: Some("correct horse".into()),
        ..account("alice", None)
    };
    office.add_account(new).await.unwrap();
    office.add_account(account("bob", None)).await.unwrap();
    for (name, password) in [
        ("alice", "wrong"),
        ("nobody", "correct horse"),
        ("bob", ""),
        ("", ""),
        ("1000", "x"),
    ] {
        let refused = office.log_in(&login(name, password)).await.unwrap_err();
        assert!(
            matches!(refused, OfficeError::WrongPassword),
            "{name}: {refused}"
        );
    }
    office.set_disabled("alice", true).await.unwrap();
    let refused = office
        .log_in(&login("alice", "correct horse"))
        .await
        .unwrap_err();
    assert!(matches!(refused, OfficeError::Disabled));
    let refused = office.log_in(&login("alice", "wrong")).await.unwrap_err();
    assert!(
        matches!(refused, OfficeError::WrongPassword),
        "only who knows the password learns it"
    );
}

async fn logging_in_for_ever_does_not_pile_up_devices(ground: Ground) {
    let office = ground.office().await;
    office.add_account(account("alice", None)).await.unwrap();
    office.add_device("alice", Some("desk")).await.unwrap();
    let mut tx = office.store().begin().await.unwrap();
    let row = Office::find(&mut tx, "alice").await.unwrap();
    let label = api::DeviceLabel::parse("laptop").unwrap();
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(
            office
                .make_device(&mut tx, &row, &label, crate::store::Origin::Login)
                .await
                .unwrap()
                .login,
        );
    }
    let removed = tx.trim_login_devices(row.account, 2).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(removed.len(), 3);
    assert!(
        removed.iter().all(|login| made[..3].contains(login)),
        "the oldest go"
    );
    assert_eq!(
        office.devices(Some("alice")).await.unwrap().len(),
        3,
        "the desk phone stays"
    );
}

async fn a_disabled_account_has_no_credential_and_neither_has_a_removed_one(ground: Ground) {
    let office = ground.office().await;
    office
        .add_account(account("alice", Some("1000")))
        .await
        .unwrap();
    let (_, credential) = office.add_device("alice", None).await.unwrap();
    office.set_disabled("alice", true).await.unwrap();
    assert!(
        office
            .store()
            .credential(&credential.login)
            .await
            .unwrap()
            .is_none()
    );
    office.set_disabled("alice", false).await.unwrap();
    assert!(
        office
            .store()
            .credential(&credential.login)
            .await
            .unwrap()
            .is_some()
    );
    let id = office.remove_account("alice").await.unwrap().account;
    assert!(
        office
            .store()
            .credential(&credential.login)
            .await
            .unwrap()
            .is_none()
    );
    // It rests, so that nobody else is called by those who do not know yet.
    office.release_number(&number("1000")).await.unwrap();
    let next = office
        .add_account(account("alice", Some("1000")))
        .await
        .unwrap();
    assert_ne!(next.account, id, "an id is never given to anybody else");
    assert_eq!(office.number_history("1000").await.unwrap().len(), 4);
}

async fn what_changed_is_announced_and_forgotten_before_the_answer(ground: Ground) {
    let store = ground.store().await;
    let (sender, mut announcements) = mpsc::channel(1);
    let office = Office::new(store, DOMAIN, Some(sender));
    let working = tokio::spawn(async move {
        office
            .add_account(account("alice", Some("1000")))
            .await
            .unwrap();
        let (_, credential) = office.add_device("alice", None).await.unwrap();
        office
            .remove_device("alice", &credential.login)
            .await
            .unwrap();
        credential.login
    });
    let mut changes = Vec::new();
    while let Some(announcement) = announcements.recv().await {
        assert!(!working.is_finished());
        changes.push(announcement.change);
        announcement.done.send(()).unwrap();
    }
    let login = working.await.unwrap();
    assert_eq!(changes.len(), 3);
    assert_eq!(changes[0].dialled, ["1000", "alice"]);
    assert_eq!(changes[1].logins, std::slice::from_ref(&login));
    assert_eq!(changes[2].revoked, [login]);
}

async fn everything_is_there_after_a_restart(ground: Ground) {
    let office = ground.office().await;
    office
        .add_account(account("alice", Some("1000")))
        .await
        .unwrap();
    office.store().close().await;
    let office = ground.office().await;
    let alice = office.account("alice").await.unwrap();
    assert_eq!(alice.number.unwrap().as_str(), "1000");
    // Nobody else may read what is in there.
    use std::os::unix::fs::PermissionsExt;
    if let Ground::Sqlite(folder) = &ground {
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let mode = file.unwrap().metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0);
        }
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.sqlite");
    std::fs::write(
        &path,
        "this is not a database, however long it goes on".repeat(100),
    )
    .unwrap();
    let sentence = Store::open(&path).await.unwrap_err().to_string();
    assert!(sentence.contains("test.sqlite"), "{sentence}");
}

async fn what_is_done_stands_in_the_audit_log_under_the_name_of_who_did_it(ground: Ground) {
    let office = ground.office().await;
    let alice = office.add_account(account("alice", None)).await.unwrap();
    let operator = office.acting_as(Actor::operator(Some("root".into())));
    operator.set_disabled("alice", true).await.unwrap();
    let log = office.store().audit(Some(alice.account), None, None, 10);
    let log = log.await.unwrap();
    let line = &log[0];
    assert_eq!(line.action, "account.disable");
    assert_eq!(
        (line.actor.as_str(), line.actor_name.as_deref()),
        ("operator", Some("root"))
    );
    assert_eq!(line.subject, "alice");
}

async fn a_rehearsal_says_what_would_be_done_and_does_nothing(ground: Ground) {
    let office = ground.office().await;
    let rehearsed = office
        .rehearsing()
        .add_account(account("alice", None))
        .await;
    assert_eq!(rehearsed.unwrap().number.unwrap().as_str(), "1000");
    assert!(office.accounts().await.unwrap().is_empty());
    let refused = office.rehearsing().set_disabled("alice", true).await;
    assert!(matches!(refused, Err(OfficeError::NoSuchAccount { .. })));
}

on_both_engines!(
    everybody_gets_the_lowest_free_number_or_the_one_that_was_asked_for,
    a_taken_number_is_refused_with_its_holder_and_the_nearest_free_ones,
    a_second_number_is_additional_and_takes_over_when_the_first_goes,
    many_race_for_one_number_and_exactly_one_gets_it,
    a_list_adds_what_is_right_and_says_what_is_wrong,
    logging_in_makes_a_device_whose_secret_fits_its_stored_hashes,
    wrong_password_unknown_name_and_no_password_are_refused_alike,
    logging_in_for_ever_does_not_pile_up_devices,
    a_disabled_account_has_no_credential_and_neither_has_a_removed_one,
    what_changed_is_announced_and_forgotten_before_the_answer,
    everything_is_there_after_a_restart,
    what_is_done_stands_in_the_audit_log_under_the_name_of_who_did_it,
    a_rehearsal_says_what_would_be_done_and_does_nothing,
);
