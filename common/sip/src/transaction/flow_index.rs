//! What lives on a connection, so that the failure of one does not search all calls and requests.

use std::collections::BTreeSet;

use super::{Keyer, TransactionKey};
use crate::Flow;

/// Names by the transport and the peer's address of their flow. The connection's number is left out,
/// for a flow without one stands for whichever connection to that address there is.
#[derive(Debug)]
pub(crate) struct FlowIndex<T> {
    keyer: Keyer,
    entries: BTreeSet<(TransactionKey, T)>,
}

impl<T: Ord + Copy> FlowIndex<T> {
    pub(crate) fn new(keyer: Keyer) -> Self {
        Self {
            keyer,
            entries: BTreeSet::new(),
        }
    }

    pub(crate) fn insert(&mut self, flow: Flow, name: T) {
        self.entries.insert((self.keyer.of_flow(flow), name));
    }

    pub(crate) fn remove(&mut self, flow: Flow, name: T) {
        self.entries.remove(&(self.keyer.of_flow(flow), name));
    }

    /// A name moves from one flow to another.
    pub(crate) fn relocate(&mut self, old: Flow, new: Flow, name: T) {
        if (old.transport, old.remote) != (new.transport, new.remote) {
            self.remove(old, name);
            self.insert(new, name);
        }
    }

    /// All that may live on a flow, in their order. The keys are hashes, and connections to one
    /// address are not told apart: the caller looks again.
    pub(crate) fn on(&self, flow: Flow, least: T) -> Vec<T> {
        let key = self.keyer.of_flow(flow);
        self.entries
            .range((key, least)..)
            .take_while(|(other, _)| *other == key)
            .map(|(_, name)| *name)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Transport;

    fn flow(transport: Transport, host: u8) -> Flow {
        Flow {
            transport,
            local: ([192, 0, 2, 1], 5060).into(),
            remote: ([192, 0, 2, host], 5060).into(),
            connection: 7,
        }
    }

    #[test]
    fn what_lives_on_a_flow_is_found_and_nothing_else() {
        let mut index = FlowIndex::new(Keyer::new([1; 32]));
        let (udp, tcp, other) = (
            flow(Transport::Udp, 2),
            flow(Transport::Tcp, 2),
            flow(Transport::Udp, 3),
        );
        for name in [3, 1, 2] {
            index.insert(udp, name);
        }
        index.insert(tcp, 4);
        index.insert(other, 5);
        assert_eq!(index.on(udp, 0), [1, 2, 3]);
        index.remove(udp, 2);
        index.relocate(udp, other, 1);
        assert_eq!(index.on(udp, 0), [3]);
        assert_eq!(index.on(other, 0), [1, 5]);
        assert_eq!(index.on(tcp, 0), [4]);
    }
}
