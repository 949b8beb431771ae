//! The key of the journal, and how records are sealed with it: AES-256-GCM.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rand::RngExt;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

const KEY_LENGTH: usize = 32;

/// What a sealed record is longer than its content.
pub(super) const OVERHEAD: usize = NONCE_LEN + 16;

/// Seals and opens records.
#[derive(Debug)]
pub(super) struct Seal(LessSafeKey);

impl Seal {
    /// The key in this file; a fresh one if there is none that can be used, for then there is nothing that it would open.
    pub(super) fn of_file(path: &Path) -> io::Result<Self> {
        match fs::read(path) {
            Ok(bytes) if bytes.len() == KEY_LENGTH => return Self::of_key(&bytes),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let key: [u8; KEY_LENGTH] = rand::rng().random();
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(path)?;
        file.write_all(&key)?;
        file.sync_all()?;
        Self::of_key(&key)
    }

    fn of_key(key: &[u8]) -> io::Result<Self> {
        let key = UnboundKey::new(&AES_256_GCM, key);
        let key = key.map_err(|_| io::Error::other("the key has not the right length"))?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Appends a random nonce and the sealed content. So few records are ever written with one key (a call makes a
    /// handful) that random nonces do not meet.
    pub(super) fn close(&self, content: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        let nonce: [u8; NONCE_LEN] = rand::rng().random();
        out.extend_from_slice(&nonce);
        let start = out.len();
        out.extend_from_slice(content);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self
            .0
            .seal_in_place_separate_tag(nonce, Aad::empty(), &mut out[start..])
            .map_err(|_| io::Error::other("a call cannot be sealed"))?;
        out.extend_from_slice(tag.as_ref());
        Ok(())
    }

    /// The content, if it was sealed with this key and is whole.
    pub(super) fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut content = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self.0.open_in_place(nonce, Aad::empty(), &mut content);
        let length = opened.ok()?.len();
        content.truncate(length);
        Some(content)
    }
}
