//! Everybody's numbers.

use std::net::SocketAddr;

use api::{
    AdminNumber, AssignNumberRequest, Number, NumberHistoryLine, Paged, ProblemKind,
    ReserveNumberRequest, SwapAnswer, SwapRequest,
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
use crate::office::{OfficeError, Right, Wish, parse_number};
use crate::store::NumberRow;
use crate::times::rfc_3339;

pub(super) fn router() -> Routes {
    Routes::new()
        .routes(routes!(list, assign))
        .routes(routes!(history))
        .routes(routes!(reserve))
        .routes(routes!(release))
        .routes(routes!(swap))
}

fn view(row: NumberRow) -> AdminNumber {
    let (on_call, forward_to) = match row.after {
        Some(after) => (Some(after.on_call), after.forward_to),
        None => (None, None),
    };
    AdminNumber {
        number: row.number,
        state: row.state,
        account: row.account,
        name: row.username,
        is_primary: row.is_primary,
        epoch: row.epoch,
        changed_at: rfc_3339(row.changed_at),
        ends_at: row.lease_ends_at.map(rfc_3339),
        on_call,
        forward_to,
        note: row.note,
    }
}

/// The numbers that were ever touched, in their order as texts.
#[utoipa::path(get, path = "/api/v1/admin/numbers", tag = "admin", params(Page),
    responses((status = 200, description = "A page of them.", body = Paged<AdminNumber>)))]
async fn list(
    State(interface): State<Interface>,
    Administrator(_session): Administrator,
    page: Page,
) -> Result<Json<Paged<AdminNumber>>, Refusal> {
    let after = page.after.as_deref().map(Number::parse).transpose();
    let after = after.map_err(|_| {
        let detail = "after is not the next of an earlier page; leave it out to begin.";
        Refusal::new(ProblemKind::BadRequest, detail)
    })?;
    let limit = u32::from(page.limit) + 1;
    let rows = { interface.office.store() }.numbers_after(after.as_ref(), limit);
    let rows = rows.await.map_err(OfficeError::from)?;
    let page = Paged::new(rows, page.items(), |row| row.number.to_string());
    Ok(Json(page.map(view)))
}

/// Gives a number to an account, in addition to those that it holds.
#[utoipa::path(post, path = "/api/v1/admin/numbers", tag = "admin", request_body = AssignNumberRequest,
    responses(
        (status = 201, description = "The number as it is now.", body = AdminNumber),
        (status = 404, description = "There is no such account."),
        (status = 409, description = "It is somebody's; `alternatives` names free ones. Or the account holds as many as it may."),
    ))]
async fn assign(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Administrator(session): Administrator,
    Body(request): Body<AssignNumberRequest>,
) -> Result<(StatusCode, Json<AdminNumber>), Refusal> {
    let wish: Wish = request.wish.as_deref().unwrap_or("any").parse()?;
    let office = interface.office_for(&session, source);
    let row = office
        .assign_number(&wish, request.account, Right::Administrator)
        .await?;
    Ok((StatusCode::CREATED, Json(view(row))))
}

/// Who had a number when, and why; oldest first.
#[utoipa::path(get, path = "/api/v1/admin/numbers/{number}/history", tag = "admin",
    params(("number" = String, Path, description = "As people write it.", max_length = 40)),
    responses((status = 200, description = "All of it.", body = Paged<NumberHistoryLine>)))]
async fn history(
    State(interface): State<Interface>,
    Administrator(_session): Administrator,
    InPath(number): InPath<String>,
) -> Result<Json<Paged<NumberHistoryLine>>, Refusal> {
    let rows = interface.office.number_history(&number).await?;
    let line = |row: crate::store::NumberHistoryRow| NumberHistoryLine {
        at: rfc_3339(row.happened_at),
        state: row.state,
        account: row.account,
        name: row.username,
        epoch: row.epoch,
        reason: row.reason,
    };
    let items = rows.into_iter().map(line).collect();
    Ok(Json(Paged { items, next: None }))
}

/// Keeps a number back, so that nobody gets it by asking.
#[utoipa::path(post, path = "/api/v1/admin/numbers/{number}/reserve", tag = "admin", request_body = ReserveNumberRequest,
    params(("number" = String, Path, description = "As people write it.", max_length = 40)),
    responses(
        (status = 200, description = "It is reserved.", body = AdminNumber),
        (status = 409, description = "It is somebody's; `alternatives` names free ones."),
    ))]
async fn reserve(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Administrator(session): Administrator,
    InPath(number): InPath<String>,
    Body(request): Body<ReserveNumberRequest>,
) -> Result<Json<AdminNumber>, Refusal> {
    let number = parse_number(&number)?;
    let office = interface.office_for(&session, source);
    let row = office.reserve_number(&number, request.note.as_deref());
    Ok(Json(view(row.await?)))
}

/// Makes a number free at once, whoever holds it or whatever it is kept for.
#[utoipa::path(post, path = "/api/v1/admin/numbers/{number}/release", tag = "admin",
    params(("number" = String, Path, description = "As people write it.", max_length = 40)),
    responses(
        (status = 200, description = "It is free.", body = AdminNumber),
        (status = 404, description = "Nobody holds it."),
        (status = 409, description = "It cannot be taken from whoever holds it."),
    ))]
async fn release(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Administrator(session): Administrator,
    InPath(number): InPath<String>,
) -> Result<Json<AdminNumber>, Refusal> {
    let number = parse_number(&number)?;
    let office = interface.office_for(&session, source);
    Ok(Json(view(office.release_number(&number).await?)))
}

/// Lets the holders of two numbers change places, in one write: nobody is without a number in between.
#[utoipa::path(post, path = "/api/v1/admin/swap", tag = "admin", request_body = SwapRequest,
    responses(
        (status = 200, description = "Both as they are now.", body = SwapAnswer),
        (status = 404, description = "Nobody holds one of them."),
        (status = 409, description = "One account holds both, or one is a guest's."),
    ))]
async fn swap(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Administrator(session): Administrator,
    Body(request): Body<SwapRequest>,
) -> Result<Json<SwapAnswer>, Refusal> {
    let office = interface.office_for(&session, source);
    let (a, b) = office.swap_numbers(&request.a, &request.b).await?;
    Ok(Json(SwapAnswer {
        a: view(a),
        b: view(b),
    }))
}
