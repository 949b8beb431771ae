//! A newer program takes the server's place.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

use super::{Answer, Failure, Operator};

/// What can be done about the program that runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpgradeCommand {
    /// Put a program in the server's place, without an end to any call. Answered with [`UpgradeView`] when it is about to
    /// happen.
    Begin {
        /// The program, by its absolute path; `None` for the file that the server was started from.
        program: Option<PathBuf>,
    },
}

/// What is about to happen.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UpgradeView {
    /// The process, which keeps its number.
    pub process: u32,
    /// What the running program calls itself.
    pub from: String,
    /// What the next one calls itself.
    pub to: String,
    /// The next one's file.
    pub program: PathBuf,
}

/// Somebody's wish for it.
#[derive(Debug)]
pub struct Upgrade {
    /// The program; `None` for the file that the server was started from.
    pub program: Option<PathBuf>,
    /// Learns what is about to happen, or in a sentence why nothing will.
    pub answer: oneshot::Sender<Result<UpgradeView, String>>,
}

/// The way to whoever can follow it.
pub type UpgradeWishes = mpsc::Sender<Upgrade>;

impl Operator {
    pub(super) async fn upgrade(
        &self,
        command: UpgradeCommand,
        is_rehearsal: bool,
    ) -> Result<Answer, Failure> {
        let UpgradeCommand::Begin { program } = command;
        let Some(server) = &self.server else {
            let sentence = "No callserver runs on this data folder; start the new one instead.";
            return Err(Failure::new("no-server", sentence.to_owned()));
        };
        if is_rehearsal {
            let sentence =
                "An upgrade cannot be tried without doing it; its checks come first, and stop it.";
            return Err(Failure::new("bad-request", sentence.to_owned()));
        }
        let stopping = || Failure::new("unavailable", "The server is stopping.".to_owned());
        let (answer, answered) = oneshot::channel();
        let sent = server.upgrades.send(Upgrade { program, answer }).await;
        sent.map_err(|_| stopping())?;
        match answered.await.map_err(|_| stopping())? {
            Ok(view) => Answer::of(&view),
            Err(sentence) => Err(Failure::new("bad-request", sentence)),
        }
    }
}
