//! The courier: brings files to the server and fetches them from there, a task for each, however often the way breaks.

mod attaching;
pub(crate) mod disk;
mod download;
mod listening;
mod local;
pub(crate) mod source;
mod upload;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use api::room::{FileRef, MessageId};
use phone::chat::{Attachment, Outgoing, UploadNews};
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::task::{AbortHandle, JoinSet};

use super::Notice;
use super::arriving::Arriving;
use crate::web::Session;
pub(super) use attaching::attached;
pub(crate) use attaching::modified_millis;
use upload::Upload;

/// News that may wait; tasks that have more to say wait themselves.
const WAITING: usize = 64;
/// Files that are on their way at once, in either direction: more only make each other slower.
const AT_ONCE: usize = 3;
/// The first pause after a break; each further one is twice as long while nothing moves.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest. When the connection to the rooms is back it ends at once.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What a task tells.
#[derive(Debug)]
pub(super) enum CourierNews {
    /// How the upload of a message's file goes.
    Upload { id: MessageId, news: UploadNews },
    /// Something that others have to know.
    Other(Box<Notice>),
}

/// Brings and fetches files. Dropping it stops that; what has come stays.
pub(super) struct Courier {
    way: Way,
    tasks: JoinSet<()>,
    uploads: HashMap<MessageId, AbortHandle>,
    /// Files whose SHA-256 is taken.
    measures: HashMap<MessageId, AbortHandle>,
    fetches: HashMap<String, AbortHandle>,
}

/// What every task needs.
#[derive(Clone)]
struct Way {
    session: Arc<Session>,
    news: mpsc::Sender<CourierNews>,
    turns: Arc<Semaphore>,
    /// The connection is back.
    is_back: Arc<Notify>,
}

/// Pauses between tries.
struct Pauses(Duration);

impl Courier {
    pub(super) fn new(session: Arc<Session>) -> (Self, mpsc::Receiver<CourierNews>) {
        let (news, inbox) = mpsc::channel(WAITING);
        let way = Way {
            session,
            news,
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            is_back: Arc::default(),
        };
        let courier = Self {
            way,
            tasks: JoinSet::new(),
            uploads: HashMap::new(),
            measures: HashMap::new(),
            fetches: HashMap::new(),
        };
        (courier, inbox)
    }

    /// Brings the file of a message to the server.
    pub(super) fn upload(&mut self, outgoing: &Outgoing) {
        self.forget_finished();
        let Some(upload) = Upload::of(outgoing) else {
            return;
        };
        if !self.uploads.contains_key(&outgoing.id) {
            let task = self.tasks.spawn(upload::bring(self.way.clone(), upload));
            self.uploads.insert(outgoing.id.clone(), task);
        }
    }

    /// Takes the SHA-256 of the file of a message.
    pub(super) fn measure(&mut self, outgoing: &Outgoing) {
        self.forget_finished();
        let Some(upload) = Upload::of(outgoing) else {
            return;
        };
        if !self.measures.contains_key(&outgoing.id) {
            let task = self.tasks.spawn(upload::measure(self.way.clone(), upload));
            self.measures.insert(outgoing.id.clone(), task);
        }
    }

    /// The file of a message is not needed for it any more.
    pub(super) fn release(&mut self, id: &MessageId, attachment: Attachment, is_sent: bool) {
        for tasks in [&mut self.uploads, &mut self.measures] {
            if let Some(task) = tasks.remove(id) {
                task.abort();
            }
        }
        let session = self.way.session.clone();
        self.tasks.spawn(async move {
            if attachment.is_ours {
                disk::remove(PathBuf::from(attachment.path)).await;
            }
            if let (Some(upload), false) = (attachment.upload, is_sent)
                && let Err(error) = session.remove_file(&upload).await
            {
                // It goes by itself after a while.
                tracing::debug!(%error, "an upload that was given up stays at the server");
            }
        });
    }

    /// Fetches a file into a folder; out of its copy on this computer, if there is one.
    pub(super) fn fetch(&mut self, file: FileRef, folder: PathBuf, local: Option<PathBuf>) {
        self.forget_finished();
        if !self.fetches.contains_key(&file.file) {
            let id = file.file.clone();
            let task = download::fetch(self.way.clone(), file, folder, local);
            self.fetches.insert(id, self.tasks.spawn(task));
        }
    }

    /// Fetches a file for whoever listens to it; out of its copy on this computer, if there is one.
    pub(super) fn listen(&mut self, file: FileRef, arriving: Arriving, local: Option<PathBuf>) {
        self.forget_finished();
        let session = self.way.session.clone();
        self.tasks.spawn(async move {
            let is_read = match local {
                Some(path) => local::listen(path, &file, &arriving).await,
                None => false,
            };
            if !is_read {
                listening::listen(session, file, arriving).await;
            }
        });
    }

    /// Fetches a picture, made small; out of its copy on this computer, if there is one. There may be none.
    pub(super) fn picture(&mut self, file: String, local: Option<PathBuf>) {
        self.forget_finished();
        let way = self.way.clone();
        self.tasks.spawn(async move {
            if let Some(path) = local {
                if let Some(jpeg) = local::picture(path).await {
                    way.tell(Notice::Picture { file, jpeg }).await;
                }
                return;
            }
            match way.session.thumbnail(&file).await {
                Ok(jpeg) => way.tell(Notice::Picture { file, jpeg }).await,
                Err(error) => tracing::debug!(%error, "there is no small picture"),
            }
        });
    }

    /// Stops to fetch it.
    pub(super) fn stop_fetching(&mut self, file: &str) {
        if let Some(task) = self.fetches.remove(file) {
            task.abort();
        }
    }

    /// The connection is back: whoever waits to try again does so now.
    pub(super) fn hurry(&self) {
        self.way.is_back.notify_waiters();
    }

    fn forget_finished(&mut self) {
        while self.tasks.try_join_next().is_some() {}
        self.uploads.retain(|_, task| !task.is_finished());
        self.measures.retain(|_, task| !task.is_finished());
        self.fetches.retain(|_, task| !task.is_finished());
    }
}

impl Way {
    async fn upload_is(&self, id: &MessageId, news: UploadNews) {
        let id = id.clone();
        let _ = self.news.send(CourierNews::Upload { id, news }).await;
    }

    async fn tell(&self, notice: Notice) {
        let _ = self.news.send(CourierNews::Other(Box::new(notice))).await;
    }

    /// Tells how far something is; whoever is busy learns it the next time.
    fn mention(&self, notice: Notice) {
        let _ = self.news.try_send(CourierNews::Other(Box::new(notice)));
    }

    async fn rest(&self, pauses: &mut Pauses) {
        let pause = pauses.0;
        pauses.0 = (pause * 2).min(LONGEST_PAUSE);
        let _ = tokio::time::timeout(pause, self.is_back.notified()).await;
    }
}

impl Pauses {
    fn new() -> Self {
        Self(FIRST_PAUSE)
    }
}
