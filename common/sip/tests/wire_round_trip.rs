//! Whatever we print, we read back as the same thing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bytes::Bytes;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use sip::{
    Allow, Authorization, BRANCH_COOKIE, CSeq, CallId, Challenge, Contact, ContentType,
    Credentials, Expires, FromHeader, HeaderName, Host, MaxForwards, Message, Method, MinExpires,
    NameAddr, Params, Path, ProxyAuthenticate, Reason, RecordRoute, Request, Response, RetryAfter,
    Route, Scheme, StatusCode, Supported, Text, ToHeader, Transport, TypedHeader, Uri, Via,
    WwwAuthenticate,
};

fn token() -> impl Strategy<Value = String> {
    "[-a-zA-Z0-9.!%*_+`'~]{1,12}"
}

/// Anything that fits on one line.
fn line() -> impl Strategy<Value = String> {
    "[^\r\n\u{0}]{0,24}"
}

fn text() -> impl Strategy<Value = Text> {
    line().prop_map(Text::from)
}

fn host() -> impl Strategy<Value = Host> {
    prop_oneof![
        "[a-z][a-z0-9-]{0,8}(\\.[a-z][a-z0-9]{0,5}){0,2}".prop_map(|name| Host::Name(name.into())),
        any::<[u8; 4]>().prop_map(|bytes| Host::Ip(IpAddr::V4(Ipv4Addr::from(bytes)))),
        any::<[u16; 8]>().prop_map(|words| Host::Ip(IpAddr::V6(Ipv6Addr::from(words)))),
    ]
}

/// What stands in a URI: unreserved characters and escapes.
fn escaped() -> impl Strategy<Value = String> {
    "([-a-zA-Z0-9_.!~*'()]|%[0-9A-F]{2}){1,10}"
}

fn uri_params() -> impl Strategy<Value = Params> {
    vec(("[a-z]{1,6}", option::of(escaped())), 0..3).prop_map(|list| {
        list.into_iter()
            .fold(Params::new(), |params, (name, value)| {
                params.with(&name, value.as_deref())
            })
    })
}

/// Values of all kinds, among them such as must be quoted.
fn header_params() -> impl Strategy<Value = Params> {
    vec((token(), option::of(prop_oneof![token(), line()])), 0..4).prop_map(|list| {
        list.into_iter()
            .fold(Params::new(), |params, (name, value)| {
                params.with(&name, value.as_deref())
            })
    })
}

prop_compose! {
    fn sip_uri()(
        is_secure in any::<bool>(),
        user in option::of(escaped()),
        password in option::of(escaped()),
        host in host(),
        port in option::of(any::<u16>()),
        params in uri_params(),
        headers in option::of("[a-z]{1,5}=[a-z0-9]{1,5}(&[a-z]{1,5}=%[0-9A-F]{2}){0,2}"),
    ) -> Uri {
        Uri {
            scheme: if is_secure { Scheme::Sips } else { Scheme::Sip },
            password: user.as_ref().and(password).map(Text::from),
            user: user.map(Text::from),
            host,
            port,
            params,
            headers: headers.map(Text::from),
        }
    }
}

fn uri() -> impl Strategy<Value = Uri> {
    prop_oneof![
        4 => sip_uri(),
        1 => "tel:\\+?[0-9][0-9.()-]{0,10}(;phone-context=[a-z]{1,5})?"
            .prop_map(|text| text.parse().expect("a telephone URI")),
    ]
}

prop_compose! {
    fn address()(
        display_name in option::of(text()),
        uri in uri(),
        params in header_params(),
    ) -> NameAddr {
        NameAddr { display_name, uri, params }
    }
}

fn transport() -> impl Strategy<Value = Transport> {
    prop_oneof![
        Just(Transport::Udp),
        Just(Transport::Tcp),
        Just(Transport::Tls),
        Just(Transport::Ws),
        Just(Transport::Wss),
    ]
}

prop_compose! {
    fn via()(
        transport in transport(),
        host in host(),
        port in option::of(any::<u16>()),
        params in header_params(),
        branch in token(),
    ) -> Via {
        let mut via = Via::new(transport, host, port);
        via.params = params;
        via.with_branch(&format!("{BRANCH_COOKIE}{branch}"))
    }
}

fn method() -> impl Strategy<Value = Method> {
    prop_oneof![
        Just(Method::Invite),
        Just(Method::Register),
        Just(Method::Ack),
        token().prop_map(|name| Method::from(name.as_str())),
    ]
}

prop_compose! {
    fn cseq()(number in any::<u32>(), method in method()) -> CSeq {
        CSeq { number, method }
    }
}

prop_compose! {
    fn challenge()(
        realm in text(),
        nonce in text(),
        opaque in option::of(text()),
        stale in any::<bool>(),
        algorithm in option::of(prop_oneof![Just("MD5"), Just("SHA-256"), Just("X-New")]),
        qop in option::of(prop_oneof![Just("auth"), Just("auth,auth-int")]),
        domain in option::of(text()),
        wants_hashed_login in any::<bool>(),
    ) -> Challenge {
        Challenge {
            realm,
            nonce,
            opaque,
            stale,
            algorithm: algorithm.map(Text::from),
            qop: qop.map(Text::from),
            domain,
            wants_hashed_login,
        }
    }
}

prop_compose! {
    fn credentials()(
        username in text(),
        realm in text(),
        nonce in text(),
        uri in uri(),
        response in "[0-9a-f]{32}",
        cnonce in option::of(text()),
        qop in option::of(Just("auth")),
        nc in option::of(any::<u32>()),
        opaque in option::of(text()),
        is_login_hashed in any::<bool>(),
    ) -> Credentials {
        Credentials {
            username,
            realm,
            nonce,
            uri: uri.to_string().into(),
            response: response.into(),
            algorithm: Some("SHA-256".into()),
            cnonce,
            qop: qop.map(Text::from),
            nc,
            opaque,
            is_login_hashed,
        }
    }
}

/// Prints a value into a message, reads the message, and reads the value.
#[track_caller]
fn comes_back<T: TypedHeader + PartialEq + std::fmt::Debug>(value: &T) {
    let mut request = Request::new(Method::Options, "sip:example.com".parse().expect("a URI"));
    for (name, text) in [
        (HeaderName::Via, "SIP/2.0/UDP a;branch=z9hG4bK1"),
        (HeaderName::From, "<sip:a@a>;tag=1"),
        (HeaderName::To, "<sip:b@b>"),
        (HeaderName::CallId, "1"),
        (HeaderName::CSeq, "1 OPTIONS"),
    ] {
        request.headers.push(name, text);
    }
    request.headers.set_typed(value);
    let bytes = request.to_bytes();
    let message =
        Message::parse(bytes.clone()).unwrap_or_else(|error| panic!("{error}: {bytes:?}"));
    let again: T = message
        .headers()
        .required()
        .unwrap_or_else(|error| panic!("{error}: {bytes:?}"));
    assert_eq!(again, *value, "{bytes:?}");
    assert_eq!(message.to_bytes(), bytes);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn uris_come_back(uri in uri()) {
        prop_assert_eq!(uri.to_string().parse(), Ok(uri));
    }

    #[test]
    fn every_uri_is_equivalent_to_itself(uri in uri()) {
        prop_assert!(uri.equivalent(&uri));
    }

    #[test]
    fn users_come_back_through_their_escapes(user in "\\PC{1,20}") {
        let uri = Uri::sip(Host::parse("a.example").unwrap(), None).with_user(&user);
        let again: Uri = uri.to_string().parse().unwrap();
        prop_assert_eq!(again.user_text(), Some(user));
    }

    #[test]
    fn parameters_come_back(params in header_params()) {
        prop_assert_eq!(Params::parse(params.as_str()), Some(params));
    }

    #[test]
    fn quoted_values_keep_their_meaning(value in line()) {
        let params = Params::new().with("v", Some(&value));
        let again = Params::parse(params.as_str()).unwrap();
        // What looks quoted already is taken as it is.
        if !value.starts_with('"') {
            prop_assert_eq!(again.unquoted("v").unwrap(), value);
        }
    }

    #[test]
    fn addresses_come_back(address in address()) {
        comes_back(&FromHeader(address.clone()));
        comes_back(&ToHeader(address.clone()));
        comes_back(&Route(address.clone()));
        comes_back(&RecordRoute(address.clone()));
        comes_back(&Path(address.clone()));
        comes_back(&Contact::Address(address));
    }

    #[test]
    fn lists_of_addresses_come_back(list in vec(address(), 1..5)) {
        let values: Vec<String> = list.iter().map(NameAddr::to_string).collect();
        let mut request = Request::new(Method::Options, "sip:example.com".parse().unwrap());
        request.headers.push(HeaderName::Contact, values.join(", "));
        let again = request.headers.typed_list::<Contact>().unwrap();
        let contacts: Vec<_> = list.into_iter().map(Contact::Address).collect();
        prop_assert_eq!(again, contacts);
    }

    #[test]
    fn vias_come_back(via in via()) {
        comes_back(&via);
    }

    #[test]
    fn sequence_numbers_come_back(cseq in cseq()) {
        comes_back(&cseq);
    }

    #[test]
    fn numbers_come_back(seconds in any::<u32>(), hops in any::<u8>()) {
        comes_back(&Expires(seconds));
        comes_back(&MinExpires(seconds));
        comes_back(&MaxForwards(hops));
    }

    #[test]
    fn challenges_come_back(challenge in challenge()) {
        comes_back(&WwwAuthenticate(challenge.clone()));
        comes_back(&ProxyAuthenticate(challenge));
    }

    #[test]
    fn credentials_come_back(credentials in credentials()) {
        comes_back(&Authorization(credentials));
    }

    #[test]
    fn words_come_back(one in token(), two in token(), params in header_params(), seconds in any::<u32>()) {
        comes_back(&CallId(one.as_str().into()));
        comes_back(&Supported(one.as_str().into()));
        comes_back(&Allow(Method::from(one.as_str())));
        comes_back(&ContentType { kind: one.as_str().into(), subtype: two.into(), params: params.clone() });
        comes_back(&Reason { protocol: one.into(), params: params.clone() });
        comes_back(&RetryAfter { seconds, params });
    }

    #[test]
    fn messages_come_back(
        method in method(),
        uri in uri(),
        vias in vec(via(), 1..4),
        from in address(),
        to in address(),
        cseq in any::<u32>(),
        unknown in vec(("X-[A-Za-z]{1,8}", line()), 0..4),
        body in vec(any::<u8>(), 0..200),
        status in 100u16..700,
        reason in line(),
    ) {
        let mut request = Request::new(method.clone(), uri);
        for via in &vias {
            request.headers.push_typed(via);
        }
        request.headers.push_typed(&FromHeader(from));
        request.headers.push_typed(&ToHeader(to));
        request.headers.push(HeaderName::CallId, "1@example.com");
        request.headers.push_typed(&CSeq { number: cseq, method });
        for (name, value) in unknown {
            request.headers.push(HeaderName::from(name.as_str()), value);
        }
        request.headers.push(HeaderName::ContentLength, body.len().to_string());
        request.body = Bytes::from(body);
        request.check().unwrap();
        let message = Message::Request(request.clone());
        prop_assert_eq!(Message::parse(request.to_bytes()).unwrap(), message);

        let mut response = Response::to(&request, StatusCode::new(status).unwrap());
        response.reason = reason.into();
        response.headers.push(HeaderName::ContentLength, "0");
        let message = Message::Response(response.clone());
        prop_assert_eq!(Message::parse(response.to_bytes()).unwrap(), message);
    }
}
