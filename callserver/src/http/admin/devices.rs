//! The devices of everybody.

use std::net::SocketAddr;

use api::{AccountId, Device, DeviceName, NewDeviceAnswer, Paged};
use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;

use super::super::Interface;
use super::super::bearer::Administrator;
use super::super::devices::view;
use super::super::extract::{Body, InPath};
use super::super::problem::Refusal;
use super::super::routing::{Routes, routes};

pub(super) fn router() -> Routes {
    Routes::new()
        .routes(routes!(list, add))
        .routes(routes!(remove))
}

/// The devices of an account, oldest first.
#[utoipa::path(get, path = "/api/v1/admin/accounts/{id}/devices", tag = "admin",
    params(("id" = AccountId, Path, description = "Of the list of accounts.")),
    responses(
        (status = 200, description = "All of them.", body = Paged<Device>),
        (status = 404, description = "There is no such account."),
    ))]
async fn list(
    State(interface): State<Interface>,
    Administrator(_session): Administrator,
    InPath(id): InPath<AccountId>,
) -> Result<Json<Paged<Device>>, Refusal> {
    let row = interface.office.account_by_id(id).await?;
    let rows = interface.office.own_devices(row.account).await?;
    let items = rows.into_iter().map(view).collect();
    Ok(Json(Paged { items, next: None }))
}

/// Makes a credential for a phone of somebody else's. The secret is shown this once.
#[utoipa::path(post, path = "/api/v1/admin/accounts/{id}/devices", tag = "admin", request_body = DeviceName,
    params(("id" = AccountId, Path, description = "Of the list of accounts.")),
    responses(
        (status = 201, description = "What one types into the phone, or scans.", body = NewDeviceAnswer),
        (status = 404, description = "There is no such account."),
    ))]
async fn add(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Administrator(session): Administrator,
    InPath(id): InPath<AccountId>,
    Body(name): Body<DeviceName>,
) -> Result<(StatusCode, Json<NewDeviceAnswer>), Refusal> {
    let office = interface.office_for(&session, source);
    let row = office.account_by_id(id).await?;
    let (account, made) = office.add_device(&row.username, Some(&name.label)).await?;
    Ok((StatusCode::CREATED, Json(interface.made(account, made))))
}

/// Revokes a device of somebody else's: it does not register any more, and its session ends.
#[utoipa::path(delete, path = "/api/v1/admin/accounts/{id}/devices/{login}", tag = "admin",
    params(
        ("id" = AccountId, Path, description = "Of the list of accounts."),
        ("login" = String, Path, description = "Of the list of devices."),
    ),
    responses(
        (status = 204, description = "It is revoked."),
        (status = 404, description = "There is no such account or device."),
    ))]
async fn remove(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Administrator(session): Administrator,
    InPath((id, login)): InPath<(AccountId, String)>,
) -> Result<StatusCode, Refusal> {
    let office = interface.office_for(&session, source);
    office.remove_own_device(id, &login).await?;
    Ok(StatusCode::NO_CONTENT)
}
