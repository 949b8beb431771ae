//! What devices tell, and why one cannot be opened.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant, SystemTime};

/// When the first sample was captured or played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Started {
    /// By the wall clock.
    pub at: SystemTime,
    /// The same moment by the monotonic clock.
    pub instant: Instant,
}

impl Started {
    pub(crate) fn now() -> Self {
        Started {
            at: SystemTime::now(),
            instant: Instant::now(),
        }
    }

    pub(crate) fn earlier(self, by: Duration) -> Self {
        Started {
            at: self.at.checked_sub(by).unwrap_or(self.at),
            instant: self.instant.checked_sub(by).unwrap_or(self.instant),
        }
    }

    pub(crate) fn later(self, by: Duration) -> Self {
        Started {
            at: self.at + by,
            instant: self.instant + by,
        }
    }
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
    #[error("there is no {kind} called {name:?}; choose one of: {known}")]
    Unknown {
        /// "microphone" or "speaker".
        kind: &'static str,
        /// Name that was asked for.
        name: String,
        /// Names that exist, separated by commas.
        known: String,
    },
    /// There is no device at all.
    #[error("this computer has no {kind}; connect one, or use a WAV file")]
    None {
        /// "microphone" or "speaker".
        kind: &'static str,
    },
    /// The device exists and does not work.
    #[error("the {kind} {name:?} cannot be used: {cause}; choose another one")]
    Refused {
        /// "microphone" or "speaker".
        kind: &'static str,
        /// What it is called.
        name: String,
        /// What the system said.
        cause: String,
    },
    /// The file cannot be read.
    #[error("the recording {} cannot be read: {cause}; give a WAV file", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// The file cannot be written.
    #[error("the recording {} cannot be written: {cause}; choose another place", .path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
}

/// Why devices could not be listed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the audio devices cannot be listed: {cause}; is the sound system running?")]
pub struct ListError {
    /// What the system said.
    pub cause: String,
}

/// The device's side of its events. The start can be told from an audio thread: no lock, no memory.
#[derive(Debug)]
pub(crate) struct Teller {
    started: OnceLock<Started>,
    others: Sender<Event>,
}

/// The owner's side.
#[derive(Debug)]
pub(crate) struct Told {
    teller: std::sync::Arc<Teller>,
    others: Receiver<Event>,
    is_start_told: bool,
}

impl Teller {
    pub(crate) fn new() -> (std::sync::Arc<Teller>, Told) {
        let (sender, receiver) = channel();
        let teller = std::sync::Arc::new(Teller {
            started: OnceLock::new(),
            others: sender,
        });
        let told = Told {
            teller: teller.clone(),
            others: receiver,
            is_start_told: false,
        };
        (teller, told)
    }

    pub(crate) fn is_started(&self) -> bool {
        self.started.get().is_some()
    }

    /// Only the first call counts.
    pub(crate) fn start(&self, started: Started) {
        let _ = self.started.set(started);
    }

    pub(crate) fn tell(&self, event: Event) {
        // Nobody is there to hear it when the device has just been dropped.
        let _ = self.others.send(event);
    }
}

impl Told {
    pub(crate) fn started(&self) -> Option<Started> {
        self.teller.started.get().copied()
    }

    pub(crate) fn next(&mut self) -> Option<Event> {
        if !self.is_start_told
            && let Some(started) = self.started()
        {
            self.is_start_told = true;
            return Some(Event::Started(started));
        }
        self.others.try_recv().ok()
    }
}
