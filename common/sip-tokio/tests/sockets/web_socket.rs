//! WebSocket: the sub-protocol, frames, keep-alives, and connections that others upgraded (RFC 7118).

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use sip::Transport;
use sip_tokio::{BindConfig, FlowFailure, Limits, Sockets, Trust};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::tls::{certificate, phone, server};
use crate::{
    OPTIONS, any_port, bound_with, next_failure, next_message, options, question_and_answer, way,
};

async fn plain_server() -> Sockets {
    server_with(Limits::default()).await
}

async fn server_with(limits: Limits) -> Sockets {
    bound_with(BindConfig {
        udp: vec![any_port()],
        ws: vec![any_port()],
        limits,
        ..BindConfig::default()
    })
    .await
}

async fn browser(server: &mut Sockets) -> WebSocketStream<TcpStream> {
    let port = server.local_ws()[0];
    let opening = async {
        let io = TcpStream::connect(port).await.expect("a connection");
        let uri = format!("ws://{port}/ws/sip").parse().expect("a URI");
        let request = ClientRequestBuilder::new(uri).with_sub_protocol("sip");
        client_async(request, io).await.expect("a WebSocket").0
    };
    while_serving(server, opening).await
}

/// Lets the server work until something of the client's is done; nothing may come out of it meanwhile.
async fn while_serving<T>(server: &mut Sockets, doing: impl Future<Output = T>) -> T {
    tokio::select! {
        done = timeout(Duration::from_secs(10), doing) => done.expect("done within ten seconds"),
        received = server.receive() => panic!("{received:?}"),
    }
}

async fn next_frame(browser: &mut WebSocketStream<TcpStream>) -> Message {
    timeout(Duration::from_secs(10), browser.next())
        .await
        .expect("a frame within ten seconds")
        .expect("an open connection")
        .expect("a whole frame")
}

#[tokio::test]
async fn a_web_socket_is_opened_once_and_used_both_ways() {
    let mut server = plain_server().await;
    let mut phone = phone(Trust::Anyone).await;
    let there = way(Transport::Ws, &phone, server.local_ws()[0]);
    let flow = question_and_answer(&mut phone, &mut server, there).await;
    let again = question_and_answer(&mut phone, &mut server, there).await;
    assert_eq!(flow, again);
}

#[tokio::test]
async fn a_web_socket_over_tls_carries_the_same() {
    let certificate = certificate(&["localhost"]);
    let mut server = server(&certificate).await;
    let mut phone = phone(Trust::Pinned(vec![certificate.identity.fingerprint()])).await;
    let there = way(Transport::Wss, &phone, server.local_wss()[0]);
    question_and_answer(&mut phone, &mut server, there).await;
}

#[tokio::test]
async fn who_does_not_offer_the_sub_protocol_is_turned_away() {
    let mut server = plain_server().await;
    for protocol in ["", "Sec-WebSocket-Protocol: mqtt, sipx\r\n"] {
        let mut peer = TcpStream::connect(server.local_ws()[0])
            .await
            .expect("a connection");
        let request = format!(
            "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{protocol}\r\n"
        );
        peer.write_all(request.as_bytes()).await.expect("sent");
        let (_, why) = next_failure(&mut server).await;
        let mut answer = String::new();
        peer.read_to_string(&mut answer).await.expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        assert!(matches!(why, FlowFailure::Handshake(_)), "{why:?}");
    }
}

#[tokio::test]
async fn the_answer_names_the_sub_protocol_and_where_a_page_comes_from_does_not_matter() {
    let mut server = plain_server().await;
    let mut peer = TcpStream::connect(server.local_ws()[0])
        .await
        .expect("a connection");
    let request = "GET /ws/sip HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Origin: https://elsewhere.example\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: xmpp, SIP\r\n\r\n";
    let answer = async {
        peer.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = vec![0; 1024];
        let len = peer.read(&mut answer).await.expect("an answer");
        String::from_utf8_lossy(&answer[..len]).to_lowercase()
    };
    let answer = while_serving(&mut server, answer).await;
    assert!(answer.starts_with("http/1.1 101 "), "{answer}");
    assert!(
        answer.contains("sec-websocket-protocol: sip\r\n"),
        "{answer}"
    );
}

#[tokio::test]
async fn text_and_binary_frames_are_messages_and_text_is_answered_as_text() {
    let mut server = plain_server().await;
    let mut browser = browser(&mut server).await;
    browser.send(Message::text(OPTIONS)).await.expect("sent");
    browser
        .send(Message::binary(options()))
        .await
        .expect("sent");
    let (flow, first) = next_message(&mut server).await;
    assert_eq!(first, OPTIONS);
    assert_eq!(next_message(&mut server).await, (flow, options()));
    server.send(flow, options());
    assert_eq!(next_frame(&mut browser).await, Message::text(OPTIONS));
    let not_text = Bytes::from_static(b"\xff\xfe");
    server.send(flow, not_text.clone());
    assert_eq!(next_frame(&mut browser).await, Message::Binary(not_text));
}

#[tokio::test]
async fn a_message_in_fragments_is_one_message() {
    use tokio_tungstenite::tungstenite::protocol::frame::Frame;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
    let mut server = plain_server().await;
    let mut browser = browser(&mut server).await;
    let (head, tail) = OPTIONS.split_at(100);
    let first = Frame::message(
        Bytes::from_static(head.as_bytes()),
        OpCode::Data(Data::Text),
        false,
    );
    let second = Frame::message(
        Bytes::from_static(tail.as_bytes()),
        OpCode::Data(Data::Continue),
        true,
    );
    browser.send(Message::Frame(first)).await.expect("sent");
    browser.send(Message::Frame(second)).await.expect("sent");
    assert_eq!(next_message(&mut server).await.1, OPTIONS);
}

#[tokio::test]
async fn both_kinds_of_keep_alive_are_answered_and_are_no_messages() {
    let mut server = plain_server().await;
    let mut browser = browser(&mut server).await;
    browser
        .send(Message::Ping(Bytes::from_static(b"there?")))
        .await
        .expect("sent");
    browser.send(Message::text("\r\n\r\n")).await.expect("sent");
    browser.send(Message::text("\r\n")).await.expect("sent");
    let answers = async {
        [
            next_frame(&mut browser).await,
            next_frame(&mut browser).await,
        ]
    };
    let answers = while_serving(&mut server, answers).await;
    assert!(
        answers.contains(&Message::Pong(Bytes::from_static(b"there?"))),
        "{answers:?}"
    );
    assert!(answers.contains(&Message::text("\r\n")), "{answers:?}");
}

#[tokio::test]
async fn a_message_that_is_too_large_ends_the_connection() {
    let mut server = plain_server().await;
    let mut browser = browser(&mut server).await;
    // The server may close while we still send.
    let _ = browser.send(Message::text("x".repeat(1024 * 1024))).await;
    let (_, why) = next_failure(&mut server).await;
    assert!(matches!(why, FlowFailure::NotSip(_)), "{why:?}");
    assert_eq!(server.connection_count(), 0);
}

#[tokio::test]
async fn a_browser_that_leaves_fails_the_flow() {
    let mut server = plain_server().await;
    let mut browser = browser(&mut server).await;
    browser.send(Message::text(OPTIONS)).await.expect("sent");
    let (flow, _) = next_message(&mut server).await;
    browser.close(None).await.expect("a farewell");
    assert_eq!(next_failure(&mut server).await, (flow, FlowFailure::Closed));
}

#[tokio::test]
async fn a_stranger_who_only_answers_pings_is_let_go() {
    let mut server = server_with(Limits {
        message: Duration::from_millis(50),
        ..Limits::default()
    })
    .await;
    let _browser = browser(&mut server).await;
    assert_eq!(next_failure(&mut server).await.1, FlowFailure::Silent);
}

#[tokio::test]
async fn a_connection_that_somebody_else_upgraded_is_served_until_it_ends() {
    let mut server = plain_server().await;
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let local = "127.0.0.1:8080".parse().expect("an address");
    let remote = "192.0.2.7:49152".parse().expect("an address");
    let web_sockets = server.web_sockets();
    let serving = tokio::spawn(async move {
        web_sockets.serve(theirs, local, remote, true).await;
    });
    let mut browser = WebSocketStream::from_raw_socket(ours, Role::Client, None).await;
    browser.send(Message::text(OPTIONS)).await.expect("sent");
    let (flow, payload) = next_message(&mut server).await;
    assert_eq!(payload, OPTIONS);
    assert_eq!(
        (flow.transport, flow.local, flow.remote),
        (Transport::Wss, local, remote)
    );
    server.send(flow, options());
    assert_eq!(
        browser.next().await.expect("open").expect("a frame"),
        Message::text(OPTIONS)
    );
    drop(browser);
    assert_eq!(next_failure(&mut server).await.0, flow);
    serving.await.expect("serving ends with the connection");
}

#[tokio::test]
async fn what_is_queued_goes_out_before_a_web_socket_closes() {
    let mut server = plain_server().await;
    let mut browser = browser(&mut server).await;
    browser.send(Message::text(OPTIONS)).await.expect("sent");
    let (flow, _) = next_message(&mut server).await;
    server.send(flow, Bytes::from_static(b"last words"));
    server.shutdown().await;
    assert_eq!(next_frame(&mut browser).await, Message::text("last words"));
    assert!(matches!(next_frame(&mut browser).await, Message::Close(_)));
}
