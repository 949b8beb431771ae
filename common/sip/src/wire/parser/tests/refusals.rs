//! What is refused, and how it is answered.

use super::*;

#[test]
fn malformed_start_lines_are_refused() {
    let invite_line = "INVITE sip:bob@biloxi.example.com SIP/2.0";
    for (line, problem) in [
        ("", Problem::StartLine),
        ("INVITE", Problem::StartLine),
        ("INVITE sip:bob@biloxi.example.com", Problem::StartLine),
        (
            "INVITE  sip:bob@biloxi.example.com SIP/2.0",
            Problem::RequestUri(uri_error(" sip:x")),
        ),
        (
            "INVITE sip:bob@biloxi.example.com  SIP/2.0",
            Problem::RequestUri(uri_error("sip:x ")),
        ),
        (
            "INVITE sip:bob@biloxi.example.com SIP/2.0 ",
            Problem::StartLine,
        ),
        (
            "INVITE <sip:bob@biloxi.example.com> SIP/2.0",
            Problem::RequestUri(uri_error("<sip:x>")),
        ),
        (
            "INVITE sip:bob@biloxi.example.com; lr SIP/2.0",
            Problem::RequestUri(uri_error("sip:x; lr")),
        ),
        (
            "INV{ITE sip:bob@biloxi.example.com SIP/2.0",
            Problem::StartLine,
        ),
        (
            " INVITE sip:bob@biloxi.example.com SIP/2.0",
            Problem::StartLine,
        ),
        (
            "INVITE sip:bob@biloxi.example.com SIP/7.0",
            Problem::Version,
        ),
        (
            "INVITE sip:bob@biloxi.example.com HTTP/1.1",
            Problem::StartLine,
        ),
        (
            "INVITE\tsip:bob@biloxi.example.com SIP/2.0",
            Problem::StartLine,
        ),
    ] {
        let error = parse(&INVITE.replace(invite_line, line)).unwrap_err();
        // An empty first line is a line break before the start line, and then a header stands in its place.
        if !line.is_empty() {
            assert_eq!(*error.problem(), problem, "{line}");
        }
    }
    for line in [
        "SIP/2.0 99 x",
        "SIP/2.0 700 x",
        "SIP/2.0 2000 x",
        "SIP/2.0 +20 x",
        "SIP/2.0 OK",
    ] {
        let error = parse(&OK.replace("SIP/2.0 200 OK", line)).unwrap_err();
        assert_eq!(*error.problem(), Problem::StartLine, "{line}");
        assert!(error.response().is_none());
    }
    let error = parse(&OK.replace("SIP/2.0 200 OK", "SIP/3.0 200 OK")).unwrap_err();
    assert_eq!(*error.problem(), Problem::Version);
}

fn uri_error(text: &str) -> crate::wire::UriError {
    Uri::parse(text).unwrap_err()
}

#[test]
fn a_missing_or_repeated_header_is_named_in_the_error() {
    for (name, line) in [
        (
            HeaderName::Via,
            "Via: SIP/2.0/UDP pc33.atlanta.example.com;branch=z9hG4bKnashds8\r\n",
        ),
        (HeaderName::To, "To: Bob <sip:bob@biloxi.example.com>\r\n"),
        (
            HeaderName::From,
            "From: Alice <sip:alice@atlanta.example.com>;tag=1928301774\r\n",
        ),
        (
            HeaderName::CallId,
            "Call-ID: a84b4c76e66710@pc33.atlanta.example.com\r\n",
        ),
        (HeaderName::CSeq, "CSeq: 314159 INVITE\r\n"),
    ] {
        let error = parse(&INVITE.replace(line, "")).unwrap_err();
        assert_eq!(error.header(), Some(&name));
        assert_eq!(error.to_string(), format!("the {name} header is missing"));
        // Without these two a response would reach nobody or mean nothing; the others are made up for.
        let response = error.response_bytes();
        let is_silent = matches!(name, HeaderName::Via | HeaderName::CSeq);
        assert_eq!(response.is_none(), is_silent, "{name}");
        if let Some(response) = response {
            let response = Message::parse(response).unwrap();
            assert!(response.headers().has(&name));
        }

        if name != HeaderName::Via {
            let error = parse(&INVITE.replace(line, &line.repeat(2))).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("the {name} header stands more than once")
            );
            assert!(error.response().is_some());
        }
    }
}

#[test]
fn malformed_lines_are_named_by_their_number() {
    for line in [
        "no colon at all",
        ": no name",
        "na me: x",
        "Caf\u{e9}: x",
        "X: a\nY: b",
        "X: a\rb",
    ] {
        let text = INVITE.replace("Max-Forwards: 70", line);
        let error = parse(&text).unwrap_err();
        assert_eq!(*error.problem(), Problem::Line { line: 3 }, "{line:?}");
        assert_eq!(error.response().unwrap().status, StatusCode::BAD_REQUEST);
    }
    let error = parse(&INVITE.replace("SIP/2.0\r\nVia", "SIP/2.0\r\n Via")).unwrap_err();
    assert_eq!(*error.problem(), Problem::StartLine);
}

#[test]
fn a_length_that_lies_or_is_no_number_is_answered_with_400() {
    for (value, sentence) in [
        (
            "9999",
            "the Content-Length header announces 9999 bytes, and 5 came",
        ),
        ("-999", "the Content-Length header is not one number"),
        ("5, 5", "the Content-Length header is not one number"),
        ("", "the Content-Length header is not one number"),
    ] {
        let text = INVITE.replace("Content-Length: 5", &format!("Content-Length: {value}"));
        let error = parse(&text).unwrap_err();
        assert_eq!(error.to_string(), sentence);
        assert_eq!(error.header(), Some(&HeaderName::ContentLength));
        let response = error.response().unwrap();
        assert_eq!(response.reason, format!("Bad Request: {sentence}"));
    }
}

#[test]
fn a_message_without_blank_line_is_refused_and_answered_as_far_as_it_goes() {
    let cut = INVITE.split("\r\n\r\n").next().unwrap();
    let error = parse(&format!("{cut}\r\n")).unwrap_err();
    assert_eq!(*error.problem(), Problem::NoBlankLine);
    assert!(error.response().is_some());
    for noise in ["", "\r\n", "\r\n\r\n\r\n", "x", "\r\n\r\n\r\n\r\n"] {
        assert!(parse(noise).unwrap_err().response().is_none());
    }
}

#[test]
fn a_head_that_is_not_utf8_is_refused_and_answered() {
    let mut datagram = INVITE.as_bytes().to_vec();
    let place = INVITE.find("Bob").unwrap();
    datagram[place] = 0xff;
    let error = Message::parse(datagram.into()).unwrap_err();
    assert_eq!(*error.problem(), Problem::NotUtf8);
    assert!(error.response().is_some());
}

#[test]
fn limits_hold() {
    let many = "X: y\r\n".repeat(300);
    let error = parse(&INVITE.replace("Max-Forwards: 70\r\n", &many)).unwrap_err();
    assert_eq!(*error.problem(), Problem::TooManyHeaders { limit: 256 });
    assert_eq!(error.status(), StatusCode::BAD_REQUEST);
    let long = format!("X: {}", "y".repeat(70_000));
    let error = parse(&INVITE.replace("Max-Forwards: 70", &long)).unwrap_err();
    assert_eq!(*error.problem(), Problem::TooLarge { limit: 65_536 });
    assert_eq!(error.status(), StatusCode::MESSAGE_TOO_LARGE);
    let limits = Limits {
        message_bytes: INVITE.len(),
        headers: 9,
    };
    let datagram = Bytes::from_static(INVITE.as_bytes());
    assert!(Message::parse_within(datagram.clone(), &limits).is_ok());
    let tight = Limits {
        headers: 8,
        ..limits
    };
    assert!(Message::parse_within(datagram, &tight).is_err());
}

#[test]
fn the_response_to_a_malformed_request_finds_its_way() {
    let text = INVITE
        .replace(
            "Max-Forwards: 70",
            "Via: SIP/2.0/TCP two.example;branch=z9hG4bK2\r\nbroken",
        )
        .replace("pc33.atlanta.example.com;branch", "192.0.2.1:5070 ;branch");
    let error = parse(&text).unwrap_err();
    let response = error.response().unwrap();
    assert_eq!(response.headers.typed_list::<Via>().unwrap().len(), 2);
    let to: ToHeader = response.headers.required().unwrap();
    assert!(to.tag().is_some_and(|tag| tag.len() == 16));
    // The same request gets the same tag.
    assert_eq!(parse(&text).unwrap_err().response(), Some(response.clone()));
    let printed = error.response_bytes().unwrap();
    assert_eq!(
        Message::parse(printed).unwrap(),
        Message::Response({
            let mut same = response;
            same.headers.push(HeaderName::ContentLength, "0");
            same
        })
    );
}

#[test]
fn an_ack_is_never_answered() {
    let ack = INVITE.replace("INVITE", "ACK");
    assert!(parse(&ack).is_ok());
    let error = parse(&ack.replace("Max-Forwards: 70", "broken")).unwrap_err();
    assert!(error.response().is_none());
}

#[test]
fn another_version_is_answered_with_505() {
    let error = parse(&INVITE.replacen("SIP/2.0", "SIP/7.0", 1)).unwrap_err();
    let response = error.response().unwrap();
    assert_eq!(
        (response.status.code(), &*response.reason),
        (505, "Version Not Supported")
    );
}
