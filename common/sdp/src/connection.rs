//! `o=` and `c=`: who made the description, and where media goes (RFC 8866 5.2 and 5.7).

use std::fmt;
use std::net::IpAddr;

/// IP version of an address in `o=` or `c=`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// `IP4`.
    Ip4,
    /// `IP6`.
    Ip6,
}

impl Family {
    fn of(address: IpAddr) -> Family {
        match address {
            IpAddr::V4(_) => Family::Ip4,
            IpAddr::V6(_) => Family::Ip6,
        }
    }

    fn parse(token: &str) -> Option<Family> {
        match token {
            "IP4" => Some(Family::Ip4),
            "IP6" => Some(Family::Ip6),
            _ => None,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Family::Ip4 => "IP4",
            Family::Ip6 => "IP6",
        }
    }
}

/// The `o=` line. Ids stay text: some phones send more digits than any integer holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    /// The user, `-` for nobody.
    pub user: String,
    /// The session id.
    pub session_id: String,
    /// The version of this description; it rises by one with every change (RFC 3264 section 8).
    pub version: String,
    /// The family of `address`.
    pub family: Family,
    /// The machine that made the description.
    pub address: String,
}

impl Origin {
    /// An origin without a user name.
    #[must_use]
    pub fn new(session_id: u64, version: u64, address: IpAddr) -> Self {
        Origin {
            user: "-".to_owned(),
            session_id: session_id.to_string(),
            version: version.to_string(),
            family: Family::of(address),
            address: address.to_string(),
        }
    }

    pub(crate) fn parse(value: &str) -> Option<Self> {
        let mut fields = value.split(' ');
        let user = fields.next().filter(|user| !user.is_empty())?;
        let session_id = fields.next().filter(|id| is_number(id))?;
        let version = fields.next().filter(|version| is_number(version))?;
        let (family, address) = network_address(&mut fields)?;
        Some(Origin {
            user: user.to_owned(),
            session_id: session_id.to_owned(),
            version: version.to_owned(),
            family,
            address: address.to_owned(),
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Origin {
            user,
            session_id,
            version,
            family,
            address,
        } = self;
        write!(
            f,
            "{user} {session_id} {version} IN {} {address}",
            family.as_str()
        )
    }
}

/// The `c=` line. The address stays text, so that names, multicast suffixes and spelling survive.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Connection {
    /// The family of `address`.
    pub family: Family,
    /// An IP address, with `/ttl` or `/ttl/count` if it is a multicast one, or a host name.
    pub address: String,
}

impl Connection {
    /// A unicast address.
    #[must_use]
    pub fn new(address: IpAddr) -> Self {
        Connection {
            family: Family::of(address),
            address: address.to_string(),
        }
    }

    /// The IP address, if it is one.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        let address = self.address.split('/').next().unwrap_or_default();
        match self.family {
            Family::Ip4 => address.parse().map(IpAddr::V4).ok(),
            Family::Ip6 => address.parse().map(IpAddr::V6).ok(),
        }
    }

    /// `0.0.0.0` or `::`: the way of old phones to say "send me nothing" (RFC 3264 section 8.4).
    #[must_use]
    pub fn is_unspecified(&self) -> bool {
        self.ip().is_some_and(|ip| ip.is_unspecified())
    }

    pub(crate) fn parse(value: &str) -> Option<Self> {
        let (family, address) = network_address(&mut value.split(' '))?;
        Some(Connection {
            family,
            address: address.to_owned(),
        })
    }
}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IN {} {}", self.family.as_str(), self.address)
    }
}

fn is_number(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads `IN IP4 address` up to the end.
fn network_address<'a>(fields: &mut impl Iterator<Item = &'a str>) -> Option<(Family, &'a str)> {
    fields.next().filter(|network| *network == "IN")?;
    let family = Family::parse(fields.next()?)?;
    let address = fields.next().filter(|address| !address.is_empty())?;
    // Nothing may follow, except the blank that some phones leave at the end of the line.
    fields.all(str::is_empty).then_some((family, address))
}
