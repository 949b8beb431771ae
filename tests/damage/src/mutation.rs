//! Seeds, damaged.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::Reader;

/// Pieces that mean something to a parser.
const PIECES: &[&[u8]] = &[
    b"\r\n",
    b"\r",
    b"\n",
    b"\r\n\r\n",
    b"\r\n ",
    b"\"",
    b"\\",
    b"<",
    b">",
    b";",
    b",",
    b"=",
    b":",
    b"@",
    b"/",
    b"%",
    b"%00",
    b"[",
    b"]",
    b"?",
    b"(",
    b")",
    b" ",
    b"\t",
    b"\0",
    b"\xff",
    b"\xc3\xbc",
    b"\xc3",
    b"SIP/2.0",
    b"sip:",
    b"Content-Length: 99999999999999999999\r\n",
    b"l: -1\r\n",
    b"Via: ",
    b"To:",
    b"4294967296",
    b"*",
];

/// The longest input: what a datagram can hold, and a little more, which must be refused.
const LONGEST: usize = 66_000;

/// Makes damaged input; the same seed makes the same again.
#[derive(Debug)]
pub struct Damage {
    random: ChaCha8Rng,
}

impl Damage {
    /// The beginning of a series.
    pub fn new(seed: u64) -> Damage {
        Damage {
            random: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// The next input for this reader.
    pub fn next(&mut self, reader: Reader) -> Vec<u8> {
        let seeds = reader.seeds();
        let count = match reader {
            Reader::Stream => 3,
            _ => 1,
        };
        let mut bytes = Vec::new();
        for _ in 0..count {
            bytes.append(&mut self.next_of(seeds));
            if count > 1 && self.random.random_bool(0.3) {
                bytes.extend_from_slice(b"\r\n\r\n");
            }
        }
        bytes.truncate(LONGEST);
        bytes
    }

    /// One of these texts, damaged.
    pub fn next_of(&mut self, seeds: &[&str]) -> Vec<u8> {
        let seed = seeds[self.random.random_range(0..seeds.len())];
        let mut bytes = seed.as_bytes().to_vec();
        for _ in 0..self.random.random_range(1..=6) {
            self.mutate(&mut bytes);
        }
        bytes
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        let random = &mut self.random;
        let at = random.random_range(0..=bytes.len());
        match random.random_range(0..100) {
            // Rare, for it is slow: some piece again and again.
            0 => {
                let end = (at + random.random_range(1..60)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                let room = LONGEST.saturating_sub(bytes.len());
                let times = room / piece.len().max(1);
                let times = random.random_range(0..=times);
                bytes.splice(at..at, piece.repeat(times));
            }
            1..20 if at < bytes.len() => bytes[at] = random.random(),
            20..35 if at < bytes.len() => {
                bytes.remove(at);
            }
            35..45 => bytes.truncate(at),
            45..65 => {
                let end = (at + random.random_range(0..40)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                let to = random.random_range(0..=bytes.len());
                bytes.splice(to..to, copy);
            }
            65..80 => {
                let end = (at + random.random_range(0..20)).min(bytes.len());
                bytes.drain(at..end);
            }
            _ => {
                let piece = PIECES[random.random_range(0..PIECES.len())];
                bytes.splice(at..at, piece.iter().copied());
            }
        }
    }
}
