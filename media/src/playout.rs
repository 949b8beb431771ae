//! The jitter buffer and what is played from it.
//!
//! Packets wait in order of their time. Every 20 ms the speaker asks for a frame, and it is made of the
//! next packet if it is there, of the redundancy in the packet after it (Opus), or of invented
//! sound. Two delays decide how fast time goes on: the one that arrivals ask for (`delay`) and the one
//! that is kept now, measured where it hurts: at the moment when a packet is needed. When they
//! differ, frames are made shorter or longer by a pitch period (`stretch`).
//!
//! When nothing is there at all, sound is invented and time stands still, for up to 60 ms: a late
//! packet is then still played and the delay has grown by itself. If a later packet comes instead,
//! what was invented counts for the lost one.

mod delay;

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use crate::codec::Decoder;
use crate::{FRAME_SAMPLES, Frame, SILENCE, stretch};
use delay::ArrivalDelay;

/// Samples of 48 kHz in a millisecond.
const MILLI: i64 = 48;
/// Time stands still so long before the stream counts as paused, in samples.
const STANDSTILL: usize = 60 * MILLI as usize;
/// Invented sound fades out over the last of it and real sound in over the first of it, in samples.
const FADE: usize = 5 * MILLI as usize;
/// A hole in time longer than this is a pause, not a loss: 1 s, in samples.
const PAUSE: i64 = 1_000 * MILLI;
/// Packets that may wait, five seconds' worth; more is an attack or a fault.
const MOST_WAITING: usize = 250;
/// Decoded frames whose smallest delay says how much could be saved.
const OBSERVED: usize = 25;
/// The kept delay may be this far from the wanted one, in microseconds.
const TOO_MUCH: i64 = 12_000;
const TOO_LITTLE: i64 = 4_000;
/// From here on it hurries, in microseconds.
const HURRY: i64 = 60_000;
/// Packets without sound that are remembered: those of a few dialled digits.
const MOST_PASSED_OVER: usize = 64;
/// Share of packets with redundancy from which it is worth waiting for the packet after a lost one.
const REDUNDANT: f64 = 0.2;

/// Counts of frames, by where their sound came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) played: u64,
    pub(crate) recovered: u64,
    pub(crate) concealed: u64,
    /// Packets that came after their time.
    pub(crate) late: u64,
    /// Packets that could not be decoded.
    pub(crate) broken: u64,
}

/// A packet of sound on its way to the speaker.
pub(crate) struct Waiting {
    /// Its place in the sequence, unwrapped.
    pub(crate) sequence: i64,
    pub(crate) payload: Bytes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing is played until the next packet's time has come.
    Paused,
    Playing,
}

pub(crate) struct Playout {
    decoder: Decoder,
    delay: ArrivalDelay,
    state: State,
    /// By time in samples of 48 kHz: how long, and what.
    waiting: BTreeMap<i64, (usize, Waiting)>,
    /// Decoded and not yet played.
    ready: VecDeque<i16>,
    /// Time of the next sample to decode; none before the first packet.
    next: Option<i64>,
    /// Number of the last packet decoded.
    last_sequence: i64,
    /// Numbers of packets that held no sound, dialled digits: nothing is lost where they stand.
    passed_over: VecDeque<i64>,
    /// Length of the last packet decoded.
    usual: usize,
    /// Samples invented while time stood still.
    invented: usize,
    fade_in: bool,
    /// Delays kept at the last decodings, in microseconds.
    observed: VecDeque<i64>,
    /// Share of the last packets that carried the one before them once more, smoothed.
    redundant: f64,
    counts: Counts,
}

impl Playout {
    pub(crate) fn new(decoder: Decoder) -> Self {
        Playout {
            decoder,
            delay: ArrivalDelay::new(),
            state: State::Paused,
            waiting: BTreeMap::new(),
            ready: VecDeque::new(),
            next: None,
            last_sequence: 0,
            passed_over: VecDeque::new(),
            usual: FRAME_SAMPLES,
            invented: 0,
            fade_in: true,
            observed: VecDeque::new(),
            redundant: 0.0,
            counts: Counts::default(),
        }
    }

    /// Forgets what waits and what was measured: another stream begins.
    pub(crate) fn restart(&mut self) {
        self.delay = ArrivalDelay::new();
        self.state = State::Paused;
        self.waiting.clear();
        self.passed_over.clear();
        self.next = None;
        self.invented = 0;
        self.fade_in = true;
        self.observed.clear();
    }

    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// Delay that the frame pulled last, at `now`, has had here, in microseconds; 0 while paused.
    pub(crate) fn delay(&self, now: i64) -> i64 {
        match (self.state, self.next) {
            (State::Playing, Some(next)) => {
                let heard = next - (self.ready.len() + FRAME_SAMPLES) as i64;
                self.delay.at(now, micros(heard)).max(0)
            }
            _ => 0,
        }
    }

    /// Takes a packet whose first sample is of time `timestamp` (48 kHz) and that came at `now` (microseconds).
    pub(crate) fn insert(&mut self, now: i64, timestamp: i64, packet: Waiting) {
        let Some(samples) = self.decoder.samples(&packet.payload) else {
            self.counts.broken += 1;
            return;
        };
        self.delay.arrived(now, micros(timestamp));
        let is_redundant = self.decoder.holds_previous(&packet.payload);
        self.redundant += (f64::from(u8::from(is_redundant)) - self.redundant) / 32.0;
        if self
            .next
            .is_some_and(|next| timestamp + samples as i64 <= next)
        {
            self.counts.late += 1;
            return;
        }
        self.waiting.insert(timestamp, (samples, packet));
        if self.waiting.len() > MOST_WAITING {
            self.waiting.pop_first();
        }
    }

    /// A packet of this number came and holds no sound.
    pub(crate) fn pass_over(&mut self, sequence: i64) {
        if self.passed_over.len() == MOST_PASSED_OVER {
            self.passed_over.pop_front();
        }
        self.passed_over.push_back(sequence);
    }

    /// Whether all packets since the last one decoded and before this number held no sound.
    fn follows(&self, sequence: i64) -> bool {
        let between = self.last_sequence + 1..sequence;
        between.end - between.start <= MOST_PASSED_OVER as i64
            && between
                .into_iter()
                .all(|number| self.passed_over.contains(&number))
    }

    /// The next 20 ms.
    pub(crate) fn pull(&mut self, now: i64) -> Frame {
        if self.state == State::Paused {
            self.begin(now);
        }
        while self.state == State::Playing && self.ready.len() < FRAME_SAMPLES {
            self.make(now);
        }
        let mut frame = SILENCE;
        let there = self.ready.len().min(FRAME_SAMPLES);
        for (slot, sample) in frame.iter_mut().zip(self.ready.drain(..there)) {
            *slot = sample;
        }
        frame
    }

    /// Starts playing when the first waiting packet has waited long enough, to the sample.
    fn begin(&mut self, now: i64) {
        let Some((&timestamp, _)) = self.waiting.first_key_value() else {
            return;
        };
        let early = self.target() - self.delay.at(now, micros(timestamp));
        let silence = (early.max(0) * MILLI / 1_000) as usize;
        if silence < FRAME_SAMPLES {
            self.ready.resize(self.ready.len() + silence, 0);
            self.next = Some(timestamp);
            self.state = State::Playing;
            self.invented = 0;
            self.fade_in = true;
            self.observed.clear();
        }
    }

    /// Makes the next piece of sound ready.
    fn make(&mut self, now: i64) {
        let Some(next) = self.next else {
            self.state = State::Paused;
            return;
        };
        let Some((&timestamp, &(samples, _))) = self.waiting.first_key_value() else {
            self.stand_still();
            return;
        };
        if timestamp + samples as i64 <= next {
            // Overlaps wholly with what was played: a sender that repeats itself.
            self.waiting.pop_first();
            return;
        }
        let hole = timestamp - next;
        if hole <= 0 {
            self.decode(now);
        } else if self.invented > 0 {
            // What was invented while time stood still was for this hole.
            let covered = hole.min(self.invented as i64);
            self.invented = 0;
            self.next = Some(next + covered);
        } else {
            self.fill(next, hole);
        }
    }

    fn decode(&mut self, now: i64) {
        let Some((timestamp, (samples, packet))) = self.waiting.pop_first() else {
            return;
        };
        let mut sound = Vec::with_capacity(samples + FRAME_SAMPLES);
        if !self.decoder.decode(&packet.payload, &mut sound) {
            self.counts.broken += 1;
            self.decoder.conceal(samples, &mut sound);
        }
        if self.fade_in {
            fade_in(&mut sound);
            self.fade_in = false;
        }
        self.counts.played += 1;
        self.last_sequence = packet.sequence;
        self.usual = samples;
        self.invented = 0;
        self.observe(self.delay.at(now, micros(timestamp)));
        self.adapt(&mut sound);
        self.ready.extend(sound);
        self.next = Some(timestamp + samples as i64);
    }

    /// Fills a hole before a packet that is there.
    fn fill(&mut self, next: i64, hole: i64) {
        let Some((_, (_, packet))) = self.waiting.first_key_value() else {
            return;
        };
        // Neighbours in sequence with a hole in time: the sender was silent (RFC 3551 §4.1), nothing is lost.
        if self.follows(packet.sequence) || hole > PAUSE {
            self.pause();
            return;
        }
        let length = self.usual.min(hole as usize);
        let mut sound = Vec::with_capacity(length);
        let just_before = hole <= self.usual as i64;
        if just_before
            && self.decoder.holds_previous(&packet.payload)
            && self.decoder.recover(&packet.payload, length, &mut sound)
        {
            self.counts.recovered += 1;
        } else {
            self.decoder.conceal(length, &mut sound);
            self.counts.concealed += 1;
        }
        self.ready.extend(sound);
        self.next = Some(next + length as i64);
    }

    /// Nothing is there: invents sound without going on in time, for a while.
    fn stand_still(&mut self) {
        if self.invented >= STANDSTILL {
            self.pause();
            return;
        }
        let length = self.usual.min(FRAME_SAMPLES);
        let mut sound = Vec::with_capacity(length);
        self.decoder.conceal(length, &mut sound);
        self.invented += length;
        self.counts.concealed += 1;
        if self.invented >= STANDSTILL {
            fade_out(&mut sound);
        }
        self.ready.extend(sound);
    }

    fn pause(&mut self) {
        self.state = State::Paused;
        self.invented = 0;
        // What is ready was real or has faded; a break before silence must fade, too.
        let start = self.ready.len().saturating_sub(FADE);
        let mut end: Vec<i16> = self.ready.drain(start..).collect();
        fade_out(&mut end);
        self.ready.extend(end);
    }

    /// The wanted delay, in microseconds.
    fn target(&self) -> i64 {
        if self.redundant > REDUNDANT {
            // A lost frame's second copy comes one packet later; it must come in time, too.
            self.delay.target() + micros(self.usual as i64)
        } else {
            self.delay.target()
        }
    }

    fn observe(&mut self, delay: i64) {
        self.observed.push_back(delay);
        if self.observed.len() > OBSERVED {
            self.observed.pop_front();
        }
    }

    /// Brings the kept delay nearer to the wanted one.
    fn adapt(&mut self, sound: &mut Vec<i16>) {
        let Some(&kept) = self.observed.iter().min() else {
            return;
        };
        let excess = kept - self.target();
        let changed = if excess > TOO_MUCH && self.observed.len() == OBSERVED {
            stretch::shorter(sound, excess > HURRY)
        } else if excess < -TOO_LITTLE {
            stretch::longer(sound, excess < -HURRY)
        } else {
            None
        };
        if let Some(changed) = changed {
            let longer_by = micros(changed.len() as i64 - sound.len() as i64);
            for delay in &mut self.observed {
                *delay += longer_by;
            }
            *sound = changed;
        }
    }
}

/// Samples of 48 kHz in microseconds.
fn micros(samples: i64) -> i64 {
    samples * 1_000 / MILLI
}

fn fade_in(sound: &mut [i16]) {
    for (n, sample) in sound.iter_mut().take(FADE).enumerate() {
        *sample = (i32::from(*sample) * n as i32 / FADE as i32) as i16;
    }
}

fn fade_out(sound: &mut [i16]) {
    for (n, sample) in sound.iter_mut().rev().take(FADE).enumerate() {
        *sample = (i32::from(*sample) * n as i32 / FADE as i32) as i16;
    }
}
