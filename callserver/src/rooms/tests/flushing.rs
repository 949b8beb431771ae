//! What two devices told each other without the server, and who may bring it.

use api::hex;
use api::room::{Body, FileRef, Flush, FlushedMessage, PeerMessage, RoomErrorCode};
use ring::signature::{Ed25519KeyPair, KeyPair};

use super::*;
use crate::store::unix_millis;
use crate::times::rfc_3339;

/// A device that signs.
struct Device {
    owner: AccountId,
    pair: Ed25519KeyPair,
}

impl Device {
    /// One whose key the server knows.
    async fn known(scene: &Scene, owner: &Speaker, seed: u8) -> Self {
        let device = Self::unknown(owner, seed);
        let now = unix_millis(SystemTime::now());
        let sql = format!(
            "INSERT INTO peer_keys (public_key, account_id, told_at, seen_at) VALUES ('{}', {}, {now}, {now})",
            device.key(),
            owner.account,
        );
        scene.office.store().run_raw(&sql).await;
        device
    }

    fn unknown(owner: &Speaker, seed: u8) -> Self {
        Self {
            owner: owner.account,
            pair: Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("a key"),
        }
    }

    fn key(&self) -> String {
        hex(self.pair.public_key().as_ref())
    }

    fn says(&self, room: &RoomId, message: &str, text: &str) -> PeerMessage {
        let written = rfc_3339(unix_millis(SystemTime::now()));
        self.says_at(room, message, text, &written)
    }

    fn says_at(&self, room: &RoomId, message: &str, text: &str, written: &str) -> PeerMessage {
        let said = body(text);
        let message =
            PeerMessage::unsigned(id(message), self.owner, self.key(), written.into(), &said);
        self.signed(room, message)
    }

    fn signed(&self, room: &RoomId, message: PeerMessage) -> PeerMessage {
        let signature = self.pair.sign(&message.signed(room));
        PeerMessage {
            signature: hex(signature.as_ref()),
            ..message
        }
    }
}

/// The conversation of Alice and Bob, with one message in it, and a device of each.
async fn conversation(scene: &Scene) -> (RoomId, Device, Device) {
    let first = to(Addressee::name("bob"), "first", "first");
    let room = scene
        .rooms
        .send(&scene.alice, first)
        .await
        .expect("sent")
        .room;
    let alices = Device::known(scene, &scene.alice, 1).await;
    let bobs = Device::known(scene, &scene.bob, 2).await;
    (room, alices, bobs)
}

impl Scene {
    /// A file of seven bytes in the store; unfinished without a hash.
    async fn has_file(&self, file: &str, owner: AccountId, sha256: Option<&str>) {
        let store = self.office.store();
        let mut tx = store.begin().await.expect("a transaction");
        let now = SystemTime::now();
        tx.add_file(file, owner, "x", 7, now).await.expect("added");
        if let Some(sha256) = sha256 {
            let kind = "application/pdf";
            tx.finish_file(file, sha256, kind).await.expect("finished");
        }
        tx.commit().await.expect("committed");
    }

    async fn flushed(
        &self,
        by: &Speaker,
        room: &RoomId,
        messages: &[PeerMessage],
    ) -> Vec<FlushedMessage> {
        let messages = messages.to_vec();
        let flushed = self.rooms.flush(by, room, Flush { messages }).await;
        flushed.expect("an answer").messages
    }
}

fn places(answers: &[FlushedMessage]) -> Vec<Option<i64>> {
    answers.iter().map(|one| one.sequence).collect()
}

async fn either_side_brings_what_both_have_and_it_is_there_once_in_the_order_of_the_first(
    ground: Ground,
) {
    let scene = Scene::new(&ground).await;
    let (room, alices, bobs) = conversation(&scene).await;
    let said = [
        alices.says(&room, "a1", "How are you?"),
        bobs.says(&room, "b1", "Well"),
        alices.says(&room, "a2", "Good"),
    ];
    let bobs_view = [said[1].clone(), said[0].clone(), said[2].clone()];
    let by_bob = scene.flushed(&scene.bob, &room, &said[..2]).await;
    assert_eq!(places(&by_bob), [Some(2), Some(3)]);
    let by_alice = scene.flushed(&scene.alice, &room, &bobs_view).await;
    assert_eq!(places(&by_alice), [Some(3), Some(2), Some(4)]);
    assert_eq!(by_alice[1].sent, by_bob[0].sent);
    for reader in [&scene.alice, &scene.bob] {
        let texts = scene.texts(reader, &room).await;
        assert_eq!(texts, ["first", "How are you?", "Well", "Good"]);
    }
    assert_eq!(scene.unread(&scene.bob, &room).await, 3);
    // The same message over the usual way is the same message.
    let again = to_room(&room, "a2", body("Good"));
    let again = scene.rooms.send(&scene.alice, again).await.expect("sent");
    assert_eq!(again.sequence, 4);
    let figures = scene.rooms.figures();
    assert_eq!((figures.said, figures.flushed), (1, 3));
}

async fn what_no_device_of_its_sender_has_signed_is_refused_and_the_rest_is_stored(ground: Ground) {
    let scene = Scene::new(&ground).await;
    let (room, alices, bobs) = conversation(&scene).await;
    let strange = Device::unknown(&scene.alice, 9);
    let good = alices.says(&room, "good", "good");
    let edited = PeerMessage {
        body: serde_json::to_string(&body("bad")).expect("JSON"),
        ..alices.says(&room, "edited", "good")
    };
    let elsewhere = RoomId::parse("elsewhere").expect("an id");
    let moved = alices.says(&elsewhere, "moved", "good");
    // Bob signs what Alice is to have said, with his own key and in her name.
    let foisted = PeerMessage::unsigned(
        id("foisted"),
        scene.alice.account,
        bobs.key(),
        good.written.clone(),
        &body("I owe you"),
    );
    let foisted = bobs.signed(&room, foisted);
    let carols = Device::known(&scene, &scene.carol, 3).await;
    let unsaid = PeerMessage {
        body: r#"{"type":"call","call":1,"is_answered":true,"seconds":1}"#.into(),
        ..good.clone()
    };
    let unsaid = alices.signed(
        &room,
        PeerMessage {
            id: id("unsaid"),
            ..unsaid
        },
    );
    let all = [
        edited,
        moved,
        foisted,
        strange.says(&room, "strange", "good"),
        carols.says(&room, "stranger", "good"),
        unsaid,
        alices.says_at(&room, "timeless", "good", "yesterday"),
        good,
    ];
    let answers = scene.flushed(&scene.bob, &room, &all).await;
    let stored: Vec<&str> = { answers.iter() }
        .filter(|one| one.sequence.is_some())
        .map(|one| one.id.as_str())
        .collect();
    assert_eq!(stored, ["good"]);
    let refused = answers.iter().filter(|one| one.error.is_some()).count();
    assert_eq!(refused, all.len() - 1);
    assert_eq!(scene.texts(&scene.bob, &room).await, ["first", "good"]);
}

/// What Alice's device says about a file that it has told Bob's of.
fn of_file(device: &Device, room: &RoomId, message: &str, sha256: &str) -> PeerMessage {
    let said = Body::File {
        file: FileRef {
            file: FileRef::id_by_contents(sha256),
            sha256: sha256.to_owned(),
            name: "plan.pdf".to_owned(),
            media_type: "application/pdf".to_owned(),
            bytes: 7,
        },
        caption: String::new(),
        reply_to: None,
    };
    let written = rfc_3339(unix_millis(SystemTime::now()));
    let message = PeerMessage::unsigned(id(message), device.owner, device.key(), written, &said);
    device.signed(room, message)
}

async fn a_message_waits_for_its_file_which_either_of_the_two_may_bring(ground: Ground) {
    let scene = Scene::new(&ground).await;
    let (room, alices, _) = conversation(&scene).await;
    let (one, other) = ("a".repeat(64), "b".repeat(64));
    let said = [
        of_file(&alices, &room, "f1", &one),
        alices.says(&room, "a1", "Look at this"),
        of_file(&alices, &room, "f2", &other),
    ];
    // Somebody else's file is no file of theirs, and one that has not come whole is none.
    scene
        .has_file("carols", scene.carol.account, Some(&one))
        .await;
    scene.has_file("halves", scene.alice.account, None).await;
    let answers = scene.flushed(&scene.bob, &room, &said).await;
    assert_eq!(places(&answers), [None, Some(2), None]);
    for answer in [&answers[0], &answers[2]] {
        let error = answer.error.as_ref().expect("an error");
        assert_eq!(error.code, RoomErrorCode::ConnectionError, "bring it again");
    }
    scene
        .has_file("alices", scene.alice.account, Some(&one))
        .await;
    scene
        .has_file("bobs", scene.bob.account, Some(&other))
        .await;
    // Alice has not brought the second one, and what Bob has is not hers.
    let answers = scene.flushed(&scene.alice, &room, &said).await;
    assert_eq!(places(&answers), [Some(3), Some(2), None]);
    let answers = scene.flushed(&scene.bob, &room, &said).await;
    assert_eq!(places(&answers), [Some(3), Some(2), Some(4)]);
    for (reader, file) in [(&scene.alice, "bobs"), (&scene.bob, "alices")] {
        let store = scene.office.store();
        let may_read = store.was_sent_to(reader.account, file).await;
        assert!(may_read.expect("an answer"));
    }
    assert!(
        !scene
            .office
            .store()
            .was_sent_to(scene.bob.account, "carols")
            .await
            .expect("an answer")
    );
}

async fn strangers_groups_and_too_much_are_refused_whole(ground: Ground) {
    let scene = Scene::new(&ground).await;
    let (room, alices, _) = conversation(&scene).await;
    let group = scene.group(RoomSettings::default()).await.id;
    let flush = |messages| Flush { messages };
    let said = vec![alices.says(&room, "a", "a")];
    let rooms = &scene.rooms;
    let by_carol = rooms.flush(&scene.carol, &room, flush(said.clone())).await;
    assert!(matches!(by_carol, Err(RoomsError::Stranger)));
    let in_group = vec![alices.says(&group, "a", "a")];
    let in_group = rooms.flush(&scene.alice, &group, flush(in_group)).await;
    assert!(matches!(in_group, Err(RoomsError::Invalid(_))));
    let many = vec![said[0].clone(); 201];
    let many = rooms.flush(&scene.alice, &room, flush(many)).await;
    assert!(matches!(many, Err(RoomsError::Invalid(_))));
    let nowhere = RoomId::parse("nowhere").expect("an id");
    let nowhere = rooms.flush(&scene.alice, &nowhere, flush(said)).await;
    assert!(matches!(nowhere, Err(RoomsError::NoSuchRoom)));
    assert_eq!(scene.texts(&scene.alice, &room).await, ["first"]);
}

async fn a_clock_that_is_far_off_is_put_right_and_a_device_that_was_taken_away_is_not_believed(
    ground: Ground,
) {
    let scene = Scene::new(&ground).await;
    let (room, alices, _) = conversation(&scene).await;
    let said = [
        alices.says_at(&room, "past", "past", "1970-01-01T00:00:00Z"),
        alices.says_at(&room, "ahead", "ahead", "2999-01-01T00:00:00Z"),
    ];
    let before = unix_millis(SystemTime::now()) - 31 * 24 * 60 * 60 * 1000;
    let answers = scene.flushed(&scene.alice, &room, &said).await;
    assert_eq!(places(&answers), [Some(2), Some(3)]);
    assert!(answers[0].sent > Some(rfc_3339(before)), "{answers:?}");
    let soon = rfc_3339(unix_millis(SystemTime::now()) + 1000);
    assert!(answers[1].sent < Some(soon), "{answers:?}");
    let sql = format!("UPDATE peer_keys SET seen_at = {before}");
    scene.office.store().run_raw(&sql).await;
    let late = alices.says(&room, "late", "late");
    let answers = scene.flushed(&scene.bob, &room, &[late]).await;
    assert_eq!(places(&answers), [None]);
}

async fn what_somebody_said_who_is_blocked_by_then_is_seen_by_them_alone(ground: Ground) {
    let scene = Scene::new(&ground).await;
    let (room, alices, _) = conversation(&scene).await;
    scene.block(&scene.bob, scene.alice.account).await;
    let said = [alices.says(&room, "a", "rude")];
    let answers = scene.flushed(&scene.alice, &room, &said).await;
    assert_eq!(places(&answers), [Some(2)]);
    assert_eq!(scene.texts(&scene.alice, &room).await, ["first", "rude"]);
    assert_eq!(scene.texts(&scene.bob, &room).await, ["first", "(hidden)"]);
}

on_both_engines! {
    either_side_brings_what_both_have_and_it_is_there_once_in_the_order_of_the_first,
    what_no_device_of_its_sender_has_signed_is_refused_and_the_rest_is_stored,
    a_message_waits_for_its_file_which_either_of_the_two_may_bring,
    strangers_groups_and_too_much_are_refused_whole,
    a_clock_that_is_far_off_is_put_right_and_a_device_that_was_taken_away_is_not_believed,
    what_somebody_said_who_is_blocked_by_then_is_seen_by_them_alone,
}
