//! `GET /healthz`.

use api::Health;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};

use super::Interface;

pub(super) fn router() -> Router<Interface> {
    Router::new().route("/healthz", get(health))
}

async fn health(State(interface): State<Interface>) -> Json<Health> {
    Json(Health {
        status: "ok".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        uptime_seconds: interface.ready_since.elapsed().as_secs(),
    })
}
