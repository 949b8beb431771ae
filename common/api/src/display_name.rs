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
    /// More marks on one letter than any script has: they would cover the lines around them.
    #[error("The {what} has more than {max} marks on one letter; remove some.")]
    TooManyMarks {
        /// What the text was meant to be.
        what: &'static str,
        /// The most marks that one letter may have.
        max: usize,
    },
    /// Holds a control character, one that nobody sees, or one that reverses the direction of the text around it.
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

/// Vietnamese has two on a letter, Hebrew with all its points four.
const MAX_MARKS: usize = 4;

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
    if let Some(character) = text.chars().find(|c| is_invisible(*c)) {
        return Err(TextRefused::Invisible {
            what,
            character: character.into(),
        });
    }
    let mut marks = 0;
    for character in text.chars() {
        marks = if is_mark(character) { marks + 1 } else { 0 };
        if marks > MAX_MARKS {
            return Err(TextRefused::TooManyMarks {
                what,
                max: MAX_MARKS,
            });
        }
    }
    Ok(text.to_owned())
}

/// The bidirectional controls can make one name look like another, and so do blanks of no width. The joiners U+200C and
/// U+200D stay: Persian, Hindi and pictures of families need them.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180E}'
            | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFC}' | '\u{E0000}'..='\u{E0FFF}')
}

/// The blocks of combining marks that any letter takes.
fn is_mark(character: char) -> bool {
    matches!(character,
        '\u{300}'..='\u{36F}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}'
        | '\u{FE20}'..='\u{FE2F}')
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
        for hidden in ["a\u{200b}b", "\u{3164}", "a\u{2060}", "a\u{e0041}"] {
            assert!(DisplayName::parse(hidden).is_err(), "{hidden:?}");
        }
        assert!(DisplayName::parse("👩\u{200d}👧 می\u{200c}خواهم").is_ok());
        assert!(DisplayName::parse("Nguyễn").is_ok());
        assert_eq!(
            DisplayName::parse(&format!("a{}", "\u{301}".repeat(5))),
            Err(TextRefused::TooManyMarks {
                what: "display name",
                max: 4
            })
        );
    }
}
