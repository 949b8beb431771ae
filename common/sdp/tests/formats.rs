//! What a server between two phones does to the streams of their descriptions.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops where its ground is missing"
)]

use sdp::{Codec, Direction, SessionDescription, Transport};

fn with(lines: &str) -> SessionDescription {
    let text = format!("v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\n{lines}");
    SessionDescription::parse(text.as_bytes()).unwrap()
}

fn shown(description: &SessionDescription) -> String {
    description.media[0].to_string().replace("\r\n", "\n")
}

#[test]
fn codecs_are_added_behind_those_of_the_phone_under_free_numbers() {
    let mut offer = with(
        "m=audio 4000 RTP/AVP 0 18 111 101\na=rtpmap:111 G726-32/8000\na=rtpmap:101 telephone-event/8000\n",
    );
    let audio = offer.audio_mut().unwrap();
    audio.add_codecs(&Codec::ALL);
    let codecs = audio.speech();
    assert_eq!(
        codecs,
        [
            (Codec::Pcmu, 0),
            (Codec::Opus, 96),
            (Codec::G722, 9),
            (Codec::Pcma, 8)
        ]
    );
    assert_eq!(audio.telephone_event(Codec::Pcmu), Some(101));
    assert_eq!(audio.telephone_event(Codec::Opus), Some(110));
    let before = audio.clone();
    audio.add_codecs(&Codec::ALL);
    assert_eq!(*audio, before);
}

#[test]
fn what_is_said_about_a_format_goes_with_it() {
    let mut offer = with(
        "m=audio 4000 RTP/AVP 0 96 97\na=rtpmap:96 opus/48000/2\na=fmtp:96 stereo=1\na=rtpmap:97 iLBC/8000\n\
         a=fmtp:97 mode=30\na=rtcp-fb:* nack\na=ptime:20\n",
    );
    let audio = offer.audio_mut().unwrap();
    let known = audio.clone();
    audio.retain_formats(|format| known.is_known(format));
    insta::assert_snapshot!(shown(&offer), @r"
    m=audio 4000 RTP/AVP 0 96
    a=rtpmap:96 opus/48000/2
    a=fmtp:96 stereo=1
    a=rtcp-fb:* nack
    a=ptime:20
    ");
}

#[test]
fn an_answer_is_given_in_the_numbers_of_another_description() {
    let offer = with(
        "m=audio 4000 RTP/AVP 100 102\na=rtpmap:100 opus/48000/2\na=rtpmap:102 telephone-event/48000\n",
    );
    let mut answer =
        with("m=audio 5000 RTP/AVP 8 101\na=rtpmap:101 telephone-event/8000\na=recvonly\n");
    let audio = answer.audio_mut().unwrap();
    audio.take_formats_of(offer.audio().unwrap(), Codec::G722);
    assert_eq!(audio.speech(), [(Codec::Pcma, 8)]);
    audio.take_formats_of(offer.audio().unwrap(), Codec::Opus);
    insta::assert_snapshot!(shown(&answer), @r"
    m=audio 5000 RTP/AVP 100 102
    a=recvonly
    a=rtpmap:100 opus/48000/2
    a=fmtp:100 minptime=10;useinbandfec=1
    a=rtpmap:102 telephone-event/48000
    a=fmtp:102 0-15
    ");
}

#[test]
fn hold_by_address_is_spelled_out_as_a_direction() {
    for (lines, direction) in [
        (
            "m=audio 4000 RTP/AVP 0\nc=IN IP4 0.0.0.0\n",
            Direction::SendOnly,
        ),
        (
            "m=audio 4000 RTP/AVP 0\nc=IN IP4 0.0.0.0\na=inactive\n",
            Direction::Inactive,
        ),
        ("m=audio 4000 RTP/AVP 0\na=recvonly\n", Direction::RecvOnly),
    ] {
        let mut offer = with(lines);
        offer.hold_by_direction();
        let audio = offer.audio().unwrap();
        assert_eq!(Direction::of(&offer, audio), direction, "{lines}");
        assert!(!offer.connection_of(audio).unwrap().is_unspecified());
    }
}

#[test]
fn a_stream_is_sealed_and_opened() {
    let mut offer = with("m=audio 4000 RTP/SAVP 0\na=crypto:1 F8 inline:x\na=sendrecv\n");
    let audio = offer.audio_mut().unwrap();
    audio.unseal("RTP/AVP");
    assert_eq!(audio.transport(), Transport::Rtp);
    assert_eq!(audio.crypto_lines().count(), 0);
    audio.seal(&[]);
    assert!(audio.transport().is_sealed());
}
