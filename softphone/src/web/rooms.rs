//! The room protocol's connection: a WebSocket (RFC 6455) to the server that the session belongs to.

use std::time::Duration;

use api::room::{Flush, PeerMessage, ROOMS_PATH, Request, Response, RoomId};
use futures_util::{SinkExt, StreamExt};
use phone::chat::FlushOutcome;
use reqwest::{StatusCode, Upgraded, header};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::connection::Question;
use super::{Session, WebError, encoded};

/// The server is asked so often whether it is still there.
pub(crate) const PING_PAUSE: Duration = Duration::from_secs(25);
/// A server that has not even answered that for so long is gone, whatever TCP thinks.
pub(crate) const SILENCE: Duration = Duration::from_secs(60);
/// No message of the protocol is longer: a page of history has at most 200 entries of 16 kB.
const LONGEST: usize = 8 * 1024 * 1024;

/// Why a whole batch is not taken, now and later: the room is gone, or one is not in it any more.
const FOR_GOOD: [&str; 2] = ["not-found", "forbidden"];

/// A connection to the rooms of a server.
pub(crate) struct RoomsConnection {
    socket: WebSocketStream<Upgraded>,
}

/// What comes over it.
#[derive(Debug)]
pub(crate) enum FromRooms {
    /// The server says something.
    Response(Box<Response>),
    /// It is still there.
    Sign,
}

impl Session {
    /// Connects to the rooms. The token is what the first message has to show.
    ///
    /// # Errors
    /// [`WebError`]; [`WebError::NotOffered`] if this server has no rooms.
    pub(crate) async fn rooms(&self) -> Result<(RoomsConnection, String), WebError> {
        let token = self.access_token(None).await?;
        let (connection, key) = (self.connection(), generate_key());
        let response = connection.upgrade(ROOMS_PATH, &key).await?;
        let origin = connection.address().origin();
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(WebError::NotOffered(origin));
        }
        let accepted = response.headers().get(header::SEC_WEBSOCKET_ACCEPT);
        let expected = derive_accept_key(key.as_bytes());
        if accepted.is_none_or(|accepted| accepted.as_bytes() != expected.as_bytes()) {
            return Err(WebError::NotCarillon(origin));
        }
        let upgraded = response
            .upgrade()
            .await
            .map_err(|error| connection.lost(&error))?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(LONGEST))
            .max_frame_size(Some(LONGEST));
        let socket = WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(config)).await;
        Ok((RoomsConnection { socket }, token))
    }

    /// Brings what devices told each other to the server.
    pub(crate) async fn flush(&self, room: &RoomId, messages: Vec<PeerMessage>) -> FlushOutcome {
        let path = format!("/api/v1/rooms/{}/flush", encoded(room.as_str()));
        let question = Question::once(path, &Flush { messages });
        match self.ask(&question).await {
            Ok(flushed) => FlushOutcome::Done(flushed),
            // What only the server's word can decide is decided by its word alone.
            Err(WebError::Refused { code, sentence, .. }) if FOR_GOOD.contains(&code) => {
                FlushOutcome::Refused(sentence)
            }
            Err(error) => {
                tracing::debug!(%error, "messages could not be brought to the server");
                FlushOutcome::Later
            }
        }
    }

    /// The token was not good: the next connection takes another one.
    pub(crate) async fn spoil(&self, token: &str) -> Result<(), WebError> {
        self.access_token(Some(token)).await.map(drop)
    }
}

impl RoomsConnection {
    /// Says something; `false` when the connection is gone.
    pub(crate) async fn say(&mut self, request: &Request) -> bool {
        match serde_json::to_string(request) {
            Ok(text) => self.socket.send(Message::text(text)).await.is_ok(),
            // Our own wire types have nothing that JSON cannot say.
            Err(_) => true,
        }
    }

    /// Asks for a sign of life; `false` when the connection is gone.
    pub(crate) async fn ping(&mut self) -> bool {
        self.socket
            .send(Message::Ping(Vec::new().into()))
            .await
            .is_ok()
    }

    /// The next thing that comes; nothing when the connection is gone. What cannot be understood is left out.
    pub(crate) async fn next(&mut self) -> Option<FromRooms> {
        loop {
            match self.socket.next().await? {
                Ok(Message::Text(text)) => match serde_json::from_str::<Response>(&text) {
                    Ok(response) => return Some(FromRooms::Response(Box::new(response))),
                    // A newer server tells more than this phone knows of.
                    Err(error) => tracing::debug!(%error, "a message cannot be understood"),
                },
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => return Some(FromRooms::Sign),
            }
        }
    }

    /// Ends the connection in order.
    pub(crate) async fn close(mut self) {
        let _ = self.socket.close(None).await;
    }
}
