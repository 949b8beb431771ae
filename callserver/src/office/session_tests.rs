//! Sessions, contacts and kept answers over real databases of both engines.

use std::time::{Duration, SystemTime};

use api::{AccountId, ContactEntry, LoginRequest};

use super::*;
use crate::store::Claim;
use crate::store::tests::ground::{Ground, on_both_engines};

const PASSWORD: &str = "seven green bottles 7";

async fn with_alice(ground: &Ground) -> Office {
    let office = ground.office().await;
    for name in ["alice", "bob"] {
        let new = NewAccount {
            name: name.into(),
            password: Some(PASSWORD.into()),
            ..NewAccount::default()
        };
        office.add_account(new).await.unwrap();
    }
    office
}

async fn log_in(office: &Office, name: &str) -> LoggedIn {
    let request = LoginRequest {
        name: name.into(),
        password: PASSWORD.into(),
        device_label: "laptop".into(),
        replaces: None,
    };
    office.log_in(&request).await.unwrap()
}

fn is_no_session<T: std::fmt::Debug>(result: &Result<T, OfficeError>) -> bool {
    matches!(result, Err(OfficeError::NoSession))
}

async fn tokens_run_out_with_time(ground: Ground) {
    let office = with_alice(&ground).await;
    let tokens = log_in(&office, "alice").await.tokens;
    let now = SystemTime::now();
    let later = |seconds| now + Duration::from_secs(seconds);
    let session = office.session(&tokens.access_token, now).await.unwrap();
    assert_eq!(session.name, "alice");
    let last = later(tokens.access_seconds - 5);
    office.session(&tokens.access_token, last).await.unwrap();
    let over = office.session(&tokens.access_token, later(tokens.access_seconds + 5));
    assert!(is_no_session(&over.await));
    // Each refresh gives the whole time anew.
    let month = later(30 * 24 * 3600);
    let next = office.refresh(&tokens.refresh_token, month).await.unwrap();
    office.session(&next.access_token, month).await.unwrap();
    let too_late = month + Duration::from_secs(next.refresh_seconds + 5);
    assert!(is_no_session(
        &office.refresh(&next.refresh_token, too_late).await
    ));
    assert!(is_no_session(&office.session("", now).await));
    assert!(is_no_session(&office.refresh("\0", now).await));
}

async fn the_thief_of_a_refresh_token_and_its_owner_are_both_out_and_it_is_noted(ground: Ground) {
    let office = with_alice(&ground).await;
    let logged_in = log_in(&office, "alice").await;
    let now = SystemTime::now();
    let stolen = logged_in.tokens.refresh_token;
    let next = office.refresh(&stolen, now).await.unwrap();
    let mut changes = office.changes();
    assert!(is_no_session(&office.refresh(&stolen, now).await));
    assert!(is_no_session(
        &office.session(&next.access_token, now).await
    ));
    let change = changes.try_recv().unwrap();
    assert_eq!(change.revoked, [&*logged_in.credential.login]);
    let account = logged_in.account.account;
    let log = office.store().audit(Some(account), None, None, 10).await;
    assert_eq!(log.unwrap()[0].action, "session.reuse");
    assert!(office.sessions(account).await.unwrap().is_empty());
}

async fn all_sessions_but_one_can_be_ended_at_once(ground: Ground) {
    let office = with_alice(&ground).await;
    let (kept, first, second) = (
        log_in(&office, "alice").await,
        log_in(&office, "alice").await,
        log_in(&office, "alice").await,
    );
    let bobs = log_in(&office, "bob").await;
    let now = SystemTime::now();
    let session = office
        .session(&kept.tokens.access_token, now)
        .await
        .unwrap();
    let mut tx = office.store().begin().await.unwrap();
    let change = Office::end_sessions(&mut tx, session.account, Some(session.session_id));
    let change = change.await.unwrap();
    office.finish(tx, change.clone()).await.unwrap();
    let mut revoked = change.revoked;
    revoked.sort();
    let mut expected = [first, second].map(|ended| ended.credential.login);
    expected.sort();
    assert_eq!(revoked, expected);
    office
        .session(&kept.tokens.access_token, now)
        .await
        .unwrap();
    office
        .session(&bobs.tokens.access_token, now)
        .await
        .unwrap();
    assert_eq!(office.sessions(session.account).await.unwrap().len(), 1);
}

async fn contacts_and_the_directory_are_the_same_on_both_engines(ground: Ground) {
    let office = with_alice(&ground).await;
    let tokens = log_in(&office, "alice").await.tokens;
    let alice = office.session(&tokens.access_token, SystemTime::now());
    let alice = alice.await.unwrap();
    let entry = |number: &str, name: Option<&str>| ContactEntry {
        number: Some(number.into()),
        name: name.map(str::to_owned),
        ..ContactEntry::default()
    };
    let bob = office.add_contact(&alice, &entry("1001", None)).await;
    let bob = bob.unwrap();
    assert_eq!(
        (bob.name.as_str(), bob.account),
        ("bob", Some(AccountId(2)))
    );
    let again = office.add_contact(&alice, &entry("1001", Some("x"))).await;
    assert!(matches!(again, Err(OfficeError::ContactKnown { .. })));
    let pizza = entry("+49 30 1234", Some("Pizza"));
    let pizza = office.add_contact(&alice, &pizza).await.unwrap();
    let to_bob = entry("1001", Some("x"));
    let to_bob = office.set_contact(&alice, pizza.id, &to_bob).await;
    assert!(matches!(to_bob, Err(OfficeError::ContactKnown { .. })));
    let store = office.store();
    assert_eq!(store.contacts(alice.account, 0, 10).await.unwrap().len(), 2);
    let second = store.contacts(alice.account, bob.id, 10).await.unwrap();
    assert_eq!(second, [pizza]);
    assert!(
        store
            .has_contact(alice.account, AccountId(2))
            .await
            .unwrap()
    );
    let found = store.directory("B", "", 10).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(store.directory("", "alice", 10).await.unwrap(), found);
    let numbers = store.primary_numbers(&[AccountId(1), AccountId(2), AccountId(99)]);
    assert_eq!(numbers.await.unwrap().len(), 2);
    office.remove_contact(alice.account, bob.id).await.unwrap();
    let gone = office.remove_contact(alice.account, bob.id).await;
    assert!(matches!(gone, Err(OfficeError::NoSuchContact { .. })));
}

async fn the_place_of_an_answer_is_taken_once_and_given_back_with_time(ground: Ground) {
    let store = ground.store().await;
    let start = SystemTime::now();
    let at = |hours: u64| start + Duration::from_secs(hours * 3600);
    let claim = async |key: &str, request: u8, hours: u64| {
        let now = at(hours);
        let (oldest, stuck) = (
            now - Duration::from_secs(24 * 3600),
            now - Duration::from_secs(60),
        );
        let mut tx = store.begin().await.unwrap();
        let times = (now, oldest, stuck);
        let claim = tx
            .claim_answer("account:1", key, &[request; 32], 2, times)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        claim
    };
    assert_eq!(claim("a", 1, 0).await, Claim::Ours);
    let Claim::Theirs(kept) = claim("a", 1, 0).await else {
        panic!("it is being done");
    };
    assert_eq!(kept.status, 0);
    // Its server has died.
    assert_eq!(claim("a", 1, 1).await, Claim::Ours);
    let mut tx = store.begin().await.unwrap();
    tx.keep_answer("account:1", "a", 201, b"sealed".to_vec())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let Claim::Theirs(kept) = claim("a", 2, 20).await else {
        panic!("it is done");
    };
    assert_eq!(
        (kept.status, kept.request, kept.body),
        (201, [1; 32], b"sealed".to_vec())
    );
    assert_eq!(claim("b", 1, 20).await, Claim::Ours);
    assert_eq!(claim("c", 1, 20).await, Claim::TooMany);
    // A day later the first has made room.
    assert_eq!(claim("c", 1, 26).await, Claim::Ours);
    assert_eq!(claim("d", 1, 49).await, Claim::Ours);
    assert_eq!(store.kept_answers().await.unwrap(), 2);
}

on_both_engines!(
    tokens_run_out_with_time,
    the_thief_of_a_refresh_token_and_its_owner_are_both_out_and_it_is_noted,
    all_sessions_but_one_can_be_ended_at_once,
    contacts_and_the_directory_are_the_same_on_both_engines,
    the_place_of_an_answer_is_taken_once_and_given_back_with_time,
);
