//! Messages over HTTP: saying something, the history, what is new in all rooms, receipts, search.

use api::room::{
    FLUSH_BYTES, Flush, Flushed, FoundMessages, GetHistory, HistoryPage, ReceiptEntry, SendMessage,
    Stored, Synced,
};
use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Interface;
use super::bearer::Bearer;
use super::extract::{Body, InPath, InQuery};
use super::problem::Refusal;
use super::rooms::{room_id, same_room};
use super::routing::{Routes, routes};

/// The longest text with all of it escaped.
const MESSAGE_LIMIT: usize = 100 * 1024;

pub(super) fn router() -> Routes {
    let saying = Routes::new()
        .routes(routes!(history, say, forget))
        .routes(routes!(sync, say_to))
        .layer(DefaultBodyLimit::max(MESSAGE_LIMIT));
    let flushing = Routes::new()
        .routes(routes!(flush))
        .layer(DefaultBodyLimit::max(FLUSH_BYTES));
    Routes::new()
        .merge(saying)
        .merge(flushing)
        .routes(routes!(receipt))
        .routes(routes!(search))
}

/// Says something in a room. Answered when it is durable; sent again with the same id it is the same message.
#[utoipa::path(post, path = "/api/v1/rooms/{room}/messages", tag = "rooms", request_body = SendMessage,
    params(("room" = String, Path, description = "Its id.")),
    responses(
        (status = 201, description = "Where it stands.", body = Stored),
        (status = 403, description = "Whoever asks is not in the room, or may not."),
        (status = 404, description = "There is no such room, or no such message to do something to."),
        (status = 409, description = "Somebody else's message has this id."),
    ))]
async fn say(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    InPath(room): InPath<String>,
    Body(mut message): Body<SendMessage>,
) -> Result<(StatusCode, Json<Stored>), Refusal> {
    let room = room_id(&room)?;
    same_room(&room, message.room.as_ref())?;
    message.room = Some(room);
    let speaker = interface.speaker(&session).await?;
    let stored = interface.rooms.send(&speaker, message).await?;
    Ok((StatusCode::CREATED, Json(stored)))
}

/// Brings what two devices told each other without the server, in the order in which they have it. Either of them may, and
/// may again: what was stored before stands where it stood. All of it becomes durable at once.
#[utoipa::path(post, path = "/api/v1/rooms/{room}/flush", tag = "rooms", request_body = Flush,
    params(("room" = String, Path, description = "The id of a conversation of two.")),
    responses(
        (status = 200, description = "Where each message stands, or why it does not.", body = Flushed),
        (status = 403, description = "Whoever asks is not in the room."),
        (status = 404, description = "There is none of this id."),
    ))]
async fn flush(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    InPath(room): InPath<String>,
    Body(flush): Body<Flush>,
) -> Result<Json<Flushed>, Refusal> {
    let room = room_id(&room)?;
    let speaker = interface.speaker(&session).await?;
    let flushed = interface.rooms.flush(&speaker, &room, flush).await?;
    Ok(Json(flushed))
}

/// Says something in a room, or to one person, whose conversation is made if there is none yet.
#[utoipa::path(post, path = "/api/v1/messages", tag = "rooms", request_body = SendMessage,
    responses(
        (status = 201, description = "Where it stands.", body = Stored),
        (status = 403, description = "Whoever asks is not in the room, or may not."),
        (status = 404, description = "Nobody can be written to there."),
        (status = 409, description = "Somebody else's message has this id."),
    ))]
async fn say_to(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    Body(message): Body<SendMessage>,
) -> Result<(StatusCode, Json<Stored>), Refusal> {
    let speaker = interface.speaker(&session).await?;
    let stored = interface.rooms.send(&speaker, message).await?;
    Ok((StatusCode::CREATED, Json(stored)))
}

/// Which part of the history.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Part {
    /// What comes after this sequence number, the oldest of them.
    after: Option<i64>,
    /// What comes before this sequence number, the newest of them. Without either: the end.
    before: Option<i64>,
    /// How many entries at most.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
}

/// A part of a room's history, the oldest entry first.
#[utoipa::path(get, path = "/api/v1/rooms/{room}/messages", tag = "rooms",
    params(("room" = String, Path, description = "Its id."), Part),
    responses(
        (status = 200, description = "The entries, without a gap.", body = HistoryPage),
        (status = 403, description = "Whoever asks is not in the room."),
        (status = 404, description = "There is none of this id."),
    ))]
async fn history(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    InPath(room): InPath<String>,
    InQuery(part): InQuery<Part>,
) -> Result<Json<HistoryPage>, Refusal> {
    let wish = GetHistory {
        room: room_id(&room)?,
        after: part.after,
        before: part.before,
        limit: part.limit,
    };
    let page = interface.rooms.history(session.account, &wish).await?;
    Ok(Json(page))
}

/// Deletes one's copy of a conversation: what was said up to now is not shown to whoever asks any more. The others keep
/// theirs.
#[utoipa::path(delete, path = "/api/v1/rooms/{room}/messages", tag = "rooms",
    params(("room" = String, Path, description = "Its id.")),
    responses(
        (status = 204, description = "It is deleted."),
        (status = 403, description = "Whoever asks is not in the room."),
        (status = 404, description = "There is none of this id."),
    ))]
async fn forget(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    InPath(room): InPath<String>,
) -> Result<StatusCode, Refusal> {
    let room = room_id(&room)?;
    interface.rooms.delete_copy(session.account, &room).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Since when.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Since {
    /// `cursor` of the answer before; missing to begin at the beginning.
    #[param(max_length = 100)]
    since: Option<String>,
    /// How many entries at most.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
}

/// What happened in all rooms of whoever asks since a cursor, in the order in which it was stored.
#[utoipa::path(get, path = "/api/v1/messages", tag = "rooms", params(Since),
    responses((status = 200, description = "The entries, and the next cursor.", body = Synced)))]
async fn sync(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    InQuery(since): InQuery<Since>,
) -> Result<Json<Synced>, Refusal> {
    let rooms = &interface.rooms;
    let synced = rooms.sync(session.account, since.since.as_deref(), since.limit);
    Ok(Json(synced.await?))
}

/// Says how much of a room one has or has read.
#[utoipa::path(put, path = "/api/v1/rooms/{room}/receipts", tag = "rooms", request_body = ReceiptEntry,
    params(("room" = String, Path, description = "Its id.")),
    responses(
        (status = 204, description = "It is noted."),
        (status = 403, description = "Whoever asks is not in the room."),
        (status = 404, description = "There is none of this id."),
    ))]
async fn receipt(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    InPath(room): InPath<String>,
    Body(entry): Body<ReceiptEntry>,
) -> Result<StatusCode, Refusal> {
    let room = room_id(&room)?;
    same_room(&room, entry.room.as_ref())?;
    let rooms = &interface.rooms;
    rooms
        .receipt(session.account, &room, entry.receipt, entry.sequence)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is looked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Sought {
    /// Words, all of which stand in the message; the last one may be unfinished.
    #[param(min_length = 1, max_length = 200)]
    words: String,
    /// `before` of the answer before; missing to begin with the newest.
    before: Option<i64>,
    /// How many messages at most.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
}

/// The messages of a room with certain words, the newest first.
#[utoipa::path(get, path = "/api/v1/rooms/{room}/search", tag = "rooms",
    params(("room" = String, Path, description = "Its id."), Sought),
    responses(
        (status = 200, description = "What was found.", body = FoundMessages),
        (status = 403, description = "Whoever asks is not in the room."),
        (status = 404, description = "There is none of this id."),
    ))]
async fn search(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    InPath(room): InPath<String>,
    InQuery(sought): InQuery<Sought>,
) -> Result<Json<FoundMessages>, Refusal> {
    let room = room_id(&room)?;
    let rooms = &interface.rooms;
    let found = rooms.search(
        session.account,
        &room,
        &sought.words,
        sought.before,
        sought.limit,
    );
    Ok(Json(found.await?))
}
