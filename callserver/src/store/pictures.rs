//! The table `account_pictures`.

use std::time::SystemTime;

use api::{AccountId, PictureFormat};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Store, StoreError, Transaction, unix_millis};

/// The picture of an account.
#[derive(Clone, PartialEq, Eq)]
pub struct PictureRow {
    /// What the bytes are.
    pub format: PictureFormat,
    /// The file, as it was sent.
    pub content: Vec<u8>,
    /// Unix milliseconds.
    pub changed_at: i64,
}

fn read(row: &AnyRow) -> Result<PictureRow, StoreError> {
    let media_type: String = row.try_get("media_type")?;
    Ok(PictureRow {
        format: PictureFormat::from_media_type(&media_type).ok_or_else(|| StoreError::Corrupt {
            what: "media type of a picture",
            value: media_type,
        })?,
        content: row.try_get("content")?,
        changed_at: row.try_get("changed_at")?,
    })
}

const SELECT: &str =
    "SELECT media_type, content, changed_at FROM account_pictures WHERE account_id = $1";

impl Store {
    /// The picture of an account, if it has one.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn picture(&self, account: AccountId) -> Result<Option<PictureRow>, StoreError> {
        let row = sqlx::query(SELECT)
            .bind(account.0)
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// Whether an account has a picture.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn has_picture(&self, account: AccountId) -> Result<bool, StoreError> {
        let count = sqlx::query_scalar::<_, i64>(
            "SELECT count(*) FROM account_pictures WHERE account_id = $1",
        );
        Ok(count.bind(account.0).fetch_one(&self.readers).await? > 0)
    }
}

impl Transaction {
    /// The picture of an account, as this write sees it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn picture(&mut self, account: AccountId) -> Result<Option<PictureRow>, StoreError> {
        let row = sqlx::query(SELECT)
            .bind(account.0)
            .fetch_optional(&mut *self.inner)
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// Sets the picture of an account.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn set_picture(
        &mut self,
        account: AccountId,
        format: PictureFormat,
        content: &[u8],
        now: SystemTime,
    ) -> Result<(), StoreError> {
        let upsert = sqlx::query(
            "INSERT INTO account_pictures (account_id, media_type, content, changed_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (account_id) DO UPDATE SET media_type = $2, content = $3, changed_at = $4",
        );
        let upsert = upsert
            .bind(account.0)
            .bind(format.media_type())
            .bind(content.to_vec())
            .bind(unix_millis(now));
        upsert.execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Removes the picture of an account; tells whether there was one.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn remove_picture(&mut self, account: AccountId) -> Result<bool, StoreError> {
        let delete = sqlx::query("DELETE FROM account_pictures WHERE account_id = $1");
        let delete = delete.bind(account.0).execute(&mut *self.inner).await?;
        Ok(delete.rows_affected() > 0)
    }
}
