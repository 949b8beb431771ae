//! Whether the `uri` of credentials names what the request asks for (RFC 7616 3.4.6, RFC 3261 22.4).

use crate::wire::headers::Credentials;
use crate::wire::{HeaderName, Request, Scheme, Uri};

/// Whether the credentials were made for this request.
///
/// RFC 7616 3.4.6 has the server verify that both URIs designate the same resource, and answer 400 if not: somebody on
/// the way may have put another callee into a request whose credentials he has caught. RFC 3261 22.4 adds that in SIP a
/// difference is no failure by itself, for proxies forward. Hence:
///
/// - URIs that are [equivalent](Uri::equivalent) are the same, and so are those that differ only in parameters, in
///   headers, in a password or in whether the usual port is written: proxies and phones add and drop these.
/// - A `uri` without a user part names a server, not a person. What signs so (sipp does, with the address that it sends
///   to) has signed less, but nothing else.
/// - A request that has passed a proxy, which more than one Via shows, may have been forwarded.
///
/// It hinders who can only repeat or alter what he catches; against who can write whole messages in between, TLS helps.
pub(super) fn is_for(credentials: &Credentials, request: &Request) -> bool {
    let Ok(signed) = Uri::parse(&credentials.uri) else {
        // `*` or a bare host is no URI, but names no person either.
        return !credentials.uri.contains('@');
    };
    names_same(&signed, &request.uri) || signed.user.is_none() || has_passed_a_proxy(request)
}

fn names_same(signed: &Uri, asked: &Uri) -> bool {
    let is_same_bare = match (&signed.scheme, &asked.scheme) {
        (Scheme::Sip | Scheme::Sips, Scheme::Sip | Scheme::Sips) => {
            signed.scheme == asked.scheme
                && signed.user_text() == asked.user_text()
                && signed.host == asked.host
                && signed.port_or_default() == asked.port_or_default()
        }
        _ => false,
    };
    is_same_bare || signed.equivalent(asked)
}

fn has_passed_a_proxy(request: &Request) -> bool {
    let mut fields = request.headers.all(&HeaderName::Via);
    let first = fields.next();
    fields.next().is_some() || first.is_some_and(|via| via.contains(','))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Method;

    fn is_accepted(signed: &str, asked: &str, vias: &[&'static str]) -> bool {
        let credentials = Credentials {
            uri: signed.into(),
            ..Credentials::default()
        };
        let mut request = Request::new(Method::Invite, asked.parse().unwrap());
        for via in vias {
            request.headers.push(HeaderName::Via, *via);
        }
        is_for(&credentials, &request)
    }

    #[test]
    fn what_phones_and_proxies_change_is_no_difference() {
        for (signed, asked) in [
            ("sip:bob@example.com", "sip:bob@example.com"),
            (
                "sip:bob@example.com",
                "sip:bob@EXAMPLE.com:5060;transport=tcp",
            ),
            ("sip:%62ob@example.com;user=phone", "sip:bob@example.com"),
            ("tel:+1-201-555", "tel:+1201555"),
            ("sip:192.0.2.1:5070", "sip:bob@192.0.2.1:5070"),
            ("example.com", "sip:example.com"),
        ] {
            assert!(
                is_accepted(signed, asked, &["SIP/2.0/UDP a"]),
                "{signed} {asked}"
            );
        }
    }

    #[test]
    fn another_callee_is_another_request_unless_a_proxy_forwarded_it() {
        for (signed, asked) in [
            ("sip:bob@example.com", "sip:premium@example.com"),
            ("sip:bob@example.com", "sip:bob@elsewhere.example"),
            ("sip:bob@example.com", "sips:bob@example.com"),
            ("sip:bob@example.com", "sip:bob@example.com:5070"),
            ("sip:Bob@example.com", "sip:bob@example.com"),
            ("tel:+1201555", "tel:+1201556"),
            ("tel:+1201555", "sip:1201556@example.com"),
            ("bob@example.com", "sip:premium@example.com"),
        ] {
            assert!(
                !is_accepted(signed, asked, &["SIP/2.0/UDP a"]),
                "{signed} {asked}"
            );
        }
        let (signed, asked) = ("sip:bob@example.com", "sip:bob@192.0.2.7");
        assert!(is_accepted(
            signed,
            asked,
            &["SIP/2.0/UDP a", "SIP/2.0/UDP b"]
        ));
        assert!(is_accepted(
            signed,
            asked,
            &["SIP/2.0/UDP a, SIP/2.0/UDP b"]
        ));
    }
}
