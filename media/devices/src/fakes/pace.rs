//! A thread that does one thing every 20 ms, without drift.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle, park_timeout};
use std::time::{Duration, Instant};

use media::FRAME_DURATION;

/// Behind by more than this the computer has slept, and nobody wants to hear it all at once.
const ASLEEP: Duration = Duration::from_secs(1);

/// Runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Pace {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Pace {
    /// Calls `tick` at `first` and then every 20 ms; a late call does not make the next ones late.
    pub(crate) fn start(
        name: &str,
        first: Instant,
        mut tick: impl FnMut() + Send + 'static,
    ) -> Pace {
        let is_over = Arc::new(AtomicBool::new(false));
        let over = is_over.clone();
        let run = move || {
            let mut next = first;
            while !over.load(Ordering::Acquire) {
                let now = Instant::now();
                if now < next {
                    park_timeout(next - now);
                    continue;
                }
                tick();
                next += FRAME_DURATION;
                if now.saturating_duration_since(next) > ASLEEP {
                    next = now + FRAME_DURATION;
                }
            }
        };
        let thread = Builder::new()
            .name(format!("audio {name}").chars().take(15).collect())
            .spawn(run)
            .map_err(|error| tracing::error!(%error, "no thread for an audio device"))
            .ok();
        Pace { is_over, thread }
    }
}

impl Drop for Pace {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}
