//! The rule for usernames, with a reason in words for each refusal.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A username: 2 to 32 characters, small letters `a`–`z`, digits, `.`, `-` and `_`, starting with a letter.
///
/// Only ASCII, so that no two names look alike in different scripts; what people see is the display name, which takes
/// any script. Starting with a letter, so that a name is never taken for a number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Username(String);

/// Why a text is not a username.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UsernameRefused {
    /// Shorter than [`Username::MIN_LENGTH`].
    #[error("A username has at least {} characters.", Username::MIN_LENGTH)]
    TooShort,
    /// Longer than [`Username::MAX_LENGTH`].
    #[error("A username has at most {} characters.", Username::MAX_LENGTH)]
    TooLong,
    /// Does not start with a letter.
    #[error("A username starts with a letter from a to z.")]
    FirstCharacter,
    /// Ends with a separator.
    #[error("A username ends with a letter or a digit.")]
    LastCharacter,
    /// Holds a character that is not allowed.
    #[error(
        "A username holds only the letters a to z, digits, '.', '-' and '_'; {0:?} is none of them."
    )]
    Character(char),
    /// Means something to the server itself.
    #[error("The username {0:?} is kept for the system; choose another one.")]
    Reserved(String),
}

/// Names that would be mistaken for the operator or for a part of the system.
const RESERVED: [&str; 11] = [
    "admin",
    "administrator",
    "anonymous",
    "callserver",
    "carillon",
    "conference",
    "everyone",
    "guest",
    "root",
    "system",
    "voicemail",
];

impl Username {
    /// The fewest characters of a username.
    pub const MIN_LENGTH: usize = 2;
    /// The most characters of a username.
    pub const MAX_LENGTH: usize = 32;

    /// Checks a text. Capital letters become small ones, surrounding white space is dropped.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, UsernameRefused> {
        let name = text.trim().to_ascii_lowercase();
        if let Some(bad) = name
            .chars()
            .find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '.' | '-' | '_'))
        {
            return Err(UsernameRefused::Character(bad));
        }
        if name.len() < Self::MIN_LENGTH {
            return Err(UsernameRefused::TooShort);
        }
        if name.len() > Self::MAX_LENGTH {
            return Err(UsernameRefused::TooLong);
        }
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
            return Err(UsernameRefused::FirstCharacter);
        }
        if !name.ends_with(|c: char| c.is_ascii_alphanumeric()) {
            return Err(UsernameRefused::LastCharacter);
        }
        if RESERVED.contains(&name.as_str()) {
            return Err(UsernameRefused::Reserved(name));
        }
        Ok(Self(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Username {
    type Error = UsernameRefused;

    fn try_from(text: String) -> Result<Self, UsernameRefused> {
        Self::parse(&text)
    }
}

impl From<Username> for String {
    fn from(name: Username) -> String {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_pass_and_become_small() {
        for (text, name) in [
            ("Alice", "alice"),
            (" bob ", "bob"),
            ("jean-luc.p_1", "jean-luc.p_1"),
            ("ab", "ab"),
        ] {
            assert_eq!(Username::parse(text).unwrap().as_str(), name);
        }
    }

    #[test]
    fn each_refusal_has_its_reason() {
        for (text, reason) in [
            ("", UsernameRefused::TooShort),
            ("a", UsernameRefused::TooShort),
            (&"a".repeat(33), UsernameRefused::TooLong),
            ("1000", UsernameRefused::FirstCharacter),
            ("alice.", UsernameRefused::LastCharacter),
            ("al ice", UsernameRefused::Character(' ')),
            ("аlice", UsernameRefused::Character('а')),
            ("al\0ice", UsernameRefused::Character('\0')),
            ("Root", UsernameRefused::Reserved("root".into())),
        ] {
            assert_eq!(Username::parse(text), Err(reason), "{text:?}");
        }
    }
}
