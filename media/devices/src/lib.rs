//! Microphones and speakers, and their fakes: tone, loopback, WAV files.
//!
//! Every device, real or not, speaks 48 kHz mono in 20 ms frames and keeps its own pace. Open a
//! [`Microphone`] with [`open_input`] and a [`Speaker`] with [`open_output`]; one thread then reads
//! frames while there are any, and writes frames while the speaker wants some. The `wake` given at
//! opening is called whenever there may be something to do; it must neither block nor allocate
//! (`Thread::unpark`, or a notification), because real devices call it from their audio thread.
//!
//! | input name | is |
//! |---|---|
//! | `device`, `default` or nothing | the microphone chosen in the system |
//! | `device:NAME` | the microphone of that name, see [`list`] |
//! | `tone` | a steady 440 Hz sine |
//! | `silence` | nothing, at the right pace |
//! | anything else | a WAV file, spoken once in real time, silence afterwards |
//!
//! | output name | is |
//! |---|---|
//! | `device`, `default` or nothing | the speaker chosen in the system |
//! | `device:NAME` | the speaker of that name |
//! | `null` | takes frames at the right pace and forgets them |
//! | anything else | a WAV file that records what would be heard |

use std::time::{Instant, SystemTime};

use media::Frame;

/// When the first sample was captured or played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Started {
    /// By the wall clock.
    pub at: SystemTime,
    /// The same moment by the monotonic clock.
    pub instant: Instant,
}

/// What a device tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The first sample was captured or played.
    Started(Started),
    /// The recording has been spoken to its end; silence follows.
    Ended,
    /// The device has gone or failed; no more frames come or are played. Open another one.
    Lost {
        /// One sentence for the user: what happened, what to do.
        sentence: String,
    },
}

/// Why a device could not be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// There is no such device.
    #[error("no audio device is called {name:?}; there are: {known}")]
    Unknown {
        /// Name that was asked for.
        name: String,
        /// Names that exist.
        known: String,
    },
}

/// Why devices could not be listed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the audio devices cannot be listed: {cause}; is a sound server running?")]
pub struct ListError {
    /// What the system said.
    pub cause: String,
}

/// A device that exists now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Name to open it by, after `device:`.
    pub name: String,
    /// Words for the user.
    pub description: String,
    /// It can capture.
    pub is_microphone: bool,
    /// It can play.
    pub is_speaker: bool,
}

/// A source of sound.
#[derive(Debug)]
pub struct Microphone {
    name: String,
}

/// A sink of sound.
#[derive(Debug)]
pub struct Speaker {
    name: String,
}

impl Microphone {
    /// The next 20 ms, if they have been captured by now.
    pub fn read(&mut self) -> Option<Frame> {
        None
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        None
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When its first sample was captured; none before that.
    pub fn started(&self) -> Option<Started> {
        None
    }
}

impl Speaker {
    /// Whether it needs another frame now to play without a gap.
    pub fn wants_frame(&self) -> bool {
        false
    }

    /// Gives it the next 20 ms. Without room for them they are dropped.
    pub fn write(&mut self, _frame: &Frame) {}

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        None
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When its first sample was played; none before that.
    pub fn started(&self) -> Option<Started> {
        None
    }
}

/// Opens a source of sound by its name; the names are in the crate's manual.
///
/// # Errors
/// Unknown device or unreadable file, in a sentence for the user.
pub fn open_input(
    name: &str,
    _wake: impl Fn() + Send + Sync + 'static,
) -> Result<Microphone, OpenError> {
    Ok(Microphone { name: name.into() })
}

/// Opens a sink of sound by its name; the names are in the crate's manual.
///
/// # Errors
/// Unknown device or unwritable file, in a sentence for the user.
pub fn open_output(
    name: &str,
    _wake: impl Fn() + Send + Sync + 'static,
) -> Result<Speaker, OpenError> {
    Ok(Speaker { name: name.into() })
}

/// The devices that exist now.
///
/// # Errors
/// The sound system does not answer.
pub fn list() -> Result<Vec<Listed>, ListError> {
    Ok(Vec::new())
}
