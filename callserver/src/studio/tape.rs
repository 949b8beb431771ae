//! A recording that is being made of one side.

use std::io::{self, Write};
use std::time::Duration;

use media::{Frame, Recorder};
use tokio::sync::oneshot;

use crate::relay::Side;

/// Where a recording goes. It is written to from the studio's thread, which waits for it: a file or a buffer, no network.
pub type Sink = Box<dyn Write + Send>;

pub(super) struct Tape {
    side: Side,
    longest: Duration,
    // Both are there until it ends.
    running: Option<(Recorder<Sink>, oneshot::Sender<io::Result<Duration>>)>,
}

impl Tape {
    /// Begins it. `answer` hears of its length once it has ended.
    pub(super) fn begin(
        side: Side,
        sink: Sink,
        longest: Duration,
        answer: oneshot::Sender<io::Result<Duration>>,
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
            longest,
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
        if recorder.length() >= self.longest {
            self.end();
            return false;
        }
        true
    }

    fn end(&mut self) {
        if let Some((recorder, answer)) = self.running.take() {
            let length = recorder.length();
            let _ = answer.send(recorder.finish().map(|_| length));
        }
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        self.end();
    }
}
