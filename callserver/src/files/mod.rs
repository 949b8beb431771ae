//! Files that people send: uploads that go on after a break, contents kept once by their hash.
//!
//! A file is a row of the database and bytes in the data folder. What is told to have come is on the disk. A file is
//! finished in three steps that can each be done again after a crash: its contents get their name, the row gets the hash,
//! the upload goes. Contents that no row names any more are removed by [`Files::sweep`].

mod bucket;
mod contents;
mod kind;
mod upload;
mod vault;

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use api::AccountId;
use tokio::task::spawn_blocking;

use crate::store::{FileRow, Store, StoreError, unix_millis};
use bucket::Bucket;
pub use bucket::BucketPlace;
pub use contents::{Contents, InBucket};
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
    bucket: Option<Bucket>,
    limits: FileLimits,
    // Uploads that somebody writes to now.
    busy: Arc<Mutex<HashSet<String>>>,
    // Held while contents and rows are brought together: what one file still needs is not removed with another one.
    settling: Arc<tokio::sync::Mutex<()>>,
    // Held while a picture is decoded: one at a time bounds what all of them may take.
    drawing: Arc<tokio::sync::Mutex<()>>,
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
    /// Not a picture, or one that cannot be made small.
    #[error("There is no small picture of this file.")]
    NoThumbnail,
    /// Not all of it has come.
    #[error("Not all of the file has come yet; go on sending it.")]
    Unfinished,
    /// The connection broke, or nothing came for a while.
    #[error("The upload broke off; ask how much has come, and go on from there.")]
    BrokenOff,
    /// The disk.
    #[error("The server's disk does not take or give it: {0}.")]
    Disk(#[from] io::Error),
    /// The object store.
    #[error("The object store for files does not take or give it: {0}.")]
    Bucket(Box<object_store::Error>),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How old contents without a row are before they are taken for forgotten, and not for those of a file that is just being
/// finished.
const ORPHANED: Duration = Duration::from_secs(24 * 60 * 60);

impl Files {
    /// The store of a data folder, with contents in a bucket if one is named.
    ///
    /// # Errors
    /// If its folders cannot be made, or what is said of the bucket makes no sense.
    pub fn open(
        data: &Path,
        store: Store,
        limits: FileLimits,
        bucket: Option<&BucketPlace>,
    ) -> Result<Self, FilesError> {
        let bucket = bucket.map(Bucket::new).transpose();
        Ok(Self {
            store,
            vault: Vault::open(data)?,
            bucket: bucket.map_err(FilesError::bucket)?,
            limits,
            busy: Arc::default(),
            settling: Arc::default(),
            drawing: Arc::default(),
        })
    }

    /// The limits.
    pub fn limits(&self) -> FileLimits {
        self.limits
    }

    /// A finished file that this account may read, and where its bytes are.
    ///
    /// # Errors
    /// If there is none, or not all of it has come.
    pub async fn read(
        &self,
        reader: AccountId,
        id: &str,
    ) -> Result<(FileRow, Contents), FilesError> {
        let (row, sha256) = self.readable(reader, id).await?;
        let contents = self.contents(&sha256).await?;
        Ok((row, contents))
    }

    /// A small JPEG of a picture that this account may read, and the hash of the picture.
    ///
    /// # Errors
    /// If there is no such file, or no small picture of it.
    pub async fn thumbnail(
        &self,
        reader: AccountId,
        id: &str,
    ) -> Result<(String, Vec<u8>), FilesError> {
        let (row, sha256) = self.readable(reader, id).await?;
        if !may_have_thumbnail(&row.media_type, row.size) {
            return Err(FilesError::NoThumbnail);
        }
        let known = self.known_thumbnail(&sha256).await?;
        let jpeg = match known {
            Some(known) => known,
            None => self.draw(&sha256).await?,
        };
        match jpeg.is_empty() {
            true => Err(FilesError::NoThumbnail),
            false => Ok((sha256, jpeg)),
        }
    }

    /// A finished file that this account may read, and the hash of its contents.
    async fn readable(&self, reader: AccountId, id: &str) -> Result<(FileRow, String), FilesError> {
        let row = self.store.file(id).await?.ok_or(FilesError::NotFound)?;
        if row.owner != reader && !self.store.was_sent_to(reader, id).await? {
            return Err(FilesError::NotFound);
        }
        let sha256 = row.sha256.clone().ok_or(FilesError::Unfinished)?;
        Ok((row, sha256))
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
        let uploads = self.on_disk(|vault| vault.uploads_older_than(ORPHANED));
        for id in uploads.await? {
            let row = self.store.file(&id).await?;
            if row.is_none_or(|row| row.sha256.is_some()) {
                self.on_disk(move |vault| vault.forget_upload(&id)).await?;
                removed += 1;
            }
        }
        let contents = self.on_disk(|vault| vault.contents_older_than(ORPHANED));
        for sha256 in contents.await? {
            if self.forget_unused(&sha256).await? {
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

    async fn discard(&self, row: &FileRow) -> Result<(), FilesError> {
        let mut tx = self.store.begin().await?;
        let unused = tx.remove_file(&row.id).await?;
        tx.commit().await?;
        let id = row.id.clone();
        self.on_disk(move |vault| vault.forget_upload(&id)).await?;
        if let Some(sha256) = unused {
            self.forget_unused(&sha256).await?;
        }
        Ok(())
    }

    /// Work that waits for the disk, on a thread that may.
    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Vault) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let vault = self.vault.clone();
        match spawn_blocking(move || work(&vault)).await {
            Ok(result) => result,
            Err(stopped) => Err(io::Error::other(stopped)),
        }
    }
}

/// Whether a file may have a small picture, by its kind and its length in bytes.
fn may_have_thumbnail(media_type: &str, size: u64) -> bool {
    let is_picture = matches!(
        media_type,
        "image/gif" | "image/jpeg" | "image/png" | "image/webp"
    );
    is_picture && size <= pictures::MOST_BYTES
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

/// Whether this can be the SHA-256 of something: it becomes part of a path.
fn is_hash(text: &str) -> bool {
    let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.len() == 64 && text.bytes().all(is_digit)
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

#[cfg(test)]
mod tests;
