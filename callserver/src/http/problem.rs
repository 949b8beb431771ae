//! Refusals as `application/problem+json` (RFC 9457), whoever refuses: a route, a limit, or the router itself.

use api::{Problem, ProblemKind};
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;

use crate::office::OfficeError;

/// A problem on its way out.
#[derive(Debug)]
pub(super) struct Refusal {
    problem: Problem,
    retry_after_seconds: Option<u64>,
}

/// A JSON body; what is wrong with it is told as a problem document.
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) => {
                let kind = match &rejection {
                    JsonRejection::MissingJsonContentType(_) => ProblemKind::NotJson,
                    rejection if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                        ProblemKind::TooLarge
                    }
                    _ => ProblemKind::BadRequest,
                };
                let detail = match kind {
                    ProblemKind::NotJson => {
                        "Send JSON with the header Content-Type: application/json.".into()
                    }
                    ProblemKind::TooLarge => {
                        "The body is larger than this route takes; send less.".into()
                    }
                    // The text may quote field names and positions, never values of a password field.
                    _ => format!(
                        "The body is not the JSON that this route expects: {}.",
                        reason(&rejection)
                    ),
                };
                Err(Problem::new(kind, detail).into())
            }
        }
    }
}

fn reason(rejection: &JsonRejection) -> String {
    // The innermost error says where in the body it is; what wraps it says nothing more.
    let mut innermost: &dyn std::error::Error = rejection;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self {
            problem,
            retry_after_seconds: None,
        }
    }
}

impl From<OfficeError> for Refusal {
    fn from(error: OfficeError) -> Self {
        let kind = error.kind();
        if kind == ProblemKind::Internal {
            tracing::error!(%error, "a request failed");
            return Problem::new(
                kind,
                "The server could not do it; its log says why. Try again later.",
            )
            .into();
        }
        let retry_after_seconds = match &error {
            OfficeError::TooManyAttempts { wait } => Some(wait.as_secs() + 1),
            _ => None,
        };
        Self {
            problem: Problem::new(kind, error.to_string()),
            retry_after_seconds,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self.problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(Problem::MEDIA_TYPE),
        );
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

pub(super) async fn no_such_path(uri: Uri) -> Refusal {
    Problem::new(
        ProblemKind::NotFound,
        format!("There is nothing at {}.", uri.path()),
    )
    .into()
}

pub(super) async fn no_such_method(uri: Uri) -> Refusal {
    let detail = format!(
        "{} does not take this method; the header Allow names those that it takes.",
        uri.path()
    );
    Problem::new(ProblemKind::MethodNotAllowed, detail).into()
}
