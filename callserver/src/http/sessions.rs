//! Sessions: new tokens for old ones, the list, and how one ends.

use std::net::SocketAddr;
use std::time::SystemTime;

use api::{Paged, RefreshRequest, SessionId, SessionView, Tokens};
use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;

use super::Interface;
use super::bearer::Bearer;
use super::extract::{Body, InPath};
use super::problem::Refusal;
use super::routing::{Routes, routes};
use crate::times::rfc_3339;

pub(super) fn router() -> Routes {
    Routes::new()
        .routes(routes!(refresh))
        .routes(routes!(log_out))
        .routes(routes!(list))
        .routes(routes!(end))
}

/// Exchanges a refresh token for new tokens. It is worth nothing afterwards; used a second time it ends the session. Send
/// an `Idempotency-Key`, and a lost answer can be had again.
#[utoipa::path(post, path = "/api/v1/tokens/refresh", tag = "sessions", request_body = RefreshRequest, security(()),
    responses(
        (status = 200, description = "The tokens from now on.", body = Tokens),
        (status = 401, description = "The refresh token is not known, too old, or was used before."),
    ))]
async fn refresh(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Body(request): Body<RefreshRequest>,
) -> Result<Json<Tokens>, Refusal> {
    let office = interface.office_for_stranger(source);
    let tokens = office.refresh(&request.refresh_token, SystemTime::now());
    Ok(Json(tokens.await?))
}

/// Ends this session, and revokes its device.
#[utoipa::path(post, path = "/api/v1/logout", tag = "sessions",
    responses((status = 204, description = "The tokens are worth nothing any more.")))]
async fn log_out(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Bearer(session): Bearer,
) -> Result<StatusCode, Refusal> {
    let office = interface.office_for(&session, source);
    office
        .end_session(session.account, session.session_id)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The sessions of whoever asks, oldest first.
#[utoipa::path(get, path = "/api/v1/me/sessions", tag = "sessions",
    responses((status = 200, description = "All of them.", body = Paged<SessionView>)))]
async fn list(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
) -> Result<Json<Paged<SessionView>>, Refusal> {
    let rows = interface.office.sessions(session.account).await?;
    let view = |row: crate::store::SessionRow| SessionView {
        id: row.session,
        is_this: row.session == session.session_id,
        label: row.label,
        device: row.device_login,
        created_at: rfc_3339(row.created_at),
        refreshed_at: rfc_3339(row.refreshed_at),
        ends_at: rfc_3339(row.refresh_ends_at),
    };
    // As many as devices at most: one page.
    let items = rows.into_iter().map(view).collect();
    Ok(Json(Paged { items, next: None }))
}

/// Ends a session of whoever asks, and revokes its device.
#[utoipa::path(delete, path = "/api/v1/me/sessions/{id}", tag = "sessions",
    params(("id" = SessionId, Path, description = "Of the list.")),
    responses(
        (status = 204, description = "It is over."),
        (status = 404, description = "There is none of this id."),
    ))]
async fn end(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Bearer(session): Bearer,
    InPath(id): InPath<SessionId>,
) -> Result<StatusCode, Refusal> {
    let office = interface.office_for(&session, source);
    office.end_session(session.account, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
