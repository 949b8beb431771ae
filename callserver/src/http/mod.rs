//! The HTTP interface: one module a group of routes, each with its own `router()`; every refusal is a problem document.

mod health;
mod login;
mod metrics;
mod places;
mod problem;
mod serving;
mod web_socket;

use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use sip_tokio::WebSockets;
use switch::Network;

pub use serving::{BindError, HttpServer};

use crate::config::HttpSection;
use crate::edge::Exchange;
use crate::login_limit::LoginLimit;
use crate::office::Office;

/// The largest body of any route so far: a login has four short texts.
const BODY_LIMIT: usize = 16 * 1024;

/// What the routes work with. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Interface {
    office: Office,
    exchange: Exchange,
    web_sockets: WebSockets,
    sip: Arc<api::SipService>,
    metrics_readers: Arc<[Network]>,
    login_limit: Arc<Mutex<LoginLimit>>,
    ready_since: Instant,
}

/// What an [`Interface`] is put together from.
#[derive(Debug)]
pub struct Parts<'a> {
    /// Does what people ask for.
    pub office: Office,
    /// Is asked for its figures.
    pub exchange: Exchange,
    /// Takes connections that became WebSockets.
    pub web_sockets: WebSockets,
    /// What softphones are told after their login.
    pub sip: api::SipService,
    /// Limits.
    pub limits: &'a HttpSection,
    /// From where the figures may be read.
    pub metrics_readers: Vec<Network>,
}

impl Interface {
    /// Puts an interface together.
    pub fn new(parts: Parts<'_>) -> Self {
        let Parts { limits, .. } = parts;
        let login_limit = LoginLimit::new(
            limits.failed_logins_per_address,
            limits.failed_logins_per_account,
        );
        Self {
            office: parts.office,
            exchange: parts.exchange,
            web_sockets: parts.web_sockets,
            sip: Arc::new(parts.sip),
            metrics_readers: parts.metrics_readers.into(),
            login_limit: Arc::new(Mutex::new(login_limit)),
            ready_since: Instant::now(),
        }
    }

    /// All routes.
    pub fn router(self) -> Router {
        Router::new()
            .merge(health::router())
            .merge(login::router())
            .merge(metrics::router())
            .merge(web_socket::router())
            .fallback(problem::no_such_path)
            .method_not_allowed_fallback(problem::no_such_method)
            .layer(DefaultBodyLimit::max(BODY_LIMIT))
            .with_state(self)
    }
}
