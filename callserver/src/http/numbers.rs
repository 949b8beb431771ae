//! Numbers: which are free, which are one's own, and how one is taken, changed, given up and taken back.

use std::net::SocketAddr;

use api::{
    AfterChange, ChangeNumberRequest, Number, NumberChangedAnswer, NumberOffer, NumberPatch,
    NumberPattern, OwnNumber, Paged, ProblemKind, TakeNumberRequest,
};
use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Interface;
use super::bearer::{Bearer, Person};
use super::extract::{Body, InPath, InQuery};
use super::problem::Refusal;
use super::routing::{Routes, routes};
use crate::office::{Right, Wish, parse_number};
use crate::store::NumberRow;
use crate::times::rfc_3339;

pub(super) fn router() -> Routes {
    Routes::new()
        .routes(routes!(free))
        .routes(routes!(offer))
        .routes(routes!(own, take))
        .routes(routes!(change))
        .routes(routes!(amend, give_up))
        .routes(routes!(take_back))
}

/// Where to look for free numbers.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Search {
    /// Near this number; missing: near one's own.
    #[param(max_length = 40)]
    near: Option<String>,
    /// Those that fit, such as `??42`: `?` and `x` stand for any digit.
    #[param(max_length = 40)]
    pattern: Option<String>,
}

/// What callers get at a number that is given up.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct GivingUp {
    /// `forward`, `moved` or `gone`; missing: `forward`.
    #[serde(default)]
    on_call: api::OnCall,
    /// The number that they are led to; missing: the owner's primary one.
    #[param(max_length = 40)]
    forward_to: Option<String>,
}

fn view(row: NumberRow) -> OwnNumber {
    let after = row.after;
    OwnNumber {
        number: row.number,
        state: row.state,
        is_primary: row.is_primary,
        ends_at: row.lease_ends_at.map(rfc_3339),
        on_call: after.as_ref().map(|after| after.on_call),
        forward_to: after.and_then(|after| after.forward_to),
    }
}

/// Ten numbers at most that whoever asks could have now.
#[utoipa::path(get, path = "/api/v1/numbers", tag = "numbers", params(Search),
    responses((status = 200, description = "The nearest or the lowest first.", body = Paged<Number>)))]
async fn free(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    InQuery(search): InQuery<Search>,
) -> Result<Json<Paged<Number>>, Refusal> {
    let office = &interface.office;
    let items = match (search.near, search.pattern) {
        (Some(_), Some(_)) => {
            let detail = "near and pattern are two different questions; ask one of them.";
            return Err(Refusal::new(ProblemKind::BadRequest, detail));
        }
        (Some(near), None) => office.free_numbers_near(&parse_number(&near)?).await?,
        (None, Some(text)) => {
            let pattern = NumberPattern::parse(&text).map_err(|reason| {
                let detail = format!("pattern is not one: {reason}");
                Refusal::new(ProblemKind::BadRequest, detail)
            })?;
            office.free_numbers_like(&pattern).await?
        }
        (None, None) => office.free_numbers(session.account).await?,
    };
    Ok(Json(Paged { items, next: None }))
}

/// Whether whoever asks could have this number now, and if not, which ones near it.
#[utoipa::path(get, path = "/api/v1/numbers/{number}", tag = "numbers",
    params(("number" = String, Path, description = "As people write it.", max_length = 40)),
    responses((status = 200, description = "Free or not.", body = NumberOffer)))]
async fn offer(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
    InPath(number): InPath<String>,
) -> Result<Json<NumberOffer>, Refusal> {
    let number = parse_number(&number)?;
    let asked = interface.office.is_number_free(session.account, &number);
    let (is_free, alternatives) = asked.await?;
    Ok(Json(NumberOffer {
        number,
        is_free,
        alternatives,
    }))
}

/// The numbers of whoever asks, the primary one first, and those that they gave up and that still rest.
#[utoipa::path(get, path = "/api/v1/me/numbers", tag = "numbers",
    responses((status = 200, description = "All of them.", body = Paged<OwnNumber>)))]
async fn own(
    State(interface): State<Interface>,
    Bearer(session): Bearer,
) -> Result<Json<Paged<OwnNumber>>, Refusal> {
    let rows = interface.office.numbers_of(session.account).await?;
    // Their number is limited: one page.
    let items = rows.into_iter().map(view).collect();
    Ok(Json(Paged { items, next: None }))
}

/// Takes one more number.
#[utoipa::path(post, path = "/api/v1/me/numbers", tag = "numbers", request_body = TakeNumberRequest,
    responses(
        (status = 201, description = "It is one's own.", body = OwnNumber),
        (status = 404, description = "The account is no more."),
        (status = 409, description = "It is somebody else's, or one holds as many as one may; `alternatives` names free ones."),
    ))]
async fn take(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Person(session): Person,
    Body(request): Body<TakeNumberRequest>,
) -> Result<(StatusCode, Json<OwnNumber>), Refusal> {
    let wish: Wish = request.wish.as_deref().unwrap_or("any").parse()?;
    let office = interface.office_for(&session, source);
    let row = office
        .assign_number(&wish, session.account, Right::Owner)
        .await?;
    Ok((StatusCode::CREATED, Json(view(row))))
}

/// Puts another number in the place of one's own. Registrations and calls go on; the old number rests and does for callers
/// what was chosen.
#[utoipa::path(put, path = "/api/v1/me/number", tag = "numbers", request_body = ChangeNumberRequest,
    responses(
        (status = 200, description = "It is changed.", body = NumberChangedAnswer),
        (status = 404, description = "The number to be replaced is not one's own, or nobody holds the one to be led to."),
        (status = 409, description = "It is somebody else's; `alternatives` names the nearest free ones."),
    ))]
async fn change(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Person(session): Person,
    Body(request): Body<ChangeNumberRequest>,
) -> Result<Json<NumberChangedAnswer>, Refusal> {
    let after = request.after();
    let wish = Wish::Number(request.number);
    let office = interface.office_for(&session, source);
    let changed = office
        .change_number(
            session.account,
            request.from.as_ref(),
            &wish,
            &after,
            Right::Owner,
        )
        .await?;
    Ok(Json(NumberChangedAnswer {
        number: view(changed.new),
        old: changed.old.map(view),
    }))
}

/// Makes a number one's primary one, or changes what callers get at one that rests.
#[utoipa::path(patch, path = "/api/v1/me/numbers/{number}", tag = "numbers", request_body = NumberPatch,
    params(("number" = String, Path, description = "One's own.", max_length = 40)),
    responses(
        (status = 200, description = "It is so now.", body = OwnNumber),
        (status = 404, description = "It is not one's own, or not one that rests."),
    ))]
async fn amend(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Person(session): Person,
    InPath(number): InPath<String>,
    Body(patch): Body<NumberPatch>,
) -> Result<Json<OwnNumber>, Refusal> {
    let number = parse_number(&number)?;
    let office = interface.office_for(&session, source);
    let row = match patch {
        NumberPatch {
            is_primary: Some(true),
            on_call: None,
            forward_to: None,
        } => office.make_primary(session.account, &number).await?,
        NumberPatch {
            is_primary: None,
            on_call: Some(on_call),
            forward_to,
        } => {
            let after = AfterChange {
                on_call,
                forward_to,
            };
            office
                .choose_after(session.account, &number, &after)
                .await?
        }
        _ => {
            let detail = "Send either is_primary as true, or on_call with or without forward_to.";
            return Err(Refusal::new(ProblemKind::BadRequest, detail));
        }
    };
    Ok(Json(view(row)))
}

/// Gives a number up; it rests and does for callers what was chosen. The last one is changed, not given up.
#[utoipa::path(delete, path = "/api/v1/me/numbers/{number}", tag = "numbers",
    params(("number" = String, Path, description = "One's own.", max_length = 40), GivingUp),
    responses(
        (status = 200, description = "As it is now.", body = OwnNumber),
        (status = 404, description = "It is not one's own, or nobody holds the one to be led to."),
        (status = 409, description = "It is one's only number."),
    ))]
async fn give_up(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Person(session): Person,
    InPath(number): InPath<String>,
    InQuery(giving): InQuery<GivingUp>,
) -> Result<Json<OwnNumber>, Refusal> {
    let number = parse_number(&number)?;
    let forward_to = giving.forward_to.as_deref().map(parse_number).transpose()?;
    let after = AfterChange {
        on_call: giving.on_call,
        forward_to,
    };
    let office = interface.office_for(&session, source);
    let row = office
        .give_up_number(session.account, &number, &after, Right::Owner)
        .await?;
    Ok(Json(view(row)))
}

/// Takes back a number that one gave up, as long as it rests.
#[utoipa::path(post, path = "/api/v1/me/numbers/{number}/take-back", tag = "numbers",
    params(("number" = String, Path, description = "That rests.", max_length = 40)),
    responses(
        (status = 200, description = "It is one's own again.", body = OwnNumber),
        (status = 404, description = "It is none that one gave up and that rests."),
        (status = 409, description = "One holds as many as one may."),
    ))]
async fn take_back(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Person(session): Person,
    InPath(number): InPath<String>,
) -> Result<Json<OwnNumber>, Refusal> {
    let number = parse_number(&number)?;
    let office = interface.office_for(&session, source);
    let row = office.take_back_number(session.account, &number).await?;
    Ok(Json(view(row)))
}
