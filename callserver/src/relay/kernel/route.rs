//! Asks the kernel how it would reach a phone (rtnetlink, `man 7 rtnetlink`).

use std::io;
use std::net::Ipv4Addr;
use std::os::fd::OwnedFd;

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with,
};

/// How packets get to an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Route {
    /// The address that they come from, unless a socket is bound to another one.
    pub(super) source: Ipv4Addr,
    /// The number of the interface that they leave by.
    pub(super) interface: u32,
    /// Whether the address is one of this machine's own.
    pub(super) is_local: bool,
}

/// Asks.
#[derive(Debug)]
pub(super) struct Routes(OwnedFd);

// Messages and attributes (`linux/rtnetlink.h`).
const NEW_ROUTE: u16 = 24;
const GET_ROUTE: u16 = 26;
const REQUEST: u16 = 1;
const TO: u16 = 1;
const INTERFACE: u16 = 4;
const PREFERRED_SOURCE: u16 = 7;
const UNICAST: u8 = 1;
const LOCAL: u8 = 2;
/// `nlmsghdr`, and `rtmsg` behind it.
const HEADER: usize = 16;
const MESSAGE: usize = 12;

impl Routes {
    pub(super) fn new() -> io::Result<Self> {
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC,
            // NETLINK_ROUTE, which is 0.
            None,
        )?;
        Ok(Self(socket))
    }

    /// How the kernel would reach an address now. `None` if it would not, or not one phone alone.
    pub(super) fn to(&self, address: Ipv4Addr) -> io::Result<Option<Route>> {
        let kernel = SocketAddrNetlink::new(0, 0);
        sendto(&self.0, &question(address), SendFlags::empty(), &kernel)?;
        let mut answer = [0; 1024];
        // The kernel answers before it returns from the question.
        let (length, _) = recv(&self.0, &mut answer[..], RecvFlags::DONTWAIT)?;
        Ok(answer.get(..length).and_then(read))
    }
}

fn question(address: Ipv4Addr) -> [u8; HEADER + MESSAGE + 8] {
    let mut bytes = [0; HEADER + MESSAGE + 8];
    let length = bytes.len() as u32;
    bytes[..4].copy_from_slice(&length.to_ne_bytes());
    bytes[4..6].copy_from_slice(&GET_ROUTE.to_ne_bytes());
    bytes[6..8].copy_from_slice(&REQUEST.to_ne_bytes());
    bytes[16] = libc::AF_INET as u8;
    // Bits of the address that count.
    bytes[17] = 32;
    bytes[28..30].copy_from_slice(&8_u16.to_ne_bytes());
    bytes[30..32].copy_from_slice(&TO.to_ne_bytes());
    bytes[32..36].copy_from_slice(&address.octets());
    bytes
}

fn read(answer: &[u8]) -> Option<Route> {
    let half = |at: usize| Some(u16::from_ne_bytes(*answer.get(at..)?.first_chunk()?));
    if half(4)? != NEW_ROUTE {
        return None;
    }
    let is_local = match *answer.get(HEADER + 7)? {
        UNICAST => false,
        LOCAL => true,
        _ => return None,
    };
    let (mut source, mut interface) = (None, None);
    let mut at = HEADER + MESSAGE;
    while let (Some(length), Some(kind)) = (half(at), half(at + 2)) {
        let length = usize::from(length);
        let value = answer.get(at + 4..at + length.max(4))?;
        let value = value.first_chunk::<4>();
        match kind {
            INTERFACE => interface = value.map(|value| u32::from_ne_bytes(*value)),
            PREFERRED_SOURCE => source = value.map(|value| Ipv4Addr::from(*value)),
            _ => {}
        }
        at += length.max(4).next_multiple_of(4);
    }
    Some(Route {
        source: source?,
        interface: interface?,
        is_local,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_oneself_is_local_and_leads_back() {
        let routes = Routes::new().unwrap();
        let route = routes.to(Ipv4Addr::LOCALHOST).unwrap().unwrap();
        assert_eq!(route.source, Ipv4Addr::LOCALHOST);
        assert!(route.is_local && route.interface > 0, "{route:?}");
        assert_eq!(routes.to(Ipv4Addr::new(224, 0, 0, 1)).unwrap_or(None), None);
    }

    #[test]
    fn answers_that_are_no_route_or_broken_are_none() {
        for answer in [&[][..], &[0; 15], &[0; 40], &[0xff; 64]] {
            assert_eq!(read(answer), None);
        }
        let mut short = question(Ipv4Addr::LOCALHOST);
        short[4..6].copy_from_slice(&NEW_ROUTE.to_ne_bytes());
        short[23] = UNICAST;
        assert_eq!(read(&short), None);
        short[28..30].copy_from_slice(&200_u16.to_ne_bytes());
        assert_eq!(read(&short), None);
    }
}
