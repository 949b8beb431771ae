//! What the server tells of calls in the conversation of two.

use api::room::MessageKind;

use super::*;
use crate::store::{CallRecord, RecordedParty};

fn party(speaker: &Speaker) -> RecordedParty {
    RecordedParty {
        account: speaker.account,
        number: None,
        name: speaker.display_name.clone(),
        quality: None,
    }
}

/// A call of one to another, of five seconds if it was answered.
fn call(caller: &Speaker, callee: &Speaker, cause: &str) -> CallRecord {
    CallRecord {
        caller: party(caller),
        callee: party(callee),
        dialled: "1001".into(),
        started_at: 1_000,
        answered_at: (cause == "hung-up").then_some(2_000),
        ended_at: 7_000,
        cause: cause.into(),
        is_anonymous: false,
        hung_up_by: None,
        codec: None,
        is_encrypted: None,
    }
}

async fn both_see_a_call_once_and_who_missed_one_has_it_to_read(ground: Ground) {
    let scene = Scene::new(&ground).await;
    let (rooms, alice, bob) = (&scene.rooms, &scene.alice, &scene.bob);
    let calls = [
        call(alice, bob, "hung-up"),
        call(bob, alice, "no-answer"),
        call(alice, bob, CallRecord::FORWARDED),
    ];
    rooms.keep_calls(&calls).await.expect("it is kept");
    let history = scene.office.store().calls_of(bob.account, None, 9).await;
    let history = history.expect("a history");
    assert_eq!(history.len(), 3);
    let mut seen = Vec::new();
    for (reader, unread) in [(alice, 1), (bob, 0)] {
        let list = rooms.list(reader.account, None, None).await.expect("rooms");
        assert_eq!(list.rooms.len(), 1);
        assert_eq!(list.rooms[0].unread, unread, "{}", reader.display_name);
        let synced = rooms.sync(reader.account, None, None).await;
        seen.push(synced.expect("news").messages);
    }
    assert_eq!(seen[0], seen[1]);
    let told: Vec<_> = seen[0]
        .iter()
        .map(|one| (one.kind, one.sender, one.body.clone()))
        .collect();
    let told_of = |caller: &Speaker, at: usize, seconds, is_answered| {
        let body = Body::Call {
            call: history[at].record,
            is_answered,
            seconds,
        };
        (MessageKind::Notification, Some(caller.account), body)
    };
    assert_eq!(
        told,
        [told_of(alice, 2, 5, true), told_of(bob, 1, 0, false)]
    );
    // Who has called in vain does not take that away from who was called.
    let delete = Body::Delete {
        target: seen[0][1].id.clone(),
    };
    let delete = to_room(&seen[0][1].room, "d", delete);
    let refused = rooms.send(bob, delete).await;
    assert!(matches!(refused, Err(RoomsError::Invalid(_))));
}

async fn nobody_learns_from_a_conversation_who_hid_or_was_blocked(ground: Ground) {
    let scene = Scene::new(&ground).await;
    let (rooms, alice, bob) = (&scene.rooms, &scene.alice, &scene.bob);
    let hidden = CallRecord {
        is_anonymous: true,
        ..call(alice, bob, "no-answer")
    };
    rooms.keep_calls(&[hidden]).await.expect("it is kept");
    for reader in [alice, bob] {
        let list = rooms.list(reader.account, None, None).await;
        assert!(list.expect("rooms").rooms.is_empty());
        let synced = rooms.sync(reader.account, None, None).await;
        assert!(synced.expect("news").messages.is_empty());
    }
    // Who is blocked sees what whoever hears "busy" sees, and who has blocked them sees nothing.
    scene.block(bob, alice.account).await;
    let blocked = call(alice, bob, CallRecord::BLOCKED);
    rooms.keep_calls(&[blocked]).await.expect("it is kept");
    let busy = call(alice, &scene.carol, "busy");
    rooms.keep_calls(&[busy]).await.expect("it is kept");
    let list = rooms.list(alice.account, None, None).await.expect("rooms");
    assert_eq!(list.rooms.len(), 2);
    let bodies: Vec<bool> = list
        .rooms
        .iter()
        .map(|room| room.last_message.as_ref().expect("a call"))
        .map(|last| {
            matches!(
                last.body,
                Body::Call {
                    is_answered: false,
                    ..
                }
            )
        })
        .collect();
    assert_eq!(bodies, [true, true]);
    let list = rooms.list(bob.account, None, None).await.expect("rooms");
    assert!(list.rooms.is_empty());
    let synced = rooms.sync(bob.account, None, None).await.expect("news");
    assert!(synced.messages.iter().all(|one| one.body == Body::Hidden));
}

async fn a_call_with_no_person_at_one_end_is_in_the_history_alone(ground: Ground) {
    let scene = Scene::new(&ground).await;
    let pool = api::NumberRange::parse("700-709").expect("a range");
    let pooled = scene
        .office
        .add_pool(api::PoolPurpose::Guests, &pool, api::PoolPolicy::Random);
    pooled.await.expect("numbers for guests");
    let request = api::GuestRequest {
        display_name: None,
        device_label: "browser".into(),
    };
    let lease = Duration::from_secs(60);
    let came = scene.office.add_guest(&request, lease).await;
    let guest = Speaker {
        account: came.expect("a guest").account.account,
        ..scene.carol.clone()
    };
    let nobody = Speaker {
        account: AccountId(0),
        ..scene.carol.clone()
    };
    let calls = [
        call(&guest, &scene.bob, "hung-up"),
        call(&scene.bob, &guest, "hung-up"),
        call(&nobody, &scene.bob, "no-answer"),
        call(&scene.bob, &scene.bob, "hung-up"),
    ];
    scene.rooms.keep_calls(&calls).await.expect("they are kept");
    let history = scene.office.store().calls_of(scene.bob.account, None, 9);
    assert_eq!(history.await.expect("a history").len(), 4);
    let list = scene.rooms.list(scene.bob.account, None, None).await;
    assert!(list.expect("rooms").rooms.is_empty());
}

async fn an_entry_is_told_whatever_others_have_said_with_its_id(ground: Ground) {
    let scene = Scene::new(&ground).await;
    let (rooms, alice, bob) = (&scene.rooms, &scene.alice, &scene.bob);
    for number in 1..4 {
        let guess = to(
            Addressee::name("bob"),
            &format!("call-{number}"),
            "no call for you",
        );
        rooms.send(alice, guess).await.expect("sent");
    }
    let missed = call(bob, alice, "no-answer");
    rooms.keep_calls(&[missed]).await.expect("it is kept");
    let synced = rooms.sync(alice.account, None, None).await.expect("news");
    assert!(matches!(synced.messages[3].body, Body::Call { .. }));
}

on_both_engines! {
    both_see_a_call_once_and_who_missed_one_has_it_to_read,
    nobody_learns_from_a_conversation_who_hid_or_was_blocked,
    a_call_with_no_person_at_one_end_is_in_the_history_alone,
    an_entry_is_told_whatever_others_have_said_with_its_id,
}
