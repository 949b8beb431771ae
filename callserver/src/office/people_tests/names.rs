//! Usernames: refused, given up, taken back.

use super::*;
use crate::store::tests::ground::{Ground, on_both_engines};

async fn names_that_are_taken_look_taken_or_rest_are_refused_in_words(ground: Ground) {
    let office = ground.office().await;
    let alice = add(&office, "alice").await;
    for (name, reason) in [
        (
            "alice",
            "The username \"alice\" is taken; choose another one.",
        ),
        (
            "Al1ce",
            "The username \"al1ce\" looks too much like one that is taken; choose another one.",
        ),
        (
            "a.lice",
            "The username \"a.lice\" looks too much like one that is taken; choose another one.",
        ),
        (
            "admin",
            "The username \"admin\" is kept for the system; choose another one.",
        ),
        ("x", "A username has at least 2 characters."),
    ] {
        assert_eq!(sentence(office.check_username(name, None).await), reason);
        let new = NewAccount {
            name: name.into(),
            ..NewAccount::default()
        };
        assert_eq!(sentence(office.add_account(new).await), reason);
    }
    assert_eq!(
        office
            .check_username("al1ce", Some(alice.account))
            .await
            .expect("her own")
            .as_str(),
        "al1ce"
    );
    assert_eq!(
        office
            .check_username("Bob", None)
            .await
            .expect("free")
            .as_str(),
        "bob"
    );
}

async fn a_name_that_was_given_up_rests_and_still_reaches_its_owner(ground: Ground) {
    let office = ground.office().await;
    let (alice, bob) = (add(&office, "alice").await, add(&office, "bob").await);
    let renamed = office
        .change_username(alice.account, "Carol")
        .await
        .expect("renamed");
    assert_eq!(
        (renamed.account, renamed.username.as_str()),
        (alice.account, "carol")
    );
    assert_eq!(renamed.number, alice.number, "the number stays");
    log_in(&office, "carol", PASSWORD)
        .await
        .expect("the new name logs in");
    assert!(matches!(
        log_in(&office, "alice", PASSWORD).await,
        Err(OfficeError::WrongPassword)
    ));

    let refused = office.change_username(bob.account, "alice").await;
    assert!(
        matches!(refused, Err(OfficeError::NameResting { .. })),
        "{refused:?}"
    );
    let refused = office.change_username(bob.account, "a1ice").await;
    assert!(
        matches!(refused, Err(OfficeError::NameResting { .. })),
        "{refused:?}"
    );
    let name = api::Username::parse("alice").expect("a name");
    let now = SystemTime::now();
    let later = now + 46 * DAY;
    let reached = async |at| {
        let row = office.store().account_called(&name, at).await;
        row.expect("asked").map(|row| row.account)
    };
    assert_eq!(reached(now).await, Some(alice.account));
    assert_eq!(reached(later).await, None);

    office
        .change_username(alice.account, "alice")
        .await
        .expect("she takes it back");
    let refused = office.change_username(bob.account, "carol").await;
    assert!(matches!(refused, Err(OfficeError::NameResting { .. })));
    office
        .rename_account("bob", "carol")
        .await
        .expect("an administrator may");
    office.end_rests(later).await.expect("time passes");
    office
        .check_username("bob", None)
        .await
        .expect("free again");
    assert!(
        actions(&office)
            .await
            .contains(&"account.rename".to_owned())
    );
}

async fn nobody_collects_names(ground: Ground) {
    let office = ground.office().await;
    let alice = add(&office, "name-a").await;
    for name in ["name-b", "name-c", "name-d"] {
        office
            .change_username(alice.account, name)
            .await
            .expect(name);
    }
    let refused = office.change_username(alice.account, "name-e").await;
    assert!(matches!(
        refused,
        Err(OfficeError::TooManyNames { most: 3 })
    ));
    office
        .change_username(alice.account, "name-b")
        .await
        .expect("back is always possible");
    office
        .rename_account("name-b", "name-e")
        .await
        .expect("an administrator may");
}

async fn old_accounts_get_their_skeleton_where_it_is_free(ground: Ground) {
    let office = ground.office().await;
    for name in ["alice", "bob"] {
        add(&office, name).await;
    }
    let forget = "UPDATE accounts SET username_skeleton = NULL";
    office.store().run_raw(forget).await;
    office
        .store()
        .run_raw("UPDATE accounts SET username = 'a1ice' WHERE username = 'bob'")
        .await;
    office.store().fill_skeletons().await.expect("filled");
    let refused = office
        .check_username("alicе".replace('е', "e").as_str(), None)
        .await;
    assert!(matches!(refused, Err(OfficeError::NameTaken { .. })));
    let refused = office.check_username("ai1ce", None).await;
    assert!(matches!(refused, Err(OfficeError::NameLooksTaken { .. })));
    assert_eq!(
        office
            .account("a1ice")
            .await
            .expect("it is still there")
            .username,
        "a1ice"
    );
}

on_both_engines!(
    names_that_are_taken_look_taken_or_rest_are_refused_in_words,
    a_name_that_was_given_up_rests_and_still_reaches_its_owner,
    nobody_collects_names,
    old_accounts_get_their_skeleton_where_it_is_free,
);
