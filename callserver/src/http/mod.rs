//! The HTTP interface: one module a group of routes, each with its own `router()`; every refusal is a problem document.

mod accounts;
mod admin;
mod bearer;
mod call_completions;
mod call_settings;
mod calls;
mod conditional;
mod contacts;
mod devices;
mod directory;
mod events;
mod extract;
mod files;
mod guests;
mod health;
mod idempotent;
mod limits;
mod login;
mod me;
mod metrics;
mod numbers;
mod openapi;
mod page;
mod pictures;
mod places;
mod presence;
mod problem;
mod room_messages;
mod room_socket;
mod rooms;
mod routing;
mod server_facts;
mod serving;
mod sessions;
mod voicemails;
mod web_socket;

use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use sip_tokio::WebSockets;
use switch::Network;

pub use serving::{BindError, HttpServer, Listener};
pub(crate) use voicemails::shown as shown_voicemail;

use crate::config::{GuestsSection, HttpSection};
use crate::edge::{Exchange, PresenceNews};
use crate::files::Files;
use crate::housekeeping::Cleaned;
use crate::live_rooms::LiveGauge;
use crate::login_limit::LoginLimit;
use crate::office::Office;
use crate::presence::{Listeners, Teller};
use crate::rooms::Rooms;
use routing::Routes;

/// The largest body of most routes: a login has four short texts.
const BODY_LIMIT: usize = 16 * 1024;

/// What the routes work with. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Interface {
    office: Office,
    exchange: Exchange,
    web_sockets: WebSockets,
    sip: Arc<api::SipService>,
    metrics_readers: Arc<[Network]>,
    live_rooms: Option<LiveGauge>,
    cleaned: Cleaned,
    files: Files,
    login_limit: Arc<Mutex<LoginLimit>>,
    limits: Arc<limits::Limits>,
    guests: Arc<guests::Guests>,
    sign_up: api::SignUp,
    listeners: Listeners,
    rooms: Rooms,
    ready_since: Instant,
}

/// What an [`Interface`] is put together from.
#[derive(Debug)]
pub struct Parts<'a> {
    /// Does what people ask for.
    pub office: Office,
    /// Conversations.
    pub rooms: Rooms,
    /// Is asked for its figures.
    pub exchange: Exchange,
    /// Takes connections that became WebSockets.
    pub web_sockets: WebSockets,
    /// What softphones are told after their login.
    pub sip: api::SipService,
    /// What guests may do.
    pub guests: GuestsSection,
    /// Who may make an account.
    pub sign_up: api::SignUp,
    /// How often somebody at one address may try to, within an hour.
    pub sign_ups_per_hour: u32,
    /// Limits.
    pub limits: &'a HttpSection,
    /// From where the figures may be read.
    pub metrics_readers: Vec<Network>,
    /// The figures of the live rooms, if there are such.
    pub live_rooms: Option<LiveGauge>,
    /// What was removed because it was over.
    pub(crate) cleaned: Cleaned,
    /// The store of files.
    pub files: Files,
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
            rooms: parts.rooms,
            web_sockets: parts.web_sockets,
            sip: Arc::new(parts.sip),
            metrics_readers: parts.metrics_readers.into(),
            live_rooms: parts.live_rooms,
            cleaned: parts.cleaned,
            files: parts.files,
            limits: Arc::new(limits::Limits::new(limits, parts.sign_ups_per_hour)),
            guests: Arc::new(guests::Guests::new(parts.guests)),
            sign_up: parts.sign_up,
            listeners: Listeners::default(),
            login_limit: Arc::new(Mutex::new(login_limit)),
            ready_since: Instant::now(),
        }
    }

    /// Whoever tells what is new to those who listen to events.
    pub(crate) fn teller(&self, news: PresenceNews) -> Teller {
        Teller::new(
            self.office.clone(),
            self.exchange.clone(),
            news,
            self.listeners.clone(),
            self.guests.section.may_see_directory,
        )
    }

    /// All routes.
    pub fn router(self) -> Router {
        let routes = routes();
        let changing = routes.changing().collect();
        let document = openapi::Served::default();
        let router = routes.into_router();
        router
            .route(openapi::PATH, get(async move || document.answer()))
            .fallback(problem::no_such_path)
            .method_not_allowed_fallback(problem::no_such_method)
            .layer(DefaultBodyLimit::max(BODY_LIMIT))
            .layer(from_fn_with_state(
                (self.clone(), Arc::new(changing)),
                idempotent::once,
            ))
            .layer(from_fn_with_state(self.clone(), limits::limit))
            .with_state(self)
    }
}

/// Every route, with its description. Those that need more than [`BODY_LIMIT`] say so with a layer of their own.
fn routes() -> Routes {
    Routes::new()
        .merge(accounts::router())
        .merge(admin::router())
        .merge(call_completions::router())
        .merge(call_settings::router())
        .merge(calls::router())
        .merge(contacts::router())
        .merge(devices::router())
        .merge(directory::router())
        .merge(events::router())
        .merge(files::router())
        .merge(guests::router())
        .merge(health::router())
        .merge(login::router())
        .merge(me::router())
        .merge(metrics::router())
        .merge(numbers::router())
        .merge(pictures::router())
        .merge(presence::router())
        .merge(room_messages::router())
        .merge(room_socket::router())
        .merge(rooms::router())
        .merge(server_facts::router())
        .merge(sessions::router())
        .merge(voicemails::router())
        .merge(web_socket::router())
}
