//! Datagrams and plain TCP.

use std::time::Duration;

use bytes::Bytes;
use sip::Transport;
use sip_tokio::{BindConfig, BindError, FlowFailure, Limits, Received, Sockets};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::{OPTIONS, any_port, bound, next, next_failure, next_message, way};

#[tokio::test]
async fn port_zero_gives_udp_and_tcp_the_same_port() {
    let sockets = bound().await;
    assert_eq!(sockets.local_udp(), sockets.local_tcp());
}

#[tokio::test]
async fn a_port_in_use_is_said_in_a_sentence() {
    let first = bound().await;
    let taken = first.local_udp()[0];
    let error = match Sockets::bind(BindConfig::udp_and_tcp(taken)).await {
        Ok(_) => panic!("one port was bound twice"),
        Err(error) => error,
    };
    assert!(matches!(error, BindError::PortInUse { address, .. } if address == taken));
    let sentence = error.to_string();
    assert!(sentence.contains(&taken.port().to_string()), "{sentence}");
    assert!(sentence.contains("choose another port"), "{sentence}");
}

#[tokio::test]
async fn an_address_of_another_machine_is_said_in_a_sentence() {
    let elsewhere = "192.0.2.1:0".parse().unwrap();
    let error = Sockets::bind(BindConfig::udp_and_tcp(elsewhere))
        .await
        .err();
    assert!(
        matches!(error, Some(BindError::NoSuchAddress { .. })),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_datagram_comes_with_the_flow_that_answers_it() {
    let (mut phone, mut server) = (bound().await, bound().await);
    let there = way(Transport::Udp, &phone, server.local_udp()[0]);
    phone.send(there, Bytes::from_static(b"question"));
    let (flow, payload) = next_message(&mut server).await;
    assert_eq!(&payload[..], b"question");
    assert_eq!(flow.remote, phone.local_udp()[0]);
    server.send(flow, Bytes::from_static(b"answer"));
    let (back, payload) = next_message(&mut phone).await;
    assert_eq!(&payload[..], b"answer");
    assert_eq!(back, there);
}

#[tokio::test]
async fn keep_alive_datagrams_are_not_messages() {
    let (mut phone, mut server) = (bound().await, bound().await);
    let there = way(Transport::Udp, &phone, server.local_udp()[0]);
    for noise in [&b"\r\n\r\n"[..], b"\0\0\0\0", b"\r\n"] {
        phone.send(there, Bytes::from_static(noise));
    }
    phone.send(there, Bytes::from_static(b"question"));
    assert_eq!(&next_message(&mut server).await.1[..], b"question");
    assert_eq!(server.receive_now(), None);
}

#[tokio::test]
async fn a_connection_is_opened_once_and_used_both_ways() {
    let (mut phone, mut server) = (bound().await, bound().await);
    let there = way(Transport::Tcp, &phone, server.local_tcp()[0]);
    for _ in 0..3 {
        phone.send(there, Bytes::from_static(OPTIONS.as_bytes()));
    }
    let mut flows = Vec::new();
    for _ in 0..3 {
        let (flow, payload) = next_message(&mut server).await;
        assert_eq!(payload, OPTIONS);
        flows.push(flow);
    }
    assert!(flows.iter().all(|flow| *flow == flows[0]));
    assert_eq!(
        (phone.connection_count(), server.connection_count()),
        (1, 1)
    );
    server.send(flows[0], Bytes::from_static(OPTIONS.as_bytes()));
    let (back, payload) = next_message(&mut phone).await;
    assert_eq!(payload, OPTIONS);
    assert_ne!(back.connection, 0);
    assert_eq!(back.remote, there.remote);
}

#[tokio::test]
async fn a_connection_that_cannot_be_opened_fails_the_flow_that_was_asked_for() {
    let mut phone = bound().await;
    let nobody = {
        let closed = bound().await;
        closed.local_tcp()[0]
    };
    let there = way(Transport::Tcp, &phone, nobody);
    phone.send(there, Bytes::from_static(OPTIONS.as_bytes()));
    let failed = [
        next_failure(&mut phone).await,
        next_failure(&mut phone).await,
    ];
    assert!(failed.iter().any(|(flow, _)| *flow == there), "{failed:?}");
    let is_not_there = |(_, why): &(_, _)| matches!(why, FlowFailure::NoConnection(_));
    assert!(failed.iter().all(is_not_there), "{failed:?}");
    assert_eq!(phone.connection_count(), 0);
}

#[tokio::test]
async fn a_flow_fails_when_its_peer_closes() {
    let mut server = bound().await;
    let mut peer = TcpStream::connect(server.local_tcp()[0]).await.unwrap();
    peer.write_all(OPTIONS.as_bytes()).await.unwrap();
    let (flow, _) = next_message(&mut server).await;
    drop(peer);
    assert_eq!(next_failure(&mut server).await, (flow, FlowFailure::Closed));
    server.send(flow, Bytes::from_static(OPTIONS.as_bytes()));
    assert_eq!(
        next_failure(&mut server).await,
        (flow, FlowFailure::NoSuchFlow)
    );
}

#[tokio::test]
async fn messages_in_pieces_and_in_one_piece_are_told_apart() {
    let mut server = bound().await;
    let mut peer = TcpStream::connect(server.local_tcp()[0]).await.unwrap();
    let twice = OPTIONS.repeat(2);
    let (first, second) = twice.split_at(OPTIONS.len() + 17);
    peer.write_all(first.as_bytes()).await.unwrap();
    assert_eq!(next_message(&mut server).await.1, OPTIONS);
    peer.write_all(second.as_bytes()).await.unwrap();
    assert_eq!(next_message(&mut server).await.1, OPTIONS);
}

#[tokio::test]
async fn a_ping_on_a_stream_is_answered() {
    let mut server = bound().await;
    let mut peer = TcpStream::connect(server.local_tcp()[0]).await.unwrap();
    peer.write_all(b"\r\n\r\n").await.unwrap();
    peer.write_all(OPTIONS.as_bytes()).await.unwrap();
    next_message(&mut server).await;
    let mut answer = [0; 2];
    timeout(Duration::from_secs(10), peer.read_exact(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&answer, b"\r\n");
}

#[tokio::test]
async fn a_request_that_cannot_be_framed_gets_400_and_the_connection_closes() {
    let mut server = bound().await;
    let mut peer = TcpStream::connect(server.local_tcp()[0]).await.unwrap();
    let broken = OPTIONS.replace("Content-Length: 0", "Content-Length: zero");
    peer.write_all(broken.as_bytes()).await.unwrap();
    let Received::FlowFailed { .. } = next(&mut server).await else {
        panic!("the connection stayed open");
    };
    let mut answer = String::new();
    timeout(Duration::from_secs(10), peer.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert!(answer.starts_with("SIP/2.0 400 "), "{answer}");
}

#[tokio::test]
async fn a_stranger_who_says_nothing_is_let_go() {
    let mut config = BindConfig::udp_and_tcp(any_port());
    config.limits = Limits {
        message: Duration::from_millis(50),
        ..Limits::default()
    };
    let mut server = Sockets::bind(config).await.unwrap();
    let mut peer = TcpStream::connect(server.local_tcp()[0]).await.unwrap();
    assert!(matches!(
        next(&mut server).await,
        Received::FlowFailed { .. }
    ));
    let mut nothing = Vec::new();
    assert_eq!(peer.read_to_end(&mut nothing).await.unwrap(), 0);
}

#[tokio::test]
async fn a_peer_that_does_not_read_loses_its_connection_and_holds_nothing() {
    let mut config = BindConfig::udp_and_tcp(any_port());
    config.limits.queued_messages = 4;
    let mut server = Sockets::bind(config).await.unwrap();
    let mut peer = TcpStream::connect(server.local_tcp()[0]).await.unwrap();
    peer.write_all(OPTIONS.as_bytes()).await.unwrap();
    let (flow, _) = next_message(&mut server).await;
    let large = Bytes::from(vec![b'x'; 1024 * 1024]);
    for _ in 0..100 {
        server.send(flow, large.clone());
        tokio::task::yield_now().await;
    }
    assert_eq!(
        next_failure(&mut server).await,
        (flow, FlowFailure::NotReading)
    );
    assert_eq!(server.connection_count(), 0);
}

#[tokio::test]
async fn what_is_queued_goes_out_before_the_sockets_close() {
    let mut server = bound().await;
    let mut peer = TcpStream::connect(server.local_tcp()[0]).await.unwrap();
    peer.write_all(OPTIONS.as_bytes()).await.unwrap();
    let (flow, _) = next_message(&mut server).await;
    server.send(flow, Bytes::from_static(b"last words"));
    server.shutdown().await;
    let mut heard = String::new();
    peer.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "last words");
}
