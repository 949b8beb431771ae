//! Files of this computer, a piece at a time, on threads that may wait for the disk.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use api::hex;
use bytes::Bytes;
use phone::chat::numbered;
use ring::digest::{Context, SHA256};
use tokio::task::spawn_blocking;

/// So much is read, hashed and sent at once.
pub(super) const CHUNK: usize = 1 << 20;
/// Files of one name in one folder, at most.
const NAMESAKES: u32 = 10_000;

/// Work that waits for the disk.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    spawn_blocking(work)
        .await
        .unwrap_or_else(|stopped| Err(io::Error::other(stopped)))
}

/// The next bytes of a file, at most a chunk; fewer only at its end.
pub(crate) async fn read(mut file: File) -> io::Result<(File, Bytes)> {
    blocking(move || {
        let mut bytes = Vec::new();
        Read::by_ref(&mut file)
            .take(CHUNK as u64)
            .read_to_end(&mut bytes)?;
        Ok((file, bytes.into()))
    })
    .await
}

/// A file, at a place in it.
pub(super) async fn open_at(path: PathBuf, offset: u64) -> io::Result<File> {
    blocking(move || {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(file)
    })
    .await
}

/// A file that grows while its SHA-256 is taken.
pub(crate) struct Growing {
    file: File,
    hash: Context,
    /// Its length.
    pub(crate) length: u64,
}

impl Growing {
    /// Goes on with what is there. More than `most` bytes are something else, and go.
    pub(crate) async fn open(path: PathBuf, most: u64) -> io::Result<Self> {
        let (mut file, mut hash) = blocking(move || {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            let mut options = File::options();
            let file = options
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(path)?;
            if file.metadata()?.len() > most {
                file.set_len(0)?;
            }
            Ok((file, Context::new(&SHA256)))
        })
        .await?;
        let mut length = 0;
        loop {
            let bytes;
            (file, bytes) = read(file).await?;
            if bytes.is_empty() {
                return Ok(Self { file, hash, length });
            }
            length += bytes.len() as u64;
            hash = blocking(move || {
                hash.update(&bytes);
                Ok(hash)
            })
            .await?;
        }
    }

    /// Adds bytes at its end.
    pub(crate) async fn add(self, bytes: Vec<u8>) -> io::Result<Self> {
        blocking(move || {
            let Self {
                mut file,
                mut hash,
                length,
            } = self;
            if let Err(error) = file.write_all(&bytes) {
                // What was written of it has no part in the hash.
                file.set_len(length)?;
                return Err(error);
            }
            hash.update(&bytes);
            let length = length + bytes.len() as u64;
            Ok(Self { file, hash, length })
        })
        .await
    }

    /// What was added is on the disk.
    pub(crate) async fn sync(self) -> io::Result<Self> {
        blocking(move || {
            self.file.sync_data()?;
            Ok(self)
        })
        .await
    }

    /// Takes everything out of it.
    pub(super) async fn empty(self) -> io::Result<Self> {
        blocking(move || {
            let mut file = self.file;
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0))?;
            let hash = Context::new(&SHA256);
            let length = 0;
            Ok(Self { file, hash, length })
        })
        .await
    }

    /// SHA-256 of all of it, in hexadecimal digits; it is on the disk for good.
    pub(crate) async fn finish(self) -> io::Result<String> {
        blocking(move || {
            self.file.sync_all()?;
            Ok(hex(self.hash.finish().as_ref()))
        })
        .await
    }
}

/// Gives a file a name that none in the folder has: `name`, or `name (2)`. Gives back which.
pub(super) async fn place(part: PathBuf, folder: PathBuf, name: String) -> io::Result<PathBuf> {
    blocking(move || {
        for number in 1..NAMESAKES {
            let path = folder.join(numbered(&name, number));
            // Taken before the file comes there, so that two that come at once never meet.
            match File::options().write(true).create_new(true).open(&path) {
                Ok(_) => {
                    return match std::fs::rename(&part, &path) {
                        Ok(()) => Ok(path),
                        Err(error) => {
                            let _ = std::fs::remove_file(&path);
                            Err(error)
                        }
                    };
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    })
    .await
}

/// Takes a file away that nobody needs any more.
pub(super) async fn remove(path: PathBuf) {
    let outcome = blocking(move || remove_now(&path)).await;
    if let Err(error) = outcome {
        tracing::warn!(%error, "a file that is not needed any more stays");
    }
}

fn remove_now(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_that_grows_over_several_runs_has_the_hash_of_all_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let part = folder.path().join("below").join("x.part");
        let growing = Growing::open(part.clone(), 10).await.unwrap();
        drop(growing.add(b"abc".to_vec()).await.unwrap());
        let growing = Growing::open(part.clone(), 10).await.unwrap();
        assert_eq!(growing.length, 3);
        let growing = growing.add(b"def".to_vec()).await.unwrap();
        let expected = hex(ring::digest::digest(&SHA256, b"abcdef").as_ref());
        assert_eq!(growing.finish().await.unwrap(), expected);
        // What is longer than it may be is something else.
        assert_eq!(Growing::open(part, 5).await.unwrap().length, 0);
    }

    #[tokio::test]
    async fn no_file_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().to_owned();
        std::fs::write(folder.join("a.txt"), "old").unwrap();
        for expected in ["a (2).txt", "a (3).txt"] {
            let part = folder.join("part");
            std::fs::write(&part, expected).unwrap();
            let placed = place(part, folder.clone(), "a.txt".into()).await.unwrap();
            assert_eq!(placed, folder.join(expected));
            assert_eq!(std::fs::read_to_string(placed).unwrap(), expected);
        }
        assert_eq!(
            std::fs::read_to_string(folder.join("a.txt")).unwrap(),
            "old"
        );
    }
}
