//! A phone sends its caller elsewhere (3xx, RFC 3261 section 8.1.3.4): numbers of this house are called instead.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;
use sip::{Contact, HeaderName, Headers, StatusCode, Text};

use super::Bridge;
use super::call::{Branch, Call, Ringing};
use super::treat::{Calling, Decision, Round, SendOn};
use crate::desk::Desk;
use crate::questions::Purpose;
use crate::reached::{Callee, Unreached};
use crate::reception::dialled;
use crate::registrar::{Reachable, Registrar};
use crate::way::Cause;
use crate::{AccountId, CallId, Party, Question, Reached, Side};

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

    /// Where that leads is known: their phones ring, unless they have been asked before, or do not want to be called.
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
        let (caller, is_anonymous) = (call.caller.clone(), call.is_anonymous);
        let Some(ringing) = call.ringing() else {
            return;
        };
        ringing.lookups = ringing.lookups.saturating_sub(1);
        let device = ringing.caller_device;
        match target.into_callee() {
            Ok(target) if ringing.is_invited(target.party.account) => {}
            Ok(target) => {
                let calling = Calling {
                    call: call_id,
                    party: &caller,
                    device: Some(device),
                    is_anonymous,
                };
                match self.decide(registrar, &target, calling) {
                    Decision::Ring(rounds) => {
                        self.ring_too(now, desk, registrar, call_id, (&target, &rounds));
                    }
                    Decision::SendOn(SendOn { to, .. }) => {
                        self.look_further(now, desk, call_id, to, target.party);
                    }
                    Decision::GiveUp(_) | Decision::Refuse(_) => {}
                }
            }
            // A caller would dial the new number; here it is looked up for them.
            Err(Unreached::Moved { to }) => self.look_further(now, desk, call_id, to, caller),
            Err(_) => {}
        }
        self.end_if_nobody_rings(now, desk, registrar, call_id);
    }

    /// The place that a phone named leads to another one.
    fn look_further(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        id: CallId,
        dialled: Text,
        on_whose_right: Party,
    ) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let heard = call.caller.account;
        let Some(ringing) = call.ringing() else {
            return;
        };
        if ringing.redirections < MOST_REDIRECTIONS {
            ringing.redirections += 1;
            ringing.lookups += 1;
            let question = Question::Destination {
                dialled,
                on_behalf_of: (heard != on_whose_right.account).then_some(heard),
                caller: on_whose_right,
            };
            desk.ask(now, question, Purpose::Redirection(id));
        }
    }

    /// Phones of others ring besides those that ring already.
    fn ring_too(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        id: CallId,
        (target, rounds): (&Callee, &VecDeque<Round>),
    ) {
        let Some((ringing, search)) = self.calls.get_mut(&id).and_then(Call::searching) else {
            return;
        };
        // They are told how the call came to them, which those who ring already need not know.
        let domain = &desk.config.domain;
        let mut way = search.way.clone();
        way.go_on(target, Cause::Deflected);
        let before = ringing.invitation.headers.clone();
        let headers = &mut ringing.invitation.headers;
        headers.remove(&HeaderName::HistoryInfo);
        headers.remove(&HeaderName::Diversion);
        way.push_history(headers, domain);
        way.push_diversion(headers, domain);
        headers.append(search.history.clone());
        // One phone alone may let the caller hear something: its offer has one answer. Now there are others.
        ringing.is_single = false;
        ringing.invitation.ask_for_no_early_offer();
        for round in rounds {
            for party in &round.whom {
                if !ringing.is_invited(party.account) {
                    ringing.invited.push(party.clone());
                }
            }
            for (account, Reachable { first, others }) in
                round.phones(registrar, Some(ringing.caller_device))
            {
                let phone = ringing.invitation.send(now, desk, &first);
                self.legs.insert(phone.leg, (id, Side::Callee));
                ringing.branches.push(Branch {
                    phone,
                    account,
                    binding: first.binding,
                    others,
                });
            }
        }
        ringing.invitation.headers = before;
    }

    /// The last phone that rang has refused: others may have their turn, if no other one is being looked for.
    pub(super) fn end_if_nobody_rings(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        call: CallId,
    ) {
        let Some(ringing) = self.calls.get_mut(&call).and_then(|call| call.ringing()) else {
            return;
        };
        if ringing.branches.is_empty() && ringing.lookups == 0 && ringing.picker.is_none() {
            self.ring_next(now, desk, registrar, call);
        }
    }
}

impl Ringing {
    fn is_invited(&self, account: AccountId) -> bool {
        self.invited.iter().any(|party| party.account == account)
    }
}
