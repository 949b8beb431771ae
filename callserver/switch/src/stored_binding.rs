//! A registration as it is kept outside, so that it survives a restart.

use sip::{Flow, Text};

use crate::{AccountId, BindingId, DeviceId};

/// Everything that it takes to bring a registration back.
///
/// It comes with [`Event::DeviceRegistered`](crate::Event::DeviceRegistered), replaces what was kept under the same `id`,
/// and goes back in with [`Input::Restore`](crate::Input::Restore).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredBinding {
    /// Names it as long as it lives, refreshes and restarts included.
    pub id: BindingId,
    /// The owner.
    pub account: AccountId,
    /// The device.
    pub device: DeviceId,
    /// The device's digest user name.
    pub login: Text,
    /// The contact URI that the phone wants to be called at.
    pub contact: Text,
    /// Preference among the account's phones in thousandths, 0 to 1000.
    pub q: u16,
    /// The proxies before the phone, the values of `Path` in their order (RFC 3327).
    pub path: Vec<Text>,
    /// Where requests to the phone go: its `remote` is the address that the REGISTER came from.
    pub flow: Flow,
    /// What other servers call the flow (RFC 5626 section 5.1), if there may be any.
    pub token: Option<Text>,
    /// The phone's own unchanging name (`+sip.instance`, RFC 5626 section 4.1), without quotes.
    pub instance: Option<Text>,
    /// Which of the phone's flows this is (`reg-id`, RFC 5626 section 4.2).
    pub reg_id: Option<u32>,
    /// Of the REGISTER that made or last refreshed it.
    pub call_id: Text,
    /// Of the same REGISTER.
    pub cseq: u32,
    /// How long it lives from now, in seconds. Whoever keeps it counts the time down.
    pub expires_seconds: u32,
    /// What the phone calls itself.
    pub user_agent: Option<Text>,
    /// Whether it reads conversations by itself ([`sip::READS_ROOMS`]), so that it gets no letters.
    pub reads_rooms: bool,
}
