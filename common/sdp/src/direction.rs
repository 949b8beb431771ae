//! Which way media flows (RFC 8866 6.7, RFC 3264 6.1).

use serde::{Deserialize, Serialize};

use crate::{Attribute, Media, SessionDescription};

/// Which way media flows, seen from the side that says it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Direction {
    /// Both ways.
    #[default]
    SendRecv,
    /// I speak, you listen: how a call is put on hold.
    SendOnly,
    /// I listen.
    RecvOnly,
    /// Nobody speaks.
    Inactive,
}

impl Direction {
    /// The direction with these two halves.
    #[must_use]
    pub fn new(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Direction::SendRecv,
            (true, false) => Direction::SendOnly,
            (false, true) => Direction::RecvOnly,
            (false, false) => Direction::Inactive,
        }
    }

    /// Whether whoever says this sends.
    #[must_use]
    pub fn sends(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::SendOnly)
    }

    /// Whether whoever says this wants to receive.
    #[must_use]
    pub fn receives(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::RecvOnly)
    }

    /// The same, seen from the other side.
    #[must_use]
    pub fn reversed(self) -> Self {
        Direction::new(self.receives(), self.sends())
    }

    /// What both allow.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Direction::new(
            self.sends() && other.sends(),
            self.receives() && other.receives(),
        )
    }

    /// The attribute's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::SendRecv => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::RecvOnly => "recvonly",
            Direction::Inactive => "inactive",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        match name {
            "sendrecv" => Some(Direction::SendRecv),
            "sendonly" => Some(Direction::SendOnly),
            "recvonly" => Some(Direction::RecvOnly),
            "inactive" => Some(Direction::Inactive),
            _ => None,
        }
    }

    pub(crate) fn is_named(attribute: &str) -> bool {
        Direction::parse(attribute).is_some()
    }

    fn find(attributes: &[Attribute]) -> Option<Self> {
        attributes
            .iter()
            .find_map(|attribute| Direction::parse(&attribute.name))
    }

    /// What `description` says about `media`: its own attribute, else the session's, else both ways. Who gives an
    /// unspecified address wants to receive nothing, whatever the attribute says (RFC 3264 section 8.4).
    #[must_use]
    pub fn of(description: &SessionDescription, media: &Media) -> Self {
        let said = Direction::find(&media.attributes)
            .or_else(|| Direction::find(&description.attributes))
            .unwrap_or_default();
        match description.connection_of(media) {
            Some(connection) if connection.is_unspecified() => Direction::new(said.sends(), false),
            _ => said,
        }
    }
}
