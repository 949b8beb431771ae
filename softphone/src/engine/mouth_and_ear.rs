//! The microphone and the speaker of one call.
//!
//! Opening a real device can take seconds. Until it is open, and again when it is lost, silence is spoken and nothing is
//! played, at the pace of a real device: what comes from the network is taken in time, so that no delay builds up.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

use devices::{Event, Microphone, OpenError, Speaker};
use tokio::sync::Notify;

use super::audio::Report;
use super::{Problem, problem};

pub(super) struct MouthAndEar {
    pub(super) microphone: Microphone,
    pub(super) speaker: Speaker,
    opening_microphone: Opening<Microphone>,
    opening_speaker: Opening<Speaker>,
    wake: Arc<Notify>,
}

/// Where a wanted device stands.
enum Opening<T> {
    /// Its thread is at it.
    Waiting(Receiver<Result<T, OpenError>>),
    /// It is in use, but has not said when it began.
    Opened,
    /// It has begun, or is lost: nothing more is told about it.
    Told,
}

impl MouthAndEar {
    /// Begins with stand-ins, while the wanted devices are opened.
    pub(super) fn open(
        audio_in: String,
        audio_out: String,
        wake: Arc<Notify>,
    ) -> Result<Self, String> {
        let (microphone, speaker) = (silence(&wake)?, nowhere(&wake)?);
        let opening_microphone = in_background(&wake, move |wake| {
            devices::open_input(&audio_in, move || wake.notify_one())
        })?;
        let opening_speaker = in_background(&wake, move |wake| {
            devices::open_output(&audio_out, move || wake.notify_one())
        })?;
        Ok(Self {
            microphone,
            speaker,
            opening_microphone,
            opening_speaker,
            wake,
        })
    }

    /// Takes devices that have opened, replaces those that are lost, and tells what happened.
    pub(super) fn settle(&mut self, tell: impl Fn(Report)) -> Result<(), String> {
        if let Some(microphone) = self.opening_microphone.finished()? {
            self.microphone = microphone;
        }
        if let Some(speaker) = self.opening_speaker.finished()? {
            self.speaker = speaker;
        }
        if matches!(self.opening_microphone, Opening::Opened)
            && let Some(started) = self.microphone.started()
        {
            self.opening_microphone = Opening::Told;
            tell(Report::Captured {
                device: self.microphone.name().to_owned(),
                at: started.at,
            });
        }
        if matches!(self.opening_speaker, Opening::Opened)
            && let Some(started) = self.speaker.started()
        {
            self.opening_speaker = Opening::Told;
            tell(Report::Played {
                device: self.speaker.name().to_owned(),
                at: started.at,
            });
        }
        while let Some(event) = self.microphone.poll_event() {
            if let Event::Lost { sentence } = event {
                tell(Report::Trouble(Problem {
                    code: "audio-in-lost",
                    sentence,
                }));
                self.opening_microphone = Opening::Told;
                self.microphone = silence(&self.wake)?;
            }
        }
        while let Some(event) = self.speaker.poll_event() {
            if let Event::Lost { sentence } = event {
                tell(Report::Trouble(Problem {
                    code: "audio-out-lost",
                    sentence,
                }));
                self.opening_speaker = Opening::Told;
                self.speaker = nowhere(&self.wake)?;
            }
        }
        Ok(())
    }
}

impl<T> Opening<T> {
    /// The device, in the moment when it has opened.
    fn finished(&mut self) -> Result<Option<T>, String> {
        let Self::Waiting(outcome) = self else {
            return Ok(None);
        };
        match outcome.try_recv() {
            Ok(Ok(device)) => {
                *self = Self::Opened;
                Ok(Some(device))
            }
            Ok(Err(error)) => Err(problem::sentence(&error)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(
                "An audio device could not be opened; choose another one and call again.".into(),
            ),
        }
    }
}

fn silence(wake: &Arc<Notify>) -> Result<Microphone, String> {
    let wake = wake.clone();
    devices::open_input("silence", move || wake.notify_one())
        .map_err(|error| problem::sentence(&error))
}

fn nowhere(wake: &Arc<Notify>) -> Result<Speaker, String> {
    let wake = wake.clone();
    devices::open_output("null", move || wake.notify_one())
        .map_err(|error| problem::sentence(&error))
}

/// Runs `open` on a thread of its own, for it may block.
fn in_background<T: Send + 'static>(
    wake: &Arc<Notify>,
    open: impl FnOnce(Arc<Notify>) -> Result<T, OpenError> + Send + 'static,
) -> Result<Opening<T>, String> {
    let (sender, receiver) = sync_channel(1);
    let wake = wake.clone();
    std::thread::Builder::new()
        .name("audio opening".into())
        .spawn(move || {
            let outcome = open(wake.clone());
            // Nobody waits any more when the call is over by now.
            let _ = sender.send(outcome);
            wake.notify_one();
        })
        .map_err(|error| {
            format!("No thread for an audio device ({error}); close other programs and call again.")
        })?;
    Ok(Opening::Waiting(receiver))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// Settles until `done`, woken by the devices.
    async fn settle_until(
        ends: &mut MouthAndEar,
        wake: &Notify,
        done: impl Fn(&[Report]) -> bool,
    ) -> Result<Vec<Report>, String> {
        let reports = RefCell::new(Vec::new());
        while !done(&reports.borrow()) {
            while ends.microphone.read().is_some() {}
            while ends.speaker.wants_frame() {
                ends.speaker.write(&media::SILENCE);
            }
            ends.settle(|report| reports.borrow_mut().push(report))?;
            wake.notified().await;
        }
        Ok(reports.into_inner())
    }

    #[tokio::test]
    async fn both_devices_tell_once_when_they_began() {
        let wake = Arc::new(Notify::new());
        let mut ends = MouthAndEar::open("tone".into(), "null".into(), wake.clone()).unwrap();
        let reports = settle_until(&mut ends, &wake, |reports| reports.len() == 2)
            .await
            .unwrap();
        let count =
            |wanted: fn(&Report) -> bool| reports.iter().filter(|report| wanted(report)).count();
        assert_eq!(
            count(|report| matches!(report, Report::Captured { device, .. } if device == "tone")),
            1
        );
        assert_eq!(
            count(|report| matches!(report, Report::Played { device, .. } if device == "null")),
            1
        );
    }

    #[tokio::test]
    async fn a_device_that_does_not_open_ends_the_sound_with_a_sentence() {
        let wake = Arc::new(Notify::new());
        let mut ends =
            MouthAndEar::open("/nowhere/speech.wav".into(), "null".into(), wake.clone()).unwrap();
        let sentence = settle_until(&mut ends, &wake, |_| false).await.unwrap_err();
        assert!(
            sentence.contains("/nowhere/speech.wav") && sentence.ends_with('.'),
            "{sentence}"
        );
    }
}
