//! Guests: a number without an account, and how a guest becomes a person.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use api::{Account, GuestRequest, LoginAnswer, ProblemKind, UpgradeRequest};
use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;

use super::Interface;
use super::bearer::Bearer;
use super::extract::Body;
use super::problem::Refusal;
use super::routing::{Routes, routes};
use crate::config::GuestsSection;
use crate::rate::{Rate, one_source};

pub(super) fn router() -> Routes {
    Routes::new().routes(routes!(add)).routes(routes!(upgrade))
}

/// What guests may do, and how many come.
#[derive(Debug)]
pub(super) struct Guests {
    pub(super) section: GuestsSection,
    coming: Mutex<Rate<IpAddr>>,
}

const HOUR: Duration = Duration::from_secs(60 * 60);

impl Guests {
    pub(super) fn new(section: GuestsSection) -> Self {
        let coming = Rate::new(section.per_address_per_hour, HOUR);
        Self {
            section,
            coming: Mutex::new(coming),
        }
    }

    fn let_in(&self, now: Instant, source: IpAddr) -> Result<(), Refusal> {
        if !self.section.enabled {
            let detail = "This server lends no numbers to guests; log in, or ask the administrator for an account.";
            return Err(Refusal::new(ProblemKind::Forbidden, detail));
        }
        // Counting cannot be left half done. This machine is no exception: a proxy on it would speak for everybody.
        let mut coming = self.coming.lock().unwrap_or_else(PoisonError::into_inner);
        coming
            .take(now, one_source(source))
            .map_err(Refusal::too_often)
    }
}

/// Lends a number to somebody without an account, for a while.
#[utoipa::path(post, path = "/api/v1/guests", tag = "guests", request_body = GuestRequest, security(()),
    responses(
        (status = 201, description = "Welcome: a number, a device and a session.", body = LoginAnswer),
        (status = 403, description = "This server has no guests."),
        (status = 409, description = "All numbers for guests are lent, or the same request is being done."),
    ))]
async fn add(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Body(request): Body<GuestRequest>,
) -> Result<(StatusCode, Json<LoginAnswer>), Refusal> {
    let guests = &interface.guests;
    guests.let_in(Instant::now(), source.ip())?;
    let lease = HOUR * guests.section.lease_hours;
    let office = interface.office_for_stranger(source);
    let logged_in = office.add_guest(&request, lease).await?;
    tracing::info!(%source, name = logged_in.account.username, "a guest came");
    Ok((StatusCode::CREATED, Json(interface.welcome(logged_in))))
}

/// Makes the guest who asks a person, who logs in by name and password. The account's id, number, contacts, devices and
/// sessions stay.
#[utoipa::path(post, path = "/api/v1/me/upgrade", tag = "guests", request_body = UpgradeRequest,
    responses(
        (status = 200, description = "The account as it is now.", body = Account),
        (status = 403, description = "Guests may not become people on this server."),
        (status = 409, description = "The name is taken, or whoever asks is no guest."),
    ))]
async fn upgrade(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Bearer(session): Bearer,
    Body(request): Body<UpgradeRequest>,
) -> Result<Json<Account>, Refusal> {
    if !interface.guests.section.may_upgrade {
        let detail = "On this server only the administrator makes accounts; ask there for one.";
        return Err(Refusal::new(ProblemKind::Forbidden, detail));
    }
    let office = interface.office_for(&session, source);
    let row = office.upgrade_guest(session.account, &request).await?;
    tracing::info!(%source, name = row.username, "a guest became a person");
    Ok(Json(Account {
        id: row.account,
        name: row.username,
        display_name: row.display_name,
        number: row.number,
    }))
}
