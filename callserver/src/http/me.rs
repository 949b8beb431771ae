//! One's own account: what it is, other names, another password, everything to take along, and its end.

use std::net::SocketAddr;
use std::time::Instant;

use api::{Erasure, Me, MeChange, PasswordChange, UsernameChange};
use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Interface;
use super::bearer::{Bearer, Person};
use super::extract::Body;
use super::problem::Refusal;
use super::routing::{Routes, routes};
use crate::office::{Office, OfficeError, Session};
use crate::store::AccountRow;
use crate::times::rfc_3339;

pub(super) fn router() -> Routes {
    Routes::new()
        .routes(routes!(show, change, erase))
        .routes(routes!(change_username))
        .routes(routes!(change_password))
        .routes(routes!(export))
}

async fn view(office: &Office, row: AccountRow) -> Result<Json<Me>, Refusal> {
    let has_picture = office.store().has_picture(row.account).await;
    Ok(Json(Me {
        id: row.account,
        kind: row.kind,
        role: row.role,
        name: row.username,
        display_name: row.display_name,
        number: row.number,
        has_picture: has_picture.map_err(OfficeError::from)?,
        has_password: row.has_password,
        devices: row.devices,
        created_at: rfc_3339(row.created_at),
    }))
}

/// One's own account.
#[utoipa::path(get, path = "/api/v1/me", tag = "me",
    responses(
        (status = 200, description = "It.", body = Me),
        (status = 404, description = "The account is no more."),
    ))]
async fn show(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
) -> Result<Json<Me>, Refusal> {
    let row = interface.office.account_by_id(session.account).await?;
    view(&interface.office, row).await
}

/// Changes what people see. What is missing stays.
#[utoipa::path(patch, path = "/api/v1/me", tag = "me", request_body = MeChange,
    responses(
        (status = 200, description = "The account as it is now.", body = Me),
        (status = 404, description = "The account is no more."),
    ))]
async fn change(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Bearer(session): Bearer,
    Body(change): Body<MeChange>,
) -> Result<Json<Me>, Refusal> {
    let office = interface.office_for(&session, source);
    let row = match change.display_name {
        Some(text) => office.set_display_name(session.account, &text).await?,
        None => office.account_by_id(session.account).await?,
    };
    view(&office, row).await
}

/// Deletes one's account for ever. What others wrote or noted stays readable for them; the numbers and the username rest.
#[utoipa::path(delete, path = "/api/v1/me", tag = "me", request_body = Erasure,
    responses(
        (status = 204, description = "It is deleted, and its tokens are worth nothing."),
        (status = 403, description = "The password is another one."),
        (status = 404, description = "The account is no more."),
        (status = 409, description = "It is the last administrator."),
    ))]
async fn erase(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Bearer(session): Bearer,
    Body(erasure): Body<Erasure>,
) -> Result<StatusCode, Refusal> {
    let office = interface.office_for(&session, source);
    let password = erasure.password.as_deref();
    let erased = office.erase_own_account(session.account, password);
    interface.guessing(&session, source, erased).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Changes one's username. The old one rests for 45 days: it reaches its owner, nobody else gets it, and its owner may go
/// back to it.
#[utoipa::path(put, path = "/api/v1/me/username", tag = "me", request_body = UsernameChange,
    responses(
        (status = 200, description = "The account as it is now.", body = Me),
        (status = 404, description = "The account is no more."),
        (status = 409, description = "The name, or one that looks like it, is somebody's, or three names rest already."),
    ))]
async fn change_username(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Person(session): Person,
    Body(change): Body<UsernameChange>,
) -> Result<Json<Me>, Refusal> {
    let office = interface.office_for(&session, source);
    let row = office
        .change_username(session.account, &change.username)
        .await?;
    view(&office, row).await
}

/// Changes one's password, of whoever knows the old one. All other logins end; devices that were made by hand stay.
#[utoipa::path(put, path = "/api/v1/me/password", tag = "me", request_body = PasswordChange,
    responses(
        (status = 204, description = "It is changed."),
        (status = 400, description = "The new password breaks its rule, or is the old one."),
        (status = 403, description = "The old password is another one."),
        (status = 404, description = "The account is no more."),
    ))]
async fn change_password(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Person(session): Person,
    Body(change): Body<PasswordChange>,
) -> Result<StatusCode, Refusal> {
    let office = interface.office_for(&session, source);
    let changed = office.change_password(
        session.account,
        &change.old_password,
        &change.new_password,
        Some(session.session_id),
    );
    interface.guessing(&session, source, changed).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Everything about one's account: a zip of JSON files, and the picture.
#[utoipa::path(get, path = "/api/v1/me/export", tag = "me",
    responses(
        (status = 200, description = "The zip.", body = Vec<u8>, content_type = "application/zip"),
        (status = 404, description = "The account is no more."),
    ))]
async fn export(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Bearer(session): Bearer,
) -> Result<Response, Refusal> {
    let office = interface.office_for(&session, source);
    let export = office.export_own_account(session.account).await?;
    // A username holds nothing that would have to be quoted.
    let disposition = format!("attachment; filename=\"{}\"", export.file_name);
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok((headers, export.content).into_response())
}

impl Interface {
    /// Does something that asks for the password again. Whoever has a token only must not guess it: failures count as
    /// those at a login do.
    async fn guessing<T>(
        &self,
        session: &Session,
        source: SocketAddr,
        doing: impl Future<Output = Result<T, OfficeError>>,
    ) -> Result<T, OfficeError> {
        let charged = self
            .login_limit()
            .charge(Instant::now(), source.ip(), &session.name);
        charged.map_err(|wait| OfficeError::TooManyAttempts { wait })?;
        let result = doing.await;
        if !matches!(result, Err(OfficeError::WrongOldPassword)) {
            self.login_limit().pay_back(source.ip(), &session.name);
        }
        result
    }
}
