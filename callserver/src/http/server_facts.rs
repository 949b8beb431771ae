//! `GET /api/v1/server`: what a softphone asks before anybody has logged in.

use api::ServerFacts;
use axum::Json;
use axum::extract::State;

use super::Interface;
use super::routing::{Routes, routes};

pub(super) fn router() -> Routes {
    Routes::new().routes(routes!(facts))
}

/// What everybody may know about this server.
#[utoipa::path(get, path = "/api/v1/server", tag = "server", security(()),
    responses((status = 200, description = "How to join.", body = ServerFacts)))]
async fn facts(State(interface): State<Interface>) -> Json<ServerFacts> {
    Json(ServerFacts {
        domain: interface.office.domain().to_owned(),
        version: env!("CARGO_PKG_VERSION").into(),
        sign_up: interface.sign_up,
        guests: interface.guests.section.enabled,
        sip: (*interface.sip).clone(),
    })
}
