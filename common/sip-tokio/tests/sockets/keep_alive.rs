//! What keeps a NAT's mapping or a connection open: STUN, line breaks, pings.

use std::time::Duration;

use bytes::Bytes;
use sip_tokio::{BindConfig, Trust};
use stun_types::attribute::{Fingerprint, Software, XorMappedAddress};
use stun_types::message::MessageWriteVec;
use stun_types::message::{BINDING, Message, MessageWriteExt};
use stun_types::prelude::MessageWrite;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::tls::{certificate, server};
use crate::{
    OPTIONS, any_port, bound, bound_with, next_message, options, question_and_answer, way,
};

#[tokio::test]
async fn a_phone_that_asks_by_stun_learns_the_address_that_it_is_seen_under() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let here = address.parse().expect("an address");
        let mut server = bound_with(BindConfig::udp_and_tcp(here)).await;
        let phone = UdpSocket::bind(here).await.expect("a port");
        phone.connect(server.local_udp()[0]).await.expect("a way");
        let mut request = Message::builder_request(BINDING, MessageWriteVec::new());
        let software = Software::new("a phone").expect("a name");
        request.add_attribute(&software).expect("room");
        request.add_fingerprint().expect("room");
        phone.send(&request.finish()).await.expect("sent");

        let mut answer = [0; 512];
        let received = tokio::select! {
            len = phone.recv(&mut answer) => len.expect("an answer"),
            received = server.receive() => panic!("{received:?}"),
        };
        let answer = Message::from_bytes(&answer[..received]).expect("a STUN message");
        let seen = answer.attribute::<XorMappedAddress>().expect("an address");
        let seen = seen.addr(answer.transaction_id());
        assert_eq!(seen, phone.local_addr().expect("an address"));
        assert!(answer.attribute::<Fingerprint>().is_ok());
    }
}

#[tokio::test]
async fn stun_that_is_no_question_gets_nothing_and_hinders_no_message() {
    let mut server = bound().await;
    let phone = UdpSocket::bind(any_port()).await.expect("a port");
    phone.connect(server.local_udp()[0]).await.expect("a way");
    // An indication, a response, and a request whose length lies.
    for head in [[0, 0x11, 0, 0], [1, 1, 0, 0], [0, 1, 0, 99]] {
        let datagram = [&head[..], &[0x21, 0x12, 0xa4, 0x42], &[7; 12]].concat();
        phone.send(&datagram).await.expect("sent");
    }
    phone.send(OPTIONS.as_bytes()).await.expect("sent");
    let (flow, payload) = next_message(&mut server).await;
    assert_eq!(payload, OPTIONS);
    server.send(flow, Bytes::from_static(b"answer"));
    let mut answer = [0; 512];
    let len = timeout(Duration::from_secs(10), phone.recv(&mut answer)).await;
    let len = len.expect("in time").expect("an answer");
    assert_eq!(&answer[..len], b"answer", "something else was answered");
}

#[tokio::test]
async fn a_connection_that_we_opened_asks_whether_the_peer_is_there() {
    let listener = TcpListener::bind(any_port()).await.expect("a port");
    let mut phone = bound_with(BindConfig {
        udp: vec![any_port()],
        keep_alive: Some(Duration::from_millis(5)),
        limits: sip_tokio::Limits {
            pong: Duration::from_millis(50),
            ..sip_tokio::Limits::default()
        },
        ..BindConfig::default()
    })
    .await;
    let there = way(
        sip::Transport::Tcp,
        &phone,
        listener.local_addr().expect("bound"),
    );
    phone.send(there, options());
    let (mut peer, _) = listener.accept().await.expect("a connection");
    let mut heard = vec![0; OPTIONS.len() + 4];
    peer.read_exact(&mut heard)
        .await
        .expect("a message and a ping");
    assert!(heard.ends_with(b"\r\n\r\n\r\n\r\n"));
    peer.write_all(b"\r\n").await.expect("sent");
    // Answered once, it must answer again; it does not.
    let why = tokio::time::timeout(Duration::from_secs(30), async {
        loop {
            if let sip_tokio::Received::FlowFailed { why, .. } = phone.receive().await {
                return why;
            }
        }
    });
    assert_eq!(why.await.expect("in time"), sip_tokio::FlowFailure::NoPong);
}

#[tokio::test]
async fn pings_over_tls_are_answered() {
    let certificate = certificate(&["localhost"]);
    let mut server = server(&certificate).await;
    let mut phone = bound_with(BindConfig {
        udp: vec![any_port()],
        trust: Trust::Anyone,
        keep_alive: Some(Duration::from_millis(5)),
        ..BindConfig::default()
    })
    .await;
    let there = way(sip::Transport::Tls, &phone, server.local_tls()[0]);
    let mut flows = Vec::new();
    for _ in 0..20 {
        flows.push(question_and_answer(&mut phone, &mut server, there).await);
        tokio::task::yield_now().await;
    }
    flows.dedup();
    assert_eq!(flows.len(), 1, "the connection did not stay");
}

#[tokio::test]
async fn a_peer_that_only_asks_and_never_reads_is_let_go() {
    let mut server = bound().await;
    let mut peer = TcpStream::connect(server.local_tcp()[0])
        .await
        .expect("a connection");
    let pings = "\r\n\r\n".repeat(16 * 1024);
    let asking = async {
        // Until the server has had enough.
        while peer.write_all(pings.as_bytes()).await.is_ok() {}
    };
    let ((), why) = timeout(Duration::from_secs(30), async {
        tokio::join!(asking, crate::next_failure(&mut server))
    })
    .await
    .expect("in time");
    assert_eq!(why.1, sip_tokio::FlowFailure::NotReading);
}
