//! What calls of both kinds have in common: their media, their changes and their ends.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

use bytes::Bytes;
use sdp::{AnswerError, Crypto, Direction, Negotiated, OfferConfig, SessionDescription};
use sip::{EndCause, LegId, Request, StatusCode};

use crate::call::{Line, Sound, State, Way};
use crate::outgoing::agree;
use crate::probe::Probe;
use crate::reason::of_cause;
use crate::{
    CallNumber, CallStage, Encryption, EndReason, Event, Hold, KeyMaterial, Patience, Phone,
    encryption,
};

/// Sound in one packet.
const PTIME_MILLIS: u32 = 20;

impl Phone {
    pub(crate) fn media_is_ready(
        &mut self,
        now: Instant,
        call: CallNumber,
        rtp: SocketAddr,
        keys: &KeyMaterial,
    ) {
        let Some(line) = self.lines.get_mut(&call) else {
            return;
        };
        line.keys = keys.lines();
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

    /// What is agreed goes to the application; the first time the call is connected by it. `theirs` is what the other side
    /// said.
    pub(crate) fn session_begins(
        &mut self,
        now: Instant,
        call: CallNumber,
        negotiated: Negotiated,
        theirs: &SessionDescription,
    ) {
        let is_secure = self.config.server.transport.is_secure();
        let Some(line) = self.lines.get_mut(&call) else {
            return;
        };
        let hold = Hold {
            // What we wish includes sending; if that does not come of it, they want to hear nothing.
            by_them: !negotiated.direction.sends(),
            ..line.call.hold
        };
        // Somebody on hold may hear music, or nothing at all.
        line.sound = if negotiated.direction == Direction::SendRecv {
            Sound::Missing { since: now }
        } else {
            Sound::Flows
        };
        // What is plain stays so: a change of the session must not change how it travels.
        line.is_plain = negotiated.crypto.is_none();
        line.takes_events = negotiated.telephone_event.is_some();
        let codec = negotiated.codec;
        let encryption = Encryption::of(negotiated.crypto.as_ref(), is_secure, theirs);
        let is_first = !matches!(line.call.stage, CallStage::Connected { .. });
        let since = match line.call.stage {
            CallStage::Connected { since, .. } => since,
            _ => now,
        };
        let held = line.call.hold != hold;
        let changed = line.call.encryption != encryption && !is_first;
        (line.call.hold, line.call.encryption) = (hold, encryption);
        line.enter(CallStage::Connected { since, codec }, now);
        self.events
            .push_back(Event::StartMedia { call, negotiated });
        if is_first {
            // It may have been placed before another one was answered.
            self.hold_others(now, call);
            self.events.push_back(Event::Answered {
                call,
                codec,
                encryption,
            });
        }
        if changed {
            self.events
                .push_back(Event::EncryptionChanged { call, encryption });
        }
        if held {
            self.events.push_back(Event::Held { call, hold });
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
                line.offered = Some(ours);
            }
            return;
        }
        let answer = SessionDescription::parse(&invite.body)
            .ok()
            .and_then(|offer| Some((self.fresh_answer(call, &offer, rtp).ok()?, offer)));
        // A refused change leaves the call as it was (RFC 3261 section 14.2).
        let Some(((ours, negotiated), offer)) = answer else {
            return self.reject(now, leg, StatusCode::NOT_ACCEPTABLE_HERE);
        };
        self.accept(now, leg, &ours);
        if let Some(line) = self.lines.get_mut(&call) {
            line.ours = Some(ours);
        }
        self.session_begins(now, call, negotiated, &offer);
    }

    /// The answer to what we offered in the answered call; one that makes no sense leaves the call as it was.
    pub(crate) fn offer_is_answered(&mut self, now: Instant, call: CallNumber, body: &Bytes) {
        let line = self.lines.get_mut(&call);
        let Some(ours) = line.and_then(|line| line.offered.take()) else {
            return;
        };
        match agree(&ours, body) {
            Ok((negotiated, theirs)) => {
                if let Some(line) = self.lines.get_mut(&call) {
                    line.ours = Some(ours);
                }
                self.session_begins(now, call, negotiated, &theirs);
            }
            Err(why) => self.events.push_back(Event::BadMessage { why }),
        }
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
        let is_held = line.call.hold != Hold::default();
        if line.sound == Sound::Flows && !is_held && matches!(line.state, State::Established { .. })
        {
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
            && (self.call_is_redirected(now, call, *status, headers)
                || self.call_is_offered_plainly(now, call, *status))
        {
            return;
        }
        if let Some(to) = self.was_handed_over(call)
            && matches!(cause, EndCause::RemoteHangup { .. })
        {
            return self.forget_call(call, EndReason::Transferred(to));
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
    fn description<'a>(
        &'a self,
        (session_id, version): (u64, u64),
        address: SocketAddr,
        direction: Direction,
        crypto: &'a [Crypto],
    ) -> OfferConfig<'a> {
        OfferConfig {
            address,
            codecs: &self.config.codecs,
            session_id,
            version,
            direction,
            ptime_millis: PTIME_MILLIS,
            crypto,
        }
    }

    /// Whether sound is to be encrypted wherever the other side can do it.
    pub(crate) fn offers_encryption(&self) -> bool {
        self.config.encrypts_sound && self.config.server.transport.is_secure()
    }

    /// Whether this offer could be answered at all.
    pub(crate) fn can_answer(&self, offer: &SessionDescription) -> bool {
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
        // What the keys are does not matter to whether there are any.
        let keys = match self.config.encrypts_sound {
            true => KeyMaterial::new([0; KeyMaterial::BYTES]).lines(),
            false => Vec::new(),
        };
        let config = self.description((0, 0), anywhere, Direction::SendRecv, &keys);
        sdp::answer(offer, &config).is_ok()
    }

    pub(crate) fn fresh_offer(&mut self, call: CallNumber, rtp: SocketAddr) -> SessionDescription {
        let version = self.next_version(call);
        // Keys in messages that anybody can read would only look like a secret.
        let is_secure = self.offers_encryption();
        let line = self.lines.get(&call);
        let keys = line
            .filter(|line| is_secure && !line.is_plain)
            .map_or(&[][..], |line| &line.keys);
        let direction = line.map_or(Direction::SendRecv, |line| line.call.hold.direction());
        let config = self.description(version, rtp, direction, keys);
        let mut offer = match line.and_then(|line| line.ours.as_ref()) {
            Some(previous) => sdp::offer_again(previous, &config),
            None => sdp::offer(&config),
        };
        encryption::mark(&mut offer);
        offer
    }

    pub(crate) fn fresh_answer(
        &mut self,
        call: CallNumber,
        offer: &SessionDescription,
        rtp: SocketAddr,
    ) -> Result<(SessionDescription, Negotiated), AnswerError> {
        let version = self.next_version(call);
        let line = self.lines.get(&call);
        let keys = line
            .filter(|_| self.config.encrypts_sound)
            .map_or(&[][..], |line| &line.keys);
        let direction = line.map_or(Direction::SendRecv, |line| {
            Hold {
                by_them: false,
                ..line.call.hold
            }
            .direction()
        });
        let config = self.description(version, rtp, direction, keys);
        let (mut answer, negotiated) = sdp::answer(offer, &config)?;
        encryption::mark(&mut answer);
        Ok((answer, negotiated))
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
