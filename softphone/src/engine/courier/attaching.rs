//! Looking at a file that somebody wants to send.

use std::path::Path;
use std::time::SystemTime;

use api::room::{Body, FileRef};
use phone::chat::{Attachment, Wish, media_type_of, safe_file_name};
use tokio::task::spawn_blocking;

use crate::engine::{OutgoingFile, Problem};
use crate::timestamp::now;

/// The wish to send a file: what it is called, how long it is and where it stands.
pub(crate) async fn attached(file: OutgoingFile) -> Result<Wish, Problem> {
    let looked_at = spawn_blocking(move || {
        let outcome = look(&file.path);
        (file, outcome)
    });
    let (file, outcome) = looked_at
        .await
        .map_err(|_| trouble("It could not be read; try again."))?;
    let (path, bytes, modified_millis) = outcome?;
    let name = safe_file_name(&file.path.file_name().unwrap_or_default().to_string_lossy());
    Ok(Wish::SendFile {
        whom: file.whom,
        id: file.id,
        body: Body::File {
            file: FileRef {
                file: String::new(),
                sha256: String::new(),
                media_type: media_type_of(&name).to_owned(),
                name,
                bytes,
            },
            caption: file.caption,
            reply_to: None,
        },
        written: now(),
        attachment: Attachment {
            path,
            modified_millis,
            is_ours: false,
            upload: None,
        },
    })
}

/// Where it is from the root, how long it is, and when it was changed.
fn look(path: &Path) -> Result<(String, u64, i64), Problem> {
    let shown = path.display();
    let unreadable = |error: std::io::Error| {
        trouble(&format!(
            "{shown} cannot be read ({error}); check its name and whether you may read it."
        ))
    };
    let from_root = std::fs::canonicalize(path).map_err(unreadable)?;
    // Whoever may not read it learns so now, and not in an hour.
    let file = std::fs::File::open(&from_root).map_err(unreadable)?;
    let facts = file.metadata().map_err(unreadable)?;
    if !facts.is_file() {
        return Err(trouble(&format!(
            "{shown} is a folder or a device; pack a folder into one file and send that."
        )));
    }
    let Some(from_root) = from_root.to_str() else {
        return Err(trouble(&format!(
            "The name of {shown} is not Unicode; rename it and try again."
        )));
    };
    Ok((from_root.to_owned(), facts.len(), modified_millis(&facts)))
}

/// When a file was changed last, in milliseconds since 1970; 0 where the system does not say.
pub(crate) fn modified_millis(facts: &std::fs::Metadata) -> i64 {
    let modified = facts.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    let since = modified
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn trouble(sentence: &str) -> Problem {
    Problem {
        code: "file-unreadable",
        sentence: sentence.to_owned(),
    }
}
