//! Dialled digits in INFO (`application/dtmf-relay`, `application/dtmf`), as older phones send them.
//!
//! They go on as INFO. A phone that takes none of these gets them as telephone events (RFC 4733), where the server can put
//! these into the audio.

use sip::{HeaderName, Method, Request, StatusCode};

use super::Bridge;
use crate::desk::Desk;
use crate::{CallId, Event, Side};

/// How long a digit sounds if nothing is said: long enough for every gateway (RFC 4733 section 2.5.2 has 40 ms as the least).
const DEFAULT_MILLIS: u32 = 160;
/// Within what a key press can be.
const MILLIS: std::ops::RangeInclusive<u32> = 40..=5000;

/// A digit on its way to one side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Digit {
    pub(super) call: CallId,
    pub(super) to: Side,
    pub(super) key: char,
    pub(super) millis: u32,
}

/// What an INFO says about digits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Dialled {
    /// It is about something else.
    Nothing,
    /// One of the sixteen keys, and for how long, in ms.
    Key(char, u32),
    /// It wants to be about a digit, but names none.
    Malformed,
}

/// Reads what a request says about digits.
pub(super) fn dialled(request: &Request) -> Dialled {
    if request.method != Method::Info {
        return Dialled::Nothing;
    }
    let kind = request.headers.get(&HeaderName::ContentType);
    let kind = kind.and_then(|kind| kind.split(';').next());
    let is_relay = match kind.map(|kind| kind.trim().to_ascii_lowercase()).as_deref() {
        Some("application/dtmf-relay") => true,
        Some("application/dtmf") => false,
        _ => return Dialled::Nothing,
    };
    let read = std::str::from_utf8(&request.body).ok();
    let read = read.and_then(if is_relay { relayed } else { bare });
    read.map_or(Dialled::Malformed, |(key, millis)| {
        Dialled::Key(key, millis)
    })
}

/// `Signal=5` and `Duration=160`, a line each.
fn relayed(body: &str) -> Option<(char, u32)> {
    let (mut digit, mut millis) = (None, DEFAULT_MILLIS);
    for line in body.lines() {
        let Some((name, value)) = line.split_once('=') else {
            continue;
        };
        match name.trim().to_ascii_lowercase().as_str() {
            "signal" => digit = key(value.trim()),
            "duration" => millis = value.trim().parse().unwrap_or(DEFAULT_MILLIS),
            _ => {}
        }
    }
    Some((digit?, millis.clamp(*MILLIS.start(), *MILLIS.end())))
}

/// Only the digit.
fn bare(body: &str) -> Option<(char, u32)> {
    Some((key(body.trim())?, DEFAULT_MILLIS))
}

/// One of the sixteen keys; some phones write the event numbers of RFC 4733 for the last six.
fn key(text: &str) -> Option<char> {
    let mut letters = text.chars();
    match (letters.next()?.to_ascii_uppercase(), letters.next()) {
        (key @ ('0'..='9' | '*' | '#' | 'A'..='D'), None) => Some(key),
        _ => match text {
            "10" => Some('*'),
            "11" => Some('#'),
            "12" => Some('A'),
            "13" => Some('B'),
            "14" => Some('C'),
            "15" => Some('D'),
            _ => None,
        },
    }
}

/// Whether a phone that answers an INFO like this does not know digits in INFO.
pub(super) fn knows_no_digits(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::NOT_IMPLEMENTED
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::BAD_INFO_PACKAGE
            | StatusCode::NOT_ACCEPTABLE_HERE
    )
}

impl Bridge {
    /// Puts a digit into the audio of a phone that takes it there. Tells whether it does.
    pub(super) fn sound_digit(&mut self, desk: &mut Desk, digit: Digit) -> bool {
        let Digit {
            call,
            to,
            key,
            millis,
        } = digit;
        let takes_events = |this: &super::call::Call| {
            let plan = this.plan.as_ref();
            // What only the phones can open nobody can add to.
            plan.is_some_and(|plan| {
                plan.side(to).telephone_event.is_some()
                    && !plan.side(to).is_sealed_by_phone()
                    && !plan.side(to.other()).is_sealed_by_phone()
            })
        };
        let can = desk.config.sounds_digits && self.calls.get(&call).is_some_and(takes_events);
        if can {
            desk.emit(Event::MediaDigit {
                call,
                to,
                digit: key,
                millis,
            });
        }
        can
    }
}

#[cfg(test)]
mod tests {
    use sip::Uri;

    use super::*;

    fn info(kind: &str, body: &'static str) -> Dialled {
        let uri: Uri = "sip:phone@192.0.2.1".parse().unwrap();
        let mut request = Request::new(Method::Info, uri);
        request
            .headers
            .push(HeaderName::ContentType, kind.to_owned());
        request.body = body.into();
        dialled(&request)
    }

    #[test]
    fn digits_of_both_kinds_are_read() {
        let relay = "application/dtmf-relay";
        assert_eq!(
            info(relay, "Signal=5\r\nDuration=250\r\n"),
            Dialled::Key('5', 250)
        );
        assert_eq!(info(relay, "Signal= #\nDuration= 1"), Dialled::Key('#', 40));
        assert_eq!(
            info(relay, "signal=d\nduration=99999999999"),
            Dialled::Key('D', 160)
        );
        assert_eq!(info(relay, "Signal=11\r\n"), Dialled::Key('#', 160));
        assert_eq!(info("Application/DTMF; x=y", "*"), Dialled::Key('*', 160));
    }

    #[test]
    fn what_is_no_digit_is_told_apart() {
        for body in ["", "Duration=100", "Signal=55", "Signal=flash", "Signal=é"] {
            assert_eq!(
                info("application/dtmf-relay", body),
                Dialled::Malformed,
                "{body}"
            );
        }
        assert_eq!(info("application/dtmf", "E"), Dialled::Malformed);
        assert_eq!(info("application/media_control+xml", "5"), Dialled::Nothing);
    }
}
