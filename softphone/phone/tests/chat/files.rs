//! Messages with files: nothing goes out before its file is there, and each goes out once.

use api::room::{Body, FileRef, MessageId};
use phone::chat::{Attachment, ChatEvent, ChatInput, OutgoingState, UploadNews, Whom, Wish};

use crate::Bench;
use crate::server::{self, SENT, Server};

fn id() -> MessageId {
    MessageId::parse("f").unwrap()
}

fn send(bench: &mut Bench, whom: Whom) {
    bench.wish(Wish::SendFile {
        whom,
        id: id(),
        body: Body::File {
            file: FileRef {
                file: String::new(),
                sha256: String::new(),
                name: "a.bin".into(),
                media_type: "application/octet-stream".into(),
                bytes: 7,
            },
            caption: String::new(),
            reply_to: None,
        },
        written: SENT.to_owned(),
        attachment: Attachment {
            path: "/a.bin".into(),
            modified_millis: 1,
            is_ours: false,
            upload: None,
        },
    });
}

fn tell(bench: &mut Bench, news: UploadNews) {
    let id = id();
    bench.tell(ChatInput::Upload { id, news });
    bench.settle();
}

fn begun(bench: &mut Bench) {
    let sha256 = "ab".repeat(32);
    tell(bench, UploadNews::Measured { sha256 });
    let upload = "u1".to_owned();
    tell(bench, UploadNews::Begun { upload });
}

fn uploads(bench: &Bench) -> usize {
    let is_upload = |event: &&ChatEvent| matches!(event, ChatEvent::Upload(_));
    bench.events.iter().filter(is_upload).count()
}

#[test]
fn a_message_waits_for_its_file_over_restarts_and_is_sent_once() {
    let mut server = Server::default();
    let room = server.open("group", &[1, 2, 3]);
    let mut bench = Bench::new(server);
    bench.settle();
    send(&mut bench, Whom::Room(room.clone()));
    // The same wish twice is one message.
    send(&mut bench, Whom::Room(room.clone()));
    begun(&mut bench);
    bench.cut();
    bench.settle();
    assert!(bench.server.rooms[&room].is_empty());
    bench.crash();
    bench.settle();
    assert_eq!(uploads(&bench), 2, "once at first, once after the start");
    let Some(ChatEvent::Upload(outgoing)) = bench
        .events
        .iter()
        .rev()
        .find(|event| matches!(event, ChatEvent::Upload(_)))
    else {
        unreachable!()
    };
    let attachment = outgoing.attachment.clone().unwrap();
    assert_eq!(
        attachment.upload.as_deref(),
        Some("u1"),
        "it goes on where it was"
    );
    assert_eq!(outgoing.body.file().unwrap().sha256, "ab".repeat(32));
    bench.is_connected.then(|| bench.cut());
    tell(&mut bench, UploadNews::Done);
    tell(&mut bench, UploadNews::Done);
    let stored = &bench.server.rooms[&room];
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].id, id());
    assert_eq!(stored[0].body.file().unwrap().file, "u1");
    assert!(bench.disk.outgoing.is_empty());
    let released = ChatEvent::Release {
        id: id(),
        attachment: Box::new(attachment),
        is_sent: true,
    };
    assert!(bench.events.contains(&released));
}

#[test]
fn a_file_that_cannot_be_sent_says_why_and_can_be_tried_again_or_given_up() {
    let mut server = Server::default();
    let room = server.open("group", &[1, 2, 3]);
    let mut bench = Bench::new(server);
    bench.settle();
    send(&mut bench, Whom::Room(room.clone()));
    begun(&mut bench);
    let sentence = "It is gone.".to_owned();
    tell(
        &mut bench,
        UploadNews::Failed {
            sentence: sentence.clone(),
        },
    );
    assert_eq!(
        bench.disk.outgoing[0].state,
        OutgoingState::Refused(sentence)
    );
    bench.crash();
    bench.settle();
    assert_eq!(uploads(&bench), 1, "only a person tries it again");
    bench.wish(Wish::Retry(id()));
    assert_eq!(uploads(&bench), 2);
    assert_eq!(bench.disk.outgoing[0].state, OutgoingState::Uploading);
    // The server has forgotten what it had of it.
    tell(&mut bench, UploadNews::Lost);
    assert_eq!(
        bench.disk.outgoing[0].attachment.as_ref().unwrap().upload,
        None
    );
    bench.wish(Wish::Discard(id()));
    let is_release = |event: &ChatEvent| matches!(event, ChatEvent::Release { is_sent: false, .. });
    assert!(bench.events.iter().any(is_release));
    tell(&mut bench, UploadNews::Done);
    assert!(bench.server.rooms[&room].is_empty() && bench.disk.outgoing.is_empty());
    assert_eq!(server::room_id("group"), room);
}
