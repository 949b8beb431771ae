//! Logging in: `POST /api/v1/login`, and the answer that everybody gets who has just come.

use std::net::SocketAddr;
use std::sync::PoisonError;
use std::time::Instant;

use api::{Account, DeviceCredential, LoginAnswer, LoginRequest};
use axum::Json;
use axum::extract::{ConnectInfo, State};

use super::Interface;
use super::extract::Body;
use super::problem::Refusal;
use super::routing::{Routes, routes};
use crate::office::{LoggedIn, OfficeError};

pub(super) fn router() -> Routes {
    Routes::new().routes(routes!(log_in))
}

/// Logs in: name and password for a device of one's own and the tokens of a session.
#[utoipa::path(post, path = "/api/v1/login", tag = "sessions", request_body = LoginRequest, security(()),
    responses(
        (status = 200, description = "Welcome.", body = LoginAnswer),
        (status = 401, description = "Name and password do not belong together."),
        (status = 403, description = "The account is disabled."),
    ))]
async fn log_in(
    State(interface): State<Interface>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    Body(request): Body<LoginRequest>,
) -> Result<Json<LoginAnswer>, Refusal> {
    // One spelling for one account, and no long keys in the table.
    let name: String = request
        .name
        .trim()
        .to_ascii_lowercase()
        .chars()
        .take(64)
        .collect();
    let charged = interface
        .login_limit()
        .charge(Instant::now(), source.ip(), &name);
    charged.map_err(|wait| OfficeError::TooManyAttempts { wait })?;
    let result = interface.office_for_stranger(source).log_in(&request).await;
    if !matches!(result, Err(OfficeError::WrongPassword)) {
        interface.login_limit().pay_back(source.ip(), &name);
    }
    let logged_in = result.inspect_err(|error| {
        tracing::info!(%source, name, %error, "a login was refused");
    })?;
    tracing::info!(%source, name, login = logged_in.credential.login, "a device logged in");
    Ok(Json(interface.welcome(logged_in)))
}

impl Interface {
    /// What somebody is told who has just come: who they are, their device, and their session.
    pub(super) fn welcome(&self, logged_in: LoggedIn) -> LoginAnswer {
        let LoggedIn {
            account,
            credential,
            tokens,
        } = logged_in;
        LoginAnswer {
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
            sip: (*self.sip).clone(),
            tokens: Some(tokens),
        }
    }

    pub(super) fn login_limit(&self) -> std::sync::MutexGuard<'_, crate::login_limit::LoginLimit> {
        // Counting cannot be left half done: the table is good even if a thread died with it.
        self.login_limit
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
