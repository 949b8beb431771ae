//! The SHA-256 fingerprint of a certificate.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};
use thiserror::Error;

/// SHA-256 of a certificate in its DER form. Prints and reads as 64 hexadecimal digits; colons between them are allowed
/// when reading.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

/// Why a text is no fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a SHA-256 fingerprint is 64 hexadecimal digits")]
pub struct FingerprintError;

impl Fingerprint {
    /// The fingerprint of a certificate in DER form.
    pub fn of(certificate: &[u8]) -> Fingerprint {
        Fingerprint(Sha256::digest(certificate).into())
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Fingerprint, FingerprintError> {
        let mut digits = text.chars().filter(|digit| *digit != ':');
        let mut digit = || {
            let digit = digits.next().and_then(|digit| digit.to_digit(16));
            digit.and_then(|digit| u8::try_from(digit).ok())
        };
        let mut bytes = [0; 32];
        for byte in &mut bytes {
            let high = digit().ok_or(FingerprintError)?;
            let low = digit().ok_or(FingerprintError)?;
            *byte = high << 4 | low;
        }
        match digits.next() {
            Some(_) => Err(FingerprintError),
            None => Ok(Fingerprint(bytes)),
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_what_it_prints_with_and_without_colons() {
        let fingerprint = Fingerprint::of(b"a certificate");
        let printed = fingerprint.to_string();
        assert_eq!(printed.len(), 64);
        assert_eq!(printed.parse(), Ok(fingerprint));
        let pairs: Vec<String> = printed
            .as_bytes()
            .chunks(2)
            .map(|pair| String::from_utf8_lossy(pair).to_uppercase())
            .collect();
        assert_eq!(pairs.join(":").parse(), Ok(fingerprint));
    }

    #[test]
    fn what_is_too_short_too_long_or_no_number_is_refused() {
        for text in ["", "ab", &"ab".repeat(33), &"xy".repeat(32)] {
            assert_eq!(text.parse::<Fingerprint>(), Err(FingerprintError), "{text}");
        }
    }
}
