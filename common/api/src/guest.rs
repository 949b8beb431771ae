//! Guests: a number without an account, and how a guest becomes a person.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a guest asks for a number: `POST` this path. The answer is a [`LoginAnswer`](crate::LoginAnswer).
pub const GUESTS_PATH: &str = "/api/v1/guests";

/// What somebody without an account sends.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GuestRequest {
    /// What people see; "Guest 90123" if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// How this device is called in lists, such as "browser".
    pub device_label: String,
}

/// What a guest sends to become a person. The account's id, number, contacts and sessions stay.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpgradeRequest {
    /// The username that it will log in with.
    pub username: String,
    /// The password.
    pub password: String,
    /// What people see from now on; as it was if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

impl fmt::Debug for UpgradeRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpgradeRequest")
            .field("username", &self.username)
            .field("password", &"(hidden)")
            .field("display_name", &self.display_name)
            .finish()
    }
}
