//! Two servers with one directory: a phone that is registered with one is called at the other.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use simnet::{Conditions, Network, Node, run};
use sip::{Flow, FlowKey, StatusCode, Transport};
use switch::{CallEnd, Cluster, Config, Elsewhere, Event, Input, Side, StoredBinding, WallClock};

use crate::phone::{Action, Manner, Phone};
use crate::rig::seconds;
use crate::server::{DOMAIN, Server};

const NOON: u64 = 1_800_000_000;

/// Servers A and B; Alice's phones are registered with A, everybody else's with B.
struct Pair {
    network: Network<SocketAddr, Bytes>,
    servers: [Server; 2],
    phones: Vec<Phone>,
}

fn address(server: usize) -> SocketAddr {
    ([192, 0, 2, 1 + u8::try_from(server).unwrap()], 5060).into()
}

fn config(server: usize, start: Instant, unix_seconds: u64) -> Config {
    let mut config = Config::new(DOMAIN);
    config.wall_clock = Some(WallClock {
        at: start,
        unix_seconds,
    });
    config.cluster = Some(Cluster {
        node: ["a", "b", "c"][server].into(),
        key: FlowKey::new([9; 32]),
        transport: Transport::Udp,
        address: address(server),
    });
    config
}

/// The registrations that a server has told of, as the database would keep them.
fn kept(server: &Server) -> Vec<StoredBinding> {
    let bindings = server.events.iter().filter_map(|event| match event {
        Event::DeviceRegistered { binding, .. } => Some(StoredBinding::clone(binding)),
        _ => None,
    });
    bindings.collect()
}

fn elsewhere(binding: &StoredBinding, server: usize) -> Elsewhere {
    Elsewhere {
        device: binding.device,
        contact: binding.contact.clone(),
        q: binding.q,
        instance: binding.instance.clone(),
        token: binding.token.clone().unwrap(),
        transport: Transport::Udp,
        server: address(server),
    }
}

impl Pair {
    fn new(logins: &[&str]) -> Self {
        let mut network = Network::new([1; 32], Conditions::perfect());
        let servers = [0, 1].map(|index| {
            let clock = config(index, network.now(), NOON);
            let mut server = Server::new(clock, 1 + u8::try_from(index).unwrap());
            server.address = address(index);
            server.add_people();
            server
        });
        let mut phones = Vec::new();
        for (host, login) in (10..).zip(logins) {
            let mut phone = Phone::new(login, host, 1);
            phone.server = address(usize::from(!login.starts_with("alice")));
            phone.register(network.now());
            network.name(phone.address, login);
            phones.push(phone);
        }
        let mut pair = Pair {
            network,
            servers,
            phones,
        };
        pair.run(40);
        for index in 0..2 {
            for binding in kept(&pair.servers[index]) {
                let phone = elsewhere(&binding, index);
                let other = &mut pair.servers[1 - index].directory.elsewhere;
                other.entry(binding.account).or_default().push(phone);
            }
        }
        for server in &mut pair.servers {
            server.events.clear();
        }
        pair
    }

    fn run(&mut self, time: u64) {
        let servers = self.servers.iter_mut();
        let mut nodes: Vec<&mut dyn Node<SocketAddr, Bytes>> =
            servers.map(|server| server as _).collect();
        nodes.extend(self.phones.iter_mut().map(|phone| phone as _));
        run(&mut self.network, &mut nodes, seconds(time)).unwrap();
    }

    fn plan(&mut self, phone: usize, after: u64, action: Action) {
        let at = self.network.now() + seconds(after);
        self.phones[phone].plan(at, action);
    }

    fn call(&mut self, number: &str) {
        self.plan(0, 0, Action::Call(number.to_owned()));
    }

    fn assert_no_leaks(&mut self) {
        self.run(100);
        for server in &self.servers {
            let counts = server.switch.counts();
            assert_eq!((counts.calls, counts.legs, counts.messages), (0, 0, 0));
            assert!(server.open_ports.is_empty());
            assert_eq!(counts.timers, counts.registrations);
        }
    }

    /// What A sends to B when Alice calls Bob or writes to him, and nobody has taken yet.
    fn caught(&mut self, method: &str) -> String {
        self.servers[1].inbox = Some(Vec::new());
        match method {
            "INVITE" => self.call("1002"),
            _ => self.plan(0, 0, Action::Message("1002", "lunch?")),
        }
        self.run(1);
        let inbox = self.servers[1].inbox.take().unwrap();
        let texts = inbox
            .into_iter()
            .filter(|(flow, _)| flow.remote == address(0))
            .map(|(_, payload)| String::from_utf8_lossy(&payload).into_owned());
        { texts }.find(|text| text.starts_with(method)).unwrap()
    }
}

/// What a server answers at last to a message that seems to come from A.
fn answer_to(server: &mut Server, now: Instant, text: &str) -> u16 {
    // As a new request: the same one would be absorbed as a repetition.
    let text = text
        .replace("branch=z9hG4bK", "branch=z9hG4bKx")
        .replace("Call-ID: ", "Call-ID: x")
        .replace(";tag=", ";tag=x");
    let flow = Flow {
        transport: Transport::Udp,
        local: server.address,
        remote: address(0),
        connection: 0,
    };
    while server.switch.poll_transmit().is_some() {}
    let payload = Bytes::from(text);
    server.handle(now, Input::Receive { flow, payload });
    let mut last = 0;
    while let Some(transmit) = server.switch.poll_transmit() {
        let text = String::from_utf8_lossy(&transmit.payload).into_owned();
        if let Some(status) = text.strip_prefix("SIP/2.0 ") {
            last = status[..3].parse().unwrap();
        }
    }
    last
}

/// B as it is after a restart, or another server, with these registrations.
fn started(index: usize, now: Instant, unix_seconds: u64, bindings: Vec<StoredBinding>) -> Server {
    let mut server = Server::new(config(index, now, unix_seconds), 7);
    server.address = address(index);
    server.add_people();
    server.handle(now, Input::Restore { bindings });
    server
}

#[test]
fn a_phone_at_the_other_server_rings_is_answered_and_hung_up_from_both_ends() {
    for hangs_up in [0, 1] {
        let mut pair = Pair::new(&["alice-1", "bob-1"]);
        pair.call("1002");
        pair.plan(hangs_up, 10, Action::Hangup);
        pair.run(60);
        assert_eq!(pair.phones[0].answered, 1);
        let from = pair.phones[1].caller.as_deref();
        assert_eq!(from, Some("\"alice\" <sip:1001@carillon.test>"));
        let ended = [Side::Caller, Side::Callee][hangs_up];
        for server in &pair.servers {
            assert_eq!(server.ends(), [(CallEnd::HungUp, Some(ended))]);
        }
        pair.assert_no_leaks();
    }
}

#[test]
fn the_call_stands_in_the_books_of_the_server_that_the_caller_called() {
    let mut pair = Pair::new(&["alice-1", "bob-1"]);
    pair.call("1002");
    pair.run(5);
    let visits = pair.servers.each_ref().map(|server| {
        let started = |event: &Event| match event {
            Event::CallStarted {
                is_visit, callee, ..
            } => Some((*is_visit, callee.number.as_ref().map(ToString::to_string))),
            _ => None,
        };
        server.events.iter().find_map(started)
    });
    let number = Some("1002".to_owned());
    assert_eq!(
        visits,
        [Some((false, number.clone())), Some((true, number))]
    );
}

#[test]
fn phones_here_and_there_ring_and_the_first_that_is_picked_up_wins() {
    let mut pair = Pair::new(&["alice-1", "alice-2", "bob-1", "bob-2"]);
    // Bob's second phone has moved to A, its old way is still known.
    pair.phones[3].server = address(0);
    let now = pair.network.now();
    pair.phones[3].register(now);
    pair.run(10);
    pair.servers
        .iter_mut()
        .for_each(|server| server.events.clear());
    pair.phones[2].manner = Manner::Answer(seconds(3));
    pair.phones[3].manner = Manner::Ring;
    pair.call("1002");
    pair.run(2);
    let rings = |phone: &Phone| phone.leg.is_some();
    assert!(rings(&pair.phones[2]) && rings(&pair.phones[3]));
    let at_b = pair.servers[1].switch.counts().calls;
    assert_eq!(at_b, 1, "the phone that is at both rings over one");
    pair.run(3);
    assert_eq!(pair.phones[0].answered, 1);
    let why = pair.phones[3].end();
    assert!(why.contains("Call completed elsewhere"), "{why}");
    pair.plan(0, 0, Action::Hangup);
    pair.assert_no_leaks();
}

#[test]
fn a_caller_who_gives_up_stops_the_ringing_there() {
    let mut pair = Pair::new(&["alice-1", "bob-1"]);
    pair.phones[1].manner = Manner::Ring;
    pair.call("1002");
    pair.plan(0, 5, Action::Hangup);
    pair.run(20);
    for server in &pair.servers {
        assert_eq!(server.ends(), [(CallEnd::Cancelled, Some(Side::Caller))]);
    }
    pair.assert_no_leaks();
}

#[test]
fn a_refusal_and_an_early_session_pass_through_both() {
    let mut pair = Pair::new(&["alice-1", "bob-1"]);
    pair.phones[1].manner = Manner::Refuse(StatusCode::BUSY_HERE);
    pair.call("1002");
    pair.run(20);
    assert_eq!(
        pair.servers[0].ends(),
        [(CallEnd::Busy, Some(Side::Callee))]
    );
    pair.phones[1].manner = Manner::EarlyMedia(seconds(2));
    pair.call("1002");
    pair.run(20);
    assert!(pair.phones[0].had_early_media);
    assert_eq!(pair.phones[0].answered, 1);
    pair.plan(0, 0, Action::Hangup);
    pair.assert_no_leaks();
}

#[test]
fn where_a_phone_there_sends_the_caller_is_looked_up_for_the_caller_here() {
    let mut pair = Pair::new(&["alice-1", "bob-1", "alice-2"]);
    pair.phones[1].manner = Manner::Redirect("sip:1001@carillon.test");
    pair.call("1002");
    pair.run(20);
    let asked = |server: usize| pair.servers[server].directory.asked.clone();
    let by = |who: &str, number: &str| (who.to_owned(), number.to_owned());
    assert_eq!(asked(0), [by("alice", "1002"), by("alice", "1001")]);
    assert!(asked(1).is_empty());
    assert_eq!(pair.phones[0].answered, 1, "her other phone was picked up");
}

#[test]
fn a_message_reaches_the_phone_at_the_other_server() {
    let mut pair = Pair::new(&["alice-1", "bob-1"]);
    pair.plan(0, 0, Action::Message("1002", "lunch?"));
    pair.plan(1, 1, Action::Message("1001", "yes"));
    pair.run(5);
    assert_eq!(pair.phones[1].heard, ["MESSAGE lunch?", "200 "]);
    assert_eq!(pair.phones[0].heard, ["200 ", "MESSAGE yes"]);
    pair.assert_no_leaks();
}

#[test]
fn a_session_that_changes_and_a_transfer_pass_through_both() {
    let mut pair = Pair::new(&["alice-1", "bob-1", "alice-2"]);
    pair.call("1002");
    pair.plan(1, 5, Action::Offer(sdp::Direction::SendOnly));
    pair.plan(1, 10, Action::Refer("1001"));
    pair.run(9);
    let hears = |phone: &Phone| phone.media.unwrap().direction;
    assert_eq!(hears(&pair.phones[0]), sdp::Direction::RecvOnly);
    pair.run(20);
    // The one who stays is called back by nobody: her other phone is, through A.
    assert_eq!(pair.phones[1].end(), "they hung up");
    assert!(
        pair.phones[2].leg.is_some(),
        "her other phone is in the call"
    );
    pair.plan(2, 0, Action::Hangup);
    pair.assert_no_leaks();
}

#[test]
fn what_nobody_vouches_for_is_forbidden_and_comes_through_once() {
    for method in ["INVITE", "MESSAGE"] {
        let mut pair = Pair::new(&["alice-1", "bob-1"]);
        let bindings: Vec<StoredBinding> = {
            let now = pair.network.now();
            let mut again = Pair::new(&["alice-1", "bob-1"]);
            again.servers[1].events.clear();
            again.phones[1].register(now);
            again.run(10);
            kept(&again.servers[1])
        };
        let good = pair.caught(method);
        let now = pair.network.now();
        let at = NOON + 41;
        let b = |bindings: Vec<StoredBinding>| started(1, now, at, bindings);
        let is_taken = |status: u16| status <= 200;

        let mut server = b(bindings.clone());
        assert!(is_taken(answer_to(&mut server, now, &good)), "{good}");
        let again = good.replace("Call-ID: ", "Call-ID: y").replace("bK", "bKy");
        assert_eq!(answer_to(&mut server, now, &again), 403, "sent again");

        let refused = |what: &str, text: &str| {
            assert_ne!(text, good, "{what}");
            assert_eq!(
                answer_to(&mut b(bindings.clone()), now, text),
                403,
                "{what}"
            );
        };
        refused("another token", &good.replacen("flow-0", "flow-1", 1));
        refused("no token", &good.replacen("flow-0", "flow-", 1));
        refused(
            "another caller",
            &good.replacen(
                "Identity: \"alice\" <sip:1001",
                "Identity: \"alice\" <sip:1003",
                1,
            ),
        );
        refused(
            "another account",
            &good.replacen(";account=1", ";account=3", 1),
        );
        refused("no proof", &good.replacen("Carillon-Sender", "X-Sender", 1));
        refused("no identity", &good.replacen("P-Asserted", "X-Asserted", 1));
        refused("no mac", &good.replacen(";mac=", ";mc=", 1));
        let body = if method == "INVITE" { "s=-" } else { "lunch?" };
        refused(
            "another body",
            &good.replacen(body, &body.replace(['-', 'l'], "x"), 1),
        );

        // Its token is another server's.
        let mut foreign = started(2, now, at, bindings.clone());
        assert_eq!(answer_to(&mut foreign, now, &good), 403);
        // Of a server that shares nothing.
        let mut alone = Server::new(Config::new(DOMAIN), 3);
        assert_eq!(answer_to(&mut alone, now, &good), 403);
        // It was sent a minute ago, or comes from the future.
        for late in [NOON + 102 + 1, NOON - 60] {
            let mut server = started(1, now, late, bindings.clone());
            assert_eq!(answer_to(&mut server, now, &good), 403, "{late}");
        }
        // The flow is no more.
        assert_eq!(answer_to(&mut b(Vec::new()), now, &good), 430);
        let elsewhere = StoredBinding {
            token: Some("flow-of-another-connection".into()),
            ..bindings[0].clone()
        };
        assert_eq!(answer_to(&mut b(vec![elsewhere]), now, &good), 430);
    }
}

#[test]
fn a_flow_that_is_gone_there_is_a_phone_that_is_not_there() {
    let mut pair = Pair::new(&["alice-1", "bob-1"]);
    let revoke = Input::ForgetLogin {
        login: "bob-1".into(),
    };
    let now = pair.network.now();
    pair.servers[1].handle(now, revoke);
    pair.call("1002");
    pair.run(5);
    let unreachable = (CallEnd::Unreachable, Some(Side::Callee));
    assert_eq!(pair.servers[0].ends(), [unreachable]);
    assert!(pair.servers[1].ends().is_empty());
    pair.run(Duration::from_secs(100).as_secs());
}

#[test]
fn whoever_calls_with_a_route_that_is_no_token_proves_who_they_are() {
    let mut pair = Pair::new(&["alice-1", "bob-1"]);
    let good = pair.caught("INVITE");
    let now = pair.network.now();
    let start = good.find("flow-").unwrap();
    let end = start + good[start..].find('@').unwrap();
    let other = good.replacen(&good[start..end], "alice", 1);
    let mut server = started(1, now, NOON + 41, Vec::new());
    assert_eq!(answer_to(&mut server, now, &other), 407);
}
