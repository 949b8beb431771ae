//! Which connections there are, by number, by peer and by age.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use sip::{Flow, Transport};

use crate::Limits;
use crate::connection::Connection;

/// All connections of the process.
#[derive(Default)]
pub(crate) struct ConnectionTable {
    connections: HashMap<u64, Connection>,
    /// Where a message for a peer without a connection number goes.
    by_remote: HashMap<(Transport, SocketAddr), u64>,
    /// Accepted connections that have not brought a message yet; numbers grow, so the first is the oldest.
    unproven: BTreeSet<u64>,
    /// How many were accepted from whom.
    accepted: HashMap<IpAddr, usize>,
    last_number: u64,
}

impl ConnectionTable {
    pub(crate) fn len(&self) -> usize {
        self.connections.len()
    }

    /// A number that no connection had before.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    pub(crate) fn get(&self, number: u64) -> Option<&Connection> {
        self.connections.get(&number)
    }

    /// The connection that reaches a peer.
    pub(crate) fn towards(&self, transport: Transport, remote: SocketAddr) -> Option<u64> {
        self.by_remote.get(&(transport, remote)).copied()
    }

    /// Makes the next message to a peer open a connection of its own.
    pub(crate) fn forget_way(&mut self, remote: SocketAddr) {
        self.by_remote.retain(|(_, known), _| *known != remote);
    }

    /// Whether one more may be accepted. When all places are taken, the oldest connection that has not brought a
    /// message is given up for it, and comes back.
    pub(crate) fn make_room(
        &mut self,
        remote: SocketAddr,
        limits: &Limits,
    ) -> Result<Option<Connection>, ()> {
        let of_the_same = self.accepted.get(&customer(remote.ip())).copied();
        if of_the_same.unwrap_or(0) >= limits.connections_per_address {
            return Err(());
        }
        if self.connections.len() < limits.connections {
            return Ok(None);
        }
        let oldest = self.unproven.first().copied().ok_or(())?;
        self.remove(oldest).map(Some).ok_or(())
    }

    /// Adds one that a peer opened.
    ///
    /// A plain one is a way to its peer for others too. A secure one is not: the peer was not asked for a certificate,
    /// so nobody knows whether it is the one that somebody wants to reach at that address (RFC 5923 4).
    pub(crate) fn add_accepted(&mut self, connection: Connection) {
        let flow = connection.flow;
        *self.accepted.entry(customer(flow.remote.ip())).or_default() += 1;
        self.unproven.insert(flow.connection);
        if !flow.transport.is_secure() {
            self.add_way(flow);
        }
        self.connections.insert(flow.connection, connection);
    }

    /// Adds one that we opened.
    pub(crate) fn add_opened(&mut self, connection: Connection) {
        let flow = connection.flow;
        self.add_way(flow);
        self.connections.insert(flow.connection, connection);
    }

    fn add_way(&mut self, flow: Flow) {
        self.by_remote
            .insert((flow.transport, flow.remote), flow.connection);
    }

    /// A message came on it.
    pub(crate) fn proven(&mut self, number: u64) {
        if !self.unproven.is_empty() {
            self.unproven.remove(&number);
        }
    }

    /// Takes one out, with all that points to it.
    pub(crate) fn remove(&mut self, number: u64) -> Option<Connection> {
        let connection = self.connections.remove(&number)?;
        let flow = connection.flow;
        self.unproven.remove(&number);
        let way = (flow.transport, flow.remote);
        if self.by_remote.get(&way) == Some(&number) {
            self.by_remote.remove(&way);
        }
        if connection.asked.is_none() {
            let customer = customer(flow.remote.ip());
            if let Some(count) = self.accepted.get_mut(&customer) {
                *count -= 1;
                if *count == 0 {
                    self.accepted.remove(&customer);
                }
            }
        }
        // A flood must not leave its largest size behind for ever.
        if self.connections.is_empty() {
            self.connections.shrink_to(0);
            self.by_remote.shrink_to(0);
            self.accepted.shrink_to(0);
        }
        Some(connection)
    }

    /// Takes all out.
    pub(crate) fn drain(&mut self) -> Vec<Connection> {
        self.by_remote.clear();
        self.unproven.clear();
        self.accepted.clear();
        self.connections
            .drain()
            .map(|(_, connection)| connection)
            .collect()
    }
}

/// The address that stands for one customer: all of IPv4, the network of IPv6.
fn customer(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}
