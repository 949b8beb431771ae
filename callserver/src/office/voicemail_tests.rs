//! Messages over a real database.

use std::time::{Duration, SystemTime};

use api::{AccountId, RingGroupRequest};

use super::*;
use crate::store::tests::ground::{Ground, on_both_engines};
use crate::store::{NewVoicemail, VoicemailBy, VoicemailCount, unix_millis};

on_both_engines!(
    messages_are_listed_marked_and_removed_and_their_owner_is_told,
    what_is_left_for_a_group_is_for_its_members,
    an_account_takes_so_many_and_old_ones_go,
);

async fn person(office: &Office, name: &str) -> AccountId {
    let new = NewAccount {
        name: name.into(),
        ..NewAccount::default()
    };
    office.add_account(new).await.expect("an account").account
}

fn message(to: AccountId, recording: &str, left_at: i64) -> NewVoicemail {
    NewVoicemail {
        account: to,
        caller: VoicemailBy {
            account: None,
            number: Some("1007".into()),
            name: "Ann".into(),
        },
        left_at,
        millis: 4_200,
        recording: recording.into(),
    }
}

async fn messages_are_listed_marked_and_removed_and_their_owner_is_told(ground: Ground) {
    let office = ground.office().await;
    let (alice, bob) = (person(&office, "alice").await, person(&office, "bob").await);
    let mut changes = office.changes();
    for (recording, at) in [("a", 1), ("b", 2), ("a", 3)] {
        let new = message(bob, recording, at);
        let kept = office.keep_voicemail(&new, b"sound");
        kept.await.expect("it is kept");
    }
    let change = changes.try_recv().expect("it was told");
    let what = WhatChanged::Voicemail;
    assert_eq!(change.people, [PersonChanged { account: bob, what }]);
    let rows = office.voicemails(bob, None, 10).await.expect("a list");
    assert_eq!(
        rows.iter().map(|row| row.left_at).collect::<Vec<_>>(),
        [2, 1]
    );
    let (newer, older) = (rows[0].id, rows[1].id);
    let page = office.voicemails(bob, Some(newer), 10).await;
    assert_eq!(page.expect("a list")[0].id, older);
    let sound = office.voicemail_sound(bob, newer).await.expect("a sound");
    assert_eq!(sound, b"sound");
    assert!(matches!(
        office.voicemail_sound(alice, newer).await,
        Err(OfficeError::NoSuchVoicemail { .. })
    ));
    let marked = office.mark_voicemail(bob, newer, true).await;
    assert!(marked.expect("it is there").is_heard);
    let count = office.store().voicemail_count(bob).await.expect("a count");
    assert_eq!(count, VoicemailCount { new: 1, old: 1 });
    assert!(office.remove_voicemail(alice, newer).await.is_err());
    office.remove_voicemail(bob, newer).await.expect("it goes");
    let rows = office.voicemails(bob, None, 10).await.expect("a list");
    assert_eq!(rows.len(), 1);
    office.remove_account("bob").await.expect("it goes");
    let sounds = office.store().voicemail_sound(older).await;
    assert_eq!(sounds.expect("an answer"), None);
}

async fn what_is_left_for_a_group_is_for_its_members(ground: Ground) {
    let office = ground.office().await;
    let (alice, bob) = (person(&office, "alice").await, person(&office, "bob").await);
    let request = RingGroupRequest {
        name: "sales".into(),
        members: vec!["bob".into()],
        ..RingGroupRequest::default()
    };
    let group = office.add_ring_group(&request).await.expect("a group").id;
    let mut changes = office.changes();
    let new = message(group, "a", 1);
    let kept = office.keep_voicemail(&new, b"sound");
    kept.await.expect("it is kept");
    let told = changes.try_recv().expect("it was told");
    let told: Vec<_> = told.people.iter().map(|person| person.account).collect();
    assert_eq!(told, [group, bob]);
    let rows = office.voicemails(bob, None, 10).await.expect("a list");
    assert_eq!(rows[0].account, group);
    assert_eq!(
        office.voicemails(alice, None, 10).await.expect("a list"),
        []
    );
}

async fn an_account_takes_so_many_and_old_ones_go(ground: Ground) {
    let office = ground.office().await;
    let bob = person(&office, "bob").await;
    let store = office.store().clone().with_most_voicemails(2);
    let now = SystemTime::now();
    let day = Duration::from_secs(24 * 60 * 60);
    for (recording, age) in [("a", 10), ("b", 1)] {
        assert!(!store.voicemail_is_full(bob).await.expect("an answer"));
        let at = unix_millis(now - day * age);
        let new = message(bob, recording, at);
        let kept = office.keep_voicemail(&new, b"sound");
        kept.await.expect("it is kept");
    }
    assert!(store.voicemail_is_full(bob).await.expect("an answer"));
    assert_eq!(office.expire_voicemails(5, now).await.expect("a count"), 1);
    assert_eq!(office.expire_voicemails(5, now).await.expect("a count"), 0);
    assert!(!store.voicemail_is_full(bob).await.expect("an answer"));
}
