//! SIP over WebSocket, of both sides (RFC 7118, RFC 6455): one message a frame, sub-protocol `sip`.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use sip::Flow;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::header::SEC_WEBSOCKET_PROTOCOL;
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode, Uri};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Error, Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async_with_config, client_async_with_config};

use crate::Limits;
use crate::connection::{Report, Service};
use crate::failure::FlowFailure;
use crate::queue::Waiting;

/// The name of SIP among the protocols of WebSocket (RFC 7118 8.1).
const SUB_PROTOCOL: &str = "sip";
/// How often we ask whether the peer is there. Below the minute after which proxies and NATs forget a quiet connection;
/// a browser cannot ask by itself (RFC 7118 6).
const PING_EVERY: Duration = Duration::from_secs(50);
/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// Does the server's handshake.
pub(crate) async fn accept<S>(io: S, limits: &Limits) -> Result<WebSocketStream<S>, FlowFailure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    accept_hdr_async_with_config(io, SipOnly, Some(config(limits)))
        .await
        .map_err(|error| FlowFailure::Handshake(error.to_string()))
}

/// Takes over after somebody else's handshake.
pub(crate) async fn adopt<S>(io: S, limits: &Limits) -> WebSocketStream<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    WebSocketStream::from_raw_socket(io, Role::Server, Some(config(limits))).await
}

/// Does the client's handshake.
pub(crate) async fn connect<S>(
    io: S,
    flow: &Flow,
    name: Option<&str>,
    path: &str,
    limits: &Limits,
) -> Result<WebSocketStream<S>, FlowFailure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let scheme = if flow.transport.is_secure() {
        "wss"
    } else {
        "ws"
    };
    let host = match name {
        Some(name) => format!("{name}:{}", flow.remote.port()),
        None => flow.remote.to_string(),
    };
    let uri = format!("{scheme}://{host}{path}")
        .parse::<Uri>()
        .map_err(|error| FlowFailure::Handshake(error.to_string()))?;
    let request = ClientRequestBuilder::new(uri).with_sub_protocol(SUB_PROTOCOL);
    client_async_with_config(request, io, Some(config(limits)))
        .await
        .map(|(socket, _)| socket)
        .map_err(|error| FlowFailure::Handshake(error.to_string()))
}

/// Accepts who speaks SIP. Where a page comes from (`Origin`) says nothing: a program can write what it likes, and nobody
/// gets in by a cookie, only by digest.
struct SipOnly;

impl tokio_tungstenite::tungstenite::handshake::server::Callback for SipOnly {
    fn on_request(
        self,
        request: &Request,
        mut response: Response,
    ) -> Result<Response, ErrorResponse> {
        let offers_sip = request
            .headers()
            .get_all(SEC_WEBSOCKET_PROTOCOL)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|protocol| protocol.trim().eq_ignore_ascii_case(SUB_PROTOCOL));
        if offers_sip {
            let value = HeaderValue::from_static(SUB_PROTOCOL);
            response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, value);
            return Ok(response);
        }
        let why = "Only the sub-protocol sip is spoken here (RFC 7118).\n".to_owned();
        let mut refusal = ErrorResponse::new(Some(why));
        *refusal.status_mut() = StatusCode::BAD_REQUEST;
        Err(refusal)
    }
}

fn config(limits: &Limits) -> WebSocketConfig {
    /// Allocated for each connection, idle or not.
    const READ_BYTES: usize = 4 * 1024;
    let largest = limits.messages.message_bytes;
    WebSocketConfig::default()
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(0)
        // One message that is being written, and the pongs beside it.
        .max_write_buffer_size(limits.queued_bytes.max(largest) + READ_BYTES)
        .max_message_size(Some(largest))
        .max_frame_size(Some(largest))
}

/// Carries messages both ways until one side ends it, and tells why it ended.
pub(crate) async fn serve<S>(
    mut socket: WebSocketStream<S>,
    service: &Service,
    mut waiting: Waiting,
) -> FlowFailure
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let limits = &service.limits;
    let ping_every = service.keep_alive.unwrap_or(PING_EVERY).min(PING_EVERY);
    let started_at = Instant::now();
    let mut heard_at = started_at;
    let mut next_ping = started_at + ping_every;
    let mut has_had_message = false;
    loop {
        // A peer that answers no ping is gone; one that answers but says nothing must do so in its time.
        let silent_at = (!has_had_message).then_some(started_at + limits.message);
        let silent_at = silent_at.filter(|_| service.keep_alive.is_none());
        let gone_at = heard_at + ping_every * 3;
        let wake = silent_at
            .into_iter()
            .chain([next_ping])
            .fold(gone_at, Instant::min);
        let step = timeout_at(wake, async {
            tokio::select! {
                payload = waiting.next() => Step::Send(payload),
                message = socket.next() => Step::Heard(message),
            }
        });
        let sending = match step.await {
            Err(_) => {
                let now = Instant::now();
                if gone_at <= now {
                    return FlowFailure::NoPong;
                }
                if silent_at.is_some_and(|at| at <= now) {
                    return FlowFailure::Silent;
                }
                next_ping = now + ping_every;
                Message::Ping(Bytes::new())
            }
            Ok(Step::Send(None)) => {
                let _ = timeout(FAREWELL, socket.close(None)).await;
                return FlowFailure::LetGo;
            }
            Ok(Step::Send(Some(payload))) => frame(payload),
            Ok(Step::Heard(None)) => return FlowFailure::Closed,
            Ok(Step::Heard(Some(Err(error)))) => {
                let _ = timeout(FAREWELL, socket.close(None)).await;
                return failure(error);
            }
            Ok(Step::Heard(Some(Ok(message)))) => {
                heard_at = Instant::now();
                let payload = match message {
                    Message::Text(text) => Bytes::from(text),
                    Message::Binary(payload) => payload,
                    // The library answers pings and closes.
                    _ => continue,
                };
                if payload
                    .iter()
                    .all(|byte| matches!(byte, b'\r' | b'\n' | 0 | b' '))
                {
                    if &payload[..] != b"\r\n\r\n" {
                        continue;
                    }
                    // Some browser stacks ask as on a TCP stream.
                    frame(Bytes::from_static(b"\r\n"))
                } else {
                    has_had_message = true;
                    let flow = service.flow;
                    // Waits while the owner is busy: then the peer's sending slows down.
                    let report = Report::Message { flow, payload };
                    if service.reports.send(report).await.is_err() {
                        return FlowFailure::LetGo;
                    }
                    continue;
                }
            }
        };
        match timeout(limits.write, socket.send(sending)).await {
            Err(_) => return FlowFailure::NotReading,
            Ok(Err(error)) => return failure(error),
            Ok(Ok(())) => {}
        }
    }
}

enum Step {
    Send(Option<Bytes>),
    Heard(Option<Result<Message, Error>>),
}

/// Text where it is, as browsers like it; a body may be anything (RFC 7118 5.1).
fn frame(payload: Bytes) -> Message {
    match Utf8Bytes::try_from(payload.clone()) {
        Ok(text) => Message::Text(text),
        Err(_) => Message::Binary(payload),
    }
}

fn failure(error: Error) -> FlowFailure {
    match error {
        Error::ConnectionClosed | Error::AlreadyClosed => FlowFailure::Closed,
        Error::Io(error) => error.into(),
        error => FlowFailure::NotSip(error.to_string()),
    }
}
