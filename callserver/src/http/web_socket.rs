//! `GET /ws/sip`: SIP over WebSocket for browsers (RFC 7118). Only the upgrade is HTTP; then the exchange has the
//! connection.

use std::net::SocketAddr;

use api::{Problem, ProblemKind};
use axum::Extension;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::HeaderValue;
use axum::http::header::SEC_WEBSOCKET_PROTOCOL;
use axum::response::Response;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::tungstenite::handshake::server::create_response;

use super::Interface;
use super::problem::Refusal;
use super::routing::{Routes, routes};
use super::serving::Carrier;

/// The name of SIP among the protocols of WebSocket (RFC 7118 section 8.1).
const SUB_PROTOCOL: &str = "sip";

pub(super) fn router() -> Routes {
    Routes::new().routes(routes!(upgrade))
}

/// SIP over WebSocket (RFC 7118). Only the upgrade is HTTP.
#[utoipa::path(get, path = "/ws/sip", tag = "sip", security(()),
    responses(
        (status = 101, description = "From here on SIP is spoken."),
        (status = 400, description = "No upgrade to a WebSocket with the sub-protocol `sip`."),
        (status = 403, description = "Not without encryption from another machine."),
    ))]
async fn upgrade(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Extension(carrier): Extension<Carrier>,
    mut request: Request,
) -> Result<Response, Refusal> {
    if !carrier.is_encrypted && !source.ip().to_canonical().is_loopback() {
        let detail = "SIP over an unencrypted WebSocket is spoken on this machine only; use wss:// with the HTTPS port.";
        return Err(Problem::new(ProblemKind::Forbidden, detail).into());
    }
    let mut response = handshake(&request).map_err(|why| {
        let detail = format!("This path speaks SIP over WebSocket only: {why}.");
        Problem::new(ProblemKind::BadRequest, detail)
    })?;
    if !offers_sip(&request) {
        let detail = "Only the sub-protocol sip is spoken here; offer it in Sec-WebSocket-Protocol (RFC 7118).";
        return Err(Problem::new(ProblemKind::BadRequest, detail).into());
    }
    let protocol = HeaderValue::from_static(SUB_PROTOCOL);
    response
        .headers_mut()
        .insert(SEC_WEBSOCKET_PROTOCOL, protocol);
    let upgraded = hyper::upgrade::on(&mut request);
    let web_sockets = interface.web_sockets.clone();
    // Comes to life when the response is out; ends with the connection.
    tokio::spawn(async move {
        match upgraded.await {
            Ok(upgraded) => {
                let io = TokioIo::new(upgraded);
                web_sockets
                    .serve(io, carrier.local, source, carrier.is_encrypted)
                    .await;
            }
            Err(error) => tracing::debug!(%error, %source, "a WebSocket was not opened"),
        }
    });
    Ok(response)
}

/// Checks what RFC 6455 section 4.2.1 asks of a client, and makes the answer to it.
pub(super) fn handshake(request: &Request) -> Result<Response, String> {
    let mut head = axum::http::Request::new(());
    *head.method_mut() = request.method().clone();
    *head.version_mut() = request.version();
    *head.headers_mut() = request.headers().clone();
    let response = create_response(&head).map_err(|error| error.to_string())?;
    Ok(response.map(|()| Body::empty()))
}

fn offers_sip(request: &Request) -> bool {
    let offered = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL);
    offered
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|protocol| protocol.trim().eq_ignore_ascii_case(SUB_PROTOCOL))
}
