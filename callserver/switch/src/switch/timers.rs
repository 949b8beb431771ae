//! What becomes due, and who sees to it.

use std::time::Instant;

use super::Switch;
use crate::Event;
use crate::timetable::Timer;

impl Switch {
    pub(super) fn fire(&mut self, now: Instant, timer: Timer) {
        let desk = &mut self.desk;
        match timer {
            Timer::BindingExpires { account, binding } => {
                self.registrar.expire(desk, account, binding)
            }
            Timer::BanEnds(source) => {
                if self.authentication.guard.release_due(now, source) {
                    desk.emit(Event::SourceReleased { source: source.0 });
                }
            }
            Timer::RingsTooLong(call) => {
                self.bridge.rang_too_long(now, desk, &self.registrar, call);
            }
            Timer::TransferRingsTooLong(call) => {
                self.bridge.transfer_rang_too_long(now, desk, call);
            }
            Timer::HouseWaits(call) => self.bridge.house_waited(now, desk, call),
            Timer::WayForgotten(device) => self.registrar.forget_way(now, device),
            Timer::QuestionExpires(ask) => self.question_expired(now, ask),
            Timer::NotificationDue(subscription) => {
                self.presence.due(now, desk, &self.registrar, subscription);
            }
            Timer::PublicationExpires => self.presence.expire(now, desk, &self.registrar),
            Timer::CompletionExpires(id) => {
                self.completions.end(now, desk, &mut self.bridge, id);
            }
            Timer::CalleeIsFree(callee) => {
                self.completions.look(now, desk, &self.presence, callee);
            }
            Timer::CallBackRingsTooLong(id) => {
                self.bridge.call_back_rang_too_long(now, desk, id);
            }
            Timer::ParkedTooLong(slot) => {
                self.bridge.ring_back(now, desk, &self.registrar, slot);
            }
            Timer::ConfirmationOver(leg) => desk.hang_up(now, leg, None),
            Timer::DrainEnds => desk.emit(Event::Drained),
        }
    }
}
