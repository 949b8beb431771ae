//! Several servers, one directory: phones that registered with another server are reached through it.
//!
//! A server that takes a registration makes a flow token for it (RFC 5626 section 5.1) and keeps both where the others
//! can read them. Whoever calls the account elsewhere sends an INVITE with `Route: <sip:TOKEN@that-server;lr>`, and the
//! server that made the token rings just that phone. It asks nobody who calls: the other server says so, and proves with
//! the key that they share that it was one of them who did ([`claim`]). Both are back-to-back user agents, so each
//! answers for its own phone alone, and media passes both relays.

mod claim;
mod elsewhere;
mod heard;
mod visit;

use std::net::SocketAddr;
use std::time::Instant;

pub use elsewhere::Elsewhere;
pub(crate) use elsewhere::OtherPhones;
use heard::Heard;
use sip::{Flow, FlowKey, FlowToken, Text, Transport};
pub(crate) use visit::{Visit, token_in};

use crate::{AccountId, BindingId, DeviceId, Party, WallClock};

/// This server among those that share a directory.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// The name of this server, which no other has.
    pub node: Text,
    /// The secret that they share.
    pub key: FlowKey,
    /// Where the others reach it.
    pub transport: Transport,
    /// The same, the address.
    pub address: SocketAddr,
}

/// Who sends something, and from which phone.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    pub(crate) party: Party,
    pub(crate) device: DeviceId,
}

/// What the switch knows of the other servers.
#[derive(Debug)]
pub(crate) struct Neighbours {
    cluster: Cluster,
    clock: WallClock,
    /// Makes numbers that nobody else makes, from those that count up.
    once: FlowKey,
    last_once: u64,
    heard: Heard,
}

impl Neighbours {
    pub(crate) fn new(cluster: Cluster, clock: WallClock, seed: [u8; 32]) -> Self {
        Neighbours {
            cluster,
            clock,
            once: FlowKey::new(seed),
            last_once: 0,
            heard: Heard::default(),
        }
    }

    /// The token of a binding over this flow.
    pub(crate) fn token(&self, account: AccountId, binding: BindingId, flow: &Flow) -> Text {
        let place = (account.0.cast_unsigned(), binding.0);
        let Cluster { key, node, .. } = &self.cluster;
        FlowToken::seal(key, node, place, flow).to_text()
    }

    /// The way to another server. What is sent there names where we are reached.
    fn way_to(&self, (transport, remote): (Transport, SocketAddr)) -> Flow {
        Flow {
            transport,
            local: self.cluster.address,
            remote,
            connection: 0,
        }
    }

    fn unix_seconds(&self, now: Instant) -> u64 {
        self.clock.unix_seconds(now)
    }
}
