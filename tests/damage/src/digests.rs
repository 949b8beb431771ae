//! The headers of digest authentication.

use std::time::Instant;

use sip::{
    AuthenticationInfo, Authenticator, Authorization, Claim, Ha1, Method, ProxyAuthenticate,
    Request, Secret, Text, TypedHeader, Verdict, answer,
};

use crate::Outcome;

pub(crate) const SEEDS: &[&str] = &[
    "Digest username=\"b\\\"ob\", realm=\"a\", nonce=\"x\", uri=\"sip:b@b\", response=\"66\", qop=auth, nc=0a, \
     cnonce=\"c\", algorithm=SHA-512-256, opaque=\"\", userhash=true",
    "Digest username*=UTF-8\'\'J%C3%A4s, realm=\"a\", nonce=\"x\", uri=\"sip:b@b\", response=\"66\", algorithm=MD5-sess, \
     cnonce=c",
    "Digest realm=\"a\", domain=\"sip:a sip:b\", nonce=\"f84f\", opaque=\"\", stale=TRUE, algorithm=SHA-256, \
     qop=\"auth,auth-int\", userhash=true",
    "nextnonce=\"f84f\", rspauth=\"66\", cnonce=\"c\", qop=auth-int, nc=0000000a",
];

/// As the parser of messages gives values: on one line and without white space at the ends.
fn as_value(input: &[u8]) -> Text {
    let line = String::from_utf8_lossy(input).replace(['\r', '\n'], " ");
    Text::from(line.trim_matches([' ', '\t']))
}

pub(crate) fn take(input: &[u8]) -> Outcome {
    let value = as_value(input);
    let mut outcome = Outcome::Refused;
    if let Ok(Authorization(credentials)) = Authorization::parse(&value) {
        let printed = Authorization(credentials.clone()).to_text();
        let again = Authorization::parse(&printed);
        assert_eq!(again, Ok(Authorization(credentials.clone())), "{value:?}");
        // Whatever is claimed, without the secret nobody comes in.
        let mut server = Authenticator::new(credentials.realm.clone(), [7; 32]);
        let ha1 = Ha1::new("alice", &credentials.realm, "secret");
        let request = Request::new(Method::Register, sip::Uri::sip(sip::Host::default(), None));
        let verdict = server.check(Instant::now(), &credentials, &request, &ha1);
        assert_ne!(verdict, Verdict::Accepted, "{value:?}");
        let _ = credentials.are_of("alice");
        outcome = Outcome::Accepted;
    }
    if let Ok(ProxyAuthenticate(challenge)) = ProxyAuthenticate::parse(&value) {
        let printed = ProxyAuthenticate(challenge.clone()).to_text();
        let again = ProxyAuthenticate::parse(&printed);
        assert_eq!(again, Ok(ProxyAuthenticate(challenge.clone())), "{value:?}");
        let claim = Claim {
            login: "alice",
            secret: &Secret::from("secret"),
            method: &Method::Register,
            uri: "sip:example.com",
            body: b"",
            nc: 1,
            cnonce: "c",
        };
        let credentials = Authorization(answer(&challenge, &claim));
        assert_eq!(
            Authorization::parse(&credentials.to_text()),
            Ok(credentials),
            "{value:?}"
        );
        outcome = Outcome::Accepted;
    }
    if let Ok(info) = AuthenticationInfo::parse(&value) {
        let again = AuthenticationInfo::parse(&info.to_text());
        assert_eq!(again, Ok(info), "{value:?}");
        outcome = Outcome::Accepted;
    }
    outcome
}
