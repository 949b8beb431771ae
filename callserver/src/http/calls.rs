//! The past calls of whoever asks.

use std::collections::HashMap;

use api::{AccountId, CallRecord, Direction, Number, Paged, Peer};
use axum::Json;
use axum::extract::State;

use super::Interface;
use super::bearer::Bearer;
use super::page::Page;
use super::problem::Refusal;
use super::routing::{Routes, routes};
use crate::office::OfficeError;
use crate::store::{CallRecord as Recorded, CallRecordRow, RecordedParty};
use crate::times::rfc_3339;

pub(super) fn router() -> Routes {
    Routes::new().routes(routes!(list))
}

/// The calls that whoever asks made and got, the latest first, with the names and numbers of their day.
#[utoipa::path(get, path = "/api/v1/me/calls", tag = "calls", params(Page),
    responses((status = 200, description = "A page of them.", body = Paged<CallRecord>)))]
async fn list(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    page: Page,
) -> Result<Json<Paged<CallRecord>>, Refusal> {
    let (before, limit) = (page.after_id()?, u32::from(page.limit) + 1);
    let store = interface.office.store();
    let rows = store.calls_of(session.account, before, limit).await;
    let rows = rows.map_err(OfficeError::from)?;
    let page = Paged::new(rows, page.items(), |row| row.record.to_string());
    let others: Vec<AccountId> = { page.items.iter() }
        .flat_map(|row| [row.call.caller.account, row.call.callee.account])
        .collect();
    let numbers = store.primary_numbers(&others).await;
    let numbers = numbers.map_err(OfficeError::from)?;
    Ok(Json(
        page.map(|row| seen_by(session.account, row, &numbers)),
    ))
}

/// A call as one of its two sides sees it.
fn seen_by(me: AccountId, row: CallRecordRow, numbers: &HashMap<AccountId, Number>) -> CallRecord {
    let call = row.call;
    let (caller, callee) = (call.caller.quality, call.callee.quality);
    let (direction, peer) = match call.caller.account == me {
        true => (Direction::Outgoing, call.callee),
        false if call.is_anonymous => (Direction::Incoming, RecordedParty::anonymous()),
        false => (Direction::Incoming, call.caller),
    };
    CallRecord {
        id: row.record,
        direction,
        peer: Peer {
            number: peer.number.and_then(|text| Number::parse(&text).ok()),
            number_now: numbers.get(&peer.account).cloned(),
            // 0 where the history knows none.
            account: (peer.account.0 != 0).then_some(peer.account),
            name: peer.name,
        },
        dialled: call.dialled,
        started_at: rfc_3339(call.started_at),
        answered_at: call.answered_at.map(rfc_3339),
        ended_at: rfc_3339(call.ended_at),
        // Who is blocked shall not learn it: the callee was busy.
        cause: match call.cause.as_str() {
            Recorded::BLOCKED => "busy".to_owned(),
            _ => call.cause,
        },
        hung_up_by: call.hung_up_by,
        codec: call.codec,
        encrypted: call.is_encrypted,
        caller,
        callee,
    }
}
