//! Making an account for oneself, and asking whether a username is free.

use std::net::SocketAddr;
use std::time::Instant;

use api::{LoginAnswer, SignUp, SignUpRequest, UsernameCheck};
use axum::Json;
use axum::extract::{ConnectInfo, FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};

use super::Interface;
use super::bearer::Bearer;
use super::extract::{Body, InPath};
use super::problem::Refusal;
use super::routing::{Routes, routes};
use crate::office::{OfficeError, Session};

pub(super) fn router() -> Routes {
    Routes::new()
        .routes(routes!(sign_up))
        .routes(routes!(check))
}

/// Makes an account for whoever asks, if the server lets them, and logs this device in. Send an `Idempotency-Key`, and a
/// lost answer can be had again.
#[utoipa::path(post, path = "/api/v1/accounts", tag = "accounts", request_body = SignUpRequest, security(()),
    responses(
        (status = 201, description = "Welcome.", body = LoginAnswer),
        (status = 400, description = "A name, password or number breaks its rule; the sentence says which."),
        (status = 403, description = "The server does not let everybody in, or the invitation is not good."),
        (status = 409, description = "The name, one that looks like it, or the number is somebody's."),
    ))]
async fn sign_up(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Body(request): Body<SignUpRequest>,
) -> Result<(StatusCode, Json<LoginAnswer>), Refusal> {
    // Where nobody is let in anyway there is nothing to be had by asking often.
    if interface.sign_up != SignUp::Closed {
        interface
            .limits
            .charge_sign_up(Instant::now(), source.ip())?;
    }
    let office = interface.office_for_stranger(source);
    let signed_up = office.sign_up(&request, interface.sign_up).await;
    let logged_in = signed_up.inspect_err(|error| {
        tracing::info!(%source, %error, "a sign-up was refused");
    })?;
    tracing::info!(%source, name = logged_in.account.username, "somebody made an account");
    Ok((StatusCode::CREATED, Json(interface.welcome(logged_in))))
}

/// Somebody who has logged in, or a stranger. A token that is not good is refused all the same.
struct Anybody(Option<Session>);

impl FromRequestParts<Interface> for Anybody {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, interface: &Interface) -> Result<Self, Refusal> {
        if !parts.headers.contains_key(header::AUTHORIZATION) {
            return Ok(Self(None));
        }
        let Bearer(session) = Bearer::from_request_parts(parts, interface).await?;
        Ok(Self(Some(session)))
    }
}

/// Names that are longer are not repeated.
const LONGEST_ECHO: usize = 64;

/// Whether one could have a username, and if not, why. Where accounts are made by administrators only, only those who
/// have logged in may ask: nobody else hears who is here.
#[utoipa::path(get, path = "/api/v1/usernames/{name}", tag = "accounts", security((), ("bearer" = [])),
    params(("name" = String, Path, description = "The name, in any case.")),
    responses(
        (status = 200, description = "Free or not.", body = UsernameCheck),
        (status = 400, description = "The path cannot be read."),
        (status = 401, description = "The token is not good, or this server tells only those who have logged in."),
        (status = 403, description = "Not for whoever asks."),
    ))]
async fn check(
    State(interface): State<Interface>,
    Anybody(session): Anybody,
    InPath(name): InPath<String>,
) -> Result<Json<UsernameCheck>, Refusal> {
    if session.is_none() && interface.sign_up == SignUp::Closed {
        return Err(OfficeError::NoSession.into());
    }
    let account = session.map(|session| session.account);
    let (username, reason) = match interface.office.check_username(&name, account).await {
        Ok(username) => (username.to_string(), None),
        Err(
            error @ (OfficeError::Username(_)
            | OfficeError::NameTaken { .. }
            | OfficeError::NameLooksTaken { .. }
            | OfficeError::NameResting { .. }),
        ) => {
            let echo = api::Username::existing(&name).map(String::from);
            let echo = echo.unwrap_or_else(|_| name.chars().take(LONGEST_ECHO).collect());
            (echo, Some(error.to_string()))
        }
        Err(error) => return Err(error.into()),
    };
    Ok(Json(UsernameCheck {
        username,
        is_free: reason.is_none(),
        reason,
    }))
}
