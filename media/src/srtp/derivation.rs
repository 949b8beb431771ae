//! Session keys from a master key (RFC 3711 §4.3, RFC 7714 §11). The key derivation rate is 0: one set for the life of a master key.

use aes::cipher::{InnerIvInit, KeyInit, StreamCipher};
use aes::{Aes128, Aes256};
use ctr::{Ctr128BE, CtrCore};

use super::Suite;

/// What a derived key is for (RFC 3711 §4.3.1 and §4.3.2).
#[derive(Clone, Copy)]
pub(super) struct Labels {
    pub(super) encryption: u8,
    pub(super) authentication: u8,
    pub(super) salt: u8,
}

pub(super) const PACKETS: Labels = Labels {
    encryption: 0,
    authentication: 1,
    salt: 2,
};

pub(super) const CONTROL: Labels = Labels {
    encryption: 3,
    authentication: 4,
    salt: 5,
};

/// Fills `derived` with the key for `label`. `master` is key and salt, of the suite's length.
pub(super) fn derive(suite: Suite, master: &[u8], label: u8, derived: &mut [u8]) {
    let (key, salt) = master.split_at(suite.key_bytes());
    // A salt of 96 bits stands at the left of the 112 (RFC 7714 §11).
    let mut block = [0; 16];
    block[..salt.len()].copy_from_slice(salt);
    block[7] ^= label;
    derived.fill(0);
    match <[u8; 16]>::try_from(key) {
        Ok(key) => keystream(&aes128(&key), &block, derived),
        Err(_) => {
            let mut long = [0; 32];
            long.copy_from_slice(key);
            let core = CtrCore::inner_iv_init(aes256(&long), &block.into());
            Ctr128BE::from_core(core).apply_keystream(derived);
        }
    }
}

/// AES with its key schedule.
pub(super) fn aes128(key: &[u8; 16]) -> Aes128 {
    Aes128::new(key.into())
}

fn aes256(key: &[u8; 32]) -> Aes256 {
    Aes256::new(key.into())
}

/// Adds the keystream that begins at `block` (RFC 3711 §4.1.1).
pub(super) fn keystream(aes: &Aes128, block: &[u8; 16], bytes: &mut [u8]) {
    Ctr128BE::from_core(CtrCore::inner_iv_init(aes, block.into())).apply_keystream(bytes);
}
