//! Changed messages in subscriptions, transfers and publications: nothing panics, and memory does not
//! grow.

use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use sip::{Event, Headers, Input, Message, Sipfrag, StatusCode};

use crate::garbage::{apply, change, with_breaks};
use crate::party::{accept, address};
use crate::subscription_wire::{notify, subscribes};
use crate::subscriptions::config;
use crate::wire_peer::{Lone, answer, request, request_in};

/// An endpoint that watches, is watched, and transfers a call.
fn busy() -> (Lone, Vec<Vec<u8>>) {
    let mut lone = Lone::new(config());
    let (_, subscribe) = subscribes(&mut lone);
    lone.hears(&request("INVITE", "incoming", ""));
    let Some(Event::Incoming { leg, .. }) = lone.events().pop() else {
        panic!("somebody calls");
    };
    lone.does(accept(leg));
    let accepted = lone.responses().pop().unwrap();
    let to: sip::ToHeader = accepted.headers.required().unwrap();
    let tag = to.tag().unwrap();
    lone.hears(&request_in("ACK", "3", "1", tag, ""));
    let subscription = lone.endpoint.next_subscription();
    lone.does(Input::Refer {
        subscription,
        leg,
        refer_to: address("sip:carol@example.com"),
        headers: Headers::new(),
    });
    let refer = lone.requests().pop().unwrap();
    let active = "Event: presence\nSubscription-State: active;expires=600\n";
    let report = "Event: refer\nSubscription-State: active;expires=60\n\
                  Content-Type: message/sipfrag\n";
    let over = "Event: presence\nSubscription-State: terminated;reason=giveup;retry-after=5\n";
    let seeds = vec![
        notify(&subscribe, 1, "desk", active).into_bytes(),
        notify(&subscribe, 2, "desk", over).into_bytes(),
        notify(&subscribe, 1, "mobile", active).into_bytes(),
        answer(&subscribe, 200, "desk").to_bytes().to_vec(),
        answer(&subscribe, 423, "desk").to_bytes().to_vec(),
        answer(&refer, 202, "bob").to_bytes().to_vec(),
        request_in("NOTIFY", "n1", "2", tag, report).into_bytes(),
        request_in(
            "REFER",
            "r1",
            "3",
            tag,
            "Refer-To: <sip:carol@x?Replaces=a>\n",
        )
        .into_bytes(),
        request_in("SUBSCRIBE", "s1", "4", tag, "Event: dialog\nExpires: 60\n").into_bytes(),
        request("SUBSCRIBE", "s2", "Event: presence;id=1\nExpires: 0\n").into_bytes(),
        request("REFER", "r2", "Refer-To: <sip:carol@x>\nRefer-Sub: false\n").into_bytes(),
        request("INVITE", "i2", "Replaces: call-1;to-tag=a;from-tag=b\n").into_bytes(),
    ];
    (lone, seeds.into_iter().map(with_breaks).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_subscriptions_do_no_harm(
        hits in prop::collection::vec((0..12usize, prop::collection::vec(change(), 0..3)), 1..40)
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
                match event {
                    Event::Request { request, .. } => {
                        let (status, headers, body) = (StatusCode::OK, Headers::new(), Bytes::new());
                        lone.does(Input::Respond { request, status, headers, body });
                    }
                    Event::SubscriptionRequested { subscription, .. } => {
                        let (expires_seconds, headers) = (60, Headers::new());
                        lone.does(Input::AcceptSubscription { subscription, expires_seconds, headers });
                        let (headers, body) = (Headers::new(), Bytes::from_static(b"x"));
                        lone.does(Input::Notify { subscription, headers, body });
                    }
                    Event::Notified { body, .. } => drop(Sipfrag::parse(&body)),
                    Event::Incoming { leg, .. } => {
                        let (status, headers) = (StatusCode::BUSY_HERE, Headers::new());
                        lone.does(Input::Reject { leg, status, headers });
                    }
                    _ => {}
                }
            }
            while let Some(transmit) = lone.endpoint.poll_transmit() {
                let is_quotation = transmit.payload.starts_with(b"SIP/2.0 400");
                prop_assert!(is_quotation || Message::parse(transmit.payload).is_ok());
            }
        }
        lone.waits(Duration::from_secs(400));
        let population = lone.endpoint.population();
        // Nobody answers our notifications, so nobody is watching us any more.
        prop_assert!(population.subscriptions <= 2, "{population:?}");
        prop_assert_eq!(population.open_requests, 0);
    }

    #[test]
    fn any_bytes_are_a_fragment_or_none(body in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(fragment) = Sipfrag::parse(&body) {
            prop_assert!(Sipfrag::parse(&fragment.to_bytes()).is_ok());
        }
    }
}
