//! `POST /api/v1/login`.

use std::net::SocketAddr;
use std::sync::PoisonError;
use std::time::Instant;

use api::{Account, DeviceCredential, LOGIN_PATH, LoginAnswer, LoginRequest};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};

use super::Interface;
use super::problem::{Body, Refusal};
use crate::office::OfficeError;

pub(super) fn router() -> Router<Interface> {
    Router::new().route(LOGIN_PATH, post(log_in))
}

async fn log_in(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Body(request): Body<LoginRequest>,
) -> Result<Response, Refusal> {
    // One spelling for one account, and no long keys in the table.
    let name: String = request
        .name
        .trim()
        .to_ascii_lowercase()
        .chars()
        .take(64)
        .collect();
    let charged = interface.limit().charge(Instant::now(), source.ip(), &name);
    charged.map_err(|wait| OfficeError::TooManyAttempts { wait })?;
    let result = interface.office.log_in(&request).await;
    if !matches!(result, Err(OfficeError::WrongPassword)) {
        interface.limit().pay_back(source.ip(), &name);
    }
    let (account, credential) = result.inspect_err(|error| {
        tracing::info!(%source, name, %error, "a login was refused");
    })?;
    tracing::info!(%source, name, login = credential.login, "a device logged in");
    let answer = LoginAnswer {
        account: Account {
            id: account.account,
            name: account.username,
            display_name: account.display_name,
            number: account.number,
        },
        device: DeviceCredential {
            login: credential.login,
            secret: credential.secret,
            label: credential.label,
        },
        sip: (*interface.sip).clone(),
    };
    let mut response = Json(answer).into_response();
    // The secret must not stay in anybody's cache (RFC 9111 section 5.2.2.5).
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

impl Interface {
    fn limit(&self) -> std::sync::MutexGuard<'_, crate::login_limit::LoginLimit> {
        // Counting cannot be left half done: the table is good even if a thread died with it.
        self.login_limit
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
