//! The table `files`: what people have sent to the store. The bytes are in the data folder.

use std::time::SystemTime;

use api::AccountId;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Engine, Store, StoreError, Transaction, unix_millis};

/// A file in the store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileRow {
    /// Its place in the order of making.
    pub key: i64,
    /// What others know it by.
    pub id: String,
    /// Who sent it.
    pub owner: AccountId,
    /// Its name.
    pub name: String,
    /// What its contents are, once they are known.
    pub media_type: String,
    /// In bytes.
    pub size: u64,
    /// The hash of its contents, once all of them have come.
    pub sha256: Option<String>,
    /// Unix milliseconds.
    pub created_at: i64,
}

/// What an account has in the store.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct FilesHeld {
    /// The sizes of all files, unfinished ones as they will be.
    pub bytes: u64,
    /// Uploads that are not finished.
    pub unfinished: u64,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT file_key, file_id, owner_id, name, media_type, size, sha256, created_at FROM files",
            $rest
        )
    };
}

fn read(row: &AnyRow) -> Result<FileRow, StoreError> {
    let size: i64 = row.try_get("size")?;
    Ok(FileRow {
        key: row.try_get("file_key")?,
        id: row.try_get("file_id")?,
        owner: AccountId(row.try_get("owner_id")?),
        name: row.try_get("name")?,
        media_type: row.try_get("media_type")?,
        size: size.unsigned_abs(),
        sha256: row.try_get("sha256")?,
        created_at: row.try_get("created_at")?,
    })
}

fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

impl Store {
    /// A file by its id.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn file(&self, id: &str) -> Result<Option<FileRow>, StoreError> {
        let row = sqlx::query(select!(" WHERE file_id = $1"))
            .bind(id)
            .fetch_optional(&self.readers);
        row.await?.as_ref().map(read).transpose()
    }

    /// Whether an account may read a file that somebody has sent: it is in a room in which it may read the message.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn was_sent_to(&self, account: AccountId, id: &str) -> Result<bool, StoreError> {
        let count = sqlx::query_scalar::<_, i64>(
            "SELECT count(*) FROM room_files f
             JOIN room_participants p ON p.room_key = f.room_key AND p.account_id = $2
             WHERE f.file_id = $1 AND f.seq >= p.visible_from",
        );
        let count = count.bind(id).bind(account.0).fetch_one(&self.readers);
        Ok(count.await? > 0)
    }

    /// The first file with these contents, of so many bytes, that one of two accounts has brought.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn file_by_contents(
        &self,
        owners: [AccountId; 2],
        sha256: &str,
        size: u64,
    ) -> Result<Option<String>, StoreError> {
        let select = sqlx::query_scalar(
            "SELECT file_id FROM files WHERE sha256 = $1 AND size = $2 AND owner_id IN ($3, $4)
             ORDER BY file_key LIMIT 1",
        );
        let [one, other] = owners;
        let select = select.bind(sha256).bind(signed(size)).bind(one.0);
        let select = select.bind(other.0).fetch_optional(&self.readers);
        Ok(select.await?)
    }

    /// The files of an account, newest first, those made before the one with the key `before`.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn files_of(
        &self,
        owner: AccountId,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<FileRow>, StoreError> {
        let rows = sqlx::query(select!(
            " WHERE owner_id = $1 AND file_key < $2 ORDER BY file_key DESC LIMIT $3"
        ))
        .bind(owner.0)
        .bind(before.unwrap_or(i64::MAX))
        .bind(limit)
        .fetch_all(&self.readers);
        rows.await?.iter().map(read).collect()
    }

    /// Uploads that nothing has come for since `before`, in Unix milliseconds: some of them.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn stale_uploads(&self, before: i64) -> Result<Vec<FileRow>, StoreError> {
        let rows = sqlx::query(select!(
            " WHERE sha256 IS NULL AND touched_at < $1 ORDER BY file_key LIMIT 500"
        ))
        .bind(before)
        .fetch_all(&self.readers);
        rows.await?.iter().map(read).collect()
    }

    /// Finished files from before this time, in Unix milliseconds: some of them.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn files_before(&self, before: i64) -> Result<Vec<FileRow>, StoreError> {
        let rows = sqlx::query(select!(
            " WHERE sha256 IS NOT NULL AND created_at < $1 ORDER BY file_key LIMIT 500"
        ))
        .bind(before)
        .fetch_all(&self.readers);
        rows.await?.iter().map(read).collect()
    }

    /// Whether any file has these contents.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn has_content(&self, sha256: &str) -> Result<bool, StoreError> {
        let count = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM files WHERE sha256 = $1");
        Ok(count.bind(sha256).fetch_one(&self.readers).await? > 0)
    }
}

/// The right to bring contents and rows together, while it is held; none of other servers on the same database has it for
/// these contents.
#[derive(Debug)]
pub struct ContentTurn {
    // Ends with the lock that it holds.
    _inner: sqlx::Transaction<'static, sqlx::Any>,
}

impl Store {
    /// Waits for one's turn with contents that several servers share. `None` where there is but one server.
    ///
    /// # Errors
    /// If the database fails, or others take too long.
    pub async fn content_turn(&self, sha256: &str) -> Result<Option<ContentTurn>, StoreError> {
        if self.engine() == Engine::Sqlite {
            return Ok(None);
        }
        // The first 60 bits: two contents that share them wait for each other, which harms nothing.
        let key = i64::from_str_radix(sha256.get(..15).unwrap_or("0"), 16).unwrap_or_default();
        let mut inner = self.readers.begin().await?;
        let lock = sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(key);
        lock.execute(&mut *inner).await?;
        Ok(Some(ContentTurn { _inner: inner }))
    }
}

impl Transaction {
    /// What an account has in the store, as this write sees it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn files_held(&mut self, owner: AccountId) -> Result<FilesHeld, StoreError> {
        let row = sqlx::query(
            "SELECT CAST(coalesce(sum(size), 0) AS BIGINT) AS bytes,
                 CAST(coalesce(sum(CASE WHEN sha256 IS NULL THEN 1 ELSE 0 END), 0) AS BIGINT) AS unfinished
             FROM files WHERE owner_id = $1",
        );
        let row = row.bind(owner.0).fetch_one(&mut *self.inner).await?;
        Ok(FilesHeld {
            bytes: row.try_get::<i64, _>("bytes")?.unsigned_abs(),
            unfinished: row.try_get::<i64, _>("unfinished")?.unsigned_abs(),
        })
    }

    /// Notes a file whose upload begins.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn add_file(
        &mut self,
        id: &str,
        owner: AccountId,
        name: &str,
        size: u64,
        now: SystemTime,
    ) -> Result<(), StoreError> {
        let insert = sqlx::query(
            "INSERT INTO files (file_id, owner_id, name, size, created_at, touched_at) VALUES ($1, $2, $3, $4, $5, $5)",
        );
        let insert = insert
            .bind(id)
            .bind(owner.0)
            .bind(name)
            .bind(signed(size))
            .bind(unix_millis(now));
        insert.execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Notes that something has come for an upload.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn touch_file(&mut self, id: &str, now: SystemTime) -> Result<(), StoreError> {
        let update = sqlx::query("UPDATE files SET touched_at = $2 WHERE file_id = $1");
        let update = update.bind(id).bind(unix_millis(now));
        update.execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Notes that all of a file has come.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn finish_file(
        &mut self,
        id: &str,
        sha256: &str,
        media_type: &str,
    ) -> Result<(), StoreError> {
        let update =
            sqlx::query("UPDATE files SET sha256 = $2, media_type = $3 WHERE file_id = $1");
        let update = update.bind(id).bind(sha256).bind(media_type);
        update.execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Notes that entries of rooms have sent files: room, sequence number and file of each. Files that are no more are left
    /// out.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn send_files(&mut self, sent: &[(i64, i64, String)]) -> Result<(), StoreError> {
        for (room, seq, file) in sent {
            let insert = sqlx::query(
                "INSERT INTO room_files (file_id, room_key, seq)
                 SELECT file_id, $2, $3 FROM files WHERE file_id = $1 ON CONFLICT DO NOTHING",
            );
            let insert = insert.bind(file).bind(room).bind(seq);
            insert.execute(&mut *self.inner).await?;
        }
        Ok(())
    }

    /// Notes that an entry of a room has sent no file, since it says nothing more.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn unsend_file(&mut self, room: i64, seq: i64) -> Result<(), StoreError> {
        let delete = sqlx::query("DELETE FROM room_files WHERE room_key = $1 AND seq = $2");
        let delete = delete.bind(room).bind(seq);
        delete.execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Removes a file. Gives back the hash of its contents if no other file has them.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn remove_file(&mut self, id: &str) -> Result<Option<String>, StoreError> {
        let delete = sqlx::query("DELETE FROM files WHERE file_id = $1 RETURNING sha256");
        let row = delete.bind(id).fetch_optional(&mut *self.inner).await?;
        let Some(row) = row else { return Ok(None) };
        let Some(sha256) = row.try_get::<Option<String>, _>("sha256")? else {
            return Ok(None);
        };
        let count = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM files WHERE sha256 = $1");
        let left = count.bind(&sha256).fetch_one(&mut *self.inner).await?;
        Ok((left == 0).then_some(sha256))
    }
}
