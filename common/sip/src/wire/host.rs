//! Hosts: names, IPv4 addresses and IPv6 addresses.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::syntax;
use super::text::Text;

/// The host of a URI or a Via header.
#[derive(Clone, Debug)]
pub enum Host {
    /// A domain name as it was written. Names are compared without case.
    Name(Text),
    /// An address; IPv6 is written in brackets.
    Ip(IpAddr),
}

impl Host {
    /// Reads a host without a port: `example.com`, `192.0.2.1`, `[2001:db8::1]`.
    pub fn parse(host: &str) -> Option<Host> {
        Host::parse_in(&Text::EMPTY, host)
    }

    pub(crate) fn parse_in(whole: &Text, host: &str) -> Option<Host> {
        let bytes = host.as_bytes();
        if let Some(inner) = host.strip_prefix('[') {
            let address = parse_ipv6(inner.strip_suffix(']')?)?;
            return Some(Host::Ip(IpAddr::V6(address)));
        }
        // Only what begins and ends with a digit can be an IPv4 address: the attempt costs time.
        if bytes.first()?.is_ascii_digit()
            && bytes.last()?.is_ascii_digit()
            && let Ok(address) = host.parse::<Ipv4Addr>()
        {
            return Some(Host::Ip(IpAddr::V4(address)));
        }
        syntax::is_host_name(host).then(|| Host::Name(whole.share(host)))
    }

    /// Reads `host` or `host:port`. White space around the colon is allowed, as in a Via header (RFC 3261 25.1).
    pub(crate) fn parse_with_port(whole: &Text, text: &str) -> Option<(Host, Option<u16>)> {
        // The colons of an IPv6 address stand within its brackets.
        let after_host = text.find(']').map_or(0, |bracket| bracket + 1);
        match memchr::memchr(b':', &text.as_bytes()[after_host..]) {
            None => Some((Host::parse_in(whole, text)?, None)),
            Some(colon) => {
                let colon = after_host + colon;
                let host = Host::parse_in(whole, syntax::trim(&text[..colon]))?;
                let port = syntax::parse_number(syntax::trim(&text[colon + 1..]))?;
                Some((host, Some(port)))
            }
        }
    }

    /// Appends the host; faster than through the formatter.
    pub(crate) fn print(&self, out: &mut String) {
        match self {
            Host::Name(name) => out.push_str(name),
            Host::Ip(address @ IpAddr::V4(_)) => write_ip(*address, out),
            Host::Ip(address @ IpAddr::V6(_)) => {
                out.push('[');
                write_ip(*address, out);
                out.push(']');
            }
        }
    }

    /// The address, when the host is one.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Host::Name(_) => None,
            Host::Ip(address) => Some(*address),
        }
    }

    /// Whether the host is the empty name, as in a `tel` URI.
    pub fn is_empty(&self) -> bool {
        matches!(self, Host::Name(name) if name.is_empty())
    }
}

/// Appends an address, IPv6 without brackets; faster than through the formatter.
pub(crate) fn write_ip(address: IpAddr, out: &mut String) {
    use fmt::Write;
    match address {
        IpAddr::V4(address) => {
            for (place, octet) in address.octets().into_iter().enumerate() {
                if place > 0 {
                    out.push('.');
                }
                syntax::write_number(octet.into(), out);
            }
        }
        // Writing to a string cannot fail.
        IpAddr::V6(address) => drop(write!(out, "{address}")),
    }
}

/// Reads an IPv6 address without brackets.
///
/// The grammar of RFC 3261 wrongly lets three colons stand before an IPv4 address; RFC 5118 4.10: "an implementation
/// must tolerate both". They mean two.
fn parse_ipv6(text: &str) -> Option<Ipv6Addr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    let (before, last) = text.split_once(":::")?;
    let last: Ipv4Addr = last.parse().ok()?;
    format!("{before}::{last}").parse().ok()
}

impl Default for Host {
    fn default() -> Host {
        Host::Name(Text::EMPTY)
    }
}

impl From<IpAddr> for Host {
    fn from(address: IpAddr) -> Host {
        Host::Ip(address)
    }
}

/// The address without its port.
impl From<SocketAddr> for Host {
    fn from(address: SocketAddr) -> Host {
        Host::Ip(address.ip())
    }
}

impl PartialEq for Host {
    fn eq(&self, other: &Host) -> bool {
        match (self, other) {
            (Host::Name(one), Host::Name(two)) => one.eq_ignore_ascii_case(two),
            (Host::Ip(one), Host::Ip(two)) => one == two,
            _ => false,
        }
    }
}

impl Eq for Host {}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Name(name) => f.write_str(name),
            Host::Ip(IpAddr::V4(address)) => write!(f, "{address}"),
            Host::Ip(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host_and_port(text: &str) -> Option<(String, Option<u16>)> {
        Host::parse_with_port(&Text::EMPTY, text).map(|(host, port)| (host.to_string(), port))
    }

    #[test]
    fn names_and_addresses_are_told_apart() {
        assert_eq!(
            Host::parse("example.com"),
            Some(Host::Name("example.com".into()))
        );
        assert_eq!(
            Host::parse("192.0.2.1").unwrap().ip(),
            "192.0.2.1".parse().ok()
        );
        assert_eq!(
            Host::parse("[2001:db8::1]").unwrap().ip(),
            "2001:db8::1".parse().ok()
        );
        assert!(matches!(
            Host::parse("1.2.3.4.example"),
            Some(Host::Name(_))
        ));
        assert_eq!(Host::parse("3com"), Some(Host::Name("3com".into())));
    }

    #[test]
    fn ports_follow_a_colon() {
        assert_eq!(host_and_port("a.b:5060"), Some(("a.b".into(), Some(5060))));
        assert_eq!(
            host_and_port("[::1]:5060"),
            Some(("[::1]".into(), Some(5060)))
        );
        assert_eq!(host_and_port("[::1]"), Some(("[::1]".into(), None)));
        assert_eq!(host_and_port("a.b : 70"), Some(("a.b".into(), Some(70))));
    }

    #[test]
    fn malformed_hosts_are_refused() {
        for text in [
            "",
            "a b",
            "[::1",
            "::1",
            "a:70000",
            "a:",
            "a:-1",
            "[1.2.3.4]",
            "a@b",
            "a:1:2",
        ] {
            assert_eq!(host_and_port(text), None, "{text}");
        }
    }

    #[test]
    fn a_third_colon_is_tolerated_before_an_ipv4_address_only() {
        assert_eq!(
            Host::parse("[2001:db8:::192.0.2.1]"),
            Host::parse("[2001:db8::192.0.2.1]")
        );
        for text in [
            "[2001:db8:::1]",
            "[2001:db8::::192.0.2.1]",
            "[1::2:::192.0.2.1]",
        ] {
            assert_eq!(Host::parse(text), None, "{text}");
        }
    }

    #[test]
    fn names_are_compared_without_case() {
        assert_eq!(Host::parse("Example.COM"), Host::parse("example.com"));
        assert_ne!(Host::parse("example.com"), Host::parse("192.0.2.1"));
    }
}
