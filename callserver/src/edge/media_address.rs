//! The address that phones are told to send audio to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// Where the relay listens, and what phones are told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MediaAddress {
    /// What the relay's sockets are bound to.
    pub listen: IpAddr,
    /// What is written into session descriptions.
    pub advertised: IpAddr,
}

/// No address can be told.
#[derive(Debug, thiserror::Error)]
pub enum MediaAddressError {
    /// SIP listens everywhere, and the machine has no way out that would tell its address.
    #[error("This machine's address for audio cannot be told; write it as address in [media].")]
    Unknown,
}

impl MediaAddress {
    /// Chooses: the configured address, else the one that SIP listens on, else the one that this machine speaks to
    /// the world from.
    ///
    /// # Errors
    /// If there is none.
    pub fn choose(configured: Option<IpAddr>, sip: IpAddr) -> Result<Self, MediaAddressError> {
        let advertised = match configured {
            Some(address) => address,
            None if !sip.is_unspecified() => sip,
            None => address_towards_the_world(sip).ok_or(MediaAddressError::Unknown)?,
        };
        // An address before a translator is told to phones but is not on this machine.
        let is_ours = UdpSocket::bind((advertised, 0)).is_ok();
        let everywhere = match advertised {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        Ok(Self {
            listen: if is_ours { advertised } else { everywhere },
            advertised,
        })
    }
}

/// The source address of a packet to the world, of the family of `family`. Connecting a UDP socket sends nothing; it only asks the routes.
pub fn address_towards_the_world(family: IpAddr) -> Option<IpAddr> {
    // Documentation addresses (RFC 5737, RFC 3849): nobody has them, so the default route decides.
    let far: SocketAddr = match family {
        IpAddr::V4(_) => (Ipv4Addr::new(192, 0, 2, 1), 9).into(),
        IpAddr::V6(_) => (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), 9).into(),
    };
    let socket = UdpSocket::bind((family, 0)).ok()?;
    socket.connect(far).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_unspecified()).then_some(ip)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_sip_is_told_unless_another_is_configured() {
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let plain = MediaAddress::choose(None, loopback).unwrap();
        assert_eq!(
            plain,
            MediaAddress {
                listen: loopback,
                advertised: loopback
            }
        );
        let behind: IpAddr = "203.0.113.7".parse().unwrap();
        let translated = MediaAddress::choose(Some(behind), loopback).unwrap();
        assert_eq!(
            translated,
            MediaAddress {
                listen: Ipv4Addr::UNSPECIFIED.into(),
                advertised: behind
            }
        );
    }
}
