//! The HTTP interface: one module a group of routes, each with its own `router()`; every refusal is a problem document.

mod health;
mod login;
mod problem;
mod serving;

use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::extract::DefaultBodyLimit;

pub use serving::{BindError, HttpServer};

use crate::config::HttpSection;
use crate::login_limit::LoginLimit;
use crate::office::Office;

/// The largest body of any route so far: a login has four short texts.
const BODY_LIMIT: usize = 16 * 1024;

/// What the routes work with. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Interface {
    office: Office,
    sip: Arc<api::SipService>,
    login_limit: Arc<Mutex<LoginLimit>>,
    ready_since: Instant,
}

impl Interface {
    /// An interface to an office; `sip` is what softphones are told after their login.
    pub fn new(office: Office, sip: api::SipService, limits: &HttpSection) -> Self {
        let login_limit = LoginLimit::new(
            limits.failed_logins_per_address,
            limits.failed_logins_per_account,
        );
        Self {
            office,
            sip: Arc::new(sip),
            login_limit: Arc::new(Mutex::new(login_limit)),
            ready_since: Instant::now(),
        }
    }

    /// All routes.
    pub fn router(self) -> Router {
        Router::new()
            .merge(health::router())
            .merge(login::router())
            .fallback(problem::no_such_path)
            .method_not_allowed_fallback(problem::no_such_method)
            .layer(DefaultBodyLimit::max(BODY_LIMIT))
            .with_state(self)
    }
}
