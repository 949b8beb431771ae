//! Invitations, as administrators make and see them.

use serde::{Deserialize, Serialize};

use crate::Number;

/// An invitation to be made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvitationRequest {
    /// What it is for, one line of at most 200 characters.
    #[serde(default)]
    pub note: String,
    /// The number that whoever takes it gets; then it is good for one account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// For how many accounts it is good.
    #[serde(default = "once")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1000))]
    pub uses: u32,
    /// For how many hours it is good.
    #[serde(default = "a_week")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 8784))]
    pub hours: u32,
}

fn once() -> u32 {
    1
}

fn a_week() -> u32 {
    7 * 24
}

/// An invitation, without its code.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvitationView {
    /// Its id.
    pub id: i64,
    /// What it is for.
    pub note: String,
    /// The number that comes with it.
    pub number: Option<Number>,
    /// How many accounts can still be made with it.
    pub uses_left: i64,
    /// The username of whoever made it.
    pub made_by: Option<String>,
    /// RFC 3339.
    pub created_at: String,
    /// Until when it is good, RFC 3339.
    pub ends_at: String,
}

/// An invitation that was just made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewInvitationAnswer {
    /// What one types when one makes an account. It is not shown a second time.
    pub code: String,
    /// The rest.
    pub invitation: InvitationView,
}

impl std::fmt::Debug for NewInvitationAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewInvitationAnswer")
            .field("code", &"(hidden)")
            .field("invitation", &self.invitation)
            .finish()
    }
}
