//! `file`: sending files, and fetching what others have sent.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use api::room::{FileRef, MessageId, RoomId};
use phone::chat::{ChatEvent, Outgoing, OutgoingState, Wish};
use serde_json::json;
use tokio::time::Instant;

use super::messages::{PATIENCE, connected, room_with, whom};
use super::runner::{Happening, Outcome, Runner};
use crate::cli::FileVerb;
use crate::engine::{Command, Notice, OutgoingFile, Problem, new_message_id};

/// What does not move for so long is left to the next run.
const MOVES_WITHIN: Duration = Duration::from_secs(90);

pub(super) async fn run<W: Write>(
    runner: &mut Runner<'_, W>,
    verb: FileVerb,
) -> Result<Outcome, Problem> {
    let archive = match connected(runner).await? {
        Ok(archive) => archive,
        Err(outcome) => return Ok(outcome),
    };
    match verb {
        FileVerb::Send {
            target,
            path,
            caption,
        } => {
            let id = new_id()?;
            let file = OutgoingFile {
                whom: whom(&target, &archive),
                id: id.clone(),
                path,
                caption,
            };
            runner.send(Command::SendFile(Box::new(file)))?;
            sent(runner, &id).await
        }
        FileVerb::Fetch {
            target,
            message,
            to,
        } => {
            let room = room_with(runner, &target, &archive)?;
            match found(runner, &room, &message_id(&message)?).await? {
                Ok(file) => fetched(runner, file, to).await,
                Err(outcome) => Ok(outcome),
            }
        }
        FileVerb::Waiting => {
            for outgoing in archive.outgoing.iter().filter(has_file) {
                let sentence = match &outgoing.state {
                    OutgoingState::Refused(sentence) => Some(sentence),
                    _ => None,
                };
                let file = outgoing.body.file();
                let fields = json!({
                    "id": outgoing.id,
                    "name": file.map(|file| &file.name),
                    "bytes": file.map(|file| file.bytes),
                    "is_refused": sentence.is_some(),
                    "sentence": sentence,
                });
                runner.tell("waiting", fields);
            }
            Ok(Outcome::Done)
        }
        FileVerb::Retry { id } => {
            let id = waiting(&archive.outgoing, &id)?;
            runner.send(Command::Chat(Box::new(Wish::Retry(id.clone()))))?;
            sent(runner, &id).await
        }
        FileVerb::Cancel { id } => {
            let id = waiting(&archive.outgoing, &id)?;
            runner.send(Command::Chat(Box::new(Wish::Discard(id.clone()))))?;
            let deadline = Some(Instant::now() + PATIENCE);
            loop {
                match runner.next(deadline).await? {
                    Happening::Notice(Notice::Chat(event))
                        if *event == ChatEvent::Discarded(id.clone()) =>
                    {
                        runner.tell("done", json!({}));
                        return Ok(Outcome::Done);
                    }
                    Happening::Notice(_) => {}
                    Happening::Signal(signal) => return Ok(Outcome::Interrupted(signal)),
                    Happening::Deadline => return Err(stuck()),
                }
            }
        }
    }
}

fn has_file(outgoing: &&Outgoing) -> bool {
    outgoing.attachment.is_some()
}

fn waiting(outgoing: &[Outgoing], id: &str) -> Result<MessageId, Problem> {
    let mut all = outgoing.iter().filter(has_file).map(|one| &one.id);
    let found = all.find(|one| one.as_str() == id);
    found.cloned().ok_or_else(|| Problem {
        code: "nothing-waits",
        sentence: format!("No file waits under “{id}”; `file waiting` prints those that do."),
    })
}

pub(super) fn new_id() -> Result<MessageId, Problem> {
    new_message_id().ok_or_else(|| Problem {
        code: "bad-message",
        sentence: "No id could be made for the message; try again.".into(),
    })
}

pub(super) fn message_id(text: &str) -> Result<MessageId, Problem> {
    MessageId::parse(text).map_err(|_| Problem {
        code: "bad-message",
        sentence: format!("“{text}” is no message's id; `history` prints them."),
    })
}

fn stuck() -> Problem {
    Problem {
        code: "server-unreachable",
        sentence: "Nothing has moved for a while; try again, and it goes on from where it is (what was to be sent only with --keep).".into(),
    }
}

/// Waits until a message with a file is stored.
pub(super) async fn sent<W: Write>(
    runner: &mut Runner<'_, W>,
    ours: &MessageId,
) -> Result<Outcome, Problem> {
    let mut moved = Instant::now();
    let mut is_on_its_way = false;
    loop {
        match runner.next(Some(moved + MOVES_WITHIN)).await? {
            Happening::Notice(Notice::Chat(event)) => match *event {
                ChatEvent::Stored { id, .. } if id == *ours => return Ok(Outcome::Done),
                ChatEvent::Outgoing(outgoing) if outgoing.id == *ours => {
                    (moved, is_on_its_way) = (Instant::now(), true);
                    if let OutgoingState::Refused(sentence) = outgoing.state {
                        return Err(Problem {
                            code: "message-refused",
                            sentence,
                        });
                    }
                }
                _ => {}
            },
            Happening::Notice(Notice::Sending { id, .. }) if id == *ours => moved = Instant::now(),
            // It was printed already; what is wrong with the file comes before anything else of it.
            Happening::Notice(Notice::Error(problem))
                if !is_on_its_way && problem.code == "file-unreadable" =>
            {
                return Err(problem);
            }
            Happening::Notice(_) => {}
            Happening::Signal(signal) => return Ok(Outcome::Interrupted(signal)),
            Happening::Deadline => return Err(stuck()),
        }
    }
}

/// The file that a message sends, however far back it is.
pub(super) async fn found<W: Write>(
    runner: &mut Runner<'_, W>,
    room: &RoomId,
    id: &MessageId,
) -> Result<Result<FileRef, Outcome>, Problem> {
    let deadline = Instant::now() + PATIENCE;
    let mut asked_for = usize::MAX;
    loop {
        let missing = |sentence: &str| Problem {
            code: "no-such-message",
            sentence: sentence.to_owned(),
        };
        let known = runner.archive().conversations.get(room);
        let known = known.ok_or_else(|| missing("The conversation is not there any more."))?;
        if let Some(body) = known.said(id) {
            let file = body.file().cloned();
            return file
                .map(Ok)
                .ok_or_else(|| missing("This message sends no file, or was deleted."));
        }
        let (count, is_all) = (
            known.messages.len(),
            !known.has_earlier || known.low() == Some(1),
        );
        if is_all && count > 0 {
            return Err(missing(
                "There is no such message in this conversation; `history` prints them.",
            ));
        }
        if asked_for != count {
            asked_for = count;
            runner.send(Command::Chat(Box::new(Wish::Earlier(room.clone()))))?;
        }
        match runner.next(Some(deadline)).await? {
            Happening::Notice(_) => {}
            Happening::Signal(signal) => return Ok(Err(Outcome::Interrupted(signal))),
            Happening::Deadline => {
                return Err(missing(
                    "There is no such message in this conversation; `history` prints them.",
                ));
            }
        }
    }
}

/// Fetches a file into a folder.
async fn fetched<W: Write>(
    runner: &mut Runner<'_, W>,
    file: FileRef,
    folder: PathBuf,
) -> Result<Outcome, Problem> {
    let ours = file.file.clone();
    let file = Box::new(file);
    runner.send(Command::Fetch { file, folder })?;
    let mut moved = Instant::now();
    loop {
        match runner.next(Some(moved + MOVES_WITHIN)).await? {
            Happening::Notice(Notice::Fetched { file, .. }) if file == ours => {
                return Ok(Outcome::Done);
            }
            Happening::Notice(Notice::NotFetched { file, problem }) if file == ours => {
                return Err(problem);
            }
            Happening::Notice(Notice::Fetching { .. }) => moved = Instant::now(),
            Happening::Notice(_) => {}
            Happening::Signal(signal) => return Ok(Outcome::Interrupted(signal)),
            Happening::Deadline => return Err(stuck()),
        }
    }
}
