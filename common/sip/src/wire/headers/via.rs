//! Via: the way that a request has come (RFC 3261 20.42, RFC 3581).

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use crate::wire::header_list::{HeaderError, Occurs, TypedHeader};
use crate::wire::header_name::HeaderName;
use crate::wire::host::{self, Host};
use crate::wire::params::Params;
use crate::wire::syntax;
use crate::wire::text::Text;
use crate::wire::transport::Transport;

/// What every branch begins with since RFC 3261 (8.1.1.7).
pub const BRANCH_COOKIE: &str = "z9hG4bK";

/// The transport of a Via header; elements on the way may use one that we do not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ViaTransport {
    /// One that this crate knows.
    Known(Transport),
    /// Any other token.
    Other(Text),
}

impl From<Transport> for ViaTransport {
    fn from(transport: Transport) -> ViaTransport {
        ViaTransport::Known(transport)
    }
}

impl ViaTransport {
    fn as_str(&self) -> &str {
        match self {
            ViaTransport::Known(transport) => transport.as_str(),
            ViaTransport::Other(name) => name,
        }
    }
}

impl PartialEq<Transport> for ViaTransport {
    fn eq(&self, other: &Transport) -> bool {
        matches!(self, ViaTransport::Known(transport) if transport == other)
    }
}

impl fmt::Display for ViaTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One hop that a request has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Via {
    /// The transport it was sent by.
    pub transport: ViaTransport,
    /// Where the sender wants responses, as it sees itself.
    pub host: Host,
    /// The port for responses.
    pub port: Option<u16>,
    /// `branch`, `received`, `rport` and others.
    pub params: Params,
}

impl Via {
    /// A Via without parameters.
    pub fn new(transport: Transport, host: Host, port: Option<u16>) -> Via {
        Via {
            transport: transport.into(),
            host,
            port,
            params: Params::new(),
        }
    }

    /// The same Via with a branch.
    #[must_use]
    pub fn with_branch(mut self, branch: &str) -> Via {
        self.params.set("branch", Some(branch));
        self
    }

    /// The branch: the transaction's identity.
    pub fn branch(&self) -> Option<&str> {
        self.params.value("branch")
    }

    /// Notes where the request really came from, as a server must (RFC 3261 18.2.1, RFC 3581 4).
    ///
    /// `received` is set when the sender's address is not the one it wrote, or when it asked for `rport`.
    pub fn set_received_and_rport(&mut self, source: SocketAddr) {
        let mut received = String::with_capacity(15);
        host::write_ip(source.ip(), &mut received);
        let received = ("received", Some(received.as_str()));
        if self.params.has("rport") {
            let mut port = String::with_capacity(5);
            syntax::write_number(source.port().into(), &mut port);
            self.params.set_all([("rport", Some(&port)), received]);
        } else if self.host.ip() != Some(source.ip()) {
            self.params.set_all([received]);
        }
    }

    /// The address noted in `received`. IPv6 is read with and without brackets.
    pub fn received(&self) -> Option<IpAddr> {
        let text = self.params.value("received")?;
        let text = text
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'))
            .unwrap_or(text);
        text.parse().ok()
    }

    /// The port noted in `rport`; `None` also when the sender only asks for it.
    pub fn rport(&self) -> Option<u16> {
        self.params.value("rport").and_then(syntax::parse_number)
    }

    /// Where a response goes over an unreliable transport: the noted source, or what was written (RFC 3261 18.2.2).
    ///
    /// `None` when a host name would have to be looked up.
    pub fn response_address(&self) -> Option<SocketAddr> {
        let default_port = match &self.transport {
            ViaTransport::Known(transport) => transport.default_port(),
            ViaTransport::Other(_) => 5060,
        };
        let address = match self.received() {
            Some(address) => address,
            None => self.host.ip()?,
        };
        let port = self.rport().or(self.port).unwrap_or(default_port);
        Some(SocketAddr::new(address, port))
    }
}

impl TypedHeader for Via {
    const NAME: HeaderName = HeaderName::Via;
    const OCCURS: Occurs = Occurs::List;

    fn parse(value: &Text) -> Result<Via, HeaderError> {
        let text = value.as_str();
        let protocol_error =
            || Via::malformed("does not begin with SIP, a version and a transport");
        let (name, rest) = text.split_once('/').ok_or_else(protocol_error)?;
        let (version, rest) = rest.split_once('/').ok_or_else(protocol_error)?;
        // Any version is read, so that a request of a later SIP can be answered with 505.
        if !syntax::trim(name).eq_ignore_ascii_case("SIP")
            || !syntax::is_token(syntax::trim(version))
        {
            return Err(protocol_error());
        }
        let rest = rest.trim_start_matches([' ', '\t']);
        let blank = rest.find([' ', '\t']).ok_or_else(protocol_error)?;
        let transport = match Transport::parse(&rest[..blank]) {
            Some(transport) => ViaTransport::Known(transport),
            None if syntax::is_token(&rest[..blank]) => {
                ViaTransport::Other(value.share(&rest[..blank]))
            }
            None => return Err(protocol_error()),
        };
        let rest = &rest[blank..];
        let sent_by_end = memchr::memchr(b';', rest.as_bytes()).unwrap_or(rest.len());
        let (host, port) = Host::parse_with_port(value, syntax::trim(&rest[..sent_by_end]))
            .ok_or_else(|| Via::malformed("has a malformed host or port"))?;
        let params = Params::parse_header(value, &rest[sent_by_end..])
            .ok_or_else(|| Via::malformed("has a malformed parameter"))?;
        Ok(Via {
            transport,
            host,
            port,
            params,
        })
    }

    fn print(&self, out: &mut String) {
        out.push_str("SIP/2.0/");
        out.push_str(self.transport.as_str());
        out.push(' ');
        self.host.print(out);
        if let Some(port) = self.port {
            out.push(':');
            syntax::write_number(port.into(), out);
        }
        out.push_str(self.params.as_str());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn via(text: &str) -> Via {
        Via::parse(&Text::from(text)).unwrap()
    }

    #[test]
    fn what_is_read_prints_the_same() {
        for text in [
            "SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds",
            "SIP/2.0/TCP 192.0.2.1:5060;received=192.0.2.207;branch=z9hG4bK77asjd",
            "SIP/2.0/TLS [2001:db8::9:255]:5061;branch=z9hG4bK77",
            "SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK56sdasks;rport",
            "SIP/2.0/SCTP a.example;branch=1;unknown=\"a;b\"",
        ] {
            assert_eq!(via(text).to_text(), text);
        }
    }

    #[test]
    fn white_space_is_allowed_around_slashes_colon_and_semicolons() {
        let via = via(
            "SIP / 2.0 /\tudp first.example.com : 4000 ; ttl = 16 ; branch = z9hG4bKa7c6a8dlze.1",
        );
        assert_eq!(
            via.to_text(),
            "SIP/2.0/UDP first.example.com:4000;ttl=16;branch=z9hG4bKa7c6a8dlze.1"
        );
    }

    #[test]
    fn malformed_vias_are_refused() {
        for text in [
            "",
            "SIP/2.0/UDP",
            "SIP//UDP a",
            "HTTP/2.0/UDP a",
            "SIP/2.0 a",
            "SIP/2.0/U;P a",
            "SIP/2.0/UDP a b",
            "SIP/2.0/UDP a:99999",
            "SIP/2.0/UDP ;branch=x",
            "SIP/2.0/UDP a;branch=",
        ] {
            assert!(Via::parse(&Text::from(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn the_source_is_noted_where_the_sender_asks_or_errs() {
        let source: SocketAddr = "192.0.2.9:1234".parse().unwrap();
        let mut asked = via("SIP/2.0/UDP 192.0.2.9:5060;rport;branch=z9hG4bK1");
        asked.set_received_and_rport(source);
        assert_eq!(asked.rport(), Some(1234));
        assert_eq!(asked.received(), Some(source.ip()));
        assert_eq!(asked.response_address(), Some(source));

        let mut wrong = via("SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bK1");
        wrong.set_received_and_rport(source);
        assert_eq!(wrong.response_address(), "192.0.2.9:5070".parse().ok());

        let mut right = via("SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1");
        right.set_received_and_rport(source);
        assert_eq!(right.received(), None);
        assert_eq!(right.response_address(), "192.0.2.9:5060".parse().ok());
    }

    #[test]
    fn received_ipv6_is_read_with_and_without_brackets() {
        for text in ["2001:db8::9:255", "[2001:db8::9:255]"] {
            let via = via(&format!(
                "SIP/2.0/UDP [2001:db8::9:1];received={text};branch=z9hG4bKas3"
            ));
            assert_eq!(via.received(), "2001:db8::9:255".parse().ok());
        }
    }
}
