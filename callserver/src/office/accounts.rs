//! Accounts: add, list, show, disable.

use std::time::SystemTime;

use api::{DeviceLabel, DisplayName, Number, Password, PoolPurpose, Username};

use super::names::Resting;
use super::{Change, Credential, Office, OfficeError, PersonChanged, WhatChanged};
use crate::store::{AccountRow, AuditEntry, Choice, NumberState, Origin, Subject, Transaction};

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

/// What became of one of many: the account with the credential of its device, or why not.
pub type AddedOrRefused = Result<(AccountRow, Option<Credential>), OfficeError>;

/// An account that keeps all rules.
pub(super) struct Checked {
    pub(super) username: Username,
    pub(super) display_name: DisplayName,
    number: Option<Number>,
    pub(super) password_hash: Option<String>,
}

impl Checked {
    /// The number that was asked for.
    pub(super) fn number(&self) -> Option<&Number> {
        self.number.as_ref()
    }

    /// With the number that comes with an invitation, if it has one: that is the one that was promised.
    pub(super) fn with_number_of(self, invited: Option<Number>) -> Self {
        Self {
            number: invited.or(self.number),
            ..self
        }
    }
}

pub(super) fn dialled(account: &AccountRow) -> Vec<String> {
    let number = account.number.iter().map(Number::to_string);
    number.chain([account.username.clone()]).collect()
}

impl Office {
    /// Adds an account with a number.
    ///
    /// # Errors
    /// If a rule is broken, or the name or number is taken.
    pub async fn add_account(&self, new: NewAccount) -> Result<AccountRow, OfficeError> {
        let checked = self.check(new).await?;
        let mut tx = self.store.begin().await?;
        let row = self.add_checked(&mut tx, &checked).await?;
        let change = Change {
            dialled: dialled(&row),
            ..Change::default()
        };
        self.finish(tx, change).await?;
        Ok(row)
    }

    /// Adds many accounts in one transaction, each with a device if asked for. One that is refused does not stop the
    /// others.
    ///
    /// # Errors
    /// If the database fails; then none is added.
    pub async fn add_accounts(
        &self,
        list: Vec<NewAccount>,
        with_devices: bool,
    ) -> Result<Vec<AddedOrRefused>, OfficeError> {
        let mut checked = Vec::with_capacity(list.len());
        for new in list {
            checked.push(self.check(new).await);
        }
        let label = DeviceLabel::parse("phone")?;
        let mut results = Vec::with_capacity(checked.len());
        let mut change = Change::default();
        let mut tx = self.store.begin().await?;
        for checked in checked {
            let added = match checked {
                Ok(checked) => self.add_checked(&mut tx, &checked).await,
                Err(refused) => Err(refused),
            };
            results.push(match added {
                Ok(row) => {
                    let credential = match with_devices {
                        true => Some(
                            self.make_device(&mut tx, &row, &label, Origin::Admin)
                                .await?,
                        ),
                        false => None,
                    };
                    change.dialled.extend(dialled(&row));
                    change
                        .logins
                        .extend(credential.iter().map(|made| made.login.clone()));
                    Ok((row, credential))
                }
                Err(OfficeError::Store(error)) => return Err(error.into()),
                Err(refused) => Err(refused),
            });
        }
        self.finish(tx, change).await?;
        Ok(results)
    }

    /// Everything about a new account that can be known without the database.
    pub(super) async fn check(&self, new: NewAccount) -> Result<Checked, OfficeError> {
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
        Ok(Checked {
            username,
            display_name,
            number,
            password_hash,
        })
    }

    /// Adds one account, or refuses it and leaves nothing of it behind.
    pub(super) async fn add_checked(
        &self,
        tx: &mut Transaction,
        new: &Checked,
    ) -> Result<AccountRow, OfficeError> {
        let number = match &new.number {
            // Looked at before anything is written: others may be in the same transaction.
            Some(number) => match tx.number(number).await? {
                Some(row) if row.state != NumberState::Free => {
                    return Err(self.number_taken(tx, number.clone()).await?);
                }
                _ => number.clone(),
            },
            None => tx
                .free_number_of(PoolPurpose::Accounts, Choice::Policy(rand::random()))
                .await?
                .ok_or(OfficeError::NoFreeNumber)?,
        };
        let now = SystemTime::now();
        let added = tx
            .add_account(
                &new.username,
                &new.display_name,
                new.password_hash.as_deref(),
                now,
            )
            .await?;
        let Some(account) = added else {
            Self::claim_name(tx, &new.username, None, Resting::Given, now).await?;
            return Err(OfficeError::NameTaken {
                name: new.username.to_string(),
            });
        };
        tx.forget_former_username(&new.username).await?;
        if !tx
            .assign_number(&number, account, true, "account added", now)
            .await?
        {
            return Err(self.number_taken(tx, number).await?);
        }
        let row = Self::find_by_id(tx, account).await?;
        let entry = AuditEntry {
            action: "account.add",
            subject: Subject::Account(row.username.clone()),
            account: Some(account),
            detail: serde_json::json!({ "number": row.number, "has_password": row.has_password }),
        };
        self.audit(tx, entry).await?;
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
        let username = Username::existing(name).map_err(|_| missing())?;
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
        if is_disabled {
            self.keep_an_administrator(&mut tx, &account).await?;
        }
        tx.set_disabled(account.account, is_disabled).await?;
        let mut change = Self::all_about(&mut tx, &account).await?;
        if is_disabled {
            change.revoked = change.logins.clone();
            change.people.push(PersonChanged {
                account: account.account,
                what: WhatChanged::Removed,
            });
        }
        let entry = AuditEntry {
            action: if is_disabled {
                "account.disable"
            } else {
                "account.enable"
            },
            subject: Subject::Account(account.username.clone()),
            account: Some(account.account),
            detail: serde_json::json!({}),
        };
        self.audit(&mut tx, entry).await?;
        self.finish(tx, change).await?;
        Ok(AccountRow {
            is_disabled,
            ..account
        })
    }
}

pub(crate) fn parse_number(text: &str) -> Result<Number, OfficeError> {
    Number::parse(text).map_err(|reason| OfficeError::Number {
        text: text.to_owned(),
        reason,
    })
}
