//! Offer and answer, and leading a stream over a relay.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops where its ground is missing"
)]

use std::net::SocketAddr;

use proptest::prelude::*;
use sdp::{
    AnswerError, Codec, Direction, OfferConfig, SessionDescription, accept_answer, answer, offer,
    offer_again, redirect,
};

fn config(codecs: &[Codec]) -> OfferConfig<'_> {
    OfferConfig {
        address: "198.51.100.9:6000".parse().unwrap(),
        codecs,
        session_id: 77,
        version: 1,
        direction: Direction::SendRecv,
        ptime_millis: 20,
        crypto: &[],
    }
}

fn read(text: &str) -> SessionDescription {
    SessionDescription::parse(text.trim_start().as_bytes()).unwrap()
}

/// A description with these lines below the session part.
fn with(lines: &str) -> SessionDescription {
    read(&format!(
        "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\n{lines}"
    ))
}

fn shown(description: &SessionDescription) -> String {
    description.to_string().replace("\r\n", "\n")
}

#[test]
fn our_offer_looks_like_this() {
    insta::assert_snapshot!(shown(&offer(&config(&Codec::ALL))), @r"
    v=0
    o=- 77 1 IN IP4 198.51.100.9
    s=-
    c=IN IP4 198.51.100.9
    t=0 0
    m=audio 6000 RTP/AVP 111 9 0 8 110 101
    a=rtpmap:111 opus/48000/2
    a=fmtp:111 minptime=10;useinbandfec=1
    a=rtpmap:9 G722/8000
    a=rtpmap:0 PCMU/8000
    a=rtpmap:8 PCMA/8000
    a=rtpmap:110 telephone-event/48000
    a=fmtp:110 0-15
    a=rtpmap:101 telephone-event/8000
    a=fmtp:101 0-15
    a=ptime:20
    a=sendrecv
    ");
}

#[test]
fn our_answer_looks_like_this() {
    let offered = with(
        "m=video 5000 RTP/AVP 31\nm=audio 4000 RTP/AVP 0 96 101 100\na=rtpmap:96 OPUS/48000/2\n\
         a=rtpmap:101 telephone-event/8000\na=rtpmap:100 telephone-event/48000\na=sendonly\n",
    );
    let (answer, _) = answer(&offered, &config(&Codec::ALL)).unwrap();
    insta::assert_snapshot!(shown(&answer), @r"
    v=0
    o=- 77 1 IN IP4 198.51.100.9
    s=-
    c=IN IP4 198.51.100.9
    t=0 0
    m=video 0 RTP/AVP 31
    m=audio 6000 RTP/AVP 96 100
    a=rtpmap:96 opus/48000/2
    a=fmtp:96 minptime=10;useinbandfec=1
    a=rtpmap:100 telephone-event/48000
    a=fmtp:100 0-15
    a=ptime:20
    a=recvonly
    ");
}

#[test]
fn opus_is_chosen_even_when_it_is_offered_last() {
    let offered = with("m=audio 4000 RTP/AVP 8 0 120\na=rtpmap:120 opus/48000/2\na=ptime:40\n");
    let (_, negotiated) = answer(&offered, &config(&Codec::ALL)).unwrap();
    assert_eq!(
        (negotiated.codec, negotiated.payload_type),
        (Codec::Opus, 120)
    );
    assert_eq!(
        negotiated.remote,
        "192.0.2.1:4000".parse::<SocketAddr>().unwrap()
    );
    assert_eq!(negotiated.ptime_millis, 40);
    assert_eq!(negotiated.telephone_event, None);
}

#[test]
fn without_opus_the_order_of_the_offer_decides() {
    let offered = with("m=audio 4000 RTP/AVP 3 8 0\n");
    let (_, negotiated) =
        answer(&offered, &config(&[Codec::Opus, Codec::Pcmu, Codec::Pcma])).unwrap();
    assert_eq!(
        (negotiated.codec, negotiated.payload_type),
        (Codec::Pcma, 8)
    );
}

#[test]
fn a_static_number_with_another_map_means_what_the_map_says() {
    let offered = with("m=audio 4000 RTP/AVP 0 8\na=rtpmap:0 opus/48000/2\na=rtpmap:8 G729/8000\n");
    let (_, negotiated) = answer(&offered, &config(&Codec::ALL)).unwrap();
    assert_eq!(
        (negotiated.codec, negotiated.payload_type),
        (Codec::Opus, 0)
    );
    assert_eq!(
        answer(&offered, &config(&[Codec::Pcma])).unwrap_err(),
        AnswerError::NoCommonCodec
    );
}

#[test]
fn digits_go_on_the_clock_of_the_codec() {
    let offered = with(
        "m=audio 4000 RTP/AVP 96 101 100\na=rtpmap:96 opus/48000/2\na=rtpmap:101 telephone-event/8000\n\
         a=rtpmap:100 telephone-event/48000\n",
    );
    let (_, negotiated) = answer(&offered, &config(&Codec::ALL)).unwrap();
    assert_eq!(negotiated.telephone_event, Some(100));
}

#[test]
fn each_side_sends_with_the_number_that_the_other_gave() {
    let ours = offer(&config(&[Codec::Opus]));
    let theirs = with(
        "m=audio 4000 RTP/AVP 97 98\na=rtpmap:97 opus/48000/2\na=rtpmap:98 telephone-event/48000\n",
    );
    let negotiated = accept_answer(&ours, &theirs).unwrap();
    assert_eq!(
        (negotiated.payload_type, negotiated.receive_payload_type),
        (97, 111)
    );
    assert_eq!(negotiated.telephone_event, Some(98));
}

#[test]
fn directions_are_turned_round_and_narrowed() {
    use Direction::{Inactive, RecvOnly, SendOnly, SendRecv};
    let cases = [
        (SendRecv, SendRecv, SendRecv),
        (SendOnly, SendRecv, RecvOnly),
        (RecvOnly, SendRecv, SendOnly),
        (Inactive, SendRecv, Inactive),
        (SendRecv, RecvOnly, RecvOnly),
        (SendOnly, SendOnly, Inactive),
    ];
    for (offered, ours, expected) in cases {
        let caller = OfferConfig {
            direction: offered,
            ..config(&Codec::ALL)
        };
        let callee = OfferConfig {
            direction: ours,
            ..config(&Codec::ALL)
        };
        let offered = offer(&caller);
        let (answer, at_callee) = answer(&offered, &callee).unwrap();
        assert_eq!(at_callee.direction, expected);
        let at_caller = accept_answer(&offered, &answer).unwrap();
        assert_eq!(at_caller.direction, expected.reversed());
    }
}

#[test]
fn an_old_phone_holds_with_an_unspecified_address() {
    let offered = with("m=audio 4000 RTP/AVP 0\nc=IN IP4 0.0.0.0\n");
    let (_, negotiated) = answer(&offered, &config(&Codec::ALL)).unwrap();
    assert_eq!(negotiated.direction, Direction::RecvOnly);
    assert!(negotiated.remote.ip().is_unspecified());
}

#[test]
fn offers_of_no_use_say_why() {
    let cases = [
        ("", AnswerError::NoAudio),
        ("m=video 5000 RTP/AVP 31\n", AnswerError::NoAudio),
        ("m=audio 0 RTP/AVP 0\n", AnswerError::NoAudio),
        ("m=audio 4000 RTP/SAVP 0\n", AnswerError::Encrypted),
        ("m=audio 4000 RTP/SAVPF 0\n", AnswerError::WantsFeedback),
        ("m=audio 4000 UDP/TLS/RTP/SAVPF 0\n", AnswerError::WantsDtls),
        ("m=audio 4000 udp 0\n", AnswerError::UnknownTransport),
        ("m=audio 4000 RTP/AVP 3 18\n", AnswerError::NoCommonCodec),
        ("m=audio 4000 RTP/AVP 96\n", AnswerError::NoCommonCodec),
        (
            "m=audio 4000 RTP/AVP 0\nc=IN IP4 phone.example\n",
            AnswerError::NoAddress,
        ),
    ];
    for (lines, expected) in cases {
        assert_eq!(
            answer(&with(lines), &config(&Codec::ALL)).unwrap_err(),
            expected,
            "{lines}"
        );
    }
}

#[test]
fn answers_of_no_use_say_why() {
    let ours = offer(&config(&Codec::ALL));
    let cases = [
        ("", AnswerError::StreamsDoNotMatch),
        (
            "m=audio 4000 RTP/AVP 0\nm=video 0 RTP/AVP 31\n",
            AnswerError::StreamsDoNotMatch,
        ),
        ("m=video 4000 RTP/AVP 0\n", AnswerError::StreamsDoNotMatch),
        ("m=audio 0 RTP/AVP 0\n", AnswerError::NoAudio),
        ("m=audio 4000 RTP/SAVP 0\n", AnswerError::TransportChanged),
        ("m=audio 4000 RTP/AVP 18\n", AnswerError::NoCommonCodec),
        (
            "m=audio 4000 RTP/AVP 0\nc=IN IP4 phone.example\n",
            AnswerError::NoAddress,
        ),
    ];
    for (lines, expected) in cases {
        assert_eq!(
            accept_answer(&ours, &with(lines)).unwrap_err(),
            expected,
            "{lines}"
        );
    }
}

#[test]
fn ipv6_addresses_are_offered_and_read() {
    let caller = OfferConfig {
        address: "[2001:db8::5]:4000".parse().unwrap(),
        ..config(&Codec::ALL)
    };
    let (_, negotiated) = answer(&offer(&caller), &config(&Codec::ALL)).unwrap();
    assert_eq!(negotiated.remote, caller.address);
}

#[test]
fn a_later_offer_keeps_streams_and_payload_numbers() {
    let offered = with(
        "m=video 5000 RTP/AVP 31\nm=audio 4000 RTP/AVP 111 96\na=rtpmap:111 telephone-event/48000\n\
                        a=rtpmap:96 opus/48000/2\n",
    );
    let (answered, _) = answer(&offered, &config(&Codec::ALL)).unwrap();
    let hold = OfferConfig {
        version: 2,
        direction: Direction::SendOnly,
        ..config(&[Codec::Opus, Codec::Pcma])
    };
    insta::assert_snapshot!(shown(&offer_again(&answered, &hold)), @r"
    v=0
    o=- 77 2 IN IP4 198.51.100.9
    s=-
    c=IN IP4 198.51.100.9
    t=0 0
    m=video 0 RTP/AVP 31
    m=audio 6000 RTP/AVP 96 8 111 101
    a=rtpmap:96 opus/48000/2
    a=fmtp:96 minptime=10;useinbandfec=1
    a=rtpmap:8 PCMA/8000
    a=rtpmap:111 telephone-event/48000
    a=fmtp:111 0-15
    a=rtpmap:101 telephone-event/8000
    a=fmtp:101 0-15
    a=ptime:20
    a=sendonly
    ");
}

#[test]
fn a_redirected_stream_speaks_of_the_relay_alone() {
    let mut description = with(
        "a=ice-lite\na=group:BUNDLE 0 1\nm=audio 4000 RTP/AVP 96\nc=IN IP4 10.0.0.1\na=rtpmap:96 opus/48000/2\n\
         a=candidate:1 1 UDP 1 10.0.0.1 4000 typ host\na=rtcp:4001 IN IP4 10.0.0.1\na=ice-ufrag:x\na=ice-pwd:y\n\
         a=fmtp:96 useinbandfec=1\na=sendonly\nm=video 5000 RTP/AVP 31\na=rtpmap:31 H261/90000\n",
    );
    redirect(&mut description, "203.0.113.1:40000".parse().unwrap());
    insta::assert_snapshot!(shown(&description), @r"
    v=0
    o=- 1 1 IN IP4 203.0.113.1
    s=-
    c=IN IP4 203.0.113.1
    t=0 0
    m=audio 40000 RTP/AVP 96
    a=rtpmap:96 opus/48000/2
    a=fmtp:96 useinbandfec=1
    a=sendonly
    m=video 0 RTP/AVP 31
    ");
}

#[test]
fn hold_by_address_and_refusal_survive_the_relay() {
    let relay = "203.0.113.1:40000".parse().unwrap();
    let mut held = with("m=audio 4000 RTP/AVP 0\nc=IN IP4 0.0.0.0\n");
    redirect(&mut held, relay);
    assert!(held.connection_of(&held.media[0]).unwrap().is_unspecified());
    assert!(!held.to_string().contains("c=IN IP4 192.0.2.1"));

    let mut refused = with("m=audio 0 RTP/AVP 0\n");
    redirect(&mut refused, relay);
    assert_eq!(refused.media[0].port, 0);
    assert_eq!(refused.audio_address(), None);
}

fn codecs() -> impl Strategy<Value = Vec<Codec>> {
    proptest::sample::subsequence(Codec::ALL.to_vec(), 1..=4).prop_shuffle()
}

proptest! {
    #[test]
    fn both_sides_come_to_the_same_stream_or_to_none(caller in codecs(), callee in codecs(), port in 1u16.., rtcp in any::<bool>()) {
        let caller_config = OfferConfig { address: SocketAddr::from(([192, 0, 2, 1], port)), ..config(&caller) };
        let mut offered = offer(&caller_config);
        if rtcp {
            redirect(&mut offered, caller_config.address);
        }
        match answer(&offered, &config(&callee)) {
            Ok((answered, at_callee)) => {
                let at_caller = accept_answer(&offered, &answered).unwrap();
                prop_assert_eq!(at_caller.codec, at_callee.codec);
                prop_assert_eq!(at_caller.payload_type, at_callee.receive_payload_type);
                prop_assert_eq!(at_caller.telephone_event, at_callee.telephone_event);
                prop_assert_eq!(at_callee.remote, caller_config.address);
                prop_assert!(caller.contains(&at_caller.codec) && callee.contains(&at_caller.codec));
            }
            Err(error) => {
                prop_assert_eq!(error, AnswerError::NoCommonCodec);
                prop_assert!(caller.iter().all(|codec| !callee.contains(codec)));
            }
        }
    }
}
