//! Input that no honest peer sends: nothing panics, and memory does not grow.

use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use sip::{Config, Event, Headers, Input, Message, StatusCode};

use crate::party::accept;
use crate::wire_peer::{Lone, answer, request, request_in};

/// An endpoint that is called, calls and waits for answers, so that each machine can be hit.
fn busy() -> (Lone, Vec<Vec<u8>>) {
    let mut lone = Lone::new(Config::default());
    let (_, ringing) = lone.calls();
    lone.hears_answer(&ringing, 180, "desk");
    let (_, answered) = lone.calls();
    lone.hears_answer(&answered, 200, "mobile");
    lone.hears(&request("INVITE", "incoming", ""));
    let Some(Event::Incoming { leg, .. }) = lone.events().pop() else {
        panic!("somebody calls");
    };
    lone.does(accept(leg));
    let accepted = lone.responses().pop().unwrap();
    let to: sip::ToHeader = accepted.headers.required().unwrap();
    let tag = to.tag().unwrap();
    let seeds = vec![
        request("INVITE", "incoming", "Route: <sip:p.example;lr>\n").into_bytes(),
        request("REGISTER", "2", "Expires: 60\nRequire: path\n").into_bytes(),
        request_in("ACK", "3", "1", tag, "").into_bytes(),
        request_in("INVITE", "4", "2", tag, "Record-Route: <sip:p.example>\n").into_bytes(),
        request_in("BYE", "5", "3", tag, "Reason: SIP;cause=200\n").into_bytes(),
        request("CANCEL", "incoming", "").into_bytes(),
        answer(&ringing, 200, "attic").to_bytes().to_vec(),
        answer(&ringing, 401, "attic").to_bytes().to_vec(),
        answer(&answered, 200, "mobile").to_bytes().to_vec(),
    ];
    (lone, seeds.into_iter().map(with_breaks).collect())
}

pub(crate) fn with_breaks(seed: Vec<u8>) -> Vec<u8> {
    let text = String::from_utf8(seed).unwrap();
    text.replace("\r\n", "\n")
        .replace('\n', "\r\n")
        .into_bytes()
}

/// One change of a message.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Set(usize, u8),
    Cut(usize, usize),
    Double(usize, usize),
    SwapLines(usize, usize),
}

pub(crate) fn change() -> impl Strategy<Value = Change> {
    let place = 0..1000usize;
    prop_oneof![
        (place.clone(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        (place.clone(), 0..40usize).prop_map(|(at, length)| Change::Cut(at, length)),
        (place.clone(), 0..40usize).prop_map(|(at, length)| Change::Double(at, length)),
        (place.clone(), place).prop_map(|(one, two)| Change::SwapLines(one, two)),
    ]
}

pub(crate) fn apply(message: &mut Vec<u8>, change: &Change) {
    if message.is_empty() {
        return;
    }
    let length = message.len();
    let range = |at: usize, count: usize| {
        let start = at % length;
        start..(start + count).min(length)
    };
    match *change {
        Change::Set(at, byte) => message[at % length] = byte,
        Change::Cut(at, count) => drop(message.drain(range(at, count))),
        Change::Double(at, count) => {
            let piece = message[range(at, count)].to_vec();
            let at = at % length;
            message.splice(at..at, piece);
        }
        Change::SwapLines(one, two) => {
            let mut lines: Vec<&[u8]> = message.split_inclusive(|byte| *byte == b'\n').collect();
            let count = lines.len();
            lines.swap(one % count, two % count);
            *message = lines.concat();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_messages_do_no_harm(
        hits in prop::collection::vec((0..9usize, prop::collection::vec(change(), 0..4)), 1..40)
    ) {
        let (mut lone, seeds) = busy();
        for (seed, changes) in hits {
            let mut message = seeds[seed].clone();
            for change in &changes {
                apply(&mut message, change);
            }
            let flow = lone.flow;
            lone.does(Input::Receive { flow, payload: Bytes::from(message) });
            for event in lone.events() {
                if let Event::Request { request, .. } = event {
                    let (status, headers, body) = (StatusCode::OK, Headers::new(), Bytes::new());
                    lone.does(Input::Respond { request, status, headers, body });
                }
            }
            // Whatever we say can be read, except that a 400 quotes what is wrong.
            while let Some(transmit) = lone.endpoint.poll_transmit() {
                let is_quotation = transmit.payload.starts_with(b"SIP/2.0 400");
                prop_assert!(is_quotation || Message::parse(transmit.payload).is_ok());
            }
        }
        lone.waits(Duration::from_secs(400));
        let population = lone.endpoint.population();
        // Only the calls that came in and that nobody has answered still ring.
        prop_assert!(population.server_transactions <= population.legs);
        // Our call that rings was given up, or has been answered by a changed message.
        prop_assert_eq!(population.client_transactions, 0);
        prop_assert_eq!(population.open_requests, 0);
    }
}
