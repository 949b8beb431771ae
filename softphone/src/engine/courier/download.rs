//! Fetching a file: from where an earlier try broke off, checked by its SHA-256, under a name that none has.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use api::room::FileRef;
use phone::chat::safe_file_name;

use super::disk::{CHUNK, Growing, place, remove};
use super::{Pauses, Way, local};
use crate::engine::{Notice, Problem};
use crate::web::{FileTrouble, WebError};

/// How often it is told how far it is.
const TELL_EVERY: Duration = Duration::from_millis(250);
/// A server that does not answer so often in a row is not there: whoever waits has to know. What has come stays.
const TRIES: u32 = 30;

/// Why a file was not fetched.
enum Trouble {
    /// The way broke; the next try goes on.
    Passing(FileTrouble),
    /// A person has to do something.
    Final(Problem),
}

impl From<FileTrouble> for Trouble {
    fn from(trouble: FileTrouble) -> Self {
        match trouble {
            FileTrouble::Gone => failed("file-gone", trouble.to_string()),
            FileTrouble::Web(error) if !error.may_pass() => Self::Final(error.into()),
            other => Self::Passing(other),
        }
    }
}

fn failed(code: &'static str, sentence: String) -> Trouble {
    Trouble::Final(Problem { code, sentence })
}

/// The disk does not take it.
fn not_written(folder: &std::path::Path, error: &std::io::Error) -> Trouble {
    Trouble::Final(not_written_problem(folder, error))
}

fn not_written_problem(folder: &std::path::Path, error: &std::io::Error) -> Problem {
    let folder = folder.display();
    Problem {
        code: "file-not-written",
        sentence: format!(
            "The file cannot be written into {folder} ({error}); make room or choose another folder, and try again: what has come stays."
        ),
    }
}

/// All of it is here: it gets its name.
async fn placed(part: PathBuf, folder: &std::path::Path, name: String) -> Result<PathBuf, Problem> {
    let placed = place(part, folder.to_owned(), name).await;
    placed.map_err(|error| not_written_problem(folder, &error))
}

/// Fetches it, and tells how that goes.
pub(super) async fn fetch(way: Way, file: FileRef, folder: PathBuf, local: Option<PathBuf>) {
    let id = file.file.clone();
    let notice = match run(&way, &file, &folder, local).await {
        Ok(path) => Notice::Fetched { file: id, path },
        Err(problem) => Notice::NotFetched { file: id, problem },
    };
    way.tell(notice).await;
}

async fn run(
    way: &Way,
    file: &FileRef,
    folder: &std::path::Path,
    local: Option<PathBuf>,
) -> Result<PathBuf, Problem> {
    let name = safe_file_name(&file.name);
    // Another file of the same name has a part of its own.
    let mark: String = file
        .sha256
        .chars()
        .filter(char::is_ascii_hexdigit)
        .take(8)
        .collect();
    let part = folder.join(format!("{name}.{mark}.part"));
    if let Some(local) = local {
        // What cannot be read here is fetched from the server.
        match local::copy(local, file, part.clone()).await {
            Ok(true) => return placed(part, folder, name).await,
            Ok(false) => {}
            Err(error) => return Err(not_written_problem(folder, &error)),
        }
    }
    if file.is_named_by_contents() {
        let sentence = "The file is not on this computer any more, and not on the server yet; try again later.";
        return Err(Problem {
            code: "file-gone",
            sentence: sentence.into(),
        });
    }
    let (mut pauses, mut tries, mut is_spoilt) = (Pauses::new(), 0, false);
    loop {
        let outcome = {
            // Closed never: nobody closes it.
            let _turn = way.turns.acquire().await;
            attempt(way, file, folder, &part).await
        };
        let (before, trouble) = match outcome {
            Ok(sha256) if sha256 == file.sha256 => return placed(part, folder, name).await,
            // Perhaps what an earlier run has left here was damaged; the server's own bytes are tried once.
            Ok(_) if !is_spoilt => {
                is_spoilt = true;
                remove(part.clone()).await;
                continue;
            }
            Ok(_) => {
                remove(part).await;
                return Err(Problem {
                    code: "file-damaged",
                    sentence: "What came is not the file that was sent (its SHA-256 differs); ask for it to be sent again.".into(),
                });
            }
            Err((_, Trouble::Final(problem))) => return Err(problem),
            Err((moved, Trouble::Passing(trouble))) => (moved, trouble),
        };
        tracing::debug!(%trouble, "fetching a file was interrupted");
        (pauses, tries) = match before {
            true => (Pauses::new(), 0),
            false => (pauses, tries + 1),
        };
        if tries >= TRIES {
            return Err(match trouble {
                FileTrouble::Web(error) => error.into(),
                other => Problem {
                    code: "server-unreachable",
                    sentence: other.to_string(),
                },
            });
        }
        way.rest(&mut pauses).await;
    }
}

/// One try; the SHA-256 when all has come, else whether something has.
async fn attempt(
    way: &Way,
    file: &FileRef,
    folder: &std::path::Path,
    part: &std::path::Path,
) -> Result<String, (bool, Trouble)> {
    let disk = |error: std::io::Error| not_written(folder, &error);
    let opened = Growing::open(part.to_owned(), file.bytes).await;
    let mut growing = opened.map_err(|error| (false, disk(error)))?;
    let before = growing.length;
    if growing.length < file.bytes {
        let asked = way.session.part(&file.file, growing.length).await;
        let mut from_server = asked.map_err(|trouble| (false, trouble.into()))?;
        if from_server.offset != growing.length {
            growing = growing
                .empty()
                .await
                .map_err(|error| (false, disk(error)))?;
        }
        if from_server.offset != growing.length {
            return Err((false, Trouble::Passing(FileTrouble::Again)));
        }
        let mut told = Instant::now();
        let mut waiting = Vec::new();
        loop {
            let piece = from_server.next().await;
            if let Ok(Some(bytes)) = &piece {
                waiting.extend_from_slice(bytes);
                if growing.length + waiting.len() as u64 > file.bytes {
                    let sentence = "The server has a longer file than the message says; ask for it to be sent again.";
                    return Err((false, failed("file-damaged", sentence.into())));
                }
            }
            let is_over = !matches!(piece, Ok(Some(_)));
            // What came before a break stays, too.
            if (is_over && !waiting.is_empty()) || waiting.len() >= CHUNK {
                let added = growing.add(std::mem::take(&mut waiting)).await;
                growing = added.map_err(|error| (false, disk(error)))?;
            }
            if is_over || told.elapsed() >= TELL_EVERY {
                told = Instant::now();
                way.mention(Notice::Fetching {
                    file: file.file.clone(),
                    fetched: growing.length + waiting.len() as u64,
                    bytes: file.bytes,
                });
            }
            let has_moved = growing.length > before;
            match piece {
                Ok(Some(_)) => {}
                Ok(None) if growing.length == file.bytes => break,
                Ok(None) => return Err((has_moved, Trouble::Passing(FileTrouble::Again))),
                Err(trouble) => return Err((has_moved, trouble.into())),
            }
        }
    }
    growing.finish().await.map_err(|error| (false, disk(error)))
}

impl From<FileTrouble> for Problem {
    fn from(trouble: FileTrouble) -> Self {
        match trouble {
            FileTrouble::Web(error) => WebError::into(error),
            other => Self {
                code: "file-gone",
                sentence: other.to_string(),
            },
        }
    }
}
