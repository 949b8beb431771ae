//! `GET /api/v1/server`: what a softphone asks before anybody has logged in.

use serde::{Deserialize, Serialize};

use crate::SipService;

/// Where [`ServerFacts`] are told.
pub const SERVER_PATH: &str = "/api/v1/server";

/// What everybody may know about a server.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServerFacts {
    /// The SIP domain.
    pub domain: String,
    /// The version of the server's program.
    pub version: String,
    /// Who may make an account.
    pub sign_up: SignUp,
    /// Whether one gets a number without an account.
    pub guests: bool,
    /// Where SIP is spoken.
    pub sip: SipService,
}

/// Who may make an account.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum SignUp {
    /// Everybody.
    Open,
    /// Who has an invitation.
    Invitation,
    /// Administrators only.
    #[default]
    Closed,
}
