//! Services and transports: what NAPTR and SRV call them.

use super::Naptr;
use crate::Transport;

/// The transport that a NAPTR service stands for (RFC 3263 4.1, RFC 7118 9).
pub(super) fn of_naptr(naptr: &Naptr) -> Option<Transport> {
    if !naptr.flags.eq_ignore_ascii_case("s") {
        return None;
    }
    [
        ("SIP+D2U", Transport::Udp),
        ("SIP+D2T", Transport::Tcp),
        ("SIPS+D2T", Transport::Tls),
        ("SIP+D2W", Transport::Ws),
        ("SIPS+D2W", Transport::Wss),
    ]
    .into_iter()
    .find(|(service, _)| service.eq_ignore_ascii_case(&naptr.service))
    .map(|(_, transport)| transport)
}

/// Where the servers of a transport are listed; there is no such name for WebSocket.
pub(super) fn srv_name(transport: Transport, domain: &str) -> Option<String> {
    let service = match transport {
        Transport::Udp => "_sip._udp",
        Transport::Tcp => "_sip._tcp",
        Transport::Tls => "_sips._tcp",
        Transport::Ws | Transport::Wss => return None,
    };
    Some(format!("{service}.{domain}"))
}
