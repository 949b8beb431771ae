//! What people tell about themselves, who may see it, and whom they have blocked.

use api::{ChosenState, Contact, ContactEntry, PresenceChange, Visibility};

use super::*;
use crate::store::SeenBy;
use crate::store::tests::ground::{Ground, on_both_engines};

async fn session(office: &Office, name: &str) -> Session {
    let logged_in = log_in(office, name, PASSWORD).await.expect("in");
    let token = logged_in.tokens.access_token;
    let session = office.session(&token, SystemTime::now()).await;
    session.expect("a session")
}

fn entry(of: &Contact) -> ContactEntry {
    ContactEntry {
        account: of.account,
        name: Some(of.name.clone()),
        ..ContactEntry::default()
    }
}

async fn seen(office: &Office, watcher: &AccountRow, of: &AccountRow) -> SeenBy {
    let seen = office
        .store()
        .seen_by(watcher.account, &[of.account])
        .await
        .expect("an answer");
    let each = office
        .store()
        .seen_by_each(of.account, &[watcher.account])
        .await
        .expect("an answer");
    assert_eq!(seen[&of.account], each[&watcher.account]);
    seen[&of.account].clone()
}

async fn a_contact_is_in_groups_and_one_that_is_blocked_stays_so_until_its_owner_says_otherwise(
    ground: Ground,
) {
    let office = ground.office().await;
    let (alice, bob) = (add(&office, "alice").await, add(&office, "bob").await);
    let owner = session(&office, "alice").await;
    let wanted = ContactEntry {
        account: Some(bob.account),
        groups: Some(vec!["Work".into(), " Chess ".into(), "Work".into()]),
        is_blocked: Some(true),
        ..ContactEntry::default()
    };
    let mut heard = office.changes();
    let added = office.add_contact(&owner, &wanted).await.expect("added");
    assert_eq!(added.groups, ["Work", "Chess"]);
    assert!(added.is_blocked);
    let told = heard.recv().await.expect("a change");
    assert_eq!(told.people[0].what, WhatChanged::Contacts);
    let store = office.store();
    let blocked = async || store.has_blocked(alice.account, bob.account).await.unwrap();
    assert!(blocked().await);
    assert!(!store.has_blocked(bob.account, alice.account).await.unwrap());
    // Whoever does not know of groups and blocking changes neither.
    let kept = office.set_contact(&owner, added.id, &entry(&added)).await;
    assert_eq!(kept.expect("kept"), added);
    let freed = ContactEntry {
        groups: Some(Vec::new()),
        is_blocked: Some(false),
        ..entry(&added)
    };
    let freed = office.set_contact(&owner, added.id, &freed).await;
    let freed = freed.expect("freed");
    assert!(freed.groups.is_empty() && !freed.is_blocked);
    assert!(!blocked().await);
    for groups in [
        vec![String::new()],
        vec!["x".repeat(65)],
        vec!["a\0b".into()],
        (0..17).map(|group| group.to_string()).collect(),
    ] {
        let wrong = ContactEntry {
            groups: Some(groups.clone()),
            ..entry(&added)
        };
        let refused = office.set_contact(&owner, added.id, &wrong).await;
        assert!(refused.is_err(), "{groups:?}");
    }
}

async fn what_somebody_tells_is_seen_by_whom_it_is_for(ground: Ground) {
    let office = ground.office().await;
    let (alice, bob) = (add(&office, "alice").await, add(&office, "bob").await);
    let fresh = office.presence(alice.account).await.expect("the default");
    assert_eq!(fresh, crate::store::PresenceRow::default());
    let tell = async |change: PresenceChange| office.set_presence(alice.account, &change).await;
    let mut heard = office.changes();
    let away = PresenceChange {
        state: Some(ChosenState::Away),
        note: Some(" back at four ".into()),
        ..PresenceChange::default()
    };
    let told = tell(away.clone()).await.expect("told");
    assert_eq!(
        (told.state, &*told.note),
        (ChosenState::Away, "back at four")
    );
    assert!(told.changed_at.is_some());
    let change = heard.recv().await.expect("a change");
    assert_eq!(change.people[0].what, WhatChanged::Presence);
    assert_eq!(tell(away).await.expect("the same"), told, "nothing is new");
    assert!(seen(&office, &bob, &alice).await.may_see(true));
    assert!(!seen(&office, &bob, &alice).await.may_see(false));
    let only = |visibility| PresenceChange {
        visibility: Some(visibility),
        ..PresenceChange::default()
    };
    let hidden = tell(only(Visibility::Contacts)).await.expect("told");
    assert_eq!(hidden.changed_at, told.changed_at, "the state is as before");
    assert!(!seen(&office, &bob, &alice).await.may_see(true));
    let owner = session(&office, "alice").await;
    let of_bob = ContactEntry {
        account: Some(bob.account),
        ..ContactEntry::default()
    };
    let contact = office.add_contact(&owner, &of_bob).await.expect("added");
    assert!(seen(&office, &bob, &alice).await.may_see(false));
    let blocking = ContactEntry {
        is_blocked: Some(true),
        ..entry(&contact)
    };
    let blocked = office.set_contact(&owner, contact.id, &blocking).await;
    blocked.expect("blocked");
    tell(only(Visibility::Everyone)).await.expect("told");
    assert!(!seen(&office, &bob, &alice).await.may_see(true));
    for note in ["x".repeat(141), "two\nlines".into(), "nul\0".into()] {
        let wrong = PresenceChange {
            note: Some(note),
            ..PresenceChange::default()
        };
        let refused = tell(wrong).await;
        assert!(matches!(refused, Err(OfficeError::PresenceNote { .. })));
    }
}

async fn whoever_hides_was_seen_last_when_they_hid(ground: Ground) {
    let office = ground.office().await;
    let alice = add(&office, "alice").await;
    let seen_at = |seconds: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let went = async |at: SystemTime| {
        let mut tx = office.store().begin().await.expect("a write");
        tx.set_account_seen(alice.account, at)
            .await
            .expect("written");
        tx.commit().await.expect("kept");
        let row = office.presence(alice.account).await.expect("a row");
        row.last_seen_at
    };
    assert_eq!(went(seen_at(1)).await, Some(1_000));
    let chosen = |state| PresenceChange {
        state: Some(state),
        ..PresenceChange::default()
    };
    let hidden = office
        .set_presence(alice.account, &chosen(ChosenState::Invisible))
        .await
        .expect("hidden");
    assert!(hidden.last_seen_at > Some(1_000));
    assert_eq!(went(seen_at(2)).await, hidden.last_seen_at);
    office
        .set_presence(alice.account, &chosen(ChosenState::Available))
        .await
        .expect("back");
    assert_eq!(went(seen_at(3)).await, Some(3_000));
    // Nothing is left of those who are no more.
    office.remove_account("alice").await.expect("removed");
    assert_eq!(went(seen_at(4)).await, None);
}

async fn do_not_disturb_is_one_thing_in_presence_and_in_the_call_settings(ground: Ground) {
    let office = ground.office().await;
    let alice = add(&office, "alice").await;
    let tell = async |state| {
        let change = PresenceChange {
            state: Some(state),
            ..PresenceChange::default()
        };
        let told = office.set_presence(alice.account, &change).await;
        assert_eq!(told.expect("told").state, state);
    };
    let is_on = async || {
        let settings = office.call_settings(alice.account).await;
        settings.expect("settings").do_not_disturb
    };
    let state = async || office.presence(alice.account).await.expect("a row").state;
    tell(ChosenState::DoNotDisturb).await;
    assert!(is_on().await);
    tell(ChosenState::Away).await;
    assert!(!is_on().await);
    office
        .set_do_not_disturb(alice.account, true)
        .await
        .expect("set");
    assert_eq!(state().await, ChosenState::DoNotDisturb);
    // Whoever hides does not show by it that they are there, and is not called either.
    tell(ChosenState::Invisible).await;
    assert!(is_on().await);
    assert_eq!(state().await, ChosenState::Invisible);
    tell(ChosenState::Available).await;
    assert!(!is_on().await);
    assert_eq!(state().await, ChosenState::Available);
}

on_both_engines!(
    do_not_disturb_is_one_thing_in_presence_and_in_the_call_settings,
    a_contact_is_in_groups_and_one_that_is_blocked_stays_so_until_its_owner_says_otherwise,
    what_somebody_tells_is_seen_by_whom_it_is_for,
    whoever_hides_was_seen_last_when_they_hid,
);
