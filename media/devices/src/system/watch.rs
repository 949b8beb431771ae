//! Notices that a real device has gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, Thread, park_timeout};
use std::time::{Duration, Instant};

use cpal::ErrorKind;
use cpal::traits::HostTrait;

use super::{Kind, name};
use crate::Wake;
use crate::event::{Event, Teller};

/// PulseAudio moves the stream of a removed device to another one and says nothing, so we look.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Looks until it is dropped.
pub(super) struct Watch {
    loss: Loss,
    is_over: Arc<AtomicBool>,
    thread: Option<Thread>,
}

/// Tells the loss of one device, once.
#[derive(Clone)]
struct Loss {
    kind: Kind,
    name: Arc<str>,
    is_told: Arc<AtomicBool>,
    teller: Arc<Teller>,
    wake: Wake,
}

impl Loss {
    fn tell(&self, what: &str) {
        if self.is_told.swap(true, Ordering::AcqRel) {
            return;
        }
        let sentence = format!(
            "the {} {:?} {what}; connect it again or choose another one",
            self.kind.word(),
            self.name
        );
        tracing::warn!(sentence, "audio device lost");
        self.teller.tell(Event::Lost { sentence });
        (self.wake)();
    }
}

impl Watch {
    /// A device that the user chose by name is looked for; the system's choice may move, as the system likes.
    pub(super) fn start(
        kind: Kind,
        name: &str,
        was_chosen: bool,
        teller: Arc<Teller>,
        wake: Wake,
    ) -> Watch {
        let loss = Loss {
            kind,
            name: name.into(),
            is_told: Arc::default(),
            teller,
            wake,
        };
        let is_over = Arc::new(AtomicBool::new(false));
        let thread = was_chosen.then(|| {
            let (loss, is_over) = (loss.clone(), is_over.clone());
            Builder::new()
                .name("audio watch".into())
                .spawn(move || look(&loss, &is_over))
                .map_err(|error| tracing::error!(%error, "no thread to watch an audio device"))
                .ok()
        });
        Watch {
            loss,
            is_over,
            thread: thread.flatten().map(|handle| handle.thread().clone()),
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        // Not joined: it may be waiting for a sound system that hangs.
        if let Some(thread) = &self.thread {
            thread.unpark();
        }
    }
}

fn look(loss: &Loss, is_over: &AtomicBool) {
    let host = cpal::default_host();
    let mut next = Instant::now() + LOOK_EVERY;
    while !is_over.load(Ordering::Acquire) && !loss.is_told.load(Ordering::Acquire) {
        let now = Instant::now();
        if now < next {
            park_timeout(next - now);
            continue;
        }
        next = now + LOOK_EVERY;
        let Ok(mut devices) = host.devices() else {
            loss.tell("has gone, because the sound system does not answer");
            return;
        };
        let is_there = devices
            .any(|device| loss.kind.fits(&device) && name(&device).as_deref() == Some(&loss.name));
        if !is_there && !is_over.load(Ordering::Acquire) {
            loss.tell("has gone");
        }
    }
}

/// What to do about errors of a stream.
pub(super) fn on_error(watch: &Watch) -> impl FnMut(cpal::Error) + Send + 'static {
    let loss = watch.loss.clone();
    let is_over = watch.is_over.clone();
    move |error| match error.kind() {
        // The stream goes on.
        ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied | ErrorKind::Xrun => {
            tracing::debug!(%error, "audio stream disturbed");
        }
        _ if is_over.load(Ordering::Acquire) => {}
        _ => {
            tracing::debug!(%error, "audio stream failed");
            loss.tell("has gone or failed");
        }
    }
}
