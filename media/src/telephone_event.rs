//! Dialled digits as packets of their own (RFC 4733): a press is a series of packets that tell how long it has lasted.

use std::collections::VecDeque;

use crate::rtp::Timestamp;

/// A press lasts so many frames: 100 ms, which every machine that listens for digits hears.
const PRESSED: u32 = 5;
/// The last packet of a press is sent so often, a frame apart: then the end is known though two are lost (§2.5.1.4).
const ENDS: u32 = 3;
/// Frames of sound between two presses, 60 ms, so that two of the same digit are two.
const BETWEEN: u32 = 3;
/// Presses that wait; nobody dials that far ahead.
const MOST_WAITING: usize = 64;
/// How loud it was: 10 dB below the loudest (§2.3.4).
const VOLUME: u8 = 10;
/// The bit that says that the press is over.
const END: u8 = 0x80;
/// A press whose time runs over begins anew, with its start where the former part ended (§2.5.1.3); the part
/// before has lasted at least this long.
const NEARLY_OVERRUN: u16 = 0xf000;

/// A key of a telephone: 0 to 9, `*`, `#`, A to D.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digit(u8);

impl Digit {
    /// The key with this sign; none has another.
    pub const fn new(sign: char) -> Option<Digit> {
        match sign {
            '0'..='9' => Some(Digit(sign as u8 - b'0')),
            '*' => Some(Digit(10)),
            '#' => Some(Digit(11)),
            'A'..='D' => Some(Digit(sign as u8 - b'A' + 12)),
            'a'..='d' => Some(Digit(sign as u8 - b'a' + 12)),
            _ => None,
        }
    }

    /// Its sign.
    pub const fn sign(self) -> char {
        match self.0 {
            digit @ 0..=9 => (b'0' + digit) as char,
            10 => '*',
            11 => '#',
            letter => (b'A' + letter - 12) as char,
        }
    }
}

impl std::fmt::Display for Digit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.sign())
    }
}

/// One packet of a press.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EventPacket {
    pub(crate) marker: bool,
    /// When the press began.
    pub(crate) timestamp: Timestamp,
    pub(crate) payload: [u8; 4],
}

/// The digits that are being sent.
#[derive(Debug, Default)]
pub(crate) struct Dialling {
    waiting: VecDeque<Digit>,
    /// What is pressed, since when, and how many packets of it were sent.
    pressed: Option<(Digit, Timestamp, u32)>,
    /// Frames of sound until the next press.
    pause: u32,
}

impl Dialling {
    pub(crate) fn press(&mut self, digit: Digit) {
        if self.waiting.len() < MOST_WAITING {
            self.waiting.push_back(digit);
        }
    }

    /// What to send for this frame in place of sound.
    pub(crate) fn next(&mut self, now: Timestamp, ticks_per_frame: u32) -> Option<EventPacket> {
        if self.pressed.is_none() {
            if self.pause > 0 {
                self.pause -= 1;
                return None;
            }
            self.pressed = self.waiting.pop_front().map(|digit| (digit, now, 0));
        }
        let (digit, timestamp, sent) = self.pressed.as_mut()?;
        *sent += 1;
        let frames = (*sent).min(PRESSED);
        let end = if *sent >= PRESSED { END } else { 0 };
        let duration = (frames * ticks_per_frame).min(u16::MAX.into()) as u16;
        let [high, low] = duration.to_be_bytes();
        let packet = EventPacket {
            marker: *sent == 1,
            timestamp: *timestamp,
            payload: [digit.0, end | VOLUME, high, low],
        };
        if *sent == PRESSED + ENDS - 1 {
            self.pressed = None;
            self.pause = BETWEEN;
        }
        Some(packet)
    }
}

/// The digits that are heard.
#[derive(Debug, Default)]
pub(crate) struct Listening {
    last: Option<Press>,
}

#[derive(Clone, Copy, Debug)]
struct Press {
    digit: Digit,
    /// Its beginning; each press has one of its own.
    timestamp: i64,
    duration: u16,
}

impl Listening {
    /// Takes a packet of the time `timestamp` (unwrapped). Gives the digit with the first packet of its press that comes,
    /// whichever that is.
    pub(crate) fn hear(&mut self, timestamp: i64, payload: &[u8]) -> Option<Digit> {
        let &[code, _, high, low, ..] = payload else {
            return None;
        };
        // Others are tones of the line and of fax machines (RFC 4734).
        let digit = (code < 16).then_some(Digit(code))?;
        let duration = u16::from_be_bytes([high, low]);
        if let Some(last) = &mut self.last {
            if timestamp < last.timestamp {
                return None;
            }
            let since = timestamp - last.timestamp;
            let goes_on = since > 0
                && since <= i64::from(u16::MAX)
                && last.duration >= NEARLY_OVERRUN
                && last.digit == digit;
            let is_same = since == 0 && last.digit == digit;
            if is_same || goes_on {
                last.timestamp = timestamp;
                last.duration = if is_same {
                    last.duration.max(duration)
                } else {
                    duration
                };
                return None;
            }
        }
        self.last = Some(Press {
            digit,
            timestamp,
            duration,
        });
        Some(digit)
    }

    /// Another stream begins.
    pub(crate) fn restart(&mut self) {
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packets(digits: &str) -> Vec<Option<EventPacket>> {
        let mut dialling = Dialling::default();
        for sign in digits.chars() {
            dialling.press(Digit::new(sign).unwrap());
        }
        (0..30)
            .map(|frame| dialling.next(Timestamp(1_000).plus(frame * 160), 160))
            .collect()
    }

    #[test]
    fn a_press_is_a_marker_growing_durations_and_three_ends() {
        let sent = packets("5");
        let press: Vec<EventPacket> = sent.iter().flatten().copied().collect();
        assert_eq!(press.len(), 7);
        assert!(
            press
                .iter()
                .all(|packet| packet.timestamp == Timestamp(1_000))
        );
        let markers: Vec<bool> = press.iter().map(|packet| packet.marker).collect();
        assert_eq!(markers, [true, false, false, false, false, false, false]);
        let payloads: Vec<[u8; 4]> = press.iter().map(|packet| packet.payload).collect();
        let durations: Vec<u16> = payloads
            .iter()
            .map(|[_, _, high, low]| u16::from_be_bytes([*high, *low]))
            .collect();
        assert_eq!(durations, [160, 320, 480, 640, 800, 800, 800]);
        let ends: Vec<u8> = payloads.iter().map(|payload| payload[1]).collect();
        assert_eq!(ends, [10, 10, 10, 10, 0x8a, 0x8a, 0x8a]);
    }

    #[test]
    fn between_two_presses_there_is_sound() {
        let sent = packets("11");
        let pressed: String = sent
            .iter()
            .map(|packet| if packet.is_some() { 'x' } else { '.' })
            .collect();
        assert_eq!(pressed, "xxxxxxx...xxxxxxx.............");
        let starts: Vec<Timestamp> = sent
            .iter()
            .flatten()
            .map(|packet| packet.timestamp)
            .collect();
        assert_eq!(starts[7], Timestamp(1_000 + 10 * 160));
    }

    #[test]
    fn whichever_packets_of_a_press_come_it_is_heard_once() {
        let sent: Vec<EventPacket> = packets("7#").into_iter().flatten().collect();
        for missing in 0..(1u32 << 14) {
            let come = |n: u32| missing >> n & 1 == 0;
            let mut listening = Listening::default();
            let heard: String = (0u32..)
                .zip(&sent)
                .filter(|(n, _)| come(*n))
                .filter_map(|(_, packet)| {
                    listening.hear(packet.timestamp.0.into(), &packet.payload)
                })
                .map(Digit::sign)
                .collect();
            let mut expected = String::new();
            if (0..7).any(come) {
                expected.push('7');
            }
            if (7..14).any(come) {
                expected.push('#');
            }
            assert_eq!(heard, expected, "{missing:b}");
        }
    }

    #[test]
    fn a_press_longer_than_its_clock_counts_is_one() {
        let mut listening = Listening::default();
        let eight = |duration: u16| {
            let [high, low] = duration.to_be_bytes();
            [8, VOLUME, high, low]
        };
        assert_eq!(listening.hear(500, &eight(160)), Digit::new('8'));
        assert_eq!(listening.hear(500, &eight(u16::MAX)), None);
        assert_eq!(listening.hear(500 + 65_535, &eight(160)), None);
        assert_eq!(listening.hear(500 + 65_535, &eight(320)), None);
        assert_eq!(listening.hear(500 + 70_000, &eight(160)), Digit::new('8'));
    }

    #[test]
    fn late_packets_and_other_tones_are_no_digits() {
        let mut listening = Listening::default();
        assert_eq!(listening.hear(900, &[3, 10, 0, 160]), Digit::new('3'));
        assert_eq!(listening.hear(100, &[4, 0x8a, 0, 160]), None);
        assert_eq!(listening.hear(2_000, &[66, 10, 0, 160]), None);
        assert_eq!(listening.hear(2_000, &[1, 2, 3]), None);
        listening.restart();
        assert_eq!(listening.hear(100, &[4, 0x8a, 0, 160]), Digit::new('4'));
    }

    #[test]
    fn signs_and_keys_belong_together() {
        for sign in "0123456789*#ABCD".chars() {
            assert_eq!(Digit::new(sign).map(Digit::sign), Some(sign));
        }
        assert_eq!(Digit::new('b').map(Digit::sign), Some('B'));
        assert_eq!(Digit::new('E'), None);
        assert_eq!(Digit::new('+'), None);
    }
}
