//! Reading and printing: real phones' descriptions, malformed lines, limits, and whatever proptest makes up.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops where its ground is missing"
)]

use proptest::prelude::*;
use sdp::{
    Attribute, Connection, Direction, Family, LineProblem, MAX_BYTES, MAX_LINES, Media, MediaKind,
    Origin, SdpError, SessionDescription,
};

fn crlf(text: &str) -> String {
    text.trim_start().replace('\n', "\r\n")
}

fn problem(text: &str) -> (usize, LineProblem) {
    match SessionDescription::parse(text.as_bytes()) {
        Err(SdpError::Line { line, problem }) => (line, problem),
        other => panic!("expected an error of a line, got {other:?}"),
    }
}

const DESK_PHONE: &str = "
v=0
o=baresip 3846523 1 IN IP4 192.0.2.7
s=-
i=a desk phone
u=https://phone.example/
e=who@phone.example
p=+49 30 1234
c=IN IP4 192.0.2.7
b=AS:256
t=0 0
r=604800 3600 0 90000
t=3034423619 3042462419
z=2882844526 -1h 2898848070 0
k=prompt
a=tool:baresip 1.0
a=ice-lite
m=audio 17210 RTP/AVP 96 0 8 101
i=speech
c=IN IP4 224.2.1.1/127/3
b=TIAS:64000
k=clear:nothing
a=rtpmap:96 opus/48000/2
a=fmtp:96 stereo=1;sprop-stereo=1
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=sendrecv
a=rtcp:17211 IN IP4 192.0.2.7
m=video 0/2 RTP/AVP 31
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP6 ::
a=sctp-port:5000
";

#[test]
fn a_description_in_the_grammars_order_prints_byte_for_byte() {
    let text = crlf(DESK_PHONE);
    let description = SessionDescription::parse(text.as_bytes()).unwrap();
    assert_eq!(description.to_string(), text);
}

#[test]
fn the_fields_that_matter_are_read() {
    let description = SessionDescription::parse(crlf(DESK_PHONE).as_bytes()).unwrap();
    assert_eq!(description.origin.session_id, "3846523");
    assert_eq!(description.session_name, "-");
    assert_eq!(description.media.len(), 3);
    let audio = description.audio().unwrap();
    assert_eq!((audio.port, audio.proto.as_str()), (17210, "RTP/AVP"));
    assert_eq!(audio.formats, ["96", "0", "8", "101"]);
    assert_eq!(audio.attribute("rtcp"), Some("17211 IN IP4 192.0.2.7"));
    assert_eq!(
        description.audio_address(),
        Some("224.2.1.1:17210".parse().unwrap())
    );
    assert_eq!(description.media[1].port_count, Some(2));
    assert_eq!(
        description.media[2].kind,
        MediaKind::Other("application".to_owned())
    );
}

#[test]
fn bare_line_feeds_and_empty_lines_at_the_end_are_read() {
    let text = "v=0\no=- 1 1 IN IP6 2001:db8::1\ns= \nt=0 0\nm=audio 4000 RTP/AVP 0\nc=IN IP6 2001:db8::1\n\r\n\n";
    let description = SessionDescription::parse(text.as_bytes()).unwrap();
    assert_eq!(
        description.audio_address(),
        Some("[2001:db8::1]:4000".parse().unwrap())
    );
}

#[test]
fn lines_out_of_order_are_read_and_printed_in_order() {
    let text =
        "v=0\r\ns=-\r\no=- 1 1 IN IP4 192.0.2.1\r\nt=0 0\r\na=x\r\nc=IN IP4 192.0.2.1\r\nX=odd\r\n";
    let description = SessionDescription::parse(text.as_bytes()).unwrap();
    assert_eq!(
        description.to_string(),
        "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nX=odd\r\nt=0 0\r\na=x\r\n"
    );
}

#[test]
fn each_malformed_line_is_named() {
    let head = "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\n";
    let cases = [
        ("v=1\n".to_owned(), 1, LineProblem::Version),
        (
            "o=- 1 1 IN IP4 192.0.2.1\n".to_owned(),
            1,
            LineProblem::Version,
        ),
        (format!("{head}v=0\n"), 4, LineProblem::Version),
        (format!("{head}s=again\n"), 4, LineProblem::Repeated),
        (
            format!("{head}o=- 1 1 IN IP4 192.0.2.1\n"),
            4,
            LineProblem::Repeated,
        ),
        (format!("{head}\nt=0 0\n"), 4, LineProblem::NoType),
        (format!("{head}nonsense\n"), 4, LineProblem::NoType),
        (format!("{head}ab=c\n"), 4, LineProblem::NoType),
        (format!("{head}ü=c\n"), 4, LineProblem::NoType),
        (format!("{head}i=a\0b\n"), 4, LineProblem::NotText),
        (format!("{head}i=a\rb\n"), 4, LineProblem::NotText),
        (format!("{head}a=:value\n"), 4, LineProblem::Attribute),
        (format!("{head}c=IN IP4\n"), 4, LineProblem::Connection),
        (
            format!("{head}c=IN IP5 1.2.3.4\n"),
            4,
            LineProblem::Connection,
        ),
        (format!("{head}m=audio\n"), 4, LineProblem::Media),
        (
            format!("{head}m=audio 65536 RTP/AVP 0\n"),
            4,
            LineProblem::Media,
        ),
        (
            format!("{head}m=audio -1 RTP/AVP 0\n"),
            4,
            LineProblem::Media,
        ),
        (
            format!("{head}m=audio 4000 RTP/AVP\n"),
            4,
            LineProblem::Media,
        ),
        (
            "v=0\no=- x 1 IN IP4 192.0.2.1\n".to_owned(),
            2,
            LineProblem::Origin,
        ),
        ("v=0\no=- 1 1 IN IP4\n".to_owned(), 2, LineProblem::Origin),
    ];
    for (text, line, expected) in cases {
        assert_eq!(problem(&text), (line, expected), "{text:?}");
    }
    let not_utf8 = [head.as_bytes(), b"i=\xff\n"].concat();
    assert!(matches!(
        SessionDescription::parse(&not_utf8),
        Err(SdpError::Line {
            line: 4,
            problem: LineProblem::NotText
        })
    ));
}

#[test]
fn an_error_is_one_sentence_that_names_the_line() {
    let error = SessionDescription::parse(b"v=0\r\no=me\r\n").unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 2 of the session description must be \"o=user id version IN IP4|IP6 address\""
    );
}

#[test]
fn required_lines_are_missed() {
    for (text, missing) in [
        ("", 'v'),
        ("\r\n\r\n", 'v'),
        ("v=0\r\ns=-\r\n", 'o'),
        ("v=0\no=- 1 1 IN IP4 h\n", 's'),
    ] {
        assert_eq!(
            SessionDescription::parse(text.as_bytes()),
            Err(SdpError::Missing(missing))
        );
    }
}

#[test]
fn size_and_number_of_lines_are_limited() {
    let head = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n";
    let long = format!("{head}i={}\r\n", "x".repeat(MAX_BYTES));
    assert!(matches!(
        SessionDescription::parse(long.as_bytes()),
        Err(SdpError::TooLong { .. })
    ));
    let many = format!("{head}{}", "a=x\r\n".repeat(MAX_LINES - 3));
    assert!(SessionDescription::parse(many.as_bytes()).is_ok());
    let more = format!("{many}a=x\r\n");
    assert_eq!(
        SessionDescription::parse(more.as_bytes()),
        Err(SdpError::TooManyLines)
    );
}

#[test]
fn directions_come_from_stream_then_session_then_default() {
    let read = |text: &str| {
        let description = SessionDescription::parse(text.as_bytes()).unwrap();
        Direction::of(&description, &description.media[0])
    };
    let head = "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\n";
    assert_eq!(
        read(&format!("{head}m=audio 1 RTP/AVP 0\n")),
        Direction::SendRecv
    );
    assert_eq!(
        read(&format!("{head}a=sendonly\nm=audio 1 RTP/AVP 0\n")),
        Direction::SendOnly
    );
    assert_eq!(
        read(&format!(
            "{head}a=sendonly\nm=audio 1 RTP/AVP 0\na=inactive\n"
        )),
        Direction::Inactive
    );
    assert_eq!(
        read(&format!("{head}m=audio 1 RTP/AVP 0\nc=IN IP4 0.0.0.0\n")),
        Direction::SendOnly
    );
}

fn word() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9._-]{1,12}"
}

fn line_text() -> impl Strategy<Value = String> {
    // Anything but the characters that end a line.
    "[^\r\n\0]{0,40}"
}

fn attribute() -> impl Strategy<Value = Attribute> {
    (word(), proptest::option::of(line_text())).prop_map(|(name, value)| Attribute { name, value })
}

fn connection() -> impl Strategy<Value = Connection> {
    prop_oneof![
        any::<std::net::Ipv4Addr>().prop_map(|ip| Connection::new(ip.into())),
        any::<std::net::Ipv6Addr>().prop_map(|ip| Connection::new(ip.into())),
        word().prop_map(|address| Connection {
            family: Family::Ip4,
            address
        }),
    ]
}

prop_compose! {
    fn media()(
        kind in word(),
        port in any::<u16>(),
        port_count in proptest::option::of(any::<u16>()),
        proto in word(),
        formats in proptest::collection::vec(word(), 1..6),
        connection in proptest::option::of(connection()),
        attributes in proptest::collection::vec(attribute(), 0..6),
    ) -> Media {
        let kind = match kind.len() % 3 {
            0 => MediaKind::Audio,
            1 => MediaKind::Video,
            _ => MediaKind::Other(kind),
        };
        Media { port_count, formats, connection, attributes, ..Media::new(kind, port, &proto) }
    }
}

prop_compose! {
    fn description()(
        user in word(),
        session_id in any::<u64>(),
        version in any::<u64>(),
        address in any::<std::net::Ipv6Addr>(),
        session_name in line_text(),
        connection in proptest::option::of(connection()),
        attributes in proptest::collection::vec(attribute(), 0..6),
        media in proptest::collection::vec(media(), 0..4),
    ) -> SessionDescription {
        let origin = Origin { user, ..Origin::new(session_id, version, address.into()) };
        let mut description = SessionDescription::new(origin, connection);
        description.session_name = session_name;
        description.attributes = attributes;
        description.media = media;
        description
    }
}

proptest! {
    #[test]
    fn what_is_printed_is_read_again(description in description()) {
        let text = description.to_string();
        let read = SessionDescription::parse(text.as_bytes());
        prop_assert_eq!(read, Ok(description));
    }

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = SessionDescription::parse(&bytes);
    }

    #[test]
    fn damaged_descriptions_never_panic_and_print_what_they_read(
        at in 0usize..800, byte in any::<u8>(), cut in 0usize..900,
    ) {
        let mut bytes = crlf(DESK_PHONE).into_bytes();
        let length = bytes.len();
        bytes[at % length] = byte;
        bytes.truncate(cut);
        if let Ok(description) = SessionDescription::parse(&bytes) {
            let again = SessionDescription::parse(description.to_string().as_bytes());
            prop_assert_eq!(again, Ok(description));
        }
    }
}
