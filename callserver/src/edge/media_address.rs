//! The addresses that phones are told to send audio to.
//!
//! A phone is told the address that its SIP reaches us at, since it has proved that it can: one that is on this machine
//! hears of the loopback address, one that speaks IPv6 of an IPv6 address, and so they can talk to each other.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use sip::Flow;

use crate::relay::Listen;

/// Finds the address for each phone.
#[derive(Clone, Copy, Debug)]
pub(super) struct MediaAddresses {
    /// What the operator wants phones to be told, and where to listen for it.
    configured: Option<Address>,
}

/// Where the relay listens, and what a phone is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Address {
    listen: IpAddr,
    advertised: IpAddr,
}

impl MediaAddresses {
    pub(super) fn new(configured: Option<IpAddr>) -> Self {
        let address = |advertised| Address {
            // An address before a translator is told to phones but is not on this machine.
            listen: match UdpSocket::bind((advertised, 0)) {
                Ok(_) => advertised,
                Err(_) => everywhere(advertised),
            },
            advertised,
        };
        Self {
            configured: configured.map(address),
        }
    }

    /// Where to listen for phones on these ways. `None` if a way leads nowhere.
    pub(super) fn listen(&self, flows: &[Flow]) -> Option<Listen> {
        let addresses: Vec<Address> = flows.iter().filter_map(|flow| self.address(flow)).collect();
        let first = *addresses.first()?;
        let is_shared = |address: &Address| address.listen == first.listen;
        let is_same_family = |address: &Address| address.listen.is_ipv4() == first.listen.is_ipv4();
        let bind = if addresses.iter().all(is_shared) {
            first.listen
        } else if addresses.iter().all(is_same_family) {
            everywhere(first.listen)
        } else {
            // Takes packets of both families.
            Ipv6Addr::UNSPECIFIED.into()
        };
        let told = |is_ipv4: bool| {
            let of_family = addresses
                .iter()
                .map(|address| address.advertised)
                .filter(move |ip| ip.is_ipv4() == is_ipv4);
            // Phones on this machine reach its other addresses too; those elsewhere do not reach the loopback address.
            of_family.min_by_key(IpAddr::is_loopback)
        };
        Some(Listen {
            bind,
            v4: told(true),
            v6: told(false),
        })
    }

    fn address(&self, flow: &Flow) -> Option<Address> {
        let remote = flow.remote.ip().to_canonical();
        if let Some(configured) = self.configured
            && configured.advertised.is_ipv4() == remote.is_ipv4()
        {
            return Some(configured);
        }
        let local = flow.local.ip().to_canonical();
        let ip = if local.is_unspecified() || local.is_ipv4() != remote.is_ipv4() {
            address_towards(flow.remote)?
        } else {
            local
        };
        Some(Address {
            listen: ip,
            advertised: ip,
        })
    }
}

fn everywhere(family: IpAddr) -> IpAddr {
    match family {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}

/// The source address of a packet to the world, of the family of `family`.
pub fn address_towards_the_world(family: IpAddr) -> Option<IpAddr> {
    // Documentation addresses (RFC 5737, RFC 3849): nobody has them, so the default route decides.
    address_towards(match family {
        IpAddr::V4(_) => (Ipv4Addr::new(192, 0, 2, 1), 9).into(),
        IpAddr::V6(_) => (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), 9).into(),
    })
}

/// The source address of a packet to `far`. Connecting a UDP socket sends nothing; it only asks the routes.
fn address_towards(far: SocketAddr) -> Option<IpAddr> {
    let socket = UdpSocket::bind((everywhere(far.ip()), 0)).ok()?;
    socket.connect(far).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_unspecified()).then_some(ip)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip::Transport;

    fn flow(local: &str, remote: &str) -> Flow {
        Flow {
            transport: Transport::Udp,
            local: local.parse().unwrap(),
            remote: remote.parse().unwrap(),
            connection: 0,
        }
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_phone_is_told_the_address_that_its_sip_comes_to() {
        let addresses = MediaAddresses::new(None);
        let here = addresses.listen(&[flow("127.0.0.1:5060", "127.0.0.1:40000")]);
        let loopback = Listen {
            bind: ip("127.0.0.1"),
            v4: Some(ip("127.0.0.1")),
            v6: None,
        };
        assert_eq!(here, Some(loopback));
        let bound_everywhere = addresses.listen(&[flow("0.0.0.0:5060", "127.0.0.1:40000")]);
        assert_eq!(bound_everywhere, Some(loopback));
        let over_6 = addresses
            .listen(&[flow("[::1]:5060", "[::1]:40000")])
            .unwrap();
        assert_eq!((over_6.bind, over_6.v6), (ip("::1"), Some(ip("::1"))));
        assert_eq!(addresses.listen(&[]), None);
    }

    #[test]
    fn phones_in_different_networks_share_a_socket_that_hears_all_of_them() {
        let addresses = MediaAddresses::new(None);
        let here = flow("127.0.0.1:5060", "127.0.0.1:40000");
        let there = flow("192.0.2.9:5061", "192.0.2.77:40000");
        let both = addresses.listen(&[here, there]).unwrap();
        assert_eq!((both.bind, both.v4), (ip("0.0.0.0"), Some(ip("192.0.2.9"))));
        let over_6 = flow("[2001:db8::9]:5061", "[2001:db8::77]:40000");
        let mixed = addresses.listen(&[here, over_6]).unwrap();
        assert_eq!(
            mixed,
            Listen {
                bind: ip("::"),
                v4: Some(ip("127.0.0.1")),
                v6: Some(ip("2001:db8::9")),
            }
        );
    }

    #[test]
    fn the_configured_address_is_told_to_phones_of_its_family() {
        let addresses = MediaAddresses::new(Some(ip("203.0.113.7")));
        let over_4 = addresses
            .listen(&[flow("192.0.2.9:5060", "192.0.2.1:5060")])
            .unwrap();
        assert_eq!(
            (over_4.bind, over_4.v4),
            (ip("0.0.0.0"), Some(ip("203.0.113.7")))
        );
        let over_6 = addresses
            .listen(&[flow("[::1]:5060", "[::1]:40000")])
            .unwrap();
        assert_eq!(over_6.v6, Some(ip("::1")));
    }
}
