//! The wire format of live rooms: rooms over plain TCP and UDP that last as long as their host stays.
//!
//! Over TCP a client asks and the server answers in frames: a header of [`LIVE_HEADER`] bytes, the room's name, a
//! payload of JSON. Over UDP, on the same port, everybody in a room speaks and hears. Nothing of it is encrypted.
//!
//! ```text
//! TCP   | room size (1) | operation (1) | state (1) | payload size (29, the most significant byte first) | room | payload |
//! UDP   | room size (1) | token size (1) | room | token | text |              to the server
//!       | kind (1)      | name size (1)  | name | text |                      from the server
//! ```

mod datagram;
mod frame;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use datagram::{LiveHeard, LiveKind, LiveSpeech};
pub use frame::{LiveFrame, LiveHeader, LiveOperation, LiveState};

/// How long the header of a frame is, in bytes.
pub const LIVE_HEADER: usize = 32;

/// The longest text that is passed on, in bytes.
pub const LIVE_TEXT: usize = 4096;

/// The longest datagram: a text, the names before it, and their lengths.
pub const LIVE_DATAGRAM: usize = 2 + 2 * LIVE_NAME + LIVE_TEXT;

/// The longest name of a room or of somebody in it, in bytes of UTF-8: what one byte can count.
pub const LIVE_NAME: usize = 255;

/// How many digits a token has, hexadecimal ones: 256 bits.
pub const LIVE_TOKEN: usize = 64;

/// The longest payload that a client may send, in bytes.
pub const LIVE_REQUEST: usize = 1024;

/// The longest payload that a server sends, in bytes: a list of a thousand rooms fits.
pub const LIVE_ANSWER: usize = 512 * 1024;

/// Who wants to enter.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LiveEntry {
    /// What the others call them; nobody else in the room has this name.
    pub name: String,
}

/// Who leaves.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveLeave {
    /// The secret of the one who leaves.
    pub token: String,
}

/// Whether something is granted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LiveVerdict {
    /// In one word.
    pub status: LiveStatus,
    /// For people; empty where it is granted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sentence: String,
}

/// Whether something is granted, and why not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveStatus {
    /// Granted.
    Ok,
    /// What came is no request.
    Malformed,
    /// A name is empty, too long, or holds what cannot be seen.
    BadName,
    /// There is a room of this name.
    RoomTaken,
    /// There is no room of this name.
    NoRoom,
    /// Somebody in the room has this name.
    NameTaken,
    /// The room takes nobody more.
    RoomFull,
    /// The server takes nobody more.
    ServerFull,
    /// More often than may be.
    TooOften,
    /// Nobody in the room has this token.
    NoToken,
}

/// A place in a room.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveSeat {
    /// What every datagram proves itself with: a secret.
    pub token: String,
    /// Whoever sends nothing for so long has left: an empty text is enough.
    pub timeout_seconds: u64,
}

/// All rooms.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct LiveList {
    /// By name.
    pub rooms: Vec<LiveRoom>,
}

/// A room as strangers see it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LiveRoom {
    /// Its name.
    pub name: String,
    /// Who opened it.
    pub host: String,
    /// How many are in it.
    pub members: usize,
}

/// A frame or datagram that means nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LiveRefused {
    /// Another number than 1 to 4.
    #[error(
        "There is no operation {0}; 1 creates a room, 2 joins it, 3 lists all rooms, 4 leaves one."
    )]
    Operation(u8),
    /// Another number than 0 to 2.
    #[error("There is no state {0}; a request has state 0.")]
    State(u8),
    /// More than may be sent.
    #[error("The payload is too long; {limit} bytes is the most.")]
    TooLong {
        /// The most.
        limit: usize,
    },
    /// Bytes that are no text.
    #[error("The name of a room is text in UTF-8.")]
    NotText,
    /// Lengths that lead beyond the end.
    #[error("The datagram ends before what its first two bytes announce.")]
    CutShort,
}

fn text(bytes: &[u8]) -> Result<String, LiveRefused> {
    let text = std::str::from_utf8(bytes).map_err(|_| LiveRefused::NotText)?;
    Ok(text.to_owned())
}

/// As much of it as one byte can count.
fn short(text: &str) -> &str {
    &text[..text.floor_char_boundary(LIVE_NAME)]
}

fn length(short: &str) -> u8 {
    u8::try_from(short.len()).unwrap_or(u8::MAX)
}
