//! Files on the terminal: sending them, and saving what others have sent.

use std::io::Write;
use std::path::PathBuf;

use api::room::{Body, FileRef, RoomId};
use phone::chat::{ChatEvent, JournalEntry, OutgoingState, Whom, Wish};

use super::desk::Desk;
use super::letters::LIST_PATIENCE;
use crate::engine::{Command, OutgoingFile, new_message_id};

/// Sends a file; it goes on while somebody does something else. `false` if it cannot be sent.
pub(super) async fn send<W: Write>(desk: &mut Desk<W>, whom: &Whom, path: &str) -> bool {
    let Some(id) = new_message_id() else {
        return false;
    };
    let file = OutgoingFile {
        whom: whom.clone(),
        id: id.clone(),
        path: from_home(path),
        caption: String::new(),
    };
    desk.send(Command::SendFile(Box::new(file)));
    let is_waiting = |desk: &Desk<W>| desk.archive.outgoing.iter().any(|one| one.id == id);
    let is_sent = desk.wait(LIST_PATIENCE, is_waiting).await;
    if is_sent {
        desk.say("It is on its way; you will be told when it is there. /cancel gives it up.");
    }
    is_sent
}

/// Saves the last file of a conversation that has this in its name.
pub(super) async fn save<W: Write>(desk: &mut Desk<W>, room: &RoomId, name: &str) {
    let wanted = name.to_lowercase();
    let file = desk.archive.conversations.get(room).and_then(|known| {
        let journal = known.journal.iter().rev().map(JournalEntry::body);
        let stored = known.shown().rev().map(|message| message.body.clone());
        let mut files = journal
            .chain(stored)
            .filter_map(|body| body.file().cloned());
        files.find(|file| file.name.to_lowercase().contains(&wanted))
    });
    match file {
        Some(file) => {
            let folder = downloads();
            desk.say(format!(
                "Saving {} into {} …",
                shown(&file),
                folder.display()
            ));
            let file = Box::new(file);
            desk.send(Command::Fetch { file, folder });
        }
        None => desk.say(
            "There is no such file among the messages that are shown; /more shows earlier ones.",
        ),
    }
}

/// Gives up what is on its way there.
pub(super) fn cancel<W: Write>(desk: &mut Desk<W>, whom: &Whom) {
    let waiting = desk
        .archive
        .waiting(whom)
        .filter(|one| one.attachment.is_some());
    let ids: Vec<_> = waiting.map(|one| one.id.clone()).collect();
    if ids.is_empty() {
        desk.say("No file is on its way there.");
    }
    for id in ids {
        desk.send(Command::Chat(Box::new(Wish::Discard(id))));
    }
}

/// Tells what became of files that were sent.
pub(super) fn hear<W: Write>(desk: &mut Desk<W>, event: &ChatEvent) {
    match event {
        ChatEvent::Outgoing(outgoing) => {
            let Some(file) = outgoing.body.file() else {
                return;
            };
            let (id, name) = (outgoing.id.clone(), file.name.clone());
            if !desk.files.iter().any(|(known, _)| *known == id) {
                desk.files.push((id, name.clone()));
            }
            if let OutgoingState::Refused(sentence) = &outgoing.state {
                desk.say(format!("{name} was not sent: {sentence}"));
            }
        }
        ChatEvent::Stored { id, .. }
        | ChatEvent::Acknowledged { id, .. }
        | ChatEvent::Discarded(id) => {
            if let Some(at) = desk.files.iter().position(|(known, _)| known == id) {
                let (_, name) = desk.files.swap_remove(at);
                desk.say(match event {
                    ChatEvent::Stored { .. } => format!("✓ sent {name}"),
                    ChatEvent::Acknowledged { .. } => format!("✓✓ sent {name} directly"),
                    _ => format!("{name} was given up."),
                });
            }
        }
        _ => {}
    }
}

/// A file in a line.
pub(super) fn words(body: &Body) -> Option<String> {
    match body {
        Body::File { file, caption, .. } if caption.is_empty() => {
            Some(format!("(file) {}", shown(file)))
        }
        Body::File { file, caption, .. } => Some(format!("(file) {}: {caption}", shown(file))),
        _ => None,
    }
}

fn shown(file: &FileRef) -> String {
    format!("{} ({})", file.name, size_words(file.bytes))
}

/// A length for people: `1.5 MB`.
pub(crate) fn size_words(bytes: u64) -> String {
    let mut units = ["kB", "MB", "GB", "TB"].iter();
    let mut unit = "bytes";
    let mut value = bytes as f64;
    while value >= 1000.0
        && let Some(next) = units.next()
    {
        (value, unit) = (value / 1000.0, next);
    }
    match unit {
        "bytes" => format!("{bytes} bytes"),
        _ => format!("{value:.1} {unit}"),
    }
}

/// The folder where the system puts what people fetch.
pub(crate) fn downloads() -> PathBuf {
    let places = directories::UserDirs::new();
    let place = places.map(|places| match places.download_dir() {
        Some(folder) => folder.to_owned(),
        None => places.home_dir().to_owned(),
    });
    place.unwrap_or_else(|| PathBuf::from("."))
}

/// `~/x` as shells mean it.
fn from_home(path: &str) -> PathBuf {
    let home = path.strip_prefix("~/").zip(directories::UserDirs::new());
    match home {
        Some((rest, places)) => places.home_dir().join(rest),
        None => PathBuf::from(path),
    }
}

#[cfg(test)]
mod tests {
    use super::size_words;

    #[test]
    fn a_length_is_told_in_the_unit_that_people_use() {
        assert_eq!(size_words(0), "0 bytes");
        assert_eq!(size_words(999), "999 bytes");
        assert_eq!(size_words(1_500), "1.5 kB");
        assert_eq!(size_words(2_147_483_648), "2.1 GB");
    }
}
