//! The secret under which flow tokens, and what goes with them, are sealed.

use std::fmt;

use crate::digest::hash::{Mac, same};

/// A secret of 256 bits that signs with HMAC-SHA-256. Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct FlowKey([u8; 32]);

/// The first 128 bits of an HMAC-SHA-256: RFC 5626 section 5.1 thinks 80 bits enough for a token.
pub type FlowMac = [u8; 16];

impl FlowKey {
    /// A key from 32 bytes that nobody can guess.
    pub const fn new(secret: [u8; 32]) -> FlowKey {
        FlowKey(secret)
    }

    /// What proves that whoever knows the key has written these parts for this purpose. A part cannot be moved into
    /// its neighbour: each goes in with its length.
    pub fn sign(&self, purpose: &str, parts: &[&[u8]]) -> FlowMac {
        let mut message = Vec::new();
        for part in [purpose.as_bytes()].iter().chain(parts) {
            message.extend_from_slice(&(part.len() as u64).to_be_bytes());
            message.extend_from_slice(part);
        }
        let whole = Mac::new(&self.0).of(&message);
        let mut mac = FlowMac::default();
        let length = mac.len();
        mac.copy_from_slice(&whole[..length]);
        mac
    }

    /// Whether `mac` is what [`FlowKey::sign`] gives. How long this takes says nothing about the right answer.
    pub fn is_signed(&self, purpose: &str, parts: &[&[u8]], mac: &FlowMac) -> bool {
        same(&self.sign(purpose, parts), mac)
    }
}

impl fmt::Debug for FlowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FlowKey(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_key_its_purpose_and_its_parts_as_they_are_cut() {
        let key = FlowKey::new([7; 32]);
        let mac = key.sign("token", &[b"ab", b"c"]);
        assert!(key.is_signed("token", &[b"ab", b"c"], &mac));
        assert!(!key.is_signed("token", &[b"a", b"bc"], &mac));
        assert!(!key.is_signed("caller", &[b"ab", b"c"], &mac));
        assert!(!FlowKey::new([8; 32]).is_signed("token", &[b"ab", b"c"], &mac));
        assert_eq!(format!("{key:?}"), "FlowKey(hidden)");
    }
}
