//! Digits that are dialled in a call, and how they travel outside its sound.

use std::time::Instant;

use bytes::Bytes;
use sip::{HeaderName, Headers, Method, Request, RequestId, StatusCode};

use crate::call::State;
use crate::{CallNumber, Event, Phone};

/// A key of a telephone: `0`–`9`, `*`, `#`, `A`–`D`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digit(u8);

impl Digit {
    /// The key with this sign on it; `None` when no telephone has it.
    #[must_use]
    pub fn new(sign: char) -> Option<Self> {
        let sign = sign.to_ascii_uppercase();
        matches!(sign, '0'..='9' | '*' | '#' | 'A'..='D')
            .then(|| u8::try_from(sign).ok().map(Self))
            .flatten()
    }

    /// The key of an event code of RFC 4733 section 3.2, 0 to 15.
    #[must_use]
    pub fn of_event(code: u8) -> Option<Self> {
        b"0123456789*#ABCD"
            .get(usize::from(code))
            .map(|sign| Self(*sign))
    }

    /// The sign on the key.
    #[must_use]
    pub fn sign(self) -> char {
        char::from(self.0)
    }
}

impl std::fmt::Display for Digit {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}", self.sign())
    }
}

/// What gateways and desk phones write into INFO for each key.
const RELAY: &str = "application/dtmf-relay";
/// The same in its shortest form: the sign alone.
const PLAIN: &str = "application/dtmf";
/// How long a key is said to be pressed, in milliseconds.
const PRESSED_MILLIS: u32 = 160;

impl Phone {
    /// Presses a key: as telephone-event in the sound where that was agreed on, else in an INFO.
    pub(crate) fn press(&mut self, now: Instant, call: CallNumber, digit: Digit) {
        let Some(line) = self.lines.get(&call) else {
            return;
        };
        let State::Established { leg } = line.state else {
            return;
        };
        if line.takes_events {
            return self.events.push_back(Event::PlayDigit { call, digit });
        }
        let request = self.endpoint.next_request();
        let mut headers = Headers::default();
        headers.push(HeaderName::ContentType, RELAY);
        let body = format!("Signal={digit}\r\nDuration={PRESSED_MILLIS}\r\n");
        let input = sip::Input::SendInDialog {
            leg,
            request,
            method: Method::Info,
            headers,
            body: Bytes::from(body),
        };
        self.endpoint.handle(now, input);
    }

    /// An INFO in a call: a key, or nothing that is understood here.
    pub(crate) fn info_comes(
        &mut self,
        now: Instant,
        request: RequestId,
        call: CallNumber,
        message: &Request,
    ) {
        let digit = digit_of(message);
        // An INFO without body asks whether the call is there (RFC 2976 section 2.2).
        let status = if digit.is_some() || message.body.is_empty() {
            StatusCode::OK
        } else {
            StatusCode::UNSUPPORTED_MEDIA_TYPE
        };
        if let Some(digit) = digit {
            self.events.push_back(Event::Digit { call, digit });
        }
        self.endpoint.handle(
            now,
            sip::Input::Respond {
                request,
                status,
                headers: Headers::default(),
                body: Bytes::new(),
            },
        );
    }
}

fn digit_of(message: &Request) -> Option<Digit> {
    let kind = message.headers.get(&HeaderName::ContentType)?;
    let kind = kind.split(';').next()?.trim();
    let text = std::str::from_utf8(&message.body).ok()?;
    let sign = if kind.eq_ignore_ascii_case(RELAY) {
        let mut lines = text.lines().filter_map(|line| line.split_once('='));
        let (_, value) = lines.find(|(name, _)| name.trim().eq_ignore_ascii_case("signal"))?;
        value.trim()
    } else if kind.eq_ignore_ascii_case(PLAIN) {
        text.trim()
    } else {
        return None;
    };
    let mut signs = sign.chars();
    let digit = Digit::new(signs.next()?)?;
    signs.next().is_none().then_some(digit)
}
