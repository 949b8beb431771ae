//! Answered calls that go over from one process to the next: what is kept of them, and how it is taken up again.
//!
//! What the old process had under way is cut: its offers are made anew by the owner, the peer's open requests are refused
//! for now, its 2xx are repeated until they are acknowledged.

use std::time::Duration;

use bytes::Bytes;
use smallvec::SmallVec;

use super::receive::Envelope;
use super::{EndCause, Endpoint, LegId, Timer};
use crate::dialog::{
    Acceptance, Dialog, Established, Exchange, Leg, OurReoffer, Phase, Resumed, Session,
    SessionClock,
};
use crate::snapshot::{AcceptanceSnapshot, ClockSnapshot};
use crate::transaction::TransactionKey;
use crate::{
    CSeq, FromHeader, LegSnapshot, Message, Method, Request, Response, StatusCode, ToHeader,
};

/// Peers that are asked whether they still have their calls are asked within this time, not all at once.
const DOUBT_MILLIS: u32 = 5000;

impl Endpoint {
    /// What it takes to go on with this call in another process, as it was at the last input. `None` if the call is not answered, or over, or if our ACK
    /// still waits for the application's answer.
    pub fn snapshot_of(&self, leg: LegId) -> Option<LegSnapshot> {
        let leg = self.legs.get(&leg)?;
        let Phase::Established(established) = &leg.phase else {
            return None;
        };
        if established.parting.is_some() || established.open_answer.is_some() {
            return None;
        }
        let session = &established.session;
        let acceptances = established.acceptances.iter();
        let now = self.out.now;
        Some(LegSnapshot {
            flow: leg.flow,
            dialog: session.dialog.snapshot(),
            is_caller: session.is_caller,
            may_update: session.may_update,
            local: session.local.clone(),
            remote_key: session.remote_key.map(TransactionKey::number),
            clock: leg.clock.map(|clock| ClockSnapshot {
                seconds: clock.seconds,
                is_ours: clock.is_ours,
                left: clock.end.saturating_sub(now),
            }),
            acceptances: acceptances
                .map(|acceptance| AcceptanceSnapshot {
                    number: acceptance.number,
                    payload: acceptance.payload.clone(),
                    is_offer: acceptance.is_offer,
                    is_first: acceptance.is_first,
                    is_silent: acceptance.is_silent,
                })
                .collect(),
            is_offering: match &session.ours {
                OurReoffer::Sent { request, .. } => {
                    request.method == Method::Invite || !request.body.is_empty()
                }
                OurReoffer::AfterGlare { .. } | OurReoffer::No => false,
            },
            open_request: match &session.theirs {
                Some(theirs) => theirs.request.to_bytes(),
                None => Bytes::new(),
            },
        })
    }

    /// The calls that have changed since this was asked last, if [`Config::notes_changes`](super::Config::notes_changes)
    /// says so: their snapshots are not what they were. Requests of ours that change nothing else do not count, for
    /// whoever takes a call over skips numbers.
    pub fn take_changed(&mut self) -> Vec<LegId> {
        let mut changed = std::mem::take(&mut self.changed);
        changed.sort_unstable();
        changed.dedup();
        changed
    }

    pub(super) fn note_change(&mut self, id: LegId) {
        if self.config.notes_changes && self.changed.last() != Some(&id) {
            self.changed.push(id);
        }
    }

    /// [`Input::RestoreLeg`](super::Input::RestoreLeg).
    pub(super) fn restore_leg(
        &mut self,
        id: LegId,
        snapshot: &LegSnapshot,
        age: Duration,
        is_doubtful: bool,
    ) {
        let Some(leg) = self.resume(snapshot, age) else {
            return self.out.tell(super::Event::Ended {
                leg: id,
                cause: EndCause::Protocol("what was kept of the call cannot be used"),
            });
        };
        self.dialogs.insert(leg.key, id);
        self.legs_by_flow.insert(leg.flow, id);
        if let Some(clock) = leg.clock {
            self.out.deadlines.set(clock.due, Timer::Session(id));
        }
        let is_stream = leg.flow.transport.is_reliable();
        self.legs.insert(id, leg);
        let timers = self.config.timers;
        for acceptance in &snapshot.acceptances {
            let number = acceptance.number;
            self.out
                .after(timers.t1, Timer::AcceptanceRetransmit(id, number));
            self.out.after(
                timers.transaction_life(),
                Timer::AcceptanceTimeout(id, number),
            );
        }
        if is_stream {
            // The connection ended with the process that held it.
            if !self.waits_for_flow(id) {
                self.end(id, EndCause::FlowFailed);
            }
        } else if is_doubtful {
            let pause = Duration::from_millis(self.random.below(DOUBT_MILLIS).into());
            self.out.after(pause, Timer::Doubt(id));
        }
        self.refuse_open_request(id, snapshot);
        self.note_change(id);
    }

    fn resume(&self, snapshot: &LegSnapshot, age: Duration) -> Option<Leg> {
        let dialog = Dialog::resume(&snapshot.dialog)?;
        let key = self.dialog_key(dialog.call_id(), &dialog.local_tag()?);
        if self.dialogs.contains_key(&key) {
            return None;
        }
        let resumed = Resumed {
            sent_up_to: dialog.local_sequence(),
            seen: snapshot.dialog.remote_sequence,
        };
        let mut session = Session::new(dialog, snapshot.is_caller, Exchange::Settled);
        session.may_update = snapshot.may_update;
        session.local = snapshot.local.clone();
        session.remote_key = snapshot.remote_key.map(TransactionKey::from_number);
        let mut established = Established::new(session);
        established.resumed = Some(resumed);
        let acceptances = snapshot.acceptances.iter().map(|kept| Acceptance {
            number: kept.number,
            reply_to: snapshot.flow,
            payload: kept.payload.clone(),
            interval: self.config.timers.t1,
            is_offer: kept.is_offer,
            is_first: kept.is_first,
            is_silent: kept.is_silent,
        });
        established.acceptances = acceptances.collect::<SmallVec<_>>();
        let (now, grace) = (self.out.now, self.config.timers.transaction_life());
        let clock = snapshot.clock.map(|kept| {
            let left = kept.left.saturating_sub(age);
            SessionClock::resume(now, kept.seconds, kept.is_ours, left, grace)
        });
        Some(Leg {
            flow: snapshot.flow,
            lost_at: None,
            key,
            digest: None,
            wish: None,
            clock,
            phase: Phase::Established(Box::new(established)),
        })
    }

    /// Nobody remembers what the old process was about to do with this request: its sender asks once more.
    fn refuse_open_request(&mut self, id: LegId, snapshot: &LegSnapshot) {
        if snapshot.open_request.is_empty() || snapshot.flow.transport.is_reliable() {
            return;
        }
        let Ok(Message::Request(mut request)) = Message::parse(snapshot.open_request.clone())
        else {
            return;
        };
        let Ok(envelope) = self.open(snapshot.flow, &mut request) else {
            return;
        };
        if request.method == Method::Invite {
            self.refuse_for_now(id, &envelope, &request);
        } else {
            self.answer_now(&envelope, &request, StatusCode::SERVER_INTERNAL_ERROR);
        }
    }

    /// A request with a number that the peer has used before.
    pub(super) fn receive_old(&mut self, id: LegId, envelope: Envelope, request: Request) {
        if let Some(established) = self.established(id)
            && let Some(resumed) = &mut established.resumed
        {
            let is_this = |one: &&Acceptance| one.number == envelope.number;
            if request.method == Method::Invite
                && let Some(acceptance) = established.acceptances.iter().find(is_this)
            {
                let payload = acceptance.payload.clone();
                return self.out.send(envelope.reply_to, payload);
            }
            // The old process has seen it, and perhaps not answered. Once more does no harm; but it tells nothing of
            // where the peer is, for it may be the copy that somebody else has kept.
            if request.method != Method::Invite && resumed.seen == Some(envelope.number) {
                resumed.seen = None;
                return self.act_in_dialog(id, envelope, request);
            }
        }
        // Section 12.2.2: an old number MUST be rejected with 500.
        self.refuse(&envelope, &request, StatusCode::SERVER_INTERNAL_ERROR);
    }

    /// An answer to no request of ours: perhaps the 2xx to a re-INVITE of the process before, which its sender repeats
    /// until it has an ACK, and without one hangs up (section 13.3.1.4). Tells whether it was.
    pub(super) fn acknowledge_again(&mut self, response: &Response) -> bool {
        let headers = &response.headers;
        let (Ok(sequence), Ok(ToHeader(to)), Ok(FromHeader(from))) = (
            headers.required::<CSeq>(),
            headers.required(),
            headers.required(),
        ) else {
            return false;
        };
        if !response.status.is_success() || sequence.method != Method::Invite {
            return false;
        }
        let (Some(from_tag), Some(to_tag), Some(call_id)) = (
            from.tag(),
            to.tag(),
            headers.get(&crate::HeaderName::CallId),
        ) else {
            return false;
        };
        let key = self.dialog_key(call_id, from_tag);
        let Some(leg) = self.dialogs.get(&key).and_then(|id| self.legs.get(id)) else {
            return false;
        };
        let Phase::Established(established) = &leg.phase else {
            return false;
        };
        let is_ours = established
            .resumed
            .is_some_and(|resumed| sequence.number <= resumed.sent_up_to);
        if !is_ours || !leg.knows(to_tag) || leg.lost_at.is_some() {
            return false;
        }
        let dialog = &established.session.dialog;
        let ack = dialog.ack(sequence.number, None, Bytes::new());
        let flow = leg.flow;
        let payload = self.print_alone(flow, ack);
        self.out.send(flow, payload);
        true
    }
}
