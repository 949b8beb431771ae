//! The search in a room that has more messages than are read one by one.

use super::*;

/// Two full blocks of words and a part of a third one.
const COUNT: usize = 2_300;

async fn found(scene: &Scene, room: &RoomId, words: &str, limit: u16) -> Vec<i64> {
    let mut sequences = Vec::new();
    let mut before = None;
    loop {
        let found = scene
            .rooms
            .search(scene.bob.account, room, words, before, Some(limit));
        let found = found.await.expect("an answer");
        sequences.extend(found.messages.iter().map(|one| one.sequence));
        before = found.before;
        if before.is_none() {
            return sequences;
        }
    }
}

async fn what_is_found_is_the_same_whether_words_are_learnt_or_not(ground: Ground) {
    let scene = Scene::new(&ground).await;
    let settings = RoomSettings {
        keep_messages: Some(100_000),
        ..RoomSettings::default()
    };
    let room = scene.group(settings).await.id;
    let mut answers = Vec::new();
    for index in 0..COUNT {
        let parity = if index % 2 == 0 { "even" } else { "odd" };
        let text = format!("the {parity} t{} u{index}", index % 700);
        let message = to_room(&room, &format!("m{index}"), body(&text));
        let answer = scene.rooms.submit(&scene.alice, message).await;
        answers.push(answer.expect("taken"));
        if answers.len() == 500 {
            for answer in answers.drain(..) {
                answer.await.expect("an answer").expect("stored");
            }
        }
    }
    for answer in answers {
        answer.await.expect("an answer").expect("stored");
    }
    let change = async |id: &str, body| {
        let message = to_room(&room, id, body);
        scene
            .rooms
            .send(&scene.alice, message)
            .await
            .expect("stored");
    };
    let edit = |index: usize, text: &str| Body::Edit {
        target: id(&format!("m{index}")),
        text: text.into(),
    };
    let delete = |index: usize| Body::Delete {
        target: id(&format!("m{index}")),
    };
    change("before-1", edit(5, "something else")).await;
    change("before-2", delete(6)).await;
    let (row, _) = scene
        .rooms
        .access(scene.bob.account, &room)
        .await
        .expect("in it");
    let questions = [
        "the",
        "t",
        "t699",
        "t69",
        "even odd",
        "even t4",
        "u1999",
        "u19 the",
        "nowhere",
        "the nowhere",
        "something",
        "else odd",
    ];
    let ask = async || {
        let mut answers = Vec::new();
        for words in questions {
            answers.push((words, found(&scene, &room, words, 200).await));
        }
        answers
    };
    let read = ask().await;
    scene.rooms.learn_room(row.key).await.expect("learnt");
    let store = scene.office.store();
    assert_eq!(store.words_upto(row.key).await.expect("a number"), 2_047);
    assert_eq!(ask().await, read);
    let counts = |wanted: &str| {
        let found = read.iter().find(|(words, _)| *words == wanted);
        found.expect("asked").1.len()
    };
    assert_eq!(counts("the"), COUNT - 2);
    assert_eq!((counts("u1999"), counts("even odd")), (1, 0));
    assert_eq!((counts("something"), counts("nowhere")), (1, 0));

    change("after-1", edit(7, "brandnew words")).await;
    change("after-2", edit(2_200, "brandnew ones")).await;
    change("after-3", delete(8)).await;
    // The first message has the sequence number 2.
    assert_eq!(found(&scene, &room, "brandn", 50).await, [2_202, 9]);
    assert!(
        found(&scene, &room, "u7", 200)
            .await
            .iter()
            .all(|seq| *seq != 9)
    );
    assert!(
        found(&scene, &room, "the even t8 u8", 50)
            .await
            .iter()
            .all(|seq| *seq != 10)
    );
    let sequences = found(&scene, &room, "the", 200).await;
    assert!(sequences.is_sorted_by(|one, other| one > other));
    assert_eq!(sequences.len(), COUNT - 5);
}

on_both_engines! {
    what_is_found_is_the_same_whether_words_are_learnt_or_not,
}
