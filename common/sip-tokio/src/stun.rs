//! STUN binding requests on a SIP port: "which address do you see me under?" (RFC 8489, RFC 5626 4.4.2).
//!
//! Phones ask again and again to keep a NAT's mapping open, and notice by another answer that it changed. Only plain
//! binding requests are answered; there is nothing to log in to.

use std::net::{IpAddr, SocketAddr};

/// In every STUN message since RFC 5389, at the same place.
const COOKIE: [u8; 4] = 0x2112_A442_u32.to_be_bytes();
const HEADER_BYTES: usize = 20;
const BINDING_REQUEST: [u8; 2] = [0, 1];
const BINDING_SUCCESS: [u8; 2] = [1, 1];
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const FINGERPRINT: u16 = 0x8028;
/// What a fingerprint is XORed with, so that it differs from a CRC-32 of the application (RFC 8489 14.7).
const FINGERPRINT_MASK: u32 = 0x5354_554e;
/// Attributes below this must be understood, or the request must not be answered as if it had been.
const OPTIONAL_ATTRIBUTES: u16 = 0x8000;
/// USERNAME, MESSAGE-INTEGRITY, REALM, NONCE and MESSAGE-INTEGRITY-SHA256: who offers to log in is answered without.
const OF_LOGIN: [u16; 5] = [0x0006, 0x0008, 0x0014, 0x0015, 0x001c];

/// Whether a datagram cannot be SIP, by its first byte: a SIP message begins with a letter or another character of a token,
/// STUN with two zero bits (RFC 7983 7).
pub(crate) fn may_be_stun(datagram: &[u8]) -> bool {
    matches!(datagram.first(), Some(0..=3)) && datagram.get(4..8) == Some(&COOKIE)
}

/// The answer to a binding request; `None` for whatever else it is.
///
/// RFC 8489 6.3.1: a request with an attribute that must be understood and is not MUST get a 420. It gets nothing here: no
/// phone sends one to a SIP port, and a port that answers noise helps those who look for reflectors.
pub(crate) fn answer(datagram: &[u8], source: SocketAddr) -> Option<Vec<u8>> {
    let (header, attributes) = datagram.split_at_checked(HEADER_BYTES)?;
    let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
    if !header.starts_with(&BINDING_REQUEST) || length != attributes.len() {
        return None;
    }
    let wants_fingerprint = check(datagram, attributes)?;
    let transaction = &header[8..HEADER_BYTES];
    let address = mapped_address(source, transaction);
    let mut response = Vec::with_capacity(HEADER_BYTES + 32);
    response.extend_from_slice(&BINDING_SUCCESS);
    response.extend_from_slice(&[0, 0]);
    response.extend_from_slice(&COOKIE);
    response.extend_from_slice(transaction);
    push(&mut response, XOR_MAPPED_ADDRESS, &address);
    if wants_fingerprint {
        // The checksum covers a header that counts the fingerprint already.
        set_length(&mut response, 8);
        let fingerprint = crc32(&response) ^ FINGERPRINT_MASK;
        push(&mut response, FINGERPRINT, &fingerprint.to_be_bytes());
    }
    set_length(&mut response, 0);
    Some(response)
}

/// Reads the attributes: whether there is a fingerprint, or `None` when the request is not one that we answer.
fn check(datagram: &[u8], attributes: &[u8]) -> Option<bool> {
    let mut rest = attributes;
    while !rest.is_empty() {
        let (&[kind_high, kind_low, length_high, length_low], value) = rest.split_first_chunk()?;
        let kind = u16::from_be_bytes([kind_high, kind_low]);
        let length = usize::from(u16::from_be_bytes([length_high, length_low]));
        let padded = length.next_multiple_of(4);
        let after = value.get(padded..)?;
        if kind == FINGERPRINT {
            let before = &datagram[..datagram.len() - rest.len()];
            let expected = crc32(before) ^ FINGERPRINT_MASK;
            // It must be the last one, and right; else this is no STUN at all.
            let is_right = after.is_empty() && value[..length] == expected.to_be_bytes();
            return is_right.then_some(true);
        }
        if kind < OPTIONAL_ATTRIBUTES && !OF_LOGIN.contains(&kind) {
            return None;
        }
        rest = after;
    }
    Some(false)
}

/// The value of XOR-MAPPED-ADDRESS: hidden from NATs that rewrite addresses wherever they see them (RFC 8489 14.2).
fn mapped_address(source: SocketAddr, transaction: &[u8]) -> Vec<u8> {
    let mask = || COOKIE.iter().chain(transaction);
    let masked = |plain: &[u8]| -> Vec<u8> {
        plain
            .iter()
            .zip(mask())
            .map(|(byte, mask)| byte ^ mask)
            .collect()
    };
    let (family, ip) = match source.ip().to_canonical() {
        IpAddr::V4(ip) => (1, masked(&ip.octets())),
        IpAddr::V6(ip) => (2, masked(&ip.octets())),
    };
    let mut value = vec![0, family];
    value.extend(masked(&source.port().to_be_bytes()));
    value.extend(ip);
    value
}

fn push(message: &mut Vec<u8>, kind: u16, value: &[u8]) {
    message.extend_from_slice(&kind.to_be_bytes());
    // No value here is longer than an address.
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    message.extend_from_slice(&length.to_be_bytes());
    message.extend_from_slice(value);
}

fn set_length(message: &mut [u8], more: usize) {
    let length = message.len() - HEADER_BYTES + more;
    let length = u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
    message[2..4].copy_from_slice(&length);
}

/// CRC-32 as in ISO 3309. Bit by bit: it runs over a few dozen bytes, and only for who asks for a fingerprint.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
    let sum = bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc))
    });
    !sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5769 2.1: a request with software, priority, role, username, integrity and fingerprint.
    const OF_RFC_5769: &str = "000100582112a442b7e7a701bc34d686fa87dfae\
        802200105354554e207465737420636c69656e74\
        002400046e0001ff80290008932ff9b151263b36\
        000600096576746a3a68367659202020\
        000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2\
        80280004e57a3bcf";

    fn bytes(hex: &str) -> Vec<u8> {
        let pairs = hex.as_bytes().chunks(2);
        let text = pairs.map(|pair| std::str::from_utf8(pair).expect("ASCII"));
        text.map(|pair| u8::from_str_radix(pair, 16).expect("hex"))
            .collect()
    }

    fn request(attributes: &[u8]) -> Vec<u8> {
        let mut request = bytes("000100002112a442b7e7a701bc34d686fa87dfae");
        request.extend_from_slice(attributes);
        set_length(&mut request, 0);
        request
    }

    fn with_fingerprint(mut request: Vec<u8>) -> Vec<u8> {
        set_length(&mut request, 8);
        let fingerprint = crc32(&request) ^ FINGERPRINT_MASK;
        push(&mut request, FINGERPRINT, &fingerprint.to_be_bytes());
        request
    }

    fn source() -> SocketAddr {
        "192.0.2.1:32853".parse().expect("an address")
    }

    #[test]
    fn the_fingerprint_of_the_rfc_is_found_right() {
        let request = bytes(OF_RFC_5769);
        let len = request.len();
        let expected = crc32(&request[..len - 8]) ^ FINGERPRINT_MASK;
        assert_eq!(request[len - 4..], expected.to_be_bytes());
    }

    #[test]
    fn the_address_is_written_as_in_the_rfc() {
        // RFC 5769 2.2 and 2.3.
        let transaction = bytes("b7e7a701bc34d686fa87dfae");
        assert_eq!(
            mapped_address(source(), &transaction),
            bytes("0001a147e112a643")
        );
        let source = "[2001:db8:1234:5678:11:2233:4455:6677]:32853"
            .parse()
            .expect("an address");
        assert_eq!(
            mapped_address(source, &transaction),
            bytes("0002a1470113a9faa5d3f179bc25f4b5bed2b9d9")
        );
    }

    #[test]
    fn a_plain_request_is_answered_without_and_another_with_a_fingerprint() {
        let plain = answer(&request(&[]), source()).expect("an answer");
        assert_eq!(
            plain,
            bytes("0101000c2112a442b7e7a701bc34d686fa87dfae002000080001a147e112a643")
        );
        let asked = with_fingerprint(request(&[]));
        let answered = answer(&asked, source()).expect("an answer");
        assert_eq!(answered.len(), plain.len() + 8);
        assert_eq!(
            check(&answered, &answered[HEADER_BYTES..]),
            None,
            "0x0020 is not for requests"
        );
        let expected = crc32(&answered[..plain.len()]) ^ FINGERPRINT_MASK;
        assert_eq!(answered[plain.len() + 4..], expected.to_be_bytes());
    }

    #[test]
    fn whatever_else_looks_like_stun_is_left_alone() {
        let mut indication = request(&[]);
        indication[1] = 0x11;
        let mut broken = with_fingerprint(request(&[]));
        *broken.last_mut().expect("bytes") ^= 1;
        let mut longer = request(&[]);
        longer.push(0);
        for (datagram, what) in [
            (indication, "an indication"),
            (broken, "a wrong fingerprint"),
            (longer, "a length that does not fit"),
            (bytes(OF_RFC_5769), "a check of ICE, which has a PRIORITY"),
            (
                request(&[0x80, 0x22, 0xff, 0xff]),
                "an attribute without end",
            ),
            (request(&[0x80, 0x22]), "half an attribute"),
            (request(&[])[..19].to_vec(), "half a header"),
        ] {
            assert_eq!(answer(&datagram, source()), None, "{what}");
        }
    }

    #[test]
    fn software_and_logins_do_not_hinder() {
        let software = [0x80, 0x22, 0, 2, b'x', b'y', 0, 0];
        let username = [0, 6, 0, 1, b'u', 0, 0, 0];
        assert!(answer(&request(&[software, username].concat()), source()).is_some());
    }
}
