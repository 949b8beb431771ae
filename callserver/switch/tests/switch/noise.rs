//! Whatever comes in over the network, the switch goes on.

use std::time::{Duration, Instant};

use bytes::Bytes;
use proptest::prelude::*;
use sip::{Flow, Transport};
use switch::{Config, Counts, Input};

use crate::server::{DOMAIN, Server};

const SEEDS: [&str; 4] = [
    "INVITE sip:1002@carillon.test SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK1\r\nMax-Forwards: 70\r\nFrom: <sip:alice-1@carillon.test>;tag=1\r\nTo: <sip:1002@carillon.test>\r\nCall-ID: a\r\nCSeq: 1 INVITE\r\nContact: <sip:a@198.51.100.7>\r\nProxy-Authorization: Digest username=\"alice-1\", realm=\"carillon.test\", nonce=\"00\", uri=\"sip:x\", response=\"00\", algorithm=SHA-256, qop=auth, nc=00000001, cnonce=\"c\"\r\nContent-Length: 0\r\n\r\n",
    "REGISTER sip:carillon.test SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK2\r\nMax-Forwards: 70\r\nFrom: <sip:alice-1@carillon.test>;tag=1\r\nTo: <sip:alice-1@carillon.test>\r\nCall-ID: b\r\nCSeq: 1 REGISTER\r\nContact: *\r\nExpires: 0\r\nAuthorization: Digest username=\"alice-1\", realm=\"carillon.test\", nonce=\"00\", uri=\"sip:x\", response=\"00\"\r\nContent-Length: 0\r\n\r\n",
    "BYE sip:1002@carillon.test SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK3\r\nMax-Forwards: 70\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: c\r\nCSeq: 2 BYE\r\nContent-Length: 0\r\n\r\n",
    "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK4\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: d\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
];

/// Takes the messages, waits until all timers have run out, and looks what is left.
fn survive(messages: Vec<Vec<u8>>) -> Counts {
    let mut server = Server::new(Config::new(DOMAIN), 1);
    server.add_people();
    let mut now = Instant::now();
    for payload in messages {
        let flow = Flow {
            transport: Transport::Udp,
            local: server.address,
            remote: "198.51.100.7:5060".parse().unwrap(),
            connection: 0,
        };
        let payload = Bytes::from(payload);
        server.handle(now, Input::Receive { flow, payload });
    }
    while let Some(due) = server.switch.poll_timeout() {
        assert!(due <= now + Duration::from_secs(120), "a timer of days");
        now = due.max(now + Duration::from_millis(1));
        server.handle(now, Input::Timeout);
        while server.switch.poll_transmit().is_some() {}
    }
    server.switch.counts()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn random_bytes_leave_nothing_behind(messages in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 1..5)) {
        prop_assert_eq!(survive(messages), Counts::default());
    }

    #[test]
    fn damaged_messages_leave_nothing_behind(
        which in 0usize..4, at in any::<usize>(), byte in any::<u8>(), cut in any::<usize>(), cuts in any::<bool>(),
    ) {
        let mut message = SEEDS[which].as_bytes().to_vec();
        let length = message.len();
        message[at % length] = byte;
        if cuts {
            message.truncate(cut % length);
        }
        // Twice, as UDP may deliver it.
        prop_assert_eq!(survive(vec![message.clone(), message]), Counts::default());
    }
}
