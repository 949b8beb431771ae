//! Packets on their way, and the instant that is now.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{Conditions, Ladder};

/// One packet, from an address to an address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Packet<A, P> {
    /// The sender's address.
    pub from: A,
    /// The receiver's address.
    pub to: A,
    /// What is carried.
    pub payload: P,
}

/// What a script decides for one packet, see [`Network::set_script`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// As the conditions say.
    Chance,
    /// It never arrives.
    Lose,
    /// It arrives after exactly this time, once.
    Deliver(Duration),
    /// It arrives after exactly this time and then once more after the second one.
    Twice(Duration, Duration),
}

type Script<A, P> = Box<dyn FnMut(Duration, &Packet<A, P>) -> Fate>;
type Describe<P> = Box<dyn Fn(&P) -> String>;

/// A network between nodes with addresses of type `A`, which carries payloads of type `P`.
pub struct Network<A, P> {
    start: Instant,
    now: Instant,
    random: ChaCha8Rng,
    conditions: Conditions,
    script: Option<Script<A, P>>,
    describe: Option<Describe<P>>,
    names: Vec<(A, String)>,
    ladder: Ladder,
    /// Keyed by arrival and a running number, so that packets of one instant stay in order.
    flying: BTreeMap<(Instant, u64), Packet<A, P>>,
    sent: u64,
}

impl<A: Clone + Eq + fmt::Debug, P: Clone> Network<A, P> {
    /// An empty network. The instant it starts from is arbitrary; only differences have a meaning.
    pub fn new(seed: [u8; 32], conditions: Conditions) -> Self {
        let start = Instant::now();
        Self {
            start,
            now: start,
            random: ChaCha8Rng::from_seed(seed),
            conditions,
            script: None,
            describe: None,
            names: Vec::new(),
            ladder: Ladder::default(),
            flying: BTreeMap::new(),
            sent: 0,
        }
    }

    /// The instant that nodes have to take as now.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// The time since the start.
    pub fn elapsed(&self) -> Duration {
        self.now - self.start
    }

    /// How many packets were sent so far, lost ones included and copies not.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Changes the weather for packets sent from now on.
    pub fn set_conditions(&mut self, conditions: Conditions) {
        self.conditions = conditions;
    }

    /// Lets a closure decide what happens to each packet; it gets the time since the start.
    pub fn set_script(&mut self, script: impl FnMut(Duration, &Packet<A, P>) -> Fate + 'static) {
        self.script = Some(Box::new(script));
    }

    /// Removes the script again.
    pub fn clear_script(&mut self) {
        self.script = None;
    }

    /// Starts to write the ladder: `describe` gives the few words that stand for one payload. Lines
    /// are drawn between the nodes named by [`Network::name`]; others appear by their address.
    pub fn record(&mut self, describe: impl Fn(&P) -> String + 'static) {
        self.describe = Some(Box::new(describe));
    }

    /// Names an address in the ladder. The columns stand in the order of naming; several addresses
    /// may share a name.
    pub fn name(&mut self, address: A, name: &str) {
        self.ladder.column(name);
        self.names.push((address, name.to_owned()));
    }

    /// What was said so far.
    pub fn ladder(&self) -> &Ladder {
        &self.ladder
    }

    /// Writes a remark into the ladder, at the current time.
    pub fn remark(&mut self, words: &str) {
        self.ladder.remark(self.now - self.start, words);
    }

    /// Hands a packet to the network, now.
    pub fn send(&mut self, packet: Packet<A, P>) {
        self.sent += 1;
        let elapsed = self.elapsed();
        let fate = self
            .script
            .as_mut()
            .map_or(Fate::Chance, |script| script(elapsed, &packet));
        let (first, second) = match fate {
            Fate::Chance => self.draw(),
            Fate::Lose => (None, None),
            Fate::Deliver(delay) => (Some(delay), None),
            Fate::Twice(first, second) => (Some(first), Some(second)),
        };
        if let Some(describe) = &self.describe {
            let words = describe(&packet.payload);
            let (from, to) = (self.name_of(&packet.from), self.name_of(&packet.to));
            self.ladder.message(
                elapsed,
                &from,
                &to,
                &words,
                first.is_none(),
                second.is_some(),
            );
        }
        for (copy, delay) in [first, second].into_iter().flatten().enumerate() {
            let key = (self.now + delay, self.sent * 2 + copy as u64);
            self.flying.insert(key, packet.clone());
        }
    }

    /// When the next packet arrives.
    pub fn next_arrival(&self) -> Option<Instant> {
        self.flying
            .first_key_value()
            .map(|((arrival, _), _)| *arrival)
    }

    /// Moves the clock on; never back.
    pub fn advance_to(&mut self, instant: Instant) {
        self.now = self.now.max(instant);
    }

    /// Takes the next packet that has arrived by now.
    pub fn receive(&mut self) -> Option<Packet<A, P>> {
        if self.next_arrival()? > self.now {
            return None;
        }
        self.flying.pop_first().map(|(_, packet)| packet)
    }

    fn draw(&mut self) -> (Option<Duration>, Option<Duration>) {
        let conditions = self.conditions;
        // Both copies are drawn in any case, so that a change of one chance leaves the rest of the
        // run as comparable as it can be.
        let (first, second) = (self.draw_delay(), self.draw_delay());
        let lost = self.chance(conditions.loss);
        let doubled = self.chance(conditions.duplicate);
        let first = (!lost).then_some(first);
        (first, (!lost && doubled).then_some(second))
    }

    fn draw_delay(&mut self) -> Duration {
        let conditions = self.conditions;
        let spread = conditions.delay_most.saturating_sub(conditions.delay_least);
        let share: f64 = self.random.random();
        let held_back = self.chance(conditions.reorder);
        let extra = if held_back {
            conditions.reorder_delay
        } else {
            Duration::ZERO
        };
        conditions.delay_least + spread.mul_f64(share) + extra
    }

    fn chance(&mut self, chance: f64) -> bool {
        self.random.random::<f64>() < chance
    }

    fn name_of(&self, address: &A) -> String {
        self.names
            .iter()
            .find(|(known, _)| known == address)
            .map_or_else(|| format!("{address:?}"), |(_, name)| name.clone())
    }
}

impl<A, P> fmt::Debug for Network<A, P> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Network")
            .field("elapsed", &(self.now - self.start))
            .field("conditions", &self.conditions)
            .field("sent", &self.sent)
            .field("flying", &self.flying.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(payload: u32) -> Packet<u8, u32> {
        Packet {
            from: 1,
            to: 2,
            payload,
        }
    }

    fn arrivals(seed: u8, conditions: Conditions, count: u32) -> Vec<u32> {
        let mut network = Network::new([seed; 32], conditions);
        for payload in 0..count {
            network.send(packet(payload));
            network.advance_to(network.now() + Duration::from_millis(20));
        }
        network.advance_to(network.now() + Duration::from_secs(10));
        std::iter::from_fn(|| network.receive())
            .map(|packet| packet.payload)
            .collect()
    }

    #[test]
    fn a_perfect_network_delivers_everything_in_order() {
        assert_eq!(
            arrivals(1, Conditions::perfect(), 100),
            (0..100).collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_seed_decides_everything() {
        let bad = Conditions::bad(0.3);
        assert_eq!(arrivals(1, bad, 200), arrivals(1, bad, 200));
        assert_ne!(arrivals(1, bad, 200), arrivals(2, bad, 200));
    }

    #[test]
    fn a_bad_network_loses_doubles_and_reorders() {
        let heard = arrivals(3, Conditions::bad(0.3), 1000);
        let mut distinct = heard.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert!(
            (600..800).contains(&distinct.len()),
            "{} arrived",
            distinct.len()
        );
        assert!(heard.len() > distinct.len(), "some came twice");
        assert!(
            heard.windows(2).any(|pair| pair[0] > pair[1]),
            "some were overtaken"
        );
    }

    #[test]
    fn a_packet_is_not_there_before_its_time() {
        let mut network = Network::new([0; 32], Conditions::perfect());
        network.send(packet(5));
        assert_eq!(network.receive(), None);
        network.advance_to(network.next_arrival().unwrap());
        assert_eq!(network.receive(), Some(packet(5)));
        assert_eq!(network.elapsed(), Duration::from_millis(10));
    }

    #[test]
    fn a_script_has_the_last_word() {
        let mut network = Network::new([0; 32], Conditions::perfect());
        network.set_script(|_, packet| match packet.payload {
            1 => Fate::Lose,
            2 => Fate::Twice(Duration::from_secs(2), Duration::from_secs(1)),
            _ => Fate::Chance,
        });
        for payload in 1..=3 {
            network.send(packet(payload));
        }
        network.advance_to(network.now() + Duration::from_secs(5));
        let heard: Vec<_> = std::iter::from_fn(|| network.receive())
            .map(|p| p.payload)
            .collect();
        assert_eq!(heard, [3, 2, 2]);
    }
}
