//! With what a device signs what it tells other devices, and how such a signature is checked (Ed25519, RFC 8032).

use std::fmt;
use std::sync::Arc;

use api::hex;
use api::room::{PeerMessage, RoomId};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

/// A device's own key. Signing takes no randomness.
#[derive(Clone)]
pub struct DeviceKey {
    pair: Arc<Ed25519KeyPair>,
    public: String,
}

impl DeviceKey {
    /// The key of a secret of 32 random bytes, which stays the same for a device.
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(secret).ok()?;
        Some(Self {
            public: hex(pair.public_key().as_ref()),
            pair: Arc::new(pair),
        })
    }

    /// What others know it by: 64 hexadecimal digits.
    #[must_use]
    pub fn public(&self) -> &str {
        &self.public
    }

    pub(super) fn sign(&self, room: &RoomId, message: PeerMessage) -> PeerMessage {
        let signature = self.pair.sign(&message.signed(room));
        PeerMessage {
            signature: hex(signature.as_ref()),
            ..message
        }
    }
}

impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DeviceKey").field(&self.public).finish()
    }
}

/// Whether the device that a message names has signed it, for this room.
pub(super) fn is_signed(message: &PeerMessage, room: &RoomId) -> bool {
    let Some((key, signature)) = message.proof() else {
        return false;
    };
    UnparsedPublicKey::new(&ED25519, key)
        .verify(&message.signed(room), &signature)
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::AccountId;
    use api::room::{Body, MessageId};

    #[test]
    fn a_message_counts_for_its_room_and_its_words_alone_and_the_secret_is_not_shown() {
        let key = DeviceKey::new(&[7; 32]).unwrap();
        let (here, there) = (RoomId::parse("a").unwrap(), RoomId::parse("b").unwrap());
        let id = MessageId::parse("m").unwrap();
        let (public, written) = (key.public().to_owned(), "2026-11-21T14:05:09Z".to_owned());
        let message = PeerMessage::unsigned(id, AccountId(1), public, written, &Body::Deleted);
        let signed = key.sign(&here, message.clone());
        assert!(is_signed(&signed, &here) && !is_signed(&signed, &there));
        assert!(!is_signed(&message, &here));
        let other = PeerMessage {
            sender: AccountId(2),
            ..signed
        };
        assert!(!is_signed(&other, &here));
        assert!(!format!("{key:?}").contains("7, 7"));
    }
}
