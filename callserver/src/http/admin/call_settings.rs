//! How calls to everybody are treated.

use std::net::SocketAddr;

use api::{AccountId, CallSettings};
use axum::Json;
use axum::extract::{ConnectInfo, State};

use super::super::Interface;
use super::super::bearer::Administrator;
use super::super::extract::{Body, InPath};
use super::super::problem::Refusal;
use super::super::routing::{Routes, routes};

pub(super) fn router() -> Routes {
    Routes::new().routes(routes!(show, change))
}

/// How calls to somebody, or to a group, are treated.
#[utoipa::path(get, path = "/api/v1/admin/accounts/{id}/call-settings", tag = "admin",
    params(("id" = AccountId, Path, description = "Of the list of accounts.")),
    responses(
        (status = 200, description = "All of it.", body = CallSettings),
        (status = 404, description = "There is no such account."),
    ))]
async fn show(
    State(interface): State<Interface>,
    Administrator(_session): Administrator,
    InPath(id): InPath<AccountId>,
) -> Result<Json<CallSettings>, Refusal> {
    Ok(Json(interface.office.call_settings(id).await?))
}

/// Has calls to somebody, or to a group, treated so from the next one on. What is missing is as for a new account.
#[utoipa::path(put, path = "/api/v1/admin/accounts/{id}/call-settings", tag = "admin", request_body = CallSettings,
    params(("id" = AccountId, Path, description = "Of the list of accounts.")),
    responses(
        (status = 200, description = "How they are treated now.", body = CallSettings),
        (status = 404, description = "There is no such account or device."),
    ))]
async fn change(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Administrator(session): Administrator,
    InPath(id): InPath<AccountId>,
    Body(settings): Body<CallSettings>,
) -> Result<Json<CallSettings>, Refusal> {
    let office = interface.office_for(&session, source);
    Ok(Json(office.set_call_settings(id, &settings).await?))
}
