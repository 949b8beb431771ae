//! Invitations: who has one may make an account.

use std::net::SocketAddr;
use std::time::Duration;

use api::{InvitationRequest, InvitationView, NewInvitationAnswer, Paged};
use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;

use super::super::Interface;
use super::super::bearer::Administrator;
use super::super::extract::{Body, InPath};
use super::super::page::Page;
use super::super::problem::Refusal;
use super::super::routing::{Routes, routes};
use crate::office::InvitationWish;
use crate::store::InvitationRow;
use crate::times::rfc_3339;

pub(super) fn router() -> Routes {
    Routes::new()
        .routes(routes!(list, add))
        .routes(routes!(remove))
}

fn view(row: InvitationRow) -> InvitationView {
    InvitationView {
        id: row.invitation,
        note: row.note,
        number: row.number,
        uses_left: row.uses_left,
        made_by: row.made_by_name,
        created_at: rfc_3339(row.created_at),
        ends_at: rfc_3339(row.ends_at),
    }
}

/// The invitations that are good, oldest first. Their codes are not kept.
#[utoipa::path(get, path = "/api/v1/admin/invitations", tag = "admin", params(Page),
    responses((status = 200, description = "A page of them.", body = Paged<InvitationView>)))]
async fn list(
    State(interface): State<Interface>,
    Administrator(_session): Administrator,
    page: Page,
) -> Result<Json<Paged<InvitationView>>, Refusal> {
    let rows = interface.office.invitations(page.after_id()?, page.rows());
    let rows = rows.await?;
    let page = Paged::new(rows, page.items(), |row| row.invitation.to_string());
    Ok(Json(page.map(view)))
}

/// Makes an invitation. Its code is shown this once.
#[utoipa::path(post, path = "/api/v1/admin/invitations", tag = "admin", request_body = InvitationRequest,
    responses(
        (status = 201, description = "The code, and what it is good for.", body = NewInvitationAnswer),
        (status = 409, description = "The number that shall come with it is taken."),
    ))]
async fn add(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Administrator(session): Administrator,
    Body(request): Body<InvitationRequest>,
) -> Result<(StatusCode, Json<NewInvitationAnswer>), Refusal> {
    let office = interface.office_for(&session, source);
    let wish = InvitationWish {
        note: request.note,
        number: request.number,
        uses: request.uses,
        lifetime: Duration::from_secs(u64::from(request.hours) * 60 * 60),
    };
    let made = office.add_invitation(wish).await?;
    let answer = NewInvitationAnswer {
        code: made.code,
        invitation: view(made.row),
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Takes an invitation back.
#[utoipa::path(delete, path = "/api/v1/admin/invitations/{id}", tag = "admin",
    params(("id" = i64, Path, description = "Of the list.")),
    responses(
        (status = 204, description = "It is good for nothing any more."),
        (status = 404, description = "There is none of this id."),
    ))]
async fn remove(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Administrator(session): Administrator,
    InPath(id): InPath<i64>,
) -> Result<StatusCode, Refusal> {
    let office = interface.office_for(&session, source);
    office.remove_invitation(id).await?;
    Ok(StatusCode::NO_CONTENT)
}
