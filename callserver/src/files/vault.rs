//! Where the bytes are: uploads that grow, and contents by their hash. Everything here may block.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use api::hex;
use sha2::{Digest, Sha256};

use super::kind;

/// The folders of the store.
#[derive(Clone, Debug)]
pub(super) struct Vault {
    uploads: PathBuf,
    contents: PathBuf,
    // Made of contents, and to be made again when they are missing.
    thumbnails: PathBuf,
}

/// What came of a whole upload.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Content {
    /// SHA-256, hexadecimal.
    pub(super) sha256: String,
    /// What it is.
    pub(super) media_type: &'static str,
}

/// The folder of contents in the data folder.
const CONTENTS: &str = "files";

/// What stands behind each small picture.
const END: u8 = b'.';

/// So much is read at once.
const CHUNK: usize = 256 * 1024;

impl Vault {
    /// Makes the folders below the data folder, for the owner alone.
    pub(super) fn open(data: &Path) -> io::Result<Self> {
        let vault = Self::at(data);
        for folder in [&vault.uploads, &vault.contents, &vault.thumbnails] {
            make_folder(folder)?;
        }
        Ok(vault)
    }

    fn at(data: &Path) -> Self {
        Self {
            uploads: data.join("uploads"),
            contents: data.join(CONTENTS),
            thumbnails: data.join("thumbnails"),
        }
    }

    /// Makes room for a new upload.
    pub(super) fn begin(&self, id: &str) -> io::Result<()> {
        let new = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(self.upload(id))?;
        new.sync_all()?;
        sync_folder(&self.uploads)
    }

    /// The upload, to be written from `offset` on. Not opened for appending: a write that a broken connection has left behind
    /// may come late, and then puts the same bytes where they belong, and not a second time at the end.
    pub(super) fn write_from(&self, id: &str, offset: u64) -> io::Result<File> {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(self.upload(id))?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(file)
    }

    /// How much of it has come for good: what is told here survives a power cut.
    pub(super) fn received(&self, id: &str) -> io::Result<u64> {
        let file = match File::open(self.upload(id)) {
            // Begun at another server on the same database, or before the data folder was brought back: it begins anew.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            file => file?,
        };
        file.sync_all()?;
        Ok(file.metadata()?.len())
    }

    /// Cuts an upload back to what it was.
    pub(super) fn cut(&self, id: &str, length: u64) -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(self.upload(id))?;
        file.set_len(length)?;
        file.sync_all()
    }

    /// What came of a whole upload.
    pub(super) fn digest(&self, id: &str) -> io::Result<Content> {
        let mut file = File::open(self.upload(id))?;
        let (mut hash, mut head, mut chunk) = (Sha256::new(), Vec::new(), vec![0; CHUNK]);
        loop {
            let length = file.read(&mut chunk)?;
            if length == 0 {
                break;
            }
            if head.is_empty() {
                head.extend(&chunk[..length.min(kind::HEAD)]);
            }
            hash.update(&chunk[..length]);
        }
        file.sync_all()?;
        Ok(Content {
            sha256: hex(&hash.finalize()),
            media_type: kind::of(&head),
        })
    }

    /// Puts a whole upload among the contents. It stays among the uploads, too, until [`Vault::forget_upload`]: whoever is
    /// interrupted in between does both again.
    pub(super) fn keep(&self, id: &str, sha256: &str) -> io::Result<()> {
        let content = self.content(sha256);
        let folder = content.parent().unwrap_or(&self.contents);
        make_folder(folder)?;
        match fs::hard_link(self.upload(id), &content) {
            // Somebody has sent the same before.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            linked => linked?,
        }
        sync_folder(folder)?;
        sync_folder(&self.contents)
    }

    /// Removes an upload. One that is not there is removed already.
    pub(super) fn forget_upload(&self, id: &str) -> io::Result<()> {
        is_gone(fs::remove_file(self.upload(id)))
    }

    /// Removes contents and what was made of them.
    pub(super) fn forget_content(&self, sha256: &str) -> io::Result<()> {
        is_gone(fs::remove_file(place(&self.thumbnails, sha256)))?;
        is_gone(fs::remove_file(self.content(sha256)))
    }

    /// Where the contents with this hash are.
    pub(super) fn content(&self, sha256: &str) -> PathBuf {
        place(&self.contents, sha256)
    }

    /// The small picture of a picture, if somebody has made one. Empty: it is known that there is none.
    pub(super) fn thumbnail(&self, sha256: &str) -> io::Result<Option<Vec<u8>>> {
        let mut jpeg = match fs::read(place(&self.thumbnails, sha256)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            jpeg => jpeg?,
        };
        // Without its end it was cut off with the power.
        Ok((jpeg.pop() == Some(END)).then_some(jpeg))
    }

    /// Keeps the small picture of a picture. One at a time.
    pub(super) fn keep_thumbnail(&self, sha256: &str, jpeg: &[u8]) -> io::Result<()> {
        let place = place(&self.thumbnails, sha256);
        place.parent().map_or(Ok(()), make_folder)?;
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(place)?;
        file.write_all(jpeg)?;
        file.write_all(&[END])
    }

    /// All contents here, by their hashes.
    pub(super) fn contents(&self) -> io::Result<Vec<(String, PathBuf)>> {
        within(&self.contents)
    }

    /// The contents below a data folder in which nobody may be working, by their hashes.
    pub(super) fn all(data: &Path) -> io::Result<Vec<(String, PathBuf)>> {
        match data.join(CONTENTS) {
            contents if contents.exists() => within(&contents),
            _ => Ok(Vec::new()),
        }
    }

    /// Makes the folder for contents that are brought back, and says where they go. `None`: this is no hash.
    pub(super) fn place(data: &Path, sha256: &str) -> io::Result<Option<PathBuf>> {
        if !super::is_hash(sha256) {
            return Ok(None);
        }
        let place = Self::at(data).content(sha256);
        place.parent().map_or(Ok(()), make_folder)?;
        Ok(Some(place))
    }

    /// The hashes of all contents that were not touched for so long, also of those of which only a small picture is left.
    pub(super) fn contents_older_than(&self, age: Duration) -> io::Result<BTreeSet<String>> {
        let mut found = older_than(within(&self.contents)?, age)?;
        found.extend(older_than(within(&self.thumbnails)?, age)?);
        Ok(found.into_iter().collect())
    }

    /// The ids of all uploads that were not touched for so long.
    pub(super) fn uploads_older_than(&self, age: Duration) -> io::Result<Vec<String>> {
        older_than(entries(&self.uploads)?, age)
    }

    /// Where an upload is, or would be.
    pub(super) fn upload(&self, id: &str) -> PathBuf {
        self.uploads.join(id)
    }
}

/// Where what belongs to a hash is below a folder.
fn place(folder: &Path, sha256: &str) -> PathBuf {
    // Thousands of entries in one folder are slow on some file systems.
    folder.join(sha256.get(..2).unwrap_or("00")).join(sha256)
}

/// Names and places of everything that [`place`] has put below a folder.
fn within(folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for folder in fs::read_dir(folder)? {
        found.extend(entries(&folder?.path())?);
    }
    Ok(found)
}

fn entries(folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if let Ok(name) = entry.file_name().into_string() {
            found.push((name, entry.path()));
        }
    }
    Ok(found)
}

/// The names of those that were not touched for so long.
fn older_than(entries: Vec<(String, PathBuf)>, age: Duration) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for (name, path) in entries {
        // Removed by somebody else just now.
        let Ok(about) = fs::metadata(path) else {
            continue;
        };
        let age_now = SystemTime::now().duration_since(about.modified()?);
        if age_now.is_ok_and(|now| now > age) {
            found.push(name);
        }
    }
    Ok(found)
}

fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// A name is there for good once its folder is written.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn is_gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
