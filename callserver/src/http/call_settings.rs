//! How calls to the one who asks are treated.

use std::net::SocketAddr;

use api::CallSettings;
use axum::Json;
use axum::extract::{ConnectInfo, State};

use super::Interface;
use super::bearer::Bearer;
use super::extract::Body;
use super::problem::Refusal;
use super::routing::{Routes, routes};

pub(super) fn router() -> Routes {
    Routes::new().routes(routes!(show, change))
}

/// How calls to whoever asks are treated.
#[utoipa::path(get, path = "/api/v1/me/call-settings", tag = "me",
    responses(
        (status = 200, description = "All of it.", body = CallSettings),
        (status = 404, description = "The account is no more."),
    ))]
async fn show(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
) -> Result<Json<CallSettings>, Refusal> {
    let settings = interface.office.call_settings(session.account).await?;
    Ok(Json(settings))
}

/// Has calls treated so from the next one on. What is missing is as for a new account.
#[utoipa::path(put, path = "/api/v1/me/call-settings", tag = "me", request_body = CallSettings,
    responses(
        (status = 200, description = "How they are treated now.", body = CallSettings),
        (status = 404, description = "There is no such device, or the account is no more."),
    ))]
async fn change(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Bearer(session): Bearer,
    Body(settings): Body<CallSettings>,
) -> Result<Json<CallSettings>, Refusal> {
    let office = interface.office_for(&session, source);
    let settings = office.set_call_settings(session.account, &settings).await?;
    Ok(Json(settings))
}
