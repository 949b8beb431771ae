//! What a proved sender may do, and whom it means.

use sip::{Flow, FromHeader, Host, Privacy, Request, Scheme, StatusCode, Text, Uri};

use crate::authentication::is_their_address;
use crate::desk::Desk;
use crate::{AuthenticationFailure, Credential, Event};

/// What was dialled by a sender who speaks in the own name; else the refusal.
///
/// A caller may hide behind `anonymous` (RFC 3323 section 4.1); we know who it is.
pub(crate) fn dialled_by(
    desk: &mut Desk,
    flow: Flow,
    request: &Request,
    owner: &Credential,
    name: Name,
) -> Result<Text, StatusCode> {
    if name != Name::OwnOrNone || !is_anonymous(request) {
        check_sender(desk, flow, request, owner)?;
    }
    dialled(&request.uri, &desk.config.domain).ok_or(StatusCode::NOT_FOUND)
}

/// In whose name somebody may speak.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Name {
    Own,
    OwnOrNone,
}

/// Whether the sender has left its name out (RFC 3323 section 4.1.1.3).
pub(crate) fn is_anonymous(request: &Request) -> bool {
    let from = request.headers.typed::<FromHeader>().ok().flatten();
    from.is_some_and(|from| {
        let user = from.uri.user_text();
        let host = from.uri.host.to_string();
        user.is_some_and(|user| user.eq_ignore_ascii_case("anonymous"))
            && host.eq_ignore_ascii_case("anonymous.invalid")
    })
}

/// Whether the caller asks that the callee does not learn who calls (RFC 3323 section 4.2, RFC 3325 section 9.3).
pub(crate) fn hides_who_calls(invite: &Request) -> bool {
    let wish = invite.headers.typed::<Privacy>().ok().flatten();
    is_anonymous(invite)
        || wish.is_some_and(|wish| ["id", "user", "header"].iter().any(|what| wish.asks(what)))
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
