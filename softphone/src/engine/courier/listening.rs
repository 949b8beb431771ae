//! Fetching a recording for whoever listens to it while it comes.

use std::sync::Arc;
use std::time::Duration;

use api::room::FileRef;

use crate::engine::arriving::{Arriving, MOST};
use crate::web::{FileTrouble, Session};

/// A listener does not wait for longer than this, at a pause of a second.
const TRIES: u32 = 5;

/// Fetches it into `arriving`, over breaks.
pub(super) async fn listen(session: Arc<Session>, file: FileRef, arriving: Arriving) {
    if file.bytes > MOST {
        let sentence =
            "This recording is too long to be played while it comes; save it and play the file.";
        return arriving.end(Some(sentence.into()));
    }
    for tries in 1.. {
        match attempt(&session, &file, &arriving).await {
            Ok(()) => return arriving.end(None),
            Err(trouble) if tries >= TRIES || !may_pass(&trouble) => {
                return arriving.end(Some(trouble.to_string()));
            }
            Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
        }
    }
}

fn may_pass(trouble: &FileTrouble) -> bool {
    match trouble {
        FileTrouble::Gone => false,
        FileTrouble::Again => true,
        FileTrouble::Web(error) => error.may_pass(),
    }
}

async fn attempt(
    session: &Session,
    file: &FileRef,
    arriving: &Arriving,
) -> Result<(), FileTrouble> {
    if arriving.length() >= file.bytes {
        return Ok(());
    }
    let mut part = session.part(&file.file, arriving.length()).await?;
    if part.offset != arriving.length() {
        return Err(FileTrouble::Again);
    }
    while let Some(bytes) = part.next().await? {
        let is_too_long = part.offset > file.bytes;
        if is_too_long || !arriving.add(&bytes) {
            return Ok(());
        }
    }
    match arriving.length() >= file.bytes {
        true => Ok(()),
        false => Err(FileTrouble::Again),
    }
}
