//! argon2id in memory that the system has back as soon as the hash is made.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::password_hash::{CustomizedPasswordHasher, Error, Result, try_generate_salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};

/// Makes and checks hashes, at the costs that it is told or that stand in a hash.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hasher;

/// The C library keeps what is freed for whoever allocates next, tens of megabytes for ever after a single login, unless
/// it was this much: such pieces come from the system and return to it. What a hash does not use of it is never touched.
const RETURNED: usize = 33 << 20;

impl Hasher {
    /// A new hash with a salt of its own.
    pub(super) fn hash(self, password: &[u8], params: Params) -> Result<PasswordHash> {
        let salt = try_generate_salt().map_err(|_| Error::Crypto)?;
        self.hash_password_customized(password, &salt, None, None, params)
    }
}

// Checking comes with it.
impl CustomizedPasswordHasher<PasswordHash> for Hasher {
    type Params = Params;

    fn hash_password_customized(
        &self,
        password: &[u8],
        salt: &[u8],
        algorithm: Option<&str>,
        version: Option<u32>,
        params: Params,
    ) -> Result<PasswordHash> {
        let algorithm = algorithm.map(Algorithm::try_from).transpose()?;
        let algorithm = algorithm.unwrap_or(Algorithm::Argon2id);
        let version = version.map(Version::try_from).transpose()?;
        let version = version.unwrap_or(Version::V0x13);
        let salt = Salt::new(salt)?;
        let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let mut out = [0; Output::MAX_LENGTH];
        let out = out.get_mut(..length).ok_or(Error::OutputSize)?;
        let argon2 = Argon2::new(algorithm, version, params);
        let count = argon2.params().block_count();
        let mut blocks: Vec<Block> = Vec::new();
        let room = blocks.try_reserve_exact(count.max(RETURNED / Block::SIZE));
        room.map_err(|_| argon2::Error::OutOfMemory)?;
        blocks.resize(count, Block::new());
        argon2.hash_password_into_with_memory(password, &salt, out, &mut blocks)?;
        Ok(PasswordHash {
            algorithm: algorithm.ident(),
            version: Some(version.into()),
            params: ParamsString::try_from(argon2.params())?,
            salt: Some(salt),
            hash: Some(Output::new(out)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use argon2::password_hash::{PasswordHasher, PasswordVerifier};

    #[test]
    fn it_makes_the_hashes_that_argon2_makes_and_checks_those_of_argon2() {
        let (password, salt) = (b"a password".as_slice(), b"saltsaltsaltsalt".as_slice());
        for (memory, passes, length) in [(8, 1, None), (19_456, 2, None), (64, 3, Some(20))] {
            let params = Params::new(memory, passes, 1, length).expect("costs");
            let theirs = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
            let theirs = theirs.hash_password_with_salt(password, salt);
            let theirs = theirs.expect("a hash").to_string();
            let ours = Hasher.hash_password_customized(password, salt, None, None, params);
            assert_eq!(ours.expect("a hash").to_string(), theirs);
            let parsed = PasswordHash::new(&theirs).expect("it can be read");
            Hasher
                .verify_password(password, &parsed)
                .expect("it is right");
            Hasher
                .verify_password(b"another one", &parsed)
                .expect_err("it is wrong");
        }
    }
}
