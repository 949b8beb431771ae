//! Sources that are not listened to: what an administrator can ask, how it is done, and what comes back.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{Answer, Failure, Operator};
use crate::edge::same_source;
use crate::office::Office;

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

impl BanView {
    fn holds(&self, address: IpAddr) -> bool {
        let source = self.source.split('/').next();
        let source: Option<IpAddr> = source.and_then(|source| source.parse().ok());
        source.is_some_and(|source| same_source(source, address.to_canonical()))
    }
}

impl Operator {
    pub(super) async fn bans(
        &self,
        office: &Office,
        command: BansCommand,
        is_rehearsal: bool,
    ) -> Result<Answer, Failure> {
        match command {
            BansCommand::List => Answer::of(&self.exchange()?.bans().await),
            BansCommand::Release { address } => {
                let exchange = self.exchange()?;
                let is_done = match is_rehearsal {
                    true => exchange.bans().await.iter().any(|ban| ban.holds(address)),
                    false => exchange.release(address).await,
                };
                if is_done {
                    if !is_rehearsal {
                        office.note_release(address).await?;
                    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ban_holds_a_whole_ipv6_network() {
        let ban = |source: &str| BanView {
            source: source.into(),
            seconds_left: 1,
            why: String::new(),
        };
        let holds = |source, address: &str| ban(source).holds(address.parse().unwrap());
        assert!(holds("2001:db8::/64", "2001:db8::7"));
        assert!(!holds("2001:db8::/64", "2001:db8:1::7"));
        assert!(holds("192.0.2.1", "::ffff:192.0.2.1"));
        assert!(!holds("192.0.2.1", "192.0.2.2"));
    }
}
