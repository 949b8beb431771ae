//! Contacts: whom the one who asks has written down.

use std::net::SocketAddr;

use api::{AccountKind, Contact, ContactEntry, Paged};
use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;

use super::Interface;
use super::bearer::Bearer;
use super::extract::{Body, InPath};
use super::page::Page;
use super::problem::Refusal;
use super::routing::{Routes, routes};
use crate::office::Session;

pub(super) fn router() -> Routes {
    Routes::new()
        .routes(routes!(list, add))
        .routes(routes!(show, change, remove))
}

/// A guest sees of others what it dialled itself.
fn shown(session: &Session, mut contact: Contact) -> Contact {
    if session.kind == AccountKind::Guest {
        contact.display_name = None;
    }
    contact
}

/// The contacts of whoever asks, in the order in which they were added.
#[utoipa::path(get, path = "/api/v1/me/contacts", tag = "contacts", params(Page),
    responses((status = 200, description = "A page of them.", body = Paged<Contact>)))]
async fn list(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    page: Page,
) -> Result<Json<Paged<Contact>>, Refusal> {
    let after = page.after_id()?.unwrap_or_default();
    let store = interface.office.store();
    let read = store.contacts(session.account, after, page.rows()).await;
    let read = read.map_err(crate::office::OfficeError::from)?;
    let paged = Paged::new(read, page.items(), |contact| contact.id.to_string());
    Ok(Json(paged.map(|contact| shown(&session, contact))))
}

/// Adds a contact, by number or by account.
#[utoipa::path(post, path = "/api/v1/me/contacts", tag = "contacts", request_body = ContactEntry,
    responses(
        (status = 201, description = "The contact.", body = Contact),
        (status = 404, description = "There is no such account."),
        (status = 409, description = "It is a contact already, or there are too many."),
    ))]
async fn add(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Bearer(session): Bearer,
    Body(entry): Body<ContactEntry>,
) -> Result<(StatusCode, Json<Contact>), Refusal> {
    let office = interface.office_for(&session, source);
    let contact = office.add_contact(&session, &entry).await?;
    Ok((StatusCode::CREATED, Json(shown(&session, contact))))
}

/// One contact.
#[utoipa::path(get, path = "/api/v1/me/contacts/{id}", tag = "contacts",
    params(("id" = i64, Path, description = "Of the list.")),
    responses(
        (status = 200, description = "The contact.", body = Contact),
        (status = 404, description = "There is none of this id."),
    ))]
async fn show(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    InPath(id): InPath<i64>,
) -> Result<Json<Contact>, Refusal> {
    let contact = interface.office.contact(session.account, id).await?;
    Ok(Json(shown(&session, contact)))
}

/// Makes a contact what is sent.
#[utoipa::path(put, path = "/api/v1/me/contacts/{id}", tag = "contacts", request_body = ContactEntry,
    params(("id" = i64, Path, description = "Of the list.")),
    responses(
        (status = 200, description = "The contact as it is now.", body = Contact),
        (status = 404, description = "There is none of this id, or no such account."),
        (status = 409, description = "Another contact is the same account or number."),
    ))]
async fn change(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Bearer(session): Bearer,
    InPath(id): InPath<i64>,
    Body(entry): Body<ContactEntry>,
) -> Result<Json<Contact>, Refusal> {
    let office = interface.office_for(&session, source);
    let contact = office.set_contact(&session, id, &entry).await?;
    Ok(Json(shown(&session, contact)))
}

/// Removes a contact.
#[utoipa::path(delete, path = "/api/v1/me/contacts/{id}", tag = "contacts",
    params(("id" = i64, Path, description = "Of the list.")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "There is none of this id."),
    ))]
async fn remove(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Bearer(session): Bearer,
    InPath(id): InPath<i64>,
) -> Result<StatusCode, Refusal> {
    let office = interface.office_for(&session, source);
    office.remove_contact(session.account, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
