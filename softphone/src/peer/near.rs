//! Which addresses are near: on a network that this machine is on too.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The longest candidate that anybody writes.
const LONGEST: usize = 300;

/// The address that a candidate names (RFC 8839 section 5.1), if it is a UDP address of a device itself and written as
/// one: a name would have to be looked up.
pub(super) fn address_of(candidate: &str) -> Option<IpAddr> {
    if candidate.len() > LONGEST || candidate.contains(['\r', '\n']) {
        return None;
    }
    let candidate = candidate.trim_start_matches("a=");
    let parts: Vec<&str> = candidate.strip_prefix("candidate:")?.split(' ').collect();
    let [_, _, transport, _, address, port, "typ", "host", ..] = parts[..] else {
        return None;
    };
    let is_udp = transport.eq_ignore_ascii_case("udp");
    let address: IpAddr = address.parse().ok()?;
    let has_port = port.parse::<u16>().is_ok_and(|port| port > 0);
    (is_udp && has_port && !address.is_unspecified() && !address.is_multicast()).then_some(address)
}

/// Whether an address is on a network that this machine is on too, as far as one can tell: of those for private use, or
/// with the first part of one of our own.
pub(super) fn is_near(address: IpAddr, own: &[IpAddr]) -> bool {
    match address {
        IpAddr::V4(address) => {
            let private = address.is_private() || address.is_link_local();
            private || own.iter().any(|one| shares_v4(address, *one))
        }
        IpAddr::V6(address) => {
            let is_unique_local = address.segments()[0] & 0xfe00 == 0xfc00;
            is_unique_local || own.iter().any(|one| shares_v6(address, *one))
        }
    }
}

fn shares_v4(address: Ipv4Addr, own: IpAddr) -> bool {
    let IpAddr::V4(own) = own else { return false };
    let (address, own) = (address.octets(), own.octets());
    match address[0] {
        // This machine itself.
        127 => own[0] == 127,
        _ => address[..3] == own[..3],
    }
}

fn shares_v6(address: Ipv6Addr, own: IpAddr) -> bool {
    let IpAddr::V6(own) = own else { return false };
    address.segments()[..4] == own.segments()[..4]
}

/// A description without the addresses that may stand in it: they come one by one, and are looked at.
pub(super) fn without_addresses(sdp: &str) -> String {
    let lines = sdp.split_inclusive('\n');
    let kept = lines.filter(|line| !line.starts_with("a=candidate:"));
    kept.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_devices_themselves_are_read() {
        let host = "candidate:1 1 udp 2130706431 192.168.1.7 40000 typ host";
        assert_eq!(address_of(host), Some("192.168.1.7".parse().unwrap()));
        let v6 = "a=candidate:1 1 UDP 1 fd00::7 40000 typ host generation 0";
        assert_eq!(address_of(v6), Some("fd00::7".parse().unwrap()));
        for bad in [
            "",
            "candidate:",
            "candidate:1 1 udp 1 phone.example 40000 typ host",
            "candidate:1 1 udp 1 3f7c.local 40000 typ host",
            "candidate:1 1 tcp 1 192.168.1.7 9 typ host tcptype active",
            "candidate:1 1 udp 1 192.168.1.7 40000 typ srflx raddr 0.0.0.0 rport 0",
            "candidate:1 1 udp 1 192.168.1.7 0 typ host",
            "candidate:1 1 udp 1 0.0.0.0 40000 typ host",
            "candidate:1 1 udp 1 224.0.0.1 40000 typ host",
            "candidate:1 1 udp 1 192.168.1.7 40000 typ host\r\na=candidate:2",
        ] {
            assert_eq!(address_of(bad), None, "{bad}");
        }
    }

    #[test]
    fn near_is_what_is_private_or_begins_like_our_own() {
        let own: Vec<IpAddr> = ["203.0.113.7", "2001:db8:1:2::7"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        let is_near = |text: &str| super::is_near(text.parse().unwrap(), &own);
        for near in [
            "10.1.2.3",
            "172.20.0.1",
            "192.168.9.9",
            "203.0.113.200",
            "fd12::1",
        ] {
            assert!(is_near(near), "{near}");
        }
        assert!(is_near("2001:db8:1:2:aaaa::1"));
        for far in [
            "203.0.114.7",
            "8.8.8.8",
            "127.0.0.1",
            "2001:db8:1:3::7",
            "::1",
        ] {
            assert!(!is_near(far), "{far}");
        }
        let here = ["127.0.0.1".parse().unwrap()];
        assert!(super::is_near("127.0.0.1".parse().unwrap(), &here));
    }

    #[test]
    fn addresses_in_a_description_are_left_out() {
        let sdp = "v=0\r\na=candidate:1 1 udp 1 8.8.8.8 1 typ host\r\na=mid:0\r\n";
        assert_eq!(without_addresses(sdp), "v=0\r\na=mid:0\r\n");
    }
}
