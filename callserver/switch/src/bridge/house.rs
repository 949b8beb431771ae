//! Calls whose other side is the server itself: how they come to be, and what the [`Host`] wants there.
//!
//! What is agreed on about audio is in [`house_session`](super::house_session).

use std::time::{Duration, Instant};

use bytes::Bytes;
use sdp::SessionDescription;
use sip::{HeaderName, Headers, LegId, Method, Request, RequestId, StatusCode};

use super::Bridge;
use super::call::{Call, Stage};
use super::digits::{Dialled, dialled};
use super::end::Ending;
use crate::desk::{Desk, with_header};
use crate::house::{Act, Host, Notice};
use crate::questions::Purpose;
use crate::timetable::{Timer, TimerId};
use crate::{
    CallEnd, CallId, Event, House, MediaPorts, MessageId, Play, Question, Recording, Side,
};

/// Longer than anything that is played lasts: after that the studio counts as lost.
const LONGEST_PLAY: Duration = Duration::from_secs(600);
/// How much longer than it may be a recording takes at most, until it is stored.
const STORING: Duration = Duration::from_secs(60);

/// A call between one phone and the server. The phone is that of the caller.
#[derive(Debug)]
pub(super) struct Hosted {
    pub(super) ports: MediaPorts,
    pub(super) host: Host,
    /// What we have offered, and the phone is to answer.
    pub(super) offer: Option<Box<SessionDescription>>,
    /// Whether that was in a re-INVITE: then the answer is in its 2xx, and an ACK that comes before is that of the call in
    /// which the phone was, and still was on its way.
    is_reinvited: bool,
    /// What the phone hears as long as nothing else is played.
    pub(super) plays: Option<Play>,
    /// Whether the phone has acknowledged.
    has_begun: bool,
    /// The number of what is played, so that the end of something older is told from its end.
    play: u32,
    timer: Option<TimerId>,
}

impl Hosted {
    pub(super) fn new(ports: MediaPorts, host: Host, offer: Option<SessionDescription>) -> Self {
        let is_parked = matches!(host.house(), House::Parked { .. });
        Hosted {
            ports,
            host,
            offer: offer.map(Box::new),
            is_reinvited: false,
            plays: is_parked.then_some(Play::HoldMusic),
            has_begun: false,
            play: 0,
            timer: None,
        }
    }

    pub(super) fn forget_timer(&mut self, desk: &mut Desk) {
        if let Some(timer) = self.timer.take() {
            desk.timetable.cancel(timer);
        }
    }
}

impl Bridge {
    /// The server answers a call that nobody else has answered; if that is not possible, it ends.
    pub(super) fn host(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        id: CallId,
        house: House,
        otherwise: Ending,
    ) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        match &mut call.stage {
            Stage::AwaitingPorts(awaiting) => {
                awaiting.house = Some(house);
                let flow = call.caller_phone.flow;
                let question = Question::MediaPorts {
                    call: id,
                    caller: flow,
                    // Nobody is there; but the ports come in pairs.
                    callees: vec![flow],
                };
                awaiting.ask = Some(desk.ask(now, question, Purpose::Ports(id)));
            }
            Stage::Ringing(_) => {
                if !self.stop_ringing(now, desk, id) {
                    return self.end(now, desk, id, otherwise);
                }
                let Some(ringing) = self.calls.get_mut(&id).and_then(Call::ringing) else {
                    return;
                };
                let (ports, is_settled) = (ringing.ports, ringing.is_settled);
                let offer = ringing.invitation.offer.take();
                self.open_house(now, desk, id, (house, ports), offer, is_settled);
            }
            Stage::Talking(_) | Stage::Hosted(_) => {}
        }
    }

    /// Answers the caller. `offer` is what it wants, unless it wants an offer; `is_settled`, whether it was told already what
    /// becomes of that.
    pub(super) fn open_house(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        id: CallId,
        (house, ports): (House, MediaPorts),
        offer: Option<SessionDescription>,
        is_settled: bool,
    ) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let phone = &mut call.caller_phone;
        let relay = ports.caller.towards(&phone.flow);
        let told = match &offer {
            Some(_) if is_settled => phone.keeps_session_with_house().map(|body| (body, None)),
            Some(offer) => {
                let told = phone.house_answers(desk, (id, Side::Caller), offer, relay);
                told.map(|body| (body, None))
            }
            None => {
                let (body, offer) = phone.house_offers(desk, relay);
                Ok((body, Some(offer)))
            }
        };
        let (body, offer) = match told {
            Ok(told) => told,
            Err(status) => {
                if matches!(call.stage, Stage::AwaitingPorts(_)) {
                    desk.emit(Event::MediaClosed { call: id });
                }
                let ending = Ending::by_side(CallEnd::NoMedia, Side::Caller, None);
                return self.end(now, desk, id, ending.with_status(status));
            }
        };
        let leg = phone.leg;
        let is_reinvited = call.standing.take().is_some();
        let accept = if is_reinvited {
            // It is in a call already.
            sip::Input::Reinvite { leg, body }
        } else {
            sip::Input::Accept {
                leg,
                headers: Headers::new(),
                body,
            }
        };
        call.search = None;
        call.stage = Stage::Hosted(Box::new(Hosted {
            is_reinvited,
            ..Hosted::new(ports, Host::new(house), offer)
        }));
        self.plan_media(desk, id);
        desk.endpoint.handle(now, accept);
        desk.emit(Event::CallHosted { call: id, house });
    }

    /// The call on this leg, if the server is its other side.
    pub(super) fn hosted_on(&mut self, leg: LegId) -> Option<(CallId, &mut Call)> {
        let (id, _) = *self.legs.get(&leg)?;
        let call = self.calls.get_mut(&id)?;
        matches!(call.stage, Stage::Hosted(_)).then_some((id, call))
    }

    fn hosted(&mut self, id: CallId) -> Option<&mut Hosted> {
        match &mut self.calls.get_mut(&id)?.stage {
            Stage::Hosted(hosted) => Some(hosted),
            _ => None,
        }
    }

    /// The phone hears and can be heard.
    pub(super) fn house_begins(&mut self, now: Instant, desk: &mut Desk, id: CallId) {
        if let Some(hosted) = self.hosted(id)
            && !std::mem::replace(&mut hosted.has_begun, true)
        {
            self.notice(now, desk, id, &Notice::Begun);
        }
    }

    /// What was played in a call is over.
    pub(crate) fn played(&mut self, now: Instant, desk: &mut Desk, id: CallId, play: u32) {
        if self.hosted(id).is_some_and(|hosted| hosted.play == play) {
            self.notice(now, desk, id, &Notice::Played);
        }
    }

    /// A recording has ended.
    pub(crate) fn recorded(&mut self, now: Instant, desk: &mut Desk, id: CallId, is_kept: bool) {
        self.notice(now, desk, id, &Notice::Recorded { is_kept });
    }

    /// The phone has pressed a key, in its audio or in INFO.
    pub(crate) fn pressed(&mut self, now: Instant, desk: &mut Desk, id: CallId, digit: char) {
        self.notice(now, desk, id, &Notice::Digit(digit));
    }

    /// What the house has asked for; `None` if nobody could answer.
    pub(crate) fn listed(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        id: CallId,
        messages: Option<Vec<MessageId>>,
    ) {
        let notice = messages.map_or(Notice::TimedOut, Notice::Listed);
        self.notice(now, desk, id, &notice);
    }

    /// The house has waited for long enough.
    pub(crate) fn house_waited(&mut self, now: Instant, desk: &mut Desk, id: CallId) {
        self.notice(now, desk, id, &Notice::TimedOut);
    }

    fn notice(&mut self, now: Instant, desk: &mut Desk, id: CallId, notice: &Notice) {
        let Some(hosted) = self.hosted(id) else {
            return;
        };
        let acts = hosted.host.notice(notice);
        // What is waited for goes on if this was nothing new.
        if !acts.is_empty() {
            hosted.forget_timer(desk);
        }
        for act in acts {
            self.act(now, desk, id, act);
        }
    }

    fn act(&mut self, now: Instant, desk: &mut Desk, id: CallId, act: Act) {
        let limits = desk.config.recordings;
        let Some(hosted) = self.hosted(id) else {
            return;
        };
        let of = hosted.host.house().of();
        let wait = match act {
            Act::Play(sound) => {
                hosted.play += 1;
                let play = hosted.play;
                desk.emit(Event::MediaPlays {
                    call: id,
                    to: Side::Caller,
                    play,
                    sound,
                });
                Some(LONGEST_PLAY)
            }
            Act::Record(recording) => {
                let longest = match recording {
                    Recording::Message { .. } => limits.message,
                    Recording::Greeting { .. } => limits.greeting,
                };
                desk.emit(Event::MediaRecords {
                    call: id,
                    of: Side::Caller,
                    recording,
                    longest,
                    silence: limits.silence,
                });
                Some(longest + STORING)
            }
            Act::StopRecording => {
                desk.emit(Event::MediaStopsRecording { call: id });
                Some(STORING)
            }
            Act::List => {
                let question = Question::MessagesToHear { account: of };
                desk.ask(now, question, Purpose::MessagesToHear(id));
                None
            }
            Act::MarkHeard(message) => {
                desk.emit(Event::MessageHeard {
                    account: of,
                    message,
                });
                None
            }
            Act::Remove(message) => {
                desk.emit(Event::MessageRemoved {
                    account: of,
                    message,
                });
                None
            }
            Act::RemoveGreeting => {
                desk.emit(Event::GreetingRemoved { account: of });
                None
            }
            Act::Wait(time) => Some(time),
            Act::HangUp => {
                let status = StatusCode::TEMPORARILY_UNAVAILABLE;
                let ending = Ending::by_server(CallEnd::HungUp, status);
                return self.end(now, desk, id, ending);
            }
        };
        if let (Some(wait), Some(hosted)) = (wait, self.hosted(id)) {
            hosted.forget_timer(desk);
            let timer = desk.timetable.set(now + wait, Timer::HouseWaits(id));
            hosted.timer = Some(timer);
        }
    }

    /// A request of the phone within such a call. Tells whether the leg is that of one.
    pub(super) fn house_carries(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        leg: LegId,
        request: RequestId,
        message: &Request,
    ) -> bool {
        let Some((id, _)) = self.hosted_on(leg) else {
            return false;
        };
        let (status, headers) = match (&message.method, dialled(message)) {
            (_, Dialled::Key(digit, _)) => {
                desk.respond(now, request, StatusCode::OK, Headers::new());
                self.pressed(now, desk, id, digit);
                return true;
            }
            (_, Dialled::Malformed) => (StatusCode::BAD_REQUEST, Headers::new()),
            (Method::Options, _) => (StatusCode::OK, Headers::new()),
            (Method::Info, _) => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                with_header(
                    HeaderName::Accept,
                    "application/dtmf-relay, application/dtmf",
                ),
            ),
            _ => (StatusCode::METHOD_NOT_ALLOWED, Headers::new()),
        };
        desk.respond(now, request, status, headers);
        true
    }

    /// The phone offers something else in such a call, or wants to be offered it. Tells whether the leg is that of one.
    pub(super) fn house_reoffered(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        leg: LegId,
        invite: &Request,
    ) -> bool {
        let Some((id, call)) = self.hosted_on(leg) else {
            return false;
        };
        let phone = &mut call.caller_phone;
        let Stage::Hosted(hosted) = &mut call.stage else {
            return false;
        };
        if !phone.audio.may_offer(now) {
            super::early::postpone(now, desk, leg, &invite.method);
            return true;
        }
        let relay = hosted.ports.caller.towards(&phone.flow);
        let told = if invite.body.is_empty() {
            let (body, offer) = phone.house_offers(desk, relay);
            hosted.offer = Some(Box::new(offer));
            hosted.is_reinvited = false;
            Ok(body)
        } else {
            match super::description::read(&invite.body) {
                Ok(offer) => phone.house_answers(desk, (id, Side::Caller), &offer, relay),
                Err(unusable) => Err(unusable.status()),
            }
        };
        match told {
            Ok(body) => {
                let headers = Headers::new();
                let accept = sip::Input::Accept { leg, headers, body };
                desk.endpoint.handle(now, accept);
                self.plan_media(desk, id);
            }
            Err(status) => desk.reject(now, leg, status, Headers::new()),
        }
        true
    }

    /// Whether an ACK on this leg is older than such a call.
    pub(super) fn is_of_former_call(&mut self, leg: LegId) -> bool {
        self.hosted_on(leg).is_some_and(|(_, call)| {
            let stage = &call.stage;
            matches!(stage, Stage::Hosted(hosted) if hosted.is_reinvited && hosted.offer.is_some())
        })
    }

    /// What answers us in such a call: an ACK, or the 2xx of a re-INVITE; with an answer, if the offer was ours. Tells whether
    /// the leg is that of one.
    pub(super) fn house_acknowledged(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        leg: LegId,
        body: &Bytes,
    ) -> bool {
        let Some((id, call)) = self.hosted_on(leg) else {
            return false;
        };
        let Stage::Hosted(hosted) = &mut call.stage else {
            return false;
        };
        if let Some(offer) = hosted.offer.take() {
            let phone = &mut call.caller_phone;
            if let Err(status) = phone.answers_house(desk, (id, Side::Caller), &offer, body) {
                let ending = Ending::by_side(CallEnd::NoMedia, Side::Caller, None);
                self.end(now, desk, id, ending.with_status(status));
                return true;
            }
            self.plan_media(desk, id);
        }
        self.house_begins(now, desk, id);
        true
    }
}
