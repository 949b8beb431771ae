//! What two devices tell each other without the server, and how it comes to the server later.
//!
//! They find each other with [`PeerSignal`]s inside `USER_SIGNAL`, talk in [`PeerFrame`]s over a WebRTC data channel (RFC
//! 8831), and each hands what both have to the server in batches ([`Flush`]). A device signs what it says, so the server
//! can tell a message of the other side from one that was made up, whichever of the two brings it.

use serde::{Deserialize, Serialize};

use super::{Body, MessageId, RoomError, RoomId};
use crate::AccountId;

/// The most messages in one [`Flush`].
pub const FLUSH_MESSAGES: usize = 200;

/// The most bytes of one [`Flush`], as JSON.
pub const FLUSH_BYTES: usize = 1024 * 1024;

/// The longest `body` of a [`PeerMessage`] in bytes: above the longest text with most of it escaped. What is longer goes
/// through the server.
pub const LONGEST_PEER_BODY: usize = 32 * 1024;

/// A message that one device told another one, signed by the device that said it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PeerMessage {
    /// The id that its sender gave it: the same one over either way is the same message.
    pub id: MessageId,
    /// Who says it.
    pub sender: AccountId,
    /// The public key of the sender's device, Ed25519 (RFC 8032), 64 hexadecimal digits: the one that the device told
    /// with `USER_CONNECT`.
    #[cfg_attr(feature = "openapi", schema(max_length = 64))]
    pub key: String,
    /// When it was written, by the sender's clock (RFC 3339).
    #[cfg_attr(feature = "openapi", schema(max_length = 40))]
    pub written: String,
    /// What it says: a `Body` as JSON, byte for byte as it was signed.
    #[cfg_attr(feature = "openapi", schema(max_length = 32768))]
    pub body: String,
    /// Ed25519 over [`PeerMessage::signed`], 128 hexadecimal digits.
    #[cfg_attr(feature = "openapi", schema(max_length = 128))]
    pub signature: String,
}

impl PeerMessage {
    /// What is signed: a fixed word, room, id, sender, time and body, a line each. None of the first five can hold a line
    /// break, so no two messages have the same bytes.
    #[must_use]
    pub fn signed(&self, room: &RoomId) -> Vec<u8> {
        let Self {
            id,
            sender,
            written,
            body,
            ..
        } = self;
        format!("carillon peer message 1\n{room}\n{id}\n{sender}\n{written}\n{body}").into_bytes()
    }

    /// What it says; nothing if that cannot be understood.
    #[must_use]
    pub fn said(&self) -> Option<Body> {
        let is_line = !self.written.contains('\n') && self.written.len() <= 40;
        let is_short = self.body.len() <= LONGEST_PEER_BODY;
        let body = serde_json::from_str(&self.body).ok()?;
        (is_line && is_short).then_some(body)
    }

    /// The key and the signature as bytes, if they are such.
    #[must_use]
    pub fn proof(&self) -> Option<([u8; 32], [u8; 64])> {
        Some((bytes(&self.key)?, bytes(&self.signature)?))
    }

    /// A message that is not signed yet.
    #[must_use]
    pub fn unsigned(
        id: MessageId,
        sender: AccountId,
        key: String,
        written: String,
        body: &Body,
    ) -> Self {
        Self {
            id,
            sender,
            key,
            written,
            // Our own wire types have nothing that JSON cannot say.
            body: serde_json::to_string(body).unwrap_or_default(),
            signature: String::new(),
        }
    }
}

/// Whether a text may be a device's public key: 64 hexadecimal digits in lower case.
#[must_use]
pub fn is_peer_key(text: &str) -> bool {
    bytes::<32>(text).is_some()
}

/// So many bytes out of twice as many digits, as [`hex`](crate::hex) writes them.
fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = (value(pair[0])? << 4) | value(pair[1])?;
    }
    Some(bytes)
}

/// Messages that two devices told each other, for the server to store in this order: `POST /api/v1/rooms/{room}/flush`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Flush {
    /// 200 at most, of either side.
    #[cfg_attr(feature = "openapi", schema(max_items = 200))]
    pub messages: Vec<PeerMessage>,
}

/// What became of a [`Flush`]: an answer for each message, in its order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Flushed {
    /// The answers.
    pub messages: Vec<FlushedMessage>,
}

/// What became of one message of a [`Flush`]: it has a place, or an error.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FlushedMessage {
    /// Which.
    pub id: MessageId,
    /// Its place in the room; the same one if it was stored before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<i64>,
    /// Its time in the history (RFC 3339): when it was written, unless that is far off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<String>,
    /// Why it is not stored. With `ERR_005` it may be sent again, else it is of no use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<RoomError>,
}

/// How two devices come to a direct connection: what softphones put into `USER_SIGNAL`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "peer", rename_all = "snake_case")]
pub enum PeerSignal {
    /// Here is one end; who wants the other one?
    Offer {
        /// What all signals of this attempt are known by.
        session: String,
        /// A session description (RFC 8866).
        sdp: String,
    },
    /// Here is the other end.
    Answer {
        /// Of which attempt.
        session: String,
        /// A session description.
        sdp: String,
    },
    /// An address where the sender may be reached (RFC 8838).
    Candidate {
        /// Of which attempt.
        session: String,
        /// Which.
        candidate: PeerCandidate,
    },
    /// The sender does not want it, or not any more.
    Bye {
        /// Which attempt.
        session: String,
    },
}

/// An address where a device may be reached, as JavaScript's `RTCIceCandidateInit` has it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PeerCandidate {
    /// `candidate:…` (RFC 8839).
    pub candidate: String,
    /// Of which part of the description: its tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mid: Option<String>,
    /// Of which part of the description: its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u16>,
}

impl PeerSignal {
    /// As `USER_SIGNAL` carries it.
    #[must_use]
    pub fn to_value(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// What `SYS_SIGNAL` has brought, if it is one of these.
    #[must_use]
    pub fn from_value(value: &serde_json::Value) -> Option<Self> {
        Self::deserialize(value).ok()
    }
}

/// What travels over the data channel, each one text message of JSON.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "frame", rename_all = "snake_case")]
pub enum PeerFrame {
    /// Something is said.
    Message {
        /// What.
        message: PeerMessage,
    },
    /// A message is on the other one's disk, with the file that it sends.
    Ack {
        /// Which.
        id: MessageId,
    },
    /// The contents of the file that a message sends are wanted, as [`FilePiece`](super::FilePiece)s on the second channel.
    /// The message is not acknowledged before they are there.
    Want {
        /// Which message.
        id: MessageId,
        /// What the pieces are known by: another number than any before on this connection.
        transfer: u32,
        /// The first byte that is wanted: what is before it is there.
        offset: u64,
    },
    /// The person has read everything up to this message of the other one.
    Read {
        /// The last of them.
        id: MessageId,
    },
    /// It does not go this way: whoever has said it brings it to the server, and whoever was to send a file does not.
    Decline {
        /// Which.
        id: MessageId,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_names_room_id_sender_time_and_body() {
        let id = MessageId::parse("m-1").unwrap();
        let body = Body::Text {
            text: "Hello\nthere".into(),
            reply_to: None,
            mentions: Vec::new(),
        };
        let written = "2026-11-21T14:05:09Z".to_owned();
        let message = PeerMessage::unsigned(id, AccountId(7), "k".into(), written, &body);
        assert_eq!(message.said(), Some(body));
        let room = RoomId::parse("room").unwrap();
        let text = String::from_utf8(message.signed(&room)).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "carillon peer message 1",
                "room",
                "m-1",
                "7",
                "2026-11-21T14:05:09Z",
                r#"{"type":"text","text":"Hello\nthere"}"#
            ]
        );
        let sly = PeerMessage {
            written: "x\ny".into(),
            ..message
        };
        assert_eq!(sly.said(), None);
    }

    #[test]
    fn a_key_is_so_many_digits_in_lower_case_and_nothing_else() {
        assert_eq!(bytes::<2>("0aff"), Some([0x0a, 0xff]));
        assert_eq!(crate::hex(&[0x0a, 0xff]), "0aff");
        for bad in ["", "0aF", "0aFF", "0aff0", "0a f", "ä1f"] {
            assert_eq!(bytes::<2>(bad), None, "{bad}");
        }
    }

    #[test]
    fn signals_and_frames_read_as_they_are_written() {
        let signal = PeerSignal::Candidate {
            session: "s".into(),
            candidate: PeerCandidate {
                candidate: "candidate:1 1 udp 1 192.0.2.1 4000 typ host".into(),
                mid: Some("0".into()),
                line: Some(0),
            },
        };
        assert_eq!(PeerSignal::from_value(&signal.to_value()), Some(signal));
        let other = serde_json::json!({ "sdp": "v=0" });
        assert_eq!(PeerSignal::from_value(&other), None);
        let frame: PeerFrame = serde_json::from_str(r#"{"frame":"ack","id":"m-1"}"#).unwrap();
        let id = MessageId::parse("m-1").unwrap();
        assert_eq!(frame, PeerFrame::Ack { id });
    }
}
