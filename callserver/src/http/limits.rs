//! What a request may cost: how many there may be, and how long each may take. And the headers that every answer has.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use api::{FILES_PATH, ProblemKind, SessionId};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Interface;
use super::problem::Refusal;
use crate::config::HttpSection;
use crate::rate::{Rate, one_source};

/// How much of each allowance is left.
#[derive(Debug)]
pub(super) struct Limits {
    addresses: Mutex<Rate<IpAddr>>,
    sessions: Mutex<Rate<SessionId>>,
    sign_ups: Mutex<Rate<IpAddr>>,
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Longer than any request takes, waiting for a password check included. An event stream has begun by then.
const PATIENCE: Duration = Duration::from_secs(25);

impl Limits {
    pub(super) fn new(section: &HttpSection, sign_ups_per_hour: u32) -> Self {
        Self {
            addresses: Mutex::new(Rate::new(section.requests_per_address_per_minute, MINUTE)),
            sessions: Mutex::new(Rate::new(section.requests_per_session_per_minute, MINUTE)),
            sign_ups: Mutex::new(Rate::new(sign_ups_per_hour, HOUR)),
        }
    }

    /// Charges one request to a session.
    ///
    /// # Errors
    /// A refusal that says how long to wait.
    pub(super) fn charge_session(&self, now: Instant, session: SessionId) -> Result<(), Refusal> {
        lock(&self.sessions)
            .take(now, session)
            .map_err(Refusal::too_often)
    }

    /// Charges one attempt to make an account to an address.
    ///
    /// # Errors
    /// A refusal that says how long to wait.
    pub(super) fn charge_sign_up(&self, now: Instant, source: IpAddr) -> Result<(), Refusal> {
        // This machine is no exception: a proxy on it would speak for everybody.
        lock(&self.sign_ups)
            .take(now, one_source(source))
            .map_err(Refusal::too_often)
    }

    fn charge_address(&self, now: Instant, source: IpAddr) -> Result<(), Refusal> {
        let source = one_source(source);
        // This machine itself, and proxies on it that speak for everybody.
        if source.is_loopback() {
            return Ok(());
        }
        lock(&self.addresses)
            .take(now, source)
            .map_err(Refusal::too_often)
    }
}

fn lock<K>(rate: &Mutex<Rate<K>>) -> MutexGuard<'_, Rate<K>> {
    // Counting cannot be left half done.
    rate.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Around every route.
pub(super) async fn limit(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let is_api = request.uri().path().starts_with("/api/");
    // Bytes of a file come as fast as a network brings them; the store ends what stands still.
    let is_upload =
        request.method() == Method::PATCH && request.uri().path().starts_with(FILES_PATH);
    let patience = if is_upload { Duration::MAX } else { PATIENCE };
    let charged = interface.limits.charge_address(Instant::now(), source.ip());
    let mut response = match charged {
        Err(refusal) => refusal.into_response(),
        Ok(()) => match tokio::time::timeout(patience, next.run(request)).await {
            Ok(response) => response,
            Err(_) => {
                let detail = "The server is too busy to do it in time; try again later.";
                Refusal::new(ProblemKind::Unavailable, detail).into_response()
            }
        },
    };
    let headers = response.headers_mut();
    // What is sent is what it says it is; a picture that somebody uploaded is never run as a page.
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    );
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    if is_api {
        // Answers are about one person, and some hold secrets (RFC 9111 section 5.2.2.5).
        headers
            .entry(header::CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
    }
    response
}
