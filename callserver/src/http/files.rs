//! Files: resumable uploads as tus 1.0 describes them (core, creation, checksum, expiration, termination), lists, and
//! downloads with ranges.

use std::ops::Range;
use std::path::PathBuf;
use std::time::SystemTime;

use api::{FILES_PATH, Paged, ProblemKind, StoredFile};
use axum::Json;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http_range_header::{RangeUnsatisfiableError, parse_range_header};
use tower_http::services::ServeFile;

use super::Interface;
use super::bearer::Bearer;
use super::conditional::is_known;
use super::extract::InPath;
use super::page::Page;
use super::problem::Refusal;
use super::routing::{Routes, routes};
use crate::files::{Contents, Files, FilesError, InBucket};
use crate::store::FileRow;
use crate::times::rfc_3339;

const TUS: &str = "1.0.0";
const EXTENSIONS: &str = "creation,checksum,expiration,termination";
const PART: &str = "application/offset+octet-stream";

const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const TUS_VERSION: HeaderName = HeaderName::from_static("tus-version");
const TUS_EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
const TUS_MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
const TUS_CHECKSUM: HeaderName = HeaderName::from_static("tus-checksum-algorithm");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const UPLOAD_CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");
const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");

pub(super) fn router() -> Routes {
    Routes::new()
        .routes(routes!(options, begin, list))
        .routes(routes!(state, append, read, remove))
        .routes(routes!(thumbnail))
        // The store has limits of its own, and nothing of a body is held in memory.
        .layer(DefaultBodyLimit::disable())
}

/// A refusal with the status that tus asks for.
struct TusRefusal(FilesError);

impl IntoResponse for TusRefusal {
    fn into_response(self) -> Response {
        let (kind, status) = match &self.0 {
            FilesError::NotFound | FilesError::NoThumbnail => (ProblemKind::NotFound, None),
            FilesError::TooLarge { .. } | FilesError::TooMuch { .. } => {
                (ProblemKind::TooLarge, None)
            }
            FilesError::Quota { .. } => (ProblemKind::TooLarge, None),
            FilesError::TooManyUploads { .. } => (ProblemKind::Conflict, None),
            FilesError::WrongOffset { .. } | FilesError::Unfinished => {
                (ProblemKind::Conflict, None)
            }
            FilesError::Busy => (ProblemKind::Conflict, Some(StatusCode::LOCKED)),
            FilesError::Checksum => (ProblemKind::BadRequest, StatusCode::from_u16(460).ok()),
            FilesError::BrokenOff => (ProblemKind::BadRequest, None),
            FilesError::Disk(_) | FilesError::Bucket(_) | FilesError::Store(_) => {
                (ProblemKind::Internal, None)
            }
        };
        let detail = match kind {
            ProblemKind::Internal => {
                tracing::error!(error = %self.0, "a file could not be kept or read");
                "The server could not do it; its log says why. Try again later.".to_owned()
            }
            _ => self.0.to_string(),
        };
        let mut response = Refusal::new(kind, detail).into_response();
        if let Some(status) = status {
            *response.status_mut() = status;
        }
        let headers = response.headers_mut();
        headers.insert(TUS_RESUMABLE, HeaderValue::from_static(TUS));
        if let FilesError::WrongOffset { received } = self.0 {
            headers.insert(UPLOAD_OFFSET, HeaderValue::from(received));
        }
        response
    }
}

type Answer<T> = Result<T, Response>;

fn refused(error: FilesError) -> Response {
    TusRefusal(error).into_response()
}

fn bad_request(detail: &str) -> Response {
    Refusal::new(ProblemKind::BadRequest, detail).into_response()
}

/// What this server knows of tus, for clients that ask before they begin.
#[utoipa::path(options, path = "/api/v1/files", tag = "files", security(()),
    responses((status = 204, description = "In the headers `Tus-Version`, `Tus-Extension`, `Tus-Max-Size`, `Tus-Checksum-Algorithm`.")))]
async fn options(State(interface): State<Interface>) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(TUS_RESUMABLE, HeaderValue::from_static(TUS));
    headers.insert(TUS_VERSION, HeaderValue::from_static(TUS));
    headers.insert(TUS_EXTENSION, HeaderValue::from_static(EXTENSIONS));
    headers.insert(TUS_CHECKSUM, HeaderValue::from_static("sha256"));
    headers.insert(
        TUS_MAX_SIZE,
        HeaderValue::from(interface.files.limits().largest),
    );
    response
}

/// Begins the upload of a file: `Upload-Length` says how many bytes it has, `Upload-Metadata` its name as
/// `filename BASE64`. `Location` is where its bytes go, with PATCH.
#[utoipa::path(post, path = "/api/v1/files", tag = "files",
    params(
        ("Upload-Length" = u64, Header, description = "How many bytes the file has."),
        ("Upload-Metadata" = Option<String>, Header, description = "`filename` and the name in base64."),
    ),
    responses(
        (status = 201, description = "It may be sent. `Location` says where.", body = StoredFile),
        (status = 400, description = "`Upload-Length` is missing or no number."),
        (status = 409, description = "Too many uploads are not finished."),
        (status = 413, description = "It is too large, or all files together would be."),
    ))]
async fn begin(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    headers: HeaderMap,
) -> Answer<Response> {
    let size = number(&headers, &UPLOAD_LENGTH)
        .ok_or_else(|| bad_request("Upload-Length says how many bytes the file has; send it."))?;
    let name = file_name(&headers).unwrap_or_default();
    let row = interface.files.begin(session.account, &name, size);
    let row = row.await.map_err(refused)?;
    let location = format!("{FILES_PATH}/{}", row.id);
    let offset = if row.sha256.is_some() { row.size } else { 0 };
    let shown = view(&row, offset);
    let mut response = (StatusCode::CREATED, Json(shown)).into_response();
    let headers = response.headers_mut();
    if let Ok(location) = HeaderValue::from_str(&location) {
        headers.insert(header::LOCATION, location);
    }
    tell_offset(headers, &interface.files, &row, offset);
    Ok(response)
}

/// How much of a file has come.
#[utoipa::path(head, path = "/api/v1/files/{id}", tag = "files",
    params(("id" = String, Path, description = "The file.")),
    responses(
        (status = 200, description = "`Upload-Offset` says how much, `Upload-Length` of how much."),
        (status = 404, description = "There is none, or it is somebody else's."),
    ))]
async fn state(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    InPath(id): InPath<String>,
) -> Answer<Response> {
    let own = interface.files.own(session.account, &id).await;
    let (row, received) = own.map_err(refused)?;
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    headers.insert(UPLOAD_LENGTH, HeaderValue::from(row.size));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    tell_offset(headers, &interface.files, &row, received);
    Ok(response)
}

/// Sends the bytes of a file from `Upload-Offset` on, all of the rest or a part. What has come stays if the connection
/// breaks. `Upload-Checksum` may be `sha256` and the hash of these bytes in base64.
#[utoipa::path(patch, path = "/api/v1/files/{id}", tag = "files",
    params(
        ("id" = String, Path, description = "The file."),
        ("Upload-Offset" = u64, Header, description = "Where these bytes belong: how much has come."),
        ("Upload-Checksum" = Option<String>, Header, description = "`sha256` and their hash in base64."),
    ),
    request_body(content((Vec<u8> = "application/offset+octet-stream"))),
    responses(
        (status = 204, description = "They have come. `Upload-Offset` says how much has, in all."),
        (status = 400, description = "A header is missing, or the body broke off."),
        (status = 404, description = "There is none, or it is somebody else's."),
        (status = 409, description = "`Upload-Offset` is not how much has come."),
        (status = 413, description = "More came than was announced; nothing of it stays."),
        (status = 415, description = "The content type is another one."),
        (status = 423, description = "Somebody else is sending this file now."),
        (status = 460, description = "The checksum differs; nothing of these bytes stays."),
    ))]
async fn append(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    InPath(id): InPath<String>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Response> {
    let kind = headers.get(header::CONTENT_TYPE);
    if kind.is_none_or(|kind| kind != PART) {
        let detail = format!("Send the bytes with the header Content-Type: {PART}.");
        return Err(Refusal::new(ProblemKind::NotJson, detail).into_response());
    }
    let offset = number(&headers, &UPLOAD_OFFSET)
        .ok_or_else(|| bad_request("Upload-Offset says where the bytes belong; send it."))?;
    let checksum = checksum(&headers).map_err(bad_request)?;
    let stream = body.into_data_stream();
    let appended = interface
        .files
        .append(session.account, &id, offset, checksum, stream);
    let (row, received) = appended.await.map_err(refused)?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    tell_offset(response.headers_mut(), &interface.files, &row, received);
    Ok(response)
}

/// One's own files, newest first.
#[utoipa::path(get, path = "/api/v1/files", tag = "files", params(Page),
    responses((status = 200, description = "A page of them.", body = Paged<StoredFile>)))]
async fn list(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    page: Page,
) -> Result<Json<Paged<StoredFile>>, Response> {
    let before = page.after_id().map_err(IntoResponse::into_response)?;
    let rows = interface
        .files
        .list(session.account, before, page.rows())
        .await;
    let page = Paged::new(rows.map_err(refused)?, page.items(), |row| {
        row.key.to_string()
    });
    let mut items = Vec::with_capacity(page.items.len());
    for row in page.items {
        // One whose bytes cannot be looked at does not hide the others.
        let received = interface.files.received_of(&row).await.unwrap_or_default();
        items.push(view(&row, received));
    }
    let next = page.next;
    Ok(Json(Paged { items, next }))
}

/// The bytes of a file, or a part of them.
#[utoipa::path(get, path = "/api/v1/files/{id}", tag = "files",
    params(
        ("id" = String, Path, description = "The file."),
        ("Range" = Option<String>, Header, description = "Which part, as in RFC 9110 section 14.2."),
    ),
    responses(
        (status = 200, description = "All of it, to be saved under its name.", content((Vec<u8> = "application/octet-stream"))),
        (status = 206, description = "The part that `Range` names.", content((Vec<u8> = "application/octet-stream"))),
        (status = 304, description = "It is still the one that the conditions name."),
        (status = 404, description = "There is none, or it is not for whoever asks."),
        (status = 409, description = "Not all of it has come."),
        (status = 416, description = "It is not as long as `Range` says."),
    ))]
async fn read(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    InPath(id): InPath<String>,
    request: Request,
) -> Answer<Response> {
    let found = interface.files.read(session.account, &id).await;
    let (row, contents) = found.map_err(refused)?;
    // Contents never change under one id: whoever has the hash has the file.
    let tag = row.sha256.as_deref().map(|sha256| format!("\"{sha256}\""));
    let is_known = tag
        .as_deref()
        .is_some_and(|tag| is_known(request.headers(), tag));
    let mut response = match is_known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => match contents {
            Contents::OnDisk(path) => from_disk(&row, path, request).await?,
            Contents::InBucket(contents) => from_bucket(&row, &contents, request.headers()).await?,
        },
    };
    let headers = response.headers_mut();
    let mut set = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, &row.media_type);
    set(header::CACHE_CONTROL, "private, no-cache");
    // Never shown as a page of this server, whatever it is.
    set(header::CONTENT_DISPOSITION, &disposition(&row.name));
    if let Some(tag) = tag {
        set(header::ETAG, &tag);
    }
    Ok(response)
}

async fn from_disk(row: &FileRow, path: PathBuf, request: Request) -> Answer<Response> {
    let served = ServeFile::new(path).try_call(request).await;
    let response = served.map_err(|error| refused(error.into()))?;
    match response.status() {
        StatusCode::NOT_FOUND => {
            let file = &row.id;
            tracing::error!(file, "the contents of a file are not in the data folder");
            Err(refused(FilesError::NotFound))
        }
        StatusCode::RANGE_NOT_SATISFIABLE => Err(no_such_range(row.size)),
        _ => Ok(response.map(Body::new).into_response()),
    }
}

async fn from_bucket(row: &FileRow, contents: &InBucket, asked: &HeaderMap) -> Answer<Response> {
    let asked = asked
        .get(header::RANGE)
        .and_then(|range| range.to_str().ok());
    let range = match asked.map(|asked| range_of(asked, row.size)) {
        Some(Err(_)) => return Err(no_such_range(row.size)),
        Some(Ok(range)) => range,
        None => None,
    };
    let length = range
        .as_ref()
        .map_or(row.size, |part| part.end - part.start);
    let status = match range {
        Some(_) => StatusCode::PARTIAL_CONTENT,
        None => StatusCode::OK,
    };
    let told = range
        .as_ref()
        .map(|part| format!("bytes {}-{}/{}", part.start, part.end - 1, row.size));
    // A store refuses a part of nothing.
    let body = match row.size {
        0 => Body::empty(),
        _ => Body::from_stream(contents.read(range).await.map_err(refused)?),
    };
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    if let Some(told) = told.and_then(|told| HeaderValue::from_str(&told).ok()) {
        headers.insert(header::CONTENT_RANGE, told);
    }
    Ok(response)
}

/// The part that `Range` names. Of several parts none: who asks for them gets everything, as RFC 9110 section 14.2 allows.
fn range_of(asked: &str, size: u64) -> Result<Option<Range<u64>>, RangeUnsatisfiableError> {
    let ranges = parse_range_header(asked)?.validate(size)?;
    Ok(match &ranges[..] {
        [one] => Some(*one.start()..*one.end() + 1),
        _ => None,
    })
}

/// A picture made small, to be shown in a conversation: a JPEG of 320 times 320 pixels at most.
#[utoipa::path(get, path = "/api/v1/files/{id}/thumbnail", tag = "files",
    params(("id" = String, Path, description = "The file.")),
    responses(
        (status = 200, description = "The small picture.", content((Vec<u8> = "image/jpeg"))),
        (status = 304, description = "It is still the one that `If-None-Match` names."),
        (status = 404, description = "There is no such file, it is not for whoever asks, or there is no small picture of it."),
        (status = 409, description = "Not all of the file has come."),
    ))]
async fn thumbnail(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    InPath(id): InPath<String>,
    headers: HeaderMap,
) -> Answer<Response> {
    let found = interface.files.thumbnail(session.account, &id).await;
    let (sha256, jpeg) = found.map_err(refused)?;
    let tag = format!("\"{sha256}-small\"");
    let is_known = is_known(&headers, &tag);
    let headers = [
        (header::ETAG, tag),
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
    ];
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let kind = [(header::CONTENT_TYPE, "image/jpeg")];
    Ok((headers, kind, jpeg).into_response())
}

/// RFC 9110 section 15.5.17.
fn no_such_range(size: u64) -> Response {
    let detail = format!("The file has {size} bytes, and none where Range says.");
    let mut response = Refusal::new(ProblemKind::BadRequest, detail).into_response();
    *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
    if let Ok(range) = HeaderValue::from_str(&format!("bytes */{size}")) {
        response.headers_mut().insert(header::CONTENT_RANGE, range);
    }
    response
}

/// Removes a file, finished or not.
#[utoipa::path(delete, path = "/api/v1/files/{id}", tag = "files",
    params(("id" = String, Path, description = "The file.")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "There is none, or it is somebody else's."),
        (status = 423, description = "It is being sent now."),
    ))]
async fn remove(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    InPath(id): InPath<String>,
) -> Answer<Response> {
    let removed = interface.files.remove(session.account, &id).await;
    removed.map_err(refused)?;
    let tus = [(TUS_RESUMABLE, TUS)];
    Ok((StatusCode::NO_CONTENT, tus).into_response())
}

fn view(row: &FileRow, received: u64) -> StoredFile {
    StoredFile {
        id: row.id.clone(),
        name: row.name.clone(),
        media_type: row.media_type.clone(),
        size: row.size,
        received,
        sha256: row.sha256.clone(),
        created_at: rfc_3339(row.created_at),
    }
}

fn tell_offset(headers: &mut HeaderMap, files: &Files, row: &FileRow, received: u64) {
    headers.insert(TUS_RESUMABLE, HeaderValue::from_static(TUS));
    headers.insert(UPLOAD_OFFSET, HeaderValue::from(received));
    if row.sha256.is_none()
        && let Some(until) = SystemTime::now().checked_add(files.limits().unfinished_for)
        && let Ok(until) = HeaderValue::from_str(&httpdate::fmt_http_date(until))
    {
        headers.insert(UPLOAD_EXPIRES, until);
    }
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// `Upload-Metadata`: pairs of a key and a value in base64, with commas between.
fn file_name(headers: &HeaderMap) -> Option<String> {
    let pairs = headers.get(&UPLOAD_METADATA)?.to_str().ok()?;
    let value = pairs.split(',').find_map(|pair| {
        let (key, value) = pair.trim().split_once(' ')?;
        matches!(key, "filename" | "name").then(|| value.trim())
    })?;
    String::from_utf8(BASE64_STANDARD.decode(value).ok()?).ok()
}

fn checksum(headers: &HeaderMap) -> Result<Option<[u8; 32]>, &'static str> {
    let Some(text) = headers.get(&UPLOAD_CHECKSUM) else {
        return Ok(None);
    };
    let read = || {
        let (algorithm, hash) = text.to_str().ok()?.split_once(' ')?;
        let hash = BASE64_STANDARD.decode(hash.trim()).ok()?;
        { algorithm == "sha256" }.then(|| hash.try_into().ok())?
    };
    read()
        .map(Some)
        .ok_or("Upload-Checksum is sha256 and the hash of the bytes in base64.")
}

/// RFC 6266, with the name as RFC 8187 writes it.
fn disposition(name: &str) -> String {
    use std::fmt::Write as _;
    let mut text = String::from("attachment; filename*=UTF-8''");
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_' => text.push(byte.into()),
            // Writing to a string cannot fail.
            _ => drop(write!(text, "%{byte:02X}")),
        }
    }
    text
}
