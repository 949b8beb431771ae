//! The key that conversations are sealed with, in the key ring of the person's desktop.

use api::AccountId;
use keyring::Entry;

use super::letters::StoreKey;

/// What the key ring shows to its owner.
const SERVICE: &str = "Carillon softphone: conversations on this computer";

/// The key of an account's conversations. A new one is made where there is none yet and `may_make` says so: for a file
/// that is there already it would be the wrong one. Nothing where there is no key ring, or it stays locked.
pub(crate) fn key(account: AccountId, may_make: bool) -> Option<StoreKey> {
    let outcome = (|| {
        let entry = Entry::new(SERVICE, &account.0.to_string())?;
        match entry.get_secret() {
            Err(keyring::Error::NoEntry) if may_make => {
                let key: StoreKey = rand::random();
                entry.set_secret(&key)?;
                Ok(Some(key))
            }
            Err(keyring::Error::NoEntry) => Ok(None),
            other => other.map(|secret| secret.try_into().ok()),
        }
    })();
    outcome
        .inspect_err(|error| {
            tracing::info!(%error, "there is no key ring; conversations are kept unsealed, for their owner only");
        })
        .unwrap_or_default()
}
