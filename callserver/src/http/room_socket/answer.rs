//! What goes out over `/ws/rooms`: answers to requests, and errors.

use std::time::SystemTime;

use api::room::{Response, RoomError, RoomErrorCode, Told};
use serde::Deserialize;

use crate::rooms::RoomsError;
use crate::store::unix_millis;
use crate::times::rfc_3339;

/// The longest id of a request.
const LONGEST_ID: usize = 64;

/// So much of what is wrong with a message is told: the rest would be the message itself.
const LONGEST_WHY: usize = 200;

/// An answer, as it is sent.
pub(super) fn text(told: Told, status: u16, id: Option<String>) -> String {
    let response = Response {
        told,
        status,
        timestamp: rfc_3339(unix_millis(SystemTime::now())),
        id,
    };
    serde_json::to_string(&response).unwrap_or_default()
}

/// An error, as it is sent.
pub(super) fn error(
    code: RoomErrorCode,
    status: u16,
    sentence: impl Into<String>,
    id: Option<String>,
) -> String {
    let sentence = sentence.into();
    text(Told::Error(RoomError { code, sentence }), status, id)
}

/// Why a wish was not fulfilled, as it is sent; what is our fault goes to the log.
pub(super) fn refusal(refused: &RoomsError, id: Option<String>) -> String {
    if let RoomsError::Store(source) = refused {
        tracing::error!(error = %source, "a request about rooms failed");
    }
    let status = refused.kind().status();
    error(refused.code(), status, refused.sentence(), id)
}

/// What is wrong with a text that is no request.
pub(super) fn misunderstood(text: &str, why: &serde_json::Error) -> String {
    #[derive(Deserialize)]
    struct WithId {
        id: Option<String>,
    }
    let with_id = serde_json::from_str::<WithId>(text).ok();
    let id = with_id.and_then(|found| found.id);
    let id = id.filter(|id| is_id(id));
    let why: String = why.to_string().chars().take(LONGEST_WHY).collect();
    let sentence = format!("The message is not understood: {why}.");
    error(RoomErrorCode::InvalidMessage, 400, sentence, id)
}

/// Whether a client may call a request so.
pub(super) fn is_id(id: &str) -> bool {
    (1..=LONGEST_ID).contains(&id.len()) && !id.chars().any(char::is_control)
}
