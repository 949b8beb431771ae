//! Everything about one account on its way to a file: bytes in JSON, as hexadecimal digits.

use serde::{Deserialize, Serialize};

use crate::office::Export;

/// A file to be saved.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ExportView {
    /// What to call it.
    pub file_name: String,
    /// The zip.
    #[serde(with = "hexadecimal")]
    pub content: Vec<u8>,
}

impl From<Export> for ExportView {
    fn from(export: Export) -> Self {
        Self {
            file_name: export.file_name,
            content: export.content,
        }
    }
}

mod hexadecimal {
    use std::borrow::Cow;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    const DIGITS: &[u8; 16] = b"0123456789abcdef";

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        let digit = |value: u8| char::from(DIGITS[usize::from(value & 15)]);
        let digits = bytes.iter().flat_map(|byte| [byte >> 4, *byte]);
        to.serialize_str(&digits.map(digit).collect::<String>())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = Cow::<str>::deserialize(from)?;
        let value = |digit: u8| {
            let value = char::from(digit).to_digit(16);
            value.ok_or_else(|| D::Error::custom("a hexadecimal digit is none"))
        };
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if !rest.is_empty() {
            return Err(D::Error::custom("a hexadecimal digit is missing"));
        }
        let byte = |[high, low]: &[u8; 2]| Ok((value(*high)? << 4 | value(*low)?) as u8);
        pairs.iter().map(byte).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_survive_as_digits() {
        let view = ExportView {
            file_name: "a.zip".into(),
            content: vec![0, 15, 16, 255],
        };
        let json = serde_json::to_string(&view).unwrap();
        assert!(json.contains("\"000f10ff\""), "{json}");
        assert_eq!(serde_json::from_str::<ExportView>(&json).unwrap(), view);
        for damaged in ["0", "0g", "é"] {
            let json = json.replace("000f10ff", damaged);
            assert!(serde_json::from_str::<ExportView>(&json).is_err());
        }
    }
}
