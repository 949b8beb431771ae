//! `GET /ws/rooms`: the room protocol. Only the upgrade is HTTP; `connection` speaks the rest.

mod answer;
mod connection;
mod schema;

use std::net::SocketAddr;

use api::{Problem, ProblemKind};
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::Interface;
use super::problem::Refusal;
use super::routing::{Routes, routes};
use super::web_socket::handshake;

/// What is longer is not even read to its end: the connection ends.
const LONGEST_READ: usize = 256 * 1024;

/// Many connections are idle; what the usual ones reserve would be most of what each costs.
const BUFFER: usize = 2 * 1024;

/// So much may wait to be written before the connection is cut.
const WRITE_LIMIT: usize = 1024 * 1024;

pub(super) fn router() -> Routes {
    Routes::new()
        .routes(routes!(upgrade))
        .merge(schema::router())
}

/// The room protocol over WebSocket: text messages of one JSON object each, as `/api/rooms.schema.json` says. The first
/// one is `USER_CONNECT` with an access token.
#[utoipa::path(get, path = "/ws/rooms", tag = "rooms", security(()),
    responses(
        (status = 101, description = "From here on the room protocol is spoken."),
        (status = 400, description = "No upgrade to a WebSocket."),
    ))]
async fn upgrade(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let response = handshake(&request).map_err(|why| {
        let detail = format!("This path speaks the room protocol over WebSocket only: {why}.");
        Problem::new(ProblemKind::BadRequest, detail)
    })?;
    let upgraded = hyper::upgrade::on(&mut request);
    // Comes to life when the response is out; ends with the connection.
    tokio::spawn(async move {
        match upgraded.await {
            Ok(upgraded) => {
                let config = WebSocketConfig::default()
                    .read_buffer_size(BUFFER)
                    .write_buffer_size(BUFFER)
                    .max_write_buffer_size(WRITE_LIMIT)
                    .max_message_size(Some(LONGEST_READ))
                    .max_frame_size(Some(LONGEST_READ));
                let io = TokioIo::new(upgraded);
                let socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
                connection::serve(interface, socket).await;
            }
            Err(error) => tracing::debug!(%error, %source, "a WebSocket was not opened"),
        }
    });
    Ok(response)
}
