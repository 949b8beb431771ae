//! What can go wrong with the server's HTTP interface, each as a sentence for the person.

use api::ProblemKind;
use reqwest::StatusCode;
use sip_tokio::Fingerprint;

use crate::engine::Problem;

/// Why the server did not do what it was asked for. Each reads as one sentence for the person.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WebError {
    /// Not a web address.
    #[error(
        "“{0}” is not a server address; write it like https://phone.example.org:8443 or http://127.0.0.1:8080."
    )]
    BadAddress(String),
    /// The fingerprint in a link, or after `--server-fingerprint`, is none.
    #[error(
        "The fingerprint of the server's certificate is cut short or mistyped; it is 64 hexadecimal digits."
    )]
    BadFingerprint,
    /// What is said would travel readable over a network.
    #[error(
        "The password would travel unencrypted to {0}; use an https address, or --allow-plain if you trust the network."
    )]
    PlainRefused(String),
    /// The machine's certificate authorities cannot be used.
    #[error("The server's certificate cannot be checked: {0}.")]
    NoAuthorities(String),
    /// Nobody vouches for the server's certificate, and no fingerprint was agreed.
    #[error(
        "Nobody vouches for the certificate of {server}; its fingerprint is {shown}. Compare it with what `callctl status` shows at the server, and trust it only if they are the same."
    )]
    UnknownCertificate {
        /// The server's address.
        server: String,
        /// What it showed.
        shown: Fingerprint,
    },
    /// The server shows another certificate than before, or than the link says.
    #[error(
        "The server at {server} shows another certificate than the one that is trusted ({shown} instead of {trusted}). Somebody may be listening in between, or the server was set up anew: ask its administrator for a new link."
    )]
    ChangedCertificate {
        /// The server's address.
        server: String,
        /// What it showed.
        shown: Fingerprint,
        /// What it should have shown.
        trusted: Fingerprint,
    },
    /// No connection.
    #[error(
        "The server at {server} is not reachable ({cause}); check the address and that the server runs."
    )]
    Unreachable {
        /// The address as it was used.
        server: String,
        /// What the system said.
        cause: String,
    },
    /// A connection, but no answer.
    #[error(
        "The server at {0} does not answer; check that it is a Carillon call server and try again."
    )]
    Silent(String),
    /// Name and password do not belong together.
    #[error("The name or the password is wrong; check both and try again.")]
    WrongPassword,
    /// The sign-in has run out, or was ended from another device.
    #[error("You are not signed in any more; sign in again with your password.")]
    SessionEnded,
    /// Any other refusal, in the server's words.
    #[error("{sentence}")]
    Refused {
        /// A short stable word for scripts.
        code: &'static str,
        /// What the server said.
        sentence: String,
        /// What could be had instead: free numbers near one that is taken.
        alternatives: Vec<String>,
    },
    /// It was given up before its end.
    #[error("The request was interrupted; try again.")]
    Interrupted,
    /// Something answered that is no Carillon server, or an older one.
    #[error(
        "What answers at {0} is not a Carillon call server of this version; check the address."
    )]
    NotCarillon(String),
    /// The server is older than this softphone, or the thing asked for is not there.
    #[error("The server at {0} cannot do that; ask its administrator for a newer version.")]
    NotOffered(String),
}

impl WebError {
    /// A short stable word for scripts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadAddress(_) => "bad-server-address",
            Self::BadFingerprint => "bad-fingerprint",
            Self::PlainRefused(_) => "plain-refused",
            Self::NoAuthorities(_) => "no-certificate-authorities",
            Self::UnknownCertificate { .. } => "unknown-certificate",
            Self::ChangedCertificate { .. } => "changed-certificate",
            Self::Unreachable { .. } | Self::Silent(_) => "server-unreachable",
            Self::WrongPassword => "wrong-password",
            Self::SessionEnded => "session-ended",
            Self::Refused { code, .. } => code,
            Self::Interrupted => "interrupted",
            Self::NotCarillon(_) => "not-a-call-server",
            Self::NotOffered(_) => "not-offered",
        }
    }

    /// Whether the same may work later without anybody doing anything.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Silent(_)
                | Self::Interrupted
                | Self::Refused {
                    code: "server-failed" | "too-many-attempts",
                    ..
                }
        )
    }

    /// What could be had instead of what was refused.
    #[must_use]
    pub fn alternatives(&self) -> &[String] {
        match self {
            Self::Refused { alternatives, .. } => alternatives,
            _ => &[],
        }
    }
}

impl From<WebError> for Problem {
    fn from(error: WebError) -> Self {
        Self {
            code: error.code(),
            sentence: error.to_string(),
        }
    }
}

/// More alternatives than these are no help.
const ALTERNATIVES: usize = 10;

/// What an answer that is no success means.
pub(super) fn refusal(status: StatusCode, body: &[u8], place: &str) -> WebError {
    let Ok(problem) = serde_json::from_slice::<api::Problem>(body) else {
        return match status {
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
                WebError::NotCarillon(place.to_owned())
            }
            status if status.is_server_error() => WebError::Silent(place.to_owned()),
            _ => WebError::NotCarillon(place.to_owned()),
        };
    };
    let code = match problem.kind {
        ProblemKind::WrongPassword => return WebError::WrongPassword,
        ProblemKind::NoSession => return WebError::SessionEnded,
        ProblemKind::AccountDisabled => "account-disabled",
        ProblemKind::TooManyAttempts => "too-many-attempts",
        ProblemKind::Unavailable | ProblemKind::Internal => "server-failed",
        ProblemKind::NotFound => "not-found",
        ProblemKind::Conflict => "conflict",
        ProblemKind::Forbidden => "forbidden",
        ProblemKind::BadRequest => "bad-request",
        _ => "refused",
    };
    let detail = problem.detail.trim();
    let sentence = if detail.is_empty() {
        format!("The server refused it ({status}); try again later.")
    } else {
        detail.to_owned()
    };
    let alternatives = problem.alternatives.iter().take(ALTERNATIVES);
    let alternatives = alternatives
        .map(|number| number.as_str().to_owned())
        .collect();
    WebError::Refused {
        code,
        sentence,
        alternatives,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_in_the_servers_words() {
        let problem = api::Problem::new(
            ProblemKind::AccountDisabled,
            "The account is disabled; ask for it.",
        );
        let body = serde_json::to_vec(&problem).unwrap();
        let error = refusal(StatusCode::FORBIDDEN, &body, "http://x");
        assert_eq!(error.code(), "account-disabled");
        assert_eq!(error.to_string(), "The account is disabled; ask for it.");
    }

    #[test]
    fn a_number_that_is_taken_comes_with_the_nearest_free_ones() {
        let body = br#"{"type":"urn:carillon:problem:conflict","title":"Taken","status":409,
            "detail":"The number 1004 is taken.","alternatives":["1005","1007"]}"#;
        let error = refusal(StatusCode::CONFLICT, body, "http://x");
        assert_eq!(error.code(), "conflict");
        assert_eq!(error.alternatives(), ["1005", "1007"]);
    }

    #[test]
    fn a_page_of_another_server_is_recognised() {
        let error = refusal(StatusCode::NOT_FOUND, b"<html>", "http://x");
        assert_eq!(error.code(), "not-a-call-server");
    }

    #[test]
    fn a_sign_in_that_ended_is_told_from_a_wrong_password() {
        let wrong = api::Problem::new(ProblemKind::WrongPassword, "x");
        let body = serde_json::to_vec(&wrong).unwrap();
        let error = refusal(StatusCode::UNAUTHORIZED, &body, "http://x");
        assert_eq!(error, WebError::WrongPassword);
        let body =
            br#"{"type":"urn:carillon:problem:no-session","title":"t","status":401,"detail":"d"}"#;
        let error = refusal(StatusCode::UNAUTHORIZED, body, "http://x");
        assert_eq!(error, WebError::SessionEnded);
    }
}
