//! What a proved sender may do, and whom it means.

use sip::{Flow, FromHeader, Host, Request, Scheme, StatusCode, Text, Uri};

use crate::authentication::is_their_address;
use crate::desk::Desk;
use crate::{AuthenticationFailure, Credential, Event};

/// What was dialled by a sender who speaks in the own name; else the refusal.
pub(crate) fn dialled_by(
    desk: &mut Desk,
    flow: Flow,
    request: &Request,
    owner: &Credential,
) -> Result<Text, StatusCode> {
    check_sender(desk, flow, request, owner)?;
    dialled(&request.uri, &desk.config.domain).ok_or(StatusCode::NOT_FOUND)
}

/// Refuses a sender who speaks in another one's name.
pub(super) fn check_sender(
    desk: &mut Desk,
    flow: Flow,
    request: &Request,
    owner: &Credential,
) -> Result<(), StatusCode> {
    match request.headers.typed::<FromHeader>() {
        Ok(Some(from)) if is_their_address(&from, owner) => Ok(()),
        Ok(Some(_)) => {
            desk.emit(Event::AuthenticationFailed {
                flow,
                login: owner.login.clone(),
                why: AuthenticationFailure::NotTheirAddress,
            });
            Err(StatusCode::FORBIDDEN)
        }
        Ok(None) | Err(_) => Err(StatusCode::BAD_REQUEST),
    }
}

/// What was dialled, if it is for us: the user part of a URI of our domain, or a telephone number. A host that is an IP
/// address is taken for the server's own, which has many names: the phone sent the request here.
pub(crate) fn dialled(uri: &Uri, domain: &str) -> Option<Text> {
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
