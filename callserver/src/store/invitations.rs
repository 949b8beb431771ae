//! The table `invitations`: codes that let somebody make an account. Only SHA-256 of a code is kept.

use std::time::SystemTime;

use api::{AccountId, Number};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::accounts::read_number;
use super::{Lease, NumberState, Store, StoreError, Transaction, unix_millis};

/// One invitation, without its code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InvitationRow {
    /// Its id.
    pub invitation: i64,
    /// What it is for, in the words of whoever made it.
    pub note: String,
    /// The number that is kept for whoever takes it.
    pub number: Option<Number>,
    /// How many accounts can still be made with it.
    pub uses_left: i64,
    /// Who made it; `None`: an operator, or somebody who is no more.
    pub made_by: Option<AccountId>,
    /// That account's username.
    pub made_by_name: Option<String>,
    /// Unix milliseconds.
    pub created_at: i64,
    /// Until when it is good, Unix milliseconds.
    pub ends_at: i64,
}

/// An invitation to be added.
#[derive(Clone, Debug)]
pub struct NewInvitation<'a> {
    /// SHA-256 of the code.
    pub code_sha256: [u8; 32],
    /// What it is for.
    pub note: &'a str,
    /// The number that is kept for whoever takes it.
    pub number: Option<&'a Number>,
    /// How many accounts can be made with it.
    pub uses: i64,
    /// Who made it.
    pub made_by: Option<AccountId>,
    /// Until when it is good.
    pub ends_at: SystemTime,
}

macro_rules! select_invitations {
    ($rest:literal) => {
        concat!(
            "SELECT i.invitation_id, i.note, i.number, i.uses_left, i.made_by, a.username, i.created_at, i.ends_at
             FROM invitations i LEFT JOIN accounts a ON a.account_id = i.made_by ",
            $rest
        )
    };
}

fn read(row: &AnyRow) -> Result<InvitationRow, StoreError> {
    Ok(InvitationRow {
        invitation: row.try_get("invitation_id")?,
        note: row.try_get("note")?,
        number: read_number(row)?,
        uses_left: row.try_get("uses_left")?,
        made_by: row.try_get::<Option<i64>, _>("made_by")?.map(AccountId),
        made_by_name: row.try_get("username")?,
        created_at: row.try_get("created_at")?,
        ends_at: row.try_get("ends_at")?,
    })
}

impl Store {
    /// At most `limit` invitations after the id `after`, oldest first, also those that are used up or too old.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn invitations_after(
        &self,
        after: i64,
        limit: i64,
    ) -> Result<Vec<InvitationRow>, StoreError> {
        let select = sqlx::query(select_invitations!(
            "WHERE i.invitation_id > $1 ORDER BY i.invitation_id LIMIT $2"
        ));
        let rows = select.bind(after).bind(limit).fetch_all(&self.readers);
        rows.await?.iter().map(read).collect()
    }

    /// Whether an invitation with this code could be used at `now`.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn is_invited(
        &self,
        code_sha256: &[u8; 32],
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let count = sqlx::query_scalar::<_, i64>(
            "SELECT count(*) FROM invitations WHERE code_sha256 = $1 AND uses_left > 0 AND ends_at > $2",
        );
        let count = count.bind(code_sha256.to_vec()).bind(unix_millis(now));
        Ok(count.fetch_one(&self.readers).await? > 0)
    }
}

impl Transaction {
    /// Adds an invitation and returns its id.
    ///
    /// # Errors
    /// If the database fails, or the code exists, which random codes do not.
    pub async fn add_invitation(
        &mut self,
        new: &NewInvitation<'_>,
        now: SystemTime,
    ) -> Result<i64, StoreError> {
        let insert = sqlx::query_scalar(
            "INSERT INTO invitations (code_sha256, note, number, uses_left, made_by, created_at, ends_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING invitation_id",
        );
        let insert = insert
            .bind(new.code_sha256.to_vec())
            .bind(new.note)
            .bind(new.number.map(Number::as_str))
            .bind(new.uses)
            .bind(new.made_by.map(|account| account.0))
            .bind(unix_millis(now))
            .bind(unix_millis(new.ends_at));
        Ok(insert.fetch_one(&mut *self.inner).await?)
    }

    /// Uses an invitation once, if it is good at `now`; returns it as it is afterwards.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn use_invitation(
        &mut self,
        code_sha256: &[u8; 32],
        now: SystemTime,
    ) -> Result<Option<InvitationRow>, StoreError> {
        // The condition and the write are one statement: nobody can come between.
        let update = sqlx::query_scalar(
            "UPDATE invitations SET uses_left = uses_left - 1
             WHERE code_sha256 = $1 AND uses_left > 0 AND ends_at > $2 RETURNING invitation_id",
        );
        let update = update.bind(code_sha256.to_vec()).bind(unix_millis(now));
        match update.fetch_optional(&mut *self.inner).await? {
            Some(invitation) => self.invitation(invitation).await,
            None => Ok(None),
        }
    }

    /// One invitation.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn invitation(
        &mut self,
        invitation: i64,
    ) -> Result<Option<InvitationRow>, StoreError> {
        let select = sqlx::query(select_invitations!("WHERE i.invitation_id = $1"));
        let row = select
            .bind(invitation)
            .fetch_optional(&mut *self.inner)
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// Notes that the number that came with an invitation is somebody's now.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn take_number_of_invitation(&mut self, invitation: i64) -> Result<(), StoreError> {
        let update = sqlx::query("UPDATE invitations SET number = NULL WHERE invitation_id = $1");
        update.bind(invitation).execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Removes an invitation; tells whether there was one.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn remove_invitation(&mut self, invitation: i64) -> Result<bool, StoreError> {
        let delete = sqlx::query("DELETE FROM invitations WHERE invitation_id = $1");
        let delete = delete.bind(invitation).execute(&mut *self.inner).await?;
        Ok(delete.rows_affected() > 0)
    }

    /// The invitations that nobody can use any more at `now`.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn ended_invitations(
        &mut self,
        now: SystemTime,
    ) -> Result<Vec<InvitationRow>, StoreError> {
        let select = sqlx::query(select_invitations!(
            "WHERE i.ends_at <= $1 ORDER BY i.invitation_id LIMIT 1000"
        ));
        let select = select.bind(unix_millis(now));
        let rows = select.fetch_all(&mut *self.inner).await?;
        rows.iter().map(read).collect()
    }

    /// Keeps a number back, if it is free or has never been used; tells whether it did.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn reserve_number(
        &mut self,
        number: &Number,
        note: &str,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let before = self.number(number).await?;
        let lease = Lease::Reserved {
            note: Some(note.to_owned()),
        };
        match before {
            Some(row) if row.state != NumberState::Free => Ok(false),
            before => {
                self.set_number(number, before.as_ref(), &lease, note, now)
                    .await
            }
        }
    }
}
