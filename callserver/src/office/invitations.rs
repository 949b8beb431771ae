//! Invitations: a code that lets somebody make an account where not everybody may.
//!
//! A code is shown once, to whoever makes the invitation; only its SHA-256 is kept. (It is random to 100 bits: nothing slow is
//! needed.) It is good for a number of accounts until a day, and may carry a number, which is reserved until then.

use std::fmt;
use std::time::{Duration, SystemTime};

use api::Number;
use sha2::{Digest, Sha256};

use super::accounts::parse_number;
use super::devices::random_text;
use super::{Change, Office, OfficeError};
use crate::store::{AuditEntry, InvitationRow, NewInvitation, NumberState, Subject, Transaction};

/// An invitation to be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InvitationWish {
    /// What it is for, such as "the new colleague": up to 200 characters.
    pub note: String,
    /// The number that whoever takes it gets; then it is good for one account.
    pub number: Option<String>,
    /// For how many accounts it is good, 1 to 1000.
    pub uses: u32,
    /// How long it is good, an hour to a year.
    pub lifetime: Duration,
}

/// An invitation with its code, which is not shown again.
#[derive(Clone, PartialEq, Eq)]
pub struct Invitation {
    /// What one types when one makes an account.
    pub code: String,
    /// The rest.
    pub row: InvitationRow,
}

impl fmt::Debug for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invitation")
            .field("code", &"(hidden)")
            .field("row", &self.row)
            .finish()
    }
}

/// A letter of 22 and 20 characters of 32: more than 100 bits.
const CODE_LENGTH: usize = 21;
const MOST_USES: u32 = 1000;
const LONGEST_NOTE: usize = 200;
/// No code is longer, however it is written.
const LONGEST_CODE: usize = 100;
const SHORTEST: Duration = Duration::from_secs(60 * 60);
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// The code as it is hashed, however it was typed: capitals, hyphens and spaces are nothing, and letters that are in no
/// code are read as the digits that they look like.
fn normal_form(code: &str) -> String {
    let read = |character: char| match character.to_ascii_lowercase() {
        '-' | ' ' => None,
        'o' => Some('0'),
        'i' | 'l' => Some('1'),
        other => Some(other),
    };
    code.chars().filter_map(read).collect()
}

fn hash(code: &str) -> [u8; 32] {
    Sha256::digest(normal_form(code).as_bytes()).into()
}

/// Three groups of seven, to be read out and typed.
fn in_groups(code: &str) -> String {
    let characters: Vec<char> = code.chars().collect();
    let groups = characters.chunks(7).map(String::from_iter);
    groups.collect::<Vec<String>>().join("-")
}

impl Office {
    /// Makes an invitation.
    ///
    /// # Errors
    /// If the wish breaks a limit, or its number cannot be reserved.
    pub async fn add_invitation(&self, wish: InvitationWish) -> Result<Invitation, OfficeError> {
        let refused = |reason| Err(OfficeError::Invitation { reason });
        if !(1..=MOST_USES).contains(&wish.uses) {
            return refused("an invitation is good for 1 to 1000 accounts");
        }
        if !(SHORTEST..=LONGEST).contains(&wish.lifetime) {
            return refused("an invitation is good for an hour at least and a year at most");
        }
        if wish.note.chars().count() > LONGEST_NOTE || wish.note.chars().any(char::is_control) {
            return refused("the note of an invitation is one line of at most 200 characters");
        }
        if wish.number.is_some() && wish.uses != 1 {
            return refused("an invitation with a number is good for one account");
        }
        let number = wish.number.as_deref().map(parse_number).transpose()?;
        let code = random_text(CODE_LENGTH);
        let now = SystemTime::now();
        let mut tx = self.store.begin().await?;
        if let Some(number) = &number {
            self.reserve_for_invitation(&mut tx, number, now).await?;
        }
        let new = NewInvitation {
            code_sha256: hash(&code),
            note: wish.note.trim(),
            number: number.as_ref(),
            uses: i64::from(wish.uses),
            made_by: self.actor.account,
            ends_at: now + wish.lifetime,
        };
        let id = tx.add_invitation(&new, now).await?;
        let row = tx.invitation(id).await?;
        let row = row.ok_or(OfficeError::NoSuchInvitation { invitation: id })?;
        let detail = serde_json::json!({
            "note": row.note, "number": row.number, "uses": row.uses_left, "ends_at": row.ends_at,
        });
        self.audit_invitation(&mut tx, "invitation.add", id, detail)
            .await?;
        self.finish(tx, Change::default()).await?;
        Ok(Invitation {
            code: in_groups(&code),
            row,
        })
    }

    /// At most `limit` invitations after the id `after`, oldest first, also those that are used up.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn invitations(
        &self,
        after: Option<i64>,
        limit: i64,
    ) -> Result<Vec<InvitationRow>, OfficeError> {
        Ok(self
            .store
            .invitations_after(after.unwrap_or(0), limit)
            .await?)
    }

    /// Takes an invitation back; its number is free again.
    ///
    /// # Errors
    /// If there is none with this id.
    pub async fn remove_invitation(&self, invitation: i64) -> Result<InvitationRow, OfficeError> {
        let now = SystemTime::now();
        let mut tx = self.store.begin().await?;
        let row = tx.invitation(invitation).await?;
        let row = row.ok_or(OfficeError::NoSuchInvitation { invitation })?;
        let change = Self::take_back(&mut tx, &row, "invitation taken back", now).await?;
        let detail = serde_json::json!({ "note": row.note, "uses_left": row.uses_left });
        self.audit_invitation(&mut tx, "invitation.remove", invitation, detail)
            .await?;
        self.finish(tx, change).await?;
        Ok(row)
    }

    /// Makes sure that a code is good now, before anything dear is done.
    pub(super) async fn look_at_invitation(&self, code: &str) -> Result<(), OfficeError> {
        let is_good = code.len() <= LONGEST_CODE
            && self
                .store
                .is_invited(&hash(code), SystemTime::now())
                .await?;
        match is_good {
            true => Ok(()),
            false => Err(OfficeError::InvitationNotGood),
        }
    }

    /// Uses an invitation for one account, in the middle of a write.
    pub(super) async fn use_invitation(
        &self,
        tx: &mut Transaction,
        code: &str,
        now: SystemTime,
    ) -> Result<InvitationRow, OfficeError> {
        if code.len() > LONGEST_CODE {
            return Err(OfficeError::InvitationNotGood);
        }
        let row = tx.use_invitation(&hash(code), now).await?;
        let row = row.ok_or(OfficeError::InvitationNotGood)?;
        let detail = serde_json::json!({ "note": row.note, "uses_left": row.uses_left });
        self.audit_invitation(tx, "invitation.use", row.invitation, detail)
            .await?;
        if let Some(number) = &row.number {
            // Free for the rest of this write, which nobody else sees; unless an administrator has given it to somebody
            // meanwhile, who keeps it.
            let is_reserved = tx
                .number(number)
                .await?
                .is_some_and(|row| row.state == NumberState::Reserved);
            if is_reserved {
                tx.free_number(number, "given with an invitation", now)
                    .await?;
            }
            tx.take_number_of_invitation(row.invitation).await?;
        }
        Ok(row)
    }

    /// Removes the invitations that nobody used in time.
    pub(super) async fn end_invitations(
        &self,
        tx: &mut Transaction,
        now: SystemTime,
    ) -> Result<Change, OfficeError> {
        let mut change = Change::default();
        for row in tx.ended_invitations(now).await? {
            let ended = Self::take_back(tx, &row, "invitation not used in time", now).await?;
            change.dialled.extend(ended.dialled);
            let detail = serde_json::json!({ "note": row.note, "uses_left": row.uses_left });
            self.audit_invitation(tx, "invitation.end", row.invitation, detail)
                .await?;
        }
        Ok(change)
    }

    async fn take_back(
        tx: &mut Transaction,
        row: &InvitationRow,
        reason: &str,
        now: SystemTime,
    ) -> Result<Change, OfficeError> {
        let mut change = Change::default();
        if let Some(number) = &row.number {
            // An administrator may have done something else with it meanwhile.
            let is_reserved = tx
                .number(number)
                .await?
                .is_some_and(|row| row.state == NumberState::Reserved);
            if is_reserved {
                tx.free_number(number, reason, now).await?;
                change.dialled.push(number.to_string());
            }
        }
        tx.remove_invitation(row.invitation).await?;
        Ok(change)
    }

    async fn reserve_for_invitation(
        &self,
        tx: &mut Transaction,
        number: &Number,
        now: SystemTime,
    ) -> Result<(), OfficeError> {
        match tx
            .reserve_number(number, "kept for an invitation", now)
            .await?
        {
            true => Ok(()),
            false => Err(self.number_taken(tx, number.clone()).await?),
        }
    }

    async fn audit_invitation(
        &self,
        tx: &mut Transaction,
        action: &'static str,
        invitation: i64,
        detail: serde_json::Value,
    ) -> Result<(), OfficeError> {
        let entry = AuditEntry {
            action,
            subject: Subject::Invitation(invitation),
            account: None,
            detail,
        };
        self.audit(tx, entry).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_same_however_it_is_typed() {
        let code = in_groups("k7pw2mq9xr0v1hs4tyaz3");
        assert_eq!(code, "k7pw2mq-9xr0v1h-s4tyaz3");
        for typed in [
            "k7pw2mq9xr0v1hs4tyaz3",
            "K7PW2MQ-9XR0V1H-S4TYAZ3",
            " k7pw2mq 9xrOvlh s4tyaz3 ",
            "k7pw2mq-9xr0vIh-s4tyaz3",
        ] {
            assert_eq!(hash(typed), hash(&code), "{typed}");
        }
        assert_ne!(hash("k7pw2mq9xr0v1hs4tyaz4"), hash(&code));
    }
}
