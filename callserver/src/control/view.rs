//! What `callctl` shows: also the shape of its `--json` output.

use std::fmt;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::office::Credential;
use crate::store::{AccountRow, DeviceRow, NumberHistoryRow, NumberRow};

/// An account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccountView {
    /// The immutable id.
    pub id: i64,
    /// The username.
    pub name: String,
    /// What people see.
    pub display_name: String,
    /// The primary number.
    pub number: Option<String>,
    /// `active` or `disabled`.
    pub state: String,
    /// Whether one can log in by password.
    pub has_password: bool,
    /// How many devices it has.
    pub devices: i64,
    /// RFC 3339.
    pub created_at: String,
}

/// A device.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DeviceView {
    /// The immutable id.
    pub id: i64,
    /// The owner's username.
    pub account: String,
    /// What people call it.
    pub label: String,
    /// The SIP user name.
    pub login: String,
    /// RFC 3339.
    pub created_at: String,
    /// When it last registered, RFC 3339.
    pub last_seen_at: Option<String>,
}

/// A new device's credential: what one types into the phone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialView {
    /// The owner's username.
    pub account: String,
    /// The owner's number.
    pub number: Option<String>,
    /// What people call the device.
    pub label: String,
    /// The SIP user name.
    pub login: String,
    /// The SIP password, shown this once.
    pub secret: String,
    /// The SIP domain and realm.
    pub domain: String,
}

/// A number.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NumberView {
    /// The number.
    pub number: String,
    /// `free`, `assigned`, `reserved`, `guest` or `quarantined`.
    pub state: String,
    /// Who holds it.
    pub account: Option<String>,
    /// Whether it is its holder's primary number.
    pub is_primary: bool,
    /// How many holders it has had.
    pub epoch: i64,
    /// RFC 3339.
    pub changed_at: String,
}

/// One line of a number's history.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HistoryView {
    /// RFC 3339.
    pub at: String,
    /// What the number became.
    pub state: String,
    /// For whom.
    pub account: Option<String>,
    /// The count of holders.
    pub epoch: i64,
    /// Why.
    pub reason: String,
}

/// A call at present.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CallView {
    /// For `calls hangup`.
    pub call: u64,
    /// Who calls.
    pub caller: String,
    /// Who is called.
    pub callee: String,
    /// `calling`, `ringing` or `answered`.
    pub state: String,
    /// Since it began.
    pub seconds: u64,
    /// RTP and RTCP packets that came from the caller.
    pub packets_from_caller: u64,
    /// RTP and RTCP packets that came from the callee.
    pub packets_from_callee: u64,
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

/// How the server is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StatusView {
    /// Whether a server runs on this data folder.
    pub is_running: bool,
    /// The program's version.
    pub version: String,
    /// The SIP domain.
    pub domain: String,
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
    /// Since the server became ready.
    pub uptime_seconds: Option<u64>,
    /// How many accounts there are.
    pub accounts: u64,
    /// How many devices are registered now.
    pub registrations: Option<u64>,
    /// How many calls there are now.
    pub calls: Option<u64>,
}

impl fmt::Debug for CredentialView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialView")
            .field("login", &self.login)
            .field("secret", &"(hidden)")
            .finish()
    }
}

/// Unix milliseconds as RFC 3339.
fn rfc_3339(unix_millis: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp(unix_millis.div_euclid(1000));
    at.ok()
        .and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_else(|| unix_millis.to_string())
}

impl From<AccountRow> for AccountView {
    fn from(row: AccountRow) -> Self {
        Self {
            id: row.account.0,
            name: row.username,
            display_name: row.display_name,
            number: row.number.map(String::from),
            state: if row.is_disabled {
                "disabled"
            } else {
                "active"
            }
            .into(),
            has_password: row.has_password,
            devices: row.devices,
            created_at: rfc_3339(row.created_at),
        }
    }
}

impl From<DeviceRow> for DeviceView {
    fn from(row: DeviceRow) -> Self {
        Self {
            id: row.device.0,
            account: row.username,
            label: row.label,
            login: row.login,
            created_at: rfc_3339(row.created_at),
            last_seen_at: row.last_seen_at.map(rfc_3339),
        }
    }
}

impl From<NumberRow> for NumberView {
    fn from(row: NumberRow) -> Self {
        Self {
            number: row.number.into(),
            state: row.state.as_str().into(),
            account: row.username,
            is_primary: row.is_primary,
            epoch: row.epoch,
            changed_at: rfc_3339(row.changed_at),
        }
    }
}

impl From<NumberHistoryRow> for HistoryView {
    fn from(row: NumberHistoryRow) -> Self {
        Self {
            at: rfc_3339(row.happened_at),
            state: row.state.as_str().into(),
            account: row.username,
            epoch: row.epoch,
            reason: row.reason,
        }
    }
}

impl CredentialView {
    pub(super) fn new(account: AccountRow, credential: Credential, domain: &str) -> Self {
        Self {
            account: account.username,
            number: account.number.map(String::from),
            label: credential.label,
            login: credential.login,
            secret: credential.secret,
            domain: domain.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_are_rfc_3339() {
        assert_eq!(super::rfc_3339(1_700_000_000_123), "2023-11-14T22:13:20Z");
        assert_eq!(super::rfc_3339(i64::MAX), i64::MAX.to_string());
    }
}
