//! The messages that callers have left for whoever asks, and what they hear before they leave one.

use std::net::SocketAddr;
use std::ops::Range;

use api::{Number, Paged, ProblemKind, Voicemail, VoicemailCaller, VoicemailChange};
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Interface;
use super::bearer::Bearer;
use super::extract::{Body, InPath};
use super::page::Page;
use super::problem::Refusal;
use super::routing::{Routes, routes};
use crate::store::VoicemailRow;
use crate::times::rfc_3339;

/// A minute of Opus at its highest rate is less (RFC 6716 section 2.1.1).
const LARGEST_GREETING: usize = 4 << 20;

/// RFC 7845 section 9.
const OGG_OPUS: &str = "audio/ogg; codecs=opus";

pub(super) fn router() -> Routes {
    let greeting = Routes::new()
        .routes(routes!(greeting, set_greeting, remove_greeting))
        .layer(DefaultBodyLimit::max(LARGEST_GREETING));
    Routes::new()
        .routes(routes!(list))
        .routes(routes!(mark, remove))
        .routes(routes!(audio))
        .merge(greeting)
}

/// The messages that callers have left, the newest first; also those for groups that whoever asks is a member of.
#[utoipa::path(get, path = "/api/v1/me/voicemails", tag = "voicemail", params(Page),
    responses((status = 200, description = "A page of them.", body = Paged<Voicemail>)))]
async fn list(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    page: Page,
) -> Result<Json<Paged<Voicemail>>, Refusal> {
    let before = page.after_id()?;
    let rows = { &interface.office }
        .voicemails(session.account, before, page.rows())
        .await?;
    let page = Paged::new(rows, page.items(), |row| row.id.to_string());
    Ok(Json(page.map(shown)))
}

/// What one of them says. With `Range` a part of it.
#[utoipa::path(get, path = "/api/v1/me/voicemails/{id}/audio", tag = "voicemail",
    params(("id" = i64, Path, description = "Of the list.")),
    responses(
        (status = 200, description = "Opus in an Ogg file.", content((Vec<u8> = "audio/ogg"))),
        (status = 206, description = "The part of it that `Range` names.", content((Vec<u8> = "audio/ogg"))),
        (status = 404, description = "There is none of this id."),
        (status = 416, description = "It is not as long as `Range` says."),
    ))]
async fn audio(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    InPath(id): InPath<i64>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let office = &interface.office;
    let sound = office.voicemail_sound(session.account, id).await?;
    Ok(part_of(sound.into(), &headers))
}

/// Says whether a message was heard.
#[utoipa::path(patch, path = "/api/v1/me/voicemails/{id}", tag = "voicemail", request_body = VoicemailChange,
    params(("id" = i64, Path, description = "Of the list.")),
    responses(
        (status = 200, description = "The message as it is now.", body = Voicemail),
        (status = 404, description = "There is none of this id."),
    ))]
async fn mark(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Bearer(session): Bearer,
    InPath(id): InPath<i64>,
    Body(change): Body<VoicemailChange>,
) -> Result<Json<Voicemail>, Refusal> {
    let office = interface.office_for(&session, source);
    let row = office
        .mark_voicemail(session.account, id, change.is_heard)
        .await?;
    Ok(Json(shown(row)))
}

/// Deletes a message.
#[utoipa::path(delete, path = "/api/v1/me/voicemails/{id}", tag = "voicemail",
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
    office.remove_voicemail(session.account, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What callers hear before they leave a message.
#[utoipa::path(get, path = "/api/v1/me/voicemail-greeting", tag = "voicemail",
    responses(
        (status = 200, description = "Opus in an Ogg file.", content((Vec<u8> = "audio/ogg"))),
        (status = 404, description = "It is the server's own."),
    ))]
async fn greeting(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let greeting = interface.office.voicemail_greeting(session.account).await?;
    Ok(part_of(greeting.into(), &headers))
}

/// Sets it: Opus in an Ogg file of 4 MiB at most. What is longer than a minute is cut off.
#[utoipa::path(put, path = "/api/v1/me/voicemail-greeting", tag = "voicemail",
    request_body(content((Vec<u8> = "audio/ogg"))),
    responses(
        (status = 204, description = "Callers hear it from now on."),
        (status = 400, description = "It is no Opus in an Ogg file."),
        (status = 404, description = "The account is no more."),
    ))]
async fn set_greeting(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Bearer(session): Bearer,
    content: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Refusal> {
    let content = content.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::new(
            ProblemKind::TooLarge,
            "The recording is larger than 4 MiB; send a shorter one.",
        ),
        _ => Refusal::new(
            ProblemKind::BadRequest,
            "The body ended too early; send it again.",
        ),
    })?;
    let office = interface.office_for(&session, source);
    office
        .set_voicemail_greeting(session.account, content.into())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Has callers hear the server's own greeting again.
#[utoipa::path(delete, path = "/api/v1/me/voicemail-greeting", tag = "voicemail",
    responses(
        (status = 204, description = "They do."),
        (status = 404, description = "They did already."),
    ))]
async fn remove_greeting(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Bearer(session): Bearer,
) -> Result<StatusCode, Refusal> {
    let office = interface.office_for(&session, source);
    office.remove_voicemail_greeting(session.account).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A message as it is shown.
pub(crate) fn shown(row: VoicemailRow) -> Voicemail {
    let seconds = u32::try_from(row.millis.max(0)).unwrap_or(u32::MAX);
    Voicemail {
        id: row.id,
        caller: VoicemailCaller {
            account: row.caller.account,
            number: row.caller.number.and_then(|text| Number::parse(&text).ok()),
            display_name: row.caller.name,
        },
        at: rfc_3339(row.left_at),
        seconds: seconds.div_ceil(1_000),
        is_heard: row.is_heard,
    }
}

/// What `Range` asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Asked {
    All,
    Part(Range<usize>),
    Nothing,
}

/// A recording, or the part of it that is asked for (RFC 9110 section 14). It is its owner's alone.
fn part_of(file: Bytes, headers: &HeaderMap) -> Response {
    let range = headers.get(header::RANGE);
    let range = range.and_then(|range| range.to_str().ok());
    let common = [
        (header::ACCEPT_RANGES, "bytes"),
        (header::CACHE_CONTROL, "private, no-cache"),
    ];
    let length = file.len();
    match asked(range, length) {
        Asked::All => (common, [(header::CONTENT_TYPE, OGG_OPUS)], file).into_response(),
        Asked::Part(part) => {
            let place = format!("bytes {}-{}/{length}", part.start, part.end - 1);
            let kind = [
                (header::CONTENT_TYPE, OGG_OPUS.to_owned()),
                (header::CONTENT_RANGE, place),
            ];
            (StatusCode::PARTIAL_CONTENT, common, kind, file.slice(part)).into_response()
        }
        Asked::Nothing => {
            let place = [(header::CONTENT_RANGE, format!("bytes */{length}"))];
            (StatusCode::RANGE_NOT_SATISFIABLE, common, place).into_response()
        }
    }
}

/// Several parts at once, and what cannot be read, are answered with all of it, as RFC 9110 section 14.2 allows.
fn asked(range: Option<&str>, length: usize) -> Asked {
    let part = range.and_then(|range| range.strip_prefix("bytes="));
    let Some((first, last)) = part.and_then(|part| part.split_once('-')) else {
        return Asked::All;
    };
    let part = match (first.trim(), last.trim()) {
        ("", last) => match last.parse::<usize>() {
            Ok(0) => return Asked::Nothing,
            Ok(many) => length.saturating_sub(many)..length,
            Err(_) => return Asked::All,
        },
        (first, "") => match first.parse::<usize>() {
            Ok(first) => first..length,
            Err(_) => return Asked::All,
        },
        (first, last) => match (first.parse::<usize>(), last.parse::<usize>()) {
            (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(length),
            _ => return Asked::All,
        },
    };
    match part.start < length {
        true => Asked::Part(part),
        false => Asked::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_what_was_asked_for_as_far_as_it_is_there() {
        let part = |range| asked(Some(range), 100);
        assert_eq!(asked(None, 100), Asked::All);
        assert_eq!(part("bytes=0-9"), Asked::Part(0..10));
        assert_eq!(part("bytes=90-200"), Asked::Part(90..100));
        assert_eq!(part("bytes=90-"), Asked::Part(90..100));
        assert_eq!(part("bytes=-10"), Asked::Part(90..100));
        assert_eq!(part("bytes=-1000"), Asked::Part(0..100));
        assert_eq!(part("bytes=100-"), Asked::Nothing);
        assert_eq!(part("bytes=-0"), Asked::Nothing);
        for whole in ["bytes=9-0", "bytes=a-b", "bytes=0-1,3-4", "lines=0-1", ""] {
            assert_eq!(part(whole), Asked::All, "{whole}");
        }
        assert_eq!(
            part("bytes=0-99999999999999999999"),
            Asked::All,
            "no number that large"
        );
    }
}
