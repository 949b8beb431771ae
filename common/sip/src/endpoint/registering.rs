//! Registrations: sending REGISTER in time, and telling how it went.

use std::time::Duration;

use super::purpose::Purpose;
use super::{
    ClientCredential, DigestClient, Endpoint, Event, Failure, RegistrationFailure, RegistrationId,
    Timer,
};
use crate::registration::{Registration, Verdict, refresh_after, retry_after};
use crate::{Flow, NameAddr, Response, Uri};

impl Endpoint {
    /// [`Input::Register`](super::Input::Register).
    pub(super) fn register(
        &mut self,
        id: RegistrationId,
        flow: Flow,
        registrar: Uri,
        address_of_record: &NameAddr,
        credential: Option<ClientCredential>,
        expires_seconds: u32,
    ) {
        let user = address_of_record.uri.user.as_deref();
        let contact = self.contact(flow, user);
        // What we print ourselves can be read again; without a port it could only be an advertised
        // host of no meaning.
        let Ok(contact) = Uri::parse(contact.trim_matches(['<', '>'])) else {
            return self.out.tell(Event::RegistrationFailed {
                registration: id,
                failure: RegistrationFailure::Malformed,
                will_retry_after: None,
            });
        };
        let digest = credential.map(DigestClient::new);
        let random = &mut self.random;
        let mut registration = Registration::new(
            flow,
            registrar,
            address_of_record,
            contact,
            digest,
            expires_seconds,
            random,
        );
        // Registering again under the same name replaces the old wish.
        if let Some(old) = self.registrations.get(&id) {
            registration.plan = old.plan.wrapping_add(1);
            registration.is_bound = old.is_bound;
        }
        self.registrations.insert(id, registration);
        self.send_register(id);
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
                let plan = registration.plan;
                let pause = refresh_after(expires_seconds, &mut self.random);
                self.out.after(pause, Timer::Register(id, plan));
                self.out.tell(Event::Registered {
                    registration: id,
                    expires_seconds,
                    contacts,
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
        let Some(registration) = self.registrations.get_mut(&id) else {
            return;
        };
        if registration.is_leaving {
            return self.unregistered(id);
        }
        let will_retry_after = if is_final {
            self.registrations.remove(&id);
            None
        } else {
            registration.failures += 1;
            // Another attempt may take another connection.
            registration.flow.connection = 0;
            registration.plan = registration.plan.wrapping_add(1);
            let (failures, plan) = (registration.failures, registration.plan);
            let delay = &self.config.registration_retry;
            let pause = retry_after(failures, wished, delay, &mut self.random);
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
            self.registration_failed(id, RegistrationFailure::Transport, false, None);
        }
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
