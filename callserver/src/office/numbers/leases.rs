//! The end of what was for a time: quarantines, and the numbers of guests that have gone.

use std::time::{Duration, SystemTime};

use api::{AccountId, AccountKind, AfterChange, Number, NumberState, OnCall};

use super::super::{Change, Office, OfficeError};
use crate::store::{AuditEntry, Lease, NumberRow, Subject, Transaction};

/// So many leases are ended in one write: others get their turn in between.
const BATCH: u32 = 100;

/// What ended.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct LeasesEnded {
    /// Numbers that rested long enough and are free.
    pub freed: Vec<Number>,
    /// Guests that are gone.
    pub guests: Vec<AccountId>,
    /// Whether there may be more: call again.
    pub is_more: bool,
}

impl Office {
    /// Ends quarantines and guests' leases whose time has come, a bounded number at a time. A guest's account goes with
    /// its lease, and its number rests for some hours.
    ///
    /// # Errors
    /// If the database fails; then nothing of this batch has ended.
    pub async fn end_leases(&self, now: SystemTime) -> Result<LeasesEnded, OfficeError> {
        let mut tx = self.store.begin().await?;
        let rows = tx.ended_leases(now, BATCH).await?;
        let mut ended = LeasesEnded {
            is_more: rows.len() == usize::try_from(BATCH).unwrap_or(usize::MAX),
            ..LeasesEnded::default()
        };
        let mut change = Change::default();
        for row in rows {
            let (_, before) = Self::owner_before(&mut tx, &row).await?;
            change = change.and(before);
            if row.state == NumberState::Guest {
                change = change.and(self.end_lease(&mut tx, &row, now).await?);
                ended.guests.extend(row.account);
                continue;
            }
            Self::set(
                &mut tx,
                &row.number,
                Some(&row),
                &Lease::Free,
                "rested long enough",
                now,
            )
            .await?;
            self.audit(&mut tx, lease_entry("number.free", &row))
                .await?;
            ended.freed.push(row.number);
        }
        self.finish(tx, change).await?;
        Ok(ended)
    }

    async fn end_lease(
        &self,
        tx: &mut Transaction,
        row: &NumberRow,
        now: SystemTime,
    ) -> Result<Change, OfficeError> {
        self.audit(tx, lease_entry("number.lease_end", row)).await?;
        let guest = match row.account {
            Some(account) => tx.account_by_id(account).await?,
            None => None,
        };
        match guest {
            // With everything that it had, this number too.
            Some(guest) if guest.kind == AccountKind::Guest => self.erase(tx, &guest, now).await,
            _ => {
                self.leave_number(tx, row, "the guest's lease ended", now)
                    .await?;
                Ok(Change::default())
            }
        }
    }

    /// Lets a number rest whose owner is no more: callers hear that it is gone, and nobody takes it back. A guest's
    /// number rests for hours, a person's for days.
    pub(in super::super) async fn leave_number(
        &self,
        tx: &mut Transaction,
        row: &NumberRow,
        reason: &str,
        now: SystemTime,
    ) -> Result<(), OfficeError> {
        let hours = match row.state {
            NumberState::Guest => u64::from(self.plan.guest_quarantine_hours),
            _ => u64::from(self.plan.quarantine_days) * 24,
        };
        let lease = match hours {
            0 => Lease::Free,
            hours => Lease::Quarantined {
                account: None,
                ends_at: now + Duration::from_secs(hours * 60 * 60),
                after: AfterChange {
                    on_call: OnCall::Gone,
                    forward_to: None,
                },
            },
        };
        Self::set(tx, &row.number, Some(row), &lease, reason, now).await
    }
}

fn lease_entry(action: &'static str, row: &NumberRow) -> AuditEntry {
    AuditEntry {
        action,
        subject: Subject::Number(row.number.clone()),
        account: row.account,
        detail: serde_json::json!({ "was": row.state }),
    }
}
