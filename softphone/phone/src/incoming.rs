//! Calls that come in.

use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;
use sdp::SessionDescription;
use sip::{Headers, LegId, Request, StatusCode};

use crate::call::{Line, State};
use crate::outgoing::agree;
use crate::{Call, CallNumber, CallStage, Encryption, EndReason, Event, Hold, Party, Phone};

/// Calls at once: more than one can keep in mind.
pub(crate) const MOST_CALLS: usize = 4;

impl Phone {
    pub(crate) fn call_comes_in(&mut self, now: Instant, leg: LegId, invite: &Request) {
        let most = if self.config.call_waiting {
            MOST_CALLS
        } else {
            1
        };
        if self.lines.len() >= most {
            return self.reject(now, leg, StatusCode::BUSY_HERE);
        }
        let Ok(Some(from)) = invite.headers.typed::<sip::FromHeader>() else {
            return self.reject(now, leg, StatusCode::BAD_REQUEST);
        };
        // A call that cannot be answered should not ring.
        let offer = match self.read_offer(&invite.body) {
            Ok(offer) => offer,
            Err(status) => return self.reject(now, leg, status),
        };
        let call = self.next_call();
        let party = Party::of(&from.0);
        let stage = CallStage::RingingHere;
        let call_data = Call {
            number: call,
            party: party.clone(),
            is_incoming: true,
            stage,
            hold: Hold::default(),
            encryption: Encryption::default(),
        };
        self.lines.insert(
            call,
            Line::new(call_data, State::Ringing { leg, offer }, now),
        );
        let ringing = sip::Input::Progress {
            leg,
            status: StatusCode::RINGING,
            body: Bytes::new(),
        };
        self.endpoint.handle(now, ringing);
        self.events.push_back(Event::Incoming { call, from: party });
    }

    /// The offer in a request's body, `None` when there is none.
    fn read_offer(&self, body: &Bytes) -> Result<Option<SessionDescription>, StatusCode> {
        if body.is_empty() {
            return Ok(None);
        }
        let offer = SessionDescription::parse(body).map_err(|_| StatusCode::NOT_ACCEPTABLE_HERE)?;
        if self.can_answer(&offer) {
            Ok(Some(offer))
        } else {
            Err(StatusCode::NOT_ACCEPTABLE_HERE)
        }
    }

    pub(crate) fn answer_call(&mut self, now: Instant, call: CallNumber) {
        let Some(line) = self.lines.get_mut(&call) else {
            return;
        };
        if let State::Ringing { leg, offer } = &mut line.state {
            line.state = State::Answering {
                leg: *leg,
                offer: offer.take(),
            };
            line.enter(CallStage::Connecting, now);
            self.events.push_back(Event::NeedMedia { call });
            self.hold_others(now, call);
        }
    }

    /// The socket is open: the 200 can name it.
    pub(crate) fn send_answer(
        &mut self,
        now: Instant,
        call: CallNumber,
        leg: LegId,
        offer: Option<SessionDescription>,
        rtp: SocketAddr,
    ) {
        let Some(offer) = offer else {
            let ours = self.fresh_offer(call, rtp);
            self.accept(now, leg, &ours);
            if let Some(line) = self.lines.get_mut(&call) {
                line.state = State::AwaitingAnswer { leg };
                line.ours = Some(ours);
            }
            return;
        };
        match self.fresh_answer(call, &offer, rtp) {
            Ok((ours, negotiated)) => {
                self.accept(now, leg, &ours);
                if let Some(line) = self.lines.get_mut(&call) {
                    line.state = State::Established { leg };
                    line.ours = Some(ours);
                }
                self.session_begins(now, call, negotiated, &offer);
            }
            Err(_) => {
                self.reject(now, leg, StatusCode::NOT_ACCEPTABLE_HERE);
                self.forget_call(call, EndReason::NoCommonCodec);
            }
        }
    }

    /// The ACK to our 200: with their answer, if the offer was ours.
    pub(crate) fn call_is_acknowledged(&mut self, now: Instant, leg: LegId, body: &Bytes) {
        let Some(call) = self.call_of(leg) else {
            return;
        };
        let Some(line) = self.lines.get_mut(&call) else {
            return;
        };
        if matches!(line.state, State::Established { .. }) && !body.is_empty() {
            return self.offer_is_answered(now, call, body);
        }
        let was_waiting = matches!(line.state, State::AwaitingAnswer { .. });
        let Some(ours) = line.ours.clone().filter(|_| was_waiting) else {
            return;
        };
        line.state = State::Established { leg };
        match agree(&ours, body) {
            Ok((negotiated, theirs)) => self.session_begins(now, call, negotiated, &theirs),
            // RFC 3261 section 13.2.1 wants the answer here; without it nobody knows where to send.
            Err(why) => self.end_call(now, call, EndReason::Protocol(why)),
        }
    }

    pub(crate) fn decline_call(&mut self, now: Instant, call: CallNumber) {
        let Some(line) = self.lines.get(&call) else {
            return;
        };
        match &line.state {
            State::Ringing { leg, .. } | State::Answering { leg, .. } => {
                self.reject(now, *leg, StatusCode::DECLINE);
                self.forget_call(call, EndReason::LocalDecline);
            }
            _ => self.hang_up_call(now, call),
        }
    }

    pub(crate) fn accept(&mut self, now: Instant, leg: LegId, ours: &SessionDescription) {
        let mut headers = Headers::default();
        headers.push(sip::HeaderName::ContentType, "application/sdp");
        let body = Bytes::from(ours.to_string());
        self.endpoint
            .handle(now, sip::Input::Accept { leg, headers, body });
    }

    pub(crate) fn reject(&mut self, now: Instant, leg: LegId, status: StatusCode) {
        let headers = Headers::default();
        self.endpoint.handle(
            now,
            sip::Input::Reject {
                leg,
                status,
                headers,
            },
        );
    }
}
