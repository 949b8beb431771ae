//! Who sits in which room, by token.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use api::LIVE_TOKEN;

/// What somebody in a room proves with that it is them: 256 bits from the system's random source.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Token([u8; LIVE_TOKEN / 2]);

impl Token {
    pub(super) fn new(random: [u8; LIVE_TOKEN / 2]) -> Self {
        Self(random)
    }

    /// As it travels: hexadecimal digits.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        let mut bytes = [0; LIVE_TOKEN / 2];
        if digits.len() != LIVE_TOKEN {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let value = |digit: u8| char::from(digit).to_digit(16);
            *byte = u8::try_from(value(pair[0])? << 4 | value(pair[1])?).ok()?;
        }
        Some(Self(bytes))
    }

    /// The digits that the client is given.
    pub(super) fn reveal(&self) -> String {
        use fmt::Write as _;
        let mut text = String::with_capacity(LIVE_TOKEN);
        for byte in self.0 {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// Somebody in a room.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) room: String,
    pub(super) name: String,
    /// Where they entered from: nobody from elsewhere can speak for them.
    pub(super) source: IpAddr,
    /// Where they hear, once they have spoken.
    pub(super) address: Option<SocketAddr>,
    pub(super) last_heard: Instant,
}

/// All seats, and when the next of them may have been silent for too long.
#[derive(Debug, Default)]
pub(super) struct Seats {
    seats: HashMap<Token, Seat>,
    per_source: HashMap<IpAddr, usize>,
    // One look at each seat: whoever has spoken since gets a later one, so that a datagram costs nothing here.
    looks: BTreeSet<(Instant, Token)>,
}

impl Seats {
    pub(super) fn len(&self) -> usize {
        self.seats.len()
    }

    /// How many have come from there.
    pub(super) fn from(&self, source: IpAddr) -> usize {
        self.per_source.get(&source).copied().unwrap_or_default()
    }

    pub(super) fn get(&self, token: &Token) -> Option<&Seat> {
        self.seats.get(token)
    }

    pub(super) fn get_mut(&mut self, token: &Token) -> Option<&mut Seat> {
        self.seats.get_mut(token)
    }

    pub(super) fn take(&mut self, token: Token, seat: Seat, patience: Duration) {
        self.looks.insert((seat.last_heard + patience, token));
        *self.per_source.entry(seat.source).or_default() += 1;
        self.seats.insert(token, seat);
    }

    pub(super) fn leave(&mut self, token: &Token) -> Option<Seat> {
        let seat = self.seats.remove(token)?;
        if let Some(count) = self.per_source.get_mut(&seat.source) {
            *count -= 1;
            if *count == 0 {
                self.per_source.remove(&seat.source);
            }
        }
        Some(seat)
    }

    /// When to call [`Seats::silent`] next.
    pub(super) fn next_look(&self) -> Option<Instant> {
        self.looks.first().map(|(at, _)| *at)
    }

    /// One who has been silent for too long; to be asked until there is none.
    pub(super) fn silent(&mut self, now: Instant, patience: Duration) -> Option<Token> {
        while let Some((at, token)) = self.looks.first().copied().filter(|(at, _)| *at <= now) {
            self.looks.remove(&(at, token));
            let Some(seat) = self.seats.get(&token) else {
                continue;
            };
            let due = seat.last_heard + patience;
            if due <= now {
                return Some(token);
            }
            self.looks.insert((due, token));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_travels_as_digits_and_shows_itself_to_nobody_else() {
        let token = Token::new(std::array::from_fn(|n| n as u8));
        assert_eq!(Token::parse(&token.reveal()), Some(token));
        assert_eq!(format!("{token:?}"), "Token(..)");
        assert_eq!(Token::parse("12"), None);
        assert_eq!(Token::parse(&"g".repeat(LIVE_TOKEN)), None);
        assert_eq!(Token::parse(&"ä".repeat(LIVE_TOKEN / 2)), None);
    }
}
