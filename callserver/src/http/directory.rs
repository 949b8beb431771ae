//! The directory: who can be called.

use api::{AccountKind, DirectoryEntry, Paged, ProblemKind};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Interface;
use super::bearer::Bearer;
use super::extract::InQuery;
use super::page::Page;
use super::problem::Refusal;
use super::routing::{Routes, routes};
use crate::office::{OfficeError, Session};

pub(super) fn router() -> Routes {
    Routes::new().routes(routes!(search))
}

/// Whom to look for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// A part of the username, the display name or the number; all people if it is missing.
    #[serde(default)]
    #[param(max_length = 64)]
    query: String,
}

/// Guests see the directory if the operator lets them.
pub(super) fn may_look(interface: &Interface, session: &Session) -> Result<(), Refusal> {
    if session.kind == AccountKind::Guest && !interface.guests.section.may_see_directory {
        let detail =
            "Guests may not see the directory of this server; dial the number that you know.";
        return Err(Refusal::new(ProblemKind::Forbidden, detail));
    }
    Ok(())
}

/// People with a number, in the order of their usernames.
#[utoipa::path(get, path = "/api/v1/directory", tag = "directory", params(Wanted, Page),
    responses((status = 200, description = "A page of them.", body = Paged<DirectoryEntry>)))]
async fn search(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    InQuery(wanted): InQuery<Wanted>,
    page: Page,
) -> Result<Json<Paged<DirectoryEntry>>, Refusal> {
    may_look(&interface, &session)?;
    let wanted = wanted.query.trim();
    if wanted.chars().count() > 64 || wanted.contains('\0') {
        let detail = "query is a part of a name or number, of 64 characters at most.";
        return Err(Refusal::new(ProblemKind::BadRequest, detail));
    }
    let after = page.after.as_deref().unwrap_or_default();
    let store = interface.office.store();
    let read = store.directory(wanted, after, page.rows()).await;
    let read = read.map_err(OfficeError::from)?;
    Ok(Json(Paged::new(read, page.items(), |person| {
        person.name.clone()
    })))
}
