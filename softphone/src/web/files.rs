//! Files on their way: uploads as tus 1.0 describes them, and downloads from any byte on. Each question is asked once;
//! whoever asks goes on after a break.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use api::{FILES_PATH, StoredFile};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use futures_util::stream;
use reqwest::header::{self, HeaderMap, HeaderName};
use reqwest::{Body, Method, RequestBuilder, Response, StatusCode};
use ring::digest::{SHA256, digest};

use super::error::refusal;
use super::{Connection, Session, WebError, encoded};

/// A server that takes or gives nothing for so long is gone, whatever TCP thinks.
pub(crate) const SILENT_FOR: Duration = Duration::from_secs(20);
/// How finely it is told how much has gone out.
const PIECE: usize = 64 * 1024;

const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const TUS: &str = "1.0.0";
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const UPLOAD_CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");
const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");

/// Why a file does not move.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileTrouble {
    /// The server does not have it.
    #[error("The file is not on the server any more; ask whoever sent it to send it again.")]
    Gone,
    /// The two sides do not agree on how much has come: ask, and go on from there.
    #[error("The server has another part of the file than expected.")]
    Again,
    /// Anything else.
    #[error(transparent)]
    Web(#[from] WebError),
}

/// How much of an upload has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    /// So many bytes.
    pub(crate) offset: u64,
    /// Whether the server has checked it and put it among its files.
    pub(crate) is_finished: bool,
}

/// The bytes of a file from some place on, as they come.
pub(crate) struct Part {
    response: Response,
    connection: Connection,
    /// The place of the next byte.
    pub(crate) offset: u64,
}

impl Session {
    /// Announces a file; gives the id of its upload.
    pub(crate) async fn begin_upload(&self, name: &str, bytes: u64) -> Result<String, FileTrouble> {
        let metadata = format!("filename {}", BASE64_STANDARD.encode(name));
        let response = self
            .exchange(None, SILENT_FOR, |connection, token| {
                Ok(connection
                    .begin(Method::POST, FILES_PATH, token)?
                    .header(TUS_RESUMABLE, TUS)
                    .header(UPLOAD_LENGTH, bytes)
                    .header(UPLOAD_METADATA, &metadata))
            })
            .await?;
        let connection = self.connection();
        let body = connection.read(response).await?;
        let stored: StoredFile = serde_json::from_slice(&body)
            .map_err(|_| WebError::NotCarillon(connection.address().origin()))?;
        Ok(stored.id)
    }

    /// How much of an upload has come. A server that has all of it looks at it first, which may take as long as `patience`.
    pub(crate) async fn upload_state(
        &self,
        id: &str,
        patience: Duration,
    ) -> Result<Sent, FileTrouble> {
        let path = path_of(id);
        let response = self
            .exchange(None, patience, |connection, token| {
                let request = connection.begin(Method::HEAD, &path, token)?;
                Ok(request.header(TUS_RESUMABLE, TUS))
            })
            .await?;
        sent(response.headers())
    }

    /// Sends the next bytes of an upload. `taken` grows by those that have left this program; behind
    /// the last one the server may be silent for as long as `patience`.
    pub(crate) async fn append(
        &self,
        id: &str,
        offset: u64,
        bytes: &Bytes,
        taken: &Arc<AtomicU64>,
        patience: Duration,
    ) -> Result<Sent, FileTrouble> {
        let path = path_of(id);
        let checksum = BASE64_STANDARD.encode(digest(&SHA256, bytes));
        let response = self
            .exchange(Some(taken), patience, |connection, token| {
                Ok(connection
                    .begin(Method::PATCH, &path, token)?
                    .header(TUS_RESUMABLE, TUS)
                    .header(header::CONTENT_TYPE, "application/offset+octet-stream")
                    .header(UPLOAD_OFFSET, offset)
                    .header(UPLOAD_CHECKSUM, format!("sha256 {checksum}"))
                    .body(in_pieces(bytes.clone(), taken.clone())))
            })
            .await?;
        sent(response.headers())
    }

    /// Takes a file away at the server, finished or not.
    pub(crate) async fn remove_file(&self, id: &str) -> Result<(), FileTrouble> {
        let path = path_of(id);
        self.exchange(None, SILENT_FOR, |connection, token| {
            let request = connection.begin(Method::DELETE, &path, token)?;
            Ok(request.header(TUS_RESUMABLE, TUS))
        })
        .await
        .map(drop)
    }

    /// A picture made small, as JPEG.
    pub(crate) async fn thumbnail(&self, id: &str) -> Result<Bytes, FileTrouble> {
        let path = format!("{}/thumbnail", path_of(id));
        let response = self
            .exchange(None, SILENT_FOR, |connection, token| {
                connection.begin(Method::GET, &path, token)
            })
            .await?;
        Ok(self.connection().read(response).await?)
    }

    /// A file's bytes from `offset` on; from its beginning when the server says so.
    pub(crate) async fn part(&self, id: &str, offset: u64) -> Result<Part, FileTrouble> {
        let path = path_of(id);
        let response = self
            .exchange(None, SILENT_FOR, |connection, token| {
                let mut request = connection.begin(Method::GET, &path, token)?;
                if offset > 0 {
                    request = request.header(header::RANGE, format!("bytes={offset}-"));
                }
                Ok(request)
            })
            .await?;
        let offset = match response.status() {
            StatusCode::PARTIAL_CONTENT => {
                first_of(response.headers()).ok_or(FileTrouble::Again)?
            }
            _ => 0,
        };
        Ok(Part {
            response,
            connection: self.connection().clone(),
            offset,
        })
    }

    /// Sends a request under this sign-in and waits for the head of a good answer, as long as something moves.
    async fn exchange(
        &self,
        taken: Option<&Arc<AtomicU64>>,
        patience: Duration,
        request: impl Fn(&Connection, &str) -> Result<RequestBuilder, WebError>,
    ) -> Result<Response, FileTrouble> {
        let connection = self.connection();
        let mut spoilt: Option<String> = None;
        loop {
            let token = self.access_token(spoilt.as_deref()).await?;
            let sending = request(connection, &token)?.send();
            let response = while_it_moves(connection, taken, patience, sending).await?;
            let status = response.status();
            if status.is_success() {
                return Ok(response);
            }
            match status.as_u16() {
                404 => return Err(FileTrouble::Gone),
                // Another request for it is not over yet; the bytes were damaged; the offset is another one.
                409 if taken.is_some() => return Err(FileTrouble::Again),
                416 | 423 | 460 => return Err(FileTrouble::Again),
                400 if taken.is_some() => return Err(FileTrouble::Again),
                _ => {}
            }
            let body = connection.read(response).await?;
            match refusal(status, &body, &connection.address().origin()) {
                WebError::SessionEnded if spoilt.is_none() => spoilt = Some(token),
                error => return Err(error.into()),
            }
        }
    }
}

impl Part {
    /// The next bytes; nothing at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, FileTrouble> {
        let piece = tokio::time::timeout(SILENT_FOR, self.response.chunk()).await;
        let piece = piece
            .map_err(|_| WebError::Silent(self.connection.address().origin()))?
            .map_err(|error| self.connection.lost(&error))?;
        if let Some(piece) = &piece {
            self.offset += piece.len() as u64;
        }
        Ok(piece)
    }
}

/// Waits for an answer as long as bytes go out, and a while after the last of them.
async fn while_it_moves(
    connection: &Connection,
    taken: Option<&Arc<AtomicU64>>,
    patience: Duration,
    sending: impl Future<Output = Result<Response, reqwest::Error>>,
) -> Result<Response, WebError> {
    let moved = || taken.map_or(0, |taken| taken.load(Ordering::Relaxed));
    let mut sending = std::pin::pin!(sending);
    let mut before = moved();
    loop {
        match tokio::time::timeout(patience, &mut sending).await {
            Ok(response) => return response.map_err(|error| connection.lost(&error)),
            Err(_) if moved() > before => before = moved(),
            Err(_) => return Err(WebError::Silent(connection.address().origin())),
        }
    }
}

fn path_of(id: &str) -> String {
    format!("{FILES_PATH}/{}", encoded(id))
}

fn in_pieces(mut bytes: Bytes, taken: Arc<AtomicU64>) -> Body {
    let pieces = std::iter::from_fn(move || {
        let piece = bytes.split_to(bytes.len().min(PIECE));
        taken.fetch_add(piece.len() as u64, Ordering::Relaxed);
        (!piece.is_empty()).then_some(Ok::<_, Infallible>(piece))
    });
    Body::wrap_stream(stream::iter(pieces))
}

fn sent(headers: &HeaderMap) -> Result<Sent, FileTrouble> {
    let offset = headers
        .get(&UPLOAD_OFFSET)
        .and_then(|value| value.to_str().ok());
    let offset = offset.and_then(|value| value.parse().ok());
    Ok(Sent {
        offset: offset.ok_or(FileTrouble::Again)?,
        // What is finished does not expire as an upload.
        is_finished: !headers.contains_key(&UPLOAD_EXPIRES),
    })
}

/// The place of the first byte that comes (RFC 9110 section 14.4).
fn first_of(headers: &HeaderMap) -> Option<u64> {
    let range = headers.get(header::CONTENT_RANGE)?.to_str().ok()?;
    let (first, _) = range.strip_prefix("bytes ")?.split_once('-')?;
    first.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_say_how_much_has_come_and_where_a_part_begins() {
        let mut headers = HeaderMap::new();
        assert!(matches!(sent(&headers), Err(FileTrouble::Again)));
        headers.insert(UPLOAD_OFFSET, 7.into());
        let (offset, is_finished) = (7, true);
        assert_eq!(
            sent(&headers).unwrap(),
            Sent {
                offset,
                is_finished
            }
        );
        headers.insert(UPLOAD_EXPIRES, 1.into());
        assert!(!sent(&headers).unwrap().is_finished);
        assert_eq!(first_of(&headers), None);
        headers.insert(header::CONTENT_RANGE, "bytes 5-9/10".parse().unwrap());
        assert_eq!(first_of(&headers), Some(5));
    }
}
