//! What is asked of the DNS, and what it says.

use std::net::IpAddr;

/// A question for the DNS. Names have no dot at their end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    /// Which services a domain has (RFC 3403).
    Naptr {
        /// The domain.
        name: String,
    },
    /// Which servers a service has (RFC 2782).
    Srv {
        /// Such as `_sip._udp.example.com`.
        name: String,
    },
    /// The IPv4 addresses of a server.
    A {
        /// The server.
        name: String,
    },
    /// The IPv6 addresses of a server.
    Aaaa {
        /// The server.
        name: String,
    },
}

impl Question {
    /// The name that is asked for.
    pub fn name(&self) -> &str {
        match self {
            Question::Naptr { name }
            | Question::Srv { name }
            | Question::A { name }
            | Question::Aaaa { name } => name,
        }
    }
}

/// The answer to a [`Question`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Records {
    /// There are none, or the DNS does not answer.
    None,
    /// Services.
    Naptr(Vec<Naptr>),
    /// Servers of a service.
    Srv(Vec<Srv>),
    /// Addresses of a server.
    Addresses(Vec<IpAddr>),
}

/// One service of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naptr {
    /// Lower ones come first.
    pub order: u16,
    /// Among those of one order lower ones come first.
    pub preference: u16,
    /// `s`: the replacement has SRV records. Others are of no use here.
    pub flags: String,
    /// Such as `SIP+D2U`.
    pub service: String,
    /// The name to go on with.
    pub replacement: String,
}

/// One server of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Srv {
    /// Lower ones come first.
    pub priority: u16,
    /// How often it is taken among those of the same priority, relative to the others.
    pub weight: u16,
    /// Its port.
    pub port: u16,
    /// Its name; `.` or nothing says that there is decidedly no such service.
    pub target: String,
}
