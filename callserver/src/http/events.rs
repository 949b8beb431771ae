//! `GET /api/v1/events`: what changes for whoever listens, at once, as server-sent events.
//!
//! The stream is bound to the session, not to the access token that opened it: it ends when the session does, whoever
//! ends it and on whichever server.

use std::sync::Arc;
use std::time::Duration;

use api::{AccountId, Event, ProblemKind};
use axum::extract::State;
use axum::response::Sse;
use axum::response::sse;
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep_until};

use super::Interface;
use super::bearer::Bearer;
use super::problem::Refusal;
use super::routing::{Routes, routes};
use crate::office::{Change, Office, OfficeError, PersonChanged, Session, WhatChanged};
use crate::presence::Mail;

/// Shorter than the patience of routers and proxies with a silent connection, which is a minute at the least.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// A person has a few devices; each holds one stream, and one more for a moment when it reconnects.
const STREAMS_OF_ACCOUNT: usize = 20;

/// Events of one change that wait to be sent.
const WAITING: usize = 64;

pub(super) fn router() -> Routes {
    Routes::new().routes(routes!(listen))
}

/// What changes for whoever asks and for their contacts: numbers, names, devices, the end of the session. Each event is one
/// JSON object. The first one is `listening`; when it comes again, some were missed: read your state anew.
#[utoipa::path(get, path = "/api/v1/events", tag = "events",
    responses(
        (status = 200, description = "Events, until the session ends.", content_type = "text/event-stream", body = Event),
    ))]
async fn listen(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
) -> Result<Sse<impl Stream<Item = Result<sse::Event, axum::Error>>>, Refusal> {
    let mail = interface
        .listeners
        .listen(session.account, STREAMS_OF_ACCOUNT)
        .ok_or_else(too_many)?;
    let listener = Listener {
        // Before the first event, so that nothing falls between the two.
        changes: interface.office.changes(),
        office: interface.office.clone(),
        waiting: vec![Event::Listening],
        heartbeat: Instant::now() + HEARTBEAT,
        is_over: false,
        session,
        mail,
    };
    let stream = unfold(listener, async |mut listener| {
        let event = listener.next().await?;
        Some((event, listener))
    });
    Ok(Sse::new(stream))
}

/// One open stream.
struct Listener {
    changes: Receiver<Arc<Change>>,
    office: Office,
    session: Session,
    /// To be sent, the last one first.
    waiting: Vec<Event>,
    heartbeat: Instant,
    is_over: bool,
    /// What comes for this stream alone.
    mail: Mail,
}

impl Listener {
    async fn next(&mut self) -> Option<Result<sse::Event, axum::Error>> {
        loop {
            if let Some(event) = self.waiting.pop() {
                return Some(sse::Event::default().event(event.name()).json_data(&event));
            }
            if self.is_over {
                return None;
            }
            let heard = tokio::select! {
                change = self.changes.recv() => Some(change),
                event = self.mail.next() => {
                    self.waiting.push(event);
                    continue;
                }
                () = sleep_until(self.heartbeat) => None,
            };
            match heard {
                Some(Ok(change)) => self.hear(&change).await,
                Some(Err(RecvError::Lagged(_))) => self.waiting.push(Event::Listening),
                // The server stops.
                Some(Err(RecvError::Closed)) => return None,
                None => {
                    self.heartbeat = Instant::now() + HEARTBEAT;
                    // Another server may have ended the session.
                    self.look_after_session().await;
                    if !self.is_over {
                        return Some(Ok(sse::Event::default().comment("")));
                    }
                }
            }
        }
    }

    async fn hear(&mut self, change: &Change) {
        let mut events = Vec::new();
        for person in &change.people {
            let told = match person.account == self.session.account {
                true => self.about_me(&person.what).await,
                false => self.about_somebody(person).await,
            };
            match told {
                Ok(event) => events.extend(event),
                Err(error) => {
                    tracing::error!(%error, "an event could not be told");
                    events.push(Event::Listening);
                }
            }
            if events.len() >= WAITING {
                // A great change, such as an import: reading anew is less work than hearing all of it.
                events = vec![Event::Listening];
                break;
            }
        }
        events.reverse();
        self.waiting.splice(0..0, events);
        let concerns_me = |person: &PersonChanged| person.account == self.session.account;
        if change.people.iter().any(concerns_me) {
            self.look_after_session().await;
        }
    }

    async fn about_me(&self, what: &WhatChanged) -> Result<Option<Event>, OfficeError> {
        Ok(match what {
            WhatChanged::Number { old, new } => Some(Event::NumberChanged {
                account: self.session.account,
                old: old.clone(),
                new: new.clone(),
                is_me: true,
            }),
            WhatChanged::Name => self.new_name(self.session.account).await?,
            WhatChanged::Devices => Some(Event::DevicesChanged),
            WhatChanged::Contacts => Some(Event::ContactsChanged),
            WhatChanged::CallSettings => Some(Event::CallSettingsChanged),
            WhatChanged::Voicemail => {
                let store = self.office.store();
                let count = store.voicemail_count(self.session.account).await?;
                Some(Event::Voicemail {
                    new: count.new,
                    old: count.old,
                })
            }
            // What ends with it are sessions, which are looked after.
            WhatChanged::Password | WhatChanged::Presence | WhatChanged::Removed => None,
        })
    }

    async fn about_somebody(&self, person: &PersonChanged) -> Result<Option<Event>, OfficeError> {
        if is_private(&person.what) {
            return Ok(None);
        }
        let store = self.office.store();
        if !store
            .has_contact(self.session.account, person.account)
            .await?
        {
            return Ok(None);
        }
        Ok(match &person.what {
            WhatChanged::Number { old, new } => Some(Event::NumberChanged {
                account: person.account,
                old: old.clone(),
                new: new.clone(),
                is_me: false,
            }),
            WhatChanged::Name => self.new_name(person.account).await?,
            WhatChanged::Removed => Some(Event::AccountRemoved {
                account: person.account,
            }),
            WhatChanged::Devices
            | WhatChanged::Contacts
            | WhatChanged::Password
            | WhatChanged::Presence
            | WhatChanged::CallSettings
            | WhatChanged::Voicemail => None,
        })
    }

    async fn new_name(&self, account: AccountId) -> Result<Option<Event>, OfficeError> {
        let names = self.office.store().names_of(account).await?;
        let is_me = account == self.session.account;
        Ok(names.map(|(name, display_name)| Event::NameChanged {
            account,
            name,
            display_name,
            is_me,
        }))
    }

    /// Ends the stream if the session is over.
    async fn look_after_session(&mut self) {
        match self
            .office
            .store()
            .has_session(self.session.session_id)
            .await
        {
            Ok(true) => {}
            Ok(false) => {
                self.waiting.insert(0, Event::SessionEnded);
                self.is_over = true;
            }
            Err(error) => {
                // Nobody listens on who may not; the client comes again.
                tracing::error!(%error, "an event stream ends");
                self.is_over = true;
            }
        }
    }
}

/// What is told to the account itself alone, or in another way.
fn is_private(what: &WhatChanged) -> bool {
    match what {
        WhatChanged::Devices
        | WhatChanged::Contacts
        | WhatChanged::Password
        | WhatChanged::Presence
        | WhatChanged::CallSettings
        | WhatChanged::Voicemail => true,
        WhatChanged::Number { .. } | WhatChanged::Name | WhatChanged::Removed => false,
    }
}

fn too_many() -> Refusal {
    let detail = format!(
        "This account listens {STREAMS_OF_ACCOUNT} times already, which is the most; close a stream first."
    );
    Refusal::new(ProblemKind::TooManyAttempts, detail)
}
