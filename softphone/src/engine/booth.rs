//! Playing and making recordings beside calls: one thread while there is something to play or to record, and one more
//! that waits for a recording that is still coming.

use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::time::{Duration, Instant};

use bytes::Bytes;
use devices::Event;
use media::{FRAME_DURATION, Frame, Player, Recorder, SILENCE};
use phone::chat::waveform;
use tokio::sync::mpsc;

use super::Problem;
use super::arriving::Arriving;
use super::problem::sentence;

/// How long the thread sleeps when no device wakes it.
const NAP: Duration = Duration::from_millis(20);
/// What a device still holds when it was given the last frame is played within this.
const DRAIN: Duration = Duration::from_millis(250);
/// Frames that are decoded ahead of the speaker: two seconds.
const FRAMES_AHEAD: usize = 100;
/// A device that has asked for nothing in so long is gone.
const DEVICE_PATIENCE: Duration = Duration::from_secs(10);
/// No recording is longer: servers take no more, and a microphone that was forgotten fills no memory.
const LONGEST: Duration = Duration::from_secs(300);

/// What the thread tells.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum BoothNews {
    /// So much of the recording with this number has been played.
    Playing { item: i64, seconds: f64 },
    /// It is over, or was stopped.
    Played { item: i64 },
    /// So much has been recorded, and how loud the last of it was, in dB relative to full scale.
    Recording { seconds: f64, level_dbfs: f32 },
    /// What was recorded, as Ogg Opus.
    Recorded {
        recording: Bytes,
        seconds: f64,
        waveform: Vec<u8>,
    },
    /// It could not be done.
    Failed(Problem),
}

/// What is played or recorded now. Dropping it ends that; what was recorded is told all the same.
#[derive(Debug)]
pub(crate) struct Booth {
    stop: Arc<AtomicBool>,
}

impl Drop for Booth {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Booth {
    /// Plays a recording through the speaker of that name.
    pub(crate) fn play(
        item: i64,
        recording: Bytes,
        audio_out: String,
        news: mpsc::Sender<BoothNews>,
    ) -> std::io::Result<Self> {
        let source = Source::Whole(recording);
        Self::play_from(item, source, audio_out, news)
    }

    /// Plays a recording while it comes.
    pub(crate) fn play_arriving(
        item: i64,
        arriving: Arriving,
        audio_out: String,
        news: mpsc::Sender<BoothNews>,
    ) -> std::io::Result<Self> {
        let source = Source::Arriving(arriving);
        Self::play_from(item, source, audio_out, news)
    }

    fn play_from(
        item: i64,
        source: Source,
        audio_out: String,
        news: mpsc::Sender<BoothNews>,
    ) -> std::io::Result<Self> {
        Self::start(move |stop| {
            if let Err(sentence) = play(item, source, &audio_out, stop, &news) {
                let problem = Problem {
                    code: "cannot-play",
                    sentence,
                };
                let _ = news.blocking_send(BoothNews::Failed(problem));
            }
            let _ = news.blocking_send(BoothNews::Played { item });
        })
    }

    /// Records from the microphone of that name until it is stopped.
    pub(crate) fn record(audio_in: String, news: mpsc::Sender<BoothNews>) -> std::io::Result<Self> {
        Self::start(move |stop| {
            let told = match record(&audio_in, stop, &news) {
                Ok(recorded) => recorded,
                Err(sentence) => BoothNews::Failed(Problem {
                    code: "cannot-record",
                    sentence,
                }),
            };
            let _ = news.blocking_send(told);
        })
    }

    fn start(work: impl FnOnce(&AtomicBool) + Send + 'static) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let watched = stop.clone();
        std::thread::Builder::new()
            .name("booth".into())
            .spawn(move || work(&watched))?;
        Ok(Self { stop })
    }
}

/// Wakes this thread.
fn waker() -> impl Fn() + Send + Sync + 'static {
    let thread = std::thread::current();
    move || thread.unpark()
}

/// Where what is played comes from.
enum Source {
    Whole(Bytes),
    Arriving(Arriving),
}

/// The sound of a recording.
enum Sound {
    Whole(Box<Player<Cursor<Bytes>>>),
    /// Another thread waits for it; nothing comes here while it does.
    Arriving(Arriving, Receiver<Result<Frame, String>>),
}

/// What can be had of a recording now.
enum Next {
    /// The next 20 ms.
    Sound,
    /// It has not come yet.
    Later,
    Over,
}

impl Sound {
    fn open(source: Source) -> Result<Self, String> {
        match source {
            Source::Whole(recording) => {
                let player = Player::new(Cursor::new(recording));
                let player = player.map_err(|error| sentence(&error))?;
                Ok(Self::Whole(Box::new(player)))
            }
            Source::Arriving(arriving) => {
                let (decoded, frames) = sync_channel(FRAMES_AHEAD);
                let reader = arriving.reader();
                let decode = move || match Player::new(reader) {
                    Ok(mut player) => {
                        while let Some(frame) = player.frame() {
                            if decoded.send(Ok(frame)).is_err() {
                                return;
                            }
                        }
                    }
                    Err(error) => drop(decoded.send(Err(sentence(&error)))),
                };
                let thread = std::thread::Builder::new().name("booth reader".into());
                thread.spawn(decode).map_err(|error| sentence(&error))?;
                Ok(Self::Arriving(arriving, frames))
            }
        }
    }

    /// Gives the next 20 ms into `frame`, which stays silent when there are none now.
    fn next(&mut self, frame: &mut Frame) -> Result<Next, String> {
        let next = match self {
            Self::Whole(player) => player.frame(),
            Self::Arriving(arriving, frames) => match frames.try_recv() {
                Ok(Ok(next)) => Some(next),
                // Why it did not come says more than what is wrong with the rest.
                Ok(Err(sentence)) => return Err(arriving.trouble().unwrap_or(sentence)),
                Err(TryRecvError::Empty) => return Ok(Next::Later),
                Err(TryRecvError::Disconnected) => match arriving.trouble() {
                    Some(sentence) => return Err(sentence),
                    None => None,
                },
            },
        };
        Ok(match next {
            Some(next) => {
                *frame = next;
                Next::Sound
            }
            None => Next::Over,
        })
    }
}

impl Drop for Sound {
    fn drop(&mut self) {
        if let Self::Arriving(arriving, _) = self {
            arriving.abandon();
        }
    }
}

fn play(
    item: i64,
    source: Source,
    audio_out: &str,
    stop: &AtomicBool,
    news: &mpsc::Sender<BoothNews>,
) -> Result<(), String> {
    let mut sound = Sound::open(source)?;
    let mut speaker = devices::open_output(audio_out, waker()).map_err(|error| sentence(&error))?;
    let (mut frames, mut told, mut asked_at) = (0_u32, 0, Instant::now());
    let mut ends_at: Option<Instant> = None;
    while !stop.load(Ordering::Relaxed) {
        // Ahead of what the device needs now: a busy computer then makes no gaps.
        while speaker.wants_frame() || speaker.has_room() {
            asked_at = Instant::now();
            let mut frame = SILENCE;
            if ends_at.is_none() {
                match sound.next(&mut frame)? {
                    Next::Sound => frames += 1,
                    Next::Later => {}
                    Next::Over => ends_at = Some(Instant::now() + DRAIN),
                }
            }
            speaker.write(&frame);
        }
        let played = FRAME_DURATION * frames;
        // Whole seconds are enough for a clock; a reader that does not keep up misses some.
        if played.as_secs() >= told && ends_at.is_none() {
            told = played.as_secs() + 1;
            let seconds = played.as_secs_f64();
            let _ = news.try_send(BoothNews::Playing { item, seconds });
        }
        let now = Instant::now();
        if ends_at.is_some_and(|end| end <= now) {
            return Ok(());
        }
        if now.duration_since(asked_at) > DEVICE_PATIENCE {
            return Err("The speaker takes no sound; choose another one.".into());
        }
        std::thread::park_timeout(NAP);
    }
    Ok(())
}

fn record(
    audio_in: &str,
    stop: &AtomicBool,
    news: &mpsc::Sender<BoothNews>,
) -> Result<BoothNews, String> {
    let failed = |error: std::io::Error| format!("It could not be recorded ({error}); try again.");
    let mut microphone =
        devices::open_input(audio_in, waker()).map_err(|error| sentence(&error))?;
    let mut recorder = Recorder::new(Vec::new(), rand::random()).map_err(failed)?;
    let (mut told, mut heard_at) = (Duration::ZERO, Instant::now());
    let (mut levels, mut is_over) = (Vec::new(), false);
    while !is_over && !stop.load(Ordering::Relaxed) && recorder.length() < LONGEST {
        let mut loudest = f32::NEG_INFINITY;
        while let Some(frame) = microphone.read() {
            heard_at = Instant::now();
            let level = media::dbfs(&frame);
            levels.push(level);
            loudest = loudest.max(level);
            recorder.write(&frame).map_err(failed)?;
        }
        // A file that is spoken has an end.
        while let Some(event) = microphone.poll_event() {
            is_over |= event == Event::Ended;
        }
        if recorder.length() >= told {
            told = recorder.length() + Duration::from_millis(200);
            let seconds = recorder.length().as_secs_f64();
            let level_dbfs = loudest;
            let _ = news.try_send(BoothNews::Recording {
                seconds,
                level_dbfs,
            });
        }
        if heard_at.elapsed() > DEVICE_PATIENCE {
            return Err("The microphone gives no sound; choose another one.".into());
        }
        std::thread::park_timeout(NAP);
    }
    let seconds = recorder.length().as_secs_f64();
    let recording = recorder.finish().map_err(failed)?;
    Ok(BoothNews::Recorded {
        recording: recording.into(),
        seconds,
        waveform: waveform(&levels),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn until_end(mut inbox: mpsc::Receiver<BoothNews>) -> Vec<BoothNews> {
        let mut all = Vec::new();
        while let Some(news) = inbox.blocking_recv() {
            all.push(news);
        }
        all
    }

    #[test]
    fn what_was_recorded_can_be_played() {
        let (news, mut inbox) = mpsc::channel(64);
        let booth = Booth::record("tone".into(), news).unwrap();
        let mut level = f32::NEG_INFINITY;
        loop {
            match inbox.blocking_recv() {
                Some(BoothNews::Recording {
                    seconds,
                    level_dbfs,
                }) => {
                    level = level.max(level_dbfs);
                    if seconds >= 0.3 {
                        break;
                    }
                }
                other => panic!("{other:?}"),
            }
        }
        drop(booth);
        assert!(level > -40.0, "{level}");
        let all = until_end(inbox);
        let Some(BoothNews::Recorded {
            recording,
            seconds,
            waveform,
        }) = all.last()
        else {
            panic!("{all:?}")
        };
        assert!(*seconds >= 0.3);
        assert!(
            waveform.len() >= 15 && waveform.iter().all(|step| *step > 100),
            "{waveform:?}"
        );

        let folder = tempfile::tempdir().unwrap();
        let heard = folder.path().join("heard.wav");
        let (news, inbox) = mpsc::channel(64);
        let _booth = Booth::play(7, recording.clone(), heard.display().to_string(), news).unwrap();
        let all = until_end(inbox);
        assert_eq!(all.last(), Some(&BoothNews::Played { item: 7 }));
        assert!(!all.iter().any(|news| matches!(news, BoothNews::Failed(_))));
        // A header and at least as much sound as was recorded, at 48 kHz and two bytes a sample.
        let length = std::fs::metadata(&heard).unwrap().len();
        assert!(length as f64 > seconds * 96_000.0, "{length}");
    }

    #[test]
    fn a_recording_is_heard_before_all_of_it_has_come() {
        let mut recorder = Recorder::new(Vec::new(), 7).unwrap();
        for _ in 0..400 {
            recorder.write(&[1000; media::FRAME_SAMPLES]).unwrap();
        }
        let recording = recorder.finish().unwrap();
        let (first, rest) = recording.split_at(recording.len() * 3 / 4);
        let arriving = Arriving::default();
        arriving.add(first);
        let (news, mut inbox) = mpsc::channel(64);
        let _booth = Booth::play_arriving(3, arriving.clone(), "null".into(), news).unwrap();
        loop {
            match inbox.blocking_recv() {
                Some(BoothNews::Playing { seconds, .. }) if seconds >= 1.0 => break,
                Some(BoothNews::Playing { .. }) => {}
                other => panic!("{other:?}"),
            }
        }
        arriving.add(rest);
        arriving.end(None);
        let all = until_end(inbox);
        assert_eq!(all.last(), Some(&BoothNews::Played { item: 3 }));

        // What does not come is said.
        let arriving = Arriving::default();
        arriving.end(Some("It is gone.".into()));
        let (news, inbox) = mpsc::channel(64);
        let _booth = Booth::play_arriving(4, arriving, "null".into(), news).unwrap();
        let all = until_end(inbox);
        let is_said = |news: &BoothNews| matches!(news, BoothNews::Failed(problem) if problem.sentence == "It is gone.");
        assert!(all.iter().any(is_said), "{all:?}");
    }

    #[test]
    fn what_cannot_be_played_is_said_and_is_over() {
        let (news, inbox) = mpsc::channel(64);
        let _booth = Booth::play(1, Bytes::from_static(b"nothing"), "null".into(), news).unwrap();
        let all = until_end(inbox);
        assert!(matches!(
            all.as_slice(),
            [BoothNews::Failed(_), BoothNews::Played { item: 1 }]
        ));
    }
}
