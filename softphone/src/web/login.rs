//! Name and password against a device credential.

use std::net::SocketAddr;

use api::{LOGIN_PATH, LoginAnswer, LoginRequest};
use sip_tokio::Fingerprint;

use super::connection::Question;
use super::{Connection, ServerAddress, WebError};
use crate::engine::Password;

/// What a login needs.
#[derive(Clone, Debug)]
pub struct Login {
    /// The server's web address.
    pub server: ServerAddress,
    /// The one certificate that the server must show; without it one that the machine's authorities vouch for.
    pub trusted: Option<Fingerprint>,
    /// The account's name.
    pub name: String,
    /// The account's password.
    pub password: Password,
    /// The name of this device in the account's list.
    pub device_label: String,
    /// The SIP login that this device had before, if it had one: the new one takes its place.
    pub replaces: Option<String>,
}

impl Login {
    /// Logs in and gets this device's SIP credential.
    ///
    /// # Errors
    /// [`WebError`], a sentence for the person.
    pub async fn run(&self) -> Result<LoginAnswer, WebError> {
        let connection = Connection::new(self.server.clone(), self.trusted)?;
        let request = LoginRequest {
            name: self.name.clone(),
            password: self.password.reveal().to_owned(),
            device_label: self.device_label.clone(),
            replaces: self.replaces.clone(),
        };
        let question = Question::once(LOGIN_PATH, &request);
        let mut answer: LoginAnswer = connection.ask(&question, None).await?;
        place_unspecified(&mut answer, &self.server).await;
        Ok(answer)
    }
}

/// A server that listens on all its addresses names none; then it is where its web address is.
async fn place_unspecified(answer: &mut LoginAnswer, server: &ServerAddress) {
    let sip = &mut answer.sip;
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
        let mut answer = LoginAnswer {
            account: api::Account {
                id: api::AccountId(1),
                name: "amina".to_owned(),
                display_name: "Amina".to_owned(),
                number: None,
            },
            device: api::DeviceCredential {
                login: "amina-1".to_owned(),
                secret: "secret words".to_owned(),
                label: "test".to_owned(),
            },
            sip: api::SipService {
                domain: "phones.example".to_owned(),
                udp: None,
                tcp: unspecified(5060),
                tls: unspecified(5061),
                certificate_sha256: None,
            },
            tokens: None,
        };
        let server = ServerAddress::parse("http://127.0.0.1:8080", false).unwrap();
        place_unspecified(&mut answer, &server).await;
        let here = |port| Some(SocketAddr::from(([127, 0, 0, 1], port)));
        assert_eq!(
            (answer.sip.udp, answer.sip.tcp, answer.sip.tls),
            (None, here(5060), here(5061))
        );
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_named_in_the_sentence() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let server = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let login = Login {
            server: ServerAddress::parse(&server, false).unwrap(),
            trusted: None,
            name: "amina".into(),
            password: "secret words".to_owned().into(),
            device_label: "test".into(),
            replaces: None,
        };
        let error = login.run().await.unwrap_err();
        assert_eq!(error.code(), "server-unreachable");
        assert!(error.to_string().contains(&server), "{error}");
        assert!(!error.to_string().contains("secret words"));
    }
}
