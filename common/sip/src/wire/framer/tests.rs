//! Tests of the framer.

use super::*;
use crate::wire::{Message, StatusCode};

fn message(length_line: &str, body: &str) -> String {
    format!(
        "MESSAGE sip:bob@example.com SIP/2.0\r\n\
         Via: SIP/2.0/TCP a.example;branch=z9hG4bK1\r\n\
         From: <sip:alice@example.com>;tag=1\r\n\
         To: <sip:bob@example.com>\r\n\
         Call-ID: 1@a.example\r\n\
         CSeq: 1 MESSAGE\r\n\
         {length_line}\r\n\
         \r\n\
         {body}"
    )
}

/// Everything that comes out of a stream, which is given in pieces of `step` bytes.
fn pieces(stream: &[u8], step: usize) -> Result<Vec<Framed>, FramingError> {
    let mut framer = Framer::default();
    let mut out = Vec::new();
    for piece in stream.chunks(step) {
        framer.push(piece);
        while let Some(framed) = framer.next()? {
            out.push(framed);
        }
    }
    Ok(out)
}

fn framed(message: &str) -> Framed {
    Framed::Message(Bytes::copy_from_slice(message.as_bytes()))
}

#[test]
fn messages_come_out_whole_however_the_stream_is_cut() {
    let one = message("Content-Length: 5", "hello");
    let two = message("l:0", "");
    let three = message("CONTENT-LENGTH  :\t11", "a\r\n\r\nb\r\n\r\nc");
    let stream = format!("{one}{two}\r\n{three}");
    for step in [1, 2, 3, 7, 100, 1000, stream.len()] {
        let out = pieces(stream.as_bytes(), step).unwrap();
        assert_eq!(
            out,
            [framed(&one), framed(&two), Framed::Pong, framed(&three)],
            "pieces of {step} bytes"
        );
    }
}

#[test]
fn a_body_that_looks_like_a_message_stays_a_body() {
    let inner = message("Content-Length: 0", "");
    let outer = message(&format!("Content-Length: {}", inner.len()), &inner);
    let next = message("Content-Length: 2", "ok");
    let stream = format!("{outer}{next}");
    for step in [1, 50, stream.len()] {
        let out = pieces(stream.as_bytes(), step).unwrap();
        assert_eq!(out, [framed(&outer), framed(&next)]);
    }
}

#[test]
fn the_length_is_not_taken_from_a_folded_line_or_another_header() {
    let tricky = message(
        "Subject: x\r\n Content-Length: 900\r\nX-Content-Length: 800\r\nContent-Length: 2",
        "ok",
    );
    assert_eq!(pieces(tricky.as_bytes(), 9).unwrap(), [framed(&tricky)]);
    let folded = message("Content-Length:\r\n  2", "ok");
    assert_eq!(pieces(folded.as_bytes(), 9).unwrap(), [framed(&folded)]);
}

#[test]
fn pings_come_out_even_in_pieces() {
    for step in 1..=4 {
        assert_eq!(pieces(b"\r\n\r\n", step).unwrap(), [Framed::Ping]);
    }
    let one = message("Content-Length: 0", "");
    let stream = format!("\r\n\r\n\r\n\r\n{one}\r\n\r\n");
    assert_eq!(
        pieces(stream.as_bytes(), 3).unwrap(),
        [Framed::Ping, Framed::Ping, framed(&one), Framed::Ping]
    );
}

#[test]
fn a_lone_line_break_is_a_pong_when_one_is_expected() {
    let mut framer = Framer::default();
    framer.expect_pong();
    framer.push(b"\r");
    assert_eq!(framer.next().unwrap(), None);
    framer.push(b"\n");
    assert_eq!(framer.next().unwrap(), Some(Framed::Pong));
    assert!(!framer.is_within_message());
    // Not expected: it may be half a ping.
    framer.push(b"\r\n");
    assert_eq!(framer.next().unwrap(), None);
    framer.push(b"\r\n");
    assert_eq!(framer.next().unwrap(), Some(Framed::Ping));
}

#[test]
fn a_stream_without_a_certain_length_is_given_up_and_answered() {
    for line in [
        "X: y",
        "Content-Length: -1",
        "Content-Length: 1 2",
        "Content-Length: 5, 5",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 184467440737095516160",
        "Content-Length:",
    ] {
        let error = pieces(message(line, "hello").as_bytes(), 64).unwrap_err();
        assert_eq!(
            error.error.header(),
            Some(&HeaderName::ContentLength),
            "{line}"
        );
        let response = error.error.response().unwrap();
        assert_eq!(response.status, StatusCode::BAD_REQUEST);
        assert_eq!(
            response.headers.get(&HeaderName::CallId).unwrap(),
            "1@a.example"
        );
    }
}

#[test]
fn too_large_a_message_is_refused_before_it_has_come() {
    let head = message("Content-Length: 65536", "");
    let error = pieces(head.as_bytes(), 64).unwrap_err();
    assert_eq!(error.error.status(), StatusCode::MESSAGE_TOO_LARGE);
    assert!(error.error.response().is_some());
    let endless = format!("OPTIONS sip:a SIP/2.0\r\nX: {}", "y".repeat(70_000));
    let error = pieces(endless.as_bytes(), 1000).unwrap_err();
    assert_eq!(error.error.status(), StatusCode::MESSAGE_TOO_LARGE);
}

#[test]
fn the_limit_is_exact() {
    let whole = message("Content-Length: 5", "hello");
    for (limit, is_accepted) in [(whole.len(), true), (whole.len() - 1, false)] {
        let mut framer = Framer::new(Limits {
            message_bytes: limit,
            ..Limits::default()
        });
        framer.push(whole.as_bytes());
        assert_eq!(framer.next().is_ok(), is_accepted);
    }
}

#[test]
fn other_protocols_are_turned_away_at_their_first_bytes() {
    for start in [
        &b"\x16\x03\x01\x02\x00\x01\x00"[..],
        b"\n",
        b"\r\r",
        b"\r\nx\x00y",
        b"\x00",
        b"GET / HTTP/1.1\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"hello there\r\n",
        b"OPTIONS sip:a SIP/2.0\n",
        &[b'A'; 65],
    ] {
        assert!(pieces(start, 1).is_err(), "{start:?}");
        assert!(pieces(start, start.len()).is_err(), "{start:?}");
    }
}

#[test]
fn after_an_error_nothing_comes_out_any_more() {
    let mut framer = Framer::default();
    framer.push(b"\x00");
    assert!(framer.next().is_err());
    framer.push(message("Content-Length: 0", "").as_bytes());
    assert!(framer.next().is_err());
    assert!(!framer.is_within_message());
}

#[test]
fn what_comes_out_can_be_parsed() {
    let one = message("l : 2", "hi");
    for framed in pieces(one.as_bytes(), 10).unwrap() {
        let Framed::Message(bytes) = framed else {
            panic!("no message: {framed:?}")
        };
        assert_eq!(Message::parse(bytes).unwrap().body(), "hi");
    }
}

#[test]
fn too_long_a_start_line_is_refused_however_it_is_cut() {
    let head = "Via: SIP/2.0/TCP a\r\nContent-Length: 0\r\n\r\n";
    let stream = format!("OPTIONS sip:{}@b SIP/2.0\r\n{head}", "a".repeat(9000));
    for step in [stream.len(), 1000] {
        let mut framer = Framer::default();
        let mut is_refused = false;
        for piece in stream.as_bytes().chunks(step) {
            framer.push(piece);
            is_refused |= framer.next().is_err();
        }
        assert!(is_refused, "pieces of {step}");
    }
}
