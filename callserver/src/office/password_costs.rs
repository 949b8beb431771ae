//! What password hashes cost: found out once, at the first start of a server, and kept in the database.
//!
//! Servers that share a database share the costs; hashes made before are made again at the next login.

use super::{Office, OfficeError};
use crate::passwords::Costs;

impl Office {
    /// Makes password hashes cost what the database says; tells whether it says anything.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn load_password_costs(&self) -> Result<bool, OfficeError> {
        let Some(text) = self.store.password_costs().await? else {
            return Ok(false);
        };
        match text.parse() {
            Ok(costs) => self.passwords.set_costs(costs),
            // What hashes cost at least is good too; a server must not fail to start for this.
            Err(refused) => tracing::warn!(%refused, "the stored costs of passwords are not used"),
        }
        Ok(true)
    }

    /// Finds the costs at which a hash takes about 100 ms on this machine and keeps them, unless that was done before.
    /// Takes part of a second; passwords are hashed at the least costs meanwhile.
    ///
    /// # Errors
    /// If the database fails, or there is no memory for it.
    pub async fn settle_password_costs(&self) -> Result<Costs, OfficeError> {
        if !self.load_password_costs().await? {
            let found = self.passwords.find_costs().await?;
            let mut tx = self.store.begin().await?;
            tx.set_password_costs(&found.to_string()).await?;
            tx.commit().await?;
            self.passwords.set_costs(found);
            tracing::info!(costs = %found, "passwords cost about 100 ms of this machine from now on");
        }
        Ok(self.passwords.costs())
    }
}
