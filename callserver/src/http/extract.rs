//! What comes with a request, taken apart; what is wrong with it is told as a problem document.

use api::{Problem, ProblemKind};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

use super::problem::Refusal;

/// A JSON body.
pub(super) struct Body<T>(pub(super) T);

/// What the path names.
pub(super) struct InPath<T>(pub(super) T);

/// What stands after the question mark.
pub(super) struct InQuery<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        if !is_json(request.headers()) {
            let detail = "Send JSON with the header Content-Type: application/json.";
            return Err(Refusal::new(ProblemKind::NotJson, detail));
        }
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                let detail = "The body is larger than this route takes; send less.";
                Refusal::new(ProblemKind::TooLarge, detail)
            }
            _ => Refusal::new(
                ProblemKind::BadRequest,
                "The body broke off; send it again.",
            ),
        })?;
        if has_escaped_zero(&bytes) {
            let detail = "The body holds a zero character (\\u0000); leave it out.";
            return Err(Refusal::new(ProblemKind::BadRequest, detail));
        }
        // An array would be read as an object's values in the order of their names, which nobody means.
        let is_object = bytes.trim_ascii_start().starts_with(b"{");
        let read = match is_object {
            true => Json::<T>::from_bytes(&bytes).map_err(|rejection| reason(&rejection)),
            false => Err("it is no object".to_owned()),
        };
        // The text may quote field names and positions, never values of a password field.
        let wrong = |why| format!("The body is not the JSON that this route expects: {why}.");
        read.map(|Json(body)| Self(body))
            .map_err(|why| Refusal::new(ProblemKind::BadRequest, wrong(why)))
    }
}

/// `application/json`, or what is also JSON.
fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE);
    let value = value.and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next());
    let essence = essence.unwrap_or_default().trim().to_ascii_lowercase();
    let rest = essence.strip_prefix("application/");
    rest.is_some_and(|rest| rest == "json" || rest.ends_with("+json"))
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for InPath<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        has_no_zero(parts.uri.path())?;
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
        has_no_zero(parts.uri.query().unwrap_or_default())?;
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

/// Nothing that people name holds a zero byte, and PostgreSQL takes no text with one.
fn has_no_zero(coded: &str) -> Result<(), Refusal> {
    match coded.contains("%00") {
        true => {
            let detail = "The address holds a zero byte (%00); leave it out.";
            Err(Problem::new(ProblemKind::BadRequest, detail).into())
        }
        false => Ok(()),
    }
}

/// Whether a string in a JSON text holds a zero character. A bare zero byte is no JSON, so it has to be written as `\u0000`.
fn has_escaped_zero(json: &[u8]) -> bool {
    memchr::memmem::find_iter(json, br"\u0000").any(|at| {
        // Behind an even number of backslashes the next one begins an escape; behind an odd number it is escaped itself.
        let before = json.iter().take(at).rev();
        let backslashes = before.take_while(|byte| **byte == b'\\').count();
        backslashes.is_multiple_of(2)
    })
}

fn reason(rejection: &dyn std::error::Error) -> String {
    // The innermost error says where it is; what wraps it says nothing more.
    let mut innermost = rejection;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string().trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::has_escaped_zero;

    #[test]
    fn a_zero_character_is_found_however_many_backslashes_stand_before_it() {
        for with in [
            r#"{"a":"\u0000"}"#,
            r#"{"a":"\\\u0000"}"#,
            r#"{"\u0000b":1}"#,
        ] {
            assert!(has_escaped_zero(with.as_bytes()), "{with}");
        }
        for without in [
            r#"{"a":"\\u0000"}"#,
            r#"{"a":"u0000"}"#,
            r#"{"a":"\u0001"}"#,
            "{}",
        ] {
            assert!(!has_escaped_zero(without.as_bytes()), "{without}");
        }
    }
}
