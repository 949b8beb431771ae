//! The rule for passwords, with a reason in words for each refusal.

use std::fmt;

use crate::Username;
use crate::common_passwords::is_common;

/// A password that is fit to be set: 8 to 128 characters, not one that everybody tries first. It never shows itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

/// Why a text is not taken as a password.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordRefused {
    /// Shorter than [`Password::MIN_LENGTH`].
    #[error("A password has at least {} characters.", Password::MIN_LENGTH)]
    TooShort,
    /// Longer than [`Password::MAX_LENGTH`].
    #[error("A password has at most {} characters.", Password::MAX_LENGTH)]
    TooLong,
    /// Holds a control character, which many keyboards cannot type.
    #[error("A password holds no control characters such as a line break.")]
    ControlCharacter,
    /// Contains the username.
    #[error("A password does not contain the username.")]
    ContainsName,
    /// One of the 10,000 commonest, a simple variation of one, or one character over and over.
    #[error(
        "This password, or one very like it, is among the 10,000 that are tried first; choose one that nobody else would, such as four words that have nothing to do with each other."
    )]
    Common,
}

impl Password {
    /// The fewest characters of a password.
    pub const MIN_LENGTH: usize = 8;
    /// The most characters of a password: enough for any passphrase, little enough to hash quickly.
    pub const MAX_LENGTH: usize = 128;

    /// Checks a text that `username` wants to use as a password.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: &str, username: &Username) -> Result<Self, PasswordRefused> {
        let length = text.chars().count();
        if length < Self::MIN_LENGTH {
            return Err(PasswordRefused::TooShort);
        }
        if length > Self::MAX_LENGTH {
            return Err(PasswordRefused::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(PasswordRefused::ControlCharacter);
        }
        // A name of two or three letters occurs in many good passphrases by chance.
        let name = username.as_str().as_bytes();
        let holds_name = text
            .as_bytes()
            .windows(name.len())
            .any(|part| part.eq_ignore_ascii_case(name));
        if name.len() >= 4 && holds_name {
            return Err(PasswordRefused::ContainsName);
        }
        if is_common(text) {
            return Err(PasswordRefused::Common);
        }
        Ok(Self(text.to_owned()))
    }

    /// The password itself, for hashing.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_its_reason() {
        let alice = Username::parse("alice").unwrap();
        for (text, reason) in [
            ("", PasswordRefused::TooShort),
            ("seven77", PasswordRefused::TooShort),
            (&"x1".repeat(65), PasswordRefused::TooLong),
            ("line\nbreak", PasswordRefused::ControlCharacter),
            ("i-am-ALICE-1", PasswordRefused::ContainsName),
            ("Password1", PasswordRefused::Common),
            ("Dragon_1987", PasswordRefused::Common),
            ("zzzzzzzzzzzz", PasswordRefused::Common),
        ] {
            assert_eq!(
                Password::parse(text, &alice).unwrap_err(),
                reason,
                "{text:?}"
            );
        }
    }

    #[test]
    fn any_script_is_welcome_and_nothing_shows_it() {
        let alice = Username::parse("alice").unwrap();
        let password = Password::parse("größere Fische 魚", &alice).unwrap();
        assert_eq!(password.reveal(), "größere Fische 魚");
        assert_eq!(format!("{password:?}"), "Password(hidden)");
    }
}
