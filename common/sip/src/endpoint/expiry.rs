//! What happens when a timer runs out or a flow fails.

use super::purpose::Purpose;
use super::{EndCause, Endpoint, Failure, LegId, Timer};
use crate::Flow;
use crate::dialog::Phase;
use crate::transaction::{ClientMachine, ServerMachine, TransactionId};

impl Endpoint {
    pub(super) fn run_timers(&mut self) {
        while let Some(timer) = self.out.pop_timer() {
            match timer {
                Timer::InviteRetransmit(id)
                | Timer::InviteTimeout(id)
                | Timer::InviteSilence(id)
                | Timer::InviteRefusalAbsorbed(id)
                | Timer::InviteAcceptanceAbsorbed(id)
                | Timer::CancelTimeout(id)
                | Timer::RequestRetransmit(id)
                | Timer::RequestTimeout(id)
                | Timer::RequestAnswerAbsorbed(id) => self.fire_client(id, timer),
                Timer::RefusalRetransmit(id)
                | Timer::RefusalTimeout(id)
                | Timer::AckAbsorbed(id)
                | Timer::InviteAbsorbed(id) => self.fire_server_invite(id, timer),
                Timer::RequestAbsorbed(id) => self.servers.remove(id),
                Timer::AnswersOverdue => self.answers_overdue(),
                Timer::AcceptanceRetransmit(leg, number) => self.repeat_acceptance(leg, number),
                Timer::AcceptanceTimeout(leg, number) => self.acceptance_overdue(leg, number),
                Timer::ProgressRetransmit(leg, number) => self.repeat_reliable(leg, number),
                Timer::ProgressTimeout(leg, number) => self.reliable_overdue(leg, number),
                Timer::ReofferTimeout(leg, number) => self.reoffer_overdue(leg, number),
                Timer::Session(leg) => self.session_due(leg),
                Timer::FlowOverdue(leg) => self.flow_overdue(leg),
                Timer::Doubt(leg) => drop(self.refresh(leg)),
                Timer::ProgressRepeat(leg) => self.repeat_progress(leg),
                Timer::GlareOver(leg) => self.glare_over(leg),
                Timer::Register(registration, plan) => self.register_due(registration, plan),
                Timer::Subscriber(subscription, plan) => self.subscriber_due(subscription, plan),
                Timer::Notifier(subscription, plan) => self.notifier_due(subscription, plan),
                Timer::Publish(publication, plan) => self.publish_due(publication, plan),
            }
        }
    }

    fn fire_client(&mut self, id: TransactionId, timer: Timer) {
        let Some(transaction) = self.clients.get_mut(id) else {
            return;
        };
        let (flow, timers, out) = (transaction.flow, &self.config.timers, &mut self.out);
        match &mut transaction.machine {
            ClientMachine::Invite(machine) => {
                let outcome = machine.fire(timer, flow, timers, out);
                self.invite_outcome(id, outcome, None);
            }
            ClientMachine::Request(machine) => {
                let outcome = machine.fire(timer, flow, timers, out);
                self.request_outcome(id, outcome, None);
            }
        }
    }

    fn fire_server_invite(&mut self, id: TransactionId, timer: Timer) {
        let Some(transaction) = self.servers.get_mut(id) else {
            return;
        };
        let (reply_to, timers) = (transaction.reply_to, &self.config.timers);
        if let ServerMachine::Invite(machine, _) = &mut transaction.machine
            && machine.fire(timer, reply_to, timers, &mut self.out)
        {
            self.servers.remove(id);
        }
    }

    /// Everything under way over a failed flow fails, and the calls that live on it end. Server
    /// transactions stay for as long as they would anyway: the peer may come back over another
    /// connection and ask again.
    pub(super) fn flow_failed(&mut self, failed: Flow) {
        let is_gone = |flow: Flow| is_on(flow, failed);
        let (mut unanswered, mut interrupted) = (Vec::new(), Vec::new());
        for id in self.clients.on_flow(failed) {
            let Some(transaction) = self.clients.get_mut(id) else {
                continue;
            };
            if !is_gone(transaction.flow) {
                continue;
            }
            if !transaction.is_waiting() {
                self.clients.remove(id);
                continue;
            }
            // Its leg is most likely among those below, which get no BYE: nothing could carry it.
            match &transaction.user {
                Purpose::Invite(leg) => unanswered.push(*leg),
                Purpose::Reoffer(leg) | Purpose::Update { leg, .. } => interrupted.push(*leg),
                _ => {}
            }
            match &transaction.user {
                Purpose::Invite(_)
                | Purpose::Reoffer(_)
                | Purpose::Update { .. }
                | Purpose::Abandoned { .. } => {
                    if let ClientMachine::Invite(machine) = &transaction.machine {
                        machine.take_back_limit(id, &mut self.out);
                    }
                    self.clients.remove(id);
                }
                _ => self.request_failed(id, Failure::FlowFailed),
            }
        }
        for id in self.legs_by_flow.on(failed, LegId::from_number(0)) {
            if !self.legs.get(&id).is_some_and(|leg| is_gone(leg.flow)) || self.waits_for_flow(id) {
                continue;
            }
            // Nobody is there for an answer to an INVITE that waits for one.
            if let Some(Phase::Ringing(ringing)) = self.legs.get(&id).map(|leg| &leg.phase) {
                self.servers.remove(ringing.transaction);
            }
            self.end(id, EndCause::FlowFailed);
        }
        // The peer may have moved to another connection since.
        for id in unanswered {
            self.end(id, EndCause::FlowFailed);
        }
        for id in interrupted {
            self.offer_again(id);
        }
        self.registrations_lost(is_gone);
        self.subscriptions_lost(is_gone);
        self.publications_lost(is_gone);
    }
}

/// Whether a flow is the failed one. A flow without a connection number stands for whichever
/// connection to that address there is.
fn is_on(flow: Flow, failed: Flow) -> bool {
    flow.transport == failed.transport
        && flow.remote == failed.remote
        && (flow.connection == failed.connection || flow.connection == 0)
}
