//! What the owner of an account tells about itself, and to whom.

use std::time::SystemTime;

use api::{AccountId, ChosenState, PresenceChange};

use super::{Change, Office, OfficeError, PersonChanged, WhatChanged};
use crate::store::{Engine, PresenceRow, unix_millis};

/// As many characters as a short message.
const LONGEST_NOTE: usize = 140;

impl Office {
    /// What an account tells about itself.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn presence(&self, account: AccountId) -> Result<PresenceRow, OfficeError> {
        Ok(self.store.presence(account).await?)
    }

    /// Tells something else from now on; what is missing stays.
    ///
    /// # Errors
    /// If the account is no more, or the note breaks its rule.
    pub async fn set_presence(
        &self,
        account: AccountId,
        wanted: &PresenceChange,
    ) -> Result<PresenceRow, OfficeError> {
        let note = wanted.note.as_deref().map(checked_note).transpose()?;
        let mut tx = self.store.begin().await?;
        let row = Self::find_by_id(&mut tx, account).await?;
        let before = tx.presence(account).await?;
        let now = unix_millis(SystemTime::now());
        let state = wanted.state.unwrap_or(before.state);
        let hides = state == ChosenState::Invisible && before.state != ChosenState::Invisible;
        let after = PresenceRow {
            state,
            note: note.unwrap_or_else(|| before.note.clone()),
            visibility: wanted.visibility.unwrap_or(before.visibility),
            changed_at: before.changed_at,
            // For everybody else they went at this moment.
            last_seen_at: if hides {
                Some(now)
            } else {
                before.last_seen_at
            },
        };
        if after == before {
            return Ok(before);
        }
        let is_told = after.state != before.state || after.note != before.note;
        let after = PresenceRow {
            changed_at: if is_told { Some(now) } else { after.changed_at },
            ..after
        };
        tx.set_presence(account, &after).await?;
        let mut change = Change {
            people: vec![PersonChanged {
                account,
                what: WhatChanged::Presence,
            }],
            ..Change::default()
        };
        let wants_no_calls = |state| state == ChosenState::DoNotDisturb;
        // Whoever hides is called, or not, as before; what that was is not seen in the state.
        let turned = wants_no_calls(after.state) != wants_no_calls(before.state)
            || before.state == ChosenState::Invisible;
        if turned && after.state != ChosenState::Invisible {
            let is_on = wants_no_calls(after.state);
            tx.set_do_not_disturb(account, is_on).await?;
            let detail = serde_json::json!({ "do_not_disturb": is_on });
            change = change.and(self.settings_changed(&mut tx, &row, detail).await?);
        }
        self.finish(tx, change).await?;
        Ok(after)
    }
}

impl Office {
    /// Notes when those were seen last whose last phone has gone, and tells other servers on the database of them and of
    /// those who have come. Here everybody knows already.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn come_and_gone(
        &self,
        come: &[AccountId],
        gone: &[AccountId],
        at: SystemTime,
    ) -> Result<(), OfficeError> {
        let has_others = self.store.engine() == Engine::Postgres;
        if gone.is_empty() && (come.is_empty() || !has_others) {
            return Ok(());
        }
        let mut tx = self.store.begin().await?;
        for account in gone {
            tx.set_account_seen(*account, at).await?;
        }
        let people = come.iter().chain(gone).map(|account| PersonChanged {
            account: *account,
            what: WhatChanged::Presence,
        });
        let change = Change {
            people: people.collect(),
            ..Change::default()
        };
        for notice in self.notices(&change) {
            tx.notify(&notice).await?;
        }
        Ok(tx.commit().await?)
    }
}

/// One line.
fn checked_note(text: &str) -> Result<String, OfficeError> {
    let text = text.trim();
    if text.chars().count() > LONGEST_NOTE || text.chars().any(char::is_control) {
        return Err(OfficeError::PresenceNote { most: LONGEST_NOTE });
    }
    Ok(text.to_owned())
}
