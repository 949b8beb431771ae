//! Who asks: the access token in `Authorization: Bearer …` (RFC 6750).

use std::net::SocketAddr;
use std::time::{Instant, SystemTime};

use api::{AccountKind, ProblemKind, Role};
use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;

use super::Interface;
use super::problem::Refusal;
use crate::office::{Actor, Office, OfficeError, Session};

/// Somebody who has logged in. It goes before the body among a handler's arguments, so that strangers are told nothing
/// about what the body should be.
pub(super) struct Bearer(pub(super) Session);

/// A person who has logged in: a guest is refused.
pub(super) struct Person(pub(super) Session);

/// An administrator who has logged in.
pub(super) struct Administrator(pub(super) Session);

impl FromRequestParts<Interface> for Bearer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, interface: &Interface) -> Result<Self, Refusal> {
        // Looked up once a request.
        if let Some(session) = parts.extensions.get::<Session>() {
            return Ok(Self(session.clone()));
        }
        let token = token(parts).ok_or(OfficeError::NoSession)?;
        let session = interface.office.session(token, SystemTime::now()).await?;
        interface
            .limits
            .charge_session(Instant::now(), session.session_id)?;
        parts.extensions.insert(session.clone());
        Ok(Self(session))
    }
}

impl FromRequestParts<Interface> for Person {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, interface: &Interface) -> Result<Self, Refusal> {
        let Bearer(session) = Bearer::from_request_parts(parts, interface).await?;
        if session.kind != AccountKind::Person {
            let detail = "Guests may not do this; become a person first (POST /api/v1/me/upgrade).";
            return Err(Refusal::new(ProblemKind::Forbidden, detail));
        }
        Ok(Self(session))
    }
}

impl FromRequestParts<Interface> for Administrator {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, interface: &Interface) -> Result<Self, Refusal> {
        let Bearer(session) = Bearer::from_request_parts(parts, interface).await?;
        if session.role != Role::Admin {
            let detail = "Only administrators may do this; ask one of them.";
            return Err(Refusal::new(ProblemKind::Forbidden, detail));
        }
        Ok(Self(session))
    }
}

fn token(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    // RFC 9110 section 11.1: the name of the scheme is not case-sensitive.
    (scheme.eq_ignore_ascii_case("bearer")).then(|| token.trim())
}

impl Interface {
    /// The office in the service of whoever has logged in: what it does stands under their name in the audit log.
    pub(super) fn office_for(&self, session: &Session, source: SocketAddr) -> Office {
        self.office.acting_as(Actor::account(
            session.account,
            session.name.clone(),
            source.ip().to_canonical(),
        ))
    }

    /// The office in the service of somebody who has not logged in.
    pub(super) fn office_for_stranger(&self, source: SocketAddr) -> Office {
        self.office
            .acting_as(Actor::stranger(source.ip().to_canonical()))
    }
}
