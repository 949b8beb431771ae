//! Guests in the table `accounts`.

use std::time::SystemTime;

use api::{AccountId, DisplayName};

use super::{StoreError, Transaction, unix_millis};

impl Transaction {
    /// Adds a guest. Its name is one that nobody can choose.
    ///
    /// # Errors
    /// If the database fails, or there is a guest of this name, which random names do not meet.
    pub async fn add_guest(
        &mut self,
        name: &str,
        display_name: &DisplayName,
        now: SystemTime,
    ) -> Result<AccountId, StoreError> {
        let insert = sqlx::query_scalar(
            "INSERT INTO accounts (username, kind, display_name, created_at) VALUES ($1, 'guest', $2, $3)
             RETURNING account_id",
        );
        let insert = insert
            .bind(name.to_owned())
            .bind(display_name.as_str().to_owned())
            .bind(unix_millis(now));
        Ok(AccountId(insert.fetch_one(&mut *self.inner).await?))
    }

    /// Makes a guest a person.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn make_person(&mut self, account: AccountId) -> Result<(), StoreError> {
        sqlx::query("UPDATE accounts SET kind = 'person' WHERE account_id = $1 AND kind = 'guest'")
            .bind(account.0)
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }
}
