//! What administrators do to what goes on: it leaves no row of its own, so the audit log alone remembers it.

use std::net::IpAddr;

use api::LiveCall;
use serde_json::{Value, json};

use super::{Change, Office, OfficeError};
use crate::store::{AuditEntry, Subject};

impl Office {
    /// Somebody has ended a call.
    ///
    /// # Errors
    /// If the database fails; the call is over all the same.
    pub async fn note_hang_up(&self, call: &LiveCall) -> Result<(), OfficeError> {
        let who =
            |party: &api::CallParty| party.number.clone().unwrap_or_else(|| party.name.clone());
        let detail = json!({
            "call": call.id,
            "caller": who(&call.caller),
            "callee": who(&call.callee),
            "seconds": call.seconds,
        });
        self.note("call.hang-up", detail).await
    }

    /// Somebody has let a source be listened to again.
    ///
    /// # Errors
    /// If the database fails; the source is listened to all the same.
    pub async fn note_release(&self, address: IpAddr) -> Result<(), OfficeError> {
        let detail = json!({ "address": address.to_canonical().to_string() });
        self.note("ban.release", detail).await
    }

    async fn note(&self, action: &'static str, detail: Value) -> Result<(), OfficeError> {
        let mut tx = self.store.begin().await?;
        let entry = AuditEntry {
            action,
            subject: Subject::Server,
            account: None,
            detail,
        };
        self.audit(&mut tx, entry).await?;
        self.finish(tx, Change::default()).await
    }
}
