//! Hashes of parts joined by colons, and hexadecimal.

use md5::Md5;
use sha2::{Digest, Sha256, Sha512_256};

use super::algorithm::Algorithm;

fn feed<D: Digest>(parts: &[&[u8]]) -> D {
    let mut hasher = D::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            hasher.update(b":");
        }
        hasher.update(part);
    }
    hasher
}

/// MD5 of the parts with a colon between them.
pub(super) fn md5(parts: &[&[u8]]) -> [u8; 16] {
    feed::<Md5>(parts).finalize().into()
}

/// SHA-256 of the parts with a colon between them.
pub(super) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    feed::<Sha256>(parts).finalize().into()
}

/// SHA-512/256 of the parts with a colon between them.
pub(super) fn sha512_256(parts: &[&[u8]]) -> [u8; 32] {
    feed::<Sha512_256>(parts).finalize().into()
}

/// The hash of the parts with a colon between them, in hexadecimal; `-sess` makes no difference.
pub(super) fn hex_of(algorithm: Algorithm, parts: &[&[u8]]) -> Hex {
    match algorithm {
        Algorithm::Md5 | Algorithm::Md5Session => Hex::new(&md5(parts)),
        Algorithm::Sha256 | Algorithm::Sha256Session => Hex::new(&sha256(parts)),
        Algorithm::Sha512Trunc256 | Algorithm::Sha512Trunc256Session => {
            Hex::new(&sha512_256(parts))
        }
    }
}

/// Up to 32 bytes in lower-case hexadecimal.
#[derive(Clone, Copy)]
pub(crate) struct Hex {
    digits: [u8; 64],
    len: usize,
}

impl Hex {
    pub(crate) fn new(bytes: &[u8]) -> Hex {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut digits = [b'0'; 64];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        Hex {
            digits,
            len: bytes.len().min(32) * 2,
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.digits[..self.len]
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or("")
    }
}

/// Reads exactly `N` bytes of hexadecimal, in any case.
pub(crate) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0u8; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = (high << 4 | low) as u8;
    }
    Some(bytes)
}

/// Compares in a time that does not depend on where the first difference is.
pub(crate) fn same(one: &[u8], two: &[u8]) -> bool {
    one.len() == two.len()
        && one
            .iter()
            .zip(two)
            .fold(0u8, |difference, (a, b)| difference | (a ^ b))
            == 0
}

/// HMAC-SHA-256 (RFC 2104) with its key prepared.
#[derive(Clone)]
pub(crate) struct Mac {
    inner: Sha256,
    outer: Sha256,
}

impl Mac {
    pub(crate) fn new(key: &[u8; 32]) -> Mac {
        let keyed = |pad: u8| {
            let mut block = [pad; 64];
            for (byte, key) in block.iter_mut().zip(key) {
                *byte ^= key;
            }
            Sha256::new_with_prefix(block)
        };
        Mac {
            inner: keyed(0x36),
            outer: keyed(0x5c),
        }
    }

    pub(crate) fn of(&self, message: &[u8]) -> [u8; 32] {
        let inner = self.inner.clone().chain_update(message).finalize();
        self.outer.clone().chain_update(inner).finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_is_read_back_in_any_case() {
        let hex = Hex::new(&[0, 15, 171, 255]);
        assert_eq!(hex.as_str(), "000fabff");
        assert_eq!(unhex("000FabFF"), Some([0, 15, 171, 255]));
        assert_eq!(unhex::<4>("000fabf"), None);
        assert_eq!(unhex::<4>("000fabfg"), None);
    }

    #[test]
    fn the_mac_is_that_of_the_rfc() {
        // RFC 4231 4.2; its key of 20 bytes is padded with zeros, as HMAC does by itself.
        let mut key = [0u8; 32];
        key[..20].fill(0x0b);
        assert_eq!(
            Hex::new(&Mac::new(&key).of(b"Hi There")).as_str(),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
    }
}
