//! Keys in descriptions: what is read, what is refused, and what offer and answer make of them.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops where its ground is missing"
)]

use proptest::prelude::*;
use sdp::{
    AnswerError, Codec, Crypto, CryptoError, CryptoSuite, Direction, MasterKey, OfferConfig,
    SessionDescription, accept_answer, answer, offer, offer_again, redirect,
};

/// A key of `suite` that differs for each `seed`.
fn key(tag: u32, suite: CryptoSuite, seed: u8) -> Crypto {
    let bytes: Vec<u8> = (0..suite.master_bytes())
        .map(|index| seed.wrapping_mul(31).wrapping_add(index as u8))
        .collect();
    Crypto::new(tag, suite, MasterKey::new(suite, &bytes).unwrap())
}

fn config(crypto: &[Crypto]) -> OfferConfig<'_> {
    OfferConfig {
        address: "198.51.100.9:6000".parse().unwrap(),
        codecs: &[Codec::Opus, Codec::Pcma],
        session_id: 77,
        version: 1,
        direction: Direction::SendRecv,
        ptime_millis: 20,
        crypto,
    }
}

fn with(lines: &str) -> SessionDescription {
    let text = format!("v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\n{lines}");
    SessionDescription::parse(text.as_bytes()).unwrap()
}

const SHA1_80: CryptoSuite = CryptoSuite::AesCm128HmacSha1_80;
const SHA1_32: CryptoSuite = CryptoSuite::AesCm128HmacSha1_32;
const GCM: CryptoSuite = CryptoSuite::AeadAes256Gcm;

#[test]
fn an_encrypted_offer_looks_like_this() {
    let keys = [key(1, GCM, 1), key(2, SHA1_80, 2)];
    let text = offer(&config(&keys)).to_string().replace("\r\n", "\n");
    insta::assert_snapshot!(text, @r"
    v=0
    o=- 77 1 IN IP4 198.51.100.9
    s=-
    c=IN IP4 198.51.100.9
    t=0 0
    m=audio 6000 RTP/SAVP 111 8 110 101
    a=rtpmap:111 opus/48000/2
    a=fmtp:111 minptime=10;useinbandfec=1
    a=rtpmap:8 PCMA/8000
    a=rtpmap:110 telephone-event/48000
    a=fmtp:110 0-15
    a=rtpmap:101 telephone-event/8000
    a=fmtp:101 0-15
    a=crypto:1 AEAD_AES_256_GCM inline:HyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4/QEFCQ0RFRkdISUo=
    a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:Pj9AQUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVpb
    a=ptime:20
    a=sendrecv
    ");
}

#[test]
fn the_line_of_the_rfc_is_read_but_its_key_identifier_is_refused() {
    let line = "1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20";
    let crypto = Crypto::parse(line).unwrap();
    assert_eq!(
        (
            crypto.tag,
            crypto.suite,
            crypto.key.key(),
            crypto.key.salt()
        ),
        (
            1,
            SHA1_80,
            &b"YS___semctl () {"[..],
            &b"\t220;}\n}\nunles"[..]
        )
    );
    let identified = format!("{line}|1:4");
    assert_eq!(Crypto::parse(&identified), Err(CryptoError::KeyIdentifier));
}

#[test]
fn lines_of_no_use_say_why_and_do_not_hide_those_behind_them() {
    const KEY: &str = "inline:Pj9AQUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVpb";
    let cases = [
        ("", CryptoError::Syntax),
        ("1", CryptoError::Syntax),
        ("1 AES_CM_128_HMAC_SHA1_80", CryptoError::Syntax),
        ("x AES_CM_128_HMAC_SHA1_80 KEY", CryptoError::Syntax),
        (
            "1234567890 AES_CM_128_HMAC_SHA1_80 KEY",
            CryptoError::Syntax,
        ),
        ("1 AES_CM_128_HMAC_SHA1_80 uri:x", CryptoError::Syntax),
        ("1 F8_128_HMAC_SHA1_80 KEY", CryptoError::UnknownSuite),
        ("1 aes_cm_128_hmac_sha1_80 KEY", CryptoError::UnknownSuite),
        ("1 AEAD_AES_256_GCM KEY", CryptoError::Key),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:", CryptoError::Key),
        ("1 AES_CM_128_HMAC_SHA1_80 inline:Pj9A!", CryptoError::Key),
        (
            "1 AES_CM_128_HMAC_SHA1_80 KEY|1:4",
            CryptoError::KeyIdentifier,
        ),
        (
            "1 AES_CM_128_HMAC_SHA1_80 KEY;KEY",
            CryptoError::KeyIdentifier,
        ),
        ("1 AES_CM_128_HMAC_SHA1_80 KEY|2^x", CryptoError::Syntax),
        (
            "1 AES_CM_128_HMAC_SHA1_80 KEY KDR=2",
            CryptoError::SessionParameter,
        ),
        (
            "1 AES_CM_128_HMAC_SHA1_80 KEY UNENCRYPTED_SRTP",
            CryptoError::SessionParameter,
        ),
        (
            "1 AES_CM_128_HMAC_SHA1_80 KEY UNAUTHENTICATED_SRTP",
            CryptoError::SessionParameter,
        ),
        (
            "1 AES_CM_128_HMAC_SHA1_80 KEY WHAT=EVER",
            CryptoError::SessionParameter,
        ),
    ];
    let mut lines = "m=audio 4000 RTP/SAVP 8\n".to_owned();
    for (line, error) in cases {
        let line = line.replace("KEY", KEY);
        assert_eq!(Crypto::parse(&line), Err(error), "{line}");
        lines += &format!("a=crypto:{line}\n");
    }
    lines += &format!("a=crypto:7 AES_CM_128_HMAC_SHA1_32 {KEY}|2^31 WSH=64 -NEW=1\n");
    let description = with(&lines);
    assert_eq!(description.media[0].crypto_lines().count(), cases.len() + 1);
    let usable = description.media[0].crypto();
    assert_eq!(
        (usable.len(), usable[0].tag, usable[0].suite),
        (1, 7, SHA1_32)
    );
}

#[test]
fn a_key_is_never_printed_for_people() {
    let crypto = key(1, SHA1_80, 9);
    let shown = format!("{crypto:?}");
    assert!(shown.contains("MasterKey(..)"), "{shown}");
    assert!(MasterKey::new(SHA1_80, &[0; 29]).is_none());
}

#[test]
fn the_answer_takes_the_first_line_of_the_offer_that_it_has_a_key_for() {
    let theirs = [key(4, GCM, 1), key(5, SHA1_32, 2), key(6, SHA1_80, 3)];
    let ours = [key(1, SHA1_80, 4), key(2, SHA1_32, 5)];
    let offered = offer(&config(&theirs));
    let (answered, at_callee) = answer(&offered, &config(&ours)).unwrap();
    assert_eq!(answered.media[0].proto, "RTP/SAVP");
    let lines = answered.media[0].crypto();
    assert_eq!(
        (lines.len(), lines[0].tag, lines[0].key),
        (1, 5, ours[1].key)
    );
    let at_callee = at_callee.crypto.unwrap();
    let at_caller = accept_answer(&offered, &answered).unwrap().crypto.unwrap();
    assert_eq!((at_caller.ours, at_caller.theirs), (theirs[1], lines[0]));
    assert_eq!((at_callee.ours, at_callee.theirs), (lines[0], theirs[1]));
}

#[test]
fn the_sealed_one_of_two_streams_is_taken_if_there_are_keys() {
    let both = with(
        "m=audio 4000 RTP/AVP 8\nm=audio 4002 RTP/SAVP 8\n\
         a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:Pj9AQUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVpb\n",
    );
    let keys = [key(1, SHA1_80, 4)];
    let ports = |crypto| {
        let (answered, negotiated) = answer(&both, &config(crypto)).unwrap();
        let ports = answered.media.iter().map(|media| media.port);
        (ports.collect::<Vec<_>>(), negotiated.crypto.is_some())
    };
    assert_eq!(ports(&keys), (vec![0, 6000], true));
    assert_eq!(ports(&[]), (vec![6000, 0], false));
}

#[test]
fn a_plain_offer_is_answered_plainly_and_the_result_says_so() {
    let plain = with("m=audio 4000 RTP/AVP 8\n");
    let keys = [key(1, SHA1_80, 4)];
    let (answered, negotiated) = answer(&plain, &config(&keys)).unwrap();
    assert_eq!(answered.media[0].proto, "RTP/AVP");
    assert!(answered.media[0].crypto().is_empty());
    assert_eq!(negotiated.crypto, None);
}

#[test]
fn streams_without_a_common_key_are_refused() {
    let keys = [key(1, SHA1_80, 4)];
    for lines in [
        "m=audio 4000 RTP/SAVP 8\n",
        "m=audio 4000 RTP/SAVP 8\na=crypto:1 F8_128_HMAC_SHA1_80 inline:x\n",
    ] {
        let error = answer(&with(lines), &config(&keys)).unwrap_err();
        assert_eq!(error, AnswerError::NoCommonCrypto, "{lines}");
    }
    let ours = offer(&config(&keys));
    let (mut answered, _) = answer(&ours, &config(&[key(1, SHA1_80, 5)])).unwrap();
    for (line, error) in [
        (Some(key(2, SHA1_80, 5)), AnswerError::NoCommonCrypto),
        (Some(key(1, SHA1_32, 5)), AnswerError::NoCommonCrypto),
        (None, AnswerError::NoCommonCrypto),
    ] {
        answered.media[0]
            .attributes
            .retain(|attribute| attribute.name != "crypto");
        answered.media[0]
            .attributes
            .extend(line.map(|line| line.to_attribute()));
        assert_eq!(accept_answer(&ours, &answered), Err(error));
    }
    let plain = with("m=audio 4000 RTP/AVP 8\n");
    assert_eq!(
        accept_answer(&ours, &plain),
        Err(AnswerError::TransportChanged)
    );
}

#[test]
fn a_later_offer_says_the_keys_again_and_the_relay_leaves_them_alone() {
    let keys = [key(1, SHA1_80, 4)];
    let first = offer(&config(&keys));
    let mut hold = offer_again(
        &first,
        &OfferConfig {
            direction: Direction::SendOnly,
            ..config(&keys)
        },
    );
    assert_eq!(hold.media[0].crypto(), keys);
    redirect(&mut hold, "203.0.113.1:40000".parse().unwrap());
    assert_eq!(hold.media[0].crypto(), keys);
    assert_eq!(hold.media[0].proto, "RTP/SAVP");

    let opened = offer_again(&first, &config(&[]));
    assert_eq!(opened.media[0].proto, "RTP/AVP");
    let sealed = offer_again(&opened, &config(&keys));
    assert_eq!(sealed.media[0].proto, "RTP/SAVP");
}

proptest! {
    #[test]
    fn a_line_is_read_as_it_was_written(tag in 0u32..1_000_000_000, which in 0usize..4, bytes: [u8; 44]) {
        let suite = CryptoSuite::ALL[which];
        let key = MasterKey::new(suite, &bytes[..suite.master_bytes()]).unwrap();
        let crypto = Crypto::new(tag, suite, key);
        prop_assert_eq!(Crypto::parse(&crypto.to_attribute().value.unwrap()), Ok(crypto));
        let kept = serde_json::to_string(&crypto).unwrap();
        prop_assert_eq!(serde_json::from_str::<Crypto>(&kept).unwrap(), crypto);
    }

    #[test]
    fn no_line_makes_the_reader_panic(value in "\\PC{0,120}") {
        let _ = Crypto::parse(&value);
    }
}
