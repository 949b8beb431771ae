//! Publications of ours: sending PUBLISH in time, and telling how it went (RFC 3903 section 4).

use std::time::Duration;

use super::purpose::Purpose;
use super::{
    DigestClient, Endpoint, Event, Failure, Input, PublicationFailure, PublicationId, Timer,
};
use crate::publication::{Publication, PublicationVerdict, Publishing};
use crate::registration::{refresh_after, retry_after};
use crate::{Flow, Response};

impl Endpoint {
    /// [`Input::Publish`] and [`Input::Unpublish`].
    pub(super) fn handle_publication(&mut self, input: Input) {
        match input {
            Input::Publish {
                publication,
                flow,
                uri,
                from,
                event,
                expires_seconds,
                headers,
                body,
                credential,
            } => {
                let wish = Publishing {
                    flow,
                    uri,
                    from,
                    event,
                    expires_seconds,
                    headers,
                    body,
                    digest: credential.map(DigestClient::new),
                };
                self.publish(publication, wish);
            }
            Input::Unpublish { publication } => self.unpublish(publication),
            _ => {}
        }
    }

    fn publish(&mut self, id: PublicationId, wish: Publishing) {
        match self.publications.get_mut(&id) {
            Some(publication) if publication.is_leaving => return,
            Some(publication) => publication.change(wish),
            None => {
                let publication = Publication::new(wish, &mut self.random);
                self.publications.insert(id, publication);
            }
        }
        self.send_publish(id);
    }

    fn unpublish(&mut self, id: PublicationId) {
        let Some(publication) = self.publications.get_mut(&id) else {
            return;
        };
        publication.is_leaving = true;
        if publication.is_asking {
            return;
        }
        if publication.is_known() {
            self.send_publish(id);
        } else {
            self.unpublished(id);
        }
    }

    /// One PUBLISH at a time: the next one needs the name that the answer gives (section 4.1).
    fn send_publish(&mut self, id: PublicationId) {
        let Some(publication) = self.publications.get_mut(&id) else {
            return;
        };
        if publication.is_asking {
            return;
        }
        let mut request = publication.request(&mut self.random);
        publication.is_asking = true;
        publication.plan = publication.plan.wrapping_add(1);
        let (flow, plan) = (publication.flow, publication.plan);
        self.preload_routes(flow, &mut request);
        self.launch(flow, request, Purpose::Publish(id, plan));
    }

    pub(super) fn publish_answered(&mut self, id: PublicationId, plan: u32, response: &Response) {
        let Some(publication) = self.planned_publication(id, plan) else {
            return;
        };
        publication.is_asking = false;
        match publication.answered(response) {
            PublicationVerdict::AskAgain => self.send_publish(id),
            PublicationVerdict::Removed => self.unpublished(id),
            PublicationVerdict::Published { expires_seconds } => {
                let pause = refresh_after(expires_seconds, &mut self.random);
                self.out.after(pause, Timer::Publish(id, plan));
                self.out.tell(Event::Published {
                    publication: id,
                    expires_seconds,
                });
            }
            PublicationVerdict::Failed {
                failure,
                is_final,
                retry_after,
            } => self.publication_failed(id, failure, is_final, retry_after),
        }
    }

    /// A PUBLISH got no answer.
    pub(super) fn publish_failed(&mut self, id: PublicationId, plan: u32, cause: Failure) {
        let Some(publication) = self.planned_publication(id, plan) else {
            return;
        };
        publication.is_asking = false;
        publication.unanswered();
        let failure = match cause {
            Failure::FlowFailed => PublicationFailure::Transport,
            _ => PublicationFailure::Timeout,
        };
        self.publication_failed(id, failure, false, None);
    }

    fn publication_failed(
        &mut self,
        id: PublicationId,
        failure: PublicationFailure,
        is_final: bool,
        wished: Option<Duration>,
    ) {
        let Some(publication) = self.publications.get_mut(&id) else {
            return;
        };
        if publication.is_leaving {
            return self.unpublished(id);
        }
        let will_retry_after = if is_final {
            self.publications.remove(&id);
            None
        } else {
            publication.failures += 1;
            publication.flow.connection = 0;
            let (failures, plan) = (publication.failures, publication.plan);
            let delay = &self.config.registration_retry;
            let pause = retry_after(failures, false, wished, delay, &mut self.random);
            self.out.after(pause, Timer::Publish(id, plan));
            Some(pause)
        };
        self.out.tell(Event::PublicationFailed {
            publication: id,
            failure,
            will_retry_after,
        });
    }

    /// It is time to refresh, or to try again.
    pub(super) fn publish_due(&mut self, id: PublicationId, plan: u32) {
        if self.planned_publication(id, plan).is_some() {
            self.send_publish(id);
        }
    }

    /// The connections under these publications are gone; the next PUBLISH takes another one.
    pub(super) fn publications_lost(&mut self, is_gone: impl Fn(Flow) -> bool) {
        for publication in self.publications.values_mut() {
            if is_gone(publication.flow) {
                publication.flow.connection = 0;
            }
        }
    }

    fn planned_publication(&mut self, id: PublicationId, plan: u32) -> Option<&mut Publication> {
        self.publications
            .get_mut(&id)
            .filter(|publication| publication.plan == plan)
    }

    fn unpublished(&mut self, id: PublicationId) {
        self.publications.remove(&id);
        self.out.tell(Event::Unpublished { publication: id });
    }
}
