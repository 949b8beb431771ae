//! The directory: who can be called.

use serde::{Deserialize, Serialize};

use crate::{AccountId, Number};

/// Somebody with a number.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DirectoryEntry {
    /// The immutable id.
    pub account: AccountId,
    /// The username.
    pub name: String,
    /// What people see.
    pub display_name: String,
    /// The primary number.
    pub number: Number,
}
