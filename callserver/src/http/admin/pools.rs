//! The pools that numbers are given from.

use std::net::SocketAddr;

use api::{NumberRange, Paged, PoolRequest, PoolView, ProblemKind};
use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;

use super::super::Interface;
use super::super::bearer::Administrator;
use super::super::extract::{Body, InPath};
use super::super::problem::Refusal;
use super::super::routing::{Routes, routes};
use crate::store::PoolRow;

pub(super) fn router() -> Routes {
    Routes::new()
        .routes(routes!(list, add))
        .routes(routes!(remove))
}

fn view(row: PoolRow) -> PoolView {
    PoolView {
        size: row.size(),
        range: row.range.to_string(),
        purpose: row.purpose,
        policy: row.policy,
        free: row.free,
    }
}

fn range(text: &str) -> Result<NumberRange, Refusal> {
    NumberRange::parse(text)
        .map_err(|reason| Refusal::new(ProblemKind::BadRequest, reason.to_string()))
}

/// All pools.
#[utoipa::path(get, path = "/api/v1/admin/pools", tag = "admin",
    responses((status = 200, description = "All of them.", body = Paged<PoolView>)))]
async fn list(
    State(interface): State<Interface>,
    Administrator(_session): Administrator,
) -> Result<Json<Paged<PoolView>>, Refusal> {
    let rows = interface.office.pools().await?;
    let items = rows.into_iter().map(view).collect();
    Ok(Json(Paged { items, next: None }))
}

/// Adds a pool.
#[utoipa::path(post, path = "/api/v1/admin/pools", tag = "admin", request_body = PoolRequest,
    responses(
        (status = 201, description = "The pool.", body = PoolView),
        (status = 409, description = "It overlaps another one."),
    ))]
async fn add(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Administrator(session): Administrator,
    Body(request): Body<PoolRequest>,
) -> Result<(StatusCode, Json<PoolView>), Refusal> {
    let range = range(&request.range)?;
    let office = interface.office_for(&session, source);
    let row = office.add_pool(request.purpose, &range, request.policy);
    Ok((StatusCode::CREATED, Json(view(row.await?))))
}

/// Removes a pool. Its numbers stay what they are; no more are given from it.
#[utoipa::path(delete, path = "/api/v1/admin/pools/{range}", tag = "admin",
    params(("range" = String, Path, description = "Of the list, such as `1000-9999`.", max_length = 40)),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "There is no pool of this range."),
    ))]
async fn remove(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Administrator(session): Administrator,
    InPath(text): InPath<String>,
) -> Result<StatusCode, Refusal> {
    let range = range(&text)?;
    let office = interface.office_for(&session, source);
    office.remove_pool(&range).await?;
    Ok(StatusCode::NO_CONTENT)
}
