//! A REFER comes in: what shall be done, and may it be?

use std::time::Instant;

use sip::{Headers, LegId, ReferTo, Replaces, Request, StatusCode, SubscriptionId, Text, Uri};

use super::{Stage, Transfer, report::report};
use crate::bridge::Bridge;
use crate::bridge::call::{self, Exchange};
use crate::desk::Desk;
use crate::questions::Purpose;
use crate::reception::{Service, dialled};
use crate::registrar::Registrar;
use crate::{CallId, Party, Question, Side};

/// How long a transfer may be reported on, in seconds: longer than any phone rings.
const LIFE_SECONDS: u32 = 300;

impl Bridge {
    /// A phone wants its call to be handed over.
    pub(crate) fn refer(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        (subscription, leg): (SubscriptionId, Option<LegId>),
        request: &Request,
    ) {
        let reject = |desk: &mut Desk, status| {
            let headers = Headers::new();
            let reject = sip::Input::RejectSubscription {
                subscription,
                status,
                headers,
            };
            desk.endpoint.handle(now, reject);
        };
        // Outside a call there is nothing to hand over, and nobody calls at another one's word.
        let Some(leg) = leg else {
            return reject(desk, StatusCode::FORBIDDEN);
        };
        let Some((call, by)) = self.call_of(leg) else {
            return reject(desk, StatusCode::CALL_DOES_NOT_EXIST);
        };
        let id = call.id;
        let call::Stage::Talking(talking) = &mut call.stage else {
            return reject(desk, StatusCode::REQUEST_PENDING);
        };
        if talking.transfer.is_some() || talking.lent_to.is_some() {
            return reject(desk, StatusCode::REQUEST_PENDING);
        }
        let Some(target) = target_of(request) else {
            return reject(desk, StatusCode::BAD_REQUEST);
        };
        let Ok(replaces) = Replaces::in_uri(&target) else {
            return reject(desk, StatusCode::BAD_REQUEST);
        };
        let accept = sip::Input::AcceptSubscription {
            subscription,
            expires_seconds: LIFE_SECONDS,
            headers: Headers::new(),
        };
        talking.transfer = Some(Box::new(Transfer {
            subscription,
            by,
            target: None,
            sent_on: 0,
            way: None,
            is_left: false,
            reported: StatusCode::TRYING.code(),
            stage: Stage::LookingUp,
        }));
        desk.endpoint.handle(now, accept);
        match replaces {
            Some(replaces) => self.borrow(now, desk, id, &replaces),
            None => match dialled(&target, &desk.config.domain) {
                Some(dialled) => match desk.config.service(&dialled) {
                    Some(Service::Park(slot)) => self.park(now, desk, registrar, id, slot),
                    _ => self.look_up_target(now, desk, id, dialled, None),
                },
                None => self.transfer_fails(now, desk, id, StatusCode::NOT_FOUND),
            },
        }
    }

    /// Asks who the target is. The transferor calls it, in a way: the right to do so must be the transferor's, or that of
    /// `sent_by`, who has calls go on to there.
    pub(super) fn look_up_target(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        id: CallId,
        dialled: Text,
        sent_by: Option<Party>,
    ) {
        let Some(by) = self.transfer_of(id).map(|transfer| transfer.by) else {
            return;
        };
        let Some(call) = self.calls.get(&id) else {
            return;
        };
        let question = Question::Destination {
            dialled,
            caller: sent_by.unwrap_or_else(|| call.party(by).clone()),
            on_behalf_of: Some(call.party(by.other()).account),
        };
        desk.ask(now, question, Purpose::TransferTarget(id));
    }

    /// A transfer comes to nothing: the transferor hears why, and has its call back if it is still there.
    pub(crate) fn transfer_fails(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        id: CallId,
        status: StatusCode,
    ) {
        let Some(transfer) = self.take_transfer(now, desk, id) else {
            return;
        };
        report(now, desk, transfer.subscription, status);
        if transfer.is_left {
            self.transferor_is_gone(now, desk, id, transfer.by);
        }
    }

    /// The call is over in which a transfer is under way.
    pub(in crate::bridge) fn abandon_transfer(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        mut transfer: Transfer,
    ) {
        self.stop_transfer(now, desk, &mut transfer);
        let status = StatusCode::REQUEST_TERMINATED;
        report(now, desk, transfer.subscription, status);
    }

    /// Whether a leg that has ended is that of a transferor who trusts that all will go well: then its call goes on.
    pub(in crate::bridge) fn has_left(&mut self, id: CallId, side: Side, leg: LegId) -> bool {
        let Some(call) = self.calls.get_mut(&id) else {
            return false;
        };
        let caller = call.caller_phone.leg;
        let call::Stage::Talking(talking) = &mut call.stage else {
            return false;
        };
        let own = match side {
            Side::Caller => caller,
            Side::Callee => talking.callee_phone.leg,
        };
        if own != leg {
            return false;
        }
        match &mut talking.transfer {
            Some(transfer) if transfer.by == side => {
                transfer.is_left = true;
                true
            }
            _ => match talking.exchange {
                Some(Exchange::Lent { by } | Exchange::TakingOver { by, .. }) => by == side,
                _ => false,
            },
        }
    }
}

/// Whom to call; `None` if it is something else than a call that is wanted.
fn target_of(request: &Request) -> Option<Uri> {
    let ReferTo(address) = request.headers.typed().ok()??;
    let method = address.uri.params.value("method").unwrap_or("INVITE");
    (method == "INVITE").then_some(address.uri)
}
