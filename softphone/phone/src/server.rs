//! How the phone notices that its server is gone, and what follows.

use std::time::Instant;

use bytes::Bytes;
use sip::{
    Failure, Flow, HeaderName, Headers, Method, NameAddr, Params, Request, RequestId, StatusCode,
};

use crate::call::Line;
use crate::probe::{Eagerness, Probe};
use crate::{CallStage, EndReason, Event, Phone, RegistrationState};

impl Phone {
    pub(crate) fn eagerness(&self) -> Eagerness {
        if self.lines.values().any(|line| line.needs_sign_of_server()) {
            Eagerness::Call
        } else if self.registrar.state == RegistrationState::Registered && self.lines.is_empty() {
            Eagerness::Idle
        } else {
            Eagerness::None
        }
    }

    pub(crate) fn server_gave_a_sign(&mut self, now: Instant) {
        self.probe = Probe::Resting { since: now };
    }

    pub(crate) fn ask_server(&mut self, now: Instant) {
        let request = self.endpoint.next_request();
        let own = NameAddr {
            display_name: None,
            uri: self.own_address(),
            params: Params::default(),
        };
        let mut message = Request::new(Method::Options, self.registrar_address());
        message.headers.push_typed(&sip::FromHeader(own.clone()));
        message.headers.push_typed(&sip::ToHeader(NameAddr {
            uri: self.registrar_address(),
            ..own
        }));
        let again = now + self.config.patience.repeat;
        let until = match self.probe {
            Probe::Asking { until, .. } => until,
            Probe::Resting { .. } => now + self.config.patience.answer,
        };
        self.probe = Probe::Asking { again, until };
        self.endpoint.handle(
            now,
            sip::Input::Request {
                request,
                flow: self.config.server,
                message,
                credential: None,
            },
        );
    }

    /// The question found no way to the server at all. One that was merely not answered is too old to matter.
    pub(crate) fn question_failed(&mut self, now: Instant, cause: Failure) {
        if matches!(self.probe, Probe::Asking { .. }) && cause == Failure::FlowFailed {
            self.probe = Probe::Resting { since: now };
            self.end_calls_of_server(now);
            self.register_anew(now);
        }
    }

    pub(crate) fn run_own_timers(&mut self, now: Instant) {
        self.run_call_timers(now);
        let is_due = self
            .probe
            .due(self.eagerness(), &self.config.patience)
            .is_some_and(|due| due <= now);
        if is_due {
            match self.probe {
                Probe::Asking { until, .. } if until <= now => self.server_is_gone(now),
                Probe::Resting { .. } | Probe::Asking { .. } => self.ask_server(now),
            }
        }
    }

    /// Silence counts as an answer: ends the calls that hang on the server, lets the answered ones wait for it, and
    /// registers again.
    fn server_is_gone(&mut self, now: Instant) {
        self.probe = Probe::Resting { since: now };
        self.end_calls_of_server(now);
        if self.lines.is_empty() {
            return self.register_anew(now);
        }
        // Nobody closed the connection, but it leads nowhere any more.
        let legs = self.lines.values().filter_map(Line::leg);
        let mut flows: Vec<Flow> = legs.filter_map(|leg| self.endpoint.flow_of(leg)).collect();
        flows.push(self.config.server);
        flows.dedup();
        for flow in flows {
            if flow.transport.is_reliable() {
                self.events.push_back(Event::AbandonConnection { flow });
            }
            self.endpoint.handle(now, sip::Input::FlowFailed { flow });
        }
    }

    /// Ends the calls that are not answered yet.
    fn end_calls_of_server(&mut self, now: Instant) {
        let calls: Vec<_> = self
            .lines
            .iter()
            .filter(|(_, line)| {
                line.needs_sign_of_server()
                    && !matches!(line.call.stage, CallStage::Connected { .. })
            })
            .map(|(call, line)| (*call, reason_without_server(&line.call.stage)))
            .collect();
        for (call, reason) in calls {
            self.end_call(now, call, reason);
        }
    }

    pub(crate) fn answer_request(&mut self, now: Instant, request: RequestId, message: &Request) {
        let mut headers = Headers::default();
        let status = match message.method {
            Method::Options => {
                // What the core does by itself it adds to what this says: Allow, Supported, ….
                headers.push(HeaderName::Accept, "application/sdp");
                StatusCode::OK
            }
            Method::Message => match word_of_the_house(message) {
                Some((from, text)) => {
                    self.events.push_back(Event::Told { from, text });
                    StatusCode::OK
                }
                // Not 405: the server's own word comes with this method, and so Allow names it (RFC 3261 section 8.2.1).
                // And not 6xx, which would say that the message has arrived (RFC 3428 section 7).
                None => StatusCode::FORBIDDEN,
            },
            // What is left belongs to a call, and that is over.
            _ => StatusCode::CALL_DOES_NOT_EXIST,
        };
        self.endpoint.handle(
            now,
            sip::Input::Respond {
                request,
                status,
                headers,
                body: Bytes::new(),
            },
        );
    }
}

/// The longest word that the server has for a phone, in bytes.
const LONGEST_WORD: usize = 200;

/// What the server itself says to this phone, such as in which slot a call waits, and from where it says it. What people
/// write comes another way, so this phone takes no other MESSAGE: whoever sends one learns that it did not arrive.
fn word_of_the_house(message: &Request) -> Option<(String, String)> {
    if message.method != sip::Method::Message || message.body.len() > LONGEST_WORD {
        return None;
    }
    let from = message.headers.typed::<sip::FromHeader>().ok()??;
    let user = from.0.uri.user?;
    // Nobody's number begins so.
    if !user.starts_with(['*', '#']) {
        return None;
    }
    let text = std::str::from_utf8(&message.body).ok()?;
    let is_plain = !text.chars().any(char::is_control);
    is_plain.then(|| (user.to_string(), text.to_owned()))
}

fn reason_without_server(stage: &CallStage) -> EndReason {
    match stage {
        CallStage::Dialling => EndReason::ServerUnreachable,
        _ => EndReason::ServerGone,
    }
}
