//! The call of the demonstration, and what is measured on it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, bail};
use end_to_end::{Account, Finished, Server, Softphone, Sound};
use hearing::{Likeness, Recording, compare};

/// The longest recording and the way to the other ear fit in here.
const CALL_SECONDS: u64 = 12;
/// How long a step that involves the network may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Speech that a person follows without effort stays above this.
const GOOD: f64 = 0.8;

/// A call that has ended.
pub(crate) struct Call {
    caller: Side,
    callee: Side,
}

struct Side {
    finished: Finished,
    spoken: &'static str,
    heard: PathBuf,
}

/// What was measured.
pub(crate) struct Report {
    /// From the dialling to the answer, both at the caller.
    pub(crate) set_up: Duration,
    /// Of the audio.
    pub(crate) codec: String,
    /// Who can listen in, in words.
    pub(crate) encryption: &'static str,
    /// How long they were connected.
    pub(crate) seconds: f64,
    /// Caller to callee, then callee to caller.
    pub(crate) ways: [Way; 2],
}

/// One direction of the audio.
pub(crate) struct Way {
    /// Packets that the speaker sent.
    pub(crate) sent: f64,
    /// Packets that came to the listener.
    pub(crate) received: f64,
    /// Packets that the listener missed.
    pub(crate) lost: f64,
    /// At the listener (RFC 3550 section 6.4.1).
    pub(crate) jitter_millis: f64,
    /// From the speaker's microphone to the listener's speaker.
    pub(crate) mouth_to_ear_millis: f64,
    /// 1 is the same sound.
    pub(crate) similarity: f64,
    /// What the listener heard.
    pub(crate) recording: PathBuf,
}

/// Lets the caller call the callee, both speaking a recording.
pub(crate) fn make(
    server: &Server,
    caller: &Account,
    callee: &Account,
    recordings: &Path,
) -> Result<Call> {
    let heard_by = |account: &Account| recordings.join(format!("heard-by-{}.wav", account.name));
    let (leisure, amiable) = ("leisure.wav", "amiable.wav");

    let sound = Sound::files(&Recording::speech_path(amiable), &heard_by(callee));
    let mut answering = Softphone::start(server, callee, &sound, &["answer"])?;
    answering.wait_for("registered", PATIENCE)?;
    let sound = Sound::files(&Recording::speech_path(leisure), &heard_by(caller));
    let seconds = CALL_SECONDS.to_string();
    let mut calling = Softphone::start(
        server,
        caller,
        &sound,
        &["call", &callee.number, "--for", &seconds],
    )?;
    calling.wait_for("answered", PATIENCE)?;
    let finished = [
        calling.finish(PATIENCE + Duration::from_secs(CALL_SECONDS))?,
        answering.finish(PATIENCE)?,
    ];
    for side in &finished {
        if side.code != Some(0) {
            bail!("a softphone ended with {:?}: {}", side.code, side.errors);
        }
    }
    let [at_caller, at_callee] = finished;
    Ok(Call {
        caller: Side {
            finished: at_caller,
            spoken: leisure,
            heard: heard_by(caller),
        },
        callee: Side {
            finished: at_callee,
            spoken: amiable,
            heard: heard_by(callee),
        },
    })
}

impl Call {
    /// Measures it.
    pub(crate) fn report(&self) -> Result<Report> {
        let answered = self.caller.finished.event("answered")?;
        let dialled = self.caller.finished.event("calling")?.at()?;
        Ok(Report {
            set_up: (answered.at()? - dialled).try_into()?,
            codec: answered.text("codec").to_owned(),
            encryption: match answered.text("encryption") {
                "between-phones" => "encrypted between the phones",
                "to-server" => "encrypted up to the server",
                _ => "not encrypted",
            },
            seconds: self.caller.finished.event("ended")?.number("seconds")?,
            ways: [
                way(&self.caller, &self.callee)?,
                way(&self.callee, &self.caller)?,
            ],
        })
    }
}

fn way(speaker: &Side, listener: &Side) -> Result<Way> {
    let heard = Recording::read(&listener.heard)?;
    let spoken = Recording::speech(speaker.spoken).at_rate(heard.rate);
    let Likeness {
        delay_samples,
        similarity,
        ..
    } = compare(&spoken.samples, &heard.samples, heard.rate);

    // The recording began when the first sample was played; in it the speech lies `delay_samples` late.
    let spoken_at = speaker.finished.event("audio_in")?.at()?;
    let played_at = listener.finished.event("audio_out")?.at()?;
    let in_recording = delay_samples as f64 / f64::from(heard.rate);
    let mouth_to_ear = (played_at - spoken_at).as_seconds_f64() + in_recording;

    let sent = speaker.finished.event("ended")?.number("sent")?;
    let ended = listener.finished.event("ended")?;
    Ok(Way {
        sent,
        received: ended.number("received")?,
        lost: ended.number("lost")?,
        jitter_millis: ended.number("jitter_millis")?,
        mouth_to_ear_millis: mouth_to_ear * 1_000.0,
        similarity,
        recording: listener.heard.clone(),
    })
}

impl Report {
    /// Whether speech was heard both ways.
    pub(crate) fn worked(&self) -> bool {
        self.ways.iter().all(|way| way.similarity >= GOOD)
    }
}
