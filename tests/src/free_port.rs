//! A port for programs that cannot be told "any" and then say which.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

/// A port of the loopback address that nobody listens on at this moment, neither UDP nor TCP. Somebody may take it before
/// its user does; the kernel hands out others first, so that this is rare.
///
/// # Errors
/// When the system has no port left.
pub fn free_port() -> std::io::Result<u16> {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    loop {
        let listener = TcpListener::bind(any)?;
        let address = listener.local_addr()?;
        if UdpSocket::bind(address).is_ok() {
            return Ok(address.port());
        }
    }
}
