//! The body of every HTTP answer that is not a success: `application/problem+json` (RFC 9457).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Number;

/// One problem, as RFC 9457 section 3 shapes it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// Which kind of problem, for programs. A kind that this version does not know reads as [`ProblemKind::Other`].
    #[serde(rename = "type")]
    pub kind: ProblemKind,
    /// The kind in a few words.
    pub title: String,
    /// The HTTP status, again.
    pub status: u16,
    /// One sentence for the person: what failed and what to do.
    pub detail: String,
    /// Numbers that are free instead of the one that was wanted, the nearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<Number>,
}

/// The kinds of problem. On the wire each is a URI, `urn:carillon:problem:…`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ProblemKind {
    /// The body is not the JSON that the route expects.
    #[serde(rename = "urn:carillon:problem:bad-request")]
    BadRequest,
    /// Name and password do not belong together.
    #[serde(rename = "urn:carillon:problem:wrong-password")]
    WrongPassword,
    /// No token, one that is not known, or one that is not good any more: log in, or get new tokens.
    #[serde(rename = "urn:carillon:problem:no-session")]
    NoSession,
    /// The account exists but may not log in.
    #[serde(rename = "urn:carillon:problem:account-disabled")]
    AccountDisabled,
    /// Too many attempts; the header `Retry-After` says when to come back.
    #[serde(rename = "urn:carillon:problem:too-many-attempts")]
    TooManyAttempts,
    /// Not for whoever asks, or not this way.
    #[serde(rename = "urn:carillon:problem:forbidden")]
    Forbidden,
    /// The thing asked for does not exist.
    #[serde(rename = "urn:carillon:problem:not-found")]
    NotFound,
    /// The path exists, but not for this method.
    #[serde(rename = "urn:carillon:problem:method-not-allowed")]
    MethodNotAllowed,
    /// The body is larger than the route takes.
    #[serde(rename = "urn:carillon:problem:too-large")]
    TooLarge,
    /// The body has another content type than JSON.
    #[serde(rename = "urn:carillon:problem:not-json")]
    NotJson,
    /// Somebody else has this name or number already.
    #[serde(rename = "urn:carillon:problem:conflict")]
    Conflict,
    /// The same `Idempotency-Key` came with another request before.
    #[serde(rename = "urn:carillon:problem:idempotency-mismatch")]
    IdempotencyMismatch,
    /// The server made a mistake; its log says which.
    #[serde(rename = "urn:carillon:problem:internal")]
    Internal,
    /// The server is stopping, or busy beyond its limit.
    #[serde(rename = "urn:carillon:problem:unavailable")]
    Unavailable,
    /// A kind that a newer server knows.
    #[serde(other, rename = "about:blank")]
    Other,
}

impl ProblemKind {
    /// The HTTP status that goes with this kind.
    pub fn status(self) -> u16 {
        match self {
            Self::BadRequest | Self::Other => 400,
            Self::WrongPassword | Self::NoSession => 401,
            Self::AccountDisabled | Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::NotJson => 415,
            Self::IdempotencyMismatch => 422,
            Self::TooManyAttempts => 429,
            Self::Internal => 500,
            Self::Unavailable => 503,
        }
    }

    /// The kind in a few words.
    pub fn title(self) -> &'static str {
        match self {
            Self::BadRequest => "The request is not understood",
            Self::WrongPassword => "Wrong name or password",
            Self::NoSession => "Not logged in",
            Self::AccountDisabled => "The account is disabled",
            Self::Forbidden => "Not allowed",
            Self::NotFound => "Not found",
            Self::MethodNotAllowed => "Method not allowed",
            Self::Conflict => "Taken already",
            Self::TooLarge => "The request is too large",
            Self::NotJson => "The request is not JSON",
            Self::TooManyAttempts => "Too many attempts",
            Self::IdempotencyMismatch => "The key was used for something else",
            Self::Internal => "The server made a mistake",
            Self::Unavailable => "The server is not available",
            Self::Other => "The request was refused",
        }
    }
}

impl Problem {
    /// The media type of this body.
    pub const MEDIA_TYPE: &'static str = "application/problem+json";

    /// A problem with the kind's own status and title.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            title: kind.title().into(),
            status: kind.status(),
            detail: detail.into(),
            alternatives: Vec::new(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_printed_as_rfc_9457_wants() {
        let problem = Problem::new(ProblemKind::WrongPassword, "Check both and try again.");
        assert_eq!(
            serde_json::to_value(&problem).unwrap(),
            serde_json::json!({
                "type": "urn:carillon:problem:wrong-password",
                "title": "Wrong name or password",
                "status": 401,
                "detail": "Check both and try again.",
            })
        );
    }

    #[test]
    fn a_kind_from_a_newer_server_is_still_read() {
        let text = r#"{"type":"urn:carillon:problem:from-the-future","title":"t","status":418,"detail":"d","more":1}"#;
        let problem: Problem = serde_json::from_str(text).unwrap();
        assert_eq!((problem.kind, problem.status), (ProblemKind::Other, 418));
    }
}
