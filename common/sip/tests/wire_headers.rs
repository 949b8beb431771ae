//! Every header that RFC 3261 defines can be asked for by its type.

use sip::{
    Accept, AcceptEncoding, AcceptLanguage, AlertInfo, Allow, AuthenticationInfo, Authorization,
    CSeq, CallId, CallInfo, Contact, ContentDisposition, ContentEncoding, ContentLanguage,
    ContentLength, ContentType, Date, ErrorInfo, Expires, FromHeader, HeaderName, InReplyTo,
    MaxForwards, MimeVersion, MinExpires, Organization, Priority, ProxyAuthenticate,
    ProxyAuthorization, ProxyRequire, RecordRoute, ReplyTo, Require, RetryAfter, Route, Server,
    Subject, Supported, Timestamp, ToHeader, TypedHeader, Unsupported, UserAgent, Via, Warning,
    WwwAuthenticate,
};

macro_rules! names {
    ($($type:ident),* $(,)?) => {
        [$(<$type as TypedHeader>::NAME),*]
    };
}

/// The names in RFC 3261 section 20, as they stand there.
const SECTION_20: &str = "Accept Accept-Encoding Accept-Language Alert-Info Allow Authentication-Info \
    Authorization Call-ID Call-Info Contact Content-Disposition Content-Encoding Content-Language \
    Content-Length Content-Type CSeq Date Error-Info Expires From In-Reply-To Max-Forwards Min-Expires \
    MIME-Version Organization Priority Proxy-Authenticate Proxy-Authorization Proxy-Require Record-Route \
    Reply-To Require Retry-After Route Server Subject Supported Timestamp To Unsupported User-Agent Via \
    Warning WWW-Authenticate";

#[test]
fn every_header_of_rfc_3261_has_a_type() {
    let typed = names![
        Accept,
        AcceptEncoding,
        AcceptLanguage,
        AlertInfo,
        Allow,
        AuthenticationInfo,
        Authorization,
        CallId,
        CallInfo,
        Contact,
        ContentDisposition,
        ContentEncoding,
        ContentLanguage,
        ContentLength,
        ContentType,
        CSeq,
        Date,
        ErrorInfo,
        Expires,
        FromHeader,
        InReplyTo,
        MaxForwards,
        MinExpires,
        MimeVersion,
        Organization,
        Priority,
        ProxyAuthenticate,
        ProxyAuthorization,
        ProxyRequire,
        RecordRoute,
        ReplyTo,
        Require,
        RetryAfter,
        Route,
        Server,
        Subject,
        Supported,
        Timestamp,
        ToHeader,
        Unsupported,
        UserAgent,
        Via,
        Warning,
        WwwAuthenticate,
    ];
    let names: Vec<&str> = typed.iter().map(HeaderName::as_str).collect();
    let wanted: Vec<&str> = SECTION_20.split_whitespace().collect();
    assert_eq!(names, wanted);
}
