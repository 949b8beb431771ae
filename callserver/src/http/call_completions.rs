//! Whom the one who asks waits for: they are called back when those are free.

use api::{CallCompletion, NewCallCompletion, Number, Paged, ProblemKind};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use switch::{Completion, NotCompleted, Party};

use super::Interface;
use super::bearer::Bearer;
use super::extract::{Body, InPath};
use super::problem::Refusal;
use super::routing::{Routes, routes};
use crate::office::{OfficeError, Session};

pub(super) fn router() -> Routes {
    Routes::new()
        .routes(routes!(list, add))
        .routes(routes!(remove))
}

fn view(completion: Completion) -> CallCompletion {
    CallCompletion {
        id: completion.id.0,
        number: { completion.callee.number.as_deref() }.and_then(|text| Number::parse(text).ok()),
        name: completion.callee.display_name.to_string(),
        dialled: completion.dialled.to_string(),
        seconds_left: completion.remaining.as_secs(),
        is_under_way: completion.is_under_way,
    }
}

/// Whom whoever asks waits for, the oldest wish first.
#[utoipa::path(get, path = "/api/v1/me/call-completions", tag = "calls",
    responses((status = 200, description = "All of them.", body = Paged<CallCompletion>)))]
async fn list(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
) -> Json<Paged<CallCompletion>> {
    let wishes = interface.exchange.completions(session.account).await;
    // Their number is limited: one page.
    let items = wishes.into_iter().map(view).collect();
    Json(Paged { items, next: None })
}

/// Waits for a callee who was busy or did not answer. When it is free, all phones of whoever asks ring, and the call is made
/// as soon as one of them is picked up. Lost when the server is started anew.
#[utoipa::path(post, path = "/api/v1/me/call-completions", tag = "calls", request_body = NewCallCompletion,
    responses(
        (status = 201, description = "The wish.", body = CallCompletion),
        (status = 403, description = "Whoever asks may not call there."),
        (status = 404, description = "Nobody is reached there, or nobody was called in vain."),
        (status = 409, description = "Too many wishes, a group, or one's own number."),
        (status = 503, description = "The exchange does not answer."),
    ))]
async fn add(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    Body(wish): Body<NewCallCompletion>,
) -> Result<(StatusCode, Json<CallCompletion>), Refusal> {
    let caller = party(&interface, &session).await?;
    let dialled = wish.dialled.as_deref();
    match interface.exchange.complete(caller, dialled).await {
        Some(Ok(completion)) => Ok((StatusCode::CREATED, Json(view(completion)))),
        Some(Err(why)) => Err(refusal(why)),
        None => Err(refusal(NotCompleted::NoAnswer)),
    }
}

/// Does not wait any more.
#[utoipa::path(delete, path = "/api/v1/me/call-completions/{id}", tag = "calls",
    params(("id" = u64, Path, description = "The wish.")),
    responses(
        (status = 204, description = "Nobody is waited for."),
        (status = 404, description = "There is no such wish."),
    ))]
async fn remove(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    InPath(id): InPath<u64>,
) -> Result<StatusCode, Refusal> {
    let was_there = interface.exchange.cancel_completion(session.account, id);
    match was_there.await {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Refusal::new(
            ProblemKind::NotFound,
            "There is no such wish; it is over, or somebody else's.",
        )),
    }
}

/// Whoever asks, as callees see them.
async fn party(interface: &Interface, session: &Session) -> Result<Party, Refusal> {
    let store = interface.office.store();
    let row = store.account_by_id(session.account).await;
    let row = row.map_err(OfficeError::from)?;
    let numbers = store.primary_numbers(&[session.account]).await;
    let numbers = numbers.map_err(OfficeError::from)?;
    let number = numbers.get(&session.account);
    Ok(Party {
        account: switch::AccountId(session.account.0),
        number: number.map(|number| number.as_str().into()),
        display_name: row.map(|row| row.display_name).unwrap_or_default().into(),
        is_guest: session.kind == api::AccountKind::Guest,
    })
}

fn refusal(why: NotCompleted) -> Refusal {
    let (kind, detail) = match why {
        NotCompleted::NotReached(status) if status == sip::StatusCode::FORBIDDEN => (
            ProblemKind::Forbidden,
            "You may not call there; ask an administrator.",
        ),
        NotCompleted::NotReached(_) => (
            ProblemKind::NotFound,
            "Nobody is reached there; check the number.",
        ),
        NotCompleted::NothingMissed => (
            ProblemKind::NotFound,
            "You have called nobody in vain lately; say which number is meant.",
        ),
        NotCompleted::Off => (
            ProblemKind::NotFound,
            "Nobody is called back here; the operator has switched it off.",
        ),
        NotCompleted::Oneself => (ProblemKind::Conflict, "That is your own number."),
        NotCompleted::Group => (
            ProblemKind::Conflict,
            "That number rings several people, and they are not waited for; name one of them.",
        ),
        NotCompleted::TooMany => (
            ProblemKind::Conflict,
            "You wait for too many already; give one up first.",
        ),
        NotCompleted::NoAnswer => (
            ProblemKind::Unavailable,
            "The exchange does not answer; try again later.",
        ),
    };
    Refusal::new(kind, detail)
}
