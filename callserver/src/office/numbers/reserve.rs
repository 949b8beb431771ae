//! Keeping a number back.

use std::time::SystemTime;

use api::{Number, NumberState};

use super::super::{Change, Office, OfficeError};
use super::{PlanError, Right};
use crate::store::{AuditEntry, Lease, NumberRow, Subject};

/// Enough for a sentence; a note is shown in lists.
const LONGEST_NOTE: usize = 200;

impl Office {
    /// Keeps a free number back, or changes the note of one that is kept back. Only an administrator can then give it to
    /// somebody. It need not be in a pool.
    ///
    /// # Errors
    /// If it is somebody's, or rests; or the note is too long.
    pub async fn reserve_number(
        &self,
        number: &Number,
        note: Option<&str>,
    ) -> Result<NumberRow, OfficeError> {
        let note = checked_note(note)?;
        let now = SystemTime::now();
        let mut tx = self.store.begin().await?;
        let row = tx.number(number).await?;
        if let Some(row) = &row {
            match row.state {
                NumberState::Reserved if row.note == note => return Ok(row.clone()),
                NumberState::Free | NumberState::Reserved => {}
                _ => {
                    return Err(Self::refused(&mut tx, number.clone(), Right::Administrator).await?);
                }
            }
        }
        let entry = AuditEntry {
            action: "number.reserve",
            subject: Subject::Number(number.clone()),
            account: None,
            detail: serde_json::json!({ "note": note }),
        };
        let lease = Lease::Reserved { note };
        Self::set(&mut tx, number, row.as_ref(), &lease, "reserved", now).await?;
        self.audit(&mut tx, entry).await?;
        let row = Self::written(&mut tx, number).await?;
        let change = Change {
            dialled: vec![number.to_string()],
            ..Change::default()
        };
        self.finish(tx, change).await?;
        Ok(row)
    }
}

/// A note as it is kept: without what is around it, and short enough; none if nothing is left.
pub(super) fn checked_note(note: Option<&str>) -> Result<Option<String>, PlanError> {
    let note = note.map(str::trim).filter(|note| !note.is_empty());
    match note {
        Some(note) if note.chars().count() > LONGEST_NOTE || note.contains(char::is_control) => {
            Err(PlanError::Note { most: LONGEST_NOTE })
        }
        note => Ok(note.map(str::to_owned)),
    }
}
