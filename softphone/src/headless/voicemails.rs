//! `voicemails`: what callers left when nobody answered, and what they hear before they speak.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use api::Voicemail;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::runner::{Happening, Outcome, Runner};
use crate::cli::{GreetingVerb, VoicemailsVerb};
use crate::engine::{Command, Notice, Problem};
use crate::web::{Errand, Reply, VoicemailErrand};

/// How much longer than wanted a microphone may take; a real one takes its time to open.
const GREETING_PATIENCE: Duration = Duration::from_secs(15);

/// Whether microphone or speaker are needed.
pub(super) fn makes_sound(verb: &VoicemailsVerb) -> bool {
    matches!(
        verb,
        VoicemailsVerb::Play { .. }
            | VoicemailsVerb::Greeting {
                verb: GreetingVerb::Record { .. }
            }
    )
}

pub(super) async fn run<W: Write>(
    runner: &mut Runner<'_, W>,
    verb: VoicemailsVerb,
) -> Result<Outcome, Problem> {
    if let Err(signal) = runner.registered().await? {
        return Ok(Outcome::Interrupted(signal));
    }
    let errand = match &verb {
        VoicemailsVerb::List => VoicemailErrand::List,
        VoicemailsVerb::Play { id } | VoicemailsVerb::Save { id, .. } => {
            VoicemailErrand::Recording { id: *id }
        }
        VoicemailsVerb::Heard { id, not } => VoicemailErrand::Mark {
            id: *id,
            is_heard: !not,
        },
        VoicemailsVerb::Remove { id } => VoicemailErrand::Remove { id: *id },
        VoicemailsVerb::Greeting { verb } => match verb {
            GreetingVerb::Set { file } => VoicemailErrand::SetGreeting(read(file)?),
            GreetingVerb::Record { lasting } => match recorded(runner, *lasting).await? {
                Ok(spoken) => VoicemailErrand::SetGreeting(spoken.recording),
                Err(outcome) => return Ok(outcome),
            },
            GreetingVerb::Save { .. } => VoicemailErrand::Greeting,
            GreetingVerb::Remove => VoicemailErrand::RemoveGreeting,
        },
    };
    let reply = match runner.errand(Errand::Voicemail(errand)).await? {
        Ok(reply) => reply,
        Err(signal) => return Ok(Outcome::Interrupted(signal)),
    };
    match (reply, verb) {
        (Reply::Voicemails(all), _) => {
            for voicemail in &all {
                runner.tell("message_left", fields(voicemail));
            }
        }
        (Reply::Recording(recording), VoicemailsVerb::Play { id }) => {
            return play(runner, id, recording).await;
        }
        (
            Reply::Recording(recording),
            VoicemailsVerb::Save { file, .. }
            | VoicemailsVerb::Greeting {
                verb: GreetingVerb::Save { file },
            },
        ) => {
            std::fs::write(&file, &recording).map_err(|error| cannot("written", &file, &error))?;
            runner.tell("done", json!({}));
        }
        _ => runner.tell("done", json!({})),
    }
    Ok(Outcome::Done)
}

/// Plays to the end, and says at the server that it was heard.
async fn play<W: Write>(
    runner: &mut Runner<'_, W>,
    id: i64,
    recording: Bytes,
) -> Result<Outcome, Problem> {
    runner.send(Command::Play {
        item: id,
        recording,
    })?;
    let mut trouble = None;
    loop {
        match runner.next(None).await? {
            Happening::Notice(Notice::Played { item }) if item == id => break,
            Happening::Notice(Notice::Error(problem)) => trouble = Some(problem),
            Happening::Signal(signal) => return Ok(Outcome::Interrupted(signal)),
            Happening::Notice(_) | Happening::Deadline => {}
        }
    }
    if let Some(problem) = trouble {
        return Err(problem);
    }
    let heard = VoicemailErrand::Mark { id, is_heard: true };
    match runner.errand(Errand::Voicemail(heard)).await? {
        Ok(_) => runner.tell("done", json!({})),
        Err(signal) => return Ok(Outcome::Interrupted(signal)),
    }
    Ok(Outcome::Done)
}

/// What was recorded.
pub(super) struct Spoken {
    pub(super) recording: Bytes,
    pub(super) seconds: f64,
    pub(super) waveform: Vec<u8>,
}

/// Records for so many seconds, or until the file that is spoken has ended.
pub(super) async fn recorded<W: Write>(
    runner: &mut Runner<'_, W>,
    seconds: f64,
) -> Result<Result<Spoken, Outcome>, Problem> {
    runner.send(Command::Record)?;
    let latest = Instant::now() + GREETING_PATIENCE + Duration::from_secs_f64(seconds);
    loop {
        match runner.next(Some(latest)).await? {
            Happening::Notice(Notice::Recording {
                seconds: so_far, ..
            }) if so_far >= seconds => {
                runner.send(Command::StopSound)?;
            }
            Happening::Notice(Notice::Recorded {
                recording,
                seconds,
                waveform,
            }) => {
                return Ok(Ok(Spoken {
                    recording,
                    seconds,
                    waveform,
                }));
            }
            Happening::Notice(Notice::Error(problem)) => return Err(problem),
            Happening::Signal(signal) => return Ok(Err(Outcome::Interrupted(signal))),
            Happening::Deadline => {
                return Err(Problem {
                    code: "cannot-record",
                    sentence: "The microphone gives no sound; choose another one.".into(),
                });
            }
            Happening::Notice(_) => {}
        }
    }
}

fn fields(voicemail: &Voicemail) -> Value {
    json!({
        "id": voicemail.id,
        "who": voicemail.caller.display_name,
        "number": voicemail.caller.number,
        "account": voicemail.caller.account,
        "left_at": voicemail.at,
        "seconds": voicemail.seconds,
        "is_heard": voicemail.is_heard,
    })
}

fn read(file: &Path) -> Result<Bytes, Problem> {
    std::fs::read(file)
        .map(Bytes::from)
        .map_err(|error| cannot("read", file, &error))
}

fn cannot(what: &str, file: &Path, error: &std::io::Error) -> Problem {
    Problem {
        code: "file-failed",
        sentence: format!(
            "{} cannot be {what} ({error}); check its name and whose it is.",
            file.display()
        ),
    }
}
