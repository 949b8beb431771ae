//! Files that people keep on the server and send each other.

use serde::{Deserialize, Serialize};

/// Where files are made, listed and fetched.
pub const FILES_PATH: &str = "/api/v1/files";

/// A file in the store.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StoredFile {
    /// Its id, which messages refer to it by.
    pub id: String,
    /// Its name, without any folder.
    pub name: String,
    /// What its contents are, as seen from them; `application/octet-stream` where they do not tell.
    pub media_type: String,
    /// How many bytes it has.
    pub size: u64,
    /// How many of them have come.
    pub received: u64,
    /// SHA-256 of its contents, in hexadecimal digits; missing until all of it has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// When its upload began, RFC 3339.
    pub created_at: String,
}
