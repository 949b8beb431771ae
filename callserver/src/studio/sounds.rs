//! What phones hear from the server itself: hold music, which is made note by note, a beep, which is one tone of 1 kHz, and
//! what is said in files: those of people, and those of `assets/prompts`.

use std::f32::consts::TAU;
use std::io::Cursor;

use bytes::Bytes;
use media::{FRAME_SAMPLES, Frame, HoldMusic, SAMPLE_RATE, SILENCE};
use switch::{Play, Prompt};

/// Frames of the beep: 400 ms.
const BEEP: u64 = 20;
const BEEP_HERTZ: f32 = 1_000.0;
/// Of full scale: as loud as speech.
const LOUDNESS: f32 = 0.18;
/// The beep grows and fades in 10 ms, so that it does not click.
const RAMP: f32 = 480.0;

/// What is made here, note by note.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tune {
    HoldMusic,
    Beep,
}

impl From<Play> for Tune {
    fn from(play: Play) -> Self {
        match play {
            Play::HoldMusic => Tune::HoldMusic,
        }
    }
}

/// What one side is to hear once.
#[derive(Clone, Debug)]
pub enum Source {
    /// What the server has by itself.
    Prompt(Prompt),
    /// What somebody has recorded: Opus in an Ogg file.
    File(Bytes),
}

/// A [`Source`] that is being played.
#[derive(Debug)]
pub(super) enum Sounding {
    Tune(Box<Player>),
    File(Box<media::Player<Cursor<Bytes>>>),
    /// What cannot be played is over at once.
    Nothing,
}

impl Sounding {
    pub(super) fn begin(source: Source) -> Self {
        let file = match source {
            Source::File(file) => Some(file),
            Source::Prompt(prompt) => spoken(prompt).map(Bytes::from_static),
        };
        match file {
            None => Sounding::Tune(Box::new(Player::new(Tune::Beep))),
            Some(file) => match media::Player::new(Cursor::new(file)) {
                Ok(player) => Sounding::File(Box::new(player)),
                Err(error) => {
                    tracing::warn!(%error, "a recording cannot be played");
                    Sounding::Nothing
                }
            },
        }
    }

    /// The next 20 ms; `None` once it is over.
    pub(super) fn next_frame(&mut self) -> Option<Frame> {
        match self {
            Sounding::Tune(player) => player.next_frame(),
            Sounding::File(player) => player.frame(),
            Sounding::Nothing => None,
        }
    }
}

/// What is said by a prompt; nothing for the beep.
fn spoken(prompt: Prompt) -> Option<&'static [u8]> {
    Some(match prompt {
        Prompt::Greeting => include_bytes!("../../../assets/prompts/greeting.opus"),
        Prompt::Full => include_bytes!("../../../assets/prompts/full.opus"),
        Prompt::NoMessages => include_bytes!("../../../assets/prompts/no-messages.opus"),
        Prompt::End => include_bytes!("../../../assets/prompts/end.opus"),
        Prompt::Beep => return None,
    })
}

/// Something that plays to one side.
#[derive(Debug)]
pub(super) enum Player {
    HoldMusic(HoldMusic),
    /// So many frames of it have been heard.
    Beep(u64),
}

impl Player {
    pub(super) fn new(tune: Tune) -> Self {
        match tune {
            Tune::HoldMusic => Player::HoldMusic(HoldMusic::new()),
            Tune::Beep => Player::Beep(0),
        }
    }

    pub(super) fn tune(&self) -> Tune {
        match self {
            Player::HoldMusic(_) => Tune::HoldMusic,
            Player::Beep(_) => Tune::Beep,
        }
    }

    /// Whether the other phone is heard instead while it speaks. An announcement is heard to its end.
    pub(super) fn gives_way(&self) -> bool {
        matches!(self, Player::HoldMusic(_))
    }

    /// The next 20 ms; `None` once it is over.
    pub(super) fn next_frame(&mut self) -> Option<Frame> {
        match self {
            Player::HoldMusic(music) => Some(music.frame()),
            Player::Beep(heard) => {
                let number = *heard;
                *heard += 1;
                (number < BEEP).then(|| beep(number))
            }
        }
    }
}

fn beep(frame_number: u64) -> Frame {
    let length = (BEEP * FRAME_SAMPLES as u64) as f32;
    let mut frame = SILENCE;
    for (n, slot) in frame.iter_mut().enumerate() {
        let at = frame_number as f32 * FRAME_SAMPLES as f32 + n as f32;
        let ramp = (at.min(length - at) / RAMP).min(1.0);
        let phase = TAU * ((at * BEEP_HERTZ / SAMPLE_RATE as f32) % 1.0);
        *slot = (phase.sin() * ramp * LOUDNESS * 32_767.0) as i16;
    }
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound(tune: Tune, frames: usize) -> Vec<Frame> {
        let mut player = Player::new(tune);
        (0..frames).map_while(|_| player.next_frame()).collect()
    }

    #[test]
    fn prompts_end() {
        for prompt in [
            Prompt::Greeting,
            Prompt::Full,
            Prompt::NoMessages,
            Prompt::End,
        ] {
            let mut sounding = Sounding::begin(Source::Prompt(prompt));
            let said: Vec<_> = std::iter::from_fn(|| sounding.next_frame()).collect();
            assert!((100..700).contains(&said.len()), "{prompt:?}");
            let level = media::dbfs(said.as_flattened());
            assert!((-40.0..-15.0).contains(&level), "{prompt:?} {level}");
        }
        let beep = sound(Tune::Beep, 1_000);
        assert_eq!(beep.len() as u64, BEEP);
        assert!(media::dbfs(&beep[10]) > -20.0);
        assert!(beep[0][0].abs() < 50 && beep[19][959].abs() < 50);
    }
}
