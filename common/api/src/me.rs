//! One's own account: what it is, and what its owner changes about it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{AccountId, AccountKind, Number, Role};

/// One's own account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Me {
    /// The immutable id.
    pub id: AccountId,
    /// A person or a guest.
    pub kind: AccountKind,
    /// What one may do.
    pub role: Role,
    /// The username as it is today.
    pub name: String,
    /// What people see.
    pub display_name: String,
    /// The primary number, if one holds one.
    pub number: Option<Number>,
    /// Whether there is a picture, at `/api/v1/me/picture`.
    pub has_picture: bool,
    /// Whether one can log in by password; a guest cannot.
    pub has_password: bool,
    /// How many devices there are.
    pub devices: i64,
    /// RFC 3339.
    pub created_at: String,
}

/// What is to be changed; what is missing stays.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MeChange {
    /// What people see: 1 to 64 characters of any script.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

/// Another username. The old one rests for 45 days, reaches its owner, and can be taken back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UsernameChange {
    /// The new one.
    pub username: String,
}

/// Another password. All other logins end.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasswordChange {
    /// The one until now.
    pub old_password: String,
    /// The one from now on.
    pub new_password: String,
}

/// That an account is to be deleted for ever.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Erasure {
    /// The password, again; guests have none and send none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

impl fmt::Debug for PasswordChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordChange { (hidden) }")
    }
}

impl fmt::Debug for Erasure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Erasure { (hidden) }")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_in_the_debug_text() {
        let change = PasswordChange {
            old_password: "s3cret".into(),
            new_password: "s3cret2".into(),
        };
        let erasure = Erasure {
            password: Some("s3cret".into()),
        };
        assert!(!format!("{change:?} {erasure:?}").contains("s3cret"));
    }
}
