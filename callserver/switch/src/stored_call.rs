//! An answered call as it is kept outside, so that another process can go on with it.

use std::net::SocketAddr;

use sdp::{Crypto, Direction};
use serde::{Deserialize, Serialize};
use sip::{Flow, LegSnapshot};

use crate::{AccountId, CallId, DeviceId, House, MediaPorts, MediaSide, Party};

/// Everything that it takes to go on with an answered call.
///
/// It comes with [`Event::CallChanged`](crate::Event::CallChanged), replaces what was kept of the same call, and goes back in
/// with [`Input::RestoreCalls`](crate::Input::RestoreCalls). What was under way when it was made (an offer, a transfer) is
/// not in it: the call comes back as it was agreed on last. It holds what people said of their media, keys among it, so it is
/// kept where only the server reads. Written with `serde`, it can be read by later versions.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StoredCall {
    /// The call.
    pub call: CallId,
    /// Who called.
    pub caller: Party,
    /// Who was called, or has the call now.
    pub callee: Party,
    /// Where the relay listens for the two phones.
    pub ports: MediaPorts,
    /// When it was made, in seconds since the beginning of 1970, if the switch knew the time.
    pub kept_at: Option<u64>,
    pub(crate) charged: AccountId,
    /// Whether the caller hides who they are.
    #[serde(default)]
    pub(crate) is_anonymous: bool,
    pub(crate) caller_phone: StoredPhone,
    /// The callee's; `None` where the server itself is.
    #[serde(default)]
    pub(crate) callee_phone: Option<StoredPhone>,
    /// What the server is there.
    #[serde(default)]
    pub(crate) house: Option<House>,
    /// Who has parked it, if it waits in a slot.
    #[serde(default)]
    pub(crate) parked_by: Option<Party>,
}

/// One leg and the phone at its end.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct StoredPhone {
    pub(crate) device: DeviceId,
    pub(crate) receives_at: Option<SocketAddr>,
    /// The way to the other server that has it, if one has.
    #[serde(default)]
    pub(crate) server: Option<Flow>,
    pub(crate) is_behind_nat: bool,
    pub(crate) told: StoredTold,
    /// What is agreed with it about audio.
    #[serde(default)]
    pub(crate) audio: Option<StoredAudio>,
    pub(crate) leg: LegSnapshot,
}

/// How the stream on one leg is sealed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Seal {
    /// As the other phone has it, with its keys.
    AsTheOther,
    /// Plain RTP.
    Open,
    /// SRTP with the server.
    ByServer,
}

/// What both ends of a leg agreed on about audio, with the server's keys.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct StoredAudio {
    pub(crate) seal: Option<Seal>,
    pub(crate) wish: Direction,
    pub(crate) keys: Vec<Crypto>,
    pub(crate) agreed: Option<MediaSide>,
}

/// The description that a phone got from us and that both sides agreed on.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredTold {
    pub(crate) session_id: u64,
    /// The highest version that was given.
    pub(crate) version: u64,
    pub(crate) body_version: u64,
    pub(crate) body: String,
}

// What was said of the media, keys among it, reaches no log.
impl std::fmt::Debug for StoredTold {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "StoredTold(version {})", self.version)
    }
}
