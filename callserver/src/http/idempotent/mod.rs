//! The header `Idempotency-Key`: a request that changes something, and whose answer got lost, can be sent again without
//! being done again. Around every route, so that no route has to think of it.
//!
//! The first request with a key takes a place in the database before it is done; its answer is put there afterwards. So
//! the promise also holds between two servers on one database, and when one of them dies in the middle.

mod seal;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use api::{Problem, ProblemKind};
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::Interface;
use super::bearer::Bearer;
use super::problem::Refusal;
use crate::office::OfficeError;
use crate::rate::one_source;
use crate::store::{Claim, KeptAnswer, Store};
use seal::Seal;

/// The header.
pub(super) const HEADER: &str = "Idempotency-Key";

/// How long a key is a key: a phone that was without network overnight still gets its answer.
const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Longer than any request takes. What was begun earlier and has no answer died with its server.
const BEING_DONE: Duration = Duration::from_secs(60);

/// The key also seals the answer, so it is not to be guessed: a UUID has 36 characters.
const KEY_LENGTH: std::ops::RangeInclusive<usize> = 16..=128;

/// So many answers are kept for one account or one address: a day's changes of a busy person, and 2 MB at most.
const MOST: i64 = 500;

/// Bodies that come with a key are held in memory while they are compared: those of a file's size do not take one.
const LONGEST_REQUEST: usize = 64 * 1024;

/// A longer answer is not kept; no route that changes something gives one.
const LONGEST_ANSWER: usize = 4 * 1024;

/// Said again with a kept answer.
const REPLAYED: &str = "Idempotency-Replayed";

/// The operations that change something, as method and path of the router. Everything else is refused anyway,
/// and not in the words of this module.
pub(super) type Operations = Arc<HashSet<(Method, String)>>;

/// Around every route.
pub(super) async fn once(
    State((interface, operations)): State<(Interface, Operations)>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let is_known = |path: &MatchedPath| {
        operations.contains(&(request.method().clone(), path.as_str().to_owned()))
    };
    let path = request.extensions().get::<MatchedPath>();
    if !request.headers().contains_key(HEADER) || !path.is_some_and(is_known) {
        return next.run(request).await;
    }
    match once_with_key(&interface, source, request, next).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    }
}

async fn once_with_key(
    interface: &Interface,
    source: SocketAddr,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    let key = key(request.headers())?;
    let (mut parts, body) = request.into_parts();
    // Whoever shows a token that is not good is told so by the route.
    let scope = match Bearer::from_request_parts(&mut parts, interface).await {
        Ok(Bearer(session)) => format!("account:{}", session.account),
        Err(_) if parts.headers.contains_key(header::AUTHORIZATION) => {
            return Ok(next.run(Request::from_parts(parts, body)).await);
        }
        Err(_) => format!("address:{}", one_source(source.ip())),
    };
    let body = read(&parts.headers, body).await?;
    let mut hash = Sha256::new();
    for part in [
        parts.method.as_str().as_bytes(),
        parts.uri.to_string().as_bytes(),
        &body,
    ] {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    let place = Place {
        store: interface.office.store().clone(),
        seal: Seal::new(&scope, &key),
        // The key itself opens the answer: only its hash is kept.
        key: api::hex(&Sha256::digest(key.as_bytes())),
        scope,
        request: hash.finalize().into(),
    };
    if let Some(kept) = place.claim().await? {
        return Ok(kept);
    }
    let request = Request::from_parts(parts, Body::from(body));
    // On a task of its own: a client that goes away does not leave something done without its answer.
    let done = tokio::spawn(async move { place.fill(next.run(request).await).await });
    done.await.unwrap_or_else(|_| {
        let detail = "The server could not do it; its log says why. Try again later.";
        Err(Refusal::new(ProblemKind::Internal, detail))
    })
}

fn key(headers: &HeaderMap) -> Result<String, Refusal> {
    let mut values = headers.get_all(HEADER).iter();
    let key = values.next().and_then(|value| value.to_str().ok());
    key.filter(|key| KEY_LENGTH.contains(&key.len()) && values.next().is_none())
        .map(str::to_owned)
        .ok_or_else(|| {
            let detail =
                "Idempotency-Key is one random text of 16 to 128 characters, such as a UUID.";
            Refusal::new(ProblemKind::BadRequest, detail)
        })
}

async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Refusal> {
    let too_large = || {
        let detail = "A request with an Idempotency-Key has a body of 64 KiB at most; send it without the key.";
        Refusal::new(ProblemKind::TooLarge, detail)
    };
    let length = headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > LONGEST_REQUEST) {
        return Err(too_large());
    }
    to_bytes(body, LONGEST_REQUEST)
        .await
        .map_err(|_| too_large())
}

/// The place of one answer.
struct Place {
    store: Store,
    scope: String,
    key: String,
    seal: Seal,
    request: [u8; 32],
}

impl Place {
    /// Takes the place; or finds the answer that is there.
    async fn claim(&self) -> Result<Option<Response>, Refusal> {
        let now = SystemTime::now();
        let times = (now, now - KEPT_FOR, now - BEING_DONE);
        let mut tx = self.store.begin().await.map_err(OfficeError::from)?;
        let claim = tx
            .claim_answer(&self.scope, &self.key, &self.request, MOST, times)
            .await
            .map_err(OfficeError::from)?;
        match claim {
            Claim::Ours => {
                tx.commit().await.map_err(OfficeError::from)?;
                Ok(None)
            }
            Claim::TooMany => {
                let detail = format!(
                    "More than {MOST} requests with an Idempotency-Key within a day; send this one without."
                );
                Err(Refusal::new(ProblemKind::TooManyAttempts, detail))
            }
            Claim::Theirs(kept) if kept.request != self.request => {
                let detail = "This Idempotency-Key came with another request before; take a new key for a new request.";
                Err(Refusal::new(ProblemKind::IdempotencyMismatch, detail))
            }
            Claim::Theirs(kept) if kept.status == 0 => {
                let detail =
                    "The same request is being done at this moment; ask again in a second.";
                Err(Refusal::new(ProblemKind::Conflict, detail))
            }
            Claim::Theirs(kept) => self.replay(&kept).map(Some),
        }
    }

    fn replay(&self, kept: &KeptAnswer) -> Result<Response, Refusal> {
        let status = u16::try_from(kept.status).ok();
        let status = status.and_then(|status| StatusCode::from_u16(status).ok());
        let (Some(status), Some(body)) = (status, self.seal.open(&kept.body)) else {
            tracing::error!(scope = self.scope, "a kept answer cannot be read");
            let detail =
                "It was done already, but its answer is not kept any more; look at the result.";
            return Err(Refusal::new(ProblemKind::Conflict, detail));
        };
        let is_empty = body.is_empty();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_TYPE);
        if !is_empty {
            let media_type = if status.as_u16() < 400 {
                "application/json"
            } else {
                Problem::MEDIA_TYPE
            };
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        }
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
        Ok(response)
    }

    /// Puts the answer into the place, unless nothing was done.
    async fn fill(self, response: Response) -> Result<Response, Refusal> {
        let (parts, body) = response.into_parts();
        let status = parts.status.as_u16();
        // No long or endless answer comes from a route that changes something.
        let Ok(body) = to_bytes(body, usize::MAX).await else {
            return Err(Refusal::new(
                ProblemKind::Internal,
                "The answer broke off; look at the result before you try again.",
            ));
        };
        // A refusal for now says nothing about the next attempt.
        let is_final = status < 500 && !matches!(status, 401 | 408 | 429);
        let mut tx = self.store.begin().await.map_err(OfficeError::from)?;
        if is_final && body.len() <= LONGEST_ANSWER {
            let sealed = self.seal.close(&body);
            tx.keep_answer(&self.scope, &self.key, status, sealed)
                .await
                .map_err(OfficeError::from)?;
        } else {
            tx.forget_answer(&self.scope, &self.key)
                .await
                .map_err(OfficeError::from)?;
        }
        tx.commit().await.map_err(OfficeError::from)?;
        Ok(Response::from_parts(parts, Body::from(body)))
    }
}
