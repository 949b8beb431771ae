//! Rooms over HTTP: which there are, who is in them, and what is set for them.

use api::room::{
    AddParticipants, CreateRoom, GetRooms, ParticipantRoleChange, Room, RoomChange, RoomId,
    RoomsList,
};
use api::{AccountId, AccountKind, Problem, ProblemKind};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Interface;
use super::bearer::Bearer;
use super::extract::{Body, InPath, InQuery};
use super::problem::Refusal;
use super::routing::{Routes, routes};
use crate::office::Session;
use crate::rooms::{RoomsError, Speaker};

pub(super) fn router() -> Routes {
    Routes::new()
        .routes(routes!(list, create))
        .routes(routes!(show, change))
        .routes(routes!(add))
        .routes(routes!(set_role, remove))
        .routes(routes!(join))
}

impl From<RoomsError> for Refusal {
    fn from(error: RoomsError) -> Self {
        if let RoomsError::Store(source) = &error {
            tracing::error!(error = %source, "a request about rooms failed");
        }
        Problem::new(error.kind(), error.sentence()).into()
    }
}

impl Interface {
    /// Whoever asks, as rooms know them.
    pub(super) async fn speaker(&self, session: &Session) -> Result<Speaker, Refusal> {
        let account = self.office.account_by_id(session.account).await?;
        Ok(Speaker {
            account: session.account,
            display_name: account.display_name,
            is_guest: session.kind == AccountKind::Guest,
        })
    }
}

/// The id of a room out of a path.
pub(super) fn room_id(text: &str) -> Result<RoomId, Refusal> {
    // What is no id is no room.
    RoomId::parse(text).map_err(|_| RoomsError::NoSuchRoom.into())
}

/// Refuses a body that names another room than the path.
pub(super) fn same_room(path: &RoomId, body: Option<&RoomId>) -> Result<(), Refusal> {
    match body {
        Some(room) if room != path => {
            let detail = "The body names another room than the path; leave it out.";
            Err(Refusal::new(ProblemKind::BadRequest, detail))
        }
        _ => Ok(()),
    }
}

/// Which page.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Page {
    /// `next` of the page before; missing for the first page.
    #[param(max_length = 100)]
    after: Option<String>,
    /// How many rooms at most.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
}

/// The rooms of whoever asks, those where something happened last first.
#[utoipa::path(get, path = "/api/v1/rooms", tag = "rooms", params(Page),
    responses((status = 200, description = "A page of them.", body = RoomsList)))]
async fn list(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    InQuery(page): InQuery<Page>,
) -> Result<Json<RoomsList>, Refusal> {
    let wish = GetRooms {
        after: page.after,
        limit: page.limit,
    };
    let after = wish.after.as_deref();
    let rooms = &interface.rooms;
    Ok(Json(rooms.list(session.account, after, wish.limit).await?))
}

/// Opens a room of several people. The conversation of two is made by its first message.
#[utoipa::path(post, path = "/api/v1/rooms", tag = "rooms", request_body = CreateRoom,
    responses(
        (status = 201, description = "The room.", body = Room),
        (status = 404, description = "Somebody who is to be in it cannot be reached."),
    ))]
async fn create(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    Body(wish): Body<CreateRoom>,
) -> Result<(StatusCode, Json<Room>), Refusal> {
    let speaker = interface.speaker(&session).await?;
    let room = interface.rooms.create(&speaker, &wish).await?;
    Ok((StatusCode::CREATED, Json(room)))
}

/// A room.
#[utoipa::path(get, path = "/api/v1/rooms/{room}", tag = "rooms",
    params(("room" = String, Path, description = "Its id.")),
    responses(
        (status = 200, description = "The room.", body = Room),
        (status = 403, description = "Whoever asks is not in it."),
        (status = 404, description = "There is none of this id."),
    ))]
async fn show(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    InPath(room): InPath<String>,
) -> Result<Json<Room>, Refusal> {
    let room = room_id(&room)?;
    Ok(Json(interface.rooms.room(session.account, &room).await?))
}

/// Changes a room's name, description, picture or settings. What is missing stays.
#[utoipa::path(patch, path = "/api/v1/rooms/{room}", tag = "rooms", request_body = RoomChange,
    params(("room" = String, Path, description = "Its id.")),
    responses(
        (status = 200, description = "The room as it is now.", body = Room),
        (status = 403, description = "Whoever asks is not in it, or may not."),
        (status = 404, description = "There is none of this id."),
    ))]
async fn change(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    InPath(room): InPath<String>,
    Body(wish): Body<RoomChange>,
) -> Result<Json<Room>, Refusal> {
    let room = room_id(&room)?;
    let changed = interface
        .rooms
        .change(session.account, &room, &wish)
        .await?;
    Ok(Json(changed))
}

/// Goes into an open room.
#[utoipa::path(post, path = "/api/v1/rooms/{room}/join", tag = "rooms",
    params(("room" = String, Path, description = "Its id.")),
    responses(
        (status = 200, description = "The room.", body = Room),
        (status = 403, description = "It is not open."),
        (status = 404, description = "There is none of this id."),
    ))]
async fn join(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    InPath(room): InPath<String>,
) -> Result<Json<Room>, Refusal> {
    let room = room_id(&room)?;
    let speaker = interface.speaker(&session).await?;
    Ok(Json(interface.rooms.join(&speaker, &room).await?))
}

/// Adds people to a room.
#[utoipa::path(post, path = "/api/v1/rooms/{room}/participants", tag = "rooms",
    request_body = AddParticipants,
    params(("room" = String, Path, description = "Its id.")),
    responses(
        (status = 204, description = "They are in it."),
        (status = 403, description = "Whoever asks is not in it, or may not."),
        (status = 404, description = "There is no such room, or somebody cannot be reached."),
        (status = 409, description = "There would be too many."),
    ))]
async fn add(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    InPath(room): InPath<String>,
    Body(wish): Body<AddParticipants>,
) -> Result<StatusCode, Refusal> {
    let room = room_id(&room)?;
    same_room(&room, wish.room.as_ref())?;
    let speaker = interface.speaker(&session).await?;
    let rooms = &interface.rooms;
    rooms.add(&speaker, &room, &wish.participants).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives somebody in a room another role.
#[utoipa::path(put, path = "/api/v1/rooms/{room}/participants/{account}", tag = "rooms",
    request_body = ParticipantRoleChange,
    params(
        ("room" = String, Path, description = "Its id."),
        ("account" = i64, Path, description = "Whose."),
    ),
    responses(
        (status = 204, description = "They have it."),
        (status = 403, description = "Whoever asks is not in it, or may not."),
        (status = 404, description = "There is no such room, or they are not in it."),
    ))]
async fn set_role(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    InPath((room, account)): InPath<(String, i64)>,
    Body(wish): Body<ParticipantRoleChange>,
) -> Result<StatusCode, Refusal> {
    let room = room_id(&room)?;
    let role = Some(wish.role);
    let rooms = &interface.rooms;
    rooms
        .change_participant(session.account, &room, AccountId(account), role)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes somebody from a room, or leaves it oneself.
#[utoipa::path(delete, path = "/api/v1/rooms/{room}/participants/{account}", tag = "rooms",
    params(
        ("room" = String, Path, description = "Its id."),
        ("account" = i64, Path, description = "Whom."),
    ),
    responses(
        (status = 204, description = "They are not in it any more."),
        (status = 403, description = "Whoever asks is not in it, or may not."),
        (status = 404, description = "There is no such room, or they are not in it."),
    ))]
async fn remove(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    InPath((room, account)): InPath<(String, i64)>,
) -> Result<StatusCode, Refusal> {
    let room = room_id(&room)?;
    let rooms = &interface.rooms;
    rooms
        .change_participant(session.account, &room, AccountId(account), None)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
