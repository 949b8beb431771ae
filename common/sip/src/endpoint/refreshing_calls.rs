//! Calls that live only as long as they are refreshed (RFC 4028).

use std::time::Duration;

use bytes::Bytes;

use super::calling::push_body;
use super::progress::supports;
use super::receive::Envelope;
use super::{EndCause, Endpoint, LegId, Timer};
use crate::dialog::{Interval, IntervalWish, Leg, Phase, SessionClock};
use crate::{
    HeaderName, Headers, Method, MinSe, Refresher, Request, Response, SessionExpires, StatusCode,
    Text,
};

/// The option tag of RFC 4028.
const TIMER: &str = "timer";

/// A refresh that found another request under way looks again so much later.
const PAUSE_WHILE_BUSY: Duration = Duration::from_secs(5);

/// Nobody needs a call to be refreshed less often than every day; a larger Min-SE is no wish.
const LONGEST_MINIMUM: u32 = 86_400;

impl Endpoint {
    /// Says in our INVITE how long the call may live.
    pub(super) fn push_interval_wish(&self, headers: &mut Headers) {
        if let Some(timer) = self.config.session_timer
            && !headers.has(&HeaderName::SessionExpires)
        {
            let seconds = timer.wanted_seconds.max(timer.minimum_seconds);
            headers.push_typed(&SessionExpires::new(seconds, None));
            if timer.minimum_seconds > MinSe::LEAST_SECONDS {
                headers.push_typed(&MinSe::new(timer.minimum_seconds));
            }
        }
    }

    /// Says the same in a request of an answered call: nothing changes.
    pub(super) fn push_interval(&self, id: LegId, headers: &mut Headers) {
        if let Some(clock) = self.legs.get(&id).and_then(|leg| leg.clock) {
            let refresher = if clock.is_ours {
                Refresher::Uac
            } else {
                Refresher::Uas
            };
            headers.push_typed(&SessionExpires::new(clock.seconds, Some(refresher)));
        }
    }

    /// What a request of the peer says about the interval.
    pub(super) fn interval_wish(&self, headers: &Headers) -> IntervalWish {
        IntervalWish::of(headers, supports(headers, TIMER))
    }

    /// The refusal of a request that wants a shorter interval than we take.
    pub(super) fn refusal_of_interval(&self, headers: &Headers) -> Option<(StatusCode, Headers)> {
        let timer = self.config.session_timer?;
        let minimum = timer.minimum_seconds;
        if !self.interval_wish(headers).is_too_brief(minimum) {
            return None;
        }
        let mut headers = Headers::new();
        headers.push_typed(&MinSe::new(minimum));
        Some((StatusCode::SESSION_INTERVAL_TOO_SMALL, headers))
    }

    /// Refuses what wants a shorter interval than we take, in a transaction. Says whether it did.
    pub(super) fn refuse_interval(&mut self, envelope: &Envelope, request: &Request) -> bool {
        let Some((_, headers)) = self.refusal_of_interval(&request.headers) else {
            return false;
        };
        let status = StatusCode::SESSION_INTERVAL_TOO_SMALL;
        let mut answer = self.refusal(envelope, request, status);
        answer.headers.append(headers);
        self.answer_with(envelope, answer);
        true
    }

    /// Puts what we agree to into our 2xx, and starts the clock of the call.
    pub(super) fn grant_interval(&mut self, id: LegId, wish: IntervalWish, answer: &mut Response) {
        let Some(timer) = self.config.session_timer else {
            return;
        };
        let before = self.legs.get(&id).and_then(|leg| leg.clock);
        let are_we_refresher = before.is_some_and(|clock| clock.is_ours);
        let Interval { seconds, refresher } = wish.grant(timer.wanted_seconds, are_we_refresher);
        answer.headers.remove(&HeaderName::SessionExpires);
        answer
            .headers
            .push_typed(&SessionExpires::new(seconds, Some(refresher)));
        // Section 9: who has to refresh must understand that it has to.
        if refresher == Refresher::Uac {
            answer.headers.push(HeaderName::Require, TIMER);
        }
        self.set_clock(id, Some((seconds, refresher == Refresher::Uas)));
    }

    /// Starts the clock as the peer's 2xx says; without a word there it stops (section 7.2).
    pub(super) fn learn_interval(&mut self, id: LegId, headers: &Headers) {
        if self.config.session_timer.is_none() {
            return;
        }
        let expires: Option<SessionExpires> = headers.typed().ok().flatten();
        let clock = expires.map(|expires| {
            let is_ours = expires.refresher() != Some(Refresher::Uas);
            (expires.seconds, is_ours)
        });
        self.set_clock(id, clock);
    }

    fn set_clock(&mut self, id: LegId, clock: Option<(u32, bool)>) {
        self.note_change(id);
        let now = self.out.now;
        let clock = clock.map(|(seconds, is_ours)| SessionClock::start(now, seconds, is_ours));
        if let Some(leg) = self.legs.get_mut(&id) {
            let old = std::mem::replace(&mut leg.clock, clock);
            if let Some(old) = old {
                self.out.deadlines.take_back(old.due, Timer::Session(id));
            }
            if let Some(clock) = clock {
                self.out.deadlines.set(clock.due, Timer::Session(id));
            }
        }
    }

    /// Something is to be done again later.
    pub(super) fn postpone_refresh(&mut self, id: LegId, due: Duration) {
        if let Some(Leg {
            clock: Some(clock), ..
        }) = self.legs.get_mut(&id)
        {
            self.out.deadlines.take_back(clock.due, Timer::Session(id));
            clock.due = due.min(clock.end);
            self.out.deadlines.set(clock.due, Timer::Session(id));
        }
    }

    /// It is time to refresh a call, or it has not been refreshed in time.
    pub(super) fn session_due(&mut self, id: LegId) {
        let now = self.out.now;
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let Some(clock) = leg.clock else {
            return;
        };
        if leg.is_parting() {
            leg.clock = None;
            return;
        }
        if !clock.is_ours || now >= clock.end {
            return self.end_with_bye(id, EndCause::SessionExpired);
        }
        if self.refresh(id) {
            self.postpone_refresh(id, clock.retry(now, PAUSE_WHILE_BUSY));
        } else {
            self.postpone_refresh(id, now + PAUSE_WHILE_BUSY);
        }
    }

    /// Sends a refresh, unless something is under way that refreshes the call too, if it succeeds. Tells
    /// whether it did.
    pub(super) fn refresh(&mut self, id: LegId) -> bool {
        let Some(leg) = self.legs.get_mut(&id) else {
            return false;
        };
        if leg.lost_at.is_some() {
            return false;
        }
        let Phase::Established(established) = &mut leg.phase else {
            return false;
        };
        if !established.may_offer() {
            return false;
        }
        let session = &mut established.session;
        // UPDATE says nothing of the session; a re-INVITE repeats our last description (section 7.4).
        let (method, body) = if session.may_update || session.local.is_empty() {
            (Method::Update, Bytes::new())
        } else {
            (Method::Invite, session.local.clone())
        };
        let mut request = session.dialog.request(method);
        let contact = session.dialog.contact();
        request.headers.push(HeaderName::Contact, contact);
        let to_tag = Text::from(session.dialog.remote_tag());
        self.push_abilities(&mut request.headers);
        self.push_interval(id, &mut request.headers);
        push_body(&mut request, body);
        self.send_reoffer(id, &to_tag, Box::new(request), true);
        true
    }

    /// Our refresh was refused, but the dialog lives.
    pub(super) fn refresh_refused(
        &mut self,
        id: LegId,
        to_tag: &str,
        method: &Method,
        status: StatusCode,
    ) {
        let pause = match status {
            // Another request was under way.
            StatusCode::REQUEST_PENDING | StatusCode::SERVER_INTERNAL_ERROR => {
                Duration::from_millis(2100) + Duration::from_millis(10) * self.random.below(191)
            }
            StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED
                if *method == Method::Update =>
            {
                if let Some(leg) = self.legs.get_mut(&id)
                    && let Some(session) = leg.session_mut(to_tag)
                {
                    session.may_update = false;
                }
                Duration::ZERO
            }
            // It is tried again at half of what is left.
            _ => return,
        };
        let due = self.out.now + pause;
        self.postpone_refresh(id, due);
    }

    /// Asks for the interval that a 422 wants at least. False if asking again is of no use.
    pub(super) fn lengthen_interval(request: &mut Request, response: &Response) -> bool {
        if response.status != StatusCode::SESSION_INTERVAL_TOO_SMALL {
            return false;
        }
        let Ok(Some(minimum)) = response.headers.typed::<MinSe>() else {
            return false;
        };
        let Ok(Some(asked)) = request.headers.typed::<SessionExpires>() else {
            return false;
        };
        if minimum.seconds <= asked.seconds || minimum.seconds > LONGEST_MINIMUM {
            return false;
        }
        let expires = SessionExpires::new(minimum.seconds, asked.refresher());
        request.headers.set_typed(&expires);
        request.headers.set_typed(&MinSe::new(minimum.seconds));
        true
    }

    /// The call is over: its clock is taken back.
    pub(super) fn stop_clock(&mut self, id: LegId, leg: &Leg) {
        if let Some(clock) = leg.clock {
            self.out.deadlines.take_back(clock.due, Timer::Session(id));
        }
    }
}
