//! One registered phone.

use std::time::Instant;

use sip::{Flow, Text, Uri};

use crate::timetable::TimerId;
use crate::{BindingId, DeviceId, StoredBinding, Unregistration};

/// Where one phone can be reached, until when.
#[derive(Debug)]
pub(crate) struct Binding {
    pub(crate) id: BindingId,
    pub(crate) device: DeviceId,
    pub(crate) login: Text,
    /// The URI that the phone wants to be called at.
    pub(crate) contact: Uri,
    /// The same as it is written: it is told with each refresh.
    pub(super) contact_text: Text,
    /// The phone's own unchanging name (RFC 5626 section 4.1), if it gives one.
    pub(super) instance: Option<Text>,
    /// Which of the phone's flows this is (RFC 5626 section 4.2).
    pub(super) reg_id: Option<u32>,
    /// The proxies before the phone (RFC 3327).
    pub(crate) path: Vec<Text>,
    pub(super) user_agent: Option<Text>,
    /// Whether the phone reads conversations by itself.
    pub(super) reads_rooms: bool,
    /// Preference in thousandths.
    pub(super) q: u16,
    /// Of the REGISTER that made or last refreshed it: older ones are refused (RFC 3261 10.3 step 7).
    pub(super) call_id: Text,
    pub(super) cseq: u32,
    /// Where requests to the phone go.
    pub(crate) flow: Flow,
    /// What other servers call this flow.
    pub(super) token: Option<Text>,
    /// When it was made or last refreshed.
    pub(crate) registered_at: Instant,
    pub(super) expires_at: Instant,
    pub(super) timer: TimerId,
}

impl Binding {
    /// Whether both are ways to the same phone: it gave them one name, and a number to each.
    pub(super) fn is_same_phone(&self, other: &Binding) -> bool {
        self.device == other.device
            && self.instance.is_some()
            && self.instance == other.instance
            && self.reg_id.is_some()
            && other.reg_id.is_some()
    }

    pub(super) fn unregistered(
        &self,
        account: crate::AccountId,
        why: Unregistration,
    ) -> crate::Event {
        crate::Event::DeviceUnregistered {
            binding: self.id,
            account,
            device: self.device,
            login: self.login.clone(),
            contact: self.contact_text.clone(),
            why,
        }
    }

    /// What it takes to bring this back, with `expires_seconds` of life.
    pub(super) fn stored(&self, account: crate::AccountId, expires_seconds: u32) -> StoredBinding {
        StoredBinding {
            id: self.id,
            account,
            device: self.device,
            login: self.login.clone(),
            contact: self.contact_text.clone(),
            q: self.q,
            path: self.path.clone(),
            flow: self.flow,
            token: self.token.clone(),
            instance: self.instance.clone(),
            reg_id: self.reg_id,
            call_id: self.call_id.clone(),
            cseq: self.cseq,
            expires_seconds,
            user_agent: self.user_agent.clone(),
            reads_rooms: self.reads_rooms,
        }
    }
}
