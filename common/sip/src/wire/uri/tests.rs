//! Tests of URIs: the examples of RFC 3261 19.1 and what must be refused.

use super::*;

fn uri(text: &str) -> Uri {
    Uri::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn what_is_read_prints_the_same() {
    for text in [
        "sip:alice@atlanta.com",
        "sip:alice:secretword@atlanta.com;transport=tcp",
        "sips:alice@atlanta.com?subject=project%20x&priority=urgent",
        "sip:+1-212-555-1212:1234@gateway.com;user=phone",
        "sips:1212@gateway.com",
        "sip:alice@192.0.2.4",
        "sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com",
        "sip:alice;day=tuesday@atlanta.com",
        "sip:[2001:db8::9:1]:5070;transport=udp",
        "sip:user@[2001:db8::10];lr",
        "sip:1234@example.com:5080;x;y=z",
        "tel:+1-201-555-0123",
        "tel:7042;phone-context=example.com",
        "urn:service:sos",
        "http://example.com/a?b",
    ] {
        assert_eq!(uri(text).to_string(), text);
    }
}

#[test]
fn parts_are_told_apart() {
    let uri = uri("sips:a;b=c:pw@h.example:99;p=q;r?s=t");
    assert_eq!(uri.scheme, Scheme::Sips);
    assert_eq!(uri.user.as_deref(), Some("a;b=c"));
    assert_eq!(uri.password.as_deref(), Some("pw"));
    assert_eq!(uri.host, Host::parse("h.example").unwrap());
    assert_eq!(uri.port, Some(99));
    assert_eq!(uri.params.value("p"), Some("q"));
    assert!(uri.params.has("r"));
    assert_eq!(uri.headers.as_deref(), Some("s=t"));
}

#[test]
fn malformed_uris_are_refused_with_the_part_that_is_wrong() {
    for (text, error) in [
        ("", UriError::Scheme),
        ("alice", UriError::Scheme),
        ("1x:a", UriError::Scheme),
        ("sip:@host", UriError::User),
        ("sip:a b@host", UriError::User),
        ("sip:a%2@host", UriError::User),
        ("sip:a<b@host", UriError::User),
        ("sip:", UriError::Host),
        ("sip:alice@", UriError::Host),
        ("sip:alice@a@b", UriError::Host),
        ("sip:alice@host:port", UriError::Host),
        ("sip:alice@host:65536", UriError::Host),
        ("sip:alice@[::1", UriError::Host),
        ("sip:alice@host :1", UriError::Host),
        ("sip:alice@host;;a", UriError::Params),
        ("sip:alice@host;a=%", UriError::Params),
        ("sip:alice@host; a", UriError::Params),
        ("sip:alice@host;a =b", UriError::Params),
        ("sip:alice@host?", UriError::Headers),
        ("sip:alice@host?a b", UriError::Headers),
        ("tel:", UriError::User),
        ("tel:abc xyz", UriError::User),
        ("urn:", UriError::User),
    ] {
        assert_eq!(Uri::parse(text), Err(error), "{text}");
    }
}

#[test]
fn equivalent_uris_of_the_rfc_are_equivalent() {
    for (one, two) in [
        (
            "sip:%61lice@atlanta.com;transport=TCP",
            "sip:alice@AtLanTa.CoM;Transport=tcp",
        ),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        (
            "sip:carol@chicago.com;%74ransport=t%63p",
            "sip:carol@chicago.com;transport=tcp",
        ),
        (
            "sip:carol@chicago.com;security=on",
            "sip:carol@chicago.com;newparam=5",
        ),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
        ),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
        ("tel:+1-201-555-0123", "tel:+1(201)5550123"),
        ("sip:a@b;x=1;x=2", "sip:a@b;x=1;x=2"),
    ] {
        assert!(uri(one).equivalent(&uri(two)), "{one} and {two}");
        assert!(uri(two).equivalent(&uri(one)), "{two} and {one}");
    }
}

#[test]
fn different_uris_of_the_rfc_are_different() {
    for (one, two) in [
        (
            "SIP:ALICE@AtLanTa.CoM;Transport=udp",
            "sip:alice@AtLanTa.CoM;Transport=UDP",
        ),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        (
            "sip:bob@biloxi.com",
            "sip:bob@biloxi.com:6000;transport=tcp",
        ),
        (
            "sip:carol@chicago.com",
            "sip:carol@chicago.com?Subject=next%20meeting",
        ),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        (
            "sip:carol@chicago.com;security=on",
            "sip:carol@chicago.com;security=off",
        ),
        ("sip:alice@atlanta.com", "sips:alice@atlanta.com"),
        ("sip:atlanta.com", "sip:alice@atlanta.com"),
    ] {
        assert!(!uri(one).equivalent(&uri(two)), "{one} and {two}");
        assert!(!uri(two).equivalent(&uri(one)), "{two} and {one}");
    }
}

#[test]
fn a_user_is_escaped_when_it_must_be() {
    let uri = Uri::sip(Host::parse("example.com").unwrap(), None).with_user("a b@c\r\n%");
    assert_eq!(uri.to_string(), "sip:a%20b%40c%0D%0A%25@example.com");
    assert_eq!(uri.user_text().as_deref(), Some("a b@c\r\n%"));
}
