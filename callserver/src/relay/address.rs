//! Socket addresses as the kernel reads and writes them.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

/// `sockaddr_in` or `sockaddr_in6`.
pub(super) type Address = [u8; 28];

/// Writes an address as `sockaddr_in` or `sockaddr_in6` and returns its length.
pub(super) fn write(slot: &mut Address, address: SocketAddr) -> libc::socklen_t {
    *slot = [0; _];
    slot[2..4].copy_from_slice(&address.port().to_be_bytes());
    match address {
        SocketAddr::V4(address) => {
            slot[..2].copy_from_slice(&(libc::AF_INET as u16).to_ne_bytes());
            slot[4..8].copy_from_slice(&address.ip().octets());
            16
        }
        SocketAddr::V6(address) => {
            slot[..2].copy_from_slice(&(libc::AF_INET6 as u16).to_ne_bytes());
            slot[4..8].copy_from_slice(&address.flowinfo().to_ne_bytes());
            slot[8..24].copy_from_slice(&address.ip().octets());
            slot[24..28].copy_from_slice(&address.scope_id().to_ne_bytes());
            28
        }
    }
}

/// Reads what the kernel wrote.
pub(super) fn read(slot: &Address) -> Option<SocketAddr> {
    let word = |at: usize| [slot[at], slot[at + 1], slot[at + 2], slot[at + 3]];
    let port = u16::from_be_bytes([slot[2], slot[3]]);
    match i32::from(u16::from_ne_bytes([slot[0], slot[1]])) {
        libc::AF_INET => Some(SocketAddr::new(Ipv4Addr::from(word(4)).into(), port)),
        libc::AF_INET6 => {
            let ip: [u8; 16] = slot[8..24].try_into().ok()?;
            let (flow, scope) = (u32::from_ne_bytes(word(4)), u32::from_ne_bytes(word(24)));
            Some(SocketAddrV6::new(Ipv6Addr::from(ip), port, flow, scope).into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_they_were_written() {
        for text in [
            "192.0.2.1:4000",
            "[2001:db8::5%3]:65535",
            "[::ffff:192.0.2.1]:1",
        ] {
            let address: SocketAddr = text.parse().unwrap();
            let mut slot = [0xff; 28];
            write(&mut slot, address);
            assert_eq!(read(&slot), Some(address));
        }
        assert_eq!(read(&[0; 28]), None);
    }
}
