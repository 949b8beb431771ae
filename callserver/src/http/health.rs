//! `GET /healthz`.

use api::Health;
use axum::Json;
use axum::extract::State;

use super::Interface;
use super::routing::{Routes, routes};

pub(super) fn router() -> Routes {
    Routes::new().routes(routes!(health))
}

/// Whether the server is alive, and since when.
#[utoipa::path(get, path = "/healthz", tag = "server", security(()),
    responses((status = 200, description = "It is.", body = Health)))]
async fn health(State(interface): State<Interface>) -> Json<Health> {
    Json(Health {
        status: "ok".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        uptime_seconds: interface.ready_since.elapsed().as_secs(),
    })
}
