//! Presence: what one tells about oneself.

use std::net::SocketAddr;

use api::{OwnPresence, PresenceChange};
use axum::Json;
use axum::extract::{ConnectInfo, State};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Interface;
use super::bearer::Bearer;
use super::dates::rfc3339;
use super::extract::Body;
use super::problem::Refusal;
use crate::store::PresenceRow;

pub(super) fn router() -> OpenApiRouter<Interface> {
    OpenApiRouter::new().routes(routes!(show, change))
}

fn view(row: PresenceRow) -> Json<OwnPresence> {
    Json(OwnPresence {
        state: row.state,
        note: row.note,
        visibility: row.visibility,
        since: row.changed_at.map(rfc3339),
    })
}

/// What whoever asks tells about themselves.
#[utoipa::path(get, path = "/api/v1/me/presence", tag = "presence",
    responses((status = 200, description = "It.", body = OwnPresence)))]
async fn show(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
) -> Result<Json<OwnPresence>, Refusal> {
    Ok(view(interface.office.presence(session.account).await?))
}

/// Tells something else about oneself. What is missing stays.
#[utoipa::path(put, path = "/api/v1/me/presence", tag = "presence", request_body = PresenceChange,
    responses(
        (status = 200, description = "It, as it is now.", body = OwnPresence),
        (status = 404, description = "The account is no more."),
    ))]
async fn change(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Bearer(session): Bearer,
    Body(wanted): Body<PresenceChange>,
) -> Result<Json<OwnPresence>, Refusal> {
    let office = interface.office_for(&session, source);
    Ok(view(office.set_presence(session.account, &wanted).await?))
}
