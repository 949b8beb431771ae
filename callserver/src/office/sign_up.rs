//! Making an account for oneself, where the operator allows it.

use std::time::SystemTime;

use api::{DeviceLabel, Number, SignUp, SignUpRequest};

use super::accounts::{NewAccount, dialled};
use super::login::LoggedIn;
use super::names::Resting;
use super::{Change, Office, OfficeError};
use crate::store::Transaction;

impl Office {
    /// Makes an account for whoever asks, and logs its first device in.
    ///
    /// # Errors
    /// If `allowed` does not let somebody like this in, the invitation is not good, a rule is broken, or the name or
    /// number is somebody's.
    pub async fn sign_up(
        &self,
        request: &SignUpRequest,
        allowed: SignUp,
    ) -> Result<LoggedIn, OfficeError> {
        let code = request.invitation.as_deref().map(str::trim);
        let code = code.filter(|code| !code.is_empty());
        match (allowed, code) {
            (SignUp::Open, _) | (SignUp::Invitation, Some(_)) => {}
            _ => return Err(OfficeError::SignUpRefused { allowed }),
        }
        let label = DeviceLabel::parse(&request.device_label)?;
        // What a look can tell is told before a password is hashed.
        if let Some(code) = code {
            self.look_at_invitation(code).await?;
        }
        self.check_username(&request.username, None).await?;
        let checked = self
            .check(NewAccount {
                name: request.username.clone(),
                display_name: request.display_name.clone(),
                number: request.number.clone(),
                password: Some(request.password.clone()),
            })
            .await?;
        let now = SystemTime::now();
        let mut tx = self.store.begin().await?;
        Self::claim_name(&mut tx, &checked.username, None, Resting::Kept, now).await?;
        if let Some(number) = checked.number() {
            self.is_for_accounts(&mut tx, number).await?;
        }
        let checked = match code {
            None => checked,
            Some(code) => {
                let invitation = self.use_invitation(&mut tx, code, now).await?;
                checked.with_number_of(invitation.number)
            }
        };
        let row = self.add_checked(&mut tx, &checked).await?;
        let logged_in = self.welcome(&mut tx, row, &label).await?;
        let change = Change {
            logins: vec![logged_in.credential.login.clone()],
            dialled: dialled(&logged_in.account),
            ..Change::default()
        };
        self.finish(tx, change).await?;
        Ok(logged_in)
    }

    /// Makes sure that a number may be asked for by whoever likes it: only an administrator gives away those outside of
    /// the pools for accounts.
    async fn is_for_accounts(
        &self,
        tx: &mut Transaction,
        number: &Number,
    ) -> Result<(), OfficeError> {
        match tx.is_in_pool_for_accounts(number).await? {
            true => Ok(()),
            false => Err(self.number_taken(tx, number.clone()).await?),
        }
    }
}
