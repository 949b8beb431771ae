//! A telephone in virtual time: a session, something to say, and a tape of what was heard.

use std::time::{Duration, Instant};

use hearing::{Likeness, Recording, compare};
use media::{Codec, Config, Event, FRAME_SAMPLES, Frame, Input, SILENCE, Session, Transmit};
use simnet::{Conditions, Network, Node, Packet, run};

/// Addresses: the name of the telephone and whether it is its RTCP port.
pub(crate) type Address = (&'static str, bool);
pub(crate) type Air = Network<Address, bytes::Bytes>;

pub(crate) struct Telephone {
    name: &'static str,
    peer: &'static str,
    pub(crate) session: Session,
    /// Said so many times, frame by frame.
    passage: Vec<i16>,
    passages: usize,
    said: usize,
    /// Pace of its microphone and of its speaker; 20 ms unless its crystal is off.
    frame: Duration,
    next_capture: Option<Instant>,
    next_playout: Instant,
    pub(crate) heard: Vec<i16>,
    pub(crate) events: Vec<Event>,
    /// Largest delay of the jitter buffer in each second.
    pub(crate) buffered: Vec<f64>,
}

impl Telephone {
    pub(crate) fn new(
        name: &'static str,
        peer: &'static str,
        config: Config,
        (passage, passages): (&str, usize),
        now: Instant,
    ) -> Telephone {
        let seed = [name.len() as u8 * 17; 32];
        let mut passage = Recording::speech(passage).at_rate(48_000).samples;
        passage.truncate(passage.len() / FRAME_SAMPLES * FRAME_SAMPLES);
        Telephone {
            name,
            peer,
            session: Session::new(config, seed).expect("the codec starts"),
            passage,
            passages,
            said: 0,
            frame: Duration::from_millis(20),
            next_capture: Some(now + Duration::from_millis(20)),
            next_playout: now + Duration::from_millis(7),
            heard: Vec::new(),
            events: Vec::new(),
            buffered: Vec::new(),
        }
    }

    /// Lets its crystal be wrong by so many parts in a million; positive is slow.
    pub(crate) fn drift(&mut self, parts_per_million: i32) {
        let nanos = 20_000_000 + 20 * parts_per_million;
        self.frame = Duration::from_nanos(nanos as u64);
    }

    /// How the other's worst passage was heard; each is looked for where it was said, or up to a second later.
    pub(crate) fn worst_passage(&self, other: &Telephone) -> Likeness {
        (0..other.passages)
            .map(|number| {
                let said = number * other.passage.len();
                let end = (said + other.passage.len() + 48_000).min(self.heard.len());
                compare(&other.passage, &self.heard[said..end], 48_000)
            })
            .min_by(|a, b| a.similarity.total_cmp(&b.similarity))
            .expect("something was said")
    }

    fn next_frame(&mut self) -> Frame {
        let frames = self.passage.as_chunks::<FRAME_SAMPLES>().0;
        let number = self.said;
        self.said += 1;
        match number / frames.len() < self.passages {
            true => frames[number % frames.len()],
            false => SILENCE,
        }
    }

    /// Time that it takes to say everything.
    fn length(&self) -> Duration {
        Duration::from_millis((self.passage.len() * self.passages / 48) as u64)
    }

    fn drain(&mut self) {
        while let Some(event) = self.session.poll_event() {
            self.events.push(event);
        }
    }
}

impl Node<Address, bytes::Bytes> for Telephone {
    fn owns(&self, address: &Address) -> bool {
        address.0 == self.name
    }

    fn receive(&mut self, now: Instant, packet: Packet<Address, bytes::Bytes>) {
        let input = match packet.to.1 {
            true => Input::Control(packet.payload),
            false => Input::Packet(packet.payload),
        };
        self.session.handle(now, input);
        self.drain();
    }

    fn timeout(&mut self, now: Instant) {
        if self.next_capture.is_some_and(|next| next <= now) {
            let frame = self.next_frame();
            self.session.handle(now, Input::Capture(&frame));
            self.next_capture = Some(now + self.frame);
        }
        if self.next_playout <= now {
            self.heard.extend_from_slice(&self.session.playout(now));
            self.next_playout += self.frame;
            let second = self.heard.len() / 48_000;
            self.buffered.resize(second + 1, 0.0);
            let millis = self.session.statistics().buffer_millis;
            self.buffered[second] = self.buffered[second].max(millis);
        }
        self.session.handle(now, Input::Timeout);
        self.drain();
    }

    fn poll_transmit(&mut self) -> Option<Packet<Address, bytes::Bytes>> {
        let (is_control, payload) = match self.session.poll_transmit()? {
            Transmit::Packet(payload) => (false, payload),
            Transmit::Control(payload) => (true, payload),
        };
        Some(Packet {
            from: (self.name, is_control),
            to: (self.peer, is_control),
            payload,
        })
    }

    fn poll_timeout(&self) -> Option<Instant> {
        [
            self.next_capture,
            Some(self.next_playout),
            self.session.poll_timeout(),
        ]
        .into_iter()
        .flatten()
        .min()
    }
}

/// Alice and Bob, who speak different passages to each other.
pub(crate) struct Call {
    pub(crate) air: Air,
    pub(crate) alice: Telephone,
    pub(crate) bob: Telephone,
}

impl Call {
    pub(crate) fn new(codec: Codec, conditions: Conditions, times: usize) -> Call {
        let config = Config::new(codec);
        Call::agreed([config.clone(), config], conditions, times)
    }

    /// With what Alice and Bob have agreed upon.
    pub(crate) fn agreed([alice, bob]: [Config; 2], conditions: Conditions, times: usize) -> Call {
        let air = Network::new([3; 32], conditions);
        let now = air.now();
        Call {
            alice: Telephone::new("alice", "bob", alice, ("leisure.wav", times), now),
            bob: Telephone::new("bob", "alice", bob, ("amiable.wav", times), now),
            air,
        }
    }

    pub(crate) fn go_on(&mut self, duration: Duration) {
        run(
            &mut self.air,
            &mut [&mut self.alice, &mut self.bob],
            duration,
        )
        .expect("time goes on");
    }

    /// Everything is said, and a second is left to hear the end.
    pub(crate) fn finish(&mut self) {
        let length = self.alice.length().max(self.bob.length()) + Duration::from_secs(1);
        self.go_on(length.saturating_sub(self.air.elapsed()));
    }
}
