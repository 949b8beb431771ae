//! Free texts that people see: display names and device labels.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a text is not taken as a display name or a label.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TextRefused {
    /// Nothing but white space.
    #[error("The {what} is empty; write at least one character.")]
    Empty {
        /// What the text was meant to be.
        what: &'static str,
    },
    /// Longer than 64 characters.
    #[error("The {what} has more than {max} characters; shorten it.")]
    TooLong {
        /// What the text was meant to be.
        what: &'static str,
        /// The most characters that it may have.
        max: usize,
    },
    /// Holds a control character or one that reverses the direction of the text around it.
    #[error("The {what} holds a character that cannot be seen (U+{character:04X}); remove it.")]
    Invisible {
        /// What the text was meant to be.
        what: &'static str,
        /// The character's code point.
        character: u32,
    },
}

/// What people see instead of the username: 1 to 64 characters of any script.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DisplayName(String);

/// How a person recognises one device: 1 to 64 characters of any script.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeviceLabel(String);

/// The most characters of either text: one line on any screen.
const MAX_LENGTH: usize = 64;

fn check(text: &str, what: &'static str) -> Result<String, TextRefused> {
    let text = text.trim();
    if text.is_empty() {
        return Err(TextRefused::Empty { what });
    }
    if text.chars().count() > MAX_LENGTH {
        return Err(TextRefused::TooLong {
            what,
            max: MAX_LENGTH,
        });
    }
    // The bidirectional controls can make one name look like another.
    let invisible = |c: &char| {
        c.is_control()
            || matches!(c, '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
    };
    if let Some(character) = text.chars().find(invisible) {
        return Err(TextRefused::Invisible {
            what,
            character: character.into(),
        });
    }
    Ok(text.to_owned())
}

macro_rules! checked_text {
    ($name:ident, $what:literal) => {
        impl $name {
            /// Checks a text; surrounding white space is dropped.
            ///
            /// # Errors
            /// The first rule that the text breaks.
            pub fn parse(text: &str) -> Result<Self, TextRefused> {
                check(text, $what).map(Self)
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
            type Error = TextRefused;

            fn try_from(text: String) -> Result<Self, TextRefused> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> String {
                text.0
            }
        }
    };
}

checked_text!(DisplayName, "display name");
checked_text!(DeviceLabel, "device label");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_script_passes_and_the_invisible_does_not() {
        assert_eq!(DisplayName::parse("  Zoë 王 ").unwrap().as_str(), "Zoë 王");
        assert_eq!(
            DisplayName::parse(" \t"),
            Err(TextRefused::Empty {
                what: "display name"
            })
        );
        assert_eq!(
            DeviceLabel::parse(&"x".repeat(65)).unwrap_err().to_string(),
            "The device label has more than 64 characters; shorten it."
        );
        assert_eq!(
            DisplayName::parse("a\u{202e}b").unwrap_err().to_string(),
            "The display name holds a character that cannot be seen (U+202E); remove it."
        );
        assert!(DisplayName::parse("a\r\nb").is_err());
    }
}
