//! The rule for usernames, with a reason in words for each refusal.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{AccountId, Skeleton};

/// A username: 2 to 32 characters, small letters `a`–`z`, digits, `.`, `-` and `_`, starting with a letter.
///
/// Only ASCII, so that no two names look alike in different scripts; what people see is the display name, which takes
/// any script. Starting with a letter, so that a name is never taken for a number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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

/// Names that would be mistaken for the operator, for a part of the system (RFC 2142 lists some), or for a word of a
/// path or a program. What looks like one of them is refused too.
const RESERVED: [&str; 36] = [
    "abuse",
    "admin",
    "administrator",
    "all",
    "anonymous",
    "callctl",
    "callserver",
    "carillon",
    "conference",
    "daemon",
    "deleted",
    "emergency",
    "erased",
    "everybody",
    "everyone",
    "guest",
    "hostmaster",
    "localhost",
    "me",
    "moderator",
    "nobody",
    "null",
    "operator",
    "postmaster",
    "register",
    "registrar",
    "root",
    "security",
    "self",
    "server",
    "sip",
    "system",
    "undefined",
    "unknown",
    "voicemail",
    "webmaster",
];

/// Names that the server makes itself begin so: `guest-…` for guests, `erased-…` for accounts that were deleted, `d-…`
/// for devices.
const RESERVED_BEGINNINGS: [&str; 2] = ["guest", "erased"];
const DEVICE_LOGIN: (&str, usize) = ("d-", 12);

fn is_reserved(name: &str) -> bool {
    let is_made_by_the_server = RESERVED_BEGINNINGS.iter().any(|beginning| {
        let rest = name.strip_prefix(beginning);
        rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_lowercase()))
    });
    let (beginning, length) = DEVICE_LOGIN;
    let skeleton = Skeleton::of(name);
    is_made_by_the_server
        || (name.starts_with(beginning) && name.len() == length)
        || RESERVED
            .iter()
            .any(|reserved| Skeleton::of(reserved) == skeleton)
}

impl Username {
    /// The fewest characters of a username.
    pub const MIN_LENGTH: usize = 2;
    /// The most characters of a username.
    pub const MAX_LENGTH: usize = 32;

    /// Checks a text that somebody wants to be called. Capital letters become small ones, surrounding white space is
    /// dropped.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, UsernameRefused> {
        let name = Self::existing(text)?;
        match is_reserved(&name.0) {
            true => Err(UsernameRefused::Reserved(name.0)),
            false => Ok(name),
        }
    }

    /// Reads the name of somebody who may exist already: an account that is older than a reservation, or one that the
    /// server has named itself.
    ///
    /// # Errors
    /// The first rule that the text breaks; what is reserved is no matter.
    pub fn existing(text: &str) -> Result<Self, UsernameRefused> {
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
        Ok(Self(name))
    }

    /// The name that an account gets when it is deleted.
    pub fn erased(account: AccountId) -> Self {
        Self(format!("erased-{account}"))
    }

    /// What is left of the name when what looks alike is one. Only one account has a name of one skeleton.
    pub fn skeleton(&self) -> Skeleton {
        Skeleton::of(&self.0)
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

    #[test]
    fn what_belongs_to_the_server_and_what_looks_like_it_is_reserved() {
        for text in [
            "admin",
            "adm1n",
            "ad-min",
            "adrnin",
            "r00t",
            "post.master",
            "guest",
            "guest-17",
            "guest_x",
            "guest9",
            "erased-4",
            "me",
            "d-0123456789",
        ] {
            let refused = Username::parse(text).expect_err(text);
            assert_eq!(refused, UsernameRefused::Reserved(text.into()));
            assert_eq!(Username::existing(text).expect(text).as_str(), text);
        }
        for text in [
            "guesthouse",
            "administra",
            "rooter",
            "d-artagnan",
            "meg",
            "systems",
        ] {
            assert!(Username::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_deleted_account_has_a_name_that_nobody_can_take() {
        let name = Username::erased(AccountId(12));
        assert_eq!(Username::existing("erased-12"), Ok(name.clone()));
        assert!(Username::parse(name.as_str()).is_err());
    }
}
