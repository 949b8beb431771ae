//! What happens in the switch, for those who watch.

use std::time::Instant;

use super::Switch;
use crate::{AccountId, Completion, Facts, StoredCall};

impl Switch {
    /// What is known of an account here: its phones, its calls, and what they have published.
    #[must_use]
    pub fn facts(&self, account: AccountId) -> Facts {
        self.presence.facts(&self.registrar, account)
    }

    /// Whom an account waits for, the oldest wish first.
    #[must_use]
    pub fn completions(&self, now: Instant, account: AccountId) -> Vec<Completion> {
        self.completions.of(now, account)
    }

    /// Tells presence of the events that are new; whether there were any.
    pub(super) fn look_at_events(&mut self, now: Instant) -> bool {
        let first = self.desk.looked_at;
        let Some(event) = self.desk.events.get(first) else {
            return false;
        };
        self.desk.looked_at += 1;
        if is_news(event) {
            let event = event.clone();
            let registrar = &self.registrar;
            self.completions
                .note(now, &mut self.desk, &self.presence, &event);
            self.presence.note(now, &mut self.desk, registrar, &event);
        }
        true
    }

    /// The calls of the process before go on.
    pub(super) fn recall(&mut self, calls: &[StoredCall]) {
        for call in calls {
            self.presence.recall(call);
        }
    }
}

/// Whether presence makes anything of it: most events need not be copied.
fn is_news(event: &crate::Event) -> bool {
    use crate::Event;
    matches!(
        event,
        Event::DeviceRegistered {
            is_refresh: false,
            ..
        } | Event::DeviceUnregistered { .. }
            | Event::CallBlocked { .. }
            | Event::CallBackEnded { .. }
            | Event::CallStarted { .. }
            | Event::CallRinging { .. }
            | Event::CallAnswered { .. }
            | Event::CallHosted { .. }
            | Event::CallForwarded { .. }
            | Event::CallTaken { .. }
            | Event::CallTransferred { .. }
            | Event::CallEnded { .. }
    )
}
