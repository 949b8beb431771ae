//! Registrations: sending REGISTER in time, and telling how it went.

use std::time::Duration;

use super::purpose::Purpose;
use super::{
    ClientCredential, DigestClient, Endpoint, Event, Failure, RegistrationFailure, RegistrationId,
    Timer,
};
use crate::registration::{
    Registration, Verdict, Wanted, refresh_after, replace_after, retry_after,
};
use crate::{Flow, FlowTimer, FromHeader, HeaderName, NameAddr, Request, Response, Text, Uri};

/// What [`Input::Register`](super::Input::Register) asks for.
pub(super) struct Wish {
    pub(super) flow: Flow,
    pub(super) registrar: Uri,
    pub(super) address_of_record: NameAddr,
    pub(super) credential: Option<ClientCredential>,
    pub(super) expires_seconds: u32,
    pub(super) instance: Option<Text>,
    pub(super) reg_id: Option<u32>,
    pub(super) features: Vec<Text>,
}

impl Endpoint {
    /// [`Input::Register`](super::Input::Register).
    pub(super) fn register(&mut self, id: RegistrationId, wish: Wish) {
        let user = wish.address_of_record.uri.user.as_deref();
        let contact = self.contact_to_register(wish.flow, user, &wish.registrar);
        // What we print ourselves can be read again; without a port it could only be an advertised
        // host of no meaning.
        let Ok(contact) = Uri::parse(contact.trim_matches(['<', '>'])) else {
            return self.out.tell(Event::RegistrationFailed {
                registration: id,
                failure: RegistrationFailure::Malformed,
                will_retry_after: None,
            });
        };
        let wanted = Wanted {
            flow: wish.flow,
            registrar: wish.registrar,
            address_of_record: wish.address_of_record,
            contact,
            digest: wish.credential.map(DigestClient::new),
            expires_seconds: wish.expires_seconds,
            instance: wish.instance,
            reg_id: wish.reg_id,
            features: wish.features,
        };
        let mut registration = Registration::new(wanted, &mut self.random);
        // Registering again under the same name replaces the old wish.
        if let Some(old) = self.registrations.get(&id) {
            registration.plan = old.plan.wrapping_add(1);
            registration.is_bound = old.is_bound;
        }
        self.registrations.insert(id, registration);
        self.send_register(id);
    }

    /// Puts the routes that the registrar asked for into a request of a registered device, unless
    /// the application has chosen its own (RFC 3608 section 5).
    pub(super) fn preload_routes(&self, flow: Flow, request: &mut Request) {
        if self.registrations.is_empty() || request.headers.has(&HeaderName::Route) {
            return;
        }
        let Ok(Some(FromHeader(from))) = request.headers.typed() else {
            return;
        };
        let found = self
            .registrations
            .values()
            .find(|registration| registration.speaks_for(flow, &from.uri));
        for route in found.map(Registration::service_route).unwrap_or_default() {
            request.headers.push(HeaderName::Route, route);
        }
    }

    /// Whether requests over this flow can be found the way back only by the flow, so that our
    /// Contact has to say so (`ob`, RFC 5626 section 4.3).
    pub(super) fn is_outbound(&self, flow: Flow) -> bool {
        self.registrations
            .values()
            .any(|registration| registration.is_outbound && registration.is_over(flow))
    }

    /// [`Input::Unregister`](super::Input::Unregister).
    pub(super) fn unregister(&mut self, id: RegistrationId) {
        let Some(registration) = self.registrations.get_mut(&id) else {
            return;
        };
        registration.is_leaving = true;
        // While a REGISTER is under way the removal has to wait: the registrar must not see it first.
        if registration.is_asking {
            return;
        }
        if registration.is_bound {
            self.send_register(id);
        } else {
            self.unregistered(id);
        }
    }

    fn send_register(&mut self, id: RegistrationId) {
        let Some(registration) = self.registrations.get_mut(&id) else {
            return;
        };
        let request = registration.request(&mut self.random);
        registration.is_asking = true;
        registration.plan = registration.plan.wrapping_add(1);
        let (flow, plan) = (registration.flow, registration.plan);
        self.launch(flow, request, Purpose::Register(id, plan));
    }

    pub(super) fn register_answered(&mut self, id: RegistrationId, plan: u32, response: Response) {
        let now = self.out.now;
        let Some(registration) = self.planned(id, plan) else {
            return;
        };
        registration.is_asking = false;
        match registration.answered(&response) {
            Verdict::AskAgain => self.send_register(id),
            Verdict::Removed => self.unregistered(id),
            Verdict::Granted { .. } if registration.is_leaving => self.send_register(id),
            Verdict::Granted {
                expires_seconds,
                contacts,
            } => {
                registration.served_since.get_or_insert(now);
                let plan = registration.plan;
                let pause = refresh_after(expires_seconds, &mut self.random);
                self.out.after(pause, Timer::Register(id, plan));
                self.out.tell(Event::Registered {
                    registration: id,
                    expires_seconds,
                    contacts,
                    flow_timer_seconds: flow_timer(&response),
                    headers: response.headers,
                });
            }
            Verdict::Failed {
                failure,
                is_final,
                retry_after,
            } => {
                self.registration_failed(id, failure, is_final, retry_after);
            }
        }
    }

    /// A REGISTER got no answer.
    pub(super) fn register_failed(&mut self, id: RegistrationId, plan: u32, cause: Failure) {
        let Some(registration) = self.planned(id, plan) else {
            return;
        };
        registration.is_asking = false;
        let failure = match cause {
            Failure::FlowFailed => RegistrationFailure::Transport,
            _ => RegistrationFailure::Timeout,
        };
        self.registration_failed(id, failure, false, None);
    }

    fn registration_failed(
        &mut self,
        id: RegistrationId,
        failure: RegistrationFailure,
        is_final: bool,
        wished: Option<Duration>,
    ) {
        let Some(registration) = self.registrations.get(&id) else {
            return;
        };
        if registration.is_leaving {
            return self.unregistered(id);
        }
        let has_others = self
            .registrations
            .iter()
            .any(|(other, one)| *other != id && one.works() && one.is_beside(registration));
        let Some(registration) = self.registrations.get_mut(&id) else {
            return;
        };
        let will_retry_after = if is_final {
            self.registrations.remove(&id);
            None
        } else {
            registration.failures += 1;
            registration.served_since = None;
            // Another attempt may take another connection.
            registration.flow.connection = 0;
            registration.plan = registration.plan.wrapping_add(1);
            let (failures, plan) = (registration.failures, registration.plan);
            let delay = &self.config.registration_retry;
            let pause = retry_after(failures, has_others, wished, delay, &mut self.random);
            self.out.after(pause, Timer::Register(id, plan));
            Some(pause)
        };
        self.out.tell(Event::RegistrationFailed {
            registration: id,
            failure,
            will_retry_after,
        });
    }

    /// It is time to refresh, or to try again.
    pub(super) fn register_due(&mut self, id: RegistrationId, plan: u32) {
        if self
            .planned(id, plan)
            .is_some_and(|registration| !registration.is_asking)
        {
            self.send_register(id);
        }
    }

    /// The connections under these registrations are gone. What was under way has failed before;
    /// the others are renewed over a new connection.
    pub(super) fn registrations_lost(&mut self, is_gone: impl Fn(Flow) -> bool) {
        let lost: Vec<RegistrationId> = self
            .registrations
            .iter()
            .filter(|(_, one)| one.is_bound && one.failures == 0 && is_gone(one.flow))
            .map(|(id, _)| *id)
            .collect();
        for id in lost {
            self.registration_lost(id);
        }
    }

    /// A connection that has served is replaced at once. One that broke soon after its registration is
    /// a failed attempt like the ones before, or a server that takes us and drops us would be asked
    /// without end (RFC 5626 section 4.5).
    fn registration_lost(&mut self, id: RegistrationId) {
        let Some(registration) = self.registrations.get_mut(&id) else {
            return;
        };
        let since = registration.served_since.take().unwrap_or(self.out.now);
        let age = self.out.now.saturating_sub(since);
        if registration.is_leaving || age < self.config.registration_retry.first {
            registration.failures = registration.failures_before;
            return self.registration_failed(id, RegistrationFailure::Transport, false, None);
        }
        registration.failures_before = 0;
        registration.flow.connection = 0;
        registration.plan = registration.plan.wrapping_add(1);
        let plan = registration.plan;
        let pause = replace_after(&mut self.random);
        self.out.after(pause, Timer::Register(id, plan));
        self.out.tell(Event::RegistrationFailed {
            registration: id,
            failure: RegistrationFailure::Transport,
            will_retry_after: Some(pause),
        });
    }

    fn planned(&mut self, id: RegistrationId, plan: u32) -> Option<&mut Registration> {
        self.registrations
            .get_mut(&id)
            .filter(|registration| registration.plan == plan)
    }

    fn unregistered(&mut self, id: RegistrationId) {
        self.registrations.remove(&id);
        self.out.tell(Event::Unregistered { registration: id });
    }
}

/// The seconds of a Flow-Timer header (RFC 5626 section 10.1); what cannot be read is none.
fn flow_timer(response: &Response) -> Option<u32> {
    match response.headers.typed() {
        Ok(Some(FlowTimer(seconds))) if seconds > 0 => Some(seconds),
        _ => None,
    }
}
