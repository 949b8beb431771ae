//! The façade: a phone with one account and one call at a time that is spoken in, without a socket, a sound device or a clock.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use sip::{Endpoint, LegId, Method, Transmit, Uri};

use crate::call::Line;
use crate::probe::Probe;
use crate::registration::Registrar;
use crate::{Call, CallNumber, Config, Event, Input, RegistrationState, target};

/// A phone. Drain [`Phone::poll_transmit`] and [`Phone::poll_event`] after each [`Phone::handle`].
#[derive(Debug)]
pub struct Phone {
    pub(crate) config: Config,
    pub(crate) endpoint: Endpoint,
    pub(crate) registrar: Registrar,
    pub(crate) lines: BTreeMap<CallNumber, Line>,
    pub(crate) probe: Probe,
    pub(crate) events: VecDeque<Event>,
    /// Tells the sessions of this phone from those of others (RFC 8866 section 5.2).
    pub(crate) session_base: u64,
    last_call: u64,
}

impl Phone {
    /// A phone that is not signed in. Everything random in it follows from the seed, which must be unguessable outside
    /// tests.
    #[must_use]
    pub fn new(config: Config, now: Instant, seed: [u8; 32]) -> Self {
        let endpoint = sip::Config {
            user_agent: config.user_agent.clone(),
            timers: config.timers,
            methods: vec![
                Method::Invite,
                Method::Ack,
                Method::Bye,
                Method::Cancel,
                Method::Options,
                Method::Info,
                // The server says so where a call was parked; see `server`.
                Method::Message,
            ],
            flow_recovery: config.patience.recovery,
            recovers_datagrams: true,
            // Somebody waits for this phone to come back: no longer pauses than that.
            registration_retry: sip::RetryDelay {
                first: Duration::from_secs(2),
                first_beside_others: Duration::from_secs(2),
                longest: Duration::from_secs(30),
            },
            ..sip::Config::default()
        };
        // 31 bits, because some phones read the number into a signed 32-bit word.
        let session_base = u64::from(u32::from_be_bytes([seed[0], seed[1], seed[2], seed[3]]) >> 1);
        Self {
            endpoint: Endpoint::new(endpoint, seed),
            registrar: Registrar::default(),
            lines: BTreeMap::new(),
            probe: Probe::Resting { since: now },
            events: VecDeque::new(),
            session_base,
            last_call: config.calls_before,
            config,
        }
    }

    /// A new name for an outgoing call.
    pub fn next_call(&mut self) -> CallNumber {
        self.last_call += 1;
        CallNumber(self.last_call)
    }

    /// Whether somebody who calls during a call rings too, from now on; otherwise the line is busy.
    pub fn take_waiting_calls(&mut self, on: bool) {
        self.config.call_waiting = on;
    }

    /// Takes one input, and runs the timers that are due by `now`.
    pub fn handle(&mut self, now: Instant, input: Input) {
        match input {
            Input::Receive { flow, payload } => {
                if flow.remote == self.config.server.remote {
                    self.server_gave_a_sign(now);
                }
                self.endpoint
                    .handle(now, sip::Input::Receive { flow, payload });
            }
            Input::FlowFailed { flow } => {
                self.endpoint.handle(now, sip::Input::FlowFailed { flow });
            }
            Input::Timeout => {
                if self.endpoint.poll_timeout().is_some_and(|due| due <= now) {
                    self.endpoint.handle(now, sip::Input::Timeout);
                }
            }
            Input::SignIn => self.sign_in(now),
            Input::SignOut => self.sign_out(now),
            Input::Call { call, target } => self.place_call(now, call, target),
            Input::Answer { call } => self.answer_call(now, call),
            Input::Decline { call } => self.decline_call(now, call),
            Input::Hold { call, on } => self.hold_call(now, call, on),
            Input::Press { call, digit } => self.press(now, call, digit),
            Input::Transfer { call, target } => self.transfer(now, call, &target),
            Input::TransferToCall { call, consulted } => {
                self.transfer_to_call(now, call, consulted);
            }
            Input::HangUp { call } => self.hang_up_call(now, call),
            Input::MediaReady { call, rtp, keys } => self.media_is_ready(now, call, rtp, &keys),
            Input::MediaFailed { call, sentence } => self.media_failed(now, call, sentence),
            Input::MediaFlows { call } => self.sound_flows(call),
            Input::MediaStalled { call } => self.sound_stalled(now, call),
        }
        self.take_endpoint_events(now);
        self.run_own_timers(now);
        self.take_endpoint_events(now);
    }

    /// The next SIP message to send.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.endpoint.poll_transmit()
    }

    /// The next thing that the application has to know.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`Input::Timeout`] is due, unless another input comes before.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let patience = &self.config.patience;
        let lines = self.lines.values().filter_map(|line| line.due(patience));
        lines
            .chain(self.endpoint.poll_timeout())
            .chain(self.probe.due(self.eagerness(), patience))
            .min()
    }

    /// The calls that are there now.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.lines.values().map(|line| &line.call)
    }

    /// Where the registration stands.
    #[must_use]
    pub fn registration(&self) -> RegistrationState {
        self.registrar.state
    }

    /// The device's own address.
    pub(crate) fn own_address(&self) -> Uri {
        Uri {
            user: Some(self.config.login.clone()),
            ..self.registrar_address()
        }
    }

    /// The address of the server's domain, where requests go that are for the server itself.
    pub(crate) fn registrar_address(&self) -> Uri {
        let domain = self.config.domain.as_str();
        // A domain that cannot be parsed would be refused by the server's first answer anyway.
        target::domain(domain)
    }

    pub(crate) fn credential(&self) -> sip::ClientCredential {
        sip::ClientCredential {
            login: self.config.login.clone(),
            secret: self.config.secret.clone(),
        }
    }

    pub(crate) fn call_of(&self, leg: LegId) -> Option<CallNumber> {
        self.lines
            .iter()
            .find(|(_, line)| line.leg() == Some(leg))
            .map(|(call, _)| *call)
    }

    fn take_endpoint_events(&mut self, now: Instant) {
        while let Some(event) = self.endpoint.poll_event() {
            self.on_endpoint_event(now, event);
        }
    }

    fn on_endpoint_event(&mut self, now: Instant, event: sip::Event) {
        match event {
            sip::Event::Request {
                request,
                message,
                leg,
                ..
            } => match leg.and_then(|leg| self.call_of(leg)) {
                Some(call) if message.method == Method::Info => {
                    self.info_comes(now, request, call, &message);
                }
                _ => self.answer_request(now, request, &message),
            },
            // Whatever the answer says, it shows that the server is there; receiving it has been noted.
            sip::Event::Response { .. } => {}
            sip::Event::RequestFailed { cause, .. } => self.question_failed(now, cause),
            sip::Event::Registered {
                registration,
                flow_timer_seconds,
                ..
            } => self.registered(now, registration, flow_timer_seconds),
            sip::Event::RegistrationFailed {
                registration,
                failure,
                will_retry_after,
            } => {
                self.registration_failed(registration, failure, will_retry_after);
            }
            sip::Event::Unregistered { registration } => self.unregistered(registration),
            sip::Event::Incoming { leg, invite, .. } => self.call_comes_in(now, leg, &invite),
            sip::Event::Progress { leg, status, .. } => self.call_progresses(now, leg, status),
            sip::Event::Answered { leg, body, .. } => self.call_is_answered(now, leg, &body),
            sip::Event::Acknowledged { leg, body } => self.call_is_acknowledged(now, leg, &body),
            sip::Event::Reoffer { leg, invite } => self.session_is_offered_again(now, leg, &invite),
            sip::Event::ReofferRefused { leg, .. } => self.offer_is_refused(leg),
            // Only what was answered is changed here.
            sip::Event::ReofferAccepted { .. }
            | sip::Event::ReofferWithdrawn { .. }
            | sip::Event::ProgressAcknowledged { .. } => {}
            sip::Event::FlowLost { leg } => self.way_is_lost(leg),
            sip::Event::Moved { leg, .. } => self.way_is_restored(now, leg),
            sip::Event::Ended { leg, cause } => self.leg_ended(now, leg, &cause),
            sip::Event::Notified {
                subscription, body, ..
            } => self.transfer_is_reported(now, subscription, &body),
            sip::Event::SubscriptionEnded {
                subscription,
                cause,
            } => self.transfer_ended(subscription, &cause),
            // It publishes nothing, and takes neither SUBSCRIBE nor REFER: the server transfers calls itself.
            sip::Event::Subscribed { .. }
            | sip::Event::SubscriptionRequested { .. }
            | sip::Event::Published { .. }
            | sip::Event::PublicationFailed { .. }
            | sip::Event::Unpublished { .. } => {}
            sip::Event::BadMessage { error, .. } => {
                self.events.push_back(Event::BadMessage {
                    why: error.to_string(),
                });
            }
        }
    }
}
