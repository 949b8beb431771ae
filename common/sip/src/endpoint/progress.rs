//! Our provisional answers to an INVITE, and their PRACKs (RFC 3261 section 13.3.1.1, RFC 3262
//! section 3).

use bytes::Bytes;

use super::calling::push_content_type;
use super::receive::Envelope;
use super::requests::set_status;
use super::ringing::push_record_route;
use super::{EndCause, Endpoint, Event, LegId, ReliableProvisionals, Timer};
use crate::dialog::{Exchange, Leg, Phase, Progress, Reliability, Ringing, Unacknowledged};
use crate::{CSeq, HeaderName, Headers, Method, RAck, RSeq, Request, Response, StatusCode};

/// The option tag of RFC 3262.
pub(super) const RELIABLE: &str = "100rel";

/// More provisional answers than these do not wait for the PRACK of the one before them.
const MOST_WAITING: usize = 8;

impl Endpoint {
    /// [`Input::Progress`](super::Input::Progress).
    pub(super) fn progress(&mut self, id: LegId, status: StatusCode, body: Bytes) {
        if status.code() <= 100 || !status.is_provisional() {
            return;
        }
        let Some(ringing) = self.ringing(id).filter(|ringing| ringing.held.is_none()) else {
            return;
        };
        // What was said reliably is the answer, or our offer, and is not said again (RFC 6337
        // section 3.1.1).
        let body = match ringing.session.exchange {
            Exchange::Open | Exchange::TheirOffer => body,
            Exchange::OurOffer | Exchange::Settled => Bytes::new(),
        };
        let is_reliable = match ringing.reliability {
            Reliability::Never => false,
            Reliability::Supported => !body.is_empty(),
            Reliability::Required => true,
        };
        if is_reliable && ringing.unacknowledged.is_some() {
            if ringing.waiting.len() < MOST_WAITING {
                ringing.waiting.push_back((status, body));
            }
            return;
        }
        self.send_progress(id, status, body, is_reliable);
    }

    fn send_progress(&mut self, id: LegId, status: StatusCode, body: Bytes, is_reliable: bool) {
        let first = if is_reliable {
            1 + self.random.below(i32::MAX as u32 - 1)
        } else {
            0
        };
        let Some(ringing) = self.ringing(id) else {
            return;
        };
        let mut answer = ringing.answer.clone();
        set_status(&mut answer, status);
        let contact = ringing.session.dialog.contact();
        answer.headers.push(HeaderName::Contact, contact);
        push_record_route(&mut answer.headers, ringing);
        let transaction = ringing.transaction;
        let has_body = !body.is_empty();
        let mut sequence = None;
        let is_offer = has_body && ringing.session.exchange == Exchange::Open;
        if is_reliable {
            // Numbers begin anywhere between 1 and 2^31 - 1 and grow by one (RFC 3262 section 3).
            ringing.last_reliable = match ringing.last_reliable {
                0 => first,
                last => last.wrapping_add(1),
            };
            sequence = Some(ringing.last_reliable);
            answer.headers.push(HeaderName::Require, RELIABLE);
            answer.headers.push_typed(&RSeq(ringing.last_reliable));
            if has_body {
                ringing.session.local = body.clone();
                ringing.session.exchange = match ringing.session.exchange {
                    Exchange::Open => Exchange::OurOffer,
                    _ => Exchange::Settled,
                };
            }
            self.push_abilities(&mut answer.headers);
        }
        push_content_type(&mut answer.headers, &body);
        answer.body = body;
        let payload = self.print_answer(answer);
        self.answer_invite(transaction, status, payload.clone());
        let timers = self.config.timers;
        let Some(ringing) = self.ringing(id) else {
            return;
        };
        let is_first = ringing.progress.is_none();
        ringing.progress = Some(Progress {
            status,
            payload: payload.clone(),
            is_reliable,
        });
        if let Some(sequence) = sequence {
            ringing.unacknowledged = Some(Unacknowledged {
                sequence,
                payload,
                interval: timers.t1,
                has_body,
                is_offer,
            });
            self.out
                .after(timers.t1, Timer::ProgressRetransmit(id, sequence));
            self.out.after(
                timers.transaction_life(),
                Timer::ProgressTimeout(id, sequence),
            );
        }
        if is_first {
            let pause = timers.progress_repeat;
            self.out.after(pause, Timer::ProgressRepeat(id));
        }
    }

    /// The call rings for another minute.
    pub(super) fn repeat_progress(&mut self, id: LegId) {
        let Some(ringing) = self.ringing(id).filter(|ringing| ringing.held.is_none()) else {
            return;
        };
        let Some(Progress {
            status,
            payload,
            is_reliable,
        }) = &ringing.progress
        else {
            return;
        };
        let (status, payload, transaction) = (*status, payload.clone(), ringing.transaction);
        if *is_reliable {
            // What was acknowledged would be taken for a repetition: it is said anew.
            self.progress(id, status, Bytes::new());
        } else {
            self.answer_invite(transaction, status, payload);
        }
        let pause = self.config.timers.progress_repeat;
        self.out.after(pause, Timer::ProgressRepeat(id));
    }

    /// A reliable answer has no PRACK yet: it is sent again, with pauses that double each time.
    pub(super) fn repeat_reliable(&mut self, id: LegId, sequence: u32) {
        let Some(ringing) = self.ringing(id) else {
            return;
        };
        let transaction = ringing.transaction;
        let Some(open) = ringing
            .unacknowledged
            .as_mut()
            .filter(|open| open.sequence == sequence)
        else {
            return;
        };
        open.interval *= 2;
        let (interval, payload) = (open.interval, open.payload.clone());
        if let Some(found) = self.servers.get_mut(transaction) {
            let reply_to = found.reply_to;
            self.out.send(reply_to, payload);
        }
        self.out
            .after(interval, Timer::ProgressRetransmit(id, sequence));
    }

    /// A reliable answer never got its PRACK: the call is refused (RFC 3262 section 3).
    pub(super) fn reliable_overdue(&mut self, id: LegId, sequence: u32) {
        let is_open = self.ringing(id).is_some_and(|ringing| {
            ringing
                .unacknowledged
                .as_ref()
                .is_some_and(|open| open.sequence == sequence)
        });
        if is_open {
            self.refuse_call(id, StatusCode::SERVER_TIMEOUT, Headers::new());
            self.end(id, EndCause::NoAcknowledgement);
        }
    }

    /// A PRACK, whose number was noted: repetitions have to meet the same answer.
    pub(super) fn receive_prack(&mut self, id: LegId, envelope: Envelope, request: Request) {
        let Ok(Some(acknowledged)) = request.headers.typed::<RAck>() else {
            return self.answer_now(&envelope, &request, StatusCode::BAD_REQUEST);
        };
        let RAck {
            response: RSeq(sequence),
            request: CSeq { number, method },
        } = acknowledged;
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let is_invite = method == Method::Invite;
        let open = match &mut leg.phase {
            Phase::Ringing(ringing) if is_invite && ringing.number == number => ringing
                .unacknowledged
                .take_if(|open| open.sequence == sequence),
            Phase::Established(established) if is_invite => {
                if established.late_prack == Some((sequence, number)) {
                    established.late_prack = None;
                    return self.answer_now(&envelope, &request, StatusCode::OK);
                }
                None
            }
            _ => None,
        };
        let Some(open) = open else {
            return self.answer_now(&envelope, &request, StatusCode::CALL_DOES_NOT_EXIST);
        };
        if open.is_offer && request.body.is_empty() {
            // The answer to our offer is missing; it may still come with another PRACK.
            if let Some(ringing) = self.ringing(id) {
                ringing.unacknowledged = Some(open);
            }
            return self.answer_now(&envelope, &request, StatusCode::BAD_REQUEST);
        }
        if open.is_offer {
            let key = self.keyer.of_body(&request.body);
            if let Some(ringing) = self.ringing(id) {
                ringing.session.exchange = Exchange::Settled;
                ringing.session.remote_key = key;
            }
            self.answer_now(&envelope, &request, StatusCode::OK);
            self.out.tell(Event::ProgressAcknowledged {
                leg: id,
                body: request.body,
            });
        } else if request.body.is_empty() {
            self.answer_now(&envelope, &request, StatusCode::OK);
        } else {
            self.receive_offer(id, envelope, request);
        }
        self.go_on_ringing(id);
    }

    /// A PRACK came, or an offer before the call's answer is through: what waited for it goes on.
    pub(super) fn go_on_ringing(&mut self, id: LegId) {
        let Some(ringing) = self.ringing(id) else {
            return self.offer_if_wished(id);
        };
        if ringing.unacknowledged.is_some() || ringing.session.theirs.is_some() {
            return;
        }
        if let Some(held) = ringing.held.take() {
            let (headers, body) = *held;
            return self.accept_call(id, headers, body);
        }
        // What need not be reliable any more does not keep the next one waiting.
        while let Some(ringing) = self.ringing(id)
            && ringing.unacknowledged.is_none()
            && let Some((status, body)) = ringing.waiting.pop_front()
        {
            self.progress(id, status, body);
        }
        self.offer_if_wished(id);
    }

    /// What an INVITE says about reliable provisional answers.
    pub(super) fn reliability_of(&self, headers: &Headers) -> Reliability {
        if self.config.reliable_provisionals == ReliableProvisionals::Never {
            Reliability::Never
        } else if requires(headers, RELIABLE) {
            Reliability::Required
        } else if supports(headers, RELIABLE) {
            Reliability::Supported
        } else {
            Reliability::Never
        }
    }

    pub(super) fn ringing(&mut self, id: LegId) -> Option<&mut Ringing> {
        match self.legs.get_mut(&id) {
            Some(Leg {
                phase: Phase::Ringing(ringing),
                ..
            }) => Some(ringing),
            _ => None,
        }
    }
}

/// The number of a provisional answer that wants a PRACK.
pub(super) fn reliable_number(response: &Response) -> Option<u32> {
    if !requires(&response.headers, RELIABLE) {
        return None;
    }
    let RSeq(number) = response.headers.typed().ok()??;
    Some(number)
}

pub(super) fn requires(headers: &Headers, tag: &str) -> bool {
    lists(headers, &HeaderName::Require, tag)
}

pub(super) fn supports(headers: &Headers, tag: &str) -> bool {
    lists(headers, &HeaderName::Supported, tag) || requires(headers, tag)
}

/// Whether a header that is a list of tokens names this one. Every INVITE is asked several times, so
/// nothing is taken apart that is not looked at.
pub(super) fn lists(headers: &Headers, name: &HeaderName, token: &str) -> bool {
    headers
        .all(name)
        .flat_map(|value| value.split(','))
        .any(|item| item.trim().eq_ignore_ascii_case(token))
}
