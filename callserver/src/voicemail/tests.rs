//! What a process has left in the data folder, and what the next one makes of it.

use std::io::Write;

use super::*;
use crate::office::NewAccount;
use crate::store::tests::ground::{Ground, on_both_engines};

on_both_engines!(
    what_another_process_has_left_is_kept_once,
    a_voicemail_is_told_once_in_the_conversation_of_the_two,
    a_recording_that_says_nothing_is_dropped,
);

fn note(of: AccountId) -> Note {
    Note {
        of: of.0,
        is_greeting: false,
        caller: None,
        number: Some("1007".into()),
        name: "Ann".into(),
        at_millis: 1_000,
    }
}

async fn bob(ground: &Ground) -> (Rooms, AccountId) {
    let office = ground.office().await;
    let new = NewAccount {
        name: "bob".into(),
        ..NewAccount::default()
    };
    let row = office.add_account(new).await.expect("an account");
    (Rooms::new(office).0, row.account)
}

/// A recording of so many seconds without its end.
fn recording(seconds: usize) -> Vec<u8> {
    let mut recorder = media::Recorder::new(Vec::new(), 1).expect("the codec starts");
    for number in 0..seconds * 50 {
        let mut frame = media::SILENCE;
        for (at, sample) in frame.iter_mut().enumerate() {
            *sample = ((number * 960 + at) % 97) as i16 * 90;
        }
        recorder.write(&frame).expect("a vector takes it");
    }
    let mut whole = recorder.finish().expect("a vector takes it");
    whole.truncate(whole.len() - 100);
    whole
}

/// A file of another process, and its note.
fn leave(folder: &std::path::Path, name: &str, note: &Note, sound: &[u8]) {
    let folder = folder.join("recordings");
    std::fs::create_dir_all(&folder).expect("a folder");
    let note = serde_json::to_vec(note).expect("JSON");
    std::fs::write(folder.join(format!("{name}.json")), note).expect("a file");
    std::fs::write(folder.join(format!("{name}.opus")), sound).expect("a file");
}

async fn what_another_process_has_left_is_kept_once(ground: Ground) {
    let (rooms, bob) = bob(&ground).await;
    let office = rooms.office();
    let data = tempfile::tempdir().expect("a folder");
    for _ in 0..2 {
        leave(data.path(), "earlier-1", &note(bob), &recording(3));
        take_up(&rooms, data.path().to_owned()).await;
    }
    let kept = office.voicemails(bob, None, 10).await.expect("a list");
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].caller.number.as_deref(), Some("1007"));
    assert!(kept[0].millis > 1_500, "{}", kept[0].millis);
    let left = std::fs::read_dir(data.path().join("recordings")).expect("a folder");
    assert_eq!(left.count(), 0);
}

async fn a_voicemail_is_told_once_in_the_conversation_of_the_two(ground: Ground) {
    let (rooms, bob) = bob(&ground).await;
    let office = rooms.office();
    let new = NewAccount {
        name: "ann".into(),
        ..NewAccount::default()
    };
    let ann = office.add_account(new).await.expect("an account").account;
    let data = tempfile::tempdir().expect("a folder");
    let from_ann = Note {
        caller: Some(ann.0),
        ..note(bob)
    };
    // The second time is that of a process that has stopped before it could remove the file.
    for _ in 0..2 {
        leave(data.path(), "earlier-1", &from_ann, &recording(3));
        leave(data.path(), "earlier-2", &note(bob), &recording(3));
        take_up(&rooms, data.path().to_owned()).await;
    }
    let kept = office.voicemails(bob, None, 10).await.expect("a list");
    assert_eq!(kept.len(), 2);
    let of_ann = kept.iter().find(|one| one.caller.account == Some(ann));
    let of_ann = of_ann.expect("her message");
    let voicemail = of_ann.id;
    let seconds = u32::try_from((of_ann.millis + 500) / 1000).expect("few");
    for (account, unread) in [(bob, 1), (ann, 0)] {
        let list = rooms.list(account, None, None).await.expect("rooms");
        assert_eq!(list.rooms.len(), 1, "who hides is in no conversation");
        assert_eq!(
            (list.rooms[0].last_sequence, list.rooms[0].unread),
            (1, unread)
        );
        let last = list.rooms[0].last_message.as_ref().expect("a message");
        assert_eq!(last.sender, Some(ann));
        assert_eq!(last.body, api::room::Body::Voicemail { voicemail, seconds });
    }
    let sound = office.voicemail_sound(ann, voicemail).await;
    assert!(sound.is_err(), "who left it cannot play it");
    assert!(office.voicemail_sound(bob, voicemail).await.is_ok());
}

async fn a_recording_that_says_nothing_is_dropped(ground: Ground) {
    let (rooms, bob) = bob(&ground).await;
    let office = rooms.office();
    let data = tempfile::tempdir().expect("a folder");
    leave(data.path(), "a", &note(bob), b"OggS and no more");
    let sound = recording(1);
    leave(data.path(), "b", &note(bob), &sound[..sound.len() / 2]);
    leave(data.path(), "c", &note(AccountId(99)), &recording(3));
    std::fs::write(data.path().join("recordings/d.opus"), recording(3)).expect("a file");
    take_up(&rooms, data.path().to_owned()).await;
    let kept = office.voicemails(bob, None, 10).await.expect("a list");
    assert_eq!(kept, []);
    let left = std::fs::read_dir(data.path().join("recordings")).expect("a folder");
    assert_eq!(left.count(), 0);
}

#[test]
fn a_draft_is_what_was_written_so_far() {
    let data = tempfile::tempdir().expect("a folder");
    let mut drafts = Drafts::new(data.path());
    let (draft, mut file) = drafts.begin(note(AccountId(7))).expect("files");
    file.write_all(b"sound").expect("it is written");
    assert_eq!(draft.read().expect("it is read"), b"sound");
    // This process goes on with it.
    assert!(Drafts::left_in(data.path()).expect("a folder").is_empty());
    draft.remove();
    assert!(draft.read().is_err());
}
