//! A phone sends its caller elsewhere (3xx, RFC 3261 section 8.1.3.4): numbers of this house are called instead.

use std::time::Instant;

use bytes::Bytes;
use sip::{Contact, Headers, StatusCode, Text};

use super::Bridge;
use super::call::{Branch, Ringing};
use super::end::Ending;
use crate::desk::Desk;
use crate::questions::Purpose;
use crate::reached::Unreached;
use crate::reception::dialled;
use crate::refusal::call_end;
use crate::registrar::{Reachable, Registrar};
use crate::{AccountId, CallId, Question, Reached, Side};

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
        let (leg, caller) = (call.caller_phone.leg, call.caller.clone());
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
            // The caller goes there, not the phone that shows the way: the right to do so must be the caller's.
            let caller = caller.clone();
            let purpose = Purpose::Redirection(call_id);
            let question = Question::Destination {
                dialled,
                caller,
                on_behalf_of: None,
            };
            desk.ask(now, question, purpose);
        }
        let progress = sip::Input::Progress {
            leg,
            status: StatusCode::CALL_IS_BEING_FORWARDED,
            body: Bytes::new(),
        };
        desk.endpoint.handle(now, progress);
        true
    }

    /// Where that leads is known: their phones ring, unless they have been asked before.
    pub(crate) fn redirection_found(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        call_id: CallId,
        target: Reached,
    ) {
        let Some(call) = self.calls.get_mut(&call_id) else {
            return;
        };
        let caller = call.caller.clone();
        let Some(ringing) = call.ringing() else {
            return;
        };
        ringing.lookups = ringing.lookups.saturating_sub(1);
        let target = match target.into_callee() {
            Ok(callee) => Some(callee.party),
            // A caller would dial the new number; here it is looked up for them.
            Err(Unreached::Moved { to: dialled }) if ringing.redirections < MOST_REDIRECTIONS => {
                ringing.redirections += 1;
                ringing.lookups += 1;
                let purpose = Purpose::Redirection(call_id);
                let question = Question::Destination {
                    dialled,
                    caller,
                    on_behalf_of: None,
                };
                desk.ask(now, question, purpose);
                None
            }
            Err(_) => None,
        };
        if let Some(target) = target
            && !ringing.is_invited(target.account)
        {
            let account = target.account;
            ringing.invited.push(target);
            // One phone alone may let the caller hear something: its offer has one answer. Now there are others.
            ringing.is_single = false;
            ringing.invitation.ask_for_no_early_offer();
            for Reachable { first, others } in
                registrar.reachable(account, Some(ringing.caller_device))
            {
                let phone = ringing.invitation.send(now, desk, &first);
                self.legs.insert(phone.leg, (call_id, Side::Callee));
                ringing.branches.push(Branch {
                    phone,
                    account,
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

impl Ringing {
    fn is_invited(&self, account: AccountId) -> bool {
        self.invited.iter().any(|party| party.account == account)
    }
}
