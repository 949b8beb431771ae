//! A fixed budget of damaged messages: none may bring the parser down, and what it accepts it can print.

use bytes::Bytes;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sip::{
    Authorization, Challenge, ContentType, Credentials, EventHeader, Framed, Framer, Headers,
    Message, MinSe, Multipart, NameAddr, RAck, RSeq, ReferTo, ReferredBy, Replaces, SessionExpires,
    SipEtag, SubscriptionState, Text, TypedHeader, Uri, Via, WwwAuthenticate,
};

/// Enough to reach every branch many times within a few seconds of an unoptimised build.
const BUDGET: usize = 40_000;

const SEEDS: &[&str] = &[
    "INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\r\n\
     TO :\r\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\r\n\
     from   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8\r\n\
     MaX-fOrWaRdS: 0068\r\n\
     Call-ID: wsinv.ndaksdj@192.0.2.1\r\n\
     Content-Length   : 4\r\n\
     cseq: 0009\r\n  INVITE\r\n\
     Via  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw\r\n\
     v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n \
     SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239\r\n\
     m:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue ;\r\n  secondparam ; q = 0.33\r\n\
     \r\nv=0\r\n",
    "REGISTER sips:[2001:db8::10]:5061;transport=tcp?a=b SIP/2.0\r\n\
     v: SIP/2.0/WSS [2001:db8::9:1];received=[2001:db8::9:255];rport=1;branch=z9hG4bKas3-111\r\n\
     f: sip:user@example.com;tag=81x2\r\n\
     t: <tel:+1-201-555-0123;phone-context=x>\r\n\
     i: SSG9559905523997077@hlau_4100\r\n\
     CSeq: 98176 REGISTER\r\n\
     m: *\r\n\
     Expires: 0\r\n\
     Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n\
     Retry-After: 120 (in a (nested\\)) comment);duration=5\r\n\
     Content-Type: multipart/mixed;boundary=\"a;b\"\r\n\
     Authorization: Digest username=\"bob\", realm=\"bil,oxi\", nonce=\"dcd9\\\"8b\", uri=\"sip:b@b\", \
     response=\"6629fae49393a05397450978507c4ef1\", qop=auth, nc=0000000a, cnonce=\"0a\"\r\n\
     l: 0\r\n\r\n",
    "SIP/2.0 401 Unauthorized\r\n\
     Via: SIP/2.0/TCP 192.0.2.4:5060;branch=z9hG4bK74bf9, SIP/2.0/UDP a.b\r\n\
     From: Alice <sip:alice@example.com>;tag=9fxced76sl\r\n\
     To: \"Bob\" <sip:bob@example.com>;tag=8321234356\r\n\
     Call-ID: 3848276298220188511@example.com\r\n\
     CSeq: 1 INVITE\r\n\
     WWW-Authenticate: Digest realm=\"atlanta\", nonce=\"f84f1\", opaque=\"\", stale=TRUE, algorithm=SHA-256, qop=\"auth,auth-int\"\r\n\
     Record-Route: <sip:p1.example.com;lr>, <sip:p2.example.com;lr>;x=\"<,>\"\r\n\
     Supported: \r\n\
     Content-Length: 0\r\n\r\n",
];

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

fn mutate(random: &mut ChaCha8Rng, bytes: &mut Vec<u8>) {
    let at = random.random_range(0..=bytes.len());
    match random.random_range(0..6) {
        0 if at < bytes.len() => bytes[at] = random.random(),
        1 if at < bytes.len() => {
            bytes.remove(at);
        }
        2 => bytes.truncate(at),
        3 => {
            let end = (at + random.random_range(0..40)).min(bytes.len());
            let copy = bytes[at..end].to_vec();
            let to = random.random_range(0..=bytes.len());
            bytes.splice(to..to, copy);
        }
        4 => {
            let end = (at + random.random_range(0..20)).min(bytes.len());
            bytes.drain(at..end);
        }
        _ => {
            let piece = PIECES[random.random_range(0..PIECES.len())];
            bytes.splice(at..at, piece.iter().copied());
        }
    }
}

fn damaged(random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = SEEDS[random.random_range(0..SEEDS.len())]
        .as_bytes()
        .to_vec();
    for _ in 0..random.random_range(1..=6) {
        mutate(random, &mut bytes);
    }
    bytes
}

/// Reads everything that can be read of some headers.
fn read_all(headers: &Headers) {
    let _ = headers.typed_list::<Via>();
    let _ = headers.typed_list::<Authorization>();
    let _ = headers.typed_list::<WwwAuthenticate>();
    for challenge in Challenge::all_in(headers) {
        let _: (_, _) = (challenge.algorithm(), challenge.offers_auth());
    }
    for header in headers {
        let _ = header.value.parse::<Uri>();
        let _ = header.value.parse::<NameAddr>();
        let _ = format!("{header:?}");
    }
}

#[test]
fn damaged_messages_are_refused_or_understood() {
    let mut random = ChaCha8Rng::seed_from_u64(4475);
    let (mut accepted, mut refused, mut answered) = (0, 0, 0);
    for _ in 0..BUDGET {
        let bytes = Bytes::from(damaged(&mut random));
        match Message::parse(bytes.clone()) {
            Ok(message) => {
                accepted += 1;
                let _ = match &message {
                    Message::Request(request) => request.check(),
                    Message::Response(response) => response.check(),
                };
                read_all(message.headers());
                let printed = message.to_bytes();
                let again = Message::parse(printed.clone())
                    .unwrap_or_else(|error| panic!("{error}: {bytes:?} printed {printed:?}"));
                assert_eq!(again.to_bytes(), printed, "{bytes:?}");
                assert_eq!(again.body(), message.body());
            }
            Err(error) => {
                refused += 1;
                assert!(!error.to_string().is_empty());
                if let Some(response) = error.response_bytes() {
                    answered += 1;
                    Message::parse(response.clone()).unwrap_or_else(|error| {
                        panic!("{error}: {bytes:?} was answered {response:?}")
                    });
                }
            }
        }
    }
    // The seeds must be damaged neither too little nor too much to test anything.
    assert!(accepted > BUDGET / 10, "{accepted}");
    assert!(refused > BUDGET / 10, "{refused}");
    assert!(answered > BUDGET / 20, "{answered}");
}

#[test]
fn damaged_streams_give_the_same_however_they_are_cut() {
    let mut random = ChaCha8Rng::seed_from_u64(3261);
    for _ in 0..BUDGET / 10 {
        let mut stream = Vec::new();
        for _ in 0..3 {
            stream.extend(damaged(&mut random));
            if random.random_bool(0.3) {
                stream.extend_from_slice(b"\r\n\r\n");
            }
        }
        let whole = cut(&stream, stream.len());
        let step = random.random_range(1..50);
        assert_eq!(cut(&stream, step), whole, "pieces of {step} of {stream:?}");
    }
}

/// The messages of a stream, and whether it broke.
fn cut(stream: &[u8], step: usize) -> (Vec<Bytes>, bool) {
    let mut framer = Framer::default();
    let mut messages = Vec::new();
    for piece in stream.chunks(step.max(1)) {
        framer.push(piece);
        loop {
            match framer.next() {
                Ok(Some(Framed::Message(message))) => messages.push(message),
                Ok(Some(Framed::Ping | Framed::Pong)) => {}
                Ok(None) => break,
                Err(_) => return (messages, true),
            }
        }
    }
    (messages, false)
}

#[test]
fn noise_is_refused_in_silence() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    for _ in 0..BUDGET / 10 {
        let mut bytes = vec![0u8; random.random_range(0..1500)];
        random.fill_bytes(&mut bytes);
        let error = Message::parse(Bytes::from(bytes)).expect_err("noise is no message");
        assert!(error.response().is_none());
    }
}

#[test]
fn damaged_header_values_are_refused_or_come_back() {
    let mut random = ChaCha8Rng::seed_from_u64(7616);
    for _ in 0..BUDGET {
        let mut bytes = br#"Digest username="b\"ob", realm="a", nonce="x", uri="sip:b@b", response="66", qop=auth, nc=0a, cnonce="c""#
            .to_vec();
        for _ in 0..random.random_range(1..4) {
            mutate(&mut random, &mut bytes);
        }
        let Ok(text) = String::from_utf8(bytes) else {
            continue;
        };
        if let Ok(Authorization(credentials)) = Authorization::parse(&text.as_str().into()) {
            let on_one_line = Credentials {
                username: credentials.username.replace(['\r', '\n'], " ").into(),
                ..credentials.clone()
            };
            if on_one_line == credentials && !text.contains(['\r', '\n']) {
                let printed = Authorization(credentials.clone()).to_text();
                let again = Authorization::parse(&printed)
                    .unwrap_or_else(|error| panic!("{error}: {text}"));
                assert_eq!(again.0, credentials);
            }
        }
    }
}

#[test]
fn damaged_bodies_of_several_parts_do_no_harm() {
    let content_type = ContentType::parse(&"multipart/mixed;boundary=b".into()).unwrap();
    let whole = b"--b\r\nContent-Type: multipart/mixed;boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n\
        --b\r\nContent-Type: text/plain\r\n\r\nHello\r\n--b \t\r\n\r\n\r\n--b--\r\n";
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let mut read = 0;
    for _ in 0..BUDGET {
        let mut bytes = whole.to_vec();
        for _ in 0..random.random_range(1..=6) {
            mutate(&mut random, &mut bytes);
        }
        let bytes = Bytes::from(bytes);
        let _ = Multipart::find(&content_type, &bytes, "application", "sdp");
        if let Ok(multipart) = Multipart::parse(&content_type, &bytes) {
            let (boundary, body) = multipart.print();
            let mut again = content_type.clone();
            again.params.set("boundary", Some(&boundary));
            assert_eq!(Multipart::parse(&again, &body), Ok(multipart));
            read += 1;
        }
    }
    assert!(read > BUDGET / 100, "{read}");
}

#[test]
fn damaged_headers_of_extensions_do_no_harm() {
    fn reread<T: TypedHeader + PartialEq + std::fmt::Debug>(value: &Text) {
        if let Ok(header) = T::parse(value) {
            assert_eq!(T::parse(&header.to_text()), Ok(header), "{value:?}");
        }
    }
    let seeds = [
        "776656 1 INVITE",
        "1800;refresher=uac",
        "<sip:carol@example.com?Replaces=a%40b%3Bto-tag%3D1>;cid=\"x\"",
        "98732@sip.example.com;from-tag=r33th4x0r;to-tag=ff87ff;early-only",
        "dialog;id=7",
        "terminated;reason=probation;retry-after=30",
        "dx200xyz",
    ];
    let mut random = ChaCha8Rng::seed_from_u64(6);
    for _ in 0..BUDGET {
        let mut bytes = seeds[random.random_range(0..seeds.len())]
            .as_bytes()
            .to_vec();
        for _ in 0..random.random_range(1..=3) {
            mutate(&mut random, &mut bytes);
        }
        // As the parser gives them: on one line and without white space at the ends.
        let text = String::from_utf8_lossy(&bytes).replace(['\r', '\n'], " ");
        let value = Text::from(text.trim_matches([' ', '\t']));
        reread::<RAck>(&value);
        reread::<RSeq>(&value);
        reread::<SessionExpires>(&value);
        reread::<MinSe>(&value);
        reread::<ReferTo>(&value);
        reread::<ReferredBy>(&value);
        reread::<Replaces>(&value);
        reread::<EventHeader>(&value);
        reread::<SubscriptionState>(&value);
        reread::<SipEtag>(&value);
        if let Ok(target) = ReferTo::parse(&value) {
            let _ = Replaces::in_uri(&target.uri);
        }
    }
}
