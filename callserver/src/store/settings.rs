//! The table `settings`: what the server must remember about itself.

use super::{Store, StoreError, Transaction};

impl Store {
    /// The SIP domain, once one has been chosen.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn domain(&self) -> Result<Option<String>, StoreError> {
        let value = sqlx::query_scalar("SELECT value FROM settings WHERE name = 'domain'");
        Ok(value.fetch_optional(&self.readers).await?)
    }

    /// What a password hash costs on this server, once that has been found out.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn password_costs(&self) -> Result<Option<String>, StoreError> {
        let value = sqlx::query_scalar("SELECT value FROM settings WHERE name = 'argon2id'");
        Ok(value.fetch_optional(&self.readers).await?)
    }
}

impl Transaction {
    /// The SIP domain, as this write sees it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn domain(&mut self) -> Result<Option<String>, StoreError> {
        let value = sqlx::query_scalar("SELECT value FROM settings WHERE name = 'domain'");
        Ok(value.fetch_optional(&mut *self.inner).await?)
    }

    /// Remembers what a password hash costs.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn set_password_costs(&mut self, costs: &str) -> Result<(), StoreError> {
        let upsert = "INSERT INTO settings (name, value) VALUES ('argon2id', $1) ON CONFLICT (name) DO UPDATE SET value = $1";
        sqlx::query(upsert)
            .bind(costs)
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }

    /// Remembers the SIP domain.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn set_domain(&mut self, domain: &str) -> Result<(), StoreError> {
        let upsert = "INSERT INTO settings (name, value) VALUES ('domain', $1) ON CONFLICT (name) DO UPDATE SET value = $1";
        sqlx::query(upsert)
            .bind(domain)
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }
}
