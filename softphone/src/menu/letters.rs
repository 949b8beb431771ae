//! Conversations on the terminal: reading, writing, deleting, finding.

use std::io::Write;
use std::time::Duration;

use api::AccountId;
use api::room::{Body, Message, Receipt, RoomId};
use phone::chat::{LinkState, OutgoingState, Whom, Wish};

use super::desk::{Desk, Left};
use super::files;
use crate::engine::{Command, new_message_id};
use crate::headless::addressee;
use crate::timestamp::now;
use crate::web::Errand;

/// What can be done in a conversation.
const ORDERS: &str =
    "/file PATH, /save [NAME], /cancel, /more, /edit TEXT, /delete, /forget, /add NAME, /back";
/// Messages that are shown at a time.
const PAGE: usize = 20;
/// Conversations that are shown.
const LISTED: usize = 30;
/// How long a connection may take before one goes on without it.
const LINK_PATIENCE: Duration = Duration::from_secs(8);
/// How long the list may still grow behind the connection.
pub(super) const LIST_PATIENCE: Duration = Duration::from_millis(600);

/// One message in one line.
pub(super) fn line(message: &Message, me: Option<AccountId>) -> String {
    let who = match message.sender {
        Some(sender) if Some(sender) == me => "You",
        Some(_) if message.sender_name.is_empty() => "They",
        Some(_) => message.sender_name.as_str(),
        None => "—",
    };
    let time = message.sent.get(..16).unwrap_or(&message.sent);
    let text = match &message.body {
        Body::Text { text, .. } => text.clone(),
        Body::Deleted => "(deleted)".into(),
        Body::VoiceNote { millis, .. } => format!("(voice note, {} s)", millis / 1000),
        Body::Call { is_answered, .. } if *is_answered => "(call)".into(),
        Body::Call { .. } => "(missed call)".into(),
        Body::Voicemail { seconds, .. } => format!("(voicemail, {seconds} s)"),
        body => files::words(body).unwrap_or_else(|| "(something happened here)".into()),
    };
    let edited = if message.edited.is_some() {
        " (edited)"
    } else {
        ""
    };
    let reactions: String = message
        .reactions
        .iter()
        .map(|one| format!(" [{} {}]", one.emoji, one.accounts.len()))
        .collect();
    format!(
        "{} {who}: {text}{edited}{reactions}",
        time.replace('T', " ")
    )
}

/// Waits for the connection, as far as that makes sense.
async fn connected<W: Write>(desk: &mut Desk<W>) {
    if desk.archive.link == LinkState::Online {
        return;
    }
    if desk
        .wait(LINK_PATIENCE, |desk| desk.archive.link == LinkState::Online)
        .await
    {
        desk.wait(LIST_PATIENCE, |_| false).await;
    } else {
        desk.say("There is no connection to the server's rooms; this is what this computer keeps.");
    }
}

pub(super) async fn list<W: Write>(desk: &mut Desk<W>) -> Result<(), Left> {
    connected(desk).await;
    loop {
        let all = desk.archive.latest_first();
        let rooms: Vec<(RoomId, String)> = all
            .iter()
            .take(LISTED)
            .map(|one| {
                let unread = match one.room.unread {
                    0 => String::new(),
                    unread => format!(" ({unread} unread)"),
                };
                (one.room.id.clone(), format!("{}{unread}", one.room.name))
            })
            .collect();
        if rooms.is_empty() {
            desk.say("Nothing was written yet.");
            return Ok(());
        }
        let names: Vec<&str> = rooms.iter().map(|(_, name)| name.as_str()).collect();
        match desk.choose("Conversations", &names, "Back").await? {
            0 => return Ok(()),
            number => read(desk, Whom::Room(rooms[number - 1].0.clone())).await?,
        }
    }
}

pub(super) async fn write<W: Write>(desk: &mut Desk<W>) -> Result<(), Left> {
    connected(desk).await;
    let target = desk.ask("To whom? A number or a name:").await?;
    if target.is_empty() {
        return Ok(());
    }
    let person = addressee(&target);
    let me = desk.account().map(|account| account.id);
    let known = me.and_then(|me| desk.archive.direct(&person, me));
    let whom = match known {
        Some(conversation) => Whom::Room(conversation.room.id.clone()),
        None => Whom::Person(person),
    };
    read(desk, whom).await
}

pub(super) async fn find<W: Write>(desk: &mut Desk<W>) -> Result<(), Left> {
    let words = desk.ask("Which words?").await?;
    if words.is_empty() {
        return Ok(());
    }
    let found = desk.search(words).await;
    if found.is_empty() {
        desk.say("Nothing was found among the messages on this computer.");
    }
    let me = desk.account().map(|account| account.id);
    for message in &found {
        desk.say(line(message, me));
    }
    Ok(())
}

/// Reads one conversation and writes in it.
async fn read<W: Write>(desk: &mut Desk<W>, mut whom: Whom) -> Result<(), Left> {
    let me = desk.account().map(|account| account.id);
    if let Whom::Room(room) = &whom {
        look(desk, Some(room.clone()));
        // A device that is new has to be told first what was said.
        let wanted = room.clone();
        desk.wait(LIST_PATIENCE, |desk| {
            let known = desk.archive.conversations.get(&wanted);
            known.is_none_or(|one| !one.messages.is_empty() || one.room.last_sequence == 0)
        })
        .await;
        show(desk, room, PAGE);
    }
    desk.say(format!("Write, and Enter sends it. {ORDERS}"));
    let outcome = loop {
        let text = match desk.ask(">").await {
            Ok(text) => text,
            Err(left) => break Err(left),
        };
        let (word, rest) = text.split_once(' ').unwrap_or((&text, ""));
        whom = known(desk, whom, me);
        match (word, &whom) {
            ("", _) => {}
            ("/back" | "/0", _) => break Ok(()),
            ("/file", _) if !rest.is_empty() => {
                if files::send(desk, &whom, rest).await {
                    whom = made(desk, whom, me).await;
                }
            }
            ("/save", Whom::Room(room)) => {
                let room = room.clone();
                files::save(desk, &room, rest).await;
            }
            ("/cancel", _) => files::cancel(desk, &whom),
            ("/more", Whom::Room(room)) => {
                let room = room.clone();
                let before = count(desk, &room);
                desk.send(Command::Chat(Box::new(Wish::Earlier(room.clone()))));
                let more = room.clone();
                desk.wait(LINK_PATIENCE, |desk| count(desk, &more) > before)
                    .await;
                show(desk, &room, count(desk, &room));
            }
            ("/edit" | "/delete", Whom::Room(room)) => match own_last(desk, room, me) {
                Some(target) if word == "/edit" && !rest.is_empty() => {
                    let text = rest.to_owned();
                    say(desk, &whom, Body::Edit { target, text }).await;
                }
                Some(target) if word == "/delete" => {
                    say(desk, &whom, Body::Delete { target }).await;
                }
                _ => desk.say("There is nothing of yours to change, or no text for it."),
            },
            ("/forget", Whom::Room(room)) => {
                let answer = desk
                    .ask("Delete your copy of this conversation? Type yes or no:")
                    .await;
                match answer {
                    Err(left) => break Err(left),
                    Ok(answer) if answer.eq_ignore_ascii_case("yes") => {
                        let room = room.clone();
                        let forget = Errand::ForgetConversation { room: room.clone() };
                        if desk.errand_or_say(forget).await.is_some() {
                            desk.wait(LINK_PATIENCE, |desk| count(desk, &room) == 0)
                                .await;
                            desk.say("Your copy is deleted; the others keep theirs.");
                            break Ok(());
                        }
                    }
                    Ok(_) => {}
                }
            }
            ("/add", Whom::Room(room)) if !rest.is_empty() => {
                let wish = Wish::Add {
                    tag: 1,
                    room: room.clone(),
                    people: vec![addressee(rest)],
                };
                desk.send(Command::Chat(Box::new(wish)));
                desk.say("The server was asked to.");
            }
            (word, _) if word.starts_with('/') => {
                desk.say(format!("There are: {ORDERS}."));
            }
            _ => {
                let body = Body::Text {
                    text: text.clone(),
                    reply_to: None,
                    mentions: Vec::new(),
                };
                say(desk, &whom, body).await;
                whom = made(desk, whom, me).await;
            }
        }
    };
    look(desk, None);
    outcome
}

/// The conversation with somebody, if there is one by now.
fn known<W: Write>(desk: &mut Desk<W>, whom: Whom, me: Option<AccountId>) -> Whom {
    let (Whom::Person(person), Some(me)) = (&whom, me) else {
        return whom;
    };
    let Some(conversation) = desk.archive.direct(person, me) else {
        return whom;
    };
    let room = conversation.room.id.clone();
    look(desk, Some(room.clone()));
    Whom::Room(room)
}

/// The conversation with somebody is made by the first message; the server tells of it right behind.
async fn made<W: Write>(desk: &mut Desk<W>, whom: Whom, me: Option<AccountId>) -> Whom {
    let (Whom::Person(person), Some(me)) = (&whom, me) else {
        return whom;
    };
    desk.wait(LINK_PATIENCE, |desk| {
        let is_waiting = desk.archive.waiting(&whom).next().is_some();
        let known = desk.archive.direct(person, me);
        is_waiting || known.is_some_and(|one| !one.messages.is_empty())
    })
    .await;
    known(desk, whom, Some(me))
}

fn look<W: Write>(desk: &mut Desk<W>, room: Option<RoomId>) {
    desk.open.clone_from(&room);
    desk.send(Command::Chat(Box::new(Wish::LookAt(room))));
}

fn count<W: Write>(desk: &Desk<W>, room: &RoomId) -> usize {
    let known = desk.archive.conversations.get(room);
    known.map_or(0, |one| one.shown().count())
}

/// The last message of one's own that says something.
fn own_last<W: Write>(
    desk: &Desk<W>,
    room: &RoomId,
    me: Option<AccountId>,
) -> Option<api::room::MessageId> {
    let conversation = desk.archive.conversations.get(room)?;
    let says = |message: &Message| {
        message.sender == me && me.is_some() && matches!(message.body, Body::Text { .. })
    };
    let direct = conversation.journalled().into_iter().rfind(says);
    let stored = || conversation.shown().rfind(|message| says(message)).cloned();
    Some(direct.or_else(stored)?.id)
}

fn show<W: Write>(desk: &mut Desk<W>, room: &RoomId, most: usize) {
    let Some(conversation) = desk.archive.conversations.get(room) else {
        return;
    };
    let me = desk.account().map(|account| account.id);
    let skip = conversation.shown().count().saturating_sub(most);
    let mut lines = vec![format!("\n{}", conversation.room.name)];
    for message in conversation.shown().skip(skip) {
        let receipt = match me {
            Some(me) if message.sender == Some(me) => {
                match conversation.receipt(message.sequence, me) {
                    Some(Receipt::Read) => " ✓✓ read",
                    Some(Receipt::Delivered) => " ✓✓",
                    None => " ✓",
                }
            }
            _ => "",
        };
        lines.push(format!("{}{receipt}", line(message, me)));
    }
    let said = { conversation.journal.iter() }.filter(|entry| entry.body().target().is_none());
    for (entry, message) in said.zip(conversation.journalled()) {
        let is_own = me.is_some_and(|me| entry.is_from(me));
        let receipt = match (&entry.refused, is_own, entry.was_read) {
            (Some(sentence), ..) => format!(" ✗ not on the server: {sentence}"),
            (None, true, true) => " ✓✓ read, directly".to_owned(),
            (None, true, false) => " ✓✓ directly".to_owned(),
            (None, false, _) => String::new(),
        };
        lines.push(format!("{}{receipt}", line(&message, me)));
    }
    for line in lines {
        desk.say(line);
    }
}

/// Says something, and tells what became of it.
async fn say<W: Write>(desk: &mut Desk<W>, whom: &Whom, body: Body) {
    let Some(id) = new_message_id() else { return };
    let wish = Wish::Send {
        whom: whom.clone(),
        id: id.clone(),
        body,
        written: now(),
    };
    desk.send(Command::Chat(Box::new(wish)));
    // The first news of it is that it waits, the second that it does not.
    let state = |desk: &Desk<W>| {
        let waiting = desk.archive.outgoing.iter().find(|one| one.id == id);
        waiting.map(|one| one.state.clone())
    };
    desk.wait(LIST_PATIENCE, |desk| state(desk).is_some()).await;
    desk.wait(LINK_PATIENCE, |desk| {
        state(desk) != Some(OutgoingState::Waiting)
    })
    .await;
    match state(desk) {
        None => desk.say("✓ sent"),
        Some(OutgoingState::Waiting | OutgoingState::Uploading | OutgoingState::Passing) => {
            desk.say("It is sent when the connection is back.")
        }
        Some(OutgoingState::Refused(sentence)) => {
            desk.send(Command::Chat(Box::new(Wish::Discard(id))));
            desk.say(sentence);
        }
    }
}
