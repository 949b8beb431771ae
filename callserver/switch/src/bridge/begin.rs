//! A call between two known people begins.

use std::time::Instant;

use bytes::Bytes;
use sip::{Contact, Flow, Headers, MaxForwards, StatusCode};

use super::Bridge;
use super::call::{AwaitingPorts, Call, Phone, Stage};
use super::description::{Told, is_behind_nat, read};
use super::early::acknowledges_progress;
use super::end::{ABSENT, Ending};
use crate::desk::Desk;
use crate::questions::Purpose;
use crate::reception::Admitted;
use crate::registrar::Registrar;
use crate::{AccountId, CallEnd, CallId, DeviceId, Event, Question, Side};

impl Bridge {
    /// Asks the relay for ports, unless the call cannot come about at all.
    pub(crate) fn begin(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        admitted: Admitted,
    ) {
        let Admitted {
            leg,
            flow,
            invite,
            caller,
            callee,
            dialled,
        } = admitted;
        let load = self.load.get(&caller.account).copied().unwrap_or_default();
        if load >= desk.config.max_calls_of_account {
            return desk.reject(now, leg, StatusCode::BUSY_HERE, Headers::new());
        }
        self.last_call += 1;
        let id = CallId(self.last_call);
        let caller_device = caller.device;
        let (caller_party, callee_party) = (caller.party(), callee.party.clone());
        let (from, to) = (caller_party.account, callee_party.account);
        desk.emit(Event::CallStarted {
            call: id,
            caller: caller_party.clone(),
            callee: callee_party.clone(),
            dialled,
        });
        // The ports are asked for last, so that calls which cannot come about cost none.
        let offer = match &invite.body {
            empty if empty.is_empty() => Ok(None),
            body => read(body).map(Some).map_err(|unusable| {
                Ending::by_side(CallEnd::NoMedia, Side::Caller, None).with_status(unusable.status())
            }),
        };
        let offer = match obstacle(registrar, to, caller_device).map_or(offer, Err) {
            Ok(offer) => offer,
            Err(ending) => {
                desk.reject(now, leg, ending.status, ending.headers());
                return desk.emit(Event::CallEnded {
                    call: id,
                    cause: ending.cause,
                    hung_up_by: ending.by,
                });
            }
        };
        *self.load.entry(from).or_default() += 1;
        let question = Question::MediaPorts {
            call: id,
            caller: flow,
            callees: ways(registrar, to, caller_device),
        };
        let ask = desk.ask(now, question, Purpose::Ports(id));
        let hops = invite.headers.typed::<MaxForwards>().ok().flatten();
        let mut headers = Headers::new();
        // The core has refused what may go no further.
        let hops = hops.unwrap_or(MaxForwards::INITIAL).0.saturating_sub(1);
        headers.push_typed(&MaxForwards(hops));
        callee.push_history(&mut headers, &desk.config.domain);
        callee.push_diversion(&mut headers, &desk.config.domain);
        let awaiting = AwaitingPorts {
            ask,
            offer,
            takes_early_offer: acknowledges_progress(&invite.headers),
            caller_device,
            headers,
        };
        let contact = invite.headers.typed::<Contact>().ok().flatten();
        let contact = contact.as_ref().and_then(Contact::address);
        let contact = contact.map(|address| address.uri.clone());
        let call = Call {
            id,
            charged: caller_party.account,
            caller: caller_party,
            callee: callee_party,
            caller_phone: Phone {
                leg,
                device: caller_device,
                flow,
                receives_at: None,
                is_behind_nat: is_behind_nat(contact.as_ref(), flow),
                told: Told::new(self.first_session + 2 * id.0),
            },
            stage: Stage::AwaitingPorts(awaiting),
        };
        self.legs.insert(leg, (id, Side::Caller));
        self.calls.insert(id, call);
        if callee.forwarded_from.is_some() {
            let progress = sip::Input::Progress {
                leg,
                status: StatusCode::CALL_IS_BEING_FORWARDED,
                body: Bytes::new(),
            };
            desk.endpoint.handle(now, progress);
        }
    }
}

/// The ways to the phones that shall ring, with those that are tried when the first one fails.
fn ways(registrar: &Registrar, callee: AccountId, caller: DeviceId) -> Vec<Flow> {
    let phones = registrar.reachable(callee, Some(caller)).into_iter();
    phones
        .flat_map(|phone| std::iter::once(phone.first).chain(phone.others))
        .map(|target| target.flow)
        .collect()
}

/// Why nobody can ring: all of the callee's phones do, but not the very one that calls.
fn obstacle(registrar: &Registrar, callee: AccountId, caller: DeviceId) -> Option<Ending> {
    if !registrar.reachable(callee, Some(caller)).is_empty() {
        return None;
    }
    Some(if registrar.reachable(callee, None).is_empty() {
        Ending::refused(CallEnd::Unreachable, StatusCode::TEMPORARILY_UNAVAILABLE).because(ABSENT)
    } else {
        // Only the phone that calls is there, and that one is busy calling.
        Ending::refused(CallEnd::Busy, StatusCode::BUSY_HERE)
    })
}
