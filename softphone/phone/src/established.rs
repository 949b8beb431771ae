//! What calls of both kinds have in common: their media, their changes and their ends.

use std::net::SocketAddr;
use std::time::Instant;

use sdp::{AnswerError, Direction, Negotiated, OfferConfig, SessionDescription};
use sip::{EndCause, LegId, Request, StatusCode};

use crate::call::{Line, Sound, State, Way};
use crate::probe::Probe;
use crate::reason::of_cause;
use crate::{CallNumber, CallStage, EndReason, Event, Patience, Phone};

/// Sound in one packet.
const PTIME_MILLIS: u32 = 20;

impl Phone {
    pub(crate) fn media_is_ready(&mut self, now: Instant, call: CallNumber, rtp: SocketAddr) {
        let Some(line) = self.lines.get_mut(&call) else {
            return;
        };
        match &mut line.state {
            State::Opening { to } => {
                let to = to.clone();
                line.rtp = Some(rtp);
                self.send_invite(now, call, to, rtp);
            }
            State::Answering { leg, offer } => {
                let (leg, offer) = (*leg, offer.take());
                line.rtp = Some(rtp);
                self.send_answer(now, call, leg, offer, rtp);
            }
            _ => {}
        }
    }

    pub(crate) fn media_failed(&mut self, now: Instant, call: CallNumber, sentence: String) {
        self.end_call(now, call, EndReason::LocalFailure(sentence));
    }

    /// What is agreed goes to the application; the first time the call is connected by it.
    pub(crate) fn session_begins(
        &mut self,
        now: Instant,
        call: CallNumber,
        negotiated: Negotiated,
    ) {
        let Some(line) = self.lines.get_mut(&call) else {
            return;
        };
        line.sound = if negotiated.direction.receives() {
            Sound::Missing { since: now }
        } else {
            Sound::Flows
        };
        let codec = negotiated.codec;
        let is_first = !matches!(line.call.stage, CallStage::Connected { .. });
        let since = match line.call.stage {
            CallStage::Connected { since, .. } => since,
            _ => now,
        };
        line.enter(CallStage::Connected { since, codec }, now);
        self.events
            .push_back(Event::StartMedia { call, negotiated });
        if is_first {
            self.events.push_back(Event::Answered { call, codec });
        }
    }

    /// A re-INVITE: hold, resume, another codec, another address.
    pub(crate) fn session_is_offered_again(&mut self, now: Instant, leg: LegId, invite: &Request) {
        let known = self
            .call_of(leg)
            .and_then(|call| Some((call, self.lines.get(&call)?.rtp?)));
        let Some((call, rtp)) = known else {
            return self.reject(now, leg, StatusCode::CALL_DOES_NOT_EXIST);
        };
        if invite.body.is_empty() {
            let ours = self.fresh_offer(call, rtp);
            self.accept(now, leg, &ours);
            if let Some(line) = self.lines.get_mut(&call) {
                line.state = State::AwaitingAnswer { leg };
                line.ours = Some(ours);
            }
            return;
        }
        let answer = SessionDescription::parse(&invite.body)
            .ok()
            .and_then(|offer| self.fresh_answer(call, &offer, rtp).ok());
        // A refused change leaves the call as it was (RFC 3261 section 14.2).
        let Some((ours, negotiated)) = answer else {
            return self.reject(now, leg, StatusCode::NOT_ACCEPTABLE_HERE);
        };
        self.accept(now, leg, &ours);
        if let Some(line) = self.lines.get_mut(&call) {
            line.ours = Some(ours);
        }
        self.session_begins(now, call, negotiated);
    }

    pub(crate) fn sound_flows(&mut self, call: CallNumber) {
        if let Some(line) = self.lines.get_mut(&call) {
            line.sound = Sound::Flows;
        }
    }

    pub(crate) fn sound_stalled(&mut self, now: Instant, call: CallNumber) {
        let Some(line) = self.lines.get_mut(&call) else {
            return;
        };
        if line.sound == Sound::Flows && matches!(line.state, State::Established { .. }) {
            line.sound = Sound::Missing { since: now };
            if matches!(self.probe, Probe::Resting { .. }) {
                self.ask_server(now);
            }
        }
    }

    pub(crate) fn hang_up_call(&mut self, now: Instant, call: CallNumber) {
        let declines = |line: &Line| matches!(line.state, State::Ringing { .. });
        if self.lines.get(&call).is_some_and(declines) {
            return self.decline_call(now, call);
        }
        self.end_call(now, call, EndReason::LocalHangup);
    }

    /// Ends a call from this side.
    pub(crate) fn end_call(&mut self, now: Instant, call: CallNumber, reason: EndReason) {
        if let Some(line) = self.lines.get(&call) {
            if let Some(leg) = line.leg() {
                self.endpoint
                    .handle(now, sip::Input::Hangup { leg, reason: None });
            }
            self.forget_call(call, reason);
        }
    }

    /// The SIP core says that the leg is over; unless we ended it, that is news.
    pub(crate) fn leg_ended(&mut self, now: Instant, leg: LegId, cause: &EndCause) {
        let Some(call) = self.call_of(leg) else {
            return;
        };
        if let EndCause::Refused { status, headers } = cause
            && self.call_is_redirected(now, call, *status, headers)
        {
            return;
        }
        let Some(line) = self.lines.get(&call) else {
            return;
        };
        let rang = line.call.stage != CallStage::Dialling;
        let was_connected = matches!(line.call.stage, CallStage::Connected { .. });
        if line.way == Way::Restored && matches!(cause, EndCause::Refused { .. }) {
            return self.forget_call(call, EndReason::EndedMeanwhile);
        }
        self.forget_call(call, of_cause(cause, rang, was_connected));
    }

    pub(crate) fn forget_call(&mut self, call: CallNumber, reason: EndReason) {
        if self.lines.remove(&call).is_some() {
            self.events.push_back(Event::Ended { call, reason });
        }
    }

    pub(crate) fn run_call_timers(&mut self, now: Instant) {
        let patience = self.config.patience;
        let is_due = |line: &Line| line.due(&patience).is_some_and(|due| due <= now);
        let due: Vec<CallNumber> = self
            .lines
            .iter()
            .filter(|(_, line)| is_due(line))
            .map(|(call, _)| *call)
            .collect();
        for call in due {
            let is_connected = self
                .lines
                .get(&call)
                .is_some_and(|line| matches!(line.call.stage, CallStage::Connected { .. }));
            let reason = if is_connected {
                EndReason::MediaSilent
            } else {
                EndReason::NoAnswer
            };
            self.end_call(now, call, reason);
        }
    }

    /// What this phone says about itself in a description.
    pub(crate) fn description(
        &self,
        session_id: u64,
        version: u64,
        address: SocketAddr,
    ) -> OfferConfig<'_> {
        OfferConfig {
            address,
            codecs: &self.config.codecs,
            session_id,
            version,
            direction: Direction::SendRecv,
            ptime_millis: PTIME_MILLIS,
            crypto: &[],
        }
    }

    pub(crate) fn fresh_offer(&mut self, call: CallNumber, rtp: SocketAddr) -> SessionDescription {
        let (session_id, version) = self.next_version(call);
        let config = self.description(session_id, version, rtp);
        match self.lines.get(&call).and_then(|line| line.ours.as_ref()) {
            Some(previous) => sdp::offer_again(previous, &config),
            None => sdp::offer(&config),
        }
    }

    pub(crate) fn fresh_answer(
        &mut self,
        call: CallNumber,
        offer: &SessionDescription,
        rtp: SocketAddr,
    ) -> Result<(SessionDescription, Negotiated), AnswerError> {
        let (session_id, version) = self.next_version(call);
        sdp::answer(offer, &self.description(session_id, version, rtp))
    }

    fn next_version(&mut self, call: CallNumber) -> (u64, u64) {
        let version = self.lines.get_mut(&call).map_or(1, |line| {
            line.description_version += 1;
            line.description_version
        });
        (self.session_base + call.0, version)
    }
}

impl Line {
    /// When the phone loses its patience with this call, server or no server.
    pub(crate) fn due(&self, patience: &Patience) -> Option<Instant> {
        match (&self.state, self.sound) {
            // The core keeps the time of a call without its connection.
            (State::Established { .. } | State::AwaitingAnswer { .. }, _)
                if self.way == Way::Lost =>
            {
                None
            }
            (State::Established { .. }, Sound::Missing { since }) => Some(since + patience.silence),
            (State::Established { .. }, Sound::Flows) => None,
            _ => Some(self.stage_began + patience.ringing),
        }
    }
}
