//! Does what a command says: through the office, and where a server runs, through its exchange.

use std::net::SocketAddr;
use std::time::Instant;

use super::view::StatusView;
use super::{AddedAccount, Command, CredentialView, Failure, ListedAccount, PlainPassword, Reply};
use crate::edge::Exchange;
use crate::office::{NewAccount, Office, OfficeError};
use crate::store::NumberState;

/// Does what commands say. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Operator {
    office: Office,
    server: Option<ServerFacts>,
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
        Self {
            sentence: error.to_string(),
        }
    }
}

impl Failure {
    fn new(sentence: &str) -> Self {
        Self {
            sentence: sentence.into(),
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
    pub async fn perform(&self, command: Command) -> Result<Reply, Failure> {
        let office = &self.office;
        Ok(match command {
            Command::AddAccount {
                name,
                display_name,
                number,
                password,
            } => {
                let password = password.map(|PlainPassword(text)| text);
                Reply::Account(
                    office
                        .add_account(NewAccount {
                            name,
                            display_name,
                            number,
                            password,
                        })
                        .await?
                        .into(),
                )
            }
            Command::AddAccounts {
                accounts,
                with_devices,
            } => {
                let list = accounts.into_iter().map(
                    |ListedAccount {
                         name,
                         number,
                         display_name,
                     }| NewAccount {
                        name,
                        number,
                        display_name,
                        password: None,
                    },
                );
                let results = office.add_accounts(list.collect(), with_devices).await?;
                let added = results.into_iter().map(|result| match result {
                    Ok((account, credential)) => {
                        let view =
                            |made| CredentialView::new(account.clone(), made, office.domain());
                        Ok(AddedAccount {
                            device: credential.map(view),
                            account: account.into(),
                        })
                    }
                    Err(refused) => Err(refused.into()),
                });
                Reply::Added(added.collect())
            }
            Command::ListAccounts => Reply::Accounts(
                office
                    .accounts()
                    .await?
                    .into_iter()
                    .map(Into::into)
                    .collect(),
            ),
            Command::ShowAccount { name } => Reply::Account(office.account(&name).await?.into()),
            Command::SetDisabled { name, is_disabled } => {
                Reply::Account(office.set_disabled(&name, is_disabled).await?.into())
            }
            Command::RemoveAccount { name } => {
                Reply::Account(office.remove_account(&name).await?.into())
            }
            Command::SetPassword { name, password } => {
                Reply::Account(office.set_password(&name, &password.0).await?.into())
            }
            Command::AddDevice { account, label } => {
                let (account, credential) = office.add_device(&account, label.as_deref()).await?;
                Reply::Credential(CredentialView::new(account, credential, office.domain()))
            }
            Command::ListDevices { account } => Reply::Devices(
                office
                    .devices(account.as_deref())
                    .await?
                    .into_iter()
                    .map(Into::into)
                    .collect(),
            ),
            Command::RemoveDevice { account, login } => {
                office.remove_device(&account, &login).await?;
                Reply::Done
            }
            Command::ListNumbers { state } => {
                let state = state.as_deref().map(parse_state).transpose()?;
                Reply::Numbers(
                    office
                        .numbers(state)
                        .await?
                        .into_iter()
                        .map(Into::into)
                        .collect(),
                )
            }
            Command::AssignNumber { number, account } => {
                Reply::Number(office.assign_number(&number, &account).await?.into())
            }
            Command::ReleaseNumber { number } => {
                Reply::Number(office.release_number(&number).await?.into())
            }
            Command::NumberHistory { number } => Reply::History(
                office
                    .number_history(&number)
                    .await?
                    .into_iter()
                    .map(Into::into)
                    .collect(),
            ),
            Command::ListCalls => Reply::Calls(self.exchange()?.calls().await),
            Command::HangUpCall { call } => {
                if !self.exchange()?.hang_up(call).await {
                    return Err(Failure {
                        sentence: format!(
                            "There is no call {call}; `callctl calls list` shows all."
                        ),
                    });
                }
                Reply::Done
            }
            Command::ListBans => Reply::Bans(self.exchange()?.bans().await),
            Command::ReleaseBan { address } => {
                let source = address.parse().map_err(|_| Failure {
                    sentence: format!("{address:?} is not an IP address."),
                })?;
                if !self.exchange()?.release(source).await {
                    return Err(Failure {
                        sentence: format!(
                            "{source} is not banned; `callctl bans list` shows who is."
                        ),
                    });
                }
                Reply::Done
            }
            Command::Status => Reply::Status(self.status().await?),
        })
    }

    fn exchange(&self) -> Result<&Exchange, Failure> {
        self.server
            .as_ref()
            .map(|server| &server.exchange)
            .ok_or_else(|| Failure::new(NO_SERVER))
    }

    async fn status(&self) -> Result<StatusView, Failure> {
        let counts = match &self.server {
            Some(server) => server.exchange.counts().await,
            None => None,
        };
        let server = self.server.as_ref();
        Ok(StatusView {
            is_running: server.is_some(),
            version: env!("CARGO_PKG_VERSION").into(),
            domain: self.office.domain().into(),
            sip: server.and_then(|server| server.sip),
            sips: server.and_then(|server| server.sips),
            http: server.map(|server| server.http),
            https: server.and_then(|server| server.https),
            certificate_sha256: server.and_then(|server| server.certificate_sha256.clone()),
            uptime_seconds: server.map(|server| server.ready_since.elapsed().as_secs()),
            accounts: self.office.accounts().await?.len() as u64,
            registrations: counts.map(|counts| counts.registrations),
            calls: counts.map(|counts| counts.calls),
        })
    }
}

fn parse_state(text: &str) -> Result<NumberState, Failure> {
    NumberState::parse(text).map_err(|_| Failure {
        sentence: format!(
            "{text:?} is not a state; write free, assigned, reserved, guest or quarantined."
        ),
    })
}
