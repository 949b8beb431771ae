//! Ring groups: numbers that ring several people.

use std::net::SocketAddr;

use api::{AccountId, Paged, RingGroup, RingGroupChange, RingGroupRequest};
use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;

use super::super::Interface;
use super::super::bearer::Administrator;
use super::super::extract::{Body, InPath};
use super::super::problem::Refusal;
use super::super::routing::{Routes, routes};

pub(super) fn router() -> Routes {
    Routes::new()
        .routes(routes!(list, add))
        .routes(routes!(show, change, remove))
}

/// All groups, in the order in which they were made.
#[utoipa::path(get, path = "/api/v1/admin/groups", tag = "admin",
    responses((status = 200, description = "All of them.", body = Paged<RingGroup>)))]
async fn list(
    State(interface): State<Interface>,
    Administrator(_session): Administrator,
) -> Result<Json<Paged<RingGroup>>, Refusal> {
    let items = interface.office.ring_groups().await?;
    Ok(Json(Paged { items, next: None }))
}

/// Makes a group with a number. Its further call settings are set as those of any account.
#[utoipa::path(post, path = "/api/v1/admin/groups", tag = "admin", request_body = RingGroupRequest,
    responses(
        (status = 201, description = "The group.", body = RingGroup),
        (status = 404, description = "A member is no account."),
        (status = 409, description = "The name or the number is taken, or no number is left."),
    ))]
async fn add(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Administrator(session): Administrator,
    Body(request): Body<RingGroupRequest>,
) -> Result<(StatusCode, Json<RingGroup>), Refusal> {
    let office = interface.office_for(&session, source);
    let group = office.add_ring_group(&request).await?;
    Ok((StatusCode::CREATED, Json(group)))
}

/// One group.
#[utoipa::path(get, path = "/api/v1/admin/groups/{id}", tag = "admin",
    params(("id" = AccountId, Path, description = "Of the list of groups.")),
    responses(
        (status = 200, description = "The group.", body = RingGroup),
        (status = 404, description = "There is none of this id."),
    ))]
async fn show(
    State(interface): State<Interface>,
    Administrator(_session): Administrator,
    InPath(id): InPath<AccountId>,
) -> Result<Json<RingGroup>, Refusal> {
    Ok(Json(interface.office.ring_group(id).await?))
}

/// Changes a group. What is missing stays.
#[utoipa::path(patch, path = "/api/v1/admin/groups/{id}", tag = "admin", request_body = RingGroupChange,
    params(("id" = AccountId, Path, description = "Of the list of groups.")),
    responses(
        (status = 200, description = "The group as it is now.", body = RingGroup),
        (status = 404, description = "There is none of this id, or a member is no account."),
    ))]
async fn change(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Administrator(session): Administrator,
    InPath(id): InPath<AccountId>,
    Body(wish): Body<RingGroupChange>,
) -> Result<Json<RingGroup>, Refusal> {
    let office = interface.office_for(&session, source);
    Ok(Json(office.change_ring_group(id, &wish).await?))
}

/// Removes a group. Its number rests, and callers hear that it is gone.
#[utoipa::path(delete, path = "/api/v1/admin/groups/{id}", tag = "admin",
    params(("id" = AccountId, Path, description = "Of the list of groups.")),
    responses(
        (status = 204, description = "It is removed."),
        (status = 404, description = "There is none of this id."),
    ))]
async fn remove(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Administrator(session): Administrator,
    InPath(id): InPath<AccountId>,
) -> Result<StatusCode, Refusal> {
    let office = interface.office_for(&session, source);
    office.remove_ring_group(id).await?;
    Ok(StatusCode::NO_CONTENT)
}
