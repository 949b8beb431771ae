//! Devices: what an administrator can ask, how it is done, and what comes back.

use std::fmt;

use api::{DeviceCredential, SetupLink, SipService};
use serde::{Deserialize, Serialize};

use super::{Answer, Failure, Operator};
use crate::office::{Credential, Office};
use crate::store::{AccountRow, DeviceRow};
use crate::times::rfc_3339_seconds;

/// What can be asked about devices.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DevicesCommand {
    /// Add a device. Answered with [`CredentialView`], the only time that the secret is shown.
    Add {
        /// The owner's username.
        account: String,
        /// What people call it.
        label: Option<String>,
    },
    /// The devices of one account, or of all. Answered with `Vec<DeviceView>`.
    List {
        /// The owner's username.
        account: Option<String>,
    },
    /// Revoke a device. Answered with [`Done`](super::Done).
    Remove {
        /// The owner's username.
        account: String,
        /// The device's login.
        login: String,
    },
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
    /// The SIP user name; none in a rehearsal.
    pub login: Option<String>,
    /// The SIP password, shown this once; none in a rehearsal.
    pub secret: Option<String>,
    /// The SIP domain and realm.
    pub domain: String,
    /// All of it as a `sip-setup:` link; none in a rehearsal.
    pub setup: Option<String>,
}

impl fmt::Debug for CredentialView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialView")
            .field("login", &self.login)
            .field("secret", &"(hidden)")
            .finish()
    }
}

impl From<DeviceRow> for DeviceView {
    fn from(row: DeviceRow) -> Self {
        Self {
            id: row.device.0,
            account: row.username,
            label: row.label,
            login: row.login,
            created_at: rfc_3339_seconds(row.created_at),
            last_seen_at: row.last_seen_at.map(rfc_3339_seconds),
        }
    }
}

impl CredentialView {
    /// A credential that nobody will know after the rehearsal is not shown: somebody might type it into a phone.
    pub(super) fn new(
        account: AccountRow,
        credential: Credential,
        sip: &SipService,
        is_rehearsal: bool,
    ) -> Self {
        let real = |text| (!is_rehearsal).then_some(text);
        let device = DeviceCredential {
            login: credential.login.clone(),
            secret: credential.secret.clone(),
            label: credential.label.clone(),
        };
        let setup = SetupLink {
            number: account.number.clone(),
            name: Some(account.display_name),
            ..SetupLink::new(&device, sip)
        };
        Self {
            account: account.username,
            number: account.number.map(String::from),
            label: credential.label,
            login: real(credential.login),
            secret: real(credential.secret),
            domain: sip.domain.clone(),
            setup: real(setup.to_string()),
        }
    }
}

impl Operator {
    pub(super) async fn devices(
        &self,
        office: &Office,
        command: DevicesCommand,
        is_rehearsal: bool,
    ) -> Result<Answer, Failure> {
        match command {
            DevicesCommand::Add { account, label } => {
                let (account, credential) = office.add_device(&account, label.as_deref()).await?;
                let sip = self.sip_service();
                let view = CredentialView::new(account, credential, &sip, is_rehearsal);
                Answer::of(&view)
            }
            DevicesCommand::List { account } => {
                let devices = office.devices(account.as_deref()).await?.into_iter();
                Answer::of(&devices.map(DeviceView::from).collect::<Vec<_>>())
            }
            DevicesCommand::Remove { account, login } => {
                office.remove_device(&account, &login).await?;
                Answer::done()
            }
        }
    }
}
