//! Bytes as people and JSON read them.

/// Two hexadecimal digits in lower case for each byte: hashes, keys, signatures and ids are written so.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
