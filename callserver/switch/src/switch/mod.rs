//! The façade: five methods in front of registrar, reception and bridge, and the way from each event to its verb.

mod answers;
mod timers;
mod watching;

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use sip::{
    Endpoint, Flow, HeaderName, Headers, Method, Population, Request, RequestId, StatusCode, Text,
    Transmit,
};

use crate::authentication::Authentication;
use crate::bridge::Bridge;
use crate::cluster::Neighbours;
use crate::completion::{By, Completions};
use crate::desk::{Desk, with_header};
use crate::guard::{Look, Source};
use crate::key_maker::KeyMaker;
use crate::pager::Pager;
use crate::presence::{Package, Presence};
use crate::questions::Questions;
use crate::reception::Reception;
use crate::registrar::{Registrar, flow_recovery};
use crate::timetable::{Timer, Timetable};
use crate::{CallId, Config, Event, Input, StoredCall};

/// The exchange: SIP comes in, SIP goes out, questions are asked in between.
#[derive(Debug)]
pub struct Switch {
    desk: Desk,
    authentication: Authentication,
    registrar: Registrar,
    reception: Reception,
    pager: Pager,
    bridge: Bridge,
    presence: Presence,
    completions: Completions,
}

/// How much a switch holds, for metrics and for tests that look for leaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Registered contacts.
    pub registrations: usize,
    /// INVITEs whose caller or callee is not known yet.
    pub arrivals: usize,
    /// Calls that ring or are answered.
    pub calls: usize,
    /// Phones in calls.
    pub legs: usize,
    /// Messages outside calls that wait for a phone's answer.
    pub messages: usize,
    /// Subscriptions that somebody has.
    pub subscriptions: usize,
    /// Callers who wait for callees.
    pub completions: usize,
    /// Questions that wait for an answer.
    pub questions: usize,
    /// Timers, those of SIP transactions not counted.
    pub timers: usize,
    /// What the SIP core below holds: transactions live on for half a minute after their calls.
    pub core: Population,
}

/// What the switch understands; the core refuses everything else.
const METHODS: [Method; 13] = [
    Method::Invite,
    Method::Ack,
    Method::Bye,
    Method::Cancel,
    Method::Options,
    Method::Register,
    Method::Message,
    Method::Info,
    Method::Prack,
    Method::Update,
    Method::Refer,
    Method::Subscribe,
    Method::Publish,
];

/// What is taken only to be refused in the way of its own RFC.
const REFUSED: [Method; 1] = [Method::Notify];

/// The extensions that phones may require, besides those that the core knows by itself.
const SUPPORTED: [&str; 3] = ["path", "outbound", "replaces"];

/// After the last call of a drain: time for the phones to answer BYEs and refusals, and for one repetition (2 × T1).
const DRAIN_GRACE: Duration = Duration::from_secs(1);

impl Switch {
    /// A switch without registrations and calls. All randomness (tags, nonces) comes from `seed`, which must be
    /// unguessable outside tests.
    #[must_use]
    pub fn new(config: Config, seed: [u8; 32]) -> Self {
        let endpoint = Endpoint::new(
            sip::Config {
                user_agent: config.server_name.clone(),
                timers: config.timers,
                methods: METHODS.into_iter().chain(REFUSED).collect(),
                forwards: true,
                event_packages: Package::ALL
                    .map(|package| Text::from_static(package.name()))
                    .to_vec(),
                capacity: sip::Capacity {
                    subscriptions: config.max_subscriptions,
                    // All phones behind one NAT are one peer; each account has a bound of its own.
                    subscriptions_per_peer: config.max_subscriptions,
                    ..sip::Capacity::default()
                },
                supported: SUPPORTED.map(Text::from_static).to_vec(),
                flow_recovery: flow_recovery(&config),
                notes_changes: config.keeps_calls,
                ..sip::Config::default()
            },
            derived(seed, 1),
        );
        Switch {
            authentication: Authentication::new(&config, derived(seed, 2)),
            desk: Desk {
                neighbours: config
                    .cluster
                    .clone()
                    .zip(config.wall_clock)
                    .map(|(cluster, clock)| Neighbours::new(cluster, clock, derived(seed, 3))),
                config,
                endpoint,
                timetable: Timetable::default(),
                questions: Questions::default(),
                events: VecDeque::new(),
                key_maker: KeyMaker::new(derived(seed, 3)),
                looked_at: 0,
                is_draining: false,
            },
            registrar: Registrar::default(),
            reception: Reception::default(),
            pager: Pager::default(),
            bridge: Bridge::new(first_session(seed)),
            presence: Presence::new(derived(seed, 4)),
            completions: Completions::default(),
        }
    }

    /// Takes one input at the instant `now`. Drain the outputs afterwards.
    pub fn handle(&mut self, now: Instant, input: Input) {
        match input {
            Input::Receive { flow, payload } => {
                match self.authentication.guard.look(now, flow, &payload) {
                    Look::Pass => {}
                    Look::Drop => return,
                    Look::Scanner(signature) => {
                        return self.desk.emit(Event::ScannerIgnored { flow, signature });
                    }
                }
                self.desk
                    .endpoint
                    .handle(now, sip::Input::Receive { flow, payload });
            }
            Input::FlowFailed { flow } => {
                self.registrar.flow_failed(now, &mut self.desk, flow);
                self.desk
                    .endpoint
                    .handle(now, sip::Input::FlowFailed { flow });
            }
            Input::Timeout => self.desk.endpoint.handle(now, sip::Input::Timeout),
            Input::Answer { ask, answer } => self.answer(now, ask, answer),
            Input::HangUpCall { call } => self.bridge.end_by_operator(now, &mut self.desk, call),
            Input::ForgetLogin { login } => {
                self.registrar.forget_login(&mut self.desk, &login);
                self.presence.forget_login(now, &mut self.desk, &login);
            }
            Input::PresenceChanged { account } => {
                self.presence.ask_anew(now, &mut self.desk, account);
            }
            Input::MessagesChanged { account } => {
                self.presence.ask_for_messages(now, &mut self.desk, account);
            }
            Input::Restore { bindings } => self.registrar.restore(now, &mut self.desk, bindings),
            Input::RestoreCalls {
                calls,
                are_doubtful,
            } => {
                self.recall(&calls);
                self.bridge
                    .restore_calls(now, &mut self.desk, calls, are_doubtful);
            }
            Input::MediaSilent { call, side } => {
                self.bridge.media_silent(now, &mut self.desk, call, side);
            }
            Input::MediaPlayed { call, play } => {
                self.bridge.played(now, &mut self.desk, call, play);
            }
            Input::MediaRecorded { call, is_kept } => {
                self.bridge.recorded(now, &mut self.desk, call, is_kept);
            }
            Input::MediaPressed { call, digit } => {
                self.bridge.pressed(now, &mut self.desk, call, digit);
            }
            Input::RequestCompletion {
                ticket,
                caller,
                dialled,
            } => {
                let by = By::Ticket(ticket);
                self.completions
                    .ask(now, &mut self.desk, by, caller, dialled);
            }
            Input::CancelCompletion { caller, only } => {
                let parts = (&mut self.desk, &mut self.bridge);
                self.completions.cancel(now, parts.0, parts.1, caller, only);
            }
            Input::SendLetter {
                ticket,
                from,
                to,
                device,
                letter,
            } => {
                let (desk, registrar) = (&mut self.desk, &self.registrar);
                let what = (ticket, device);
                self.pager
                    .send_letter(now, desk, registrar, what, (&from, &to), &letter);
            }
            Input::ReleaseSource { source } => {
                let source = Source::of(source);
                if self.authentication.guard.release(source) {
                    self.desk.emit(Event::SourceReleased { source: source.0 });
                }
            }
            Input::Drain => self.drain(now),
        }
        self.settle(now);
        self.bridge.tell_changes(now, &mut self.desk);
    }

    /// The next message to send.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.desk.endpoint.poll_transmit()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        let event = self.desk.events.pop_front()?;
        self.desk.looked_at = self.desk.looked_at.saturating_sub(1);
        Some(event)
    }

    /// When [`Input::Timeout`] is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let of_endpoint = self.desk.endpoint.poll_timeout();
        let own = self.desk.timetable.next_due();
        of_endpoint.into_iter().chain(own).min()
    }

    /// What is to be kept of all answered calls at this moment, for a process that takes over in peace. Those in which
    /// something waits for a word of ours are as they were told last.
    #[must_use]
    pub fn stored_calls(&self, now: Instant) -> Vec<StoredCall> {
        self.bridge.stored_calls(&self.desk, now)
    }

    /// The call that a dialog belongs to, by its Call-ID and the tag of our side: of what is sent, the tag of its From.
    #[must_use]
    pub fn call_of(&self, call_id: &str, local_tag: &str) -> Option<CallId> {
        let leg = self.desk.endpoint.leg_named(call_id, local_tag)?;
        self.bridge.call_with(leg)
    }

    /// How much it holds.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            registrations: self.registrar.len(),
            arrivals: self.reception.len(),
            calls: self.bridge.len(),
            legs: self.bridge.legs(),
            messages: self.pager.len(),
            subscriptions: self.presence.len(),
            completions: self.completions.len(),
            questions: self.desk.questions.len(),
            timers: self.desk.timetable.len(),
            core: self.desk.endpoint.population(),
        }
    }

    /// Works until nothing is left to do at this instant: what one verb does may let the core speak again.
    fn settle(&mut self, now: Instant) {
        loop {
            if let Some(event) = self.desk.endpoint.poll_event() {
                self.dispatch(now, event);
            } else if let Some(timer) = self.desk.timetable.pop_due(now) {
                self.fire(now, timer);
            } else if !self.look_at_events(now) {
                return;
            }
        }
    }

    fn dispatch(&mut self, now: Instant, event: sip::Event) {
        let Switch {
            desk,
            authentication,
            registrar,
            reception,
            pager,
            bridge,
            presence,
            completions: _,
        } = self;
        match event {
            sip::Event::Request {
                request,
                leg: Some(leg),
                message,
                ..
            } => bridge.carry(now, desk, leg, request, message),
            sip::Event::Request {
                request,
                flow,
                message,
                ..
            } => self.request(now, request, flow, message),
            sip::Event::Response { request, response } => {
                if !bridge.carried_back(now, desk, request, &response) {
                    pager.answered(now, desk, request, response);
                }
            }
            sip::Event::RequestFailed { request, cause } => {
                if !bridge.not_carried(now, desk, request, cause) {
                    pager.failed(now, desk, request);
                }
            }
            sip::Event::Incoming {
                leg,
                flow,
                invite,
                replaces,
            } => {
                let arrived = (leg, flow, invite, replaces);
                let people = (authentication, &*registrar);
                if let Some(admitted) = reception.arrive(now, desk, people, arrived, bridge.len()) {
                    bridge.begin(now, desk, registrar, admitted);
                }
            }
            sip::Event::Progress {
                leg,
                status,
                headers,
                body,
            } => bridge.progressed(now, desk, leg, status, &headers, body),
            sip::Event::Answered { leg, ref body, .. }
                if bridge.called_back(now, desk, registrar, leg, body) => {}
            sip::Event::Answered { leg, body, .. } => bridge.answered(now, desk, leg, body),
            sip::Event::Acknowledged { leg, .. } if bridge.picker_acknowledged(now, desk, leg) => {}
            sip::Event::Acknowledged { leg, body }
            | sip::Event::ProgressAcknowledged { leg, body } => {
                bridge.acknowledged(now, desk, leg, body);
            }
            sip::Event::Reoffer { leg, invite } => bridge.reoffered(now, desk, leg, invite),
            sip::Event::ReofferAccepted { leg, body, .. } => {
                bridge.early_offer_answered(now, desk, leg, body);
            }
            sip::Event::ReofferRefused { leg, .. }
                if bridge.picker_refused(now, desk, registrar, leg) => {}
            sip::Event::ReofferRefused { leg, status } => {
                bridge.reoffer_refused(now, desk, leg, status)
            }
            sip::Event::FlowLost { leg } => bridge.flow_lost(now, desk, registrar, leg),
            sip::Event::Moved { leg, flow } => bridge.moved(desk, leg, flow),
            sip::Event::ReofferWithdrawn { leg } => bridge.offer_withdrawn(now, desk, leg),
            sip::Event::Ended { leg, cause } => {
                if !reception.leave(desk, leg) && !bridge.not_called_back(now, desk, leg, &cause) {
                    bridge.leg_ended(now, desk, registrar, leg, cause);
                }
            }
            sip::Event::BadMessage { flow, error } => desk.emit(Event::BadMessage {
                flow,
                kind: error.kind(),
                why: Text::from(error.to_string()),
            }),
            sip::Event::SubscriptionRequested {
                subscription,
                request,
                leg,
                ..
            } if request.method == Method::Refer => {
                bridge.refer(now, desk, registrar, (subscription, leg), &request);
            }
            sip::Event::SubscriptionRequested {
                subscription,
                flow,
                request,
                ..
            } => {
                let parts = (authentication, &*registrar);
                presence.subscribe(now, desk, parts, (subscription, flow, request));
            }
            sip::Event::SubscriptionEnded { subscription, .. } => {
                presence.ended(now, desk, registrar, subscription);
            }
            // The switch registers nowhere.
            sip::Event::Registered { .. }
            | sip::Event::RegistrationFailed { .. }
            | sip::Event::Unregistered { .. }
            | sip::Event::Subscribed { .. }
            | sip::Event::Notified { .. }
            | sip::Event::Published { .. }
            | sip::Event::PublicationFailed { .. }
            | sip::Event::Unpublished { .. } => {}
        }
    }

    fn request(&mut self, now: Instant, request: RequestId, flow: Flow, message: Request) {
        let desk = &mut self.desk;
        match message.method {
            Method::Register => {
                Registrar::arrive(now, desk, &mut self.authentication, request, flow, message);
            }
            // Phones ask whether the server is there, and what it can do (RFC 3261 section 11).
            Method::Options => {
                let mut headers = with_header(HeaderName::Accept, "application/sdp");
                headers.push(
                    HeaderName::Allow,
                    METHODS.map(|method| method.to_string()).join(", "),
                );
                desk.respond(now, request, StatusCode::OK, headers);
            }
            Method::Message => {
                let arrived = (request, flow, message);
                let people = (&mut self.authentication, &self.registrar);
                self.pager.arrive(now, desk, people, arrived);
            }
            Method::Publish => {
                let arrived = (request, flow, message);
                Presence::published(now, desk, &mut self.authentication, arrived);
            }
            // What belongs to a call or a subscription, and names none.
            Method::Info | Method::Prack | Method::Update | Method::Notify => {
                let status = StatusCode::CALL_DOES_NOT_EXIST;
                desk.respond(now, request, status, Headers::new());
            }
            _ => desk.respond(now, request, StatusCode::METHOD_NOT_ALLOWED, Headers::new()),
        }
    }

    fn drain(&mut self, now: Instant) {
        if self.desk.is_draining {
            return;
        }
        self.desk.is_draining = true;
        let had_work = self.bridge.len() + self.reception.len() > 0;
        self.reception.close(now, &mut self.desk);
        self.bridge.end_all(now, &mut self.desk);
        let grace = if had_work {
            DRAIN_GRACE
        } else {
            Duration::ZERO
        };
        self.desk.timetable.set(now + grace, Timer::DrainEnds);
    }
}

/// Seeds for the parts, so that none can be told from another's output.
fn derived(mut seed: [u8; 32], part: u8) -> [u8; 32] {
    seed[31] ^= part;
    seed
}

/// Where session ids begin. They are public, so they must give nothing of the seed away: 38 bits of a hash, and below
/// them room for the calls of this run. Together they fit into the 63 bits that every phone can read.
fn first_session(seed: [u8; 32]) -> u64 {
    let mut hasher = DefaultHasher::new();
    seed.hash(&mut hasher);
    (hasher.finish() >> 26) << 24
}
