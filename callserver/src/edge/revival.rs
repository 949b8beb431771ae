//! What is kept of each answered call, and how a start takes up the calls of the process before.
//!
//! Audio comes first: the relay has the ports of the calls again before the database is even opened. The switch takes the
//! calls back later, before the first message is read.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use switch::StoredCall;

use super::live_calls::KeptHistory;
use super::start::StartError;
use crate::checkpoint::{Checkpoint, Left};
use crate::config::{RelaySection, RtpPorts};
use crate::precedence::ForNow;
use crate::relay::{MediaId, Relay, RelaySnapshot};

/// After so long without a server a phone may have given its call up, or have gone elsewhere, so it is asked. Shorter than
/// the shortest session interval that we grant (RFC 4028 section 4: 90 s) and its grace.
const DOUBTFUL_AFTER: Duration = Duration::from_secs(120);

/// One answered call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct KeptCall {
    pub(super) stored: Box<StoredCall>,
    pub(super) relay: RelaySnapshot,
    pub(super) history: KeptHistory,
}

/// The relay with the calls of the process before, and where this one keeps its own.
#[derive(Debug)]
pub struct Revival {
    pub(super) relay: Relay,
    pub(super) checkpoint: Checkpoint<KeptCall>,
    pub(super) calls: Vec<KeptCall>,
    /// Those whose ports somebody else has: nobody could hear anything in them.
    pub(super) without_ports: Vec<switch::CallId>,
    pub(super) are_doubtful: bool,
}

impl Revival {
    /// Starts the relay, with the ports of the calls that an earlier process has left in the data folder, and with its
    /// sockets, if it has passed them on.
    ///
    /// # Errors
    /// If there is no thread for it, or the folder cannot be used.
    pub fn begin(
        folder: &Path,
        ports: RtpPorts,
        settings: &RelaySection,
        mut passed_on: HashMap<u64, [OwnedFd; 4]>,
    ) -> Result<Self, StartError> {
        let for_now = ForNow::take();
        let mut relay = Relay::start(ports, settings)?;
        drop(for_now);
        let (checkpoint, left) = Checkpoint::open(folder)?;
        let Left { calls, silent_for } = left;
        let mut without_ports = Vec::new();
        let for_now = ForNow::take();
        for kept in &calls {
            let kept: &KeptCall = kept;
            let call = kept.stored.call;
            let media = MediaId(call.0);
            let opened = match passed_on.remove(&call.0) {
                Some(sockets) => relay.adopt(media, &kept.relay, sockets),
                None => relay.reopen(media, &kept.relay),
            };
            if let Err(error) = opened {
                tracing::warn!(call = call.0, %error, "a call from before the start is ended");
                without_ports.push(call);
            }
        }
        drop(for_now);
        Ok(Self {
            relay,
            checkpoint,
            calls,
            without_ports,
            are_doubtful: silent_for > DOUBTFUL_AFTER,
        })
    }
}
