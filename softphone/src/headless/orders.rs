//! What a script says on stdin while it is in calls (`--commands`): one order a line.

use std::path::PathBuf;

use api::AccountId;
use api::room::{Body, MessageId};
use phone::chat::{Archive, Whom, Wish};
use tokio::sync::mpsc;

use super::messages::addressee;
use crate::engine::{
    CallNumber, Command, Digit, Notice, OutgoingFile, PARK, Problem, new_message_id,
};
use crate::timestamp::now;

/// One line, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Call(String),
    Answer(Option<CallNumber>),
    Decline(Option<CallNumber>),
    HangUp(Option<CallNumber>),
    Hold(Option<CallNumber>),
    Resume(Option<CallNumber>),
    Mute(bool),
    Digits(Vec<Digit>),
    Transfer(String),
    TransferTo(CallNumber),
    Park,
    Message(String, String),
    File(String, PathBuf),
    Save(String, PathBuf),
    Edit(MessageId, String),
    Delete(MessageId),
    React(MessageId, String),
    Look(Option<String>),
    Retry(MessageId),
    Discard(MessageId),
    Speak(String),
    Spoken,
}

/// What can be said, for the sentence that refuses what cannot.
const ORDERS: &str = "call TARGET, answer, decline, hangup, hold, resume, mute, unmute, digits 123#, transfer TARGET, \
                      transfer-to CALL, park, message TARGET TEXT, file TARGET PATH, save MESSAGE FOLDER, edit MESSAGE TEXT, \
                      delete MESSAGE, react MESSAGE EMOJI, look TARGET, retry MESSAGE, discard MESSAGE, speak TARGET, spoken";

impl Order {
    /// Reads a line; `None` when it is empty.
    ///
    /// # Errors
    /// A line that is no order.
    pub(super) fn parse(line: &str) -> Result<Option<Self>, Problem> {
        let line = line.trim();
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        let wrong = || Problem {
            code: "bad-command",
            sentence: format!("“{line}” is no command; there are: {ORDERS}."),
        };
        let call = || match rest {
            "" => Ok(None),
            number => number.parse().map(|number| Some(CallNumber(number))),
        };
        let call = || call().map_err(|_| wrong());
        let target = || match rest {
            "" => Err(wrong()),
            target => Ok(target.to_owned()),
        };
        Ok(Some(match word {
            "" => return Ok(None),
            "call" => Self::Call(target()?),
            "answer" => Self::Answer(call()?),
            "decline" => Self::Decline(call()?),
            "hangup" => Self::HangUp(call()?),
            "hold" => Self::Hold(call()?),
            "resume" => Self::Resume(call()?),
            "mute" => Self::Mute(true),
            "unmute" => Self::Mute(false),
            "digits" => Self::Digits(digits(rest).map_err(|_| wrong())?),
            "transfer" => Self::Transfer(target()?),
            "park" => Self::Park,
            "message" | "file" | "save" | "edit" | "react" => {
                let (target, rest) = rest.split_once(char::is_whitespace).ok_or_else(wrong)?;
                let id = || MessageId::parse(target).map_err(|_| wrong());
                let (target, rest) = (target.to_owned(), rest.trim().to_owned());
                match word {
                    "message" => Self::Message(target, rest),
                    "file" => Self::File(target, rest.into()),
                    "edit" => Self::Edit(id()?, rest),
                    "react" => Self::React(id()?, rest),
                    _ => Self::Save(target, rest.into()),
                }
            }
            "delete" | "retry" | "discard" => {
                let id = MessageId::parse(rest).map_err(|_| wrong())?;
                match word {
                    "delete" => Self::Delete(id),
                    "retry" => Self::Retry(id),
                    _ => Self::Discard(id),
                }
            }
            "speak" => Self::Speak(target()?),
            "spoken" => Self::Spoken,
            "look" => Self::Look((!rest.is_empty()).then(|| rest.to_owned())),
            "transfer-to" => Self::TransferTo(call()?.ok_or_else(wrong)?),
            _ => return Err(wrong()),
        }))
    }

    /// The commands for the engine. Orders that name no call mean `ringing` for answering and declining, else `current`.
    pub(super) fn commands(
        self,
        current: Option<CallNumber>,
        ringing: Option<CallNumber>,
        (me, archive): (Option<AccountId>, &Archive),
    ) -> Vec<Command> {
        let one = |call: Option<CallNumber>, command: fn(CallNumber) -> Command| {
            call.map(command).into_iter().collect()
        };
        match self {
            Self::Call(target) => vec![Command::Call { target }],
            Self::Answer(call) => one(call.or(ringing), |call| Command::Answer { call }),
            Self::Decline(call) => one(call.or(ringing), |call| Command::Decline { call }),
            Self::HangUp(call) => one(call.or(current), |call| Command::HangUp { call }),
            Self::Hold(call) => one(call.or(current), |call| Command::Hold { call, on: true }),
            Self::Resume(call) => one(call.or(current), |call| Command::Hold { call, on: false }),
            Self::Mute(on) => current
                .map(|call| Command::Mute { call, on })
                .into_iter()
                .collect(),
            Self::Digits(digits) => {
                let press = |call| {
                    let digits = digits.into_iter();
                    digits.map(move |digit| Command::Press { call, digit })
                };
                current.map(press).into_iter().flatten().collect()
            }
            Self::Transfer(target) => current
                .map(|call| Command::Transfer { call, target })
                .into_iter()
                .collect(),
            Self::Park => current
                .map(|call| Command::Transfer {
                    call,
                    target: PARK.into(),
                })
                .into_iter()
                .collect(),
            Self::Message(target, text) => said(&target, text).into_iter().collect(),
            Self::File(target, path) => sent(&target, path).into_iter().collect(),
            Self::Save(message, folder) => {
                let id = MessageId::parse(&message).ok();
                let mut all = archive.conversations.values();
                let body = id.and_then(|id| all.find_map(|one| one.said(&id)));
                let file = body.and_then(|body| body.file().cloned());
                file.map(|file| Command::Fetch {
                    file: Box::new(file),
                    folder,
                })
                .into_iter()
                .collect()
            }
            Self::Edit(target, text) => {
                let body = Body::Edit {
                    target: target.clone(),
                    text,
                };
                done_to(target, archive, body).into_iter().collect()
            }
            Self::Delete(target) => {
                let body = Body::Delete {
                    target: target.clone(),
                };
                done_to(target, archive, body).into_iter().collect()
            }
            Self::React(target, emoji) => {
                let body = Body::Reaction {
                    target: target.clone(),
                    emoji,
                    is_removed: false,
                };
                done_to(target, archive, body).into_iter().collect()
            }
            Self::Retry(message) => vec![Command::Chat(Box::new(Wish::Retry(message)))],
            Self::Discard(message) => vec![Command::Chat(Box::new(Wish::Discard(message)))],
            // To whom it goes is known when it is there.
            Self::Speak(_) => vec![Command::Record],
            Self::Spoken => vec![Command::StopSound],
            Self::Look(target) => looked_at(target, me, archive).into_iter().collect(),
            Self::TransferTo(consulted) => current
                .map(|call| Command::TransferToCall { call, consulted })
                .into_iter()
                .collect(),
        }
    }
}

/// Says something to somebody.
fn said(target: &str, text: String) -> Option<Command> {
    let wish = Wish::Send {
        whom: Whom::Person(addressee(target)),
        id: new_message_id()?,
        body: Body::Text {
            text,
            reply_to: None,
            mentions: Vec::new(),
        },
        written: now(),
    };
    Some(Command::Chat(Box::new(wish)))
}

/// Does something to a message, where it was said.
fn done_to(target: MessageId, archive: &Archive, body: Body) -> Option<Command> {
    let mut all = archive.conversations.values();
    let known = all.find(|one| one.said(&target).is_some());
    let whom = match known {
        Some(known) => Whom::Room(known.room.id.clone()),
        // Not there yet: it was said a moment ago.
        None => {
            let mut waiting = archive.outgoing.iter();
            waiting.find(|one| one.id == target)?.whom.clone()
        }
    };
    let wish = Wish::Send {
        whom,
        id: new_message_id()?,
        body,
        written: now(),
    };
    Some(Command::Chat(Box::new(wish)))
}

/// The conversation with somebody is looked at: what comes there is read.
fn looked_at(target: Option<String>, me: Option<AccountId>, archive: &Archive) -> Option<Command> {
    let room = match target {
        None => None,
        Some(target) => {
            let conversation = archive.direct(&addressee(&target), me?)?;
            Some(conversation.room.id.clone())
        }
    };
    Some(Command::Chat(Box::new(Wish::LookAt(room))))
}

/// Sends a file to somebody.
fn sent(target: &str, path: PathBuf) -> Option<Command> {
    let file = OutgoingFile {
        whom: Whom::Person(addressee(target)),
        id: new_message_id()?,
        path,
        caption: String::new(),
    };
    Some(Command::SendFile(Box::new(file)))
}

/// Which calls orders mean that name none.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// Those that are spoken in, on hold or being placed; the last one is the one that is meant.
    open: Vec<CallNumber>,
    /// Those that ring here, the first one first.
    ringing: Vec<CallNumber>,
}

impl Calls {
    /// Takes in what happens to calls.
    pub(super) fn hear(&mut self, notice: &Notice) {
        match notice {
            Notice::Incoming { call, .. } => self.ringing.push(*call),
            Notice::Calling { call, .. } | Notice::Answered { call, .. } => self.speak_in(*call),
            Notice::Held { call, hold } if !hold.by_us => self.speak_in(*call),
            Notice::Ended { call, .. } => self.forget(*call),
            _ => {}
        }
    }

    pub(super) fn current(&self) -> Option<CallNumber> {
        self.open.last().copied()
    }

    pub(super) fn ringing(&self) -> Option<CallNumber> {
        self.ringing.first().copied()
    }

    fn speak_in(&mut self, call: CallNumber) {
        self.forget(call);
        self.open.push(call);
    }

    fn forget(&mut self, call: CallNumber) {
        self.open.retain(|other| *other != call);
        self.ringing.retain(|other| *other != call);
    }
}

/// The lines of stdin, as they come.
pub(crate) fn lines_of_stdin() -> std::io::Result<mpsc::Receiver<String>> {
    let (sender, lines) = mpsc::channel(LINES);
    // A thread, because nothing ends a read of stdin: it goes with the process.
    std::thread::Builder::new()
        .name("commands".into())
        .spawn(move || {
            for line in std::io::stdin().lines() {
                let Ok(line) = line else { break };
                if sender.blocking_send(line).is_err() {
                    break;
                }
            }
        })?;
    Ok(lines)
}

/// Lines that may wait; then whoever writes them does.
const LINES: usize = 16;

/// More keys than anybody dials; the phone's queue of commands takes no more at once.
const MOST_DIGITS: usize = 40;

/// The keys of a text such as `123#`.
///
/// # Errors
/// A sign that no telephone has, none at all, or too many.
pub(crate) fn digits(text: &str) -> Result<Vec<Digit>, String> {
    let digits: Option<Vec<Digit>> = text.chars().map(Digit::new).collect();
    digits
        .filter(|digits| !digits.is_empty() && digits.len() <= MOST_DIGITS)
        .ok_or_else(|| format!("must be up to {MOST_DIGITS} of 0-9, *, # and A-D"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_read_with_and_without_a_call() {
        let read = |line| Order::parse(line).unwrap();
        assert_eq!(read("  "), None);
        assert_eq!(read("hold"), Some(Order::Hold(None)));
        assert_eq!(read("resume 3"), Some(Order::Resume(Some(CallNumber(3)))));
        assert_eq!(read("transfer 205"), Some(Order::Transfer("205".into())));
        assert_eq!(
            read("transfer-to 2"),
            Some(Order::TransferTo(CallNumber(2)))
        );
        let id = MessageId::parse("m-1").unwrap();
        assert_eq!(read("retry m-1"), Some(Order::Retry(id.clone())));
        assert_eq!(read("discard m-1"), Some(Order::Discard(id)));
        assert_eq!(read("speak 205"), Some(Order::Speak("205".into())));
        assert_eq!(read("spoken"), Some(Order::Spoken));
        for wrong in [
            "sing",
            "hold x",
            "digits",
            "digits 12x",
            "transfer",
            "speak",
            "retry",
            "transfer-to",
            "message 201",
            "file 201",
            "save x",
            "edit m",
            "delete a/b",
        ] {
            assert!(Order::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_names_no_call_means_the_one_that_is_spoken_in_or_rings() {
        let (current, ringing) = (Some(CallNumber(1)), Some(CallNumber(2)));
        let command = |line: &str| {
            Order::parse(line).unwrap().unwrap().commands(
                current,
                ringing,
                (None, &Archive::default()),
            )
        };
        assert!(matches!(
            command("answer")[..],
            [Command::Answer {
                call: CallNumber(2)
            }]
        ));
        assert!(matches!(
            command("hangup")[..],
            [Command::HangUp {
                call: CallNumber(1)
            }]
        ));
        assert_eq!(command("digits 12#").len(), 3);
        assert!(
            Order::Hold(None)
                .commands(None, None, (None, &Archive::default()))
                .is_empty()
        );
    }
}
