//! Devices: each phone has its own SIP credential, shown once.

use std::fmt;
use std::time::SystemTime;

use api::{AccountId, DeviceLabel};
use rand::RngExt;
use sip::Ha1;

use super::{Change, Office, OfficeError, PersonChanged, WhatChanged};
use crate::store::{AccountRow, AuditEntry, DeviceRow, NewDevice, Origin, Subject, Transaction};

/// What a phone registers with. Only hashes of the secret are kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// The digest user name.
    pub login: String,
    /// The digest password.
    pub secret: String,
    /// What people call the device.
    pub label: String,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("login", &self.login)
            .field("secret", &"(hidden)")
            .finish()
    }
}

/// Digits and letters that cannot be mistaken for each other when somebody types them into a desk phone: no i, l, o, u.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Some phones take a secret that begins with `0x` for hexadecimal: it begins with a letter, one of the last 22.
const FIRST_LETTER: usize = 10;

/// A letter of 22 and 25 characters of 32: 129 bits, beyond guessing even for those who see a digest exchange.
const SECRET_LENGTH: usize = 26;

/// 49 bits: never the same twice in practice, and a unique constraint behind that.
const LOGIN_LENGTH: usize = 10;

pub(super) fn random_text(length: usize) -> String {
    // `rand::rng` is a ChaCha generator that the system seeds: fit for secrets.
    let mut random = rand::rng();
    let mut pick = |lowest| char::from(ALPHABET[random.random_range(lowest..ALPHABET.len())]);
    let first = pick(FIRST_LETTER);
    std::iter::once(first)
        .chain((1..length).map(|_| pick(0)))
        .collect()
}

/// More desk phones than this are more than a person has; an administrator may add more.
const MOST_BY_HAND: i64 = 50;

fn devices_of(account: AccountId) -> PersonChanged {
    PersonChanged {
        account,
        what: WhatChanged::Devices,
    }
}

/// Whether it could be a login: PostgreSQL keeps no NUL in a text, so it is not even asked.
fn is_login(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn missing(account: &AccountRow, login: &str) -> OfficeError {
    OfficeError::NoSuchDevice {
        name: account.username.clone(),
        login: login.to_owned(),
    }
}

impl Office {
    /// Adds a device for a phone that somebody sets up by hand, because an administrator wants it.
    ///
    /// # Errors
    /// If there is no such account, or the label breaks its rule.
    pub async fn add_device(
        &self,
        name: &str,
        label: Option<&str>,
    ) -> Result<(AccountRow, Credential), OfficeError> {
        let label = DeviceLabel::parse(label.unwrap_or("phone"))?;
        let mut tx = self.store.begin().await?;
        let account = Self::find(&mut tx, name).await?;
        self.add_by_hand(tx, account, &label).await
    }

    /// Adds a device for a phone that its owner sets up by hand.
    ///
    /// # Errors
    /// If the label breaks its rule, or the account has 50 such devices.
    pub async fn add_own_device(
        &self,
        account: AccountId,
        label: &str,
    ) -> Result<(AccountRow, Credential), OfficeError> {
        let label = DeviceLabel::parse(label)?;
        let mut tx = self.store.begin().await?;
        let account = Self::find_by_id(&mut tx, account).await?;
        if tx.count_devices_by_hand(account.account).await? >= MOST_BY_HAND {
            return Err(OfficeError::TooManyDevices { most: MOST_BY_HAND });
        }
        self.add_by_hand(tx, account, &label).await
    }

    async fn add_by_hand(
        &self,
        mut tx: Transaction,
        account: AccountRow,
        label: &DeviceLabel,
    ) -> Result<(AccountRow, Credential), OfficeError> {
        let credential = self
            .make_device(&mut tx, &account, label, Origin::Admin)
            .await?;
        let change = Change {
            logins: vec![credential.login.clone()],
            people: vec![devices_of(account.account)],
            ..Change::default()
        };
        self.finish(tx, change).await?;
        Ok((account, credential))
    }

    /// The devices of one account, or of all.
    ///
    /// # Errors
    /// If there is no such account.
    pub async fn devices(&self, name: Option<&str>) -> Result<Vec<DeviceRow>, OfficeError> {
        let account = match name {
            Some(name) => Some(self.account(name).await?.account),
            None => None,
        };
        Ok(self.store.devices(account).await?)
    }

    /// The devices of whoever asks.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn own_devices(&self, account: AccountId) -> Result<Vec<DeviceRow>, OfficeError> {
        Ok(self.store.devices(Some(account)).await?)
    }

    /// Revokes a device's credential, because an administrator wants it; its registration ends.
    ///
    /// # Errors
    /// If the account has no such device.
    pub async fn remove_device(&self, name: &str, login: &str) -> Result<(), OfficeError> {
        let mut tx = self.store.begin().await?;
        let account = Self::find(&mut tx, name).await?;
        self.revoke(tx, account, login).await
    }

    /// Revokes a device's credential for its owner; its registration ends.
    ///
    /// # Errors
    /// If the account has no such device.
    pub async fn remove_own_device(
        &self,
        account: AccountId,
        login: &str,
    ) -> Result<(), OfficeError> {
        let mut tx = self.store.begin().await?;
        let account = Self::find_by_id(&mut tx, account).await?;
        self.revoke(tx, account, login).await
    }

    async fn revoke(
        &self,
        mut tx: Transaction,
        account: AccountRow,
        login: &str,
    ) -> Result<(), OfficeError> {
        if !is_login(login) {
            return Err(missing(&account, login));
        }
        let device = tx.device(account.account, login).await?;
        let device = device.ok_or_else(|| missing(&account, login))?;
        tx.remove_device(account.account, login).await?;
        self.audit_device(&mut tx, &account, "device.remove", login, &device.label)
            .await?;
        let logins = vec![login.to_owned()];
        let change = Change {
            revoked: logins.clone(),
            logins,
            people: vec![devices_of(account.account)],
            ..Change::default()
        };
        self.finish(tx, change).await
    }

    /// Gives a device another label, for its owner.
    ///
    /// # Errors
    /// If the account has no such device, or the label breaks its rule.
    pub async fn rename_own_device(
        &self,
        account: AccountId,
        login: &str,
        label: &str,
    ) -> Result<DeviceRow, OfficeError> {
        let label = DeviceLabel::parse(label)?;
        let mut tx = self.store.begin().await?;
        let account = Self::find_by_id(&mut tx, account).await?;
        if !is_login(login) || !tx.rename_device(account.account, login, &label).await? {
            return Err(missing(&account, login));
        }
        self.audit_device(&mut tx, &account, "device.rename", login, label.as_str())
            .await?;
        let device = tx.device(account.account, login).await?;
        let device = device.ok_or_else(|| missing(&account, login))?;
        let change = Change {
            people: vec![devices_of(account.account)],
            ..Change::default()
        };
        self.finish(tx, change).await?;
        Ok(device)
    }

    async fn audit_device(
        &self,
        tx: &mut Transaction,
        account: &AccountRow,
        action: &'static str,
        login: &str,
        label: &str,
    ) -> Result<(), OfficeError> {
        let entry = AuditEntry {
            action,
            subject: Subject::Device(login.to_owned()),
            account: Some(account.account),
            detail: serde_json::json!({ "account": account.username, "label": label }),
        };
        self.audit(tx, entry).await
    }

    pub(super) async fn make_device(
        &self,
        tx: &mut Transaction,
        account: &AccountRow,
        label: &DeviceLabel,
        origin: Origin,
    ) -> Result<Credential, OfficeError> {
        let login = format!("d-{}", random_text(LOGIN_LENGTH));
        let secret = random_text(SECRET_LENGTH);
        let ha1 = Ha1::new(&login, &self.domain, &secret);
        let device = NewDevice {
            account: account.account,
            label,
            login: &login,
            realm: &self.domain,
            ha1: &ha1,
            origin,
        };
        tx.add_device(&device, SystemTime::now()).await?;
        self.audit_device(tx, account, "device.add", &login, label.as_str())
            .await?;
        Ok(Credential {
            login,
            secret,
            label: label.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_long_different_and_easy_to_type() {
        let (a, b) = (random_text(SECRET_LENGTH), random_text(SECRET_LENGTH));
        assert_ne!(a, b);
        assert_eq!(a.len(), 26);
        assert!(a.bytes().all(|byte| ALPHABET.contains(&byte)));
        assert!(
            (0..1000).all(|_| random_text(2).starts_with(|first: char| first.is_ascii_lowercase()))
        );
    }
}
