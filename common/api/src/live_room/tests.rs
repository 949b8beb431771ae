//! The wire format, byte by byte.

use proptest::prelude::*;

use super::*;

fn header(bytes: &[u8]) -> &[u8; LIVE_HEADER] {
    bytes.first_chunk().unwrap()
}

#[test]
fn a_frame_is_laid_out_as_documented() {
    let entry = LiveEntry { name: "Ann".into() };
    let frame = LiveFrame::new(LiveOperation::Join, LiveState::Request, "kitchen", &entry);
    let bytes = frame.encode();
    assert_eq!(bytes[..3], [7, 2, 0]);
    assert_eq!(bytes[3..31], [0; 28]);
    assert_eq!(bytes[31], 14);
    assert_eq!(&bytes[32..], b"kitchen{\"name\":\"Ann\"}");
    let read = LiveHeader::decode(header(&bytes), LIVE_REQUEST).unwrap();
    assert_eq!(read.frame(&bytes[LIVE_HEADER..]), Ok(frame));
}

#[test]
fn datagrams_are_laid_out_as_documented() {
    let speech = LiveSpeech {
        room: "kitchen",
        token: "abc",
        text: "tea?",
    };
    assert_eq!(speech.encode(), b"\x07\x03kitchenabctea?");
    let heard = LiveHeard {
        kind: LiveKind::Notice,
        name: "Ann".into(),
        text: "Ann has left.".into(),
    };
    assert_eq!(heard.encode(), b"\x01\x03AnnAnn has left.");
    assert_eq!(LiveHeard::decode(&heard.encode()), Ok(heard));
}

#[test]
fn what_is_no_frame_is_refused_by_name() {
    let mut bytes = [0; LIVE_HEADER];
    bytes[1] = 9;
    let refused = LiveHeader::decode(&bytes, LIVE_REQUEST).unwrap_err();
    assert_eq!(refused, LiveRefused::Operation(9));
    bytes[1] = 1;
    bytes[2] = 3;
    let refused = LiveHeader::decode(&bytes, LIVE_REQUEST).unwrap_err();
    assert_eq!(refused, LiveRefused::State(3));
    bytes[2] = 0;
    for place in [3, 23, 24, 29] {
        let mut long = bytes;
        long[place] = 1;
        let refused = LiveHeader::decode(&long, LIVE_REQUEST).unwrap_err();
        assert_eq!(
            refused,
            LiveRefused::TooLong {
                limit: LIVE_REQUEST
            }
        );
    }
    let mut says_two = bytes;
    says_two[0] = 2;
    let read = LiveHeader::decode(&says_two, LIVE_REQUEST).unwrap();
    assert_eq!(read.frame(b"\xff\xff"), Err(LiveRefused::NotText));
    assert_eq!(read.frame(b"x"), Err(LiveRefused::CutShort));
}

#[test]
fn a_text_may_have_4096_bytes_and_not_one_more() {
    let token = "f".repeat(LIVE_TOKEN);
    let said = |bytes: usize| {
        let text = "x".repeat(bytes);
        let speech = LiveSpeech {
            room: "kitchen",
            token: &token,
            text: &text,
        };
        LiveSpeech::decode(&speech.encode()).map(|speech| speech.text.len())
    };
    assert_eq!(said(LIVE_TEXT), Ok(LIVE_TEXT));
    assert_eq!(
        said(LIVE_TEXT + 1),
        Err(LiveRefused::TooLong { limit: LIVE_TEXT })
    );
}

proptest! {
    #[test]
    fn anything_can_come(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        if let Ok(speech) = LiveSpeech::decode(&bytes) {
            prop_assert_eq!(speech.encode(), &bytes[..]);
        }
        if let Ok(heard) = LiveHeard::decode(&bytes) {
            prop_assert_eq!(heard.encode(), &bytes[..]);
        }
        if let Some(first) = bytes.first_chunk()
            && let Ok(header) = LiveHeader::decode(first, LIVE_REQUEST)
            && let Ok(frame) = header.frame(&bytes[LIVE_HEADER..])
        {
            prop_assert_eq!(frame.encode(), bytes);
        }
    }
}
