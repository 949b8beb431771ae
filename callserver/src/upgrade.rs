//! Makes room for a newer program: at the word of `callctl upgrade`, or of SIGUSR2.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot};

use crate::control::{Upgrade, UpgradeView, UpgradeWishes};
use crate::edge::Exchange;
use crate::http::Listener;
use crate::{DataFolder, handover};

/// Whoever asked hears what will happen before it happens.
const FAREWELL: Duration = Duration::from_millis(50);

/// Waits for somebody who wants it.
#[derive(Debug)]
pub(crate) struct Upgrades {
    signal: Signal,
    wishes: mpsc::Receiver<Upgrade>,
    // Held, so that there is always one who could wish.
    wish: UpgradeWishes,
    /// The file that this process was started from, found before anybody replaced it.
    own: PathBuf,
    configuration: Option<PathBuf>,
}

/// What the next program gets from this one, besides the sockets of the exchange.
#[derive(Debug)]
pub(crate) struct Belongings {
    /// The listeners for HTTP.
    pub(crate) http: Vec<Listener>,
    /// The lock of the data folder.
    pub(crate) lock: OwnedFd,
}

impl Belongings {
    /// Copies of all of it: if the next program does not come up, nothing is missing.
    pub(crate) fn of(doors: &[Listener], folder: &DataFolder) -> std::io::Result<Self> {
        let http = doors.iter().map(|(is_encrypted, address, listener)| {
            Ok((*is_encrypted, *address, listener.try_clone()?))
        });
        Ok(Self {
            http: http.collect::<std::io::Result<_>>()?,
            lock: folder.lock()?,
        })
    }
}

impl Upgrades {
    /// Begins to listen for the signal, which would end the process otherwise.
    pub(crate) fn new(configuration: Option<PathBuf>) -> std::io::Result<Self> {
        let (wish, wishes) = mpsc::channel(1);
        Ok(Self {
            signal: signal(SignalKind::user_defined2())?,
            wishes,
            wish,
            own: std::env::current_exe()?,
            configuration,
        })
    }

    /// The way to wish for it.
    pub(crate) fn wishes(&self) -> UpgradeWishes {
        self.wish.clone()
    }

    /// Waits for the next wish.
    pub(crate) async fn next(&mut self) -> Upgrade {
        tokio::select! {
            _ = self.signal.recv() => {}
            Some(wish) = self.wishes.recv() => return wish,
        }
        let (answer, _) = oneshot::channel();
        Upgrade {
            program: None,
            answer,
        }
    }

    /// Tries to follow it. Returns only if that is not possible.
    pub(crate) async fn follow(
        &self,
        wish: Upgrade,
        exchange: &Exchange,
        belongings: std::io::Result<Belongings>,
    ) {
        let program = wish.program.unwrap_or_else(|| self.own.clone());
        let belongings = match belongings {
            Ok(belongings) => belongings,
            Err(error) => {
                let sentence = format!(
                    "The server may not have enough open files to pass its sockets on ({error})."
                );
                return refuse(wish.answer, sentence);
            }
        };
        let configuration = self.configuration.as_deref();
        let to = match handover::check(&program, configuration).await {
            Ok(to) => to,
            Err(refused) => return refuse(wish.answer, refused.to_string()),
        };
        let view = view(&program, to);
        tracing::info!(program = %program.display(), to = view.to, "upgrade");
        let _ = wish.answer.send(Ok(view));
        tokio::time::sleep(FAREWELL).await;
        let error = exchange.hand_over(program.clone(), belongings).await;
        tracing::error!(program = %program.display(), %error, "the upgrade failed; this server goes on as it was");
    }
}

fn refuse(answer: oneshot::Sender<Result<UpgradeView, String>>, sentence: String) {
    tracing::warn!("no upgrade: {sentence}");
    let _ = answer.send(Err(sentence));
}

fn view(program: &Path, to: String) -> UpgradeView {
    UpgradeView {
        process: std::process::id(),
        from: concat!("callserver ", env!("CARGO_PKG_VERSION")).to_owned(),
        to,
        program: program.to_owned(),
    }
}
