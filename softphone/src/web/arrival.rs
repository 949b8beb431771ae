//! The ways to come in: by name and password, as a guest, by signing up, or with what an earlier sign-in left.

use std::net::SocketAddr;

use api::{
    ACCOUNTS_PATH, Account, GUESTS_PATH, GuestRequest, LOGIN_PATH, LoginAnswer, LoginRequest,
    SERVER_PATH, ServerFacts, SignUpRequest, SipService,
};
use sip_tokio::Fingerprint;

use super::connection::Question;
use super::session::renewed;
use super::{Connection, ME_PATH, ServerAddress, WebError};
use crate::engine::Password;

/// Somebody who comes in.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The server's web address.
    pub server: ServerAddress,
    /// The one certificate that the server must show; without it one that the machine's authorities vouch for.
    pub trusted: Option<Fingerprint>,
    /// The way in.
    pub entrance: Entrance,
    /// The name of this device in the account's list.
    pub device_label: String,
}

/// The ways in.
#[derive(Clone, Debug)]
pub enum Entrance {
    /// With an account.
    Password {
        /// The account's name.
        name: String,
        /// The account's password.
        password: Password,
        /// The SIP login that this device had before, if it had one: the new one takes its place.
        replaces: Option<String>,
    },
    /// Without one: the server lends a number.
    Guest {
        /// What others shall see.
        display_name: Option<String>,
    },
    /// With a new account.
    SignUp(NewAccount),
    /// With what an earlier sign-in left: the device and the refresh token.
    Kept(Box<LoginAnswer>),
}

/// The account that somebody wants to have.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The username.
    pub username: String,
    /// The password.
    pub password: Password,
    /// What others shall see; the username without it.
    pub display_name: Option<String>,
    /// The code of an invitation, where one is needed.
    pub invitation: Option<String>,
}

impl Arrival {
    /// Comes in and gets this device's SIP credential.
    ///
    /// # Errors
    /// [`WebError`], a sentence for the person.
    pub async fn run(&self) -> Result<(Connection, LoginAnswer), WebError> {
        let connection = Connection::new(self.server.clone(), self.trusted)?;
        let mut answer: LoginAnswer = match &self.entrance {
            Entrance::Password {
                name,
                password,
                replaces,
            } => {
                let request = LoginRequest {
                    name: name.clone(),
                    password: password.reveal().to_owned(),
                    device_label: self.device_label.clone(),
                    replaces: replaces.clone(),
                };
                let question = Question::once(LOGIN_PATH, &request);
                connection.ask(&question, None).await?
            }
            Entrance::Guest { display_name } => {
                let request = GuestRequest {
                    display_name: display_name.clone(),
                    device_label: self.device_label.clone(),
                };
                let question = Question::post(GUESTS_PATH, &request);
                connection.ask(&question, None).await?
            }
            Entrance::SignUp(account) => {
                let request = SignUpRequest {
                    username: account.username.clone(),
                    password: account.password.reveal().to_owned(),
                    display_name: account.display_name.clone(),
                    invitation: account.invitation.clone(),
                    number: None,
                    device_label: self.device_label.clone(),
                };
                let question = Question::post(ACCOUNTS_PATH, &request);
                connection.ask(&question, None).await?
            }
            Entrance::Kept(kept) => come_back(&connection, (**kept).clone()).await?,
        };
        place_unspecified(&mut answer.sip, &self.server).await;
        Ok((connection, answer))
    }
}

/// Who and where we are today. A server that is away for the moment is believed to be as it was: the phone registers
/// with its own patience.
async fn come_back(
    connection: &Connection,
    mut kept: LoginAnswer,
) -> Result<LoginAnswer, WebError> {
    let outcome = today(connection, &mut kept).await;
    match outcome {
        Err(error) if !error.may_pass() => Err(error),
        Err(error) => {
            tracing::info!(%error, "what was kept of the sign-in is used as it is");
            Ok(kept)
        }
        Ok(()) => Ok(kept),
    }
}

async fn today(connection: &Connection, kept: &mut LoginAnswer) -> Result<(), WebError> {
    let facts: ServerFacts = connection.ask(&Question::get(SERVER_PATH), None).await?;
    kept.sip = facts.sip;
    if let Some(tokens) = &kept.tokens {
        let tokens = renewed(connection, &tokens.refresh_token).await?;
        let access = tokens.access_token.clone();
        kept.tokens = Some(tokens);
        let me = connection.ask(&Question::get(ME_PATH), Some(&access)).await;
        let me: Account = match me {
            // New tokens that are not kept are lost: whatever else fails, they come back.
            Err(error) if error.may_pass() => return Ok(()),
            other => other?,
        };
        kept.account = me;
    }
    Ok(())
}

/// A server that listens on all its addresses names none; then it is where its web address is.
async fn place_unspecified(sip: &mut SipService, server: &ServerAddress) {
    let addresses = [&mut sip.udp, &mut sip.tcp, &mut sip.tls];
    if addresses
        .iter()
        .all(|address| address.is_none_or(|address| !address.ip().is_unspecified()))
    {
        return;
    }
    let Some(found) = tokio::net::lookup_host(server.host_and_port())
        .await
        .ok()
        .and_then(|mut all| all.next())
    else {
        return;
    };
    for address in addresses.into_iter().flatten() {
        if address.ip().is_unspecified() {
            *address = SocketAddr::new(found.ip(), address.port());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_on_all_its_addresses_is_where_its_web_address_is() {
        let unspecified = |port| Some(SocketAddr::from(([0, 0, 0, 0], port)));
        let mut sip = SipService {
            domain: "phones.example".to_owned(),
            udp: None,
            tcp: unspecified(5060),
            tls: unspecified(5061),
            certificate_sha256: None,
        };
        let server = ServerAddress::parse("http://127.0.0.1:8080", false).unwrap();
        place_unspecified(&mut sip, &server).await;
        let here = |port| Some(SocketAddr::from(([127, 0, 0, 1], port)));
        assert_eq!((sip.udp, sip.tcp, sip.tls), (None, here(5060), here(5061)));
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_named_in_the_sentence() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let server = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let arrival = Arrival {
            server: ServerAddress::parse(&server, false).unwrap(),
            trusted: None,
            entrance: Entrance::Password {
                name: "amina".into(),
                password: "secret words".to_owned().into(),
                replaces: None,
            },
            device_label: "test".into(),
        };
        let error = arrival.run().await.unwrap_err();
        assert_eq!(error.code(), "server-unreachable");
        assert!(error.to_string().contains(&server), "{error}");
        assert!(!error.to_string().contains("secret words"));
    }
}
