//! Name and password against a device credential, over HTTP.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use api::{LOGIN_PATH, LoginAnswer, LoginRequest, ProblemKind};
use reqwest::{StatusCode, Url};

use crate::engine::{Password, Problem};

/// A server that does not take the connection in this time will not take it later either.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// Checking a password is slow on purpose; ten times that on a busy server is still shorter than this.
const ANSWER_PATIENCE: Duration = Duration::from_secs(15);

/// Why a login failed. Each reads as one sentence for the person.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Not a web address.
    #[error(
        "“{0}” is not a server address; write it like http://127.0.0.1:8080 or https://phone.example.org."
    )]
    BadAddress(String),
    /// The password would travel readable over a network.
    #[error(
        "The password would travel unencrypted to {0}; use an https address, or --allow-plain if you trust the network."
    )]
    PlainRefused(String),
    /// This build has no TLS.
    #[error(
        "This softphone cannot speak https yet; use the server's http address on the same computer, or --allow-plain."
    )]
    NoTls,
    /// No connection.
    #[error(
        "The server at {server} is not reachable ({cause}); check the address and that the server runs."
    )]
    Unreachable {
        /// The address as it was used.
        server: String,
        /// What the system said.
        cause: String,
    },
    /// A connection, but no answer.
    #[error(
        "The server at {0} does not answer; check that it is a Carillon call server and try again."
    )]
    Silent(String),
    /// Name and password do not belong together.
    #[error("The name or the password is wrong; check both and try again.")]
    WrongPassword,
    /// Any other refusal, in the server's words.
    #[error("{sentence}")]
    Refused {
        /// A short stable word for scripts.
        code: &'static str,
        /// What the server said.
        sentence: String,
    },
    /// The login was given up before its end.
    #[error("The login was interrupted; try again.")]
    Interrupted,
    /// Something answered that is no Carillon server.
    #[error("What answers at {0} is not a Carillon call server; check the address.")]
    NotCarillon(String),
}

impl LoginError {
    /// A short stable word for scripts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadAddress(_) => "bad-server-address",
            Self::PlainRefused(_) => "plain-refused",
            Self::NoTls => "no-tls",
            Self::Unreachable { .. } | Self::Silent(_) => "server-unreachable",
            Self::WrongPassword => "wrong-password",
            Self::Refused { code, .. } => code,
            Self::Interrupted => "interrupted",
            Self::NotCarillon(_) => "not-a-call-server",
        }
    }
}

impl From<LoginError> for Problem {
    fn from(error: LoginError) -> Self {
        Self {
            code: error.code(),
            sentence: error.to_string(),
        }
    }
}

/// What a login needs.
#[derive(Clone, Debug)]
pub struct Login {
    /// The server's web address, as a person writes it.
    pub server: String,
    /// The account's name.
    pub name: String,
    /// The account's password.
    pub password: Password,
    /// The name of this device in the account's list.
    pub device_label: String,
    /// The SIP login that this device had before, if it had one: the new one takes its place.
    pub replaces: Option<String>,
    /// Lets the password travel over plain HTTP to another computer.
    pub allow_plain: bool,
}

impl Login {
    /// Logs in and gets this device's SIP credential.
    ///
    /// # Errors
    /// [`LoginError`], a sentence for the person.
    pub async fn run(&self) -> Result<LoginAnswer, LoginError> {
        let url = login_url(&self.server, self.allow_plain)?;
        let place = url.origin().ascii_serialization();
        let unreachable = |error: reqwest::Error| {
            if error.is_timeout() && !error.is_connect() {
                LoginError::Silent(place.clone())
            } else {
                LoginError::Unreachable {
                    server: place.clone(),
                    cause: innermost(&error),
                }
            }
        };
        // No proxy and no redirect: the password goes to the server that was named and nowhere else.
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_PATIENCE)
            .timeout(ANSWER_PATIENCE)
            .build()
            .map_err(unreachable)?;
        let request = LoginRequest {
            name: self.name.clone(),
            password: self.password.reveal().to_owned(),
            device_label: self.device_label.clone(),
            replaces: self.replaces.clone(),
        };
        let response = client
            .post(url.clone())
            .json(&request)
            .send()
            .await
            .map_err(unreachable)?;
        let status = response.status();
        let body = response.bytes().await.map_err(unreachable)?;
        if status.is_success() {
            let mut answer: LoginAnswer = serde_json::from_slice(&body)
                .map_err(|_| LoginError::NotCarillon(place.clone()))?;
            place_unspecified(&mut answer, &url).await;
            return Ok(answer);
        }
        Err(refusal(status, &body, place))
    }
}

fn refusal(status: StatusCode, body: &[u8], place: String) -> LoginError {
    let Ok(problem) = serde_json::from_slice::<api::Problem>(body) else {
        return LoginError::NotCarillon(place);
    };
    let code = match problem.kind {
        ProblemKind::WrongPassword => return LoginError::WrongPassword,
        ProblemKind::AccountDisabled => "account-disabled",
        ProblemKind::TooManyAttempts => "too-many-attempts",
        ProblemKind::Unavailable | ProblemKind::Internal => "server-failed",
        ProblemKind::NotFound => return LoginError::NotCarillon(place),
        _ => "login-refused",
    };
    let detail = problem.detail.trim();
    let sentence = if detail.is_empty() {
        format!("The server refused the login ({status}); try again later.")
    } else {
        detail.to_owned()
    };
    LoginError::Refused { code, sentence }
}

/// The address to post to, if the password may go there.
fn login_url(server: &str, allow_plain: bool) -> Result<Url, LoginError> {
    let server = server.trim();
    let bad = || LoginError::BadAddress(server.to_owned());
    // Without a scheme the safe one is meant, except on this computer.
    let url = if server.contains("://") {
        Url::parse(server).map_err(|_| bad())?
    } else {
        let plain = Url::parse(&format!("http://{server}")).map_err(|_| bad())?;
        if is_loopback(&plain) {
            plain
        } else {
            Url::parse(&format!("https://{server}")).map_err(|_| bad())?
        }
    };
    let host = url
        .host_str()
        .filter(|host| !host.is_empty())
        .ok_or_else(bad)?
        .to_owned();
    match url.scheme() {
        "http" if allow_plain || is_loopback(&url) => {}
        "http" => return Err(LoginError::PlainRefused(host)),
        "https" => return Err(LoginError::NoTls),
        _ => return Err(bad()),
    }
    url.join(LOGIN_PATH).map_err(|_| bad())
}

fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else {
        return false;
    };
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(ip) => ip.is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

/// A server that listens on all its addresses names none; then it is where its web address is.
async fn place_unspecified(answer: &mut LoginAnswer, url: &Url) {
    let sip = &mut answer.sip;
    let addresses = [&mut sip.udp, &mut sip.tcp, &mut sip.tls];
    if addresses
        .iter()
        .all(|address| address.is_none_or(|address| !address.ip().is_unspecified()))
    {
        return;
    }
    let host = url
        .host_str()
        .unwrap_or_default()
        .trim_matches(['[', ']'])
        .to_owned();
    let port = url.port_or_known_default().unwrap_or_default();
    let Some(found) = tokio::net::lookup_host((host, port))
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

/// The last cause in an error's chain, which says what really happened.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string().trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_goes_unencrypted_only_to_this_computer() {
        for here in [
            "http://127.0.0.1:8080",
            "http://localhost",
            "http://[::1]:8080",
            "127.0.0.1:8080",
        ] {
            assert!(login_url(here, false).is_ok(), "{here}");
        }
        for there in [
            "http://192.0.2.1",
            "http://phone.example.org",
            "http://127.0.0.1.example.org",
        ] {
            assert!(
                matches!(login_url(there, false), Err(LoginError::PlainRefused(_))),
                "{there}"
            );
            assert!(login_url(there, true).is_ok(), "{there}");
        }
    }

    #[test]
    fn an_address_without_a_scheme_means_the_safe_one() {
        assert!(matches!(
            login_url("phone.example.org", true),
            Err(LoginError::NoTls)
        ));
    }

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
        };
        let url = Url::parse("http://127.0.0.1:8080").unwrap();
        place_unspecified(&mut answer, &url).await;
        let here = |port| Some(SocketAddr::from(([127, 0, 0, 1], port)));
        assert_eq!(
            (answer.sip.udp, answer.sip.tcp, answer.sip.tls),
            (None, here(5060), here(5061))
        );
    }

    #[test]
    fn what_is_no_web_address_is_refused() {
        for wrong in ["", "ftp://127.0.0.1", "http://", "127.0.0.1:port"] {
            assert!(
                matches!(login_url(wrong, true), Err(LoginError::BadAddress(_))),
                "{wrong:?}"
            );
        }
    }

    #[test]
    fn the_path_is_that_of_the_login() {
        let url = login_url("http://127.0.0.1:8080/some/page", false).unwrap();
        assert_eq!(url.as_str(), "http://127.0.0.1:8080/api/v1/login");
    }

    #[test]
    fn a_refusal_is_told_in_the_servers_words() {
        let problem = api::Problem::new(
            ProblemKind::AccountDisabled,
            "The account is disabled; ask for it.",
        );
        let body = serde_json::to_vec(&problem).unwrap();
        let error = refusal(StatusCode::FORBIDDEN, &body, "http://x".into());
        assert_eq!(error.code(), "account-disabled");
        assert_eq!(error.to_string(), "The account is disabled; ask for it.");
    }

    #[test]
    fn a_page_of_another_server_is_recognised() {
        let error = refusal(StatusCode::NOT_FOUND, b"<html>", "http://x".into());
        assert_eq!(error.code(), "not-a-call-server");
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_named_in_the_sentence() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let server = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let login = Login {
            server: server.clone(),
            name: "amina".into(),
            password: "secret words".to_owned().into(),
            device_label: "test".into(),
            replaces: None,
            allow_plain: false,
        };
        let error = login.run().await.unwrap_err();
        assert_eq!(error.code(), "server-unreachable");
        assert!(error.to_string().contains(&server), "{error}");
        assert!(!error.to_string().contains("secret words"));
    }
}
