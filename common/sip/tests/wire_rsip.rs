//! An independent reader: `rsip` reads what we print, and reads the same; and messages go over and come back.

use bytes::Bytes;
use rsip::message::HasHeaders;
use rsip::prelude::{HeadersExt, ToTypedHeader};
use sip::{
    Authorization, CSeq, Challenge, Contact, FromHeader, HeaderName, Host, MaxForwards, Message,
    Method, NameAddr, Request, Response, Secret, StatusCode, ToHeader, Transport, Uri, Via,
    WwwAuthenticate, respond,
};

fn uri(text: &str) -> Uri {
    text.parse().expect("a valid constant")
}

fn address(text: &str) -> NameAddr {
    text.parse().expect("a valid constant")
}

fn request(method: Method) -> Request {
    let mut request = Request::new(
        method.clone(),
        uri("sip:bob@biloxi.example.com:5070;transport=tcp"),
    );
    let host = Host::parse("pc33.atlanta.example.com").expect("a valid constant");
    let via = Via::new(Transport::Tcp, host, Some(5060)).with_branch("z9hG4bKnashds8");
    request.headers.push_typed(&via);
    request.headers.push_typed(&MaxForwards::INITIAL);
    let from = address("<sip:alice@atlanta.example.com>")
        .with_display_name("Alice \"A\" Liddell")
        .with_tag("1928301774");
    request.headers.push_typed(&FromHeader(from));
    request
        .headers
        .push_typed(&ToHeader(address("<sip:bob@biloxi.example.com>")));
    request.headers.push(
        HeaderName::CallId,
        "a84b4c76e66710@pc33.atlanta.example.com",
    );
    request.headers.push_typed(&CSeq {
        number: 314_159,
        method,
    });
    request.headers.push_typed(&Contact::Address(address(
        "<sip:alice@192.0.2.4:5080>;expires=60",
    )));
    request
        .headers
        .push(HeaderName::from("X-Unknown"), "a; b, \"c\"");
    request
}

/// Reads our bytes with `rsip` and checks that each header is there with its name and value.
#[track_caller]
fn read(bytes: &Bytes, message: &Message) -> rsip::SipMessage {
    let read = rsip::SipMessage::try_from(bytes.to_vec())
        .unwrap_or_else(|error| panic!("rsip cannot read {bytes:?}: {error}"));
    let lines: Vec<String> = read.headers().iter().map(ToString::to_string).collect();
    let mut ours: Vec<String> = message
        .headers()
        .iter()
        .map(|header| format!("{}: {}", header.name, header.value))
        .collect();
    if !message.headers().has(&HeaderName::ContentLength) {
        ours.push(format!("Content-Length: {}", message.body().len()));
    }
    assert_eq!(lines, ours);
    assert_eq!(read.body(), &message.body()[..]);
    read
}

#[test]
fn it_reads_our_requests() {
    for method in [
        Method::Invite,
        Method::Ack,
        Method::Bye,
        Method::Cancel,
        Method::Register,
        Method::Options,
        Method::Message,
        Method::Info,
    ] {
        let mut ours = request(method.clone());
        ours.headers
            .push(HeaderName::ContentType, "application/sdp");
        ours.body = Bytes::from_static(b"v=0\r\ns=-\r\n");
        let rsip::SipMessage::Request(theirs) =
            read(&ours.to_bytes(), &Message::Request(ours.clone()))
        else {
            panic!("rsip takes a request for a response")
        };
        assert_eq!(theirs.method().to_string(), method.as_str());
        // It writes the transport in capitals.
        assert!(uri(&theirs.uri().to_string()).equivalent(&ours.uri));
    }
}

#[test]
fn it_reads_our_responses() {
    let ours = request(Method::Invite);
    for status in [
        StatusCode::TRYING,
        StatusCode::RINGING,
        StatusCode::OK,
        StatusCode::BUSY_HERE,
        StatusCode::DECLINE,
    ] {
        let response = Response::to(&ours, status);
        let bytes = response.to_bytes();
        let rsip::SipMessage::Response(theirs) = read(&bytes, &Message::Response(response)) else {
            panic!("rsip takes a response for a request")
        };
        assert_eq!(theirs.status_code().code(), status.code());
    }
}

#[test]
fn it_understands_our_headers_as_we_do() {
    let ours = request(Method::Invite);
    let theirs = rsip::SipMessage::try_from(ours.to_bytes().to_vec()).unwrap();

    let via = theirs.via_header().unwrap().typed().unwrap();
    assert_eq!(via.branch().unwrap().value(), "z9hG4bKnashds8");
    assert_eq!(via.transport, rsip::Transport::Tcp);
    assert_eq!(via.uri.to_string(), "pc33.atlanta.example.com:5060");

    let from = theirs.from_header().unwrap().typed().unwrap();
    assert_eq!(from.uri.to_string(), "sip:alice@atlanta.example.com");
    assert_eq!(from.tag().unwrap().value(), "1928301774");

    let to = theirs.to_header().unwrap().typed().unwrap();
    assert_eq!(to.uri.to_string(), "sip:bob@biloxi.example.com");
    assert!(to.tag().is_none());

    let cseq = theirs.cseq_header().unwrap().typed().unwrap();
    assert_eq!((cseq.seq, cseq.method), (314_159, rsip::Method::Invite));

    let contact = theirs.contact_header().unwrap().typed().unwrap();
    assert_eq!(contact.uri.to_string(), "sip:alice@192.0.2.4:5080");
    assert_eq!(contact.expires().unwrap().value(), "60");
}

#[test]
fn it_computes_the_same_digest() {
    let secret = Secret::from("zanzibar");
    let challenge = Challenge {
        realm: "biloxi.example.com".into(),
        nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093".into(),
        opaque: Some("5ccc069c403ebaf9f0171e9517f40e41".into()),
        algorithm: Some("MD5".into()),
        qop: Some("auth".into()),
        ..Challenge::default()
    };
    let mut challenged = Response::to(&request(Method::Register), StatusCode::UNAUTHORIZED);
    challenged
        .headers
        .push_typed(&WwwAuthenticate(challenge.clone()));
    let theirs = rsip::SipMessage::try_from(challenged.to_bytes().to_vec()).unwrap();
    let read = theirs.www_authenticate_header().unwrap().typed().unwrap();
    assert_eq!(read.realm, "biloxi.example.com");
    assert_eq!(read.nonce, "dcd98b7102dd2f0e8b11d0f600bfb0c093");

    let mut ours = request(Method::Register);
    // rsip hashes the URI as it would print it itself, so it is one without a transport.
    let asked = "sip:biloxi.example.com";
    // rsip counts in decimal digits, so the count stays below ten.
    let credentials = respond(
        &challenge,
        "bob",
        &secret,
        &ours.method,
        asked,
        9,
        "0a4f113b",
    );
    ours.headers.push_typed(&Authorization(credentials.clone()));
    let theirs = rsip::SipMessage::try_from(ours.to_bytes().to_vec()).unwrap();
    let read = theirs.authorization_header().unwrap().typed().unwrap();
    assert_eq!(read.response, credentials.response.as_str());
    let method = rsip::Method::Register;
    let check = rsip::services::DigestGenerator::from(&read, "zanzibar", &method);
    assert!(check.verify(&credentials.response));
    let wrong = rsip::services::DigestGenerator::from(&read, "mombasa", &method);
    assert!(!wrong.verify(&credentials.response));
}

/// Ours go over to theirs, and come back as they were, but for the length that printing writes.
#[track_caller]
fn goes_over_and_comes_back(message: &Message) {
    let theirs = rsip::SipMessage::try_from(message).expect("rsip can hold it");
    let mut ours = Message::try_from(theirs).expect("it was ours");
    ours.headers_mut().remove(&HeaderName::ContentLength);
    assert_eq!(ours, *message);
}

#[test]
fn messages_go_over_and_come_back() {
    let mut ours = request(Method::Message);
    ours.uri = uri("sip:bob@biloxi.example.com:5070");
    ours.headers
        .push(HeaderName::ContentType, "application/octet-stream");
    ours.headers.push(HeaderName::Subject, "Gr\u{fc}\u{df}e");
    // No text: it must not be taken for one.
    ours.body = Bytes::from_static(b"\0\xff\r\n\r\nINVITE\xc3");
    let mut answer = Response::to(&ours, StatusCode::BUSY_HERE);
    answer.reason = "Gone fishing".into();
    goes_over_and_comes_back(&Message::Request(ours));
    let theirs = rsip::Response::try_from(&answer).unwrap();
    assert_eq!(theirs.status_code().code(), 486);
    let back = Response::try_from(theirs).unwrap();
    assert_eq!(back.status, answer.status);
}

#[test]
fn what_rsip_cannot_hold_is_refused_and_not_bent() {
    let mut ours = request(Method::Invite);
    ours.uri = uri("tel:+1-201-555-0123");
    let refused = rsip::Request::try_from(&ours).unwrap_err();
    assert!(refused.to_string().starts_with("rsip cannot hold"));
    ours.uri = uri("sip:bob@[2001:db8::10]");
    match rsip::Request::try_from(&ours) {
        Err(_) => {}
        Ok(theirs) => assert_eq!(Request::try_from(theirs).unwrap().uri, ours.uri),
    }
}

#[test]
fn the_length_is_that_of_the_body_they_hold() {
    let bytes = request(Method::Info).to_bytes();
    let mut theirs = rsip::Request::try_from(&bytes[..]).unwrap();
    theirs.body = b"longer than was announced".to_vec();
    let ours = Request::try_from(theirs).unwrap();
    assert_eq!(&ours.body[..], b"longer than was announced");
    assert!(!ours.headers.has(&HeaderName::ContentLength));
}

#[test]
fn what_they_hold_and_we_refuse_gives_our_error() {
    let bytes = request(Method::Info).to_bytes();
    let mut theirs = rsip::Request::try_from(&bytes[..]).unwrap();
    theirs
        .headers
        .retain(|header| !matches!(header, rsip::Header::CallId(_)));
    let error = Request::try_from(theirs).unwrap_err();
    assert_eq!(error.header(), Some(&HeaderName::CallId));
}
