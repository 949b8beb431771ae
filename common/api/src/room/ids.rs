//! What rooms and messages are known by.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a text is no id.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "An id has 1 to {max} characters out of A to Z, a to z, 0 to 9 and - _ . : +; this one has not."
)]
pub struct RoomIdRefused {
    /// The most characters that it may have.
    pub max: usize,
}

/// What a room is known by. Whoever made it stands in it, with their account, their number of that day, a UUID and the
/// date; for everybody else it is a text that says nothing.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(max_length = 120))]
#[serde(try_from = "String", into = "String")]
pub struct RoomId(String);

/// What a message is known by in its room: whoever sends it makes it, best a UUID. The same id sent again is the same
/// message, and is answered as the first time.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(max_length = 64))]
#[serde(try_from = "String", into = "String")]
pub struct MessageId(String);

/// For each room the last sequence number that is known.
pub type Cursors = BTreeMap<RoomId, i64>;

fn is_id(text: &str, max: usize) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:+".contains(&byte);
    (1..=max).contains(&text.len()) && text.bytes().all(is_plain)
}

macro_rules! id {
    ($name:ident, $max:literal) => {
        impl $name {
            /// The most characters that it may have.
            pub const MAX_LENGTH: usize = $max;

            /// Checks a text.
            ///
            /// # Errors
            /// If it is too long, empty, or has a character that no id has.
            pub fn parse(text: &str) -> Result<Self, RoomIdRefused> {
                match is_id(text, $max) {
                    true => Ok(Self(text.to_owned())),
                    false => Err(RoomIdRefused { max: $max }),
                }
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = RoomIdRefused;

            fn try_from(text: String) -> Result<Self, RoomIdRefused> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    };
}

id!(RoomId, 120);
id!(MessageId, 64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_short_and_plain() {
        let id = "7-1001-0192f0c1-7b6e-4c0e-9a53-8d1f5a3c2b10-20260307";
        assert_eq!(RoomId::parse(id).unwrap().as_str(), id);
        assert!(RoomId::parse("7-+4930-x").is_ok());
        for bad in ["", "a b", "a/b", "a\0b", "ä", &"x".repeat(121)] {
            assert!(RoomId::parse(bad).is_err(), "{bad:?}");
        }
        assert!(MessageId::parse(&"x".repeat(65)).is_err());
        assert!(serde_json::from_str::<MessageId>("\"../x\"").is_err());
    }
}
