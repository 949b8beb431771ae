//! Contents by their hash: in the data folder, or in a bucket. What the data folder has is read there, also where there is a
//! bucket: a server that has just been given one moves its contents there bit by bit.

use std::io::{self, BufReader, Cursor};
use std::ops::Range;
use std::path::PathBuf;
use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;
use tokio::task::spawn_blocking;

use super::bucket::{Bucket, BucketError};
use super::{Files, FilesError, ORPHANED};

/// Where the bytes of a file are.
#[derive(Clone, Debug)]
pub enum Contents {
    /// In this file.
    OnDisk(PathBuf),
    /// In a bucket.
    InBucket(InBucket),
}

/// Contents in a bucket.
#[derive(Clone, Debug)]
pub struct InBucket {
    bucket: Bucket,
    sha256: String,
}

impl InBucket {
    /// Its bytes, or a part of them, as they come.
    ///
    /// # Errors
    /// If the store does not answer, or does not have it.
    pub async fn read(
        &self,
        range: Option<Range<u64>>,
    ) -> Result<BoxStream<'static, io::Result<Bytes>>, FilesError> {
        let read = self.bucket.read(&self.sha256, range).await;
        read.map_err(FilesError::bucket)
    }
}

impl FilesError {
    pub(super) fn bucket(error: impl Into<BucketError>) -> Self {
        match error.into() {
            BucketError::Disk(error) => Self::Disk(error),
            BucketError::Store(error) => Self::Bucket(Box::new(error)),
        }
    }
}

impl Files {
    /// Where contents are.
    pub(super) async fn contents(&self, sha256: &str) -> io::Result<Contents> {
        let sha256 = sha256.to_owned();
        let Some(bucket) = self.bucket.clone() else {
            return Ok(Contents::OnDisk(self.vault.content(&sha256)));
        };
        let here = sha256.clone();
        let path = self.on_disk(move |vault| {
            let path = vault.content(&here);
            Ok(path.try_exists()?.then_some(path))
        });
        Ok(match path.await? {
            Some(path) => Contents::OnDisk(path),
            None => Contents::InBucket(InBucket { bucket, sha256 }),
        })
    }

    /// Puts a whole upload among the contents, and then does what makes them somebody's. In between nobody removes them.
    pub(super) async fn keep<T>(
        &self,
        id: &str,
        sha256: &str,
        then: impl Future<Output = Result<T, FilesError>>,
    ) -> Result<T, FilesError> {
        // A large file takes minutes, in which others may finish theirs.
        self.keep_in_bucket(id, sha256).await?;
        let _settling = self.settling.lock().await;
        let _turn = self.turn(sha256).await?;
        match self.bucket {
            // Somebody has removed the same contents meanwhile, perhaps.
            Some(_) => self.keep_in_bucket(id, sha256).await?,
            None => {
                let (id, sha256) = (id.to_owned(), sha256.to_owned());
                self.on_disk(move |vault| vault.keep(&id, &sha256)).await?;
            }
        }
        then.await
    }

    async fn keep_in_bucket(&self, id: &str, sha256: &str) -> Result<(), FilesError> {
        let Some(bucket) = &self.bucket else {
            return Ok(());
        };
        if bucket.has(sha256).await.map_err(FilesError::bucket)? {
            return Ok(());
        }
        let kept = bucket.keep(sha256, &self.vault.upload(id)).await;
        kept.map_err(FilesError::bucket)
    }

    /// Removes contents that are nobody's. Gives back whether they were.
    pub(super) async fn forget_unused(&self, sha256: &str) -> Result<bool, FilesError> {
        let _settling = self.settling.lock().await;
        let _turn = self.turn(sha256).await?;
        if self.store.has_content(sha256).await? {
            return Ok(false);
        }
        if let Some(bucket) = &self.bucket {
            bucket.forget(sha256).await.map_err(FilesError::bucket)?;
        }
        let sha256 = sha256.to_owned();
        self.on_disk(move |vault| vault.forget_content(&sha256))
            .await?;
        Ok(true)
    }

    /// Other servers keep away from these contents, too, where they share them.
    async fn turn(&self, sha256: &str) -> Result<Option<crate::store::ContentTurn>, FilesError> {
        match self.bucket {
            Some(_) => Ok(self.store.content_turn(sha256).await?),
            None => Ok(None),
        }
    }

    /// Removes what lies in the bucket and is nobody's, since a server was stopped at the wrong moment. Gives back how many.
    ///
    /// # Errors
    /// If the database or the store fails; the rest is removed another time.
    pub async fn sweep_bucket(&self, now: SystemTime) -> Result<u64, FilesError> {
        let Some(bucket) = &self.bucket else {
            return Ok(0);
        };
        let mut removed = 0;
        let before = now.checked_sub(ORPHANED).unwrap_or(SystemTime::UNIX_EPOCH);
        let mut old = bucket.older_than(before);
        while let Some(sha256) = old.try_next().await.map_err(FilesError::bucket)? {
            if !self.store.has_content(&sha256).await? && self.forget_unused(&sha256).await? {
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Brings the contents of the data folder into the bucket, if there is one. Gives back how many.
    ///
    /// # Errors
    /// If the disk, the database or the store fails; the rest goes another time.
    pub async fn move_to_bucket(&self) -> Result<u64, FilesError> {
        let Some(bucket) = &self.bucket else {
            return Ok(0);
        };
        let mut moved = 0;
        for (sha256, path) in self.on_disk(|vault| vault.contents()).await? {
            if !self.store.has_content(&sha256).await? {
                continue;
            }
            let is_there = bucket.has(&sha256).await.map_err(FilesError::bucket)?;
            if !is_there {
                let kept = bucket.keep(&sha256, &path).await;
                kept.map_err(FilesError::bucket)?;
            }
            // Whoever is reading it has it open.
            self.on_disk(move |_| std::fs::remove_file(path)).await?;
            moved += 1;
        }
        Ok(moved)
    }

    /// Makes a small picture and keeps it. Empty: there is none, now and later.
    pub(super) async fn draw(&self, sha256: &str) -> Result<Vec<u8>, FilesError> {
        let _drawing = self.drawing.lock().await;
        if let Some(known) = self.known_thumbnail(sha256).await? {
            return Ok(known);
        }
        let drawn = match self.contents(sha256).await? {
            Contents::OnDisk(path) => {
                let picture = self.on_disk(move |_| std::fs::File::open(path)).await?;
                spawn_blocking(move || pictures::small(BufReader::new(picture))).await
            }
            Contents::InBucket(contents) => {
                let bytes = contents.read(None).await?;
                let bytes = bytes.try_fold(BytesMut::new(), async |mut all, bytes| {
                    all.extend_from_slice(&bytes);
                    Ok(all)
                });
                let bytes = bytes.await?;
                spawn_blocking(move || pictures::small(Cursor::new(bytes))).await
            }
        };
        let jpeg = drawn.unwrap_or_else(|stopped| {
            tracing::error!(sha256, %stopped, "a picture could not be made small");
            None
        });
        let (jpeg, sha256) = (jpeg.unwrap_or_default(), sha256.to_owned());
        let kept = self.on_disk(move |vault| {
            vault.keep_thumbnail(&sha256, &jpeg)?;
            Ok(jpeg)
        });
        Ok(kept.await?)
    }

    pub(super) async fn known_thumbnail(&self, sha256: &str) -> io::Result<Option<Vec<u8>>> {
        let sha256 = sha256.to_owned();
        self.on_disk(move |vault| vault.thumbnail(&sha256)).await
    }
}
