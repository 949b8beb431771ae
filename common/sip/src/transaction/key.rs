//! What a message is matched by.

use std::collections::hash_map::DefaultHasher;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use crate::Flow;

/// A hash of what identifies a transaction or a dialog.
///
/// 64 bits under a secret: a million entries collide by chance once in 10^7 tables, and nobody who
/// does not know the seed can look for a collision. No text is kept in the tables for it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct TransactionKey(u64);

impl TransactionKey {
    /// A tag for answers that are given without a transaction: the same request gets the same one
    /// (RFC 3261 section 8.2.7).
    pub(crate) fn tag(self) -> String {
        format!("{:016x}", self.0)
    }

    /// As it is kept for another process.
    pub(crate) fn number(self) -> u64 {
        self.0
    }

    /// As another process has kept it.
    pub(crate) fn from_number(number: u64) -> Self {
        Self(number)
    }
}

impl Hash for TransactionKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0);
    }
}

/// One transaction. The serial number tells it from a later one with the same key, for timers that
/// outlive their transaction.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct TransactionId {
    // First, so that the order of names is the order of their beginnings.
    pub(crate) serial: u32,
    pub(crate) key: TransactionKey,
}

impl TransactionId {
    /// Before all others in their order.
    pub(crate) const LEAST: Self = Self {
        serial: 0,
        key: TransactionKey(0),
    };
}

/// Makes keys.
#[derive(Clone)]
pub(crate) struct Keyer {
    secret: DefaultHasher,
}

impl Keyer {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        // SipHash with a secret prefix: as unpredictable as with a secret key.
        let mut secret = DefaultHasher::new();
        secret.write(&seed);
        Self { secret }
    }

    /// The key of these parts; their limits count, so that ("ab", "c") is not ("a", "bc").
    pub(crate) fn key(&self, parts: &[&str]) -> TransactionKey {
        let mut hasher = self.secret.clone();
        for part in parts {
            part.hash(&mut hasher);
        }
        TransactionKey(hasher.finish())
    }

    /// The key of a body. Without the secret, so that the process that takes a call over finds the same: whoever makes
    /// two descriptions with one key deceives nobody but itself.
    pub(crate) fn of_body(&self, body: &[u8]) -> Option<TransactionKey> {
        if body.is_empty() {
            return None;
        }
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        Some(TransactionKey(hasher.finish()))
    }

    /// The key of a flow: its transport and the peer's address.
    pub(crate) fn of_flow(&self, flow: Flow) -> TransactionKey {
        let mut hasher = self.secret.clone();
        (flow.transport, flow.remote).hash(&mut hasher);
        TransactionKey(hasher.finish())
    }
}

impl std::fmt::Debug for Keyer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Keyer(secret)")
    }
}

/// Passes a key on as its own hash.
#[derive(Default)]
pub(crate) struct PassThrough(u64);

impl Hasher for PassThrough {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

/// A table by key that does not hash the hash again.
pub(crate) type KeyMap<V> =
    std::collections::HashMap<TransactionKey, V, BuildHasherDefault<PassThrough>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_between_parts_count() {
        let keyer = Keyer::new([1; 32]);
        assert_eq!(keyer.key(&["ab", "c"]), keyer.key(&["ab", "c"]));
        assert_ne!(keyer.key(&["ab", "c"]), keyer.key(&["a", "bc"]));
    }

    #[test]
    fn another_secret_gives_other_keys() {
        assert_ne!(
            Keyer::new([1; 32]).key(&["a"]),
            Keyer::new([2; 32]).key(&["a"])
        );
    }
}
