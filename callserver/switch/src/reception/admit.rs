//! The answers about the people of a new call.

use std::time::Instant;

use sip::{Headers, LegId, StatusCode};

use super::check::{check_sender, hides_who_calls};
use super::{
    Admitted, Arrival, Joins, Name, PickUpWish, Reception, Routed, Service, ServiceCall, Stage,
    TakeOver, Wish, dialled_by,
};
use crate::authentication::{Authentication, Door};
use crate::config::Emergency;
use crate::desk::Desk;
use crate::questions::Purpose;
use crate::reached::Callee;
use crate::{Credential, Event, House, Question, Reached};

impl Reception {
    /// The caller's credential is known, or there is none. Gives back whoever wants to take over a call, for whom nobody has
    /// to be looked up.
    pub(crate) fn identified(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        authentication: &mut Authentication,
        leg: LegId,
        owner: Option<Credential>,
    ) -> Option<Joins> {
        let arrival = self.arrivals.remove(&leg)?;
        let Arrival {
            flow,
            invite,
            stage,
            replaces,
            ..
        } = arrival;
        let Stage::Authenticating(credentials) = stage else {
            return None;
        };
        let way = (Door::Calls, flow);
        if let Err(challenge) =
            authentication.prove(now, desk, way, &credentials, &invite, owner.as_ref())
        {
            desk.reject(now, leg, Door::Calls.status(), challenge);
            return None;
        }
        let owner = owner?;
        if let Some(replaced) = replaces {
            if let Err(status) = check_sender(desk, flow, &invite, &owner) {
                desk.reject(now, leg, status, Headers::new());
                return None;
            }
            return Some(Joins::TakeOver(Box::new(TakeOver {
                leg,
                flow,
                invite,
                by: owner,
                replaced,
            })));
        }
        let dialled = match dialled_by(desk, flow, &invite, &owner, Name::OwnOrNone) {
            Ok(dialled) => dialled,
            Err(status) => {
                desk.reject(now, leg, status, Headers::new());
                return None;
            }
        };
        let mut caller = owner.party();
        let help = Emergency::read(&desk.config.emergency, &dialled).cloned();
        let (asked, why) = match (help, desk.config.service(&dialled)) {
            (Some(to), _) => {
                // Guests, too, may call for help.
                caller.is_guest = false;
                (to, Wish::Emergency)
            }
            (None, Some(Service::PickUp(whom))) => (whom, Wish::PickUp),
            (None, Some(Service::PickUpInGroup)) => {
                return Some(Joins::PickUp(Box::new(PickUpWish {
                    leg,
                    flow,
                    invite,
                    by: owner,
                    whom: None,
                })));
            }
            (None, Some(service @ (Service::Messages | Service::Greeting))) => {
                let of = owner.account;
                let house = match service {
                    Service::Messages => House::Messages { of },
                    _ => House::Greeting { of },
                };
                return Some(Joins::House(Box::new(Admitted {
                    leg,
                    flow,
                    invite,
                    callee: Callee::alone(owner.party()),
                    caller: owner.sender(),
                    dialled,
                    back: None,
                    history: Headers::new(),
                    is_emergency: false,
                    house: Some(house),
                })));
            }
            (
                None,
                Some(
                    service @ (Service::CompleteCall
                    | Service::CancelCompletions
                    | Service::Park(_)),
                ),
            ) => {
                return Some(Joins::Service(Box::new(ServiceCall {
                    leg,
                    flow,
                    invite,
                    by: owner,
                    service,
                })));
            }
            (None, None) => (dialled.clone(), Wish::Call),
        };
        let question = Question::Destination {
            dialled: asked,
            caller,
            on_behalf_of: None,
        };
        let ask = desk.ask(now, question, Purpose::Callee(leg));
        let stage = Stage::Routing {
            caller: Box::new(owner),
            dialled,
            why,
        };
        self.arrivals.insert(
            leg,
            Arrival {
                flow,
                invite,
                ask,
                stage,
                replaces: None,
            },
        );
        None
    }

    /// Where the number leads is known.
    pub(crate) fn routed(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        leg: LegId,
        reached: Reached,
    ) -> Option<Routed> {
        let Arrival {
            flow,
            invite,
            stage,
            ..
        } = self.arrivals.remove(&leg)?;
        let Stage::Routing {
            caller,
            dialled,
            why,
        } = stage
        else {
            return None;
        };
        let reached = match (reached, why) {
            (Reached::Account(whom), Wish::PickUp) => {
                return Some(Routed::PickUp(Box::new(PickUpWish {
                    leg,
                    flow,
                    invite,
                    by: *caller,
                    whom: Some(whom),
                })));
            }
            (_, Wish::PickUp) => Reached::Nobody,
            // Nobody refuses to hear of an emergency.
            (Reached::Blocked(to), Wish::Emergency) => Reached::Account(to),
            (reached, _) => reached,
        };
        if let Reached::Blocked(to) = &reached {
            desk.emit(Event::CallBlocked {
                caller: caller.party(),
                callee: to.party(),
                dialled: dialled.clone(),
                is_anonymous: hides_who_calls(&invite),
            });
        }
        let callee = match reached.into_callee() {
            Ok(callee) => callee,
            Err(unreached) => {
                let headers = unreached.headers(&desk.config.domain);
                desk.reject(now, leg, unreached.status(), headers);
                return None;
            }
        };
        let is_emergency = why == Wish::Emergency;
        Some(Routed::Call(Box::new(Admitted {
            leg,
            flow,
            invite,
            caller: caller.sender(),
            callee: match is_emergency {
                true => callee.for_emergency(),
                false => callee,
            },
            dialled,
            back: None,
            history: Headers::new(),
            is_emergency,
            house: None,
        })))
    }

    /// Nobody answered about this caller or callee.
    pub(crate) fn unanswered(&mut self, now: Instant, desk: &mut Desk, leg: LegId) {
        if self.arrivals.remove(&leg).is_some() {
            desk.reject(now, leg, StatusCode::SERVER_INTERNAL_ERROR, Headers::new());
        }
    }
}
