//! Calls of everybody: those that are over, and those at present.

use std::net::SocketAddr;

use api::{AccountId, AdminCall, CallParty, LiveCalls, Number, Paged, ProblemKind};
use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use super::super::Interface;
use super::super::bearer::Administrator;
use super::super::extract::{InPath, InQuery};
use super::super::page::Page;
use super::super::problem::Refusal;
use super::super::routing::{Routes, routes};
use crate::office::OfficeError;
use crate::store::{CallFilter, CallRecordRow, RecordedParty};
use crate::times::{read_rfc_3339, rfc_3339};

pub(super) fn router() -> Routes {
    Routes::new()
        .routes(routes!(list))
        .routes(routes!(live))
        .routes(routes!(hang_up))
}

/// Which calls.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct About {
    /// Those that this account made or got.
    #[param(value_type = Option<i64>)]
    account: Option<AccountId>,
    /// Those to or from this number, as it was then, or that dialled it.
    #[param(value_type = Option<String>, max_length = 40)]
    number: Option<String>,
    /// Those that ended so: `hung-up`, `busy`, `no-answer` and others.
    #[param(max_length = 40)]
    cause: Option<String>,
    /// Those that began at this time or later, RFC 3339.
    since: Option<String>,
    /// Those that began before this time, RFC 3339.
    until: Option<String>,
}

impl About {
    fn filter(self, page: &Page) -> Result<CallFilter, Refusal> {
        let wrong = |detail: &str| Refusal::new(ProblemKind::BadRequest, detail);
        let time = |text: Option<String>| match text {
            None => Ok(None),
            Some(text) => read_rfc_3339(&text)
                .map(Some)
                .ok_or_else(|| wrong("since and until are times like 2026-11-21T18:00:00Z.")),
        };
        let number = self.number.as_deref().map(Number::parse).transpose();
        let number = number.map_err(|_| wrong("number is a number of digits."))?;
        let is_word = |word: &String| {
            word.len() <= 40
                && word
                    .bytes()
                    .all(|letter| letter.is_ascii_lowercase() || letter == b'-')
        };
        if !self.cause.iter().all(is_word) {
            return Err(wrong("cause is a word like hung-up or no-answer."));
        }
        Ok(CallFilter {
            account: self.account,
            number: number.map(String::from),
            cause: self.cause,
            since: time(self.since)?,
            until: time(self.until)?,
            before: page.after_id()?,
            limit: page.rows(),
        })
    }
}

fn party(party: RecordedParty) -> CallParty {
    CallParty {
        // 0 where the history knows none.
        account: (party.account.0 != 0).then_some(party.account),
        number: party.number,
        name: party.name,
        quality: party.quality,
    }
}

fn view(row: CallRecordRow) -> AdminCall {
    let call = row.call;
    AdminCall {
        id: row.record,
        caller: party(call.caller),
        callee: party(call.callee),
        dialled: call.dialled,
        started_at: rfc_3339(call.started_at),
        answered_at: call.answered_at.map(rfc_3339),
        ended_at: rfc_3339(call.ended_at),
        cause: call.cause,
        hung_up_by: call.hung_up_by,
        codec: call.codec,
        encrypted: call.is_encrypted,
    }
}

/// The calls that are over, the latest first, with the names and numbers of their day and the quality of their audio.
#[utoipa::path(get, path = "/api/v1/admin/calls", tag = "admin", params(About, Page),
    responses((status = 200, description = "A page of them.", body = Paged<AdminCall>)))]
async fn list(
    State(interface): State<Interface>,
    Administrator(_session): Administrator,
    InQuery(about): InQuery<About>,
    page: Page,
) -> Result<Json<Paged<AdminCall>>, Refusal> {
    let filter = about.filter(&page)?;
    let rows = interface.office.store().calls(&filter).await;
    let rows = rows.map_err(OfficeError::from)?;
    let page = Paged::new(rows, page.items(), |row| row.record.to_string());
    Ok(Json(page.map(view)))
}

/// The calls at present at this server, with the quality of their audio so far.
#[utoipa::path(get, path = "/api/v1/admin/live-calls", tag = "admin",
    responses((status = 200, description = "All of them.", body = LiveCalls)))]
async fn live(
    State(interface): State<Interface>,
    Administrator(_session): Administrator,
) -> Json<LiveCalls> {
    let calls = interface.exchange.calls().await;
    let items = calls.into_iter().map(|call| call.details).collect();
    Json(LiveCalls { items })
}

/// Ends a call at this server. It goes to the audit log.
#[utoipa::path(post, path = "/api/v1/admin/live-calls/{id}/hang-up", tag = "admin",
    params(("id" = u64, Path, description = "The id of a call at present.")),
    responses((status = 204, description = "It is ended."),
        (status = 404, description = "There is no such call.")))]
async fn hang_up(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Administrator(session): Administrator,
    InPath(call): InPath<u64>,
) -> Result<StatusCode, Refusal> {
    let Some(ended) = interface.exchange.hang_up(call).await else {
        let detail = format!("There is no call {call} at present.");
        return Err(Refusal::new(ProblemKind::NotFound, detail));
    };
    let office = interface.office_for(&session, source);
    office.note_hang_up(&ended.details).await?;
    Ok(StatusCode::NO_CONTENT)
}
