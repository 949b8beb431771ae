//! Logging in: a name and a password for a new device credential.

use api::{DeviceLabel, LoginRequest, Tokens, Username};

use super::{Change, Credential, Office, OfficeError, PersonChanged, WhatChanged};
use crate::passwords::Verdict;
use crate::store::{AccountRow, Origin, Transaction};

/// More devices than this that came from logging in are more than a person has; the longest unused one makes room.
const LOGIN_DEVICES: u32 = 50;

/// What somebody has who has just logged in, for the first time or again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoggedIn {
    /// Who.
    pub account: AccountRow,
    /// The device that was made.
    pub credential: Credential,
    /// The session that began.
    pub tokens: Tokens,
}

impl Office {
    /// Checks name and password, and makes a device for whoever logs in.
    ///
    /// # Errors
    /// The same for an unknown name as for a wrong password, in the same time.
    pub async fn log_in(&self, request: &LoginRequest) -> Result<LoggedIn, OfficeError> {
        let label = DeviceLabel::parse(&request.device_label)?;
        let account = match Username::existing(&request.name) {
            Ok(name) => self.store.account_by_name(&name).await?,
            Err(_) => None,
        };
        let stored = match &account {
            Some(account) => self.store.password_hash(account.account).await?,
            None => None,
        };
        let verdict = self
            .passwords
            .check(stored.clone(), request.password.clone())
            .await?;
        let account = account
            .filter(|_| verdict != Verdict::Wrong)
            .ok_or(OfficeError::WrongPassword)?;
        // The only moment at which the password is known and its hash can be made as others are today.
        let hash = match verdict {
            Verdict::RightAtOtherCosts => {
                Some(self.passwords.hash_again(request.password.clone()).await?)
            }
            _ => None,
        };

        let mut tx = self.store.begin().await?;
        // Read again: it may have been disabled or removed, or got another password, while this one was being checked.
        let account = match Self::find(&mut tx, &account.username).await {
            Err(OfficeError::NoSuchAccount { .. }) => return Err(OfficeError::WrongPassword),
            found => found?,
        };
        if account.is_disabled {
            return Err(OfficeError::Disabled);
        }
        if tx.password_hash(account.account).await? != stored {
            return Err(OfficeError::WrongPassword);
        }
        if let Some(hash) = hash {
            tx.replace_password_hash(account.account, &hash).await?;
        }
        let mut revoked = Vec::new();
        if let Some(login) = &request.replaces
            && tx.remove_device(account.account, login).await?
        {
            revoked.push(login.clone());
        }
        let logged_in = self.welcome(&mut tx, account, &label).await?;
        revoked.extend(
            tx.trim_login_devices(logged_in.account.account, LOGIN_DEVICES)
                .await?,
        );
        let mut logins = revoked.clone();
        logins.push(logged_in.credential.login.clone());
        let change = Change {
            logins,
            revoked,
            people: vec![PersonChanged {
                account: logged_in.account.account,
                what: WhatChanged::Devices,
            }],
            ..Change::default()
        };
        self.finish(tx, change).await?;
        Ok(logged_in)
    }

    /// Makes the device of somebody who has proved who they are, and begins its session, in the middle of a write. The
    /// new login is to be announced with the rest.
    pub(super) async fn welcome(
        &self,
        tx: &mut Transaction,
        account: AccountRow,
        label: &DeviceLabel,
    ) -> Result<LoggedIn, OfficeError> {
        let credential = self.make_device(tx, &account, label, Origin::Login).await?;
        let tokens = self
            .begin_session(tx, account.account, &credential.login, label.as_str())
            .await?;
        Ok(LoggedIn {
            account,
            credential,
            tokens,
        })
    }
}
