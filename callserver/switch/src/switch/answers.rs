//! Questions come back, answered or not.

use std::time::Instant;

use sip::{Headers, StatusCode};

use super::Switch;
use crate::completion::Completions;
use crate::pager::Pager;
use crate::presence::Presence;
use crate::questions::Purpose;
use crate::reception::{Joins, Routed, Service};
use crate::{Answer, AskId, AuthenticationFailure, Event, Reached};

impl Switch {
    pub(super) fn answer(&mut self, now: Instant, ask: AskId, answer: Answer) {
        let Some(purpose) = self.desk.close_question(ask) else {
            return;
        };
        let (desk, authentication) = (&mut self.desk, &mut self.authentication);
        if let Answer::Destination(reached) = &answer {
            let others = &mut self.registrar.other_phones;
            others.learn(desk.neighbours.as_ref(), reached);
        }
        match purpose {
            Purpose::Register(waiting) => {
                let owner = answer.into_credential();
                self.registrar
                    .identified(now, desk, authentication, *waiting, owner);
                for moved in self.registrar.take_moves() {
                    self.bridge.device_moved(now, desk, moved);
                }
            }
            Purpose::Sender(waiting) => {
                let owner = answer.into_credential();
                Pager::identified(now, desk, authentication, *waiting, owner);
            }
            Purpose::Recipient(addressed) => {
                let reached = answer.into_reached();
                let registrar = &self.registrar;
                self.pager.routed(now, desk, registrar, *addressed, reached);
            }
            Purpose::Letter(enclosed) => {
                let fate = answer.into_letter_fate();
                let registrar = &self.registrar;
                self.pager.kept(now, desk, registrar, *enclosed, fate);
            }
            Purpose::Caller(leg) => {
                let owner = answer.into_credential();
                let joins = self
                    .reception
                    .identified(now, desk, authentication, leg, owner);
                match joins {
                    Some(Joins::TakeOver(wish)) => self.bridge.take_over(now, desk, *wish),
                    Some(Joins::PickUp(wish)) => self.bridge.pick_up(now, desk, *wish),
                    Some(Joins::House(call)) => {
                        self.bridge.begin(now, desk, &self.registrar, *call);
                    }
                    Some(Joins::Service(call)) => {
                        if let Service::Park(slot) = call.service {
                            let registrar = &self.registrar;
                            let (bridge, call) = (&mut self.bridge, *call);
                            return bridge.take_from_slot(now, desk, registrar, call, slot);
                        }
                        self.completions.dialled(now, desk, &mut self.bridge, *call);
                    }
                    None => {}
                }
            }
            Purpose::Callee(leg) => {
                let reached = answer.into_reached();
                match self.reception.routed(now, desk, leg, reached) {
                    Some(Routed::Call(call)) => {
                        self.bridge.begin(now, desk, &self.registrar, *call);
                    }
                    Some(Routed::PickUp(wish)) => self.bridge.pick_up(now, desk, *wish),
                    None => {}
                }
            }
            Purpose::Redirection(call) => {
                let target = answer.into_reached();
                let registrar = &self.registrar;
                self.bridge
                    .redirection_found(now, desk, registrar, call, target);
            }
            Purpose::Forward(call) => {
                let target = answer.into_reached();
                let registrar = &self.registrar;
                self.bridge
                    .forward_found(now, desk, registrar, call, target);
            }
            Purpose::TransferTarget(call) => {
                let target = answer.into_reached();
                let registrar = &self.registrar;
                self.bridge
                    .transfer_target_found(now, desk, registrar, call, target);
            }
            Purpose::Completion(asked) => {
                let reached = answer.into_reached();
                let parts = (&mut self.bridge, &self.presence);
                self.completions.placed(now, desk, parts, *asked, reached);
            }
            Purpose::CompletionDue(id) => {
                let found = (id, answer.into_reached());
                let parts = (&mut self.bridge, &self.registrar);
                self.completions
                    .found(now, desk, parts, &self.presence, found);
            }
            Purpose::Ports(call) => {
                let ports = answer.into_media_ports();
                self.bridge
                    .ports_answered(now, desk, &self.registrar, call, ports);
            }
            Purpose::AbandonedPorts(call) => {
                if answer.into_media_ports().is_some() {
                    desk.emit(Event::MediaClosed { call });
                }
            }
            Purpose::MessagesToHear(call) => {
                let messages = answer.into_messages_to_hear();
                self.bridge.listed(now, desk, call, messages);
            }
            Purpose::Subscriber(asking) => {
                let owner = answer.into_credential();
                let parts = (authentication, &self.registrar);
                self.presence.identified(now, desk, parts, *asking, owner);
            }
            Purpose::Presentity(finding) => {
                let found = answer.into_watchable();
                let registrar = &self.registrar;
                self.presence.found(now, desk, registrar, *finding, found);
            }
            Purpose::Publisher(waiting) => {
                let owner = answer.into_credential();
                let parts = (authentication, &self.registrar);
                self.presence
                    .publisher_known(now, desk, parts, *waiting, owner);
            }
            Purpose::Viewers(account) => {
                let viewers = answer.into_viewers();
                let registrar = &self.registrar;
                self.presence.viewed(now, desk, registrar, account, viewers);
            }
            Purpose::Messages(account) => {
                let count = answer.into_messages();
                let registrar = &self.registrar;
                self.presence.counted(now, desk, registrar, account, count);
            }
        }
    }

    pub(super) fn question_expired(&mut self, now: Instant, ask: AskId) {
        let desk = &mut self.desk;
        if let Some(call) = desk.questions.waiting_for_ports(ask) {
            // The question stays open: ports that come too late are given back.
            return self
                .bridge
                .ports_answered(now, desk, &self.registrar, call, None);
        }
        match desk.close_question(ask) {
            Some(Purpose::Redirection(call)) => {
                self.bridge
                    .redirection_found(now, desk, &self.registrar, call, Reached::Nobody);
            }
            Some(Purpose::Forward(call)) => {
                self.bridge
                    .forward_found(now, desk, &self.registrar, call, Reached::Nobody);
            }
            Some(Purpose::Completion(asked)) => Completions::not_placed(now, desk, *asked),
            Some(Purpose::CompletionDue(id)) => {
                let found = (id, Reached::Nobody);
                let parts = (&mut self.bridge, &self.registrar);
                self.completions
                    .found(now, desk, parts, &self.presence, found);
            }
            Some(Purpose::TransferTarget(call)) => {
                let status = StatusCode::SERVER_INTERNAL_ERROR;
                self.bridge.transfer_fails(now, desk, call, status);
            }
            Some(Purpose::MessagesToHear(call)) => self.bridge.listed(now, desk, call, None),
            Some(Purpose::Recipient(addressed)) => {
                let status = StatusCode::SERVER_INTERNAL_ERROR;
                desk.respond(now, addressed.request(), status, Headers::new());
            }
            Some(Purpose::Letter(enclosed)) => {
                let registrar = &self.registrar;
                self.pager.kept(now, desk, registrar, *enclosed, None);
            }
            Some(Purpose::Subscriber(asking)) => {
                Presence::unanswered(now, desk, asking.subscription());
            }
            Some(Purpose::Presentity(finding)) => {
                Presence::unanswered(now, desk, finding.subscription());
            }
            Some(Purpose::Viewers(account)) => self.presence.not_viewed(account),
            Some(
                Purpose::Register(waiting) | Purpose::Sender(waiting) | Purpose::Publisher(waiting),
            ) => {
                desk.respond(
                    now,
                    waiting.request,
                    StatusCode::SERVER_INTERNAL_ERROR,
                    Headers::new(),
                );
                desk.emit(Event::AuthenticationFailed {
                    flow: waiting.flow,
                    login: waiting.credentials.username,
                    why: AuthenticationFailure::NoAnswer,
                });
            }
            Some(Purpose::Caller(leg) | Purpose::Callee(leg)) => {
                self.reception.unanswered(now, desk, leg)
            }
            Some(Purpose::Ports(_) | Purpose::AbandonedPorts(_) | Purpose::Messages(_)) | None => {}
        }
    }
}
