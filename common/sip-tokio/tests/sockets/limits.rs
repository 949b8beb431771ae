//! Peers that want too much, or are too slow.

use std::time::Duration;

use bytes::Bytes;
use sip::Transport;
use sip_tokio::{BindConfig, FlowFailure, Limits, Received, Sockets, Trust};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};

use crate::tls::{certificate, phone};
use crate::{
    OPTIONS, any_port, bound_with, next, next_failure, next_message, question_and_answer, way,
};

async fn server_with(limits: Limits) -> Sockets {
    let mut config = BindConfig::udp_and_tcp(any_port());
    config.tls = vec![any_port()];
    config.identity = Some(certificate(&["localhost"]).identity);
    config.limits = limits;
    bound_with(config).await
}

async fn stranger(server: &Sockets) -> TcpStream {
    TcpStream::connect(server.local_tcp()[0])
        .await
        .expect("a connection")
}

/// One that has brought a message.
async fn known(server: &mut Sockets) -> (TcpStream, sip::Flow) {
    let mut peer = stranger(server).await;
    peer.write_all(OPTIONS.as_bytes()).await.expect("sent");
    let (flow, _) = next_message(server).await;
    (peer, flow)
}

#[tokio::test]
async fn a_flood_of_silent_connections_keeps_no_phone_out() {
    let mut server = server_with(Limits {
        connections: 20,
        ..Limits::default()
    })
    .await;
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(stranger(&server).await);
        // Half a handshake is as silent.
        silent.push(
            TcpStream::connect(server.local_tls()[0])
                .await
                .expect("a connection"),
        );
    }
    let mut phone = phone(Trust::Anyone).await;
    let there = way(Transport::Tls, &phone, server.local_tls()[0]);
    question_and_answer(&mut phone, &mut server, there).await;
    assert_eq!(server.connection_count(), 20);
}

#[tokio::test]
async fn who_has_brought_a_message_is_not_given_up_for_a_newcomer() {
    let mut server = server_with(Limits {
        connections: 2,
        ..Limits::default()
    })
    .await;
    let (_first, first) = known(&mut server).await;
    let (second_peer, second) = known(&mut server).await;
    let mut newcomer = stranger(&server).await;
    // Closed at once; it may notice only when it writes.
    let _ = newcomer.write_all(OPTIONS.as_bytes()).await;
    drop(second_peer);
    assert_eq!(
        next_failure(&mut server).await,
        (second, FlowFailure::Closed)
    );
    assert_eq!(server.connection_count(), 1);
    server.send(first, Bytes::from_static(b"still there"));
    let (_third, third) = known(&mut server).await;
    assert_ne!(third.connection, first.connection);
}

#[tokio::test]
async fn one_address_cannot_take_what_belongs_to_all() {
    let mut server = server_with(Limits {
        connections_per_address: 3,
        ..Limits::default()
    })
    .await;
    let mut greedy = Vec::new();
    for _ in 0..3 {
        greedy.push(known(&mut server).await);
    }
    greedy.push((stranger(&server).await, greedy[0].1));
    // Another address of the same machine.
    let other = TcpSocket::new_v4().expect("a socket");
    other
        .bind("127.0.0.2:0".parse().expect("an address"))
        .expect("a port");
    let mut other = other
        .connect(server.local_tcp()[0])
        .await
        .expect("a connection");
    other.write_all(OPTIONS.as_bytes()).await.expect("sent");
    let (flow, _) = next_message(&mut server).await;
    assert_eq!(flow.remote.ip().to_string(), "127.0.0.2");
    assert_eq!(server.connection_count(), 4);

    // Who leaves makes room.
    let (peer, flow) = greedy.swap_remove(0);
    drop(peer);
    assert_eq!(next_failure(&mut server).await.0, flow);
    known(&mut server).await;
}

#[tokio::test]
async fn a_message_that_never_ends_is_given_up() {
    let mut server = server_with(Limits {
        message: Duration::from_millis(50),
        ..Limits::default()
    })
    .await;
    let (mut peer, flow) = known(&mut server).await;
    peer.write_all(&OPTIONS.as_bytes()[..30])
        .await
        .expect("sent");
    assert_eq!(next_failure(&mut server).await, (flow, FlowFailure::Silent));
}

#[tokio::test]
async fn a_connection_that_carries_nothing_is_closed_after_its_time() {
    let mut server = server_with(Limits {
        idle: Duration::from_millis(50),
        ..Limits::default()
    })
    .await;
    let (_peer, flow) = known(&mut server).await;
    assert_eq!(next_failure(&mut server).await, (flow, FlowFailure::Idle));
}

#[tokio::test]
async fn a_peer_that_does_not_take_one_message_in_time_loses_its_connection() {
    let mut server = server_with(Limits {
        write: Duration::from_millis(50),
        ..Limits::default()
    })
    .await;
    let (_peer, flow) = known(&mut server).await;
    // More than the system's buffers of both sides take.
    server.send(flow, Bytes::from(vec![b'x'; 32 * 1024 * 1024]));
    assert_eq!(
        next_failure(&mut server).await,
        (flow, FlowFailure::NotReading)
    );
}

#[tokio::test]
async fn bytes_that_wait_are_limited_as_messages_are() {
    let mut server = server_with(Limits {
        queued_bytes: 100_000,
        ..Limits::default()
    })
    .await;
    let (_peer, flow) = known(&mut server).await;
    for _ in 0..3 {
        server.send(flow, Bytes::from(vec![b'x'; 60_000]));
    }
    assert_eq!(
        next(&mut server).await,
        Received::FlowFailed {
            flow,
            why: FlowFailure::NotReading
        }
    );
}
