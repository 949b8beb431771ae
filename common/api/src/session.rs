//! Sessions over HTTP: the tokens that prove them, and their list.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The immutable id of one session, which began with a login and ends with a logout.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct SessionId(pub i64);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What proves a session. The server keeps only hashes of both tokens.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tokens {
    /// Goes with each request, as `Authorization: Bearer …`.
    pub access_token: String,
    /// For so many seconds from now.
    pub access_seconds: u64,
    /// Good once, for `POST /api/v1/tokens/refresh`: the answer holds the next pair. Used a second time it ends the
    /// session, because then two have it.
    pub refresh_token: String,
    /// For so many seconds from now.
    pub refresh_seconds: u64,
}

/// What a device sends to get new tokens.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefreshRequest {
    /// From the latest answer that held tokens.
    #[cfg_attr(feature = "openapi", schema(max_length = 100))]
    pub refresh_token: String,
}

/// A session, as its owner sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionView {
    /// The immutable id.
    pub id: SessionId,
    /// What its owner called the device at the login.
    pub label: String,
    /// The SIP login of the device that came with it, as long as that exists.
    pub device: Option<String>,
    /// Whether it is the one that asks.
    pub is_this: bool,
    /// When it began, RFC 3339.
    pub created_at: String,
    /// When it last got new tokens, RFC 3339.
    pub refreshed_at: String,
    /// When it ends if it gets no new ones, RFC 3339.
    pub ends_at: String,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("access_seconds", &self.access_seconds)
            .field("refresh_seconds", &self.refresh_seconds)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for RefreshRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshRequest { (hidden) }")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_not_in_the_debug_text() {
        let tokens = Tokens {
            access_token: "acce55".into(),
            access_seconds: 900,
            refresh_token: "refre5h".into(),
            refresh_seconds: 5_184_000,
        };
        let request = RefreshRequest {
            refresh_token: "refre5h".into(),
        };
        let text = format!("{tokens:?} {request:?}");
        assert!(
            !text.contains("acce55") && !text.contains("refre5h"),
            "{text}"
        );
    }
}
