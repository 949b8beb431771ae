//! Real sockets on loopback: what goes in at one side comes out at the other.

mod crowd;
mod ipv6;
mod keep_alive;
mod limits;
mod plain;
mod tls;
mod web_socket;

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use sip::{Flow, Transport};
use sip_tokio::{BindConfig, FlowFailure, Received, Sockets};
use tokio::time::timeout;

const OPTIONS: &str = "OPTIONS sip:a@example.com SIP/2.0\r\n\
    Via: SIP/2.0/TCP 127.0.0.1:5060;branch=z9hG4bK1\r\n\
    From: <sip:b@example.com>;tag=1\r\n\
    To: <sip:a@example.com>\r\n\
    Call-ID: 1@example.com\r\n\
    CSeq: 1 OPTIONS\r\n\
    Content-Length: 0\r\n\r\n";

fn options() -> Bytes {
    Bytes::from_static(OPTIONS.as_bytes())
}

fn any_port() -> SocketAddr {
    "127.0.0.1:0".parse().expect("an address")
}

async fn bound() -> Sockets {
    bound_with(BindConfig::udp_and_tcp(any_port())).await
}

async fn bound_with(config: BindConfig) -> Sockets {
    Sockets::bind(config).await.expect("free ports")
}

async fn next(sockets: &mut Sockets) -> Received {
    timeout(Duration::from_secs(10), sockets.receive())
        .await
        .expect("something comes within ten seconds")
}

async fn next_message(sockets: &mut Sockets) -> (Flow, Bytes) {
    match next(sockets).await {
        Received::Message { flow, payload } => (flow, payload),
        other => panic!("a message was expected, and {other:?} came"),
    }
}

async fn next_failure(sockets: &mut Sockets) -> (Flow, FlowFailure) {
    match next(sockets).await {
        Received::FlowFailed { flow, why } => (flow, why),
        other => panic!("a failure was expected, and {other:?} came"),
    }
}

fn way(transport: Transport, from: &Sockets, to: SocketAddr) -> Flow {
    Flow {
        transport,
        local: from.local_udp()[0],
        remote: to,
        connection: 0,
    }
}

/// Sends a question and an answer, and gives the server's flow.
async fn question_and_answer(phone: &mut Sockets, server: &mut Sockets, there: Flow) -> Flow {
    phone.send(there, options());
    let (flow, payload) = next_message(server).await;
    assert_eq!(payload, OPTIONS);
    assert_eq!(flow.transport, there.transport);
    server.send(flow, options());
    let (back, payload) = next_message(phone).await;
    assert_eq!(payload, OPTIONS);
    assert_ne!(back.connection, 0);
    assert_eq!(
        (back.transport, back.remote),
        (there.transport, there.remote)
    );
    flow
}
