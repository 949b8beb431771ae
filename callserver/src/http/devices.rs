//! One's own devices: phones with a SIP credential each.

use std::net::SocketAddr;

use api::{Device, DeviceCredential, DeviceName, NewDeviceAnswer, Paged, SetupLink};
use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;

use super::Interface;
use super::bearer::{Bearer, Person};
use super::extract::{Body, InPath};
use super::problem::Refusal;
use super::routing::{Routes, routes};
use crate::office::Credential;
use crate::store::{AccountRow, DeviceRow};
use crate::times::rfc_3339;

pub(super) fn router() -> Routes {
    Routes::new()
        .routes(routes!(list, add))
        .routes(routes!(rename, remove))
}

pub(super) fn view(row: DeviceRow) -> Device {
    Device {
        login: row.login,
        label: row.label,
        created_at: rfc_3339(row.created_at),
        last_seen_at: row.last_seen_at.map(rfc_3339),
    }
}

/// The devices of whoever asks, oldest first.
#[utoipa::path(get, path = "/api/v1/me/devices", tag = "devices",
    responses((status = 200, description = "All of them.", body = Paged<Device>)))]
async fn list(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
) -> Result<Json<Paged<Device>>, Refusal> {
    let rows = interface.office.own_devices(session.account).await?;
    // Their number is limited: one page.
    let items = rows.into_iter().map(view).collect();
    Ok(Json(Paged { items, next: None }))
}

/// Makes a credential for a phone that is set up by hand. The secret is shown this once.
#[utoipa::path(post, path = "/api/v1/me/devices", tag = "devices", request_body = DeviceName,
    responses(
        (status = 201, description = "What one types into the phone, or scans.", body = NewDeviceAnswer),
        (status = 404, description = "The account is no more."),
        (status = 409, description = "There are fifty such devices already."),
    ))]
async fn add(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Person(session): Person,
    Body(name): Body<DeviceName>,
) -> Result<(StatusCode, Json<NewDeviceAnswer>), Refusal> {
    let office = interface.office_for(&session, source);
    let (account, made) = office.add_own_device(session.account, &name.label).await?;
    Ok((StatusCode::CREATED, Json(interface.made(account, made))))
}

impl Interface {
    /// What one types into a phone whose credential was just made, or scans with it.
    pub(super) fn made(&self, account: AccountRow, made: Credential) -> NewDeviceAnswer {
        let device = DeviceCredential {
            login: made.login,
            secret: made.secret,
            label: made.label,
        };
        let sip = (*self.sip).clone();
        let setup = SetupLink {
            number: account.number,
            name: Some(account.display_name),
            ..SetupLink::new(&device, &sip)
        };
        let setup = setup.to_string();
        NewDeviceAnswer { device, sip, setup }
    }
}

/// Gives a device another label.
#[utoipa::path(patch, path = "/api/v1/me/devices/{login}", tag = "devices", request_body = DeviceName,
    params(("login" = String, Path, description = "Of the list.")),
    responses(
        (status = 200, description = "The device as it is now.", body = Device),
        (status = 404, description = "One has no such device."),
    ))]
async fn rename(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Bearer(session): Bearer,
    InPath(login): InPath<String>,
    Body(name): Body<DeviceName>,
) -> Result<Json<Device>, Refusal> {
    let office = interface.office_for(&session, source);
    let row = office.rename_own_device(session.account, &login, &name.label);
    Ok(Json(view(row.await?)))
}

/// Revokes a device: it does not register any more, and the session that came with it ends.
#[utoipa::path(delete, path = "/api/v1/me/devices/{login}", tag = "devices",
    params(("login" = String, Path, description = "Of the list.")),
    responses(
        (status = 204, description = "It is revoked."),
        (status = 404, description = "One has no such device."),
    ))]
async fn remove(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Bearer(session): Bearer,
    InPath(login): InPath<String>,
) -> Result<StatusCode, Refusal> {
    let office = interface.office_for(&session, source);
    office.remove_own_device(session.account, &login).await?;
    Ok(StatusCode::NO_CONTENT)
}
