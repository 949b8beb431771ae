//! The accounts of everybody.

use std::net::SocketAddr;

use api::{
    AccountChange, AccountId, AdminAccount, NewAccountRequest, Paged, PasswordReset, ProblemKind,
};
use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;

use super::super::Interface;
use super::super::bearer::Administrator;
use super::super::extract::{Body, InPath};
use super::super::page::Page;
use super::super::problem::Refusal;
use super::super::routing::{Routes, routes};
use crate::office::{NewAccount, OfficeError};
use crate::store::AccountRow;
use crate::times::rfc_3339;

pub(super) fn router() -> Routes {
    Routes::new()
        .routes(routes!(list, add))
        .routes(routes!(show, change, remove))
        .routes(routes!(set_password))
}

fn view(row: AccountRow) -> AdminAccount {
    AdminAccount {
        id: row.account,
        kind: row.kind,
        role: row.role,
        name: row.username,
        display_name: row.display_name,
        number: row.number,
        is_disabled: row.is_disabled,
        has_password: row.has_password,
        devices: row.devices,
        created_at: rfc_3339(row.created_at),
    }
}

/// All accounts, guests and erased ones too, in the order of their ids.
#[utoipa::path(get, path = "/api/v1/admin/accounts", tag = "admin", params(Page),
    responses((status = 200, description = "A page of them.", body = Paged<AdminAccount>)))]
async fn list(
    State(interface): State<Interface>,
    Administrator(_session): Administrator,
    page: Page,
) -> Result<Json<Paged<AdminAccount>>, Refusal> {
    let after = AccountId(page.after_id()?.unwrap_or_default());
    let rows = interface.office.store().accounts_after(after, page.rows());
    let rows = rows.await.map_err(OfficeError::from)?;
    let page = Paged::new(rows, page.items(), |row| row.account.to_string());
    Ok(Json(page.map(view)))
}

/// Adds an account with a number.
#[utoipa::path(post, path = "/api/v1/admin/accounts", tag = "admin", request_body = NewAccountRequest,
    responses(
        (status = 201, description = "The account.", body = AdminAccount),
        (status = 409, description = "The name or the number is taken, or no number is left."),
    ))]
async fn add(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Administrator(session): Administrator,
    Body(request): Body<NewAccountRequest>,
) -> Result<(StatusCode, Json<AdminAccount>), Refusal> {
    let office = interface.office_for(&session, source);
    let new = NewAccount {
        name: request.name,
        display_name: request.display_name,
        number: request.number,
        password: request.password,
    };
    let row = office.add_account(new).await?;
    Ok((StatusCode::CREATED, Json(view(row))))
}

/// One account.
#[utoipa::path(get, path = "/api/v1/admin/accounts/{id}", tag = "admin",
    params(("id" = AccountId, Path, description = "Of the list.")),
    responses(
        (status = 200, description = "The account.", body = AdminAccount),
        (status = 404, description = "There is none of this id."),
    ))]
async fn show(
    State(interface): State<Interface>,
    Administrator(_session): Administrator,
    InPath(id): InPath<AccountId>,
) -> Result<Json<AdminAccount>, Refusal> {
    Ok(Json(view(interface.office.account_by_id(id).await?)))
}

/// Changes the username, the display name, the role, or whether the account is disabled. What is missing stays.
#[utoipa::path(patch, path = "/api/v1/admin/accounts/{id}", tag = "admin", request_body = AccountChange,
    params(("id" = AccountId, Path, description = "Of the list.")),
    responses(
        (status = 200, description = "The account as it is now.", body = AdminAccount),
        (status = 404, description = "There is none of this id."),
        (status = 409, description = "The name is taken, or nobody would be left who is an administrator."),
    ))]
async fn change(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Administrator(session): Administrator,
    InPath(id): InPath<AccountId>,
    Body(change): Body<AccountChange>,
) -> Result<Json<AdminAccount>, Refusal> {
    let office = interface.office_for(&session, source);
    let mut row = office.account_by_id(id).await?;
    if row.account == session.account && change.is_disabled == Some(true) {
        let detail = "One does not disable one's own account; let another administrator do it.";
        return Err(Refusal::new(ProblemKind::Conflict, detail));
    }
    // What is most likely to be refused comes first.
    if let Some(name) = &change.name {
        row = office.rename_account(&row.username, name).await?;
    }
    if let Some(display_name) = &change.display_name {
        row = office.set_display_name(id, display_name).await?;
    }
    if let Some(role) = change.role {
        row = office.set_role(&row.username, role).await?;
    }
    if let Some(is_disabled) = change.is_disabled {
        row = office.set_disabled(&row.username, is_disabled).await?;
    }
    Ok(Json(view(row)))
}

/// Erases an account: its devices, sessions, contacts and picture go, its numbers rest.
#[utoipa::path(delete, path = "/api/v1/admin/accounts/{id}", tag = "admin",
    params(("id" = AccountId, Path, description = "Of the list.")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "There is none of this id."),
        (status = 409, description = "Nobody would be left who is an administrator."),
    ))]
async fn remove(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Administrator(session): Administrator,
    InPath(id): InPath<AccountId>,
) -> Result<StatusCode, Refusal> {
    let office = interface.office_for(&session, source);
    let row = office.account_by_id(id).await?;
    office.remove_account(&row.username).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets a password for somebody who has forgotten theirs.
#[utoipa::path(put, path = "/api/v1/admin/accounts/{id}/password", tag = "admin", request_body = PasswordReset,
    params(("id" = AccountId, Path, description = "Of the list.")),
    responses(
        (status = 204, description = "It is set."),
        (status = 404, description = "There is none of this id."),
        (status = 409, description = "A guest has no password."),
    ))]
async fn set_password(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Administrator(session): Administrator,
    InPath(id): InPath<AccountId>,
    Body(reset): Body<PasswordReset>,
) -> Result<StatusCode, Refusal> {
    let office = interface.office_for(&session, source);
    let row = office.account_by_id(id).await?;
    office.set_password(&row.username, &reset.password).await?;
    Ok(StatusCode::NO_CONTENT)
}
