//! A network with alice and bob on it.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use simnet::{Conditions, Fate, Network, Node, Packet, run};
use sip::{Config, Input, LegId, Transport};

use crate::party::{Party, describe};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MILLISECOND: Duration = Duration::from_millis(1);

/// Two parties and the network between them.
pub(crate) struct Table {
    pub(crate) network: Network<SocketAddr, Bytes>,
    pub(crate) alice: Party,
    pub(crate) bob: Party,
}

impl Table {
    /// Over a perfect network.
    pub(crate) fn good() -> Self {
        Self::under(0, Conditions::perfect())
    }

    pub(crate) fn under(seed: u8, conditions: Conditions) -> Self {
        Self::with_config(seed, conditions, Config::default())
    }

    pub(crate) fn with_config(seed: u8, conditions: Conditions, config: Config) -> Self {
        let mut network = Network::new([seed; 32], conditions);
        network.record(describe);
        let alice = Party::with_config("alice", 1, seed, config.clone());
        let bob = Party::with_config("bob", 2, seed, config);
        network.name(alice.address, alice.name);
        network.name(bob.address, bob.name);
        Self {
            network,
            alice,
            bob,
        }
    }

    /// Both speak over a reliable transport.
    pub(crate) fn over_tcp() -> Self {
        let mut table = Self::good();
        table.alice.transport = Transport::Tcp;
        table.bob.transport = Transport::Tcp;
        table
    }

    /// Loses the packets whose words in the ladder begin with `words`, as often as `times` says.
    pub(crate) fn lose(&mut self, words: &'static str, mut times: u32) {
        self.network
            .set_script(move |_, packet: &Packet<SocketAddr, Bytes>| {
                if times > 0 && describe(&packet.payload).starts_with(words) {
                    times -= 1;
                    return Fate::Lose;
                }
                Fate::Chance
            });
    }

    /// Lets that much time pass.
    pub(crate) fn pass(&mut self, time: Duration) {
        let mut nodes: [&mut dyn Node<SocketAddr, Bytes>; 2] = [&mut self.alice, &mut self.bob];
        run(&mut self.network, &mut nodes, time).unwrap();
    }

    /// Lets time pass until nothing happens any more, and checks that nothing is left over.
    pub(crate) fn settle(&mut self) {
        self.pass(3600 * SECOND);
        for party in [&self.alice, &self.bob] {
            let population = party.endpoint.population();
            let name = party.name;
            assert!(
                party.is_empty(),
                "{name} keeps {population:?}\n{}",
                self.tale()
            );
        }
    }

    /// Alice calls bob.
    pub(crate) fn call(&mut self) -> LegId {
        self.alice.call(self.network.now(), self.bob.address)
    }

    pub(crate) fn alice_does(&mut self, input: Input) {
        self.alice.do_now(self.network.now(), input);
    }

    pub(crate) fn bob_does(&mut self, input: Input) {
        self.bob.do_now(self.network.now(), input);
    }

    /// Everything that was said, and what both have understood.
    pub(crate) fn tale(&self) -> String {
        let mut tale = self.network.ladder().to_string();
        for party in [&self.alice, &self.bob] {
            tale.push('\n');
            tale.push_str(party.name);
            tale.push_str(":\n");
            for line in party.story() {
                tale.push_str("  ");
                tale.push_str(&line);
                tale.push('\n');
            }
        }
        tale
    }

    /// How often words that begin like this were sent.
    pub(crate) fn count(&self, words: &str) -> usize {
        let said = self.network.ladder().words();
        said.into_iter()
            .filter(|line| line.starts_with(words))
            .count()
    }
}
