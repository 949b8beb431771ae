//! Refusals as `application/problem+json` (RFC 9457), whoever refuses: a route, a limit, or the router itself.

use std::time::Duration;

use api::{Problem, ProblemKind};
use axum::Json;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use crate::office::OfficeError;

/// A problem on its way out.
#[derive(Debug)]
pub(super) struct Refusal {
    problem: Problem,
    retry_after_seconds: Option<u64>,
}

impl Refusal {
    /// A refusal of a kind, with one sentence that says what failed and what to do.
    pub(super) fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Problem::new(kind, detail).into()
    }

    /// Too often: it may be tried again after `wait`.
    pub(super) fn too_often(wait: Duration) -> Self {
        let seconds = wait.as_secs() + 1;
        let detail = format!("Too many requests; wait {seconds} seconds and try again.");
        Self {
            problem: Problem::new(ProblemKind::TooManyAttempts, detail),
            retry_after_seconds: Some(seconds),
        }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self {
            problem,
            retry_after_seconds: None,
        }
    }
}

/// Whoever waited in vain comes again after so many seconds.
const BUSY_SECONDS: u64 = 5;

impl From<OfficeError> for Refusal {
    fn from(error: OfficeError) -> Self {
        let kind = error.kind();
        if kind == ProblemKind::Internal {
            tracing::error!(%error, "a request failed");
            return Self::new(
                kind,
                "The server could not do it; its log says why. Try again later.",
            );
        }
        if kind == ProblemKind::Unavailable {
            tracing::warn!(%error, "a request waited in vain");
            return Self {
                retry_after_seconds: Some(BUSY_SECONDS),
                ..Self::new(kind, "The server is busy; try again in some seconds.")
            };
        }
        let retry_after_seconds = match &error {
            OfficeError::TooManyAttempts { wait } => Some(wait.as_secs() + 1),
            OfficeError::Hash(_) => Some(5),
            _ => None,
        };
        let mut problem = Problem::new(kind, error.to_string());
        if let OfficeError::NumberTaken { alternatives, .. } = error {
            problem.alternatives = alternatives;
        }
        Self {
            problem,
            retry_after_seconds,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let has_no_session = self.problem.kind == ProblemKind::NoSession;
        let mut response = (status, Json(self.problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(Problem::MEDIA_TYPE),
        );
        if has_no_session {
            // RFC 6750 section 3.
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"carillon\""),
            );
        }
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

pub(super) async fn no_such_path(uri: Uri) -> Refusal {
    Refusal::new(
        ProblemKind::NotFound,
        format!("There is nothing at {}.", uri.path()),
    )
}

pub(super) async fn no_such_method(uri: Uri) -> Refusal {
    let detail = format!(
        "{} does not take this method; the header Allow names those that it takes.",
        uri.path()
    );
    Refusal::new(ProblemKind::MethodNotAllowed, detail)
}
