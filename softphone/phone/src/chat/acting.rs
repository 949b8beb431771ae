//! What edits, deletions and reactions do that only two devices have yet, and who may do them.

use std::collections::HashMap;

use api::AccountId;
use api::room::{Body, Message, MessageId, MessageKind};

use super::conversation::{Conversation, act};

impl Conversation {
    /// What the journal says, in its order: messages, as they are after what was done to them there.
    #[must_use]
    pub fn journalled(&self) -> Vec<Message> {
        let mut shown: Vec<Message> = Vec::new();
        let mut places: HashMap<MessageId, usize> = HashMap::new();
        for entry in &self.journal {
            let message = entry.shown();
            let Some(target) = message.body.target() else {
                places.insert(message.id.clone(), shown.len());
                shown.push(message);
                continue;
            };
            let place = places.get(target).filter(|_| entry.refused.is_none());
            if let Some(target) = place.and_then(|place| shown.get_mut(*place)) {
                act(target, &message);
            }
        }
        shown
    }

    /// Whether somebody may do this to an earlier message, by the rules of the server; `None` if the message is not known
    /// here.
    pub(super) fn may_act(&self, sender: AccountId, body: &Body) -> Option<bool> {
        let target = body.target()?;
        let stored = self.message(target).cloned();
        let target = stored.or_else(|| {
            let mut journalled = self.journalled().into_iter();
            journalled.find(|one| one.id == *target)
        })?;
        let is_own = target.sender == Some(sender) && target.kind == MessageKind::User;
        Some(match body {
            Body::Edit { .. } => is_own && matches!(target.body, Body::Text { .. }),
            Body::Delete { .. } => is_own && target.body.target().is_none(),
            Body::Reaction { .. } => target.kind != MessageKind::System && target.body.is_to_read(),
            _ => false,
        })
    }

    /// Does to an entry of the room what the journal does to it.
    pub(super) fn act_from_journal(&mut self, on: &MessageId) {
        let acts = { self.journal.iter() }
            .filter(|entry| entry.refused.is_none())
            .map(super::JournalEntry::shown)
            .filter(|message| message.body.target() == Some(on));
        for message in acts.collect::<Vec<_>>() {
            self.apply(&message);
        }
    }
}
