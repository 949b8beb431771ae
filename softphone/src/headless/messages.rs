//! `message`, `history` and `rooms`: conversations.

use std::io::Write;
use std::time::Duration;

use api::room::{Addressee, Body, CreateRoom, Message, Receipt, Room, RoomId};
use api::{AccountId, Number};
use phone::chat::{Archive, ChatEvent, LinkState, Outgoing, OutgoingState, Way, Whom, Wish};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::runner::{Happening, Outcome, Runner};
use crate::cli::RoomsVerb;
use crate::engine::{Command, Notice, Problem, new_message_id};
use crate::timestamp::now;
use crate::web::Errand;

/// How long the server may take to connect and to answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);
/// How long a list may still grow after the connection is there: it comes right behind it.
const LIST_PATIENCE: Duration = Duration::from_millis(800);

/// The line for an event of conversations; nothing for what a script can do nothing with.
pub(super) fn chat_line(event: &ChatEvent) -> Option<(&'static str, Value)> {
    Some(match event {
        ChatEvent::Message {
            message,
            is_news: true,
        } => ("message", with_path(fields(message), Way::Server)),
        ChatEvent::Journal { entry, is_news } => match (&entry.refused, is_news) {
            (_, true) => ("message", journalled(&entry.shown(), None)),
            (Some(sentence), false) => {
                let fields = json!({ "id": entry.message.id, "sentence": sentence });
                ("refused", fields)
            }
            (None, false) => return None,
        },
        ChatEvent::Acknowledged { room, id, account } => {
            let fields = json!({ "room": room, "account": account, "id": id });
            ("delivered", with_path(fields, Way::Direct))
        }
        ChatEvent::ReadDirectly { room, id, account } => {
            let fields = json!({ "room": room, "account": account, "id": id });
            ("read", with_path(fields, Way::Direct))
        }
        ChatEvent::Arriving { room, id, file } => {
            let file = file.as_ref()?;
            let fields = json!({ "room": room, "id": id, "from": file.sender, "name": file.file.name,
                "bytes": file.file.bytes, "received": file.received });
            ("receiving", with_path(fields, Way::Direct))
        }
        ChatEvent::Way { room, way } => ("path", with_path(json!({ "room": room }), *way)),
        ChatEvent::Stored { id, room, sequence } => {
            let fields = json!({ "id": id, "room": room, "sequence": sequence });
            ("stored", fields)
        }
        ChatEvent::Outgoing(outgoing) => match &outgoing.state {
            OutgoingState::Waiting => return None,
            OutgoingState::Uploading => ("uploading", with_path(of_file(outgoing)?, Way::Server)),
            OutgoingState::Passing => ("passing", with_path(of_file(outgoing)?, Way::Direct)),
            OutgoingState::Refused(sentence) => {
                let fields = json!({ "id": outgoing.id, "sentence": sentence });
                ("refused", fields)
            }
        },
        ChatEvent::Receipt {
            room,
            account,
            receipt,
            sequence,
        } => {
            let name = match receipt {
                Receipt::Delivered => "delivered",
                Receipt::Read => "read",
            };
            let fields = json!({ "room": room, "account": account, "sequence": sequence });
            (name, fields)
        }
        ChatEvent::Typing {
            room,
            account,
            is_typing,
        } => {
            let fields = json!({ "room": room, "account": account, "is_typing": is_typing });
            ("typing", fields)
        }
        ChatEvent::RoomGone(room) => ("room_gone", json!({ "room": room })),
        ChatEvent::Link(link) => match link {
            LinkState::Online => ("conversations", json!({ "is_connected": true })),
            LinkState::Offline => ("conversations", json!({ "is_connected": false })),
            LinkState::Connecting => return None,
        },
        _ => return None,
    })
}

/// A file that goes out, once it is known what it is.
fn of_file(outgoing: &Outgoing) -> Option<Value> {
    let file = outgoing.body.file()?;
    (!file.sha256.is_empty()).then(|| {
        json!({ "id": outgoing.id, "name": file.name, "bytes": file.bytes, "sha256": file.sha256 })
    })
}

/// Something that only two devices have, and why the server does not take it.
fn journalled(message: &Message, refused: Option<&str>) -> Value {
    let mut fields = with_path(fields(message), Way::Direct);
    fields["sequence"] = Value::Null;
    if let Some(sentence) = refused {
        fields["refused"] = sentence.into();
    }
    fields
}

pub(super) fn with_path(mut fields: Value, way: Way) -> Value {
    let path = match way {
        Way::Server => "server",
        Way::Direct => "direct",
    };
    fields["path"] = path.into();
    fields
}

fn fields(message: &Message) -> Value {
    let mut fields = json!({
        "room": message.room,
        "sequence": message.sequence,
        "id": message.id,
        "from": message.sender,
        "name": message.sender_name,
        "sent": message.sent,
        "kind": kind(&message.body),
    });
    let more = match &message.body {
        Body::Text { text, reply_to, .. } => json!({ "text": text, "reply_to": reply_to }),
        Body::File { file, caption, .. } => json!({ "file": file, "caption": caption }),
        Body::VoiceNote {
            file,
            millis,
            waveform,
        } => json!({ "file": file, "millis": millis, "waveform": waveform }),
        Body::Edit { target, text } => json!({ "target": target, "text": text }),
        Body::Delete { target } => json!({ "target": target }),
        Body::Reaction {
            target,
            emoji,
            is_removed,
        } => json!({ "target": target, "emoji": emoji, "is_removed": is_removed }),
        _ => json!({}),
    };
    if let (Value::Object(fields), Value::Object(more)) = (&mut fields, more) {
        fields.extend(more);
    }
    fields
}

fn kind(body: &Body) -> &'static str {
    match body {
        Body::Text { .. } => "text",
        Body::File { .. } => "file",
        Body::VoiceNote { .. } => "voice_note",
        Body::Edit { .. } => "edit",
        Body::Delete { .. } => "delete",
        Body::Reaction { .. } => "reaction",
        Body::Call { .. } => "call",
        Body::Voicemail { .. } => "voicemail",
        Body::Room(_) => "room",
        Body::Deleted => "deleted",
        Body::Hidden | Body::Unknown => "unknown",
    }
}

fn room_fields(room: &Room) -> Value {
    let people = room.participants.iter().map(|one| {
        json!({ "account": one.account, "name": one.name, "display_name": one.display_name,
            "number": one.number, "role": one.role, "delivered": one.delivered, "read": one.read })
    });
    json!({
        "room": room.id,
        "kind": room.kind,
        "name": room.name,
        "unread": room.unread,
        "last_sequence": room.last_sequence,
        "participants": people.collect::<Vec<_>>(),
    })
}

/// Whom somebody means: a room's id, `#7` for an account, a number or a username.
pub(crate) fn addressee(text: &str) -> Addressee {
    let account = text.strip_prefix('#').and_then(|id| id.parse().ok());
    match account {
        Some(account) => Addressee::account(AccountId(account)),
        None => match Number::parse(text) {
            Ok(number) => Addressee::number(&number),
            Err(_) => Addressee::name(text),
        },
    }
}

pub(super) fn whom(text: &str, archive: &Archive) -> Whom {
    match RoomId::parse(text) {
        Ok(room) if archive.conversations.contains_key(&room) => Whom::Room(room),
        _ => Whom::Person(addressee(text)),
    }
}

/// Waits until the rooms are known.
pub(super) async fn connected<W: Write>(
    runner: &mut Runner<'_, W>,
) -> Result<Result<Archive, Outcome>, Problem> {
    if let Err(signal) = runner.registered().await? {
        return Ok(Err(Outcome::Interrupted(signal)));
    }
    let mut deadline = Instant::now() + PATIENCE;
    let mut is_online = false;
    loop {
        // What comes before the registration is in the runner's archive already.
        if !is_online && runner.archive().link == LinkState::Online {
            (is_online, deadline) = (true, Instant::now() + LIST_PATIENCE);
        }
        match runner.next(Some(deadline)).await? {
            Happening::Notice(_) => {}
            Happening::Signal(signal) => return Ok(Err(Outcome::Interrupted(signal))),
            Happening::Deadline if is_online => return Ok(Ok(runner.archive().clone())),
            Happening::Deadline => {
                return Err(Problem {
                    code: "not-offered",
                    sentence: "There is no connection to the server's rooms; check that this server has them, then try again."
                        .into(),
                });
            }
        }
    }
}

/// Says something, and waits until the server has it on disk.
pub(super) async fn message<W: Write>(
    runner: &mut Runner<'_, W>,
    target: &str,
    text: String,
) -> Result<Outcome, Problem> {
    let archive = match connected(runner).await? {
        Ok(archive) => archive,
        Err(outcome) => return Ok(outcome),
    };
    let ours = new_message_id().ok_or_else(|| Problem {
        code: "bad-message",
        sentence: "No id could be made for the message; try again.".into(),
    })?;
    let wish = Wish::Send {
        whom: whom(target, &archive),
        id: ours.clone(),
        body: Body::Text {
            text,
            reply_to: None,
            mentions: Vec::new(),
        },
        written: now(),
    };
    runner.send(Command::Chat(Box::new(wish)))?;
    let deadline = Some(Instant::now() + PATIENCE);
    loop {
        match runner.next(deadline).await? {
            Happening::Notice(Notice::Chat(event)) => match *event {
                ChatEvent::Stored { id, .. } if id == ours => return Ok(Outcome::Done),
                ChatEvent::Outgoing(outgoing) if outgoing.id == ours => {
                    if let OutgoingState::Refused(sentence) = outgoing.state {
                        return Err(Problem {
                            code: "message-refused",
                            sentence,
                        });
                    }
                }
                _ => {}
            },
            Happening::Notice(_) => {}
            Happening::Signal(signal) => return Ok(Outcome::Interrupted(signal)),
            Happening::Deadline => {
                return Err(Problem {
                    code: "server-unreachable",
                    sentence: "The server has not taken the message; with --keep it is sent the next time.".into(),
                });
            }
        }
    }
}

/// The conversation that somebody means.
pub(super) fn room_with<W: Write>(
    runner: &Runner<'_, W>,
    target: &str,
    archive: &Archive,
) -> Result<RoomId, Problem> {
    let room = match whom(target, archive) {
        Whom::Room(room) => Some(room),
        Whom::Person(person) => {
            let me = runner.me();
            me.and_then(|me| archive.direct(&person, me))
                .map(|one| one.room.id.clone())
        }
    };
    room.ok_or_else(|| Problem {
        code: "no-conversation",
        sentence: format!("There is no conversation with {target} yet; write the first message."),
    })
}

/// Prints what was said in a conversation, the oldest first.
pub(super) async fn history<W: Write>(
    runner: &mut Runner<'_, W>,
    target: &str,
    limit: usize,
) -> Result<Outcome, Problem> {
    let archive = match connected(runner).await? {
        Ok(archive) => archive,
        Err(outcome) => return Ok(outcome),
    };
    let room = room_with(runner, target, &archive)?;
    // As far back as is wanted, page by page.
    let deadline = Instant::now() + PATIENCE;
    let mut asked_for = usize::MAX;
    loop {
        let known = &runner.archive().conversations[&room];
        let count = known.shown().count();
        if count >= limit || !known.has_earlier || known.low() == Some(1) {
            break;
        }
        if asked_for != count {
            asked_for = count;
            runner.send(Command::Chat(Box::new(Wish::Earlier(room.clone()))))?;
        }
        match runner.next(Some(deadline)).await? {
            Happening::Notice(_) => {}
            Happening::Signal(signal) => return Ok(Outcome::Interrupted(signal)),
            Happening::Deadline => break,
        }
    }
    let known = &runner.archive().conversations[&room];
    let stored = known.shown().map(fields);
    let said = { known.journal.iter() }.filter(|entry| entry.body().target().is_none());
    let direct = { said.zip(known.journalled()) }
        .map(|(entry, message)| journalled(&message, entry.refused.as_deref()));
    let shown: Vec<Value> = stored.chain(direct).collect();
    for fields in shown.iter().skip(shown.len().saturating_sub(limit)) {
        runner.tell("past_message", fields.clone());
    }
    Ok(Outcome::Done)
}

pub(super) async fn rooms<W: Write>(
    runner: &mut Runner<'_, W>,
    verb: RoomsVerb,
) -> Result<Outcome, Problem> {
    let archive = match connected(runner).await? {
        Ok(archive) => archive,
        Err(outcome) => return Ok(outcome),
    };
    let tag = 1;
    let people = |names: Vec<String>| names.iter().map(|name| addressee(name)).collect();
    let wish = match verb {
        // Has nothing to do with the server, and was dealt with before.
        RoomsVerb::Live { .. } => return Ok(Outcome::Done),
        RoomsVerb::List => {
            for conversation in archive.latest_first() {
                runner.tell("room", room_fields(&conversation.room));
            }
            return Ok(Outcome::Done);
        }
        RoomsVerb::Forget { room } => {
            let room = room_id(&room)?;
            match runner.errand(Errand::ForgetConversation { room }).await? {
                Ok(_) => runner.tell("done", json!({})),
                Err(signal) => return Ok(Outcome::Interrupted(signal)),
            }
            return Ok(Outcome::Done);
        }
        RoomsVerb::Create { name, people: with } => Wish::Create {
            tag,
            room: CreateRoom {
                name,
                participants: people(with),
                ..CreateRoom::default()
            },
        },
        RoomsVerb::Add { room, people: whom } => Wish::Add {
            tag,
            room: room_id(&room)?,
            people: people(whom),
        },
        RoomsVerb::Leave { room } => Wish::Leave {
            tag,
            room: room_id(&room)?,
        },
    };
    runner.send(Command::Chat(Box::new(wish)))?;
    let deadline = Some(Instant::now() + PATIENCE);
    loop {
        match runner.next(deadline).await? {
            Happening::Notice(Notice::Chat(event)) => {
                let ChatEvent::Answer { outcome, .. } = *event else {
                    continue;
                };
                return match outcome {
                    Ok(Some(room)) => {
                        runner.tell("room", room_fields(&room));
                        Ok(Outcome::Done)
                    }
                    Ok(None) => {
                        runner.tell("done", json!({}));
                        Ok(Outcome::Done)
                    }
                    Err(error) => Err(Problem {
                        code: "refused",
                        sentence: error.sentence,
                    }),
                };
            }
            Happening::Notice(_) => {}
            Happening::Signal(signal) => return Ok(Outcome::Interrupted(signal)),
            Happening::Deadline => {
                return Err(Problem {
                    code: "server-unreachable",
                    sentence: "The server does not answer; try again later.".into(),
                });
            }
        }
    }
}

fn room_id(text: &str) -> Result<RoomId, Problem> {
    RoomId::parse(text).map_err(|_| Problem {
        code: "bad-room",
        sentence: format!("“{text}” is no room's id; `rooms list` prints them."),
    })
}
