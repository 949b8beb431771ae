//! Bringing a file to the server: measured, announced, sent in chunks that are each checked, and gone on with from where
//! it broke off.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use api::room::MessageId;
use phone::chat::{Outgoing, UploadNews};

use super::disk::read;
use super::source::Source;
use super::{Pauses, Way};
use crate::engine::Notice;
use crate::web::{FileTrouble, SILENT_FOR, WebError};

/// A server that fails so often at the same place needs its administrator, and the person has to know.
const FAILURES: u32 = 6;
/// While a server looks at what it has, it is told so often that this is going on.
const STILL_EVERY: Duration = Duration::from_secs(5);
/// So many bytes a second a server reads at least when it looks at the whole file in the end.
const LOOKED_AT: u64 = 4_000_000;
/// How often it is told how far it is.
const TELL_EVERY: Duration = Duration::from_millis(250);

/// The file of a message on its way to the server.
pub(super) struct Upload {
    id: MessageId,
    source: Source,
    name: String,
    bytes: u64,
    /// Empty until it was measured.
    sha256: String,
    /// Its id at the server, once it has begun.
    upload: Option<String>,
    /// The farthest that it has come.
    farthest: u64,
    /// What was told last.
    told: u64,
    told_at: Instant,
}

/// Why a try has ended.
enum Trouble {
    /// The next one may fare better.
    Passing(FileTrouble),
    /// A person has to do something.
    Final(String),
    /// The sign-in is over; it goes on with the next one.
    SignedOut,
}

impl From<FileTrouble> for Trouble {
    fn from(trouble: FileTrouble) -> Self {
        match trouble {
            FileTrouble::Web(WebError::SessionEnded) => Self::SignedOut,
            FileTrouble::Web(error) if !error.may_pass() => Self::Final(error.to_string()),
            other => Self::Passing(other),
        }
    }
}

impl Upload {
    pub(super) fn of(outgoing: &Outgoing) -> Option<Self> {
        let (attachment, file) = (outgoing.attachment.as_ref()?, outgoing.body.file()?);
        Some(Self {
            id: outgoing.id.clone(),
            source: Source::of(attachment, file.bytes),
            name: file.name.clone(),
            bytes: file.bytes,
            sha256: file.sha256.clone(),
            upload: attachment.upload.clone(),
            farthest: 0,
            told: 0,
            told_at: Instant::now(),
        })
    }

    /// Tells how much is at the server, if that is something else than before.
    fn mention(&mut self, way: &Way, sent: u64) {
        let is_looked_at = sent == self.bytes && self.told_at.elapsed() >= STILL_EVERY;
        if self.told != sent || is_looked_at {
            (self.told, self.told_at) = (sent, Instant::now());
            way.mention(Notice::Sending {
                id: self.id.clone(),
                sent,
                bytes: self.bytes,
                way: phone::chat::Way::Server,
            });
        }
    }
}

/// Brings it there, and tells how that goes.
pub(super) async fn bring(way: Way, mut upload: Upload) {
    let id = upload.id.clone();
    let (mut pauses, mut failures) = (Pauses::new(), 0);
    loop {
        let before = upload.farthest;
        let outcome = {
            // Closed never: nobody closes it.
            let _turn = way.turns.acquire().await;
            attempt(&way, &mut upload).await
        };
        if upload.farthest > before {
            (pauses, failures) = (Pauses::new(), 0);
        }
        let trouble = match outcome {
            Ok(()) => return way.upload_is(&id, UploadNews::Done).await,
            Err(Trouble::SignedOut) => return,
            Err(Trouble::Final(sentence)) => {
                return way.upload_is(&id, UploadNews::Failed { sentence }).await;
            }
            Err(Trouble::Passing(trouble)) => trouble,
        };
        tracing::debug!(%trouble, bytes = upload.farthest, "an upload was interrupted");
        if matches!(&trouble, FileTrouble::Web(error) if error.code() == "server-failed") {
            failures += 1;
            if failures >= FAILURES {
                let sentence = trouble.to_string();
                return way.upload_is(&id, UploadNews::Failed { sentence }).await;
            }
        }
        way.rest(&mut pauses).await;
    }
}

async fn attempt(way: &Way, upload: &mut Upload) -> Result<(), Trouble> {
    if upload.sha256.is_empty() {
        let sha256 = upload.source.measure().await.map_err(Trouble::Final)?;
        upload.sha256.clone_from(&sha256);
        way.upload_is(&upload.id, UploadNews::Measured { sha256 })
            .await;
    }
    let id = match &upload.upload {
        Some(id) => id.clone(),
        None => {
            // A file that is not there any more is not announced.
            upload.source.open(0).await.map_err(Trouble::Final)?;
            let begun = way.session.begin_upload(&upload.name, upload.bytes).await?;
            upload.upload = Some(begun.clone());
            let news = UploadNews::Begun {
                upload: begun.clone(),
            };
            way.upload_is(&upload.id, news).await;
            begun
        }
    };
    // Behind the last byte the server reads the whole file once more.
    let patience = SILENT_FOR + Duration::from_secs(upload.bytes / LOOKED_AT);
    let asking = way.session.upload_state(&id, patience);
    let (farthest, none) = (upload.farthest, AtomicU64::new(0));
    let mut state = match telling(way, upload, farthest, &none, asking).await {
        Err(FileTrouble::Gone) => {
            // It has lain there for too long: once more from the beginning.
            (upload.upload, upload.farthest) = (None, 0);
            way.upload_is(&upload.id, UploadNews::Lost).await;
            return Err(Trouble::Passing(FileTrouble::Again));
        }
        other => other?,
    };
    if state.offset < upload.bytes {
        let opened = upload.source.open(state.offset).await;
        let mut file = opened.map_err(Trouble::Final)?;
        while state.offset < upload.bytes {
            let bytes;
            (file, bytes) = read(file)
                .await
                .map_err(|error| Trouble::Final(upload.source.unreadable(&error)))?;
            if bytes.is_empty() || state.offset + bytes.len() as u64 > upload.bytes {
                return Err(Trouble::Final(upload.source.changed()));
            }
            let taken = Arc::new(AtomicU64::new(0));
            let appending = way
                .session
                .append(&id, state.offset, &bytes, &taken, patience);
            let now = telling(way, upload, state.offset, &taken, appending).await?;
            if now.offset != state.offset + bytes.len() as u64 {
                return Err(Trouble::Passing(FileTrouble::Again));
            }
            state = now;
            upload.farthest = upload.farthest.max(state.offset);
        }
    }
    upload.mention(way, state.offset);
    match state.is_finished {
        true => Ok(()),
        // All of it is there, and the server is still looking at it.
        false => Err(Trouble::Passing(FileTrouble::Again)),
    }
}

/// Waits for it, and tells how far it is meanwhile.
async fn telling<T>(
    way: &Way,
    upload: &mut Upload,
    offset: u64,
    taken: &AtomicU64,
    work: impl Future<Output = T>,
) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        let outcome = tokio::time::timeout(TELL_EVERY, &mut work).await;
        let sent = (offset + taken.load(Ordering::Relaxed)).min(upload.bytes);
        upload.mention(way, sent);
        if let Ok(outcome) = outcome {
            return outcome;
        }
    }
}

/// Takes the SHA-256 of the file of a message, and tells it.
pub(super) async fn measure(way: Way, upload: Upload) {
    let news = match upload.source.measure().await {
        Ok(sha256) => UploadNews::Measured { sha256 },
        Err(sentence) => UploadNews::Failed { sentence },
    };
    way.upload_is(&upload.id, news).await;
}
