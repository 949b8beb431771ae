//! Uploads: bytes that come in order, over as many connections as it takes, until all are there.

use std::io;
use std::time::{Duration, SystemTime};

use api::{AccountId, hex, safe_file_name};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use rand::Rng;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::{FileLimits, Files, FilesError, Turn};
use crate::store::FileRow;

/// Uploads that one account may leave unfinished.
pub(super) const MOST_UNFINISHED: u64 = 50;

/// A client that sends nothing for so long has gone; it comes back with another request.
const SILENCE: Duration = Duration::from_secs(30);

/// A file, and how many bytes of it have come.
type Progress = (FileRow, u64);

impl Files {
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
        let (id, name) = (hex(&random), safe_file_name(name));
        let new = id.clone();
        self.on_disk(move |vault| vault.begin(&new)).await?;
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
            self.on_disk(move |vault| vault.forget_upload(&id)).await?;
            return Err(refused);
        }
        tx.add_file(&id, owner, &name, size, SystemTime::now())
            .await?;
        tx.commit().await?;
        let row = self.store.file(&id).await?.ok_or(FilesError::NotFound)?;
        match Turn::take(&self.busy, &row.id) {
            Some(turn) if size == 0 => self.finish(turn, row).await,
            _ => Ok(row),
        }
    }

    /// A file of one's own, and how much of it has come.
    ///
    /// # Errors
    /// If there is none.
    pub async fn own(&self, owner: AccountId, id: &str) -> Result<Progress, FilesError> {
        let row = self.owned(owner, id).await?;
        let received = self.received_of(&row).await?;
        // All had come when the server was stopped: what was left is done now.
        if row.sha256.is_none()
            && received == row.size
            && let Some(turn) = Turn::take(&self.busy, id)
        {
            return Ok((self.finish(turn, row).await?, received));
        }
        Ok((row, received))
    }

    /// How much of a file has come.
    ///
    /// # Errors
    /// If the disk fails.
    pub async fn received_of(&self, row: &FileRow) -> Result<u64, FilesError> {
        if row.sha256.is_some() {
            return Ok(row.size);
        }
        let id = row.id.clone();
        Ok(self.on_disk(move |vault| vault.received(&id)).await?)
    }

    /// Takes the bytes from `offset` on. What has come when the stream breaks stays. `checksum` is SHA-256 of these bytes.
    /// Gives back how much has come in all.
    ///
    /// # Errors
    /// If they are not the next ones, too many, or not those that were sent; then nothing of them stays.
    pub async fn append<E>(
        &self,
        owner: AccountId,
        id: &str,
        offset: u64,
        checksum: Option<[u8; 32]>,
        body: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<Progress, FilesError> {
        let turn = Turn::take(&self.busy, id).ok_or(FilesError::Busy)?;
        let row = self.owned(owner, id).await?;
        let received = self.received_of(&row).await?;
        if received != offset {
            return Err(FilesError::WrongOffset { received });
        }
        if row.sha256.is_some() {
            return Ok((row, received));
        }
        let taken = self.take(&row, offset, checksum, body).await;
        let is_undone = matches!(
            taken,
            Err(FilesError::TooMuch { .. } | FilesError::Checksum)
        );
        let upload = row.id.clone();
        let received = self.on_disk(move |vault| match is_undone {
            true => vault.cut(&upload, offset).map(|()| offset),
            false => vault.received(&upload),
        });
        let received = received.await?;
        if taken.is_ok() && received == row.size {
            return Ok((self.finish(turn, row).await?, received));
        }
        let mut tx = self.store.begin().await?;
        tx.touch_file(id, SystemTime::now()).await?;
        tx.commit().await?;
        taken.map(|()| (row, received))
    }

    /// Writes what comes behind what has come.
    async fn take<E>(
        &self,
        row: &FileRow,
        offset: u64,
        checksum: Option<[u8; 32]>,
        mut body: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<(), FilesError> {
        let upload = row.id.clone();
        let file = self.on_disk(move |vault| vault.write_from(&upload, offset));
        let mut file = tokio::fs::File::from_std(file.await?);
        let (mut length, mut hash) = (offset, Sha256::new());
        let ended = loop {
            let bytes = match timeout(SILENCE, body.next()).await {
                Ok(None) => break Ok(()),
                Ok(Some(Ok(bytes))) => bytes,
                Ok(Some(Err(_))) | Err(_) => break Err(FilesError::BrokenOff),
            };
            length += bytes.len() as u64;
            if length > row.size {
                break Err(FilesError::TooMuch { size: row.size });
            }
            hash.update(&bytes);
            file.write_all(&bytes).await?;
        };
        // What was written before a break stays, too.
        file.flush().await?;
        ended?;
        match checksum {
            Some(checksum) if checksum[..] != hash.finalize()[..] => Err(FilesError::Checksum),
            _ => Ok(()),
        }
    }

    /// All of it has come. A large file takes a while, so this goes on when whoever sent it does not wait.
    async fn finish(&self, turn: Turn, row: FileRow) -> Result<FileRow, FilesError> {
        let files = self.clone();
        let finished = tokio::spawn(async move {
            let _turn = turn;
            files.settle(row).await
        });
        finished
            .await
            .unwrap_or_else(|stopped| Err(io::Error::other(stopped).into()))
    }

    async fn settle(&self, row: FileRow) -> Result<FileRow, FilesError> {
        let id = row.id.clone();
        let content = self.on_disk(move |vault| vault.digest(&id)).await?;
        let finished = async {
            let mut tx = self.store.begin().await?;
            tx.finish_file(&row.id, &content.sha256, content.media_type)
                .await?;
            Ok(tx.commit().await?)
        };
        self.keep(&row.id, &content.sha256, finished).await?;
        let id = row.id.clone();
        self.on_disk(move |vault| vault.forget_upload(&id)).await?;
        Ok(FileRow {
            media_type: content.media_type.to_owned(),
            sha256: Some(content.sha256),
            ..row
        })
    }
}
