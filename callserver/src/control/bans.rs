//! Sources that are not listened to: what an administrator can ask, how it is done, and what comes back.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{Answer, Failure, Operator};

/// What can be asked about bans.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BansCommand {
    /// The bans at present. Answered with `Vec<BanView>`.
    List,
    /// Listen to a source again. Answered with [`Done`](super::Done).
    Release {
        /// Its IP address.
        address: IpAddr,
    },
}

/// A source that is not listened to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BanView {
    /// An IPv4 address, or an IPv6 network.
    pub source: String,
    /// Until it is listened to again.
    pub seconds_left: u64,
    /// What it did.
    pub why: String,
}

impl Operator {
    pub(super) async fn bans(&self, command: BansCommand) -> Result<Answer, Failure> {
        match command {
            BansCommand::List => Answer::of(&self.exchange()?.bans().await),
            BansCommand::Release { address } => {
                if self.exchange()?.release(address).await {
                    return Answer::done();
                }
                Err(Failure::new(
                    "not-found",
                    format!("{address} is not banned; `callctl bans list` shows who is."),
                ))
            }
        }
    }
}
