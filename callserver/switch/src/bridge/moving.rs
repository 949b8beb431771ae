//! Phones that come over another flow while they are in a call (RFC 5626): their connection broke and was made anew, or
//! they went from one network to another.
//!
//! Requests in a call follow the phone: to where its last new request in the call came from, or to where it has registered
//! again. A call is lost only if neither happens for as long as the core waits.

use std::time::Instant;

use sip::{Flow, LegId};

use super::Bridge;
use super::call::{Phone, Stage};
use crate::desk::Desk;
use crate::registrar::{Move, Registrar};
use crate::{Event, Side};

impl Bridge {
    /// The connection under an answered call broke. A phone with several flows is asked over another one at once.
    pub(crate) fn flow_lost(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        leg: LegId,
    ) {
        let Some((call, side)) = self.call_of(leg) else {
            return;
        };
        let account = call.party(side).account;
        let Some(phone) = self.phone_on(leg) else {
            return;
        };
        // Another server's phones are that server's affair: only the way there is made anew, once.
        let server = phone.server.take();
        let way = server.or_else(|| registrar.other_way(account, phone.device, phone.flow));
        if let Some(flow) = way {
            desk.endpoint.handle(now, sip::Input::MoveLeg { leg, flow });
        }
    }

    /// A phone has registered over another flow: those of its calls that were reached over the old one go along.
    pub(crate) fn device_moved(&mut self, now: Instant, desk: &mut Desk, moved: Move) {
        for leg in desk.endpoint.legs_on(moved.from) {
            let is_theirs = |phone: &mut Phone| phone.device == moved.device;
            if self.phone_on(leg).is_some_and(is_theirs) {
                let flow = moved.to;
                desk.endpoint.handle(now, sip::Input::MoveLeg { leg, flow });
            }
        }
    }

    /// A phone is somewhere else: it brings its audio along.
    pub(crate) fn moved(&mut self, desk: &mut Desk, leg: LegId, flow: Flow) {
        let Some((call, side)) = self.legs.get(&leg).copied() else {
            return;
        };
        let Some(phone) = self.phone_on(leg) else {
            return;
        };
        let old = std::mem::replace(&mut phone.flow, flow).remote.ip();
        let Some(remote) = phone.receives_at else {
            return;
        };
        let now_from = flow.remote.ip();
        if old.to_canonical() == now_from.to_canonical() {
            return;
        }
        // What it said of its address was true where it was before. Its next description will tell.
        phone.is_behind_nat |= remote.ip().to_canonical() != now_from.to_canonical();
        desk.emit(Event::MediaExpected {
            call,
            side,
            remote,
            signalled_from: now_from,
            is_behind_nat: phone.is_behind_nat,
        });
    }

    /// The phone at the end of this leg, if it is one of the two that the call is between, or rings.
    pub(super) fn phone_on(&mut self, leg: LegId) -> Option<&mut Phone> {
        let (call, side) = self.call_of(leg)?;
        if side == Side::Caller && call.caller_phone.leg == leg {
            return Some(&mut call.caller_phone);
        }
        let phone = match &mut call.stage {
            Stage::AwaitingPorts(_) | Stage::Hosted(_) => None,
            Stage::Ringing(ringing) => {
                let mut phones = ringing.branches.iter_mut().map(|branch| &mut branch.phone);
                phones.find(|phone| phone.leg == leg)
            }
            Stage::Talking(talking) => Some(&mut talking.callee_phone),
        };
        phone.filter(|phone| phone.leg == leg)
    }
}
