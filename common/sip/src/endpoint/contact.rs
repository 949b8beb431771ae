//! Our own address: the Contact that a peer gets, and the host that stands in Via.

use super::Endpoint;
use crate::{
    Contact, Flow, HeaderName, Headers, Host, RecordRoute, Request, Route, Scheme, Text, Transport,
    Uri,
};

impl Endpoint {
    /// Our Contact in a request to this URI with these headers, as a header value.
    pub(super) fn contact_towards(
        &self,
        flow: Flow,
        user: Option<&str>,
        (target, headers): (&Uri, &Headers),
    ) -> Text {
        let is_sips = flow.transport.is_secure() && asks_for_sips(target, headers);
        self.contact(flow, user, is_sips)
    }

    /// Our Contact in the answer to a request that begins a dialog, as a header value.
    pub(super) fn contact_against(&self, flow: Flow, request: &Request) -> Text {
        let is_sips = flow.transport.is_secure() && begins_as_sips(request);
        self.contact(flow, request.uri.user.as_deref(), is_sips)
    }

    /// Our Contact in a REGISTER at this registrar.
    pub(super) fn contact_to_register(
        &self,
        flow: Flow,
        user: Option<&str>,
        registrar: &Uri,
    ) -> Text {
        let is_sips = flow.transport.is_secure() && registrar.scheme == Scheme::Sips;
        self.plain_contact(flow, user, is_sips, "")
    }

    fn contact(&self, flow: Flow, user: Option<&str>, is_sips: bool) -> Text {
        let parameter = if self.is_outbound(flow) { ";ob" } else { "" };
        self.plain_contact(flow, user, is_sips, parameter)
    }

    /// A `sips` address promises encryption on every hop and has to be used only where the peer asked for that
    /// (RFC 5630 section 5.1.2). Everywhere else a `sip` address that names the connection is understood by
    /// more phones: some that speak TLS do not read `sips` at all.
    fn plain_contact(
        &self,
        flow: Flow,
        user: Option<&str>,
        is_sips: bool,
        parameter: &str,
    ) -> Text {
        let mut value = String::with_capacity(80);
        value.push_str(if is_sips { "<sips:" } else { "<sip:" });
        if let Some(user) = user {
            value.push_str(user);
            value.push('@');
        }
        self.push_own_address(flow, &mut value);
        // UDP is the default of sip URIs and TLS that of sips URIs (RFC 3263 section 4.1).
        match flow.transport {
            Transport::Udp => {}
            Transport::Tls if is_sips => {}
            Transport::Tls => value.push_str(";transport=tls"),
            Transport::Tcp => value.push_str(";transport=tcp"),
            Transport::Ws | Transport::Wss => value.push_str(";transport=ws"),
        }
        value.push_str(parameter);
        value.push('>');
        Text::from(value)
    }

    /// Writes our host and port as peers of this flow know them.
    pub(super) fn push_own_address(&self, flow: Flow, out: &mut String) {
        let (host, port) = match &self.config.advertised {
            Some(advertised) => (advertised.host.clone(), advertised.port),
            None => (Host::Ip(flow.local.ip()), Some(flow.local.port())),
        };
        // Writing to a string cannot fail.
        let _ = std::fmt::Write::write_fmt(out, format_args!("{host}"));
        if let Some(port) = port {
            let _ = std::fmt::Write::write_fmt(out, format_args!(":{port}"));
        }
    }
}

/// Whether our Contact in a request must be a `sips` one: by the Request-URI or the first Route (RFC 3261
/// section 8.1.1.8).
fn asks_for_sips(target: &Uri, headers: &Headers) -> bool {
    let routes = headers.typed_list::<Route>().unwrap_or_default();
    let first = routes.first().map(|Route(proxy)| &proxy.uri.scheme);
    target.scheme == Scheme::Sips || first == Some(&Scheme::Sips)
}

/// Whether our Contact in the answer must be a `sips` one: by the Request-URI, and by the first Record-Route or, where
/// there is none, the Contact (RFC 3261 section 12.1.1).
fn begins_as_sips(request: &Request) -> bool {
    let headers = &request.headers;
    let is_peer_sips = if headers.has(&HeaderName::RecordRoute) {
        let proxies = headers.typed_list::<RecordRoute>().unwrap_or_default();
        proxies
            .first()
            .is_some_and(|RecordRoute(proxy)| proxy.uri.scheme == Scheme::Sips)
    } else {
        let contacts = headers.typed_list::<Contact>().unwrap_or_default();
        let address = contacts.first().and_then(Contact::address);
        address.is_some_and(|address| address.uri.scheme == Scheme::Sips)
    };
    request.uri.scheme == Scheme::Sips || is_peer_sips
}
