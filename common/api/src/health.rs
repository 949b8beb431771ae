//! `GET /healthz`: is the server alive, and since when.

use serde::{Deserialize, Serialize};

/// The answer to `GET /healthz`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Health {
    /// `"ok"`; a server that stops does not answer any more.
    pub status: String,
    /// The version of the server's program.
    pub version: String,
    /// Seconds since the server became ready.
    pub uptime_seconds: u64,
}
