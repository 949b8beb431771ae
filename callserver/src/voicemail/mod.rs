//! What stands between a call and a message that is kept: recordings on their way into the database, and sounds on their
//! way out of it.
//!
//! The exchange's thread neither waits for the database nor for a disk; what it wants is an [`Order`], and what becomes of
//! it comes [`Back`]. A recording is a file of its own in the data folder, beside a note that says whose it is, until it is in
//! the database: what a crash leaves there is taken up by the next start.

mod draft;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use api::AccountId;
use switch::{CallId, Prompt, Sound};
use tokio::sync::{mpsc, oneshot};

pub(crate) use self::draft::{Draft, Drafts, Note};
use crate::office::{Office, OfficeError};
use crate::rooms::Rooms;
use crate::store::{NewVoicemail, VoicemailBy};
use crate::studio::{Recorded, Source};

/// What is shorter than this says nothing.
const SHORTEST: Duration = Duration::from_secs(1);
/// What is left behind the last word, so that it is not cut short.
const AFTER_LAST_WORD: Duration = Duration::from_millis(500);

/// What the exchange wants.
#[derive(Debug)]
pub(crate) enum Order {
    /// A recording is being made: once it has ended it is to be kept.
    Keep {
        call: CallId,
        draft: Box<Draft>,
        ended: oneshot::Receiver<io::Result<Recorded>>,
    },
    /// This is to be played.
    Fetch {
        call: CallId,
        play: u32,
        sound: Sound,
    },
    Heard {
        account: AccountId,
        message: i64,
    },
    Remove {
        account: AccountId,
        message: i64,
    },
    RemoveGreeting {
        account: AccountId,
    },
}

/// What became of it.
#[derive(Debug)]
pub(crate) enum Back {
    /// A recording is kept, or dropped.
    Kept { call: CallId, is_kept: bool },
    /// What is to be played.
    Fetched {
        call: CallId,
        play: u32,
        source: Source,
    },
}

/// The other end of the exchange's orders.
#[derive(Debug)]
pub struct Mail {
    // As many as there are calls with the server itself.
    orders: mpsc::UnboundedReceiver<Order>,
    back: mpsc::UnboundedSender<Back>,
}

/// What the exchange has of it.
#[derive(Debug)]
pub(crate) struct MailDesk {
    pub(crate) orders: mpsc::UnboundedSender<Order>,
    /// For what can be answered without the database.
    pub(crate) back: mpsc::UnboundedSender<Back>,
    pub(crate) drafts: Drafts,
}

impl Mail {
    /// For the exchange of the server that owns this data folder.
    pub(crate) fn new(data: &Path) -> (Self, MailDesk, mpsc::UnboundedReceiver<Back>) {
        let (send_order, orders) = mpsc::unbounded_channel();
        let (back, heard) = mpsc::unbounded_channel();
        let desk = MailDesk {
            orders: send_order,
            back: back.clone(),
            drafts: Drafts::new(data),
        };
        (Mail { orders, back }, desk, heard)
    }

    /// Does what the exchange wants, until it is gone.
    pub(crate) async fn serve(mut self, rooms: Rooms, data: PathBuf) {
        take_up(&rooms, data).await;
        while let Some(order) = self.orders.recv().await {
            // Each waits for something else.
            tokio::spawn(follow(rooms.clone(), self.back.clone(), order));
        }
    }
}

async fn follow(rooms: Rooms, back: mpsc::UnboundedSender<Back>, order: Order) {
    let office = rooms.office();
    let done = match order {
        Order::Keep { call, draft, ended } => {
            let is_kept = keep(&rooms, *draft, ended).await;
            // The exchange may have stopped.
            let _ = back.send(Back::Kept { call, is_kept });
            Ok(())
        }
        Order::Fetch { call, play, sound } => {
            let source = fetch(office, sound).await;
            let _ = back.send(Back::Fetched { call, play, source });
            Ok(())
        }
        Order::Heard { account, message } => office
            .mark_voicemail(account, message, true)
            .await
            .map(drop),
        Order::Remove { account, message } => office.remove_voicemail(account, message).await,
        Order::RemoveGreeting { account } => {
            match office.remove_voicemail_greeting(account).await {
                Err(OfficeError::NoGreeting) => Ok(()),
                done => done,
            }
        }
    };
    if let Err(error) = done {
        tracing::warn!(%error, "what somebody has dialled in the voicemail could not be done");
    }
}

async fn fetch(office: &Office, sound: Sound) -> Source {
    let store = office.store();
    let (file, otherwise) = match sound {
        Sound::Prompt(prompt) => return Source::Prompt(prompt),
        Sound::Greeting { of } => {
            let greeting = store.voicemail_greeting(AccountId(of.0)).await;
            (greeting, Prompt::Greeting)
        }
        // It was deleted meanwhile.
        Sound::Message { id } => (store.voicemail_sound(id.0).await, Prompt::NoMessages),
    };
    match file {
        Ok(Some(file)) => Source::File(file.into()),
        Ok(None) => Source::Prompt(otherwise),
        Err(error) => {
            tracing::error!(%error, "a recording could not be read");
            Source::Prompt(otherwise)
        }
    }
}

/// Waits for the end of a recording. Tells whether it is kept then.
async fn keep(rooms: &Rooms, draft: Draft, ended: oneshot::Receiver<io::Result<Recorded>>) -> bool {
    let length = match ended.await {
        Ok(Ok(recorded)) => recorded.last_sound,
        Ok(Err(error)) => {
            tracing::error!(%error, "a recording could not be written; what there is of it is kept");
            Duration::MAX
        }
        // The studio is gone.
        Err(_) => Duration::MAX,
    };
    take_in(rooms, draft, length).await
}

/// Brings a recording into the database that says something until there. Only then the file is removed: what fails here is
/// tried again at the next start.
async fn take_in(rooms: &Rooms, draft: Draft, last_word: Duration) -> bool {
    let read = tokio::task::spawn_blocking(move || {
        let file = draft.read();
        (draft, file)
    });
    let Ok((draft, file)) = read.await else {
        return false;
    };
    let mended = file.and_then(|file| {
        let longest = last_word.saturating_add(AFTER_LAST_WORD);
        media::mend(file.into(), longest).map_err(io::Error::other)
    });
    let kept = match mended {
        Ok((_, length)) if length.min(last_word) < SHORTEST => Ok(false),
        Ok((content, length)) => store(rooms, &draft, content, length).await.map(|()| true),
        Err(error) => {
            tracing::debug!(%error, "there is nothing of a recording that could be heard");
            Ok(false)
        }
    };
    match kept {
        Ok(is_kept) => {
            let removed = tokio::task::spawn_blocking(move || draft.remove());
            // A file that stays is taken up again, and known.
            let _ = removed.await;
            is_kept
        }
        Err(OfficeError::AccountGone { .. }) => {
            let _ = tokio::task::spawn_blocking(move || draft.remove()).await;
            false
        }
        Err(error) => {
            tracing::error!(%error, "a message could not be kept; the next start tries again");
            false
        }
    }
}

async fn store(
    rooms: &Rooms,
    draft: &Draft,
    content: Vec<u8>,
    length: Duration,
) -> Result<(), OfficeError> {
    let (office, note) = (rooms.office(), draft.note());
    let account = AccountId(note.of);
    if note.is_greeting {
        return office.set_voicemail_greeting(account, content).await;
    }
    let new = NewVoicemail {
        account,
        caller: VoicemailBy {
            account: note.caller.map(AccountId),
            number: note.number.clone(),
            name: note.name.clone(),
        },
        left_at: note.at_millis,
        millis: i64::try_from(length.as_millis()).unwrap_or(i64::MAX),
        recording: draft.name().to_owned(),
    };
    let id = office.keep_voicemail(&new, &content).await?;
    // The file is there until both is done: what a crash leaves out the next start does, and does it once.
    rooms.tell_of_voicemail(&new, id).await?;
    tracing::info!(
        account = note.of,
        seconds = length.as_secs(),
        "a message was left"
    );
    Ok(())
}

/// What the process before has left.
async fn take_up(rooms: &Rooms, folder: PathBuf) {
    let found = tokio::task::spawn_blocking(move || Drafts::left_in(&folder)).await;
    let left = match found {
        Ok(Ok(left)) => left,
        Ok(Err(error)) => {
            tracing::error!(%error, "recordings from before cannot be read");
            return;
        }
        Err(_) => return,
    };
    for draft in left {
        if take_in(rooms, draft, Duration::MAX).await {
            tracing::info!("a recording that had broken off is kept");
        }
    }
}

#[cfg(test)]
mod tests;
