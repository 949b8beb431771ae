//! `voice-note`: speaking to somebody, and listening to what others have spoken.

use std::io::Write;

use api::room::FileRef;
use serde_json::json;

use super::files::{found, message_id, sent};
use super::messages::{connected, room_with, whom};
use super::runner::{Happening, Outcome, Runner};
use super::voicemails::{Spoken, recorded};
use crate::cli::VoiceNoteVerb;
use crate::engine::{Command, EngineConfig, Notice, Problem};

/// Shorter ones are pressed by mistake.
const SHORTEST_SECONDS: f64 = 0.1;
/// What is played has this number in the events.
const ITEM: i64 = 1;

/// The devices that a verb needs, and no others.
pub(super) fn with_sound(mut config: EngineConfig, verb: &VoiceNoteVerb) -> EngineConfig {
    match verb {
        VoiceNoteVerb::Send { audio, .. } => {
            config.audio_out = "null".into();
            if let Some(audio) = audio {
                config.audio_in.clone_from(audio);
            }
        }
        VoiceNoteVerb::Play { .. } => config.audio_in = "silence".into(),
    }
    config
}

/// What was spoken, if it is something.
pub(super) fn long_enough(spoken: Spoken) -> Result<Spoken, Problem> {
    match spoken.seconds < SHORTEST_SECONDS {
        true => Err(Problem {
            code: "nothing-spoken",
            sentence: "Nothing was spoken; speak longer.".into(),
        }),
        false => Ok(spoken),
    }
}

pub(super) async fn run<W: Write>(
    runner: &mut Runner<'_, W>,
    verb: VoiceNoteVerb,
) -> Result<Outcome, Problem> {
    let archive = match connected(runner).await? {
        Ok(archive) => archive,
        Err(outcome) => return Ok(outcome),
    };
    match verb {
        VoiceNoteVerb::Send {
            target, lasting, ..
        } => {
            let spoken = match recorded(runner, lasting).await? {
                Ok(spoken) => spoken,
                Err(outcome) => return Ok(outcome),
            };
            let id = runner.send_note(whom(&target, &archive), long_enough(spoken)?)?;
            sent(runner, &id).await
        }
        VoiceNoteVerb::Play { target, message } => {
            let room = room_with(runner, &target, &archive)?;
            match found(runner, &room, &message_id(&message)?).await? {
                Ok(file) => play(runner, file).await,
                Err(outcome) => Ok(outcome),
            }
        }
    }
}

async fn play<W: Write>(runner: &mut Runner<'_, W>, file: FileRef) -> Result<Outcome, Problem> {
    let (item, file) = (ITEM, Box::new(file));
    runner.send(Command::PlayFile { item, file })?;
    let mut trouble = None;
    loop {
        match runner.next(None).await? {
            Happening::Notice(Notice::Played { item: ITEM }) => break,
            Happening::Notice(Notice::Error(problem)) => trouble = Some(problem),
            Happening::Signal(signal) => return Ok(Outcome::Interrupted(signal)),
            Happening::Notice(_) | Happening::Deadline => {}
        }
    }
    if let Some(problem) = trouble {
        return Err(problem);
    }
    runner.tell("done", json!({}));
    Ok(Outcome::Done)
}
