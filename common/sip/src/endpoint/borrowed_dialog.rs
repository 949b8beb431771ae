//! Subscriptions in the dialogs of calls, which may outlive the calls (RFC 5057).

use super::{Endpoint, LegId};
use crate::dialog::{Dialog, Leg};
use crate::subscription::Orphan;
use crate::{Flow, HeaderName, Method, Request};

impl Endpoint {
    /// The call ends; its dialog stays while there are subscriptions in it.
    pub(super) fn keep_dialog(&mut self, id: LegId, leg: &mut Leg) {
        if !self.subscriptions.lives_in(id, leg.key) {
            return;
        }
        let flow = leg.flow;
        if let Some(dialog) = leg.dialog_mut().cloned() {
            let orphan = Orphan { flow, dialog };
            self.subscriptions.orphans.insert(id, orphan);
        }
    }

    /// A request in the dialog of a call, or of what is left of one, with our Contact.
    pub(super) fn request_in(&mut self, leg: LegId, method: Method) -> Option<(Flow, Request)> {
        let (flow, dialog) = self.dialog_of(leg)?;
        let mut request = dialog.request(method);
        request.headers.push(HeaderName::Contact, dialog.contact());
        Some((flow, request))
    }

    pub(super) fn next_sequence_of(&mut self, leg: LegId) -> Option<u32> {
        let (_, dialog) = self.dialog_of(leg)?;
        Some(dialog.next_sequence())
    }

    fn dialog_of(&mut self, id: LegId) -> Option<(Flow, &mut Dialog)> {
        if let Some(leg) = self.legs.get_mut(&id) {
            let flow = leg.flow;
            return leg.dialog_mut().map(|dialog| (flow, dialog));
        }
        let orphan = self.subscriptions.orphans.get_mut(&id)?;
        Some((orphan.flow, &mut orphan.dialog))
    }
}
