//! What comes with a request, taken apart; what is wrong with it is told as a problem document.

use api::{Problem, ProblemKind};
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::problem::Refusal;

/// A JSON body.
pub(super) struct Body<T>(pub(super) T);

/// What the path names.
pub(super) struct InPath<T>(pub(super) T);

/// What stands after the question mark.
#[allow(
    dead_code,
    reason = "the routes that need it come one group after the other"
)]
pub(super) struct InQuery<T>(pub(super) T);

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

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for InPath<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(rejection) => {
                let detail = format!(
                    "The path is not one that this route expects: {}.",
                    reason(&rejection)
                );
                Err(Problem::new(ProblemKind::BadRequest, detail).into())
            }
        }
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for InQuery<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(value)) => Ok(Self(value)),
            Err(rejection) => {
                let detail = format!(
                    "What stands after the question mark is not what this route expects: {}.",
                    reason(&rejection)
                );
                Err(Problem::new(ProblemKind::BadRequest, detail).into())
            }
        }
    }
}

fn reason(rejection: &dyn std::error::Error) -> String {
    // The innermost error says where it is; what wraps it says nothing more.
    let mut innermost = rejection;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string().trim_end_matches('.').to_owned()
}
