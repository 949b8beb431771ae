//! How the server is.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::{Answer, Failure, Operator};

/// What can be asked about the server.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusCommand {
    /// How it is. Answered with [`StatusView`].
    Show,
}

/// How the server is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StatusView {
    /// Whether a server runs on this data folder.
    pub is_running: bool,
    /// The program's version.
    pub version: String,
    /// The SIP domain.
    pub domain: String,
    /// Where the data is, without a password.
    pub database: String,
    /// Where SIP is spoken.
    pub sip: Option<SocketAddr>,
    /// Where SIP over TLS is spoken.
    pub sips: Option<SocketAddr>,
    /// Where HTTP is spoken.
    pub http: Option<SocketAddr>,
    /// Where HTTPS is spoken.
    pub https: Option<SocketAddr>,
    /// SHA-256 of the certificate that SIPS and HTTPS show, in hexadecimal.
    pub certificate_sha256: Option<String>,
    /// Which of all starts this one is: a word that no other start has.
    #[serde(default)]
    pub instance: Option<String>,
    /// Since the server became ready.
    pub uptime_seconds: Option<u64>,
    /// How many accounts there are.
    pub accounts: u64,
    /// How many devices are registered now.
    pub registrations: Option<u64>,
    /// How many calls there are now.
    pub calls: Option<u64>,
    /// How much the server has removed by itself since its start, because it was over, by what it was.
    #[serde(default)]
    pub cleaned: Option<BTreeMap<String, u64>>,
}

impl Operator {
    pub(super) async fn status(&self, command: StatusCommand) -> Result<Answer, Failure> {
        let StatusCommand::Show = command;
        let counts = match &self.server {
            Some(server) => server.exchange.counts().await,
            None => None,
        };
        let server = self.server.as_ref();
        Answer::of(&StatusView {
            is_running: server.is_some(),
            version: env!("CARGO_PKG_VERSION").into(),
            domain: self.office.domain().into(),
            database: self.office.store().place().to_string(),
            sip: server.and_then(|server| server.sip),
            sips: server.and_then(|server| server.sips),
            http: server.map(|server| server.http),
            https: server.and_then(|server| server.https),
            certificate_sha256: server.and_then(|server| server.certificate_sha256.clone()),
            instance: server.map(|server| server.instance.clone()),
            uptime_seconds: server.map(|server| server.ready_since.elapsed().as_secs()),
            accounts: self.office.accounts().await?.len() as u64,
            registrations: counts.map(|counts| counts.registrations),
            calls: counts.map(|counts| counts.calls),
            cleaned: server.map(|server| {
                let counts = server.cleaned.counts().into_iter();
                counts
                    .map(|(what, count)| (what.to_owned(), count))
                    .collect()
            }),
        })
    }
}
