//! Who did what, from where.

use api::{AccountId, AuditLine, Paged, ProblemKind};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::super::Interface;
use super::super::bearer::Administrator;
use super::super::extract::InQuery;
use super::super::page::Page;
use super::super::problem::Refusal;
use super::super::routing::{Routes, routes};
use crate::office::OfficeError;
use crate::store::AuditRow;
use crate::times::rfc_3339;

pub(super) fn router() -> Routes {
    Routes::new().routes(routes!(list))
}

/// Which lines.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct About {
    /// Those that concern this account.
    #[param(value_type = Option<i64>)]
    account: Option<AccountId>,
    /// Those about this number, login, username or other subject.
    #[param(max_length = 100)]
    subject: Option<String>,
}

fn view(row: AuditRow) -> AuditLine {
    AuditLine {
        id: row.entry,
        at: rfc_3339(row.happened_at),
        actor: row.actor,
        actor_name: row.actor_name,
        source: row.source,
        action: row.action,
        subject_kind: row.subject_kind,
        subject: row.subject,
        account: row.account,
        detail: serde_json::from_str(&row.detail).unwrap_or_default(),
    }
}

/// The audit log, the latest line first.
#[utoipa::path(get, path = "/api/v1/admin/audit", tag = "admin", params(About, Page),
    responses((status = 200, description = "A page of it.", body = Paged<AuditLine>)))]
async fn list(
    State(interface): State<Interface>,
    Administrator(_session): Administrator,
    InQuery(about): InQuery<About>,
    page: Page,
) -> Result<Json<Paged<AuditLine>>, Refusal> {
    let subject = about.subject.as_deref();
    if subject.is_some_and(|subject| subject.len() > 400 || subject.contains('\0')) {
        let detail = "subject is the name of a number, a login or an account.";
        return Err(Refusal::new(ProblemKind::BadRequest, detail));
    }
    let store = interface.office.store();
    let rows = store.audit(about.account, subject, page.after_id()?, page.rows());
    let rows = rows.await.map_err(OfficeError::from)?;
    let page = Paged::new(rows, page.items(), |row| row.entry.to_string());
    Ok(Json(page.map(view)))
}
