//! Does what a request says: through the office, and where a server runs, through its exchange.

use std::net::SocketAddr;
use std::time::Instant;

use super::{Answer, Command, Failure, Request};
use crate::edge::Exchange;
use crate::office::{Office, OfficeError};

/// Does what requests say. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Operator {
    pub(super) office: Office,
    pub(super) server: Option<ServerFacts>,
}

/// What only a running server knows.
#[derive(Clone, Debug)]
pub struct ServerFacts {
    /// The way to its calls.
    pub exchange: Exchange,
    /// Where it speaks SIP.
    pub sip: Option<SocketAddr>,
    /// Where it speaks SIP over TLS.
    pub sips: Option<SocketAddr>,
    /// Where it speaks HTTP.
    pub http: SocketAddr,
    /// Where it speaks HTTPS.
    pub https: Option<SocketAddr>,
    /// SHA-256 of its certificate, in hexadecimal.
    pub certificate_sha256: Option<String>,
    /// When it became ready.
    pub ready_since: Instant,
}

const NO_SERVER: &str =
    "No callserver runs on this data folder, so there are no calls and no bans; start it first.";

impl From<OfficeError> for Failure {
    fn from(error: OfficeError) -> Self {
        if let OfficeError::Store(error) = &error {
            tracing::error!(%error, "a command failed");
        }
        let alternatives = match &error {
            OfficeError::NumberTaken { alternatives, .. } => {
                alternatives.iter().map(ToString::to_string).collect()
            }
            _ => Vec::new(),
        };
        Self {
            code: Self::code(error.kind()),
            sentence: error.to_string(),
            alternatives,
        }
    }
}

impl Operator {
    /// An operator of a running server, or of a database alone.
    pub fn new(office: Office, server: Option<ServerFacts>) -> Self {
        Self { office, server }
    }

    /// Does it.
    ///
    /// # Errors
    /// One sentence: what failed, what to do.
    pub async fn perform(&self, request: Request) -> Result<Answer, Failure> {
        let office = &self.office;
        match request.command {
            Command::Accounts(command) => Self::accounts(office, command).await,
            Command::Devices(command) => Self::devices(office, command).await,
            Command::Numbers(command) => Self::numbers(office, command).await,
            Command::Calls(command) => self.calls(command).await,
            Command::Bans(command) => self.bans(command).await,
            Command::Database(command) => self.database(command).await,
            Command::Status(command) => self.status(command).await,
        }
    }

    pub(super) fn exchange(&self) -> Result<&Exchange, Failure> {
        self.server
            .as_ref()
            .map(|server| &server.exchange)
            .ok_or_else(|| Failure::new("no-server", NO_SERVER))
    }
}
