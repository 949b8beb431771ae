//! What goes wrong in rooms, by the five codes of the room protocol.

use serde::{Deserialize, Serialize};

/// The kind of an error.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum RoomErrorCode {
    /// The message is not understood, or breaks a rule. Status 400, 409, 413 or 429.
    #[serde(rename = "ERR_001")]
    InvalidMessage,
    /// There is no such room. Status 404.
    #[serde(rename = "ERR_002")]
    RoomNotFound,
    /// Whoever asks may not do this. Status 403.
    #[serde(rename = "ERR_003")]
    AccessRefused,
    /// A number, name or account is nobody's. Status 404.
    #[serde(rename = "ERR_004")]
    InvalidNumber,
    /// Something is wrong with the connection or the server: the token is not good (401), another connection has taken
    /// this one's place (409), the client reads too slowly (408), the server is busy (503) or made a mistake (500).
    #[serde(rename = "ERR_005")]
    ConnectionError,
    /// What a newer server tells.
    #[serde(other)]
    Unknown,
}

impl RoomErrorCode {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidMessage => "ERR_001",
            Self::RoomNotFound => "ERR_002",
            Self::AccessRefused => "ERR_003",
            Self::InvalidNumber => "ERR_004",
            Self::ConnectionError => "ERR_005",
            Self::Unknown => "ERR_000",
        }
    }
}

/// The `data` of `SYS_ERROR`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoomError {
    /// The kind.
    pub code: RoomErrorCode,
    /// One sentence for the person: what failed and what to do.
    pub sentence: String,
}
