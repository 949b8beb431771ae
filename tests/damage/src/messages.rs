//! Datagrams as SIP messages.

use bytes::Bytes;
use sip::{
    AuthenticationInfo, Authorization, Challenge, Contact, Date, Headers, Message, NameAddr,
    Privacy, Replaces, Timestamp, TypedHeader, Uri, Via, Warning, WwwAuthenticate,
};

use crate::Outcome;

pub(crate) const SEEDS: &[&str] = &[
    "INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\r\n\
     TO :\r\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\r\n\
     from   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8\r\n\
     MaX-fOrWaRdS: 0068\r\n\
     Call-ID: wsinv.ndaksdj@192.0.2.1\r\n\
     Content-Length   : 4\r\n\
     cseq: 0009\r\n  INVITE\r\n\
     Via  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw\r\n\
     v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n \
     SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239\r\n\
     m:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue ;\r\n  secondparam ; q = 0.33\r\n\
     \r\nv=0\r\n",
    "REGISTER sips:[2001:db8::10]:5061;transport=tcp?a=b SIP/2.0\r\n\
     v: SIP/2.0/WSS [2001:db8::9:1];received=[2001:db8::9:255];rport=1;branch=z9hG4bKas3-111\r\n\
     f: sip:user@example.com;tag=81x2\r\n\
     t: <tel:+1-201-555-0123;phone-context=x>\r\n\
     i: SSG9559905523997077@hlau_4100\r\n\
     CSeq: 98176 REGISTER\r\n\
     m: *\r\n\
     Expires: 0\r\n\
     Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n\
     Retry-After: 120 (in a (nested\\)) comment);duration=5\r\n\
     Content-Type: multipart/mixed;boundary=\"a;b\"\r\n\
     Authorization: Digest username=\"bob\", realm=\"bil,oxi\", nonce=\"dcd9\\\"8b\", uri=\"sip:b@b\", \
     response=\"6629fae49393a05397450978507c4ef1\", qop=auth, nc=0000000a, cnonce=\"0a\"\r\n\
     l: 0\r\n\r\n",
    "SIP/2.0 401 Unauthorized\r\n\
     Via: SIP/2.0/TCP 192.0.2.4:5060;branch=z9hG4bK74bf9, SIP/2.0/UDP a.b\r\n\
     From: Alice <sip:alice@example.com>;tag=9fxced76sl\r\n\
     To: \"Bob\" <sip:bob@example.com>;tag=8321234356\r\n\
     Call-ID: 3848276298220188511@example.com\r\n\
     CSeq: 1 INVITE\r\n\
     WWW-Authenticate: Digest realm=\"atlanta\", nonce=\"f84f1\", opaque=\"\", stale=TRUE, algorithm=SHA-256, qop=\"auth,auth-int\"\r\n\
     Record-Route: <sip:p1.example.com;lr>, <sip:p2.example.com;lr>;x=\"<,>\"\r\n\
     Supported: \r\n\
     Content-Length: 0\r\n\r\n",
];

/// Reads everything that can be read of some headers.
fn read_all(headers: &Headers) {
    let _ = headers.typed_list::<Via>();
    let _ = headers.typed_list::<Contact>();
    let _ = headers.typed_list::<Authorization>();
    let _ = headers.typed_list::<WwwAuthenticate>();
    for challenge in Challenge::all_in(headers) {
        let _: (_, _) = (challenge.algorithm(), challenge.offers_auth());
    }
    for header in headers {
        if let Ok(uri) = header.value.parse::<Uri>() {
            assert!(uri.equivalent(&uri), "{uri} is not itself");
            let _: (_, _) = (uri.telephone(), Replaces::in_uri(&uri));
        }
        let _ = header.value.parse::<NameAddr>();
        comes_back::<AuthenticationInfo>(header);
        comes_back::<Date>(header);
        comes_back::<Privacy>(header);
        comes_back::<Timestamp>(header);
        comes_back::<Warning>(header);
        let _ = format!("{header:?}");
    }
}

/// What a header reads, it prints to something that means the same, whatever the value was meant for.
fn comes_back<T: TypedHeader + PartialEq + std::fmt::Debug>(header: &sip::Header) {
    if let Ok(value) = T::parse(&header.value) {
        assert_eq!(
            T::parse(&value.to_text()).as_ref(),
            Ok(&value),
            "{header:?}"
        );
    }
}

pub(crate) fn take(input: &[u8]) -> Outcome {
    let bytes = Bytes::copy_from_slice(input);
    match Message::parse(bytes.clone()) {
        Ok(message) => {
            let _ = match &message {
                Message::Request(request) => request.check(),
                Message::Response(response) => response.check(),
            };
            read_all(message.headers());
            let printed = message.to_bytes();
            let again = Message::parse(printed.clone())
                .unwrap_or_else(|error| panic!("{error}: {bytes:?} printed {printed:?}"));
            assert_eq!(again.to_bytes(), printed, "{bytes:?}");
            assert_eq!(again.body(), message.body());
            Outcome::Accepted
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            let Some(response) = error.response_bytes() else {
                return Outcome::Refused;
            };
            Message::parse(response.clone()).unwrap_or_else(|error| {
                panic!("{error}: {bytes:?} was answered {response:?}");
            });
            Outcome::Answered
        }
    }
}
