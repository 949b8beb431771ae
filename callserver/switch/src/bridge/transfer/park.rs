//! A phone hands its call over to a slot: there it waits.

use std::time::Instant;

use sip::StatusCode;

use super::report::report;
use crate::CallId;
use crate::bridge::Bridge;
use crate::bridge::call::Stage;
use crate::desk::Desk;
use crate::registrar::Registrar;

impl Bridge {
    /// The phone that stays goes over into a call with the server, and the transferor is let go.
    pub(super) fn park(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        registrar: &Registrar,
        id: CallId,
        wanted: Option<u32>,
    ) {
        let stage = self.calls.get(&id).map(|call| &call.stage);
        let is_changing =
            matches!(stage, Some(Stage::Talking(talking)) if talking.exchange.is_some());
        if is_changing {
            return self.transfer_fails(now, desk, id, StatusCode::REQUEST_PENDING);
        }
        let Some(slot) = self.free_slot(desk, wanted) else {
            return self.transfer_fails(now, desk, id, StatusCode::BUSY_HERE);
        };
        if let Some(transfer) = self.take_transfer(now, desk, id) {
            report(now, desk, transfer.subscription, StatusCode::OK);
            self.move_to_slot(now, desk, registrar, (id, transfer.by), slot);
        }
    }
}
