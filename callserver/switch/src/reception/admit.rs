//! The answers about the people of a new call.

use std::time::Instant;

use sip::{FromHeader, Headers, Host, LegId, Request, Scheme, StatusCode, Text, Uri};

use super::{Admitted, Arrival, Reception, Stage};
use crate::authentication::{Authentication, Door, is_their_address};
use crate::desk::Desk;
use crate::questions::Purpose;
use crate::{AuthenticationFailure, Credential, Destination, Event, Question};

impl Reception {
    /// The caller's credential is known, or there is none.
    pub(crate) fn identified(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        authentication: &mut Authentication,
        leg: LegId,
        owner: Option<Credential>,
    ) {
        let Some(arrival) = self.arrivals.remove(&leg) else {
            return;
        };
        let Arrival {
            flow,
            invite,
            stage,
            ..
        } = arrival;
        let Stage::Authenticating(credentials) = stage else {
            return;
        };
        let way = (Door::Calls, flow);
        if let Err(challenge) =
            authentication.prove(now, desk, way, &credentials, &invite, owner.as_ref())
        {
            return desk.reject(now, leg, Door::Calls.status(), challenge);
        }
        let Some(owner) = owner else { return };
        match invite.headers.typed::<FromHeader>() {
            Ok(Some(from)) if is_their_address(&from, &owner) => {}
            Ok(Some(_)) => {
                desk.reject(now, leg, StatusCode::FORBIDDEN, Headers::new());
                let (login, why) = (owner.login, AuthenticationFailure::NotTheirAddress);
                return desk.emit(Event::AuthenticationFailed { flow, login, why });
            }
            Ok(None) | Err(_) => {
                return desk.reject(now, leg, StatusCode::BAD_REQUEST, Headers::new());
            }
        }
        let Some(dialled) = dialled(&invite, &desk.config.domain) else {
            return desk.reject(now, leg, StatusCode::NOT_FOUND, Headers::new());
        };
        let ask = desk.ask(now, Question::Destination { dialled }, Purpose::Callee(leg));
        let stage = Stage::Routing(Box::new(owner));
        self.arrivals.insert(
            leg,
            Arrival {
                flow,
                invite,
                ask,
                stage,
            },
        );
    }

    /// The callee is known, or there is none.
    pub(crate) fn routed(
        &mut self,
        now: Instant,
        desk: &mut Desk,
        leg: LegId,
        callee: Option<Destination>,
    ) -> Option<Admitted> {
        let Arrival {
            flow,
            invite,
            stage,
            ..
        } = self.arrivals.remove(&leg)?;
        let Stage::Routing(caller) = stage else {
            return None;
        };
        let Some(callee) = callee else {
            desk.reject(now, leg, StatusCode::NOT_FOUND, Headers::new());
            return None;
        };
        Some(Admitted {
            leg,
            flow,
            invite,
            caller: *caller,
            callee,
        })
    }

    /// Nobody answered about this caller or callee.
    pub(crate) fn unanswered(&mut self, now: Instant, desk: &mut Desk, leg: LegId) {
        if self.arrivals.remove(&leg).is_some() {
            desk.reject(now, leg, StatusCode::SERVER_INTERNAL_ERROR, Headers::new());
        }
    }
}

/// What was dialled, if it is for us: the user part of a URI of our domain, or a telephone number. A host that is an IP
/// address is taken for the server's own, which has many names: the phone sent the request here.
fn dialled(invite: &Request, domain: &str) -> Option<Text> {
    let uri: &Uri = &invite.uri;
    let is_ours = match (&uri.scheme, &uri.host) {
        (Scheme::Tel, _) => true,
        (Scheme::Sip | Scheme::Sips, Host::Ip(_)) => true,
        (Scheme::Sip | Scheme::Sips, Host::Name(name)) => {
            name.eq_ignore_ascii_case(domain) || name.eq_ignore_ascii_case("localhost")
        }
        (Scheme::Other(_), _) => false,
    };
    let user = uri.user_text().filter(|user| is_ours && !user.is_empty())?;
    // RFC 3261 19.1.6: a telephone number in a SIP URI may carry its parameters within the user part.
    let number = user.split(';').next().unwrap_or_default();
    Some(Text::from(number))
}
