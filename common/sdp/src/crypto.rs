//! `a=crypto` lines: keys of SRTP in the session description (SDES, RFC 4568).

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_PAD_INDIFFERENT};

use crate::{Attribute, Media};

/// How the packets of a stream are sealed (RFC 4568 section 6.2, RFC 7714 section 14.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CryptoSuite {
    /// `AES_CM_128_HMAC_SHA1_80`: the one that every phone has.
    AesCm128HmacSha1_80,
    /// `AES_CM_128_HMAC_SHA1_32`: the same with a short tag.
    AesCm128HmacSha1_32,
    /// `AEAD_AES_128_GCM`.
    AeadAes128Gcm,
    /// `AEAD_AES_256_GCM`.
    AeadAes256Gcm,
}

impl CryptoSuite {
    /// All, best first: the one that every phone has before the one with the short tag.
    pub const ALL: [CryptoSuite; 4] = [
        CryptoSuite::AeadAes256Gcm,
        CryptoSuite::AeadAes128Gcm,
        CryptoSuite::AesCm128HmacSha1_80,
        CryptoSuite::AesCm128HmacSha1_32,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            CryptoSuite::AesCm128HmacSha1_80 => "AES_CM_128_HMAC_SHA1_80",
            CryptoSuite::AesCm128HmacSha1_32 => "AES_CM_128_HMAC_SHA1_32",
            CryptoSuite::AeadAes128Gcm => "AEAD_AES_128_GCM",
            CryptoSuite::AeadAes256Gcm => "AEAD_AES_256_GCM",
        }
    }

    /// The length of the master key, in bytes.
    #[must_use]
    pub fn key_bytes(self) -> usize {
        match self {
            CryptoSuite::AeadAes256Gcm => 32,
            _ => 16,
        }
    }

    /// The length of the master salt, in bytes.
    #[must_use]
    pub fn salt_bytes(self) -> usize {
        match self {
            CryptoSuite::AesCm128HmacSha1_80 | CryptoSuite::AesCm128HmacSha1_32 => 14,
            CryptoSuite::AeadAes128Gcm | CryptoSuite::AeadAes256Gcm => 12,
        }
    }

    /// The length of master key and salt together, in bytes: what [`MasterKey::new`] wants.
    #[must_use]
    pub fn master_bytes(self) -> usize {
        self.key_bytes() + self.salt_bytes()
    }

    fn parse(name: &str) -> Option<Self> {
        // RFC 4568 section 6.2 makes the names case-sensitive.
        CryptoSuite::ALL
            .into_iter()
            .find(|suite| suite.name() == name)
    }
}

/// The longest master key with its salt.
const MAX_MASTER_BYTES: usize = 44;

/// A master key and its salt. `Debug` shows nothing of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MasterKey {
    bytes: [u8; MAX_MASTER_BYTES],
    key_length: u8,
    length: u8,
}

impl MasterKey {
    /// The key of `suite` from key and salt, one after the other: `None` unless they are of the suite's
    /// [`master_bytes`](CryptoSuite::master_bytes).
    #[must_use]
    pub fn new(suite: CryptoSuite, key_and_salt: &[u8]) -> Option<Self> {
        if key_and_salt.len() != suite.master_bytes() {
            return None;
        }
        let mut bytes = [0; MAX_MASTER_BYTES];
        bytes[..key_and_salt.len()].copy_from_slice(key_and_salt);
        Some(MasterKey {
            bytes,
            key_length: u8::try_from(suite.key_bytes()).ok()?,
            length: u8::try_from(key_and_salt.len()).ok()?,
        })
    }

    /// The key alone.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        &self.bytes[..usize::from(self.key_length)]
    }

    /// The salt alone.
    #[must_use]
    pub fn salt(&self) -> &[u8] {
        &self.bytes[usize::from(self.key_length)..usize::from(self.length)]
    }

    /// Key and salt, one after the other.
    #[must_use]
    pub fn key_and_salt(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

/// One `a=crypto` line that can be used: `a=crypto:TAG SUITE inline:KEY`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Crypto {
    /// The number by which an answer names the line of the offer that it takes.
    pub tag: u32,
    /// How packets are sealed.
    pub suite: CryptoSuite,
    /// The key of whoever says this, for what it sends.
    pub key: MasterKey,
}

/// The keys of the two directions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CryptoPair {
    /// For what is sent from here.
    pub ours: Crypto,
    /// For what comes from the other side. Tag and suite are those of `ours`.
    pub theirs: Crypto,
}

/// Why an `a=crypto` line is of no use. Nothing of the line is repeated here: it holds a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum CryptoError {
    /// Not `TAG SUITE inline:KEY`.
    #[error("the a=crypto line must be \"tag suite inline:key\"")]
    Syntax,
    /// A suite that is not known here.
    #[error("the a=crypto line names a suite that is not known")]
    UnknownSuite,
    /// A key that is no base64, or too short or too long for the suite.
    #[error("the key of the a=crypto line does not fit its suite")]
    Key,
    /// Packets would carry a master key identifier, or there are several keys, which need one.
    #[error("the a=crypto line wants a master key identifier in packets, which is not supported")]
    KeyIdentifier,
    /// A parameter that is not known and may not be passed over, or one that leaves packets unsealed (RFC 4568 6.3).
    #[error("the a=crypto line has a session parameter that is not supported")]
    SessionParameter,
}

impl Crypto {
    /// The line with these.
    #[must_use]
    pub fn new(tag: u32, suite: CryptoSuite, key: MasterKey) -> Self {
        Crypto { tag, suite, key }
    }

    /// Reads what follows `a=crypto:`.
    ///
    /// A lifetime of the key is read and needs no keeping: at 50 packets a second no call lives through 2^31 packets.
    ///
    /// # Errors
    /// [`CryptoError`] says why the line is of no use.
    pub fn parse(value: &str) -> Result<Self, CryptoError> {
        let mut fields = value.split(' ').filter(|field| !field.is_empty());
        let mut field = || fields.next().ok_or(CryptoError::Syntax);
        let (tag, suite, keys) = (field()?, field()?, field()?);
        // RFC 4568 section 9.1: one to nine digits.
        if tag.is_empty() || tag.len() > 9 || !tag.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(CryptoError::Syntax);
        }
        let tag = tag.parse().map_err(|_| CryptoError::Syntax)?;
        let suite = CryptoSuite::parse(suite).ok_or(CryptoError::UnknownSuite)?;
        let key = parse_key(suite, keys)?;
        if fields.all(is_harmless) {
            Ok(Crypto { tag, suite, key })
        } else {
            Err(CryptoError::SessionParameter)
        }
    }

    /// The line as an attribute, with the key in it: for the wire, not for a log.
    #[must_use]
    pub fn to_attribute(&self) -> Attribute {
        let key = STANDARD.encode(self.key.key_and_salt());
        let (tag, suite) = (self.tag, self.suite.name());
        Attribute::new("crypto", format!("{tag} {suite} inline:{key}"))
    }
}

// As in the description, key and all: what is kept must be kept where only its owner reads.
impl Serialize for Crypto {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = self.to_attribute().value.unwrap_or_default();
        serializer.serialize_str(&value)
    }
}

impl<'de> Deserialize<'de> for Crypto {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = String::deserialize(deserializer)?;
        Crypto::parse(&value).map_err(de::Error::custom)
    }
}

/// `inline:KEY[|LIFETIME][|MKI:LENGTH]`, several of them parted by `;`.
fn parse_key(suite: CryptoSuite, text: &str) -> Result<MasterKey, CryptoError> {
    let (method, info) = text.split_once(':').ok_or(CryptoError::Syntax)?;
    if !method.eq_ignore_ascii_case("inline") {
        return Err(CryptoError::Syntax);
    }
    // Several keys can only be told apart by their identifiers.
    if info.contains(';') {
        return Err(CryptoError::KeyIdentifier);
    }
    let mut parts = info.split('|');
    let key = parts.next().ok_or(CryptoError::Syntax)?;
    for part in parts {
        if part.contains(':') {
            return Err(CryptoError::KeyIdentifier);
        }
        let power = part.strip_prefix("2^").unwrap_or(part);
        if power.is_empty() || !power.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(CryptoError::Syntax);
        }
    }
    let mut bytes = [0; MAX_MASTER_BYTES];
    // The `=` at the end may lack, as RFC 7714's own examples differ about them.
    let length = STANDARD_PAD_INDIFFERENT.decode_slice(key, &mut bytes);
    let length = length.map_err(|_| CryptoError::Key)?;
    MasterKey::new(suite, &bytes[..length]).ok_or(CryptoError::Key)
}

/// RFC 4568 section 6.3: what begins with `-` may be passed over by who does not know it; the window size is a hint.
fn is_harmless(parameter: &str) -> bool {
    parameter.starts_with('-') || parameter.starts_with("WSH=")
}

impl Media {
    /// The stream's `a=crypto` lines that can be used, in order.
    #[must_use]
    pub fn crypto(&self) -> Vec<Crypto> {
        self.crypto_lines().filter_map(Result::ok).collect()
    }

    /// The stream's `a=crypto` lines, each as far as it can be used.
    pub fn crypto_lines(&self) -> impl Iterator<Item = Result<Crypto, CryptoError>> {
        let lines = self.attributes.iter();
        lines
            .filter(|attribute| attribute.name == "crypto")
            .map(|attribute| Crypto::parse(attribute.value.as_deref().unwrap_or_default()))
    }
}
