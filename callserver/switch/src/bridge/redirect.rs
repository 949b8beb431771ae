//! A phone sends its caller elsewhere (3xx, RFC 3261 section 8.1.3.4): numbers of this house are called instead.

use std::time::Instant;

use bytes::Bytes;
use sip::{Contact, Headers, StatusCode, Text};

use super::Bridge;
use super::call::Branch;
use super::end::Ending;
use crate::desk::Desk;
use crate::questions::Purpose;
use crate::reception::dialled;
use crate::refusal::call_end;
use crate::registrar::{Reachable, Registrar};
use crate::{CallId, Destination, Question, Side};

/// So many numbers may one call be sent on to, whoever names them.
const MOST_REDIRECTIONS: usize = 5;

impl Bridge {
    /// Looks up where a phone sends the caller. Tells whether there is such a place: then the call goes on.
    pub(super) fn redirected(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        call_id: CallId,
        headers: &Headers,
    ) -> bool {
        let Some(call) = self.calls.get_mut(&call_id) else {
            return false;
        };
        let caller = call.caller_phone.leg;
        let Some(ringing) = call.ringing() else {
            return false;
        };
        // Preferred ones first; what cannot be read leads nowhere.
        let mut contacts = headers.typed_list::<Contact>().unwrap_or_default();
        contacts.sort_by_key(|contact| std::cmp::Reverse(contact.q()));
        let addresses = contacts.iter().filter_map(Contact::address);
        let numbers: Vec<Text> = addresses
            .filter_map(|address| dialled(&address.uri, &desk.config.domain))
            .take(MOST_REDIRECTIONS.saturating_sub(ringing.redirections))
            .collect();
        if numbers.is_empty() {
            return false;
        }
        ringing.redirections += numbers.len();
        ringing.lookups += numbers.len();
        for dialled in numbers {
            let purpose = Purpose::Redirection(call_id);
            desk.ask(now, Question::Destination { dialled }, purpose);
        }
        let progress = sip::Input::Progress {
            leg: caller,
            status: StatusCode::CALL_IS_BEING_FORWARDED,
            body: Bytes::new(),
        };
        desk.endpoint.handle(now, progress);
        true
    }

    /// Who is there is known: their phones ring, unless they have been asked before.
    pub(crate) fn redirection_found(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        call_id: CallId,
        target: Option<Destination>,
    ) {
        let Some(call) = self.calls.get_mut(&call_id) else {
            return;
        };
        let Some(ringing) = call.ringing() else {
            return;
        };
        ringing.lookups = ringing.lookups.saturating_sub(1);
        if let Some(target) = target
            && !ringing.invited.contains(&target.account)
        {
            ringing.invited.push(target.account);
            // One phone alone may let the caller hear something: its offer has one answer. Now there are others.
            ringing.is_single = false;
            for Reachable { first, others } in
                registrar.reachable(target.account, Some(ringing.caller_device))
            {
                let phone = ringing.invitation.send(now, desk, &first);
                self.legs.insert(phone.leg, (call_id, Side::Callee));
                ringing.branches.push(Branch {
                    phone,
                    account: target.account,
                    binding: first.binding,
                    others,
                });
            }
        }
        self.end_if_nobody_rings(now, desk, call_id);
    }

    /// The last phone has refused, and no other one is being looked for.
    pub(super) fn end_if_nobody_rings(&mut self, now: Instant, desk: &mut Desk, call: CallId) {
        let Some(ringing) = self.calls.get_mut(&call).and_then(|call| call.ringing()) else {
            return;
        };
        if ringing.branches.is_empty() && ringing.lookups == 0 {
            let (best, reason) = std::mem::take(&mut ringing.refusals).best();
            let ending = Ending {
                reason,
                ..Ending::refused(call_end(best), best)
            };
            self.end(now, desk, call, ending);
        }
    }
}
