//! Registering this device, and where that stands.

use std::time::{Duration, Instant};

use sip::{NameAddr, Params, RegistrationFailure, RegistrationId, StatusCode};

use crate::{Event, Phone};

/// No server can make the phone ask more often than this.
const SHORTEST_IDLE: Duration = Duration::from_secs(5);

/// Why the server does not have this device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistrationProblem {
    /// Login or secret are not, or no longer, right (401, 403, 407).
    #[error("The server does not accept this device's credential; sign in again.")]
    WrongCredential,
    /// Any other refusal, with its SIP status.
    #[error("The server refused to register this device (SIP status {0}); ask its administrator.")]
    Refused(u16),
    /// Silence.
    #[error("The call server does not answer; check the network and that the server runs.")]
    NoAnswer,
    /// The connection broke, or could not be opened.
    #[error(
        "There is no connection to the call server; check the network and that the server runs."
    )]
    NoConnection,
    /// The answer made no sense.
    #[error(
        "The call server answered with something that cannot be understood; check the server's address."
    )]
    Malformed,
}

impl RegistrationProblem {
    /// A short stable word for scripts.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::WrongCredential => "wrong-credential",
            Self::Refused(_) => "registration-refused",
            Self::NoAnswer | Self::NoConnection => "server-unreachable",
            Self::Malformed => "protocol-error",
        }
    }
}

impl From<RegistrationFailure> for RegistrationProblem {
    fn from(failure: RegistrationFailure) -> Self {
        match failure {
            RegistrationFailure::Refused(
                StatusCode::UNAUTHORIZED
                | StatusCode::FORBIDDEN
                | StatusCode::PROXY_AUTHENTICATION_REQUIRED,
            ) => Self::WrongCredential,
            RegistrationFailure::Refused(status) => Self::Refused(status.code()),
            RegistrationFailure::Timeout => Self::NoAnswer,
            RegistrationFailure::Transport => Self::NoConnection,
            RegistrationFailure::Malformed => Self::Malformed,
        }
    }
}

/// Where the registration stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationState {
    /// Nobody asked for it.
    SignedOut,
    /// The server was asked.
    Registering,
    /// Calls can be made and received.
    Registered,
    /// The server was lost or refused for now; the phone tries again by itself.
    Retrying {
        /// Counted from the event.
        after: Duration,
        /// Why.
        problem: RegistrationProblem,
    },
    /// The registration is being taken back.
    SigningOut,
    /// It is over, and trying again would give the same.
    Failed {
        /// Why.
        problem: RegistrationProblem,
    },
}

/// The registration that is kept at the server, if any.
#[derive(Debug)]
pub(crate) struct Registrar {
    pub(crate) registration: Option<RegistrationId>,
    pub(crate) state: RegistrationState,
}

impl Default for Registrar {
    fn default() -> Self {
        Self {
            registration: None,
            state: RegistrationState::SignedOut,
        }
    }
}

impl Phone {
    pub(crate) fn sign_in(&mut self, now: Instant) {
        if self.registrar.registration.is_some() {
            return;
        }
        let registration = self.endpoint.next_registration();
        self.registrar.registration = Some(registration);
        self.set_registration(RegistrationState::Registering);
        self.send_registration(now, registration);
    }

    fn send_registration(&mut self, now: Instant, registration: RegistrationId) {
        let address_of_record = NameAddr {
            display_name: self.config.display_name.clone(),
            uri: self.own_address(),
            params: Params::default(),
        };
        let input = sip::Input::Register {
            registration,
            flow: self.config.server,
            registrar: self.registrar_address(),
            address_of_record,
            credential: Some(self.credential()),
            expires_seconds: self.config.patience.registration_seconds,
            instance: self.config.instance.clone(),
            // One way to one server.
            reg_id: self.config.instance.is_some().then_some(1),
            features: vec![sip::READS_ROOMS.into()],
        };
        self.endpoint.handle(now, input);
    }

    pub(crate) fn sign_out(&mut self, now: Instant) {
        let calls: Vec<_> = self.lines.keys().copied().collect();
        for call in calls {
            self.hang_up_call(now, call);
        }
        match self.registrar.registration {
            Some(registration) => {
                self.set_registration(RegistrationState::SigningOut);
                self.endpoint
                    .handle(now, sip::Input::Unregister { registration });
            }
            None => self.set_registration(RegistrationState::SignedOut),
        }
    }

    pub(crate) fn registered(
        &mut self,
        now: Instant,
        registration: RegistrationId,
        flow_timer_seconds: Option<u32>,
    ) {
        // The server wants a sign of life at least that often, and the phone's own question is one.
        // RFC 5626 section 4.4.1 has it come after at most the whole and at least 80 % of that time.
        if let Some(seconds) = flow_timer_seconds {
            let most = Duration::from_secs(u64::from(seconds)) * 4 / 5;
            let idle = &mut self.config.patience.idle;
            *idle = most.clamp(SHORTEST_IDLE, (*idle).max(SHORTEST_IDLE));
        }
        if self.is_current(registration) && self.registrar.state != RegistrationState::SigningOut {
            self.set_registration(RegistrationState::Registered);
            self.take_calls_along(now);
        }
    }

    pub(crate) fn registration_failed(
        &mut self,
        registration: RegistrationId,
        failure: RegistrationFailure,
        will_retry_after: Option<Duration>,
    ) {
        if !self.is_current(registration) || self.registrar.state == RegistrationState::SigningOut {
            return;
        }
        let problem = RegistrationProblem::from(failure);
        match will_retry_after {
            Some(after) => self.set_registration(RegistrationState::Retrying { after, problem }),
            None => {
                self.registrar.registration = None;
                self.set_registration(RegistrationState::Failed { problem });
            }
        }
    }

    /// The server does not answer although it should have us: tell, and ask it to take us again as soon as it is back.
    pub(crate) fn register_anew(&mut self, now: Instant) {
        let Some(registration) = self.registrar.registration else {
            return;
        };
        if self.registrar.state == RegistrationState::Registered {
            let problem = RegistrationProblem::NoAnswer;
            self.set_registration(RegistrationState::Retrying {
                after: Duration::ZERO,
                problem,
            });
            self.send_registration(now, registration);
        }
    }

    pub(crate) fn unregistered(&mut self, registration: RegistrationId) {
        if self.is_current(registration) {
            self.registrar.registration = None;
            self.set_registration(RegistrationState::SignedOut);
        }
    }

    fn is_current(&self, registration: RegistrationId) -> bool {
        self.registrar.registration == Some(registration)
    }

    pub(crate) fn set_registration(&mut self, state: RegistrationState) {
        // A refresh that goes well is no news.
        if self.registrar.state != state {
            self.registrar.state = state;
            self.events.push_back(Event::Registration(state));
        }
    }
}
