//! The administrators' part of the interface: accounts of others, and the log of what was done.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{AccountId, AccountKind, Number, Role};

/// An account, as administrators see it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdminAccount {
    /// The immutable id.
    pub id: AccountId,
    /// What it is.
    pub kind: AccountKind,
    /// What it may do.
    pub role: Role,
    /// The username as it is today.
    pub name: String,
    /// What people see.
    pub display_name: String,
    /// The primary number.
    pub number: Option<Number>,
    /// Whether it may neither log in nor call.
    pub is_disabled: bool,
    /// Whether one can log in by password.
    pub has_password: bool,
    /// How many devices it has.
    pub devices: i64,
    /// RFC 3339.
    pub created_at: String,
}

/// An account to be added.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewAccountRequest {
    /// The username.
    pub name: String,
    /// What people see; the username if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The number; the next of the pools if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The password; without one nobody logs in, and an administrator makes the devices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

/// What is to be changed about an account; what is missing stays.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountChange {
    /// The username.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What people see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Whether it may neither log in nor call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_disabled: Option<bool>,
    /// What it may do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
}

/// A password that an administrator sets, for somebody who has forgotten theirs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasswordReset {
    /// The new one.
    pub password: String,
}

/// One line of the audit log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditLine {
    /// Grows with each line.
    pub id: i64,
    /// RFC 3339.
    pub at: String,
    /// `account`, `operator`, `system` or `stranger`.
    pub actor: String,
    /// The actor's name, as it was then.
    pub actor_name: Option<String>,
    /// From which address; `null`: from the server's own machine.
    pub source: Option<String>,
    /// What was done, such as `number.change`.
    pub action: String,
    /// To what kind of thing.
    pub subject_kind: String,
    /// To which one.
    pub subject: String,
    /// Whose account it concerns.
    pub account: Option<AccountId>,
    /// More about it.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub detail: serde_json::Value,
}

impl fmt::Debug for NewAccountRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewAccountRequest")
            .field("name", &self.name)
            .field("display_name", &self.display_name)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for PasswordReset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordReset { (hidden) }")
    }
}
