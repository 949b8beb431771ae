//! The name of this installation: what tells it from all other devices of the same account.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

/// A random URN, `urn:uuid:…` (RFC 4122 section 4.4), which a server sees as `+sip.instance` (RFC 5626
/// section 4.1). The window keeps one for ever; without a window each run is an installation of its own,
/// since many of them may run on one computer at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Instance(String);

/// A text that is no such URN.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the installation's name is no urn:uuid; remove it from the settings to get a new one")]
pub struct NotAnInstance;

const PREFIX: &str = "urn:uuid:";

impl Instance {
    /// A fresh one.
    #[must_use]
    pub fn new() -> Self {
        let mut bytes: [u8; 16] = rand::random();
        // Version 4, variant 1: a random one.
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let mut urn = String::from(PREFIX);
        for (place, byte) in bytes.iter().enumerate() {
            if matches!(place, 4 | 6 | 8 | 10) {
                urn.push('-');
            }
            // Writing to a string cannot fail.
            let _ = write!(urn, "{byte:02x}");
        }
        Self(urn)
    }

    /// The URN as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Instance {
    fn default() -> Self {
        Self::new()
    }
}

impl TryFrom<String> for Instance {
    type Error = NotAnInstance;

    fn try_from(text: String) -> Result<Self, NotAnInstance> {
        let is_uuid = |uuid: &str| {
            uuid.len() == 36
                && uuid.bytes().enumerate().all(|(place, byte)| match place {
                    8 | 13 | 18 | 23 => byte == b'-',
                    _ => byte.is_ascii_hexdigit(),
                })
        };
        if text.strip_prefix(PREFIX).is_some_and(is_uuid) {
            Ok(Self(text))
        } else {
            Err(NotAnInstance)
        }
    }
}

impl From<Instance> for String {
    fn from(instance: Instance) -> Self {
        instance.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_one_can_be_kept_and_read_again() {
        let instance = Instance::new();
        assert_ne!(instance, Instance::new());
        assert_eq!(
            Instance::try_from(instance.as_str().to_owned()),
            Ok(instance.clone())
        );
        assert_eq!(&instance.as_str()[23..24], "4");
    }

    #[test]
    fn what_is_no_urn_is_refused() {
        for text in [
            "",
            "urn:uuid:",
            "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf",
            "x",
        ] {
            assert_eq!(Instance::try_from(text.to_owned()), Err(NotAnInstance));
        }
    }
}
