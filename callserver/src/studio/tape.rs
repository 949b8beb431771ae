//! A recording that is being made of one side.

use std::io::{self, Write};
use std::time::Duration;

use media::{Frame, Recorder};
use tokio::sync::oneshot;

use crate::relay::Side;

/// Where a recording goes. It is written to from the studio's thread, which waits for it: a file or a buffer, no network.
pub type Sink = Box<dyn Write + Send>;

/// What was recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Recorded {
    /// How long the recording is.
    pub length: Duration,
    /// Where the last sound in it ends; zero if there is none.
    pub last_sound: Duration,
}

/// When a recording ends by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TapeLimits {
    /// How long it may be.
    pub longest: Duration,
    /// When nothing was heard for so long.
    pub silence: Duration,
}

/// What is quieter than this is not said to anybody: lines hiss, and rooms hum.
const SILENT_DBFS: f32 = -48.0;

pub(super) struct Tape {
    side: Side,
    limits: TapeLimits,
    last_sound: Duration,
    // Both are there until it ends.
    running: Option<(Recorder<Sink>, oneshot::Sender<io::Result<Recorded>>)>,
}

impl Tape {
    /// Begins it. `answer` hears of its length once it has ended.
    pub(super) fn begin(
        side: Side,
        sink: Sink,
        limits: TapeLimits,
        answer: oneshot::Sender<io::Result<Recorded>>,
    ) -> Self {
        let running = match Recorder::new(sink, rand::random()) {
            Ok(recorder) => Some((recorder, answer)),
            Err(error) => {
                // Nobody may be interested any more.
                let _ = answer.send(Err(error));
                None
            }
        };
        Tape {
            side,
            limits,
            last_sound: Duration::ZERO,
            running,
        }
    }

    pub(super) fn side(&self) -> Side {
        self.side
    }

    /// Takes the next 20 ms. Returns whether it goes on.
    pub(super) fn take(&mut self, frame: &Frame) -> bool {
        let Some((recorder, _)) = &mut self.running else {
            return false;
        };
        if let Err(error) = recorder.write(frame) {
            if let Some((_, answer)) = self.running.take() {
                let _ = answer.send(Err(error));
            }
            return false;
        }
        let length = recorder.length();
        if media::dbfs(frame) > SILENT_DBFS {
            self.last_sound = length;
        }
        if length >= self.limits.longest || length - self.last_sound >= self.limits.silence {
            self.end();
            return false;
        }
        true
    }

    fn end(&mut self) {
        if let Some((recorder, answer)) = self.running.take() {
            let recorded = Recorded {
                length: recorder.length(),
                last_sound: self.last_sound,
            };
            let _ = answer.send(recorder.finish().map(|_| recorded));
        }
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        self.end();
    }
}
