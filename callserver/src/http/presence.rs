//! Presence: what one tells about oneself, and what others are.

use std::net::SocketAddr;
use std::time::SystemTime;

use api::{AccountId, AccountKind, OwnPresence, Paged, PresenceChange, PresenceView};
use axum::Json;
use axum::extract::{ConnectInfo, State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Interface;
use super::bearer::Bearer;
use super::extract::{Body, InQuery};
use super::page::Page;
use super::problem::Refusal;
use super::routing::{Routes, routes};
use crate::office::{OfficeError, Session};
use crate::presence::{nothing, view as seen_view};
use crate::store::PresenceRow;
use crate::times::rfc_3339;

pub(super) fn router() -> Routes {
    Routes::new()
        .routes(routes!(show, change))
        .routes(routes!(list))
}

fn view(row: PresenceRow) -> Json<OwnPresence> {
    Json(OwnPresence {
        state: row.state,
        note: row.note,
        visibility: row.visibility,
        since: row.changed_at.map(rfc_3339),
    })
}

/// What whoever asks tells about themselves.
#[utoipa::path(get, path = "/api/v1/me/presence", tag = "presence",
    responses((status = 200, description = "It.", body = OwnPresence)))]
async fn show(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
) -> Result<Json<OwnPresence>, Refusal> {
    Ok(view(interface.office.presence(session.account).await?))
}

/// Tells something else about oneself. What is missing stays.
#[utoipa::path(put, path = "/api/v1/me/presence", tag = "presence", request_body = PresenceChange,
    responses(
        (status = 200, description = "It, as it is now.", body = OwnPresence),
        (status = 404, description = "The account is no more."),
    ))]
async fn change(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Bearer(session): Bearer,
    Body(wanted): Body<PresenceChange>,
) -> Result<Json<OwnPresence>, Refusal> {
    let office = interface.office_for(&session, source);
    Ok(view(office.set_presence(session.account, &wanted).await?))
}

/// Whose presence is asked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Whose {
    /// `contacts`, one's own, which is also meant if it is missing, or `directory`: everybody, in the order of the
    /// directory.
    #[serde(default)]
    #[param(inline)]
    of: Whom,
}

#[derive(Clone, Copy, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
enum Whom {
    #[default]
    Contacts,
    Directory,
}

/// What others are, as far as they let whoever asks see it. Of contacts those who have an account.
#[utoipa::path(get, path = "/api/v1/presence", tag = "presence", params(Whose, Page),
    responses((status = 200, description = "A page of them.", body = Paged<PresenceView>)))]
async fn list(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    InQuery(whose): InQuery<Whose>,
    page: Page,
) -> Result<Json<Paged<PresenceView>>, Refusal> {
    let store = interface.office.store();
    let accounts = match whose.of {
        Whom::Contacts => {
            let after = page.after_id()?.unwrap_or_default();
            let read = store.contacts(session.account, after, page.rows()).await;
            let read = read.map_err(OfficeError::from)?;
            let paged = Paged::new(read, page.items(), |contact| contact.id.to_string());
            let accounts = paged.items.iter().filter_map(|contact| contact.account);
            Paged {
                items: accounts.collect(),
                next: paged.next,
            }
        }
        Whom::Directory => {
            super::directory::may_look(&interface, &session)?;
            let after = page.after.as_deref().unwrap_or_default();
            let read = store.directory("", after, page.rows()).await;
            let read = read.map_err(OfficeError::from)?;
            Paged::new(read, page.items(), |person| person.name.clone()).map(|one| one.account)
        }
    };
    let items = seen(&interface, &session, &accounts.items).await?;
    Ok(Json(Paged {
        items,
        next: accounts.next,
    }))
}

/// What somebody sees of these accounts.
async fn seen(
    interface: &Interface,
    session: &Session,
    accounts: &[AccountId],
) -> Result<Vec<PresenceView>, OfficeError> {
    let store = interface.office.store();
    let seen = store.seen_by(session.account, accounts).await?;
    let now = SystemTime::now();
    let elsewhere = store.registered_elsewhere(accounts, now).await?;
    let facts = interface.exchange.facts(accounts).await;
    let sees_everyone =
        session.kind != AccountKind::Guest || interface.guests.section.may_see_directory;
    let view = |(account, facts)| {
        let account: &AccountId = account;
        let seen = seen.get(account)?;
        let is_own = *account == session.account;
        Some(match is_own || seen.may_see(sees_everyone) {
            true => seen_view(
                *account,
                &seen.presence,
                &facts,
                elsewhere.contains(account),
            ),
            false => nothing(*account),
        })
    };
    Ok(accounts.iter().zip(facts).filter_map(view).collect())
}
