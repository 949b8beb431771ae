//! Guests: a number for a while without an account, and how a guest becomes a person.
//!
//! A guest is an account of its own kind, with a device, a session and a number of the guests' pool, but without a
//! password. So becoming a person changes the kind, the name and the password, and nothing that others remember: account
//! id, number, contacts, sessions and registrations stay.

use std::time::{Duration, SystemTime};

use api::{
    AccountId, AccountKind, DeviceLabel, DisplayName, GuestRequest, NumberState, PoolPurpose,
    UpgradeRequest,
};
use rand::RngExt;

use super::devices::random_text;
use super::names::Resting;
use super::{Change, LoggedIn, NewAccount, Office, OfficeError, PersonChanged, WhatChanged};
use crate::store::{AccountRow, AuditEntry, Choice, Lease, Subject};

/// 49 bits: never the same twice in practice, and a unique constraint behind that.
const NAME_LENGTH: usize = 10;

impl Office {
    /// Lends a number to somebody without an account.
    ///
    /// # Errors
    /// If a rule is broken, or all numbers for guests are lent.
    pub async fn add_guest(
        &self,
        request: &GuestRequest,
        lease: Duration,
    ) -> Result<LoggedIn, OfficeError> {
        let label = DeviceLabel::parse(&request.device_label)?;
        let wanted = request.display_name.as_deref();
        let display_name = wanted.map(DisplayName::parse).transpose()?;
        let now = SystemTime::now();
        let mut tx = self.store.begin().await?;
        let choice = Choice::Policy(rand::rng().random());
        let number = tx.free_number_of(PoolPurpose::Guests, choice).await?;
        let number = number.ok_or(OfficeError::NoGuestNumber)?;
        let display_name = match display_name {
            Some(name) => name,
            None => DisplayName::parse(&format!("Guest {number}"))?,
        };
        let name = format!("guest-{}", random_text(NAME_LENGTH));
        let account = tx.add_guest(&name, &display_name, now).await?;
        let before = tx.number(&number).await?;
        let lease = Lease::Guest {
            account,
            ends_at: now + lease,
        };
        let is_lent = tx
            .set_number(&number, before.as_ref(), &lease, "lent to a guest", now)
            .await?;
        if !is_lent {
            return Err(OfficeError::NoGuestNumber);
        }
        let row = Self::find_by_id(&mut tx, account).await?;
        let entry = AuditEntry {
            action: "guest.add",
            subject: Subject::Account(name.clone()),
            account: Some(account),
            detail: serde_json::json!({ "number": number }),
        };
        self.audit(&mut tx, entry).await?;
        let logged_in = self.welcome(&mut tx, row, &label).await?;
        let change = Change {
            logins: vec![logged_in.credential.login.clone()],
            dialled: vec![number.to_string(), name],
            ..Change::default()
        };
        self.finish(tx, change).await?;
        Ok(logged_in)
    }

    /// Makes a guest a person, who logs in by name and password. Everything else stays.
    ///
    /// # Errors
    /// If the account is no guest, a rule is broken, or the name is somebody's.
    pub async fn upgrade_guest(
        &self,
        account: AccountId,
        request: &UpgradeRequest,
    ) -> Result<AccountRow, OfficeError> {
        // What a look can tell is told before a password is hashed.
        self.check_username(&request.username, Some(account))
            .await?;
        if self.account_by_id(account).await?.kind != AccountKind::Guest {
            return Err(OfficeError::NoGuest);
        }
        let checked = self
            .check(NewAccount {
                name: request.username.clone(),
                display_name: request.display_name.clone(),
                number: None,
                password: Some(request.password.clone()),
            })
            .await?;
        let now = SystemTime::now();
        let mut tx = self.store.begin().await?;
        let row = Self::find_by_id(&mut tx, account).await?;
        if row.kind != AccountKind::Guest {
            return Err(OfficeError::NoGuest);
        }
        let username = &checked.username;
        Self::claim_name(&mut tx, username, Some(account), Resting::Kept, now).await?;
        tx.set_username(account, username).await?;
        tx.make_person(account).await?;
        tx.set_password_hash(account, checked.password_hash.as_deref(), now)
            .await?;
        if request.display_name.is_some() {
            tx.set_display_name(account, &checked.display_name).await?;
        }
        for number in tx.numbers_of(account).await? {
            if number.state == NumberState::Guest {
                let lease = Lease::Assigned {
                    account,
                    is_primary: number.is_primary,
                };
                let reason = "the guest became a person";
                tx.set_number(&number.number, Some(&number), &lease, reason, now)
                    .await?;
            }
        }
        let mut change = Self::all_about(&mut tx, &row).await?;
        change.dialled.push(username.to_string());
        change.people.push(PersonChanged {
            account,
            what: WhatChanged::Name,
        });
        let entry = AuditEntry {
            action: "guest.upgrade",
            subject: Subject::Account(username.to_string()),
            account: Some(account),
            detail: serde_json::json!({ "was": row.username }),
        };
        self.audit(&mut tx, entry).await?;
        let row = Self::find_by_id(&mut tx, account).await?;
        self.finish(tx, change).await?;
        Ok(row)
    }
}
