//! Letting state machines speak with one another.

use std::fmt;
use std::time::{Duration, Instant};

use crate::{Network, Packet};

/// A state machine with one or more addresses, driven the way all our façades are.
pub trait Node<A, P> {
    /// Whether packets to this address are for this node.
    fn owns(&self, address: &A) -> bool;
    /// A packet arrived.
    fn receive(&mut self, now: Instant, packet: Packet<A, P>);
    /// The instant of `poll_timeout` is reached. It must move, or go away, by this call.
    fn timeout(&mut self, now: Instant);
    /// The next packet to send.
    fn poll_transmit(&mut self) -> Option<Packet<A, P>>;
    /// When the node wants to be called next.
    fn poll_timeout(&self) -> Option<Instant>;
}

/// The nodes did not come to rest; the text shows the end of the ladder, if one was recorded.
#[derive(Debug)]
pub struct NotQuiet {
    /// What the nodes were doing.
    pub sentence: String,
}

impl fmt::Display for NotQuiet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.sentence)
    }
}

impl std::error::Error for NotQuiet {}

/// A node that asks again and again for the same instant would never let time go on.
const MOST_TIMEOUTS_AT_ONE_INSTANT: u32 = 1000;

/// Lets the nodes speak until nothing is in flight and no timer runs, or until `at_most` has passed
/// (then the clock stands exactly there). Packets to an address that nobody owns vanish.
///
/// # Errors
/// [`NotQuiet`] if time stands still because a node's timeout does not move on.
pub fn run<A: Clone + Eq + fmt::Debug, P: Clone>(
    network: &mut Network<A, P>,
    nodes: &mut [&mut dyn Node<A, P>],
    at_most: Duration,
) -> Result<(), NotQuiet> {
    let end = network.now() + at_most;
    let mut standing_still = 0;
    loop {
        for node in nodes.iter_mut() {
            while let Some(packet) = node.poll_transmit() {
                network.send(packet);
            }
        }
        let timers = nodes.iter().filter_map(|node| node.poll_timeout());
        let Some(next) = timers.chain(network.next_arrival()).min() else {
            return Ok(());
        };
        if next > end {
            network.advance_to(end);
            return Ok(());
        }
        if next > network.now() {
            standing_still = 0;
        }
        network.advance_to(next);
        let now = network.now();
        let mut arrived = false;
        while let Some(packet) = network.receive() {
            arrived = true;
            if let Some(node) = nodes.iter_mut().find(|node| node.owns(&packet.to)) {
                node.receive(now, packet);
            }
        }
        for node in nodes.iter_mut() {
            if node.poll_timeout().is_some_and(|timeout| timeout <= now) {
                node.timeout(now);
            }
        }
        if !arrived {
            standing_still += 1;
        }
        if standing_still > MOST_TIMEOUTS_AT_ONE_INSTANT {
            return Err(NotQuiet {
                sentence: format!(
                    "time stands still after {:?}: a node asks for a timeout that it has had\n{}",
                    network.elapsed(),
                    network.ladder()
                ),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Conditions;

    /// Sends a word back, a second later, as often as it is told.
    struct Echo {
        address: u8,
        left: u32,
        due: Option<(Instant, Packet<u8, u32>)>,
        outbox: Vec<Packet<u8, u32>>,
        stuck: bool,
    }

    impl Echo {
        fn new(address: u8, left: u32) -> Self {
            Self {
                address,
                left,
                due: None,
                outbox: Vec::new(),
                stuck: false,
            }
        }
    }

    impl Node<u8, u32> for Echo {
        fn owns(&self, address: &u8) -> bool {
            *address == self.address
        }
        fn receive(&mut self, now: Instant, packet: Packet<u8, u32>) {
            if self.left > 0 {
                self.left -= 1;
                let back = Packet {
                    from: packet.to,
                    to: packet.from,
                    payload: packet.payload + 1,
                };
                self.due = Some((now + Duration::from_secs(1), back));
            }
        }
        fn timeout(&mut self, _now: Instant) {
            if !self.stuck
                && let Some((_, packet)) = self.due.take()
            {
                self.outbox.push(packet);
            }
        }
        fn poll_transmit(&mut self) -> Option<Packet<u8, u32>> {
            self.outbox.pop()
        }
        fn poll_timeout(&self) -> Option<Instant> {
            self.due.as_ref().map(|(instant, _)| *instant)
        }
    }

    #[test]
    fn nodes_speak_until_they_are_quiet() {
        let mut network = Network::new([0; 32], Conditions::perfect());
        network.record(|number| format!("number {number}"));
        network.name(1, "one");
        network.name(2, "two");
        let (mut one, mut two) = (Echo::new(1, 1), Echo::new(2, 2));
        network.send(Packet {
            from: 1,
            to: 2,
            payload: 0,
        });
        run(
            &mut network,
            &mut [&mut one, &mut two],
            Duration::from_secs(100),
        )
        .unwrap();
        assert_eq!(network.elapsed(), Duration::from_millis(3040));
        assert_eq!(
            network.ladder().to_string(),
            "    time  one                     two
   0.000  |-- number 0 ---------->|
   1.010  |<---------- number 1 --|
   2.020  |-- number 2 ---------->|
   3.030  |<---------- number 3 --|
"
        );
    }

    #[test]
    fn the_clock_stops_at_the_end_that_was_given() {
        let mut network = Network::new([0; 32], Conditions::perfect());
        let (mut one, mut two) = (Echo::new(1, 100), Echo::new(2, 100));
        network.send(Packet {
            from: 1,
            to: 2,
            payload: 0,
        });
        run(
            &mut network,
            &mut [&mut one, &mut two],
            Duration::from_secs(5),
        )
        .unwrap();
        assert_eq!(network.elapsed(), Duration::from_secs(5));
    }

    #[test]
    fn a_node_that_never_lets_go_of_its_timeout_is_found() {
        let mut network = Network::new([0; 32], Conditions::perfect());
        let mut one = Echo::new(1, 1);
        one.stuck = true;
        network.send(Packet {
            from: 2,
            to: 1,
            payload: 0,
        });
        let error = run(&mut network, &mut [&mut one], Duration::from_secs(5)).unwrap_err();
        assert!(error.to_string().contains("time stands still"), "{error}");
    }
}
