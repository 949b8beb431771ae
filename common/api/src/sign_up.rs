//! Making an account for oneself, and asking whether a username is free.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where an account is made: `POST` this path. The answer is a [`LoginAnswer`](crate::LoginAnswer).
pub const ACCOUNTS_PATH: &str = "/api/v1/accounts";

/// What somebody sends who wants an account.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignUpRequest {
    /// The username, as [`Username::parse`](crate::Username::parse) wants it.
    pub username: String,
    /// The password, as [`Password::parse`](crate::Password::parse) wants it.
    pub password: String,
    /// What people see; the username as it was typed if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The code of an invitation, where one is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<String>,
    /// The wanted number; the one that comes with the invitation or the lowest free one if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// How the person will recognise this device in a list.
    pub device_label: String,
}

/// Whether somebody could have a username.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UsernameCheck {
    /// The name in its normal form, or as it was asked for if it has none.
    pub username: String,
    /// Whether one could have it now.
    pub is_free: bool,
    /// Why not, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl fmt::Debug for SignUpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignUpRequest")
            .field("username", &self.username)
            .field("password", &"(hidden)")
            .field("display_name", &self.display_name)
            .field("invitation", &self.invitation.as_ref().map(|_| "(hidden)"))
            .field("number", &self.number)
            .field("device_label", &self.device_label)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_needed_must_be_sent_and_no_secret_shows() {
        let text = r#"{"username":"alice","password":"s3cret","device_label":"laptop"}"#;
        let request: SignUpRequest = serde_json::from_str(text).expect("a request");
        assert_eq!(serde_json::to_string(&request).expect("JSON"), text);
        let request = SignUpRequest {
            invitation: Some("c0de".into()),
            ..request
        };
        let shown = format!("{request:?}");
        assert!(
            !shown.contains("s3cret") && !shown.contains("c0de"),
            "{shown}"
        );
    }
}
