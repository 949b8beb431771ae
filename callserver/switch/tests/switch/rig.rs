//! One switch, a few phones, and the network between them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use simnet::{Conditions, Network, Node, run};
use switch::{CallEnd, Config, Counts, Side};

use crate::phone::{Action, Phone};
use crate::server::{DOMAIN, Server};
use crate::watcher::Watcher;

pub(crate) struct Rig {
    pub(crate) network: Network<SocketAddr, Bytes>,
    pub(crate) server: Server,
    pub(crate) phones: Vec<Phone>,
    pub(crate) watchers: Vec<Watcher>,
}

pub(crate) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

impl Rig {
    /// Alice (1001), Bob (1002) and Carol (1003), each with the phones that `logins` name, the first of which is the
    /// first in [`Rig::phones`].
    pub(crate) fn new(seed: u8, conditions: Conditions, logins: &[&str]) -> Self {
        Rig::with_config(seed, conditions, logins, Config::new(DOMAIN))
    }

    pub(crate) fn with_config(
        seed: u8,
        conditions: Conditions,
        logins: &[&str],
        config: Config,
    ) -> Self {
        let mut network = Network::new([seed; 32], conditions);
        let mut server = Server::new(config, seed);
        server.add_people();
        let mut phones: Vec<Phone> = Vec::new();
        for (host, login) in (10..).zip(logins) {
            phones.push(Phone::new(login, host, seed));
        }
        // The server stands between the first phone and the others, as in a drawing of a call.
        for (index, phone) in phones.iter().enumerate() {
            if index == 1 {
                network.name(server.address, "switch");
            }
            network.name(phone.address, &phone.login);
        }
        if phones.len() < 2 {
            network.name(server.address, "switch");
        }
        Rig {
            network,
            server,
            phones,
            watchers: Vec::new(),
        }
    }

    pub(crate) fn now(&self) -> Instant {
        self.network.now()
    }

    /// Lets everybody speak for so long.
    pub(crate) fn run(&mut self, time: Duration) {
        let mut nodes: Vec<&mut dyn Node<SocketAddr, Bytes>> = vec![&mut self.server];
        for phone in &mut self.phones {
            nodes.push(phone);
        }
        for watcher in &mut self.watchers {
            nodes.push(watcher);
        }
        run(&mut self.network, &mut nodes, time).unwrap();
    }

    /// Registers all phones, and begins the ladder after that.
    pub(crate) fn register_all(&mut self) {
        let now = self.now();
        for phone in &mut self.phones {
            phone.register(now);
        }
        self.run(seconds(40));
        for phone in &self.phones {
            assert!(
                phone.registered.is_some(),
                "{} is not registered",
                phone.login
            );
        }
        self.server.events.clear();
        self.network.record(describe);
    }

    pub(crate) fn plan(&mut self, phone: usize, after: Duration, action: Action) {
        let at = self.now() + after;
        self.phones[phone].plan(at, action);
    }

    /// The first phone dials `number` now.
    pub(crate) fn call(&mut self, number: &str) {
        self.plan(0, Duration::ZERO, Action::Call(number.to_owned()));
    }

    /// Everything that was held for calls is given back, down to the last transaction of the core.
    pub(crate) fn assert_no_leaks(&mut self) {
        self.run(seconds(100));
        let counts = self.server.switch.counts();
        assert!(
            self.server.open_ports.is_empty(),
            "ports leak: {:?}",
            self.server.open_ports
        );
        let registrations = counts.registrations;
        assert_eq!(
            counts,
            Counts {
                registrations,
                timers: registrations,
                ..Counts::default()
            }
        );
        let starts = self
            .server
            .story()
            .iter()
            .filter(|line| line.contains(" calls "))
            .count();
        assert_eq!(
            starts,
            self.server.ends().len(),
            "each call that started has ended"
        );
    }

    /// How the only call ended.
    pub(crate) fn end(&self) -> (CallEnd, Option<Side>) {
        match self.server.ends()[..] {
            [end] => end,
            ref ends => panic!("expected one call, got {ends:?}"),
        }
    }

    pub(crate) fn ladder(&self) -> String {
        self.network.ladder().to_string()
    }
}

/// A message in a few words: method or code, and whether it carries a session.
fn describe(payload: &Bytes) -> String {
    let text = String::from_utf8_lossy(payload);
    let first = text.lines().next().unwrap_or_default();
    let words = match first.strip_prefix("SIP/2.0 ") {
        Some(status) => {
            let method = text
                .lines()
                .find_map(|line| line.strip_prefix("CSeq: "))
                .and_then(|cseq| cseq.split(' ').nth(1))
                .unwrap_or_default();
            match status.split(' ').next() {
                Some("200") => format!("200 OK ({method})"),
                Some(code) => format!("{code} ({method})"),
                None => String::new(),
            }
        }
        None => first.split(' ').next().unwrap_or_default().to_owned(),
    };
    let has_session = text.contains("\r\n\r\nv=0");
    if has_session {
        format!("{words} + session")
    } else {
        words
    }
}
