//! What the engine has done over HTTP while somebody is signed in: errands go out, replies and news come back.

use std::sync::Arc;
use std::time::Duration;

use sip_tokio::Fingerprint;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

use super::{ErrandId, Problem};
use crate::web::{
    Enquiry, Errand, News, ProfileErrand, Refused, Reply, ServerAddress, Session, WebError, listen,
};

/// Words that may wait. Tasks that have more to say wait themselves.
const WORDS: usize = 64;
/// Errands that may run at once: a person is not that fast.
const ERRANDS: usize = 16;
/// How long the end of a sign-in may take at the server; after that its device stays in the list until somebody revokes it.
const FAREWELL_PATIENCE: Duration = Duration::from_millis(1500);

/// What the clerk brings.
pub(super) enum Word {
    /// Something happened at the server.
    News(News),
    /// An errand is over.
    Reply {
        id: ErrandId,
        outcome: Result<Reply, WebError>,
    },
    /// The end of a sign-in has reached the server, or does not.
    Farewell,
}

/// Runs errands and listens for news.
pub(super) struct Clerk {
    session: Option<Arc<Session>>,
    /// The listener, while somebody is signed in.
    listener: Option<JoinHandle<()>>,
    news: Option<mpsc::Receiver<News>>,
    errands: JoinSet<()>,
    replies: mpsc::Sender<Word>,
    inbox: mpsc::Receiver<Word>,
    /// Sign-ins whose end is under way.
    farewells: usize,
    /// The errand that deletes the account: the server ends the sign-in before it answers.
    erasing: Option<ErrandId>,
}

impl Clerk {
    pub(super) fn new() -> Self {
        let (replies, inbox) = mpsc::channel(WORDS);
        Self {
            session: None,
            listener: None,
            news: None,
            errands: JoinSet::new(),
            replies,
            inbox,
            farewells: 0,
            erasing: None,
        }
    }

    /// Somebody is signed in: listens for news from now on.
    pub(super) fn begin(&mut self, session: Session) {
        self.dismiss();
        let session = Arc::new(session);
        let (sender, news) = mpsc::channel(WORDS);
        self.listener = Some(tokio::spawn(listen(session.clone(), sender)));
        self.news = Some(news);
        self.session = Some(session);
    }

    /// Nobody is signed in any more; what is under way is given up. Whether the server is told too.
    pub(super) fn end(&mut self, tells_server: bool) {
        let session = self.session.take();
        self.dismiss();
        let Some(session) = session.filter(|_| tells_server) else {
            return;
        };
        self.farewells += 1;
        let replies = self.replies.clone();
        tokio::spawn(async move {
            if !matches!(
                tokio::time::timeout(FAREWELL_PATIENCE, session.end()).await,
                Ok(Ok(()))
            ) {
                tracing::info!("the server did not hear of the sign-out");
            }
            let _ = replies.send(Word::Farewell).await;
        });
    }

    /// Whether the account is being deleted, so that the end of the sign-in is no surprise.
    pub(super) fn is_erasing(&self) -> bool {
        self.erasing.is_some()
    }

    fn dismiss(&mut self) {
        self.session = None;
        self.erasing = None;
        self.news = None;
        if let Some(listener) = self.listener.take() {
            listener.abort();
        }
        self.errands.abort_all();
    }

    /// Whether the end of a sign-in is under way.
    pub(super) fn is_leaving(&self) -> bool {
        self.farewells > 0
    }

    /// The sign-in, for who has a connection of their own under it.
    pub(super) fn session(&self) -> Option<Arc<Session>> {
        self.session.clone()
    }

    /// Whether there is somebody to run errands for.
    pub(super) fn has_session(&self) -> bool {
        self.session.is_some()
    }

    /// Runs an errand; its reply comes as a word. The error is why it cannot be run.
    pub(super) fn run(&mut self, id: ErrandId, errand: Errand) -> Result<(), Refused> {
        let Some(session) = self.session.clone() else {
            return Err(refused(
                "not-signed-in",
                "Nobody is signed in, or this server has no such service; sign in first.",
            ));
        };
        self.make_room()?;
        if matches!(errand, Errand::Profile(ProfileErrand::Erase { .. })) {
            self.erasing = Some(id);
        }
        let replies = self.replies.clone();
        self.errands.spawn(async move {
            let outcome = errand.run(&session).await;
            let word = Word::Reply { id, outcome };
            let _ = replies.send(word).await;
        });
        Ok(())
    }

    /// Asks a server to which nobody is signed in.
    pub(super) fn enquire(
        &mut self,
        id: ErrandId,
        server: ServerAddress,
        trusted: Option<Fingerprint>,
        enquiry: Enquiry,
    ) -> Result<(), Refused> {
        self.make_room()?;
        let replies = self.replies.clone();
        self.errands.spawn(async move {
            let outcome = enquiry.run(server, trusted).await;
            let word = Word::Reply { id, outcome };
            let _ = replies.send(word).await;
        });
        Ok(())
    }

    fn make_room(&mut self) -> Result<(), Refused> {
        while self.errands.try_join_next().is_some() {}
        if self.errands.len() < ERRANDS {
            return Ok(());
        }
        Err(refused(
            "too-many-requests",
            "The server is still busy with what was asked before; wait a moment.",
        ))
    }

    /// The next word; never, while there is nothing to wait for.
    pub(super) async fn word(&mut self) -> Word {
        let news = async {
            match &mut self.news {
                Some(news) => news.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Some(news) = news => Word::News(news),
            Some(word) = self.inbox.recv() => {
                match &word {
                    Word::Farewell => self.farewells -= 1,
                    Word::Reply { id, .. } if self.erasing == Some(*id) => self.erasing = None,
                    Word::Reply { .. } | Word::News(_) => {}
                }
                word
            }
            else => std::future::pending().await,
        }
    }
}

fn refused(code: &'static str, sentence: &str) -> Refused {
    Refused {
        problem: Problem {
            code,
            sentence: sentence.into(),
        },
        alternatives: Vec::new(),
    }
}
