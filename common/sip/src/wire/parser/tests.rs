//! Tests of the parser.

use super::*;
use crate::wire::headers::{CSeq, Contact, FromHeader, ToHeader, Via};
use crate::wire::{Scheme, TypedHeader};

mod refusals;

const INVITE: &str = "INVITE sip:bob@biloxi.example.com SIP/2.0\r\n\
    Via: SIP/2.0/UDP pc33.atlanta.example.com;branch=z9hG4bKnashds8\r\n\
    Max-Forwards: 70\r\n\
    To: Bob <sip:bob@biloxi.example.com>\r\n\
    From: Alice <sip:alice@atlanta.example.com>;tag=1928301774\r\n\
    Call-ID: a84b4c76e66710@pc33.atlanta.example.com\r\n\
    CSeq: 314159 INVITE\r\n\
    Contact: <sip:alice@pc33.atlanta.example.com>\r\n\
    Content-Type: application/sdp\r\n\
    Content-Length: 5\r\n\
    \r\n\
    v=0\r\n";

const OK: &str = "SIP/2.0 200 OK\r\n\
    Via: SIP/2.0/UDP pc33.atlanta.example.com;branch=z9hG4bKnashds8;received=192.0.2.1\r\n\
    To: Bob <sip:bob@biloxi.example.com>;tag=a6c85cf\r\n\
    From: Alice <sip:alice@atlanta.example.com>;tag=1928301774\r\n\
    Call-ID: a84b4c76e66710@pc33.atlanta.example.com\r\n\
    CSeq: 314159 INVITE\r\n\
    Content-Length: 0\r\n\
    \r\n";

fn parse(text: &str) -> Result<Message, ParseError> {
    Message::parse(Bytes::copy_from_slice(text.as_bytes()))
}

fn request(text: &str) -> Request {
    match parse(text) {
        Ok(Message::Request(request)) => request,
        other => panic!("no request: {other:?}"),
    }
}

fn response(text: &str) -> Response {
    match parse(text) {
        Ok(Message::Response(response)) => response,
        other => panic!("no response: {other:?}"),
    }
}

#[test]
fn a_request_is_read_and_prints_the_same() {
    let invite = request(INVITE);
    assert_eq!(invite.method, Method::Invite);
    assert_eq!(invite.uri.scheme, Scheme::Sip);
    assert_eq!(invite.headers.len(), 9);
    assert_eq!(invite.body, "v=0\r\n");
    invite.check().unwrap();
    assert_eq!(invite.to_bytes(), INVITE);
}

#[test]
fn a_response_is_read_and_prints_the_same() {
    let ok = response(OK);
    assert_eq!((ok.status, &*ok.reason), (StatusCode::OK, "OK"));
    ok.check().unwrap();
    assert_eq!(ok.to_bytes(), OK);
}

#[test]
fn line_breaks_before_the_start_line_are_ignored() {
    assert_eq!(request(&format!("\r\n\r\n{INVITE}")), request(INVITE));
}

#[test]
fn folded_lines_and_white_space_around_the_colon_are_read() {
    let text = INVITE.replace(
        "Max-Forwards: 70\r\n",
        "MAX-FORWARDS \t :\r\n  70  \r\nSubject: I know you're there,\r\n   pick up\r\n\t the phone\r\n \r\n",
    );
    let invite = request(&text);
    assert_eq!(invite.headers.get(&HeaderName::MaxForwards).unwrap(), "70");
    assert_eq!(
        invite.headers.get(&HeaderName::Subject).unwrap(),
        "I know you're there, pick up the phone"
    );
    assert!(matches!(
        parse(&String::from_utf8_lossy(&invite.to_bytes())),
        Ok(Message::Request(_))
    ));
}

#[test]
fn compact_forms_are_read_as_the_long_ones() {
    let compact = INVITE
        .replace("Via:", "v:")
        .replace("To:", "t:")
        .replace("From:", "f:")
        .replace("Call-ID:", "i:")
        .replace("Contact:", "m:")
        .replace("Content-Type:", "c:")
        .replace("Content-Length:", "l:");
    assert_eq!(request(&compact), request(INVITE));
}

#[test]
fn unknown_headers_survive_as_they_are() {
    let text = INVITE.replace(
        "Max-Forwards",
        "X-fUNNY: \"a\\\"\" ;; <\u{e9}>,\t x\r\nMax-Forwards",
    );
    assert_eq!(request(&text).to_bytes(), text);
}

#[test]
fn an_empty_value_is_a_value() {
    let invite = request(&INVITE.replace("Max-Forwards: 70", "Supported:"));
    assert_eq!(invite.headers.get(&HeaderName::Supported).unwrap(), "");
}

#[test]
fn what_follows_the_body_of_a_datagram_is_ignored() {
    assert_eq!(request(&format!("{INVITE}trailing noise")), request(INVITE));
}

#[test]
fn without_a_length_the_body_goes_to_the_end() {
    let text = INVITE.replace("Content-Length: 5\r\n", "");
    let invite = request(&text);
    assert_eq!(invite.body, "v=0\r\n");
    assert_eq!(invite.headers.get(&HeaderName::ContentLength), None);
    // The length is written even though it was not read.
    assert_eq!(
        request(&String::from_utf8_lossy(&invite.to_bytes())).body,
        "v=0\r\n"
    );
}

#[test]
fn a_wrong_length_is_corrected_when_printing() {
    let mut invite = request(INVITE);
    invite.body = Bytes::from_static(b"longer than before");
    invite.headers.push(HeaderName::ContentLength, "3");
    let printed = String::from_utf8(invite.to_bytes().to_vec()).unwrap();
    assert_eq!(printed.matches("Content-Length: 18\r\n").count(), 1);
    assert_eq!(printed.matches("Content-Length").count(), 1);
}

#[test]
fn a_body_may_be_any_bytes() {
    let mut datagram = INVITE.replace("v=0\r\n", "").into_bytes();
    datagram.extend_from_slice(b"\xff\x00\r\n\x80");
    let message = Message::parse(datagram.into()).unwrap();
    assert_eq!(&message.body()[..], b"\xff\x00\r\n\x80");
}

#[test]
fn status_lines_may_lack_the_reason() {
    for line in ["SIP/2.0 200 ", "SIP/2.0 200", "sip/2.0 200 "] {
        let ok = response(&OK.replace("SIP/2.0 200 OK", line));
        assert_eq!((ok.status, &*ok.reason), (StatusCode::OK, ""));
    }
    let odd = response(&OK.replace("200 OK", "200 = 2**3 * 5**2 \u{436}  x "));
    assert_eq!(odd.reason, "= 2**3 * 5**2 \u{436}  x ");
}

#[test]
fn checking_finds_what_parsing_leaves_alone() {
    for (old, new, sentence) in [
        (
            "314159 INVITE",
            "314159 BYE",
            "the CSeq header names another method than the request",
        ),
        (
            "314159 INVITE",
            "36893488147419103232 INVITE",
            "the CSeq header has no number from 0 to 4294967295",
        ),
        (
            "To: Bob <",
            "To: \"Bob <",
            "the To header has an open quote",
        ),
        (
            "Max-Forwards: 70",
            "Max-Forwards: 300",
            "the Max-Forwards header is not a number from 0 to 255",
        ),
        (
            "UDP pc33",
            "U DP pc33",
            "the Via header has a malformed host or port",
        ),
        (
            "<sip:alice@pc33",
            "sip:a@b?Route=x, <sip:alice@pc33",
            "the Contact header has an address that must be put into angle brackets",
        ),
        (
            "Max-Forwards: 70",
            "Expires: soon",
            "the Expires header is not a number of seconds",
        ),
        (
            "application/sdp",
            "sdp",
            "the Content-Type header is not a type and a subtype",
        ),
    ] {
        let invite = request(&INVITE.replace(old, new));
        let error = invite.check().unwrap_err();
        assert_eq!(error.to_string(), sentence);
        let error = ParseError::in_request(&invite, error);
        assert_eq!(
            error.response().is_some(),
            !sentence.contains("Via"),
            "{sentence}"
        );
    }
}

#[test]
fn typed_values_share_the_memory_of_the_message() {
    let invite = request(INVITE);
    let from: FromHeader = invite.headers.required().unwrap();
    let value = invite.headers.get(&FromHeader::NAME).unwrap();
    let tag = from.tag().unwrap();
    assert!(value.as_bytes().as_ptr_range().contains(&tag.as_ptr()));
    assert_eq!(from.display_name.as_deref(), Some("Alice"));
    assert_eq!(invite.headers.required::<CSeq>().unwrap().number, 314_159);
    assert!(
        invite
            .headers
            .required::<Contact>()
            .unwrap()
            .address()
            .is_some()
    );
}

#[test]
fn a_response_takes_what_the_rfc_names_from_its_request() {
    let mut invite = request(INVITE);
    invite.headers.push(HeaderName::Timestamp, "54.2");
    let trying = Response::to(&invite, StatusCode::TRYING);
    let names: Vec<_> = trying
        .headers
        .iter()
        .map(|header| header.name.to_string())
        .collect();
    assert_eq!(names, ["Via", "To", "From", "Call-ID", "CSeq", "Timestamp"]);
    assert!(
        !Response::to(&invite, StatusCode::OK)
            .headers
            .has(&HeaderName::Timestamp)
    );
}

#[test]
fn nothing_that_we_set_can_break_the_start_line() {
    let mut invite = request(INVITE);
    invite.uri.user = Some("x SIP/2.0\r\nVia: evil".into());
    invite.method = Method::Other("A\r\nB".into());
    let again = request(&String::from_utf8_lossy(&invite.to_bytes()).replace("\u{0}", ""));
    assert_eq!(again.headers.len(), 9);
    let mut ok = response(OK);
    ok.reason = "fine\r\nVia: evil".into();
    let again = response(&String::from_utf8_lossy(&ok.to_bytes()));
    assert_eq!(again.headers, ok.headers);
    assert_eq!(again.reason, "fine  Via: evil");
}
