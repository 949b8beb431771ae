//! Pictures of accounts. They are what their bytes are, and are shown as nothing else.

use std::net::SocketAddr;

use api::{AccountId, PictureFormat, PictureRefused, ProblemKind, hex};
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::Interface;
use super::bearer::Bearer;
use super::conditional::is_known;
use super::extract::InPath;
use super::problem::Refusal;
use super::routing::{Routes, routes};
use crate::office::OfficeError;

pub(super) fn router() -> Routes {
    Routes::new()
        .routes(routes!(own, set, remove))
        .routes(routes!(of_account))
        // One byte more is read, so that a picture that is too large is refused as one.
        .layer(DefaultBodyLimit::max(PictureFormat::MAX_BYTES + 1))
}

/// One's own picture.
#[utoipa::path(get, path = "/api/v1/me/picture", tag = "me",
    responses(
        (status = 200, description = "The file as it was sent.", content((Vec<u8> = "image/png"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/webp"))),
        (status = 304, description = "It is still the one that `If-None-Match` names."),
        (status = 404, description = "There is none."),
    ))]
async fn own(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    show(&interface, session.account, &headers).await
}

/// The picture of somebody.
#[utoipa::path(get, path = "/api/v1/accounts/{id}/picture", tag = "accounts",
    params(("id" = AccountId, Path, description = "The account.")),
    responses(
        (status = 200, description = "The file as it was sent.", content((Vec<u8> = "image/png"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/webp"))),
        (status = 304, description = "It is still the one that `If-None-Match` names."),
        (status = 404, description = "There is none."),
    ))]
async fn of_account(
    State(interface): State<Interface>,
    Bearer(_session): Bearer,
    InPath(account): InPath<AccountId>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    show(&interface, account, &headers).await
}

async fn show(
    interface: &Interface,
    account: AccountId,
    asked: &HeaderMap,
) -> Result<Response, Refusal> {
    let picture = interface.office.picture(account).await?;
    let hash = Sha256::digest(&picture.content);
    let tag = format!("\"{}\"", hex(&hash[..16]));
    let is_known = is_known(asked, &tag);
    let headers = [
        (header::ETAG, tag),
        // Kept by whoever has asked, who asks again whether it is still the one.
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
    ];
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let kind = [(header::CONTENT_TYPE, picture.format.media_type())];
    Ok((headers, kind, picture.content).into_response())
}

/// Sets one's picture: the bytes of a PNG, JPEG or WebP file of 256 KiB and 2048 times 2048 pixels at most.
#[utoipa::path(put, path = "/api/v1/me/picture", tag = "me",
    request_body(content((Vec<u8> = "image/png"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/webp"))),
    responses(
        (status = 204, description = "People see it from now on."),
        (status = 400, description = "The bytes are no picture, or it has too many pixels."),
        (status = 404, description = "The account is no more."),
    ))]
async fn set(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Bearer(session): Bearer,
    content: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Refusal> {
    let content = content.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => OfficeError::from(PictureRefused::TooLarge).into(),
        _ => Refusal::new(
            ProblemKind::BadRequest,
            "The body ended too early; send it again.",
        ),
    })?;
    let office = interface.office_for(&session, source);
    office.set_picture(session.account, &content).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes one's picture.
#[utoipa::path(delete, path = "/api/v1/me/picture", tag = "me",
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "There is none."),
    ))]
async fn remove(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Bearer(session): Bearer,
) -> Result<StatusCode, Refusal> {
    let office = interface.office_for(&session, source);
    office.remove_picture(session.account).await?;
    Ok(StatusCode::NO_CONTENT)
}
