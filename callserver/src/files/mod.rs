//! Files that people send: uploads that go on after a break, contents kept once by their hash.
//!
//! A file is a row of the database and bytes in the data folder. What is told to have come is on the disk. A file is
//! finished in three steps that can each be done again after a crash: its contents get their name, the row gets the hash,
//! the upload goes. Contents that no row names any more are removed by [`Files::sweep`].

mod kind;
mod name;
mod vault;

use std::collections::HashSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use api::AccountId;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use rand::Rng;
use sha2::{Digest, Sha256};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::store::{FileRow, Store, StoreError, unix_millis};
use vault::Vault;

/// Limits of the store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileLimits {
    /// The largest file, in bytes.
    pub largest: u64,
    /// What one account may keep in all, in bytes.
    pub quota: u64,
    /// How long an upload that nothing comes for is kept.
    pub unfinished_for: Duration,
    /// How long a file is kept; `None`: until it is removed.
    pub kept_for: Option<Duration>,
}

/// The store of files. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Files {
    store: Store,
    vault: Vault,
    limits: FileLimits,
    // Uploads that somebody writes to now.
    busy: Arc<Mutex<HashSet<String>>>,
    // Held while contents and rows are brought together: what one file still needs is not removed with another one.
    settling: Arc<tokio::sync::Mutex<()>>,
}

/// Why something was not done with a file. The text is meant for the person who asked.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// No such file, or one of somebody else.
    #[error("There is no such file; it may have been removed.")]
    NotFound,
    /// Larger than files may be.
    #[error("The file is too large: {largest} bytes is the most on this server.")]
    TooLarge {
        /// The most.
        largest: u64,
    },
    /// No room left.
    #[error(
        "Your files would have more than {quota} bytes in all, which is the most on this server; remove some."
    )]
    Quota {
        /// The most.
        quota: u64,
    },
    /// Too many that are not finished.
    #[error("{most} of your uploads are not finished, which is the most; finish or remove one.")]
    TooManyUploads {
        /// The most.
        most: u64,
    },
    /// The bytes are not the next ones.
    #[error("{received} bytes have come; go on from there.")]
    WrongOffset {
        /// What has come.
        received: u64,
    },
    /// More than was announced.
    #[error("More bytes came than were announced; {size} is all.")]
    TooMuch {
        /// What was announced.
        size: u64,
    },
    /// Two at once.
    #[error("Somebody else is sending this file now; wait until that has ended.")]
    Busy,
    /// The bytes are not those that were sent.
    #[error("What came is not what was sent (its checksum differs); send this part again.")]
    Checksum,
    /// Not all of it has come.
    #[error("Not all of the file has come yet; go on sending it.")]
    Unfinished,
    /// The connection broke, or nothing came for a while.
    #[error("The upload broke off; ask how much has come, and go on from there.")]
    BrokenOff,
    /// The disk.
    #[error("The server's disk does not take or give it: {0}.")]
    Disk(#[from] io::Error),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Uploads that one account may leave unfinished.
const MOST_UNFINISHED: u64 = 50;

/// A client that sends nothing for so long has gone; it comes back with another request.
const SILENCE: Duration = Duration::from_secs(30);

/// How old contents without a row are before they are taken for forgotten, and not for those of a file that is just being
/// finished.
const ORPHANED: Duration = Duration::from_secs(24 * 60 * 60);

impl Files {
    /// The store of a data folder.
    ///
    /// # Errors
    /// If its folders cannot be made.
    pub fn open(data: &Path, store: Store, limits: FileLimits) -> io::Result<Self> {
        Ok(Self {
            store,
            vault: Vault::open(data)?,
            limits,
            busy: Arc::default(),
            settling: Arc::default(),
        })
    }

    /// The limits.
    pub fn limits(&self) -> FileLimits {
        self.limits
    }

    /// Begins an upload of `size` bytes.
    ///
    /// # Errors
    /// If it would be too large, or too much.
    pub async fn begin(
        &self,
        owner: AccountId,
        name: &str,
        size: u64,
    ) -> Result<FileRow, FilesError> {
        let FileLimits { largest, quota, .. } = self.limits;
        if size > largest {
            return Err(FilesError::TooLarge { largest });
        }
        let mut random = [0; 16];
        rand::rng().fill_bytes(&mut random);
        let (id, name) = (vault::hex(&random), name::safe(name));
        let (vault, new) = (self.vault.clone(), id.clone());
        spawn(move || vault.begin(&new)).await?;
        let mut tx = self.store.begin().await?;
        let held = tx.files_held(owner).await?;
        let most = MOST_UNFINISHED;
        let refused = match () {
            () if held.unfinished >= most => Some(FilesError::TooManyUploads { most }),
            () if held.bytes.saturating_add(size) > quota => Some(FilesError::Quota { quota }),
            () => None,
        };
        if let Some(refused) = refused {
            drop(tx);
            let vault = self.vault.clone();
            spawn(move || vault.forget_upload(&id)).await?;
            return Err(refused);
        }
        tx.add_file(&id, owner, &name, size, SystemTime::now())
            .await?;
        tx.commit().await?;
        let row = self.store.file(&id).await?.ok_or(FilesError::NotFound)?;
        match size {
            0 => self.finish(row).await,
            _ => Ok(row),
        }
    }

    /// A file of one's own, and how much of it has come.
    ///
    /// # Errors
    /// If there is none.
    pub async fn own(&self, owner: AccountId, id: &str) -> Result<(FileRow, u64), FilesError> {
        let row = self.owned(owner, id).await?;
        if row.sha256.is_some() {
            return Ok((row.clone(), row.size));
        }
        let received = self.received(id).await?;
        // All had come when the server was stopped: what was left is done now.
        if received == row.size
            && let Some(_turn) = Turn::take(&self.busy, id)
        {
            return Ok((self.finish(row).await?, received));
        }
        Ok((row, received))
    }

    /// Takes the bytes from `offset` on. What has come when the stream breaks stays. `checksum` is SHA-256 of these bytes.
    ///
    /// # Errors
    /// If they are not the next ones, too many, or not those that were sent; then nothing of them stays.
    pub async fn append<E>(
        &self,
        owner: AccountId,
        id: &str,
        offset: u64,
        checksum: Option<[u8; 32]>,
        mut body: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<FileRow, FilesError> {
        let _turn = Turn::take(&self.busy, id).ok_or(FilesError::Busy)?;
        let row = self.owned(owner, id).await?;
        if row.sha256.is_some() {
            return match offset == row.size {
                true => Ok(row),
                false => Err(FilesError::WrongOffset { received: row.size }),
            };
        }
        let received = self.received(id).await?;
        if received != offset {
            return Err(FilesError::WrongOffset { received });
        }
        let (vault, upload) = (self.vault.clone(), id.to_owned());
        let mut file = Some(spawn(move || vault.append(&upload)).await?);
        let (mut length, mut hash) = (offset, Sha256::new());
        let refused = loop {
            let bytes = match timeout(SILENCE, body.next()).await {
                Ok(None) => break None,
                Ok(Some(Ok(bytes))) => bytes,
                Ok(Some(Err(_))) | Err(_) => break Some(FilesError::BrokenOff),
            };
            length += bytes.len() as u64;
            if length > row.size {
                break Some(FilesError::TooMuch { size: row.size });
            }
            hash.update(&bytes);
            let Some(mut open) = file.take() else {
                break Some(FilesError::BrokenOff);
            };
            file = Some(
                spawn(move || {
                    open.write_all(&bytes)?;
                    Ok(open)
                })
                .await?,
            );
        };
        let is_wrong = refused.is_none()
            && checksum.is_some_and(|checksum| checksum[..] != hash.finalize()[..]);
        let is_undone = is_wrong || matches!(refused, Some(FilesError::TooMuch { .. }));
        let (vault, upload) = (self.vault.clone(), id.to_owned());
        let received = spawn(move || match is_undone {
            true => vault.cut(&upload, offset).map(|()| offset),
            false => vault.received(&upload),
        });
        let received = received.await?;
        let mut tx = self.store.begin().await?;
        tx.touch_file(id, SystemTime::now()).await?;
        tx.commit().await?;
        match refused {
            Some(refused) => Err(refused),
            None if is_wrong => Err(FilesError::Checksum),
            None if received == row.size => self.finish(row).await,
            None => Ok(row),
        }
    }

    /// A finished file that this account may read, and where its bytes are.
    ///
    /// # Errors
    /// If there is none, or not all of it has come.
    pub async fn read(
        &self,
        reader: AccountId,
        id: &str,
    ) -> Result<(FileRow, PathBuf), FilesError> {
        let row = self.store.file(id).await?.ok_or(FilesError::NotFound)?;
        if row.owner != reader && !self.store.was_sent_to(reader, id).await? {
            return Err(FilesError::NotFound);
        }
        let sha256 = row.sha256.as_ref().ok_or(FilesError::Unfinished)?;
        let path = self.vault.content(sha256);
        Ok((row, path))
    }

    /// One's own files, newest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn list(
        &self,
        owner: AccountId,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<FileRow>, FilesError> {
        Ok(self.store.files_of(owner, before, limit).await?)
    }

    /// Removes a file of one's own, finished or not.
    ///
    /// # Errors
    /// If there is none, or it is being sent.
    pub async fn remove(&self, owner: AccountId, id: &str) -> Result<(), FilesError> {
        let _turn = Turn::take(&self.busy, id).ok_or(FilesError::Busy)?;
        let row = self.owned(owner, id).await?;
        self.discard(&row).await
    }

    /// How much of an unfinished file has come, for lists.
    pub async fn received_of(&self, row: &FileRow) -> u64 {
        match row.sha256 {
            Some(_) => row.size,
            None => self.received(&row.id).await.unwrap_or_default(),
        }
    }

    /// Removes what nobody goes on with, what is too old, and contents that are no file's. Gives back how many.
    ///
    /// # Errors
    /// If the database or the disk fails; the rest is removed another time.
    pub async fn sweep(&self, now: SystemTime) -> Result<u64, FilesError> {
        let mut removed = 0;
        let before =
            |age: Duration| unix_millis(now.checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH));
        let mut over = self
            .store
            .stale_uploads(before(self.limits.unfinished_for))
            .await?;
        if let Some(kept_for) = self.limits.kept_for {
            over.extend(self.store.files_before(before(kept_for)).await?);
        }
        for row in over {
            if let Some(_turn) = Turn::take(&self.busy, &row.id) {
                self.discard(&row).await?;
                removed += 1;
            }
        }
        // Of accounts that were erased, and of a start that was interrupted.
        let vault = self.vault.clone();
        for id in spawn(move || vault.uploads_older_than(ORPHANED)).await? {
            if self.store.file(&id).await?.is_none() {
                let vault = self.vault.clone();
                spawn(move || vault.forget_upload(&id)).await?;
                removed += 1;
            }
        }
        let vault = self.vault.clone();
        for sha256 in spawn(move || vault.contents_older_than(ORPHANED)).await? {
            let _settling = self.settling.lock().await;
            if !self.store.has_content(&sha256).await? {
                let vault = self.vault.clone();
                spawn(move || vault.forget_content(&sha256)).await?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    async fn owned(&self, owner: AccountId, id: &str) -> Result<FileRow, FilesError> {
        let row = self.store.file(id).await?;
        row.filter(|row| row.owner == owner)
            .ok_or(FilesError::NotFound)
    }

    async fn received(&self, id: &str) -> Result<u64, FilesError> {
        let (vault, id) = (self.vault.clone(), id.to_owned());
        Ok(spawn(move || vault.received(&id)).await?)
    }

    /// All of it has come.
    async fn finish(&self, row: FileRow) -> Result<FileRow, FilesError> {
        let (vault, id) = (self.vault.clone(), row.id.clone());
        let content = spawn(move || vault.digest(&id)).await?;
        let _settling = self.settling.lock().await;
        let (vault, id, sha256) = (self.vault.clone(), row.id.clone(), content.sha256.clone());
        spawn(move || vault.keep(&id, &sha256)).await?;
        let mut tx = self.store.begin().await?;
        tx.finish_file(&row.id, &content.sha256, content.media_type)
            .await?;
        tx.commit().await?;
        let (vault, id) = (self.vault.clone(), row.id.clone());
        spawn(move || vault.forget_upload(&id)).await?;
        Ok(FileRow {
            media_type: content.media_type.to_owned(),
            sha256: Some(content.sha256),
            ..row
        })
    }

    async fn discard(&self, row: &FileRow) -> Result<(), FilesError> {
        let _settling = self.settling.lock().await;
        let mut tx = self.store.begin().await?;
        let unused = tx.remove_file(&row.id).await?;
        tx.commit().await?;
        let (vault, id) = (self.vault.clone(), row.id.clone());
        spawn(move || {
            vault.forget_upload(&id)?;
            unused.map_or(Ok(()), |sha256| vault.forget_content(&sha256))
        })
        .await?;
        Ok(())
    }
}

/// The contents of all files below a data folder, by their hashes: for backups.
///
/// # Errors
/// If a folder cannot be read.
pub(crate) fn contents(data: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    Vault::all(data)
}

/// Where the contents with this hash belong below a data folder; `None` if it is no hash.
///
/// # Errors
/// If their folder cannot be made.
pub(crate) fn place_of_content(data: &Path, sha256: &str) -> io::Result<Option<PathBuf>> {
    Vault::place(data, sha256)
}

/// The right to write to one upload.
struct Turn {
    busy: Arc<Mutex<HashSet<String>>>,
    id: String,
}

impl Turn {
    fn take(busy: &Arc<Mutex<HashSet<String>>>, id: &str) -> Option<Self> {
        let is_free = lock(busy).insert(id.to_owned());
        is_free.then(|| Self {
            busy: Arc::clone(busy),
            id: id.to_owned(),
        })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        lock(&self.busy).remove(&self.id);
    }
}

fn lock(busy: &Mutex<HashSet<String>>) -> std::sync::MutexGuard<'_, HashSet<String>> {
    // A set cannot be left half changed.
    busy.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Work that waits for the disk, on a thread that may.
async fn spawn<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    match spawn_blocking(work).await {
        Ok(result) => result,
        Err(stopped) => Err(io::Error::other(stopped)),
    }
}

#[cfg(test)]
mod tests;
