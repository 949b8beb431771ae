//! What every part of the switch works with: the SIP core below, timers, questions, and the way out for events.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;
use sip::{Endpoint, HeaderName, Headers, LegId, Method, NameAddr, RequestId, StatusCode, Text};

use crate::cluster::{Neighbours, Sender};
use crate::key_maker::KeyMaker;
use crate::questions::{Purpose, Questions};
use crate::registrar::Target;
use crate::timetable::{Timer, Timetable};
use crate::{AskId, Config, Event, Question};

#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) config: Config,
    pub(crate) endpoint: Endpoint,
    pub(crate) timetable: Timetable,
    pub(crate) questions: Questions,
    pub(crate) events: VecDeque<Event>,
    pub(crate) key_maker: KeyMaker,
    /// How many of them, from the front, presence has looked at.
    pub(crate) looked_at: usize,
    /// The other servers, if there may be any.
    pub(crate) neighbours: Option<Neighbours>,
    /// Nothing new is taken any more.
    pub(crate) is_draining: bool,
}

impl Desk {
    pub(crate) fn emit(&mut self, event: Event) {
        self.events.push_back(event);
    }

    pub(crate) fn ask(&mut self, now: Instant, question: Question, purpose: Purpose) -> AskId {
        let ask = self.questions.next_id();
        let due = now + self.config.question_timeout;
        let timer = self.timetable.set(due, Timer::QuestionExpires(ask));
        self.questions.insert(ask, purpose, timer);
        self.emit(Event::Ask { ask, question });
        ask
    }

    /// Takes an open question out, because it is answered, or because nobody needs the answer any more.
    pub(crate) fn close_question(&mut self, ask: AskId) -> Option<Purpose> {
        let (purpose, timer) = self.questions.remove(ask)?;
        self.timetable.cancel(timer);
        Some(purpose)
    }

    /// The call that asked is over; should ports still come, they are given back.
    pub(crate) fn abandon_ports(&mut self, ask: AskId) {
        let Some((purpose, timer)) = self.questions.remove(ask) else {
            return;
        };
        self.timetable.cancel(timer);
        if let Purpose::Ports(call) = purpose {
            self.questions
                .insert(ask, Purpose::AbandonedPorts(call), timer);
        }
    }

    pub(crate) fn respond(
        &mut self,
        now: Instant,
        request: RequestId,
        status: StatusCode,
        headers: Headers,
    ) {
        let respond = sip::Input::Respond {
            request,
            status,
            headers,
            body: Bytes::new(),
        };
        self.endpoint.handle(now, respond);
    }

    pub(crate) fn reject(
        &mut self,
        now: Instant,
        leg: LegId,
        status: StatusCode,
        headers: Headers,
    ) {
        self.endpoint.handle(
            now,
            sip::Input::Reject {
                leg,
                status,
                headers,
            },
        );
    }

    /// Tells the other server that has `target` who sends a request to it; to phones of our own nothing is added.
    pub(crate) fn vouch(
        &mut self,
        now: Instant,
        headers: &mut Headers,
        method: &Method,
        target: &Target,
        people: (&Sender, &NameAddr, &NameAddr),
        body: &[u8],
    ) {
        if let (Some(neighbours), Some(token)) = (&mut self.neighbours, &target.token) {
            neighbours.vouch(now, headers, (method, token), people, body);
        }
    }

    pub(crate) fn hang_up(&mut self, now: Instant, leg: LegId, reason: Option<Text>) {
        self.endpoint
            .handle(now, sip::Input::Hangup { leg, reason });
    }
}

/// The headers of a refusal for now: come back after so many seconds (RFC 3261 21.5.4).
pub(crate) fn retry_after(seconds: u32) -> Headers {
    with_header(HeaderName::RetryAfter, seconds.to_string())
}

pub(crate) fn with_header(name: HeaderName, value: impl Into<Text>) -> Headers {
    let mut headers = Headers::new();
    headers.push(name, value);
    headers
}
