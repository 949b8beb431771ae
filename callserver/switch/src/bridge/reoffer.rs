//! A phone changes the session: hold, resume, another codec, another address. In an answered call with a re-INVITE
//! (RFC 3261 section 14), before that with UPDATE or PRACK (RFC 3311, RFC 3262 section 5).
//!
//! The offer is passed on, and its sender gets the other phone's answer. Nothing changes before both agree. What is
//! particular to calls that ring is in `early`.

use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;
use sip::{Headers, LegId, Method, Request, StatusCode};

use super::Bridge;
use super::audio::{is_about_the_offer, propose};
use super::call::{Exchange, Phone, Stage, Talking};
use super::description::{expect_media, read};
use super::early::{passable, postpone};
use super::end::Ending;
use crate::desk::Desk;
use crate::{CallEnd, CallId, Side};

/// Two phones that have or make a session: the one that `side` names, and the other.
pub(super) struct Between<'a> {
    pub(super) near: &'a mut Phone,
    pub(super) far: &'a mut Phone,
    pub(super) near_relay: SocketAddr,
    pub(super) far_relay: SocketAddr,
    pub(super) exchange: &'a mut Option<Exchange>,
}

impl Bridge {
    pub(super) fn between(&mut self, call: CallId, side: Side) -> Option<Between<'_>> {
        let call = self.calls.get_mut(&call)?;
        let (ports, callee_phone, exchange) = match &mut call.stage {
            Stage::AwaitingPorts(_) | Stage::Hosted(_) => return None,
            Stage::Ringing(ringing) => ringing.only_phone()?,
            Stage::Talking(talking) => {
                let Talking {
                    ports,
                    callee_phone,
                    exchange,
                    ..
                } = &mut **talking;
                (*ports, callee_phone, exchange)
            }
        };
        let caller_phone = &mut call.caller_phone;
        let caller = ports.caller.towards(&caller_phone.flow);
        let callee = ports.callee.towards(&callee_phone.flow);
        Some(match side {
            Side::Caller => Between {
                near: caller_phone,
                far: callee_phone,
                near_relay: caller,
                far_relay: callee,
                exchange,
            },
            Side::Callee => Between {
                near: callee_phone,
                far: caller_phone,
                near_relay: callee,
                far_relay: caller,
                exchange,
            },
        })
    }

    /// A re-INVITE, UPDATE or PRACK with an offer came in: the other phone is asked.
    pub(crate) fn reoffered(&mut self, now: Instant, desk: &mut Desk, leg: LegId, invite: Request) {
        if self.house_reoffered(now, desk, leg, &invite) {
            return;
        }
        let refuse = |desk: &mut Desk, status| desk.reject(now, leg, status, Headers::new());
        let Some((call, side)) = self.legs.get(&leg).copied() else {
            return refuse(desk, StatusCode::CALL_DOES_NOT_EXIST);
        };
        let waits = self
            .calls
            .get(&call)
            .is_some_and(|call| call.standing.is_some());
        let between = if waits {
            None
        } else {
            self.between(call, side)
        };
        let Some(between) = between else {
            return postpone(now, desk, leg, &invite.method);
        };
        // Glare: the other phone's offer is on its way to this one. Both try again after times that differ (RFC 3261 14.1).
        if between.exchange.is_some() {
            return refuse(desk, StatusCode::REQUEST_PENDING);
        }
        let may_offer = between.near.audio.may_offer(now) || invite.method == Method::Prack;
        if !may_offer || !desk.endpoint.may_offer(between.far.leg) {
            return postpone(now, desk, leg, &invite.method);
        }
        let (exchange, body) = if invite.body.is_empty() {
            (Exchange::AskedForOffer { by: side }, Bytes::new())
        } else {
            match read(&invite.body) {
                Ok(offer) => {
                    let relay = between.far_relay;
                    let body = between.far.offered(desk, between.near, &offer, relay);
                    (
                        Exchange::Offered {
                            by: side,
                            offer: Box::new(offer),
                        },
                        body,
                    )
                }
                Err(unusable) => return refuse(desk, unusable.status()),
            }
        };
        *between.exchange = Some(exchange);
        let leg = between.far.leg;
        desk.endpoint
            .handle(now, sip::Input::Reinvite { leg, body });
    }

    /// The 2xx to an offer that was passed on: its sender gets what it says.
    pub(super) fn reoffer_answered(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        call: CallId,
        answerer: Side,
        body: Bytes,
    ) {
        let side = answerer.other();
        let Some(between) = self.between(call, side) else {
            return;
        };
        match between.exchange {
            Some(Exchange::Joining { by }) if *by == answerer => {
                return self.joined(now, desk, call, &body);
            }
            Some(Exchange::TakingOver { by, .. }) if *by == side => {
                return self.taken_over(now, desk, call, &body);
            }
            // The caller was called back, and so answers the callee's offer with a 2xx.
            Some(Exchange::AwaitingAcknowledgement { by, .. }) if *by == answerer => {
                let leg = between.far.leg;
                return self.acknowledged(now, desk, leg, body);
            }
            Some(Exchange::Lent { by }) if *by == side => {
                let phone = between.far.clone();
                return self.lent_phone_offers(now, desk, call, phone, &body);
            }
            _ => {}
        }
        match between.exchange.take() {
            Some(Exchange::Offered { by, offer }) if by == side => {
                let told = read(&body).ok().and_then(|answer| {
                    expect_media(desk, call, side, &offer, between.near);
                    expect_media(desk, call, answerer, &answer, between.far);
                    let (far, relay) = (&mut *between.far, between.near_relay);
                    let told = between.near.answered(desk, far, &offer, answer, relay);
                    told.ok()
                });
                let Some(told) = told else {
                    *between.exchange = Some(Exchange::Offered { by, offer });
                    return self.no_media(now, desk, call, answerer);
                };
                accept(now, desk, between.near.leg, told);
                self.plan_media(desk, call);
                self.settled_early(now, desk, call, by, *offer, body);
            }
            Some(Exchange::AskedForOffer { by }) if by == side => {
                let Ok(offer) = read(&body) else {
                    return self.no_media(now, desk, call, answerer);
                };
                let relay = between.near_relay;
                let body = between.near.offered(desk, between.far, &offer, relay);
                *between.exchange = Some(Exchange::AwaitingAcknowledgement {
                    by: side,
                    offer: Box::new(offer),
                });
                accept(now, desk, between.near.leg, body);
            }
            // Not what was asked for: what is under way goes on.
            other => *between.exchange = other,
        }
    }

    /// An ACK or PRACK came. If what it acknowledges carried the offer, it brings the answer, which the other phone waits
    /// for.
    pub(crate) fn acknowledged(&mut self, now: Instant, desk: &mut Desk, leg: LegId, body: Bytes) {
        if self.is_of_former_call(leg) || self.house_acknowledged(now, desk, leg, &body) {
            return;
        }
        let Some((call, side)) = self.legs.get(&leg).copied() else {
            return;
        };
        let Some(between) = self.between(call, side) else {
            return;
        };
        let offer = match between.exchange.take() {
            Some(Exchange::AwaitingAcknowledgement { by, offer }) if by == side => offer,
            other => {
                *between.exchange = other;
                return;
            }
        };
        // The far phone has made the offer that this one answers.
        let told = read(&body).ok().and_then(|answer| {
            expect_media(desk, call, side.other(), &offer, between.far);
            expect_media(desk, call, side, &answer, between.near);
            let (near, relay) = (&mut *between.near, between.far_relay);
            let told = between
                .far
                .answered(desk, near, &offer, answer.clone(), relay);
            Some((answer, told.ok()?))
        });
        let Some((answer, told)) = told else {
            return self.no_media(now, desk, call, side);
        };
        let acknowledge = sip::Input::Acknowledge {
            leg: between.far.leg,
            body: told,
        };
        desk.endpoint.handle(now, acknowledge);
        self.plan_media(desk, call);
        self.caller_has_spoken(call, answer);
    }

    /// The other phone refused the new session: its sender hears the same, and the call goes on as it was.
    pub(crate) fn reoffer_refused(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        leg: LegId,
        status: StatusCode,
    ) {
        let Some((call, refuser)) = self.legs.get(&leg).copied() else {
            return;
        };
        if self.hosted_on(leg).is_some() {
            return self.no_media(now, desk, call, refuser);
        }
        if self.waiting_refuses(now, desk, call, leg, status) {
            return;
        }
        if is_about_the_offer(status) && self.offer_more(now, desk, call, refuser) {
            return;
        }
        let side = refuser.other();
        let Some(between) = self.between(call, side) else {
            return;
        };
        match between.exchange {
            Some(Exchange::Joining { by }) if *by == refuser => {
                return self.transfer_fails(now, desk, call, status);
            }
            Some(Exchange::AwaitingAcknowledgement { by, .. }) if *by == refuser => {
                return self.no_media(now, desk, call, refuser);
            }
            Some(Exchange::TakingOver { by, .. }) if *by == side => {
                return self.not_taken_over(now, desk, call, status);
            }
            Some(Exchange::Lent { by }) if *by == side => {
                return self.lent_phone_refuses(now, desk, call, status);
            }
            _ => {}
        }
        match between.exchange.take() {
            Some(exchange @ (Exchange::Offered { by, .. } | Exchange::AskedForOffer { by }))
                if by == side =>
            {
                if let Exchange::Offered { .. } = exchange {
                    between.far.told.take_back();
                }
                desk.reject(now, between.near.leg, passable(status), Headers::new());
                self.answer_if_kept(now, desk, call);
            }
            other => *between.exchange = other,
        }
    }

    /// The phone on the side of `refuser` does not like an offer: it is asked once more, with more codecs. Tells whether it is.
    fn offer_more(&mut self, now: Instant, desk: &mut Desk, id: CallId, refuser: Side) -> bool {
        let newcomer = self.newcomer_offer(id);
        let Some(between) = self.between(id, refuser.other()) else {
            return false;
        };
        let offer = match between.exchange {
            Some(Exchange::Offered { by, offer } | Exchange::TakingOver { by, offer, .. })
                if *by != refuser =>
            {
                Some((**offer).clone())
            }
            Some(Exchange::AwaitingAcknowledgement { by, offer }) if *by == refuser => {
                Some((**offer).clone())
            }
            Some(Exchange::Joining { by }) if *by == refuser => newcomer,
            _ => None,
        };
        let phone = between.far;
        let Some(offer) = offer.filter(|offer| phone.audio.enrich(offer)) else {
            return false;
        };
        phone.told.take_back();
        let told = propose(&mut desk.key_maker, &mut phone.audio, &offer);
        let body = phone.told.tell(told, between.far_relay);
        let leg = phone.leg;
        desk.endpoint
            .handle(now, sip::Input::Reinvite { leg, body });
        true
    }

    /// Somebody answers an offer with something that is no session, or refuses the only one that there can be: nobody knows any more who hears what.
    pub(super) fn no_media(&mut self, now: Instant, desk: &mut Desk, call: CallId, side: Side) {
        self.end(
            now,
            desk,
            call,
            Ending::by_side(CallEnd::NoMedia, side, None)
                .with_status(StatusCode::NOT_ACCEPTABLE_HERE),
        );
    }
}

fn accept(now: Instant, desk: &mut Desk, leg: LegId, body: Bytes) {
    let headers = Headers::new();
    desk.endpoint
        .handle(now, sip::Input::Accept { leg, headers, body });
}
