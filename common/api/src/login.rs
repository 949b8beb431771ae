//! `POST /api/v1/login`: name and password in, a device credential and the SIP addresses out.

use std::fmt;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::{AccountId, Number, Tokens};

/// Where a [`LoginRequest`] is posted.
pub const LOGIN_PATH: &str = "/api/v1/login";

/// What a softphone posts to [`LOGIN_PATH`]. The rules for new names and passwords are not applied here: an older
/// account keeps working when they become stricter.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoginRequest {
    /// The username, in any case.
    pub name: String,
    /// The account's password.
    pub password: String,
    /// How the person will recognise this device in a list, such as "Alice's laptop".
    pub device_label: String,
    /// The SIP login that this device got from an earlier answer, if it has one: that credential ends and the new
    /// one takes its place in the list. Without it a device is added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
}

/// The answer to a login that succeeded (status 200).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoginAnswer {
    /// Who has logged in.
    pub account: Account,
    /// What this device registers with from now on. The secret is not shown a second time.
    pub device: DeviceCredential,
    /// Where to register.
    pub sip: SipService,
    /// What proves the session over HTTP that began with this login. Servers before there were sessions send none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Tokens>,
}

/// What others may know about an account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Account {
    /// The immutable id.
    pub id: AccountId,
    /// The username as it is today.
    pub name: String,
    /// What people see.
    pub display_name: String,
    /// The primary number, if the account holds one.
    pub number: Option<Number>,
}

/// The SIP credential of one device. The server keeps only hashes of the secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceCredential {
    /// The digest username of this device, also the user part of its SIP address.
    pub login: String,
    /// The digest password, shown exactly once.
    pub secret: String,
    /// The label it was made under.
    pub label: String,
}

/// Where and as whom a device speaks SIP.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SipService {
    /// The host part of SIP addresses, and the digest realm.
    pub domain: String,
    /// Where SIP over UDP is spoken, if it is.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub udp: Option<SocketAddr>,
    /// Where SIP over TCP is spoken, if it is.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub tcp: Option<SocketAddr>,
    /// Where SIP over TLS is spoken, if it is.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub tls: Option<SocketAddr>,
    /// SHA-256 of the server's certificate (of its DER form), 64 small hexadecimal digits, if it speaks TLS. Whoever
    /// got this answer over a connection that it trusts may trust exactly this certificate.
    #[serde(default)]
    pub certificate_sha256: Option<String>,
}

impl fmt::Debug for LoginRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginRequest")
            .field("name", &self.name)
            .field("password", &"(hidden)")
            .field("device_label", &self.device_label)
            .field("replaces", &self.replaces)
            .finish()
    }
}

impl fmt::Debug for DeviceCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceCredential")
            .field("login", &self.login)
            .field("secret", &"(hidden)")
            .field("label", &self.label)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> LoginAnswer {
        LoginAnswer {
            account: Account {
                id: AccountId(7),
                name: "alice".into(),
                display_name: "Alice".into(),
                number: Some(Number::parse("1000").unwrap()),
            },
            device: DeviceCredential {
                login: "d-x".into(),
                secret: "s3cret".into(),
                label: "laptop".into(),
            },
            sip: SipService {
                domain: "carillon.example".into(),
                udp: Some("127.0.0.1:5060".parse().unwrap()),
                tcp: None,
                tls: Some("127.0.0.1:5061".parse().unwrap()),
                certificate_sha256: Some("ab".repeat(32)),
            },
            tokens: Some(Tokens {
                access_token: "t0ken".into(),
                access_seconds: 900,
                refresh_token: "t0ken2".into(),
                refresh_seconds: 5_184_000,
            }),
        }
    }

    #[test]
    fn the_answer_has_the_agreed_field_names() {
        let json = serde_json::to_value(answer()).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "account": {"id": 7, "name": "alice", "display_name": "Alice", "number": "1000"},
                "device": {"login": "d-x", "secret": "s3cret", "label": "laptop"},
                "sip": {
                    "domain": "carillon.example", "udp": "127.0.0.1:5060", "tcp": null,
                    "tls": "127.0.0.1:5061", "certificate_sha256": "ab".repeat(32),
                },
                "tokens": {
                    "access_token": "t0ken", "access_seconds": 900,
                    "refresh_token": "t0ken2", "refresh_seconds": 5_184_000,
                },
            })
        );
        assert_eq!(
            serde_json::from_value::<LoginAnswer>(json).unwrap(),
            answer()
        );
    }

    #[test]
    fn the_answer_of_a_server_without_tls_can_be_read() {
        let sip: SipService =
            serde_json::from_str(r#"{"domain":"x","udp":"127.0.0.1:5060","tcp":null}"#).unwrap();
        assert_eq!((sip.tls, sip.certificate_sha256), (None, None));
    }

    #[test]
    fn secrets_are_not_in_the_debug_text() {
        let answer = format!("{:?}", answer());
        assert!(
            !answer.contains("s3cret") && !answer.contains("t0ken"),
            "{answer}"
        );
        let request = LoginRequest {
            name: "alice".into(),
            password: "s3cret".into(),
            device_label: "x".into(),
            replaces: None,
        };
        assert!(!format!("{request:?}").contains("s3cret"));
    }
}
