//! What must be known of a call to relay it again in another process.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::statistics::Statistics;

/// One call's relay as it was at a moment: see [`Relay::snapshot`](super::Relay::snapshot).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RelaySnapshot {
    /// The caller's side.
    pub caller: SideSnapshot,
    /// The callee's side.
    pub callee: SideSnapshot,
    /// What had passed.
    pub statistics: Statistics,
}

/// One side of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SideSnapshot {
    /// The even port, for RTP; RTCP is one above.
    pub port: u16,
    /// What both are bound to.
    pub bind: IpAddr,
    /// What the phone signalled, if it has.
    pub signalled: Option<Signalled>,
    /// Where its RTP came from.
    pub rtp_source: Option<SocketAddr>,
    /// Where its RTCP came from.
    pub rtcp_source: Option<SocketAddr>,
    /// Of dynamic payload types, in Hz.
    pub clock_rate: u32,
}

/// From where a side's audio is to be expected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Signalled {
    /// The RTP address that was signalled.
    pub address: SocketAddr,
    /// Where the phone's SIP messages come from.
    pub sip_source: IpAddr,
}
