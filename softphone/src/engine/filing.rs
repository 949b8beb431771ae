//! The file of conversations on a thread of its own, so that a slow disk holds up nobody's call.

use std::path::PathBuf;

use api::AccountId;
use api::room::{Message, RoomId};
use phone::chat::Keep;
use tokio::sync::oneshot;

use super::problem::sentence;
use crate::keep::key_ring;
use crate::keep::letters::{Kept, Letters, LettersError};

/// Messages that a search shows.
const FOUND: usize = 100;

type Work = Box<dyn FnOnce(&mut Letters) + Send>;

/// The way to the file; there may be none.
pub(super) struct Filing {
    work: Option<std::sync::mpsc::Sender<Work>>,
}

impl Filing {
    /// Opens the file; gives what is in it, and what is wrong with it, in one sentence.
    pub(super) async fn open(
        path: Option<PathBuf>,
        account: AccountId,
        uses_key_ring: bool,
    ) -> (Self, Kept, Option<String>) {
        let Some(path) = path else {
            return (Self { work: None }, Kept::default(), None);
        };
        let (work, orders) = std::sync::mpsc::channel::<Work>();
        let (answer, opened) = oneshot::channel();
        let thread = std::thread::Builder::new().name("filing".into());
        let started = thread.spawn(move || {
            let opened = (|| {
                // The key ring may ask a person to open it, which takes as long as it takes.
                let is_new = !path.exists();
                let key = match uses_key_ring {
                    true => key_ring::key(account, is_new),
                    false => None,
                };
                let mut letters = Letters::open(&path, key.as_ref())?;
                let kept = letters.load()?;
                Ok::<_, LettersError>((letters, kept))
            })();
            match opened {
                Ok((mut letters, kept)) => {
                    let _ = answer.send(Ok(kept));
                    while let Ok(work) = orders.recv() {
                        work(&mut letters);
                    }
                }
                Err(error) => {
                    let _ = answer.send(Err(sentence(&error)));
                }
            }
        });
        let opened = match started {
            Ok(_) => opened.await.ok(),
            Err(_) => None,
        };
        match opened {
            Some(Ok(kept)) => (Self { work: Some(work) }, kept, None),
            Some(Err(sentence)) => (Self { work: None }, Kept::default(), Some(sentence)),
            None => (Self { work: None }, Kept::default(), None),
        }
    }

    /// Waits until it is written.
    pub(super) async fn keep(&self, changes: Vec<Keep>) {
        if changes.is_empty() {
            return;
        }
        let outcome = self.run(move |letters| letters.keep(&changes)).await;
        if let Some(Err(error)) = outcome {
            tracing::error!(%error, "messages are not kept on this computer");
        }
    }

    pub(super) async fn before(&self, room: RoomId, before: i64, most: usize) -> Vec<Message> {
        let outcome = self.run(move |letters| letters.before(&room, before, most));
        said(outcome.await)
    }

    pub(super) async fn search(&self, words: String, room: Option<RoomId>) -> Vec<Message> {
        let outcome = self.run(move |letters| letters.search(&words, room.as_ref(), FOUND));
        said(outcome.await)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Letters) -> T + Send + 'static,
    ) -> Option<T> {
        let (answer, outcome) = oneshot::channel();
        let order: Work = Box::new(move |letters| {
            let _ = answer.send(work(letters));
        });
        self.work.as_ref()?.send(order).ok()?;
        outcome.await.ok()
    }
}

fn said(outcome: Option<Result<Vec<Message>, LettersError>>) -> Vec<Message> {
    match outcome {
        Some(Ok(messages)) => messages,
        Some(Err(error)) => {
            tracing::error!(%error, "messages that are kept on this computer cannot be read");
            Vec::new()
        }
        None => Vec::new(),
    }
}
