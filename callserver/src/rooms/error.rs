//! Why something in a room was refused, in the words of the room protocol and of HTTP.

use api::ProblemKind;
use api::room::{RoomErrorCode, RoomIdRefused};

use crate::store::StoreError;

/// Why a wish about rooms was not fulfilled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RoomsError {
    /// A message that says nothing, too much, or what only the server says.
    #[error("{0}")]
    Invalid(&'static str),
    /// An id that is none.
    #[error(transparent)]
    Id(#[from] RoomIdRefused),
    /// The id of a message is another one's already.
    #[error("Somebody else has sent a message with this id; make up another one.")]
    IdTaken,
    /// A message whose sender's device has not signed it.
    #[error("This message is not signed by a device of its sender, so it is not stored.")]
    Forged,
    /// The key of a device belongs to another account.
    #[error("This key belongs to another account; make a new one on this device.")]
    KeyTaken,
    /// The message that something is to be done to is not there.
    #[error("There is no such message in the room; it may have been deleted or be in the archive.")]
    NoSuchMessage,
    /// The file that a message sends is not there, or another one.
    #[error(
        "There is no such file of yours, or not all of it has come; upload it first and send its id, SHA-256 and length."
    )]
    NoSuchFile,
    /// The contents of a file that went from device to device are not here yet.
    #[error(
        "The file of this message has not been uploaded yet; bring the message again when it has been."
    )]
    FileToCome,
    /// The room is not there.
    #[error("There is no such room; ask for the list of your rooms.")]
    NoSuchRoom,
    /// Whoever asks is not in the room.
    #[error("You are not in this room; ask somebody who is to add you.")]
    Stranger,
    /// Whoever asks has not the role for it.
    #[error("Only {0} of the room may do this; ask one of them.")]
    Role(&'static str),
    /// Something that there is in rooms of several people only.
    #[error(
        "A conversation of two has its two people and nothing to set; open a room for this instead."
    )]
    IsDirect,
    /// A number, name or account that nobody has who could be reached.
    #[error("Nobody can be written to at {who}; check it.")]
    Nobody {
        /// What was written.
        who: String,
    },
    /// So many are in the room already.
    #[error("A room has {most} participants at most; open a second one.")]
    TooMany {
        /// How many may be in it.
        most: i64,
    },
    /// Too often.
    #[error("Too many messages; wait {seconds} seconds and try again.")]
    TooOften {
        /// When there is room again.
        seconds: u64,
    },
    /// The server has as much to do as it can.
    #[error("The server is busy; try again in some seconds with the same id.")]
    Busy,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RoomsError {
    /// Its code in the room protocol.
    pub fn code(&self) -> RoomErrorCode {
        match self {
            Self::Invalid(_)
            | Self::Id(_)
            | Self::IdTaken
            | Self::KeyTaken
            | Self::NoSuchMessage
            | Self::NoSuchFile
            | Self::TooMany { .. }
            | Self::TooOften { .. } => RoomErrorCode::InvalidMessage,
            Self::NoSuchRoom => RoomErrorCode::RoomNotFound,
            Self::Stranger | Self::Role(_) | Self::IsDirect | Self::Forged => {
                RoomErrorCode::AccessRefused
            }
            Self::Nobody { .. } => RoomErrorCode::InvalidNumber,
            Self::FileToCome | Self::Busy | Self::Store(_) => RoomErrorCode::ConnectionError,
        }
    }

    /// Its kind over HTTP, whose status is that over WebSocket too.
    pub fn kind(&self) -> ProblemKind {
        match self {
            Self::Invalid(_) | Self::Id(_) => ProblemKind::BadRequest,
            Self::IdTaken | Self::KeyTaken | Self::TooMany { .. } => ProblemKind::Conflict,
            Self::NoSuchMessage | Self::NoSuchFile | Self::NoSuchRoom | Self::Nobody { .. } => {
                ProblemKind::NotFound
            }
            Self::Stranger | Self::Role(_) | Self::IsDirect | Self::Forged => {
                ProblemKind::Forbidden
            }
            Self::TooOften { .. } => ProblemKind::TooManyAttempts,
            Self::FileToCome | Self::Busy => ProblemKind::Unavailable,
            Self::Store(error) if error.is_busy() => ProblemKind::Unavailable,
            Self::Store(_) => ProblemKind::Internal,
        }
    }

    /// One sentence for the person: what the database said stays in the log.
    pub fn sentence(&self) -> String {
        match self {
            Self::Store(error) if error.is_busy() => Self::Busy.to_string(),
            Self::Store(_) => {
                "The server could not do it; its log says why. Try again later.".to_owned()
            }
            other => other.to_string(),
        }
    }
}
