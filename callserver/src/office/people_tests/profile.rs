//! Passwords and their costs, pictures, roles, devices of one account.

use api::Role;

use super::*;
use crate::store::tests::ground::{Ground, on_both_engines};

async fn a_changed_password_asks_for_the_old_one(ground: Ground) {
    let office = ground.office().await;
    let alice = add(&office, "alice").await;
    let change =
        async |old: &str, new: &str| office.change_password(alice.account, old, new, None).await;
    let wrong = change("wrong", "seven green bottles").await;
    assert!(matches!(wrong, Err(OfficeError::WrongOldPassword)));
    assert!(matches!(
        change(PASSWORD, PASSWORD).await,
        Err(OfficeError::SamePassword)
    ));
    for (new, reason) in [
        ("short", "A password has at least 8 characters."),
        ("alice-alice", "A password does not contain the username."),
    ] {
        assert_eq!(sentence(change(PASSWORD, new).await), reason);
    }
    assert!(sentence(change(PASSWORD, "Passw0rd!").await).contains("10,000"));
    change(PASSWORD, "seven green bottles")
        .await
        .expect("changed");
    assert!(log_in(&office, "alice", PASSWORD).await.is_err());
    log_in(&office, "alice", "seven green bottles")
        .await
        .expect("the new one is good");
}

async fn a_hash_from_other_costs_is_made_again_at_the_next_login(ground: Ground) {
    let office = ground.office().await;
    let alice = add(&office, "alice").await;
    let hash = async || {
        office
            .store()
            .password_hash(alice.account)
            .await
            .expect("a hash")
    };
    let before = hash().await;
    log_in(&office, "alice", PASSWORD).await.expect("logged in");
    assert_eq!(hash().await, before, "nothing to do");
    let mut tx = office.store().begin().await.expect("a write");
    tx.set_password_costs("m=20480,t=2,p=1")
        .await
        .expect("costs");
    tx.commit().await.expect("kept");
    office.settle_password_costs().await.expect("loaded");
    assert!(log_in(&office, "alice", "wrong").await.is_err());
    assert_eq!(hash().await, before, "a wrong password changes nothing");
    log_in(&office, "alice", PASSWORD).await.expect("logged in");
    let after = hash().await.expect("a hash");
    assert!(
        after.starts_with("$argon2id$v=19$m=20480,t=2,p=1$"),
        "{after}"
    );
    log_in(&office, "alice", PASSWORD).await.expect("and again");
}

async fn the_costs_are_found_once(ground: Ground) {
    let office = ground.office().await;
    assert!(!office.load_password_costs().await.expect("asked"));
    let found = office.settle_password_costs().await.expect("found");
    let stored = office.store().password_costs().await.expect("asked");
    assert_eq!(stored, Some(found.to_string()));
    assert_eq!(office.settle_password_costs().await.expect("loaded"), found);
}

async fn a_picture_is_what_its_bytes_are(ground: Ground) {
    let office = ground.office().await;
    let alice = add(&office, "alice").await;
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x10\0\0\0\x10rest".to_vec();
    assert!(matches!(
        office.picture(alice.account).await,
        Err(OfficeError::NoPicture)
    ));
    let refused = office.set_picture(alice.account, b"<html>").await;
    assert!(matches!(refused, Err(OfficeError::Picture(_))));
    office.set_picture(alice.account, &png).await.expect("set");
    assert_eq!(
        office.picture(alice.account).await.expect("there").content,
        png
    );
    office.remove_picture(alice.account).await.expect("removed");
    assert!(matches!(
        office.remove_picture(alice.account).await,
        Err(OfficeError::NoPicture)
    ));
}

async fn the_last_administrator_stays_one_unless_somebody_at_the_machine_asks(ground: Ground) {
    let office = ground.office().await;
    let (alice, _bob) = (add(&office, "alice").await, add(&office, "bob").await);
    assert_eq!(
        office
            .set_role("alice", Role::Admin)
            .await
            .expect("made")
            .role,
        Role::Admin
    );
    let as_alice = as_account(&office, &alice);
    for refused in [
        as_alice.set_role("alice", Role::User).await.map(drop),
        as_alice.set_disabled("alice", true).await.map(drop),
        as_alice.remove_account("alice").await.map(drop),
        as_alice
            .erase_own_account(alice.account, Some(PASSWORD))
            .await,
    ] {
        assert!(
            matches!(refused, Err(OfficeError::LastAdministrator)),
            "{refused:?}"
        );
    }
    as_alice
        .set_role("bob", Role::Admin)
        .await
        .expect("two now");
    as_alice
        .set_role("alice", Role::User)
        .await
        .expect("one is left");
    office
        .set_role("bob", Role::User)
        .await
        .expect("the operator may");
    assert!(matches!(
        office.set_role("nobody-x", Role::Admin).await,
        Err(OfficeError::NoSuchAccount { .. })
    ));
}

async fn an_owner_names_and_revokes_his_own_devices_only(ground: Ground) {
    let office = ground.office().await;
    let (alice, bob) = (add(&office, "alice").await, add(&office, "bob").await);
    let (_, desk) = office
        .add_own_device(alice.account, "desk")
        .await
        .expect("made");
    let renamed = office
        .rename_own_device(alice.account, &desk.login, "kitchen")
        .await;
    assert_eq!(renamed.expect("renamed").label, "kitchen");
    for refused in [
        office
            .rename_own_device(bob.account, &desk.login, "mine")
            .await
            .map(drop),
        office.remove_own_device(bob.account, &desk.login).await,
        office
            .rename_own_device(alice.account, "d-nothing", "x")
            .await
            .map(drop),
    ] {
        assert!(matches!(refused, Err(OfficeError::NoSuchDevice { .. })));
    }
    assert!(matches!(
        office
            .rename_own_device(alice.account, &desk.login, " ")
            .await,
        Err(OfficeError::Text(_))
    ));
    office
        .remove_own_device(alice.account, &desk.login)
        .await
        .expect("revoked");
    assert!(
        office
            .own_devices(alice.account)
            .await
            .expect("a list")
            .is_empty()
    );
    let log = actions(&office).await;
    let devices: Vec<_> = log
        .iter()
        .filter(|action| action.starts_with("device."))
        .collect();
    assert_eq!(devices, ["device.add", "device.rename", "device.remove"]);
}

async fn a_changed_password_ends_the_other_logins_and_keeps_desk_phones(ground: Ground) {
    let office = ground.office().await;
    let alice = add(&office, "alice").await;
    let this = log_in(&office, "alice", PASSWORD).await.expect("in");
    let other = log_in(&office, "alice", PASSWORD).await.expect("in");
    let (_, desk) = office
        .add_own_device(alice.account, "desk")
        .await
        .expect("made");
    let now = SystemTime::now();
    let session = office
        .session(&this.tokens.access_token, now)
        .await
        .expect("a session");
    office
        .change_password(
            alice.account,
            PASSWORD,
            "seven green bottles",
            Some(session.session_id),
        )
        .await
        .expect("changed");
    office
        .session(&this.tokens.access_token, now)
        .await
        .expect("it stays");
    assert!(
        office
            .session(&other.tokens.access_token, now)
            .await
            .is_err()
    );
    let devices = office.own_devices(alice.account).await.expect("a list");
    let logins: Vec<_> = devices.into_iter().map(|device| device.login).collect();
    assert_eq!(logins, [this.credential.login, desk.login]);
    office
        .set_password("alice", "eight green bottles")
        .await
        .expect("set");
    assert!(
        office
            .session(&this.tokens.access_token, now)
            .await
            .is_err()
    );
}

on_both_engines!(
    a_changed_password_asks_for_the_old_one,
    a_changed_password_ends_the_other_logins_and_keeps_desk_phones,
    a_hash_from_other_costs_is_made_again_at_the_next_login,
    the_costs_are_found_once,
    a_picture_is_what_its_bytes_are,
    the_last_administrator_stays_one_unless_somebody_at_the_machine_asks,
    an_owner_names_and_revokes_his_own_devices_only,
);
