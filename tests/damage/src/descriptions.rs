//! Session descriptions.

use sdp::{SessionDescription, redirect};

use crate::Outcome;

pub(crate) const SEEDS: &[&str] = &[
    "v=0\r\no=baresip 3846523 1 IN IP4 192.0.2.7\r\ns=-\r\ni=a desk phone\r\nc=IN IP4 192.0.2.7\r\nb=AS:256\r\n\
     t=0 0\r\na=tool:baresip 1.0\r\nm=audio 17210 RTP/AVP 96 0 8 101\r\nc=IN IP4 224.2.1.1/127/3\r\n\
     a=rtpmap:96 opus/48000/2\r\na=fmtp:96 stereo=1;sprop-stereo=1\r\na=rtpmap:101 telephone-event/8000\r\n\
     a=sendrecv\r\na=rtcp:17211 IN IP4 192.0.2.7\r\nm=video 0/2 RTP/AVP 31\r\n",
    "v=0\no=- 1 1 IN IP6 2001:db8::1\ns= \nt=0 0\nm=audio 4000 RTP/AVP 0\nc=IN IP6 2001:db8::1\n\r\n\n",
    "v=0\r\no=- 1 2 IN IP4 host.example.com\r\ns=-\r\nt=1 2\r\nr=1d 0 1h\r\nz=1 -1h\r\nk=prompt\r\n\
     m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP6 ::\r\na=sctp-port:5000\r\na=inactive\r\n",
];

pub(crate) fn take(input: &[u8]) -> Outcome {
    match SessionDescription::parse(input) {
        Ok(mut description) => {
            let printed = description.to_string();
            let again = SessionDescription::parse(printed.as_bytes())
                .unwrap_or_else(|error| panic!("{error}: {input:?} printed {printed:?}"));
            assert_eq!(again.to_string(), printed, "{input:?}");
            let _ = description.audio_address();
            redirect(&mut description, ([192, 0, 2, 9], 40_000).into());
            let redirected = description.to_string();
            SessionDescription::parse(redirected.as_bytes())
                .unwrap_or_else(|error| panic!("{error}: {redirected:?}"));
            Outcome::Accepted
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            Outcome::Refused
        }
    }
}
