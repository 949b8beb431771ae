//! Accounts: add, list, show, disable, remove, set the password.

use std::time::SystemTime;

use api::{DisplayName, Number, Password, Username};

use super::{Change, Office, OfficeError};
use crate::store::AccountRow;

/// An account to be added, as somebody wrote it.
#[derive(Clone, Default)]
pub struct NewAccount {
    /// The username.
    pub name: String,
    /// What people see; the username if it is missing.
    pub display_name: Option<String>,
    /// The number; the lowest free one if it is missing.
    pub number: Option<String>,
    /// The password; without one the account has only devices that an administrator makes.
    pub password: Option<String>,
}

impl Office {
    /// Adds an account with a number.
    ///
    /// # Errors
    /// If a rule is broken, or the name or number is taken.
    pub async fn add_account(&self, new: NewAccount) -> Result<AccountRow, OfficeError> {
        let username = Username::parse(&new.name)?;
        // The name as it was typed: its capitals are how its owner writes it.
        let display_name = DisplayName::parse(new.display_name.as_deref().unwrap_or(&new.name))?;
        let number = new.number.as_deref().map(parse_number).transpose()?;
        let password_hash = match new.password {
            Some(text) => Some(
                self.passwords
                    .hash(Password::parse(&text, &username)?)
                    .await?,
            ),
            None => None,
        };
        let now = SystemTime::now();
        let mut tx = self.store.begin().await?;
        let added = tx
            .add_account(&username, &display_name, password_hash.as_deref(), now)
            .await?;
        let account = added.ok_or_else(|| OfficeError::NameTaken {
            name: username.to_string(),
        })?;
        let number = match number {
            Some(number) => number,
            None => tx
                .lowest_free_number()
                .await?
                .ok_or(OfficeError::NoFreeNumber)?,
        };
        if !tx
            .assign_number(&number, account, true, "account added", now)
            .await?
        {
            return Err(Self::number_taken(&mut tx, number).await?);
        }
        let row = Self::find(&mut tx, username.as_str()).await?;
        tx.commit().await?;
        self.announce(Change {
            dialled: vec![row.username.clone(), number.into()],
            ..Change::default()
        })
        .await;
        Ok(row)
    }

    /// All accounts.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn accounts(&self) -> Result<Vec<AccountRow>, OfficeError> {
        Ok(self.store.accounts().await?)
    }

    /// One account.
    ///
    /// # Errors
    /// If there is none of this name.
    pub async fn account(&self, name: &str) -> Result<AccountRow, OfficeError> {
        let missing = || OfficeError::NoSuchAccount {
            name: name.to_owned(),
        };
        let username = Username::parse(name).map_err(|_| missing())?;
        self.store
            .account_by_name(&username)
            .await?
            .ok_or_else(missing)
    }

    /// Disables or enables an account. Disabled, it neither logs in nor calls nor is called; its registrations end.
    ///
    /// # Errors
    /// If there is none of this name.
    pub async fn set_disabled(
        &self,
        name: &str,
        is_disabled: bool,
    ) -> Result<AccountRow, OfficeError> {
        let mut tx = self.store.begin().await?;
        let account = Self::find(&mut tx, name).await?;
        tx.set_disabled(account.account, is_disabled).await?;
        let mut change = Self::all_about(&mut tx, &account).await?;
        tx.commit().await?;
        if is_disabled {
            change.revoked = change.logins.clone();
        }
        self.announce(change).await;
        Ok(AccountRow {
            is_disabled,
            ..account
        })
    }

    /// Removes an account with its devices; its numbers become free.
    ///
    /// # Errors
    /// If there is none of this name.
    pub async fn remove_account(&self, name: &str) -> Result<AccountRow, OfficeError> {
        let now = SystemTime::now();
        let mut tx = self.store.begin().await?;
        let account = Self::find(&mut tx, name).await?;
        let mut change = Self::all_about(&mut tx, &account).await?;
        for row in tx.numbers_of(account.account).await? {
            tx.free_number(&row.number, "account removed", now).await?;
        }
        tx.remove_account(account.account).await?;
        tx.commit().await?;
        change.revoked = change.logins.clone();
        self.announce(change).await;
        Ok(account)
    }

    /// Sets a new password. Devices keep their own credentials.
    ///
    /// # Errors
    /// If there is none of this name, or the password breaks its rule.
    pub async fn set_password(
        &self,
        name: &str,
        password: &str,
    ) -> Result<AccountRow, OfficeError> {
        let account = self.account(name).await?;
        let password = Password::parse(password, &Username::parse(&account.username)?)?;
        let hash = self.passwords.hash(password).await?;
        let mut tx = self.store.begin().await?;
        let account = Self::find(&mut tx, name).await?;
        tx.set_password_hash(account.account, Some(&hash)).await?;
        tx.commit().await?;
        Ok(AccountRow {
            has_password: true,
            ..account
        })
    }
}

pub(super) fn parse_number(text: &str) -> Result<Number, OfficeError> {
    Number::parse(text).map_err(|reason| OfficeError::Number {
        text: text.to_owned(),
        reason,
    })
}
