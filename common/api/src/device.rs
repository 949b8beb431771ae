//! One's own devices: phones with a SIP credential each.

use serde::{Deserialize, Serialize};

use crate::{DeviceCredential, SipService};

/// A device, without its credential.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Device {
    /// The digest user name, by which it is named here.
    pub login: String,
    /// What its owner calls it.
    pub label: String,
    /// RFC 3339.
    pub created_at: String,
    /// When it last registered, RFC 3339.
    pub last_seen_at: Option<String>,
}

/// What a device is called, or is to be called.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceName {
    /// 1 to 64 characters of any script, such as "the phone in the kitchen".
    pub label: String,
}

/// A device that was just made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewDeviceAnswer {
    /// What one types into the phone. The secret is not shown a second time.
    pub device: DeviceCredential,
    /// Where it registers.
    pub sip: SipService,
    /// All of it in one `sip-setup:` link, for a QR code. It holds the secret too.
    pub setup: String,
}

impl std::fmt::Debug for NewDeviceAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewDeviceAnswer")
            .field("device", &self.device)
            .field("sip", &self.sip)
            .field("setup", &"(hidden)")
            .finish()
    }
}
