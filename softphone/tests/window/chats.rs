//! Conversations.

use api::AccountId;
use api::room::{Body, Message, MessageId, Receipt, Room, RoomId};
use egui::{Key, Modifiers, Role};
use phone::chat::{ChatEvent, JournalEntry, LinkState, Outgoing, OutgoingState, Whom, Wish};
use serde_json::json;
use softphone::engine::{Command, Notice};

use crate::stage::{NARROW, Stage, WIDE};

pub(crate) fn chat(event: ChatEvent) -> Notice {
    Notice::Chat(Box::new(event))
}

fn room(unread: i64) -> Room {
    let person = |account: i64, name: &str| {
        json!({ "account": account, "number": format!("{account}00"), "name": name, "display_name": name,
            "role": "member", "since": "2026-11-01T08:00:00Z", "delivered": 0, "read": 0 })
    };
    serde_json::from_value(json!({
        "id": "room", "kind": "direct", "name": "Bruno Keller", "is_named": false, "description": "",
        "picture": null, "opened": "2026-11-01T08:00:00Z", "settings": {}, "role": "member",
        "participants": [person(1, "Amina Yusuf"), person(2, "Bruno Keller")], "participant_count": 2,
        "first_sequence": 1, "last_sequence": 0, "unread": unread,
    }))
    .expect("a room")
}

fn said(sequence: i64, sender: i64, text: &str) -> Message {
    serde_json::from_value(json!({
        "room": "room", "sequence": sequence, "id": format!("m{sequence}"), "kind": "user", "sender": sender,
        "sent": "2026-11-20T09:12:00Z", "body": { "type": "text", "text": text },
    }))
    .expect("a message")
}

/// A window with a conversation in which Bruno has said something.
pub(crate) fn stage(size: [f32; 2], unread: i64) -> Stage {
    let mut stage = Stage::signed_in(size);
    stage.tell(chat(ChatEvent::Link(LinkState::Online)));
    stage.tell(chat(ChatEvent::Room(Box::new(room(unread)))));
    stage.tell(chat(ChatEvent::Message {
        message: Box::new(said(1, 2, "Are you there?")),
        is_news: unread > 0,
    }));
    stage
}

fn wishes(stage: &mut Stage) -> Vec<Wish> {
    let commands = stage.commands().into_iter();
    commands
        .filter_map(|command| match command {
            Command::Chat(wish) => Some(*wish),
            _ => None,
        })
        .collect()
}

#[test]
fn a_server_without_rooms_shows_no_conversations() {
    let stage = Stage::signed_in(NARROW);
    assert!(!stage.has_button("Conversations"));
}

#[test]
fn what_was_said_is_counted_read_and_answered_with_enter() {
    for size in [NARROW, WIDE] {
        let mut stage = stage(size, 1);
        stage.click("Conversations, 1 unread");
        assert!(stage.has_button("Open Bruno Keller, 1 unread"));
        stage.click("Open Bruno Keller, 1 unread");
        let room = RoomId::parse("room").expect("an id");
        assert_eq!(wishes(&mut stage), [Wish::LookAt(Some(room.clone()))]);
        assert!(stage.says("Are you there?"));
        stage.type_into(Role::MultilineTextInput, "Message to Bruno Keller", "Yes!");
        stage.press(Modifiers::NONE, Key::Enter);
        let wishes = wishes(&mut stage);
        assert_eq!(wishes[0], Wish::TypeIn(room.clone()));
        let Some(Wish::Send { whom, body, .. }) = wishes.last() else {
            panic!("{wishes:?}")
        };
        assert_eq!(*whom, Whom::Room(room));
        assert!(matches!(body, Body::Text { text, .. } if text == "Yes!"));
        stage.assert_controls_in_reach();
    }
}

#[test]
fn what_the_server_does_not_take_says_why_and_is_sent_again_by_its_writer_alone() {
    let mut stage = stage(WIDE, 0);
    stage.click("Conversations");
    stage.click("Open Bruno Keller");
    let refused = |id: &str, sender: i64, text: &str| {
        let message = serde_json::json!({
            "id": id, "sender": sender, "key": "k", "written": "2026-11-20T09:13:00Z", "signature": "s",
            "body": serde_json::json!({"type": "text", "text": text}).to_string(),
        });
        let entry = JournalEntry {
            room: RoomId::parse("room").expect("an id"),
            message: serde_json::from_value(message).expect("a message"),
            is_read: true,
            refused: Some("You may not write here.".into()),
            attachment: None,
            is_file_there: false,
            was_read: false,
        };
        let entry = Box::new(entry);
        let is_news = false;
        chat(ChatEvent::Journal { entry, is_news })
    };
    stage.tell(refused("theirs", 2, "Welcome"));
    assert!(stage.says("Welcome") && stage.says("You may not write here."));
    assert!(stage.has_button("Throw away") && !stage.has_button("Send again"));
    stage.click("Throw away");
    let theirs = MessageId::parse("theirs").expect("an id");
    assert_eq!(
        wishes(&mut stage).last(),
        Some(&Wish::Discard(theirs.clone()))
    );
    stage.tell(chat(ChatEvent::Discarded(theirs)));
    assert!(!stage.says("Welcome"));
    stage.tell(refused("mine", 1, "Hello"));
    assert!(stage.says("not on the server"));
    stage.click("Send again");
    let mine = MessageId::parse("mine").expect("an id");
    assert_eq!(wishes(&mut stage).last(), Some(&Wish::Retry(mine)));
}

#[test]
fn ones_own_message_says_how_far_it_has_come() {
    let mut stage = stage(WIDE, 0);
    stage.click("Conversations");
    stage.click("Open Bruno Keller");
    let mut outgoing = Outgoing {
        id: MessageId::parse("mine").expect("an id"),
        whom: Whom::Room(RoomId::parse("room").expect("an id")),
        body: Body::Text {
            text: "Hello".into(),
            reply_to: None,
            mentions: Vec::new(),
        },
        written: "2026-11-20T09:13:00Z".into(),
        state: OutgoingState::Waiting,
        attachment: None,
    };
    stage.tell(chat(ChatEvent::Outgoing(Box::new(outgoing.clone()))));
    assert!(stage.says("waits to be sent"));
    outgoing.state = OutgoingState::Refused("You may not write here.".into());
    stage.tell(chat(ChatEvent::Outgoing(Box::new(outgoing))));
    assert!(stage.says("You may not write here."));
    stage.click("Send again");
    assert!(matches!(wishes(&mut stage).last(), Some(Wish::Retry(_))));
    stage.tell(chat(ChatEvent::Message {
        message: Box::new(said(2, 1, "Hello")),
        is_news: false,
    }));
    stage.tell(chat(ChatEvent::Stored {
        id: MessageId::parse("mine").expect("an id"),
        room: RoomId::parse("room").expect("an id"),
        sequence: 2,
    }));
    assert!(stage.says("Hello") && !stage.says("not sent"));
    for (receipt, words) in [(Receipt::Delivered, "delivered"), (Receipt::Read, "read")] {
        stage.tell(chat(ChatEvent::Receipt {
            room: RoomId::parse("room").expect("an id"),
            account: AccountId(2),
            receipt,
            sequence: 2,
        }));
        assert!(stage.says(words));
    }
}

#[test]
fn a_message_is_changed_and_deleted_and_another_one_answered() {
    let mut stage = stage(WIDE, 0);
    stage.tell(chat(ChatEvent::Message {
        message: Box::new(said(2, 1, "Helo")),
        is_news: false,
    }));
    stage.click("Conversations");
    stage.click("Open Bruno Keller");
    let bubble = |stage: &Stage, text: &str| {
        use egui_kittest::kittest::{NodeT as _, Queryable as _};
        let node = stage.harness.get_by(|node| {
            let label = node.label().unwrap_or_default();
            node.role() == Role::Button && label.contains(text)
        });
        node.accesskit_node().label().unwrap_or_default()
    };
    let own = bubble(&stage, "You: Helo");
    stage.click(&own);
    stage.click("Change this message");
    assert!(stage.says("Changing: Helo"));
    stage.type_into(Role::MultilineTextInput, "Message to Bruno Keller", "!");
    stage.press(Modifiers::NONE, Key::Enter);
    assert!(matches!(
        wishes(&mut stage).last(),
        Some(Wish::Send { body: Body::Edit { text, .. }, .. }) if text.contains("Helo") && text.contains('!')
    ));
    let theirs = bubble(&stage, "Are you there?");
    stage.click(&theirs);
    assert!(!stage.has_button("Delete this message"));
    stage.click("Answer this message");
    stage.type_into(Role::MultilineTextInput, "Message to Bruno Keller", "Yes");
    stage.click("Send");
    assert!(matches!(
        wishes(&mut stage).last(),
        Some(Wish::Send { body: Body::Text { reply_to: Some(id), .. }, .. }) if id.as_str() == "m1"
    ));
    stage.click(&own);
    stage.click("Delete this message");
    assert!(matches!(
        wishes(&mut stage).last(),
        Some(Wish::Send { body: Body::Delete { target }, .. }) if target.as_str() == "m2"
    ));
}

#[test]
fn somebody_new_is_written_to_and_a_draft_waits_where_it_was_begun() {
    let mut stage = stage(NARROW, 0);
    stage.click("Conversations");
    stage.click("Open Bruno Keller");
    stage.type_into(Role::MultilineTextInput, "Message to Bruno Keller", "begun");
    stage.click("Back to conversations");
    stage.click("Write to somebody");
    stage.type_into(Role::TextInput, "Write to", "chiara");
    stage.click("Write");
    stage.type_into(Role::MultilineTextInput, "Message to chiara", "Ciao");
    stage.click("Send");
    assert!(matches!(
        wishes(&mut stage).last(),
        Some(Wish::Send { whom: Whom::Person(person), .. }) if person.name.as_deref() == Some("chiara")
    ));
    stage.click("Back to conversations");
    stage.click("Open Bruno Keller");
    stage.click("Send");
    assert!(matches!(
        wishes(&mut stage).last(),
        Some(Wish::Send { body: Body::Text { text, .. }, .. }) if text == "begun"
    ));
}

#[test]
fn messages_are_searched_without_a_server() {
    let mut stage = stage(WIDE, 0);
    stage.tell(chat(ChatEvent::Link(LinkState::Offline)));
    stage.click("Conversations");
    stage.type_into(Role::TextInput, "Find in messages", "there");
    stage.press(Modifiers::NONE, Key::Enter);
    let tag = stage.asked(|command| match command {
        Command::Search { tag, words, .. } if words == "there" => Some(*tag),
        _ => None,
    });
    stage.tell(Notice::Found {
        tag,
        messages: vec![said(1, 2, "Are you there?")],
    });
    assert!(stage.says("Are you there?"));
    stage.click("Show all conversations");
    stage.click("Open Bruno Keller");
    assert!(stage.says("No connection; what you write is sent when it is back."));
}
