//! Does what a request says: through the office, and where a server runs, through its exchange.

use std::net::SocketAddr;
use std::time::Instant;

use api::SipService;

use super::{Answer, Command, Failure, Request, UpgradeWishes};
use crate::edge::Exchange;
use crate::housekeeping::Cleaned;
use crate::office::{Actor, Office, OfficeError};

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
    /// What a phone is told to speak SIP with it.
    pub sip_service: SipService,
    /// SHA-256 of its certificate, in hexadecimal.
    pub certificate_sha256: Option<String>,
    /// When it became ready.
    pub ready_since: Instant,
    /// Which of all starts this one is.
    pub instance: String,
    /// The way to a newer program.
    pub upgrades: UpgradeWishes,
    /// What it has removed by itself.
    pub(crate) cleaned: Cleaned,
}

impl ServerFacts {
    /// What a person gives to a softphone: where the server is, the fingerprint of its certificate, and the code of an
    /// invitation. `None` without HTTPS.
    pub(super) fn link(&self, domain: &str, invitation: Option<&str>) -> Option<String> {
        let address = self.https?;
        let host = match address.ip() {
            // The domain is the one name that leads here from elsewhere, if any does.
            ip if ip.is_unspecified() => format!("{domain}:{}", address.port()),
            _ => address.to_string(),
        };
        let pin = self.certificate_sha256.as_deref();
        let pin = pin.map(|digits| format!("sha256={digits}"));
        let code = invitation.map(|code| format!("invitation={code}"));
        let parts: Vec<String> = pin.into_iter().chain(code).collect();
        Some(match parts.is_empty() {
            true => format!("https://{host}/"),
            false => format!("https://{host}/#{}", parts.join("&")),
        })
    }
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
        let name = request.operator.as_deref().map(fit_for_the_log);
        let mut office = self.office.acting_as(Actor::operator(name));
        if request.is_rehearsal {
            office = office.rehearsing();
        }
        let (office, is_rehearsal) = (&office, request.is_rehearsal);
        match request.command {
            Command::Accounts(command) => self.accounts(office, command, is_rehearsal).await,
            Command::CallSettings(command) => Self::call_settings(office, command).await,
            Command::Groups(command) => Self::groups(office, command).await,
            Command::Devices(command) => self.devices(office, command, is_rehearsal).await,
            Command::Numbers(command) => Self::numbers(office, command).await,
            Command::Database(command) => self.database(command).await,
            Command::Pools(command) => Self::pools(office, command).await,
            Command::Invitations(command) => self.invitations(office, command, is_rehearsal).await,
            Command::Calls(command) => self.calls(office, command, is_rehearsal).await,
            Command::Bans(command) => self.bans(office, command, is_rehearsal).await,
            Command::Voicemails(command) => Self::voicemails(office, command).await,
            Command::Presence(command) => self.presence(command).await,
            Command::Rooms(command) => Self::rooms(office, command).await,
            Command::Audit(command) => Self::audit(office, command).await,
            Command::Status(command) => self.status(command).await,
            Command::Upgrade(command) => self.upgrade(command, is_rehearsal).await,
        }
    }

    /// What a phone is told to speak SIP with; without a server that is not known, and DNS may say it.
    pub(super) fn sip_service(&self) -> SipService {
        let server = self.server.as_ref();
        server.map_or_else(
            || SipService {
                domain: self.office.domain().to_owned(),
                udp: None,
                tcp: None,
                tls: None,
                certificate_sha256: None,
            },
            |server| server.sip_service.clone(),
        )
    }

    pub(super) fn exchange(&self) -> Result<&Exchange, Failure> {
        self.server
            .as_ref()
            .map(|server| &server.exchange)
            .ok_or_else(|| Failure::new("no-server", NO_SERVER))
    }
}

/// A name as it may stand in the audit log for ever.
fn fit_for_the_log(name: &str) -> String {
    const LONGEST: usize = 64;
    let letters = name.chars().filter(|letter| !letter.is_control());
    letters.take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::fit_for_the_log;

    #[test]
    fn an_operators_name_is_bounded_and_does_not_break_lines() {
        assert_eq!(fit_for_the_log("ami\nna"), "amina");
        assert_eq!(fit_for_the_log(&"a".repeat(1000)).len(), 64);
    }
}
