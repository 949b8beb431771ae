//! What the switch answers to the messages of RFC 4475, each sent to it by a stranger over UDP.
//!
//! A stranger is asked who he is before anybody looks at what he can accept: so `invut` (3.3.6) and `sdp01` (3.3.15), in
//! order but for an unknown body and an unknown Accept, get a challenge, and never reach a phone. `zeromf` (3.3.11) has
//! no hops left, and needs none: we are where it goes.

use std::fs;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sip::{Flow, Message, Transport};
use switch::{Config, Input};

use crate::server::Server;

fn vectors() -> Vec<String> {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/vectors/rfc4475/verdicts.txt"
    );
    let list = fs::read_to_string(folder).unwrap();
    let names = list.lines().filter_map(|line| line.split(' ').next());
    names.map(str::to_owned).collect()
}

/// The statuses that a message gets within two seconds, before anybody acknowledges; each once.
fn answers(name: &str) -> Vec<u16> {
    let path = format!(
        "{}/../../tests/vectors/rfc4475/{name}.sip",
        env!("CARGO_MANIFEST_DIR")
    );
    let payload = Bytes::from(fs::read(path).unwrap());
    let mut server = Server::new(Config::new("example.com"), 1);
    server.add_people();
    let flow = Flow {
        transport: Transport::Udp,
        local: server.address,
        remote: "198.51.100.7:5060".parse().unwrap(),
        connection: 0,
    };
    let mut now = Instant::now();
    let end = now + Duration::from_secs(2);
    server.handle(now, Input::Receive { flow, payload });
    let mut statuses = Vec::new();
    loop {
        while let Some(transmit) = server.switch.poll_transmit() {
            match Message::parse(transmit.payload) {
                Ok(Message::Response(response)) => statuses.push(response.status.code()),
                other => panic!("{name} made the switch send {other:?}"),
            }
        }
        match server.switch.poll_timeout() {
            Some(due) if due <= end => {
                now = due.max(now + Duration::from_millis(1));
                server.handle(now, Input::Timeout);
            }
            _ => break,
        }
    }
    statuses.dedup();
    statuses
}

#[test]
fn every_message_of_the_rfc_gets_the_answer_of_the_rfc() {
    let table: String = vectors()
        .iter()
        .map(|name| format!("{name}: {:?}\n", answers(name)))
        .collect();
    insta::assert_snapshot!(table);
}
