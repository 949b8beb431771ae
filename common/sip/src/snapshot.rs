//! An answered call as it is kept outside, so that another process can go on with it.

mod written;

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{Flow, Text};

/// Everything that it takes to go on with one answered call: who the two sides are, which numbers their requests have, where
/// they go, what was agreed on and how long it holds. Made by [`Endpoint::snapshot_of`](crate::Endpoint::snapshot_of), taken
/// back by [`Input::RestoreLeg`](crate::Input::RestoreLeg).
///
/// It holds what was said in the session descriptions, keys of the media among them, but no credential of ours: requests that
/// the peer challenges after a restart are not answered. Written with `serde`, it can be read by later versions.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegSnapshot {
    pub(crate) flow: Flow,
    pub(crate) dialog: DialogSnapshot,
    pub(crate) is_caller: bool,
    pub(crate) may_update: bool,
    /// Our last description.
    #[serde(with = "written")]
    pub(crate) local: Bytes,
    /// What the peer's last description is recognized by. The hash is that of the standard library, which may change: then
    /// the peer's next refresh looks like an offer, and costs one.
    pub(crate) remote_key: Option<u64>,
    pub(crate) clock: Option<ClockSnapshot>,
    /// Our 2xx that are not acknowledged.
    #[serde(default)]
    pub(crate) acceptances: Vec<AcceptanceSnapshot>,
    /// Whether a re-INVITE of ours was under way, or an UPDATE with an offer.
    #[serde(default)]
    pub(crate) is_offering: bool,
    /// The peer's request that waited for our answer, as it came.
    #[serde(default, with = "written")]
    pub(crate) open_request: Bytes,
}

/// What both sides of a dialog agree on.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DialogSnapshot {
    pub(crate) call_id: Text,
    pub(crate) local: Text,
    pub(crate) remote: Text,
    pub(crate) local_sequence: u32,
    pub(crate) remote_sequence: Option<u32>,
    pub(crate) target: Text,
    pub(crate) routes: Vec<Text>,
    pub(crate) contact: Text,
}

/// How long the call lives without a refresh.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ClockSnapshot {
    pub(crate) seconds: u32,
    pub(crate) is_ours: bool,
    /// How much of it was left.
    pub(crate) left: Duration,
}

/// A 2xx of ours that waits for its ACK.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AcceptanceSnapshot {
    pub(crate) number: u32,
    #[serde(with = "written")]
    pub(crate) payload: Bytes,
    pub(crate) is_offer: bool,
    pub(crate) is_first: bool,
    pub(crate) is_silent: bool,
}

impl LegSnapshot {
    /// Where the peer was.
    pub fn flow(&self) -> Flow {
        self.flow
    }

    /// Whether we had offered something that the peer had not answered yet: nobody knows which description it believes in,
    /// so whoever goes on with the call offers anew.
    pub fn is_offering(&self) -> bool {
        self.is_offering
    }
}

// Descriptions and requests reach no log.
impl std::fmt::Debug for LegSnapshot {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct("LegSnapshot");
        shown.field("flow", &self.flow);
        shown.field("call_id", &self.dialog.call_id);
        shown.finish_non_exhaustive()
    }
}
