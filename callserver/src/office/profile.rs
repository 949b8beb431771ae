//! What the owner of an account changes about it: display name, picture and password.

use std::time::SystemTime;

use api::{AccountId, DisplayName, Password, PictureFormat, SessionId, Username};

use super::{Change, Office, OfficeError, PersonChanged, WhatChanged};
use crate::passwords::Verdict;
use crate::store::{AccountRow, AuditEntry, PictureRow, Subject, Transaction};

fn renamed(account: AccountId) -> PersonChanged {
    PersonChanged {
        account,
        what: WhatChanged::Name,
    }
}

impl Office {
    /// One account, by its id.
    ///
    /// # Errors
    /// If there is none, or it was deleted.
    pub async fn account_by_id(&self, account: AccountId) -> Result<AccountRow, OfficeError> {
        let row = self.store.account_by_id(account).await?;
        row.filter(Self::is_alive)
            .ok_or(OfficeError::AccountGone { account })
    }

    pub(super) async fn find_by_id(
        tx: &mut Transaction,
        account: AccountId,
    ) -> Result<AccountRow, OfficeError> {
        let row = tx.account_by_id(account).await?;
        row.filter(Self::is_alive)
            .ok_or(OfficeError::AccountGone { account })
    }

    fn is_alive(row: &AccountRow) -> bool {
        row.kind != api::AccountKind::Erased
    }

    /// Sets what people see.
    ///
    /// # Errors
    /// If the text breaks its rule.
    pub async fn set_display_name(
        &self,
        account: AccountId,
        display_name: &str,
    ) -> Result<AccountRow, OfficeError> {
        let display_name = DisplayName::parse(display_name)?;
        let mut tx = self.store.begin().await?;
        let row = Self::find_by_id(&mut tx, account).await?;
        tx.set_display_name(account, &display_name).await?;
        let mut change = Self::all_about(&mut tx, &row).await?;
        change.people.push(renamed(account));
        let entry = AuditEntry {
            action: "account.display-name",
            subject: Subject::Account(row.username.clone()),
            account: Some(account),
            detail: serde_json::json!({ "old": row.display_name, "new": display_name.as_str() }),
        };
        self.audit(&mut tx, entry).await?;
        self.finish(tx, change).await?;
        Ok(AccountRow {
            display_name: display_name.into(),
            ..row
        })
    }

    /// The picture of an account.
    ///
    /// # Errors
    /// If it has none.
    pub async fn picture(&self, account: AccountId) -> Result<PictureRow, OfficeError> {
        let picture = self.store.picture(account).await?;
        picture.ok_or(OfficeError::NoPicture)
    }

    /// Sets the picture of an account.
    ///
    /// # Errors
    /// If the bytes are no picture, or too many.
    pub async fn set_picture(
        &self,
        account: AccountId,
        content: &[u8],
    ) -> Result<PictureFormat, OfficeError> {
        let format = PictureFormat::of(content)?;
        let mut tx = self.store.begin().await?;
        let row = Self::find_by_id(&mut tx, account).await?;
        tx.set_picture(account, format, content, SystemTime::now())
            .await?;
        let detail =
            serde_json::json!({ "media_type": format.media_type(), "bytes": content.len() });
        self.finish_picture(tx, &row, detail).await?;
        Ok(format)
    }

    /// Removes the picture of an account.
    ///
    /// # Errors
    /// If it has none.
    pub async fn remove_picture(&self, account: AccountId) -> Result<(), OfficeError> {
        let mut tx = self.store.begin().await?;
        let row = Self::find_by_id(&mut tx, account).await?;
        if !tx.remove_picture(account).await? {
            return Err(OfficeError::NoPicture);
        }
        self.finish_picture(tx, &row, serde_json::json!({ "bytes": 0 }))
            .await
    }

    async fn finish_picture(
        &self,
        mut tx: Transaction,
        row: &AccountRow,
        detail: serde_json::Value,
    ) -> Result<(), OfficeError> {
        let entry = AuditEntry {
            action: "account.picture",
            subject: Subject::Account(row.username.clone()),
            account: Some(row.account),
            detail,
        };
        self.audit(&mut tx, entry).await?;
        let change = Change {
            people: vec![renamed(row.account)],
            ..Change::default()
        };
        self.finish(tx, change).await
    }

    /// Changes the password of whoever knows the old one. All other logins end, `keep` stays.
    ///
    /// # Errors
    /// If the old password is wrong, or the new one breaks its rule or is the old one.
    pub async fn change_password(
        &self,
        account: AccountId,
        old: &str,
        new: &str,
        keep: Option<SessionId>,
    ) -> Result<(), OfficeError> {
        let row = self.account_by_id(account).await?;
        let new = Password::parse(new, &Username::existing(&row.username)?)?;
        let checked = self.check_password(&row, old).await?;
        if new.reveal() == old {
            return Err(OfficeError::SamePassword);
        }
        let hash = self.passwords.hash(new).await?;
        let mut tx = self.store.begin().await?;
        let row = Self::find_by_id(&mut tx, account).await?;
        // Somebody else may have changed it while it was being checked.
        if tx.password_hash(account).await? != checked {
            return Err(OfficeError::WrongOldPassword);
        }
        self.write_password(tx, &row, &hash, keep).await
    }

    /// Sets a new password, because an administrator wants it. All logins end; devices that were made by hand stay.
    ///
    /// # Errors
    /// If there is none of this name, or the password breaks its rule.
    pub async fn set_password(
        &self,
        name: &str,
        password: &str,
    ) -> Result<AccountRow, OfficeError> {
        let row = self.account(name).await?;
        if row.kind == api::AccountKind::Guest {
            return Err(OfficeError::IsGuest { name: row.username });
        }
        let password = Password::parse(password, &Username::existing(&row.username)?)?;
        let hash = self.passwords.hash(password).await?;
        let mut tx = self.store.begin().await?;
        let row = Self::find_by_id(&mut tx, row.account).await?;
        self.write_password(tx, &row, &hash, None).await?;
        Ok(AccountRow {
            has_password: true,
            ..row
        })
    }

    async fn write_password(
        &self,
        mut tx: Transaction,
        row: &AccountRow,
        hash: &str,
        keep: Option<SessionId>,
    ) -> Result<(), OfficeError> {
        tx.set_password_hash(row.account, Some(hash), SystemTime::now())
            .await?;
        let mut change = Self::end_sessions(&mut tx, row.account, keep).await?;
        change.people.push(PersonChanged {
            account: row.account,
            what: WhatChanged::Password,
        });
        let entry = AuditEntry {
            action: "account.password",
            subject: Subject::Account(row.username.clone()),
            account: Some(row.account),
            detail: serde_json::json!({ "ended_logins": change.revoked }),
        };
        self.audit(&mut tx, entry).await?;
        self.finish(tx, change).await
    }

    /// Makes sure that whoever asks knows the password of an account, beyond having a token of it. Returns the hash that
    /// it was compared with.
    ///
    /// # Errors
    /// If it is another one, or the account has none.
    pub(super) async fn check_password(
        &self,
        row: &AccountRow,
        password: &str,
    ) -> Result<Option<String>, OfficeError> {
        let stored = self.store.password_hash(row.account).await?;
        let verdict = self.passwords.check(stored.clone(), password.to_owned());
        match verdict.await? {
            Verdict::Wrong => Err(OfficeError::WrongOldPassword),
            Verdict::Right | Verdict::RightAtOtherCosts => Ok(stored),
        }
    }
}
