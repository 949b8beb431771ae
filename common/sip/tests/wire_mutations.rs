//! Damaged values of the headers of extensions, and noise. The rest is in `tests/damage`.

use bytes::Bytes;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sip::{
    EventHeader, Message, MinSe, RAck, RSeq, ReferTo, ReferredBy, Replaces, SessionExpires,
    SipEtag, SubscriptionState, Text, TypedHeader,
};

/// Enough to reach every branch many times within a few seconds of an unoptimised build.
const BUDGET: usize = 40_000;

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
