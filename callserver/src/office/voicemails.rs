//! Messages that callers have left, and what they hear before they leave one.

use std::time::{Duration, SystemTime};

use api::AccountId;
use media::NotPlayable;

use super::{Change, Office, OfficeError, PersonChanged, WhatChanged};
use crate::store::{
    AccountRow, AuditEntry, NewVoicemail, Subject, Transaction, VoicemailRow, unix_millis,
};

/// The longest greeting that is sent as a file; what is behind it is cut off.
const LONGEST_GREETING: Duration = Duration::from_secs(60);

/// So many messages that are too old are removed in one write.
const EXPIRED_AT_ONCE: i64 = 100;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Office {
    /// Somebody's messages, the newest first, from before this one on. Those of the groups that one is a member of are among
    /// them.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn voicemails(
        &self,
        account: AccountId,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<VoicemailRow>, OfficeError> {
        Ok(self.store.voicemails(account, before, limit).await?)
    }

    /// One of them.
    ///
    /// # Errors
    /// If there is none.
    pub async fn voicemail(
        &self,
        account: AccountId,
        id: i64,
    ) -> Result<VoicemailRow, OfficeError> {
        let row = self.store.voicemail(account, id).await?;
        row.ok_or(OfficeError::NoSuchVoicemail { id })
    }

    /// What one of them says: Opus in an Ogg file.
    ///
    /// # Errors
    /// If there is none.
    pub async fn voicemail_sound(
        &self,
        account: AccountId,
        id: i64,
    ) -> Result<Vec<u8>, OfficeError> {
        self.voicemail(account, id).await?;
        let sound = self.store.voicemail_sound(id).await?;
        sound.ok_or(OfficeError::NoSuchVoicemail { id })
    }

    /// Keeps a message that somebody has left, and returns its id. One that is kept already is not kept twice.
    ///
    /// # Errors
    /// If the account is no more, or the database fails.
    pub async fn keep_voicemail(
        &self,
        new: &NewVoicemail,
        sound: &[u8],
    ) -> Result<i64, OfficeError> {
        let mut tx = self.store.begin().await?;
        let row = Self::find_by_id(&mut tx, new.account).await?;
        let id = tx.add_voicemail(new, sound).await?;
        let change = Self::voicemails_changed(&mut tx, &row).await?;
        self.finish(tx, change).await?;
        Ok(id)
    }

    /// Writes down whether somebody has heard one of the own messages.
    ///
    /// # Errors
    /// If there is none.
    pub async fn mark_voicemail(
        &self,
        account: AccountId,
        id: i64,
        is_heard: bool,
    ) -> Result<VoicemailRow, OfficeError> {
        let mut tx = self.store.begin().await?;
        let found = tx.voicemail(account, id).await?;
        let found = found.ok_or(OfficeError::NoSuchVoicemail { id })?;
        if found.is_heard != is_heard {
            tx.mark_voicemail(id, is_heard).await?;
            let row = Self::find_by_id(&mut tx, found.account).await?;
            let change = Self::voicemails_changed(&mut tx, &row).await?;
            self.finish(tx, change).await?;
        }
        Ok(VoicemailRow { is_heard, ..found })
    }

    /// Deletes one of somebody's messages.
    ///
    /// # Errors
    /// If there is none.
    pub async fn remove_voicemail(&self, account: AccountId, id: i64) -> Result<(), OfficeError> {
        let mut tx = self.store.begin().await?;
        let found = tx.voicemail(account, id).await?;
        let found = found.ok_or(OfficeError::NoSuchVoicemail { id })?;
        let row = Self::find_by_id(&mut tx, found.account).await?;
        tx.remove_voicemail(id).await?;
        let entry = AuditEntry {
            action: "voicemail.remove",
            subject: Subject::Account(row.username.clone()),
            account: Some(row.account),
            detail: serde_json::json!({ "id": id, "from": found.caller.number }),
        };
        self.audit(&mut tx, entry).await?;
        let change = Self::voicemails_changed(&mut tx, &row).await?;
        self.finish(tx, change).await
    }

    /// The same of an account, because an administrator wants to hear it: that is written down.
    ///
    /// # Errors
    /// If there is none.
    pub async fn export_voicemail(
        &self,
        account: AccountId,
        id: i64,
    ) -> Result<Vec<u8>, OfficeError> {
        let sound = self.voicemail_sound(account, id).await?;
        let mut tx = self.store.begin().await?;
        let row = Self::find_by_id(&mut tx, account).await?;
        let entry = AuditEntry {
            action: "voicemail.export",
            subject: Subject::Account(row.username.clone()),
            account: Some(account),
            detail: serde_json::json!({ "id": id }),
        };
        self.audit(&mut tx, entry).await?;
        self.finish(tx, Change::default()).await?;
        Ok(sound)
    }

    /// What callers of somebody hear first: Opus in an Ogg file.
    ///
    /// # Errors
    /// If it is the server's own.
    pub async fn voicemail_greeting(&self, account: AccountId) -> Result<Vec<u8>, OfficeError> {
        let greeting = self.store.voicemail_greeting(account).await?;
        greeting.ok_or(OfficeError::NoGreeting)
    }

    /// Sets it. What is longer than a minute is cut off.
    ///
    /// # Errors
    /// If it is no recording, or the account is no more.
    pub async fn set_voicemail_greeting(
        &self,
        account: AccountId,
        file: Vec<u8>,
    ) -> Result<(), OfficeError> {
        // Looking at each packet takes a while.
        let mended = tokio::task::spawn_blocking(move || {
            media::mend(file.into(), LONGEST_GREETING).map_err(OfficeError::Greeting)
        });
        let failed = |_| OfficeError::Greeting(NotPlayable::NotOggOpus);
        let (content, length) = mended.await.map_err(failed)??;
        let mut tx = self.store.begin().await?;
        let row = Self::find_by_id(&mut tx, account).await?;
        tx.set_voicemail_greeting(account, &content, SystemTime::now())
            .await?;
        let detail = serde_json::json!({ "seconds": length.as_secs() });
        self.audit_greeting(&mut tx, &row, detail).await?;
        self.finish(tx, Change::default()).await
    }

    /// Has callers hear the server's own greeting again.
    ///
    /// # Errors
    /// If they do already.
    pub async fn remove_voicemail_greeting(&self, account: AccountId) -> Result<(), OfficeError> {
        let mut tx = self.store.begin().await?;
        let row = Self::find_by_id(&mut tx, account).await?;
        if !tx.remove_voicemail_greeting(account).await? {
            return Err(OfficeError::NoGreeting);
        }
        let detail = serde_json::json!({ "seconds": null });
        self.audit_greeting(&mut tx, &row, detail).await?;
        self.finish(tx, Change::default()).await
    }

    /// Deletes messages that are older than so many days. Tells how many; those that are left are for the next time.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn expire_voicemails(
        &self,
        keep_days: u32,
        now: SystemTime,
    ) -> Result<usize, OfficeError> {
        let before = unix_millis(now.checked_sub(DAY * keep_days).unwrap_or(now));
        let mut tx = self.store.begin().await?;
        let expired = tx.voicemails_before(before, EXPIRED_AT_ONCE).await?;
        let mut change = Change::default();
        for (id, account) in &expired {
            tx.remove_voicemail(*id).await?;
            let row = Self::find_by_id(&mut tx, *account).await?;
            change = change.and(Self::voicemails_changed(&mut tx, &row).await?);
        }
        self.finish(tx, change).await?;
        Ok(expired.len())
    }

    async fn audit_greeting(
        &self,
        tx: &mut Transaction,
        row: &AccountRow,
        detail: serde_json::Value,
    ) -> Result<(), OfficeError> {
        let entry = AuditEntry {
            action: "account.voicemail-greeting",
            subject: Subject::Account(row.username.clone()),
            account: Some(row.account),
            detail,
        };
        self.audit(tx, entry).await
    }

    /// There are more or fewer messages for this account: lamps, and whether there is room for another one.
    async fn voicemails_changed(
        tx: &mut Transaction,
        row: &AccountRow,
    ) -> Result<Change, OfficeError> {
        let mut change = Self::all_about(tx, row).await?;
        // Who may log in is as it was.
        change.logins.clear();
        for account in tx.who_hears_voicemails(row.account).await? {
            change.people.push(PersonChanged {
                account,
                what: WhatChanged::Voicemail,
            });
        }
        Ok(change)
    }
}
