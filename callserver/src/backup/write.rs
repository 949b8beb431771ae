//! Writing the archive.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{BackupError, DATABASE, DUMP, FILES, MANIFEST, Manifest, SENT};
use crate::files;
use crate::store::Engine;

/// Puts the copy of the database and the other files of the data folder into the archive `to`, which must not exist.
/// What stands under that name is whole and on the disk, or not there at all.
///
/// # Errors
/// If the archive exists, or something cannot be read or written.
pub fn write(
    to: &Path,
    data: &Path,
    engine: Engine,
    copy: &Path,
    manifest: &Manifest,
) -> Result<(), BackupError> {
    let failed = |source| BackupError::Write {
        path: to.to_owned(),
        source,
    };
    if to.symlink_metadata().is_ok() {
        return Err(BackupError::Exists {
            path: to.to_owned(),
        });
    }
    let unfinished = Unfinished::new(to).map_err(failed)?;
    let mut archive = ZipWriter::new(&unfinished.file);
    let options = SimpleFileOptions::default()
        .unix_permissions(0o600)
        // A database may be larger than the old format of ZIP can say.
        .large_file(true);
    let manifest = serde_json::to_vec_pretty(manifest).map_err(|error| failed(error.into()))?;
    let begin = |archive: &mut ZipWriter<&File>, name: &str| {
        archive
            .start_file(name, options)
            .map_err(|error| failed(error.into()))
    };
    begin(&mut archive, MANIFEST)?;
    archive.write_all(&manifest).map_err(failed)?;
    let name = match engine {
        Engine::Sqlite => DATABASE,
        Engine::Postgres => DUMP,
    };
    let others = FILES.iter().map(|name| (*name, data.join(name)));
    for (name, path) in std::iter::once((name, copy.to_owned())).chain(others) {
        let unreadable = |source| BackupError::Read {
            path: path.clone(),
            source,
        };
        let mut file = match File::open(&path) {
            Ok(file) => file,
            // A server without encryption has no certificate.
            Err(error) if error.kind() == io::ErrorKind::NotFound && path != copy => continue,
            Err(error) => return Err(unreadable(error)),
        };
        begin(&mut archive, name)?;
        io::copy(&mut file, &mut archive).map_err(failed)?;
    }
    // After the database: whatever it names has its contents by now.
    let sent = files::contents(data).map_err(|source| BackupError::Read {
        path: data.to_owned(),
        source,
    })?;
    for (sha256, path) in sent {
        let mut file = match File::open(&path) {
            Ok(file) => file,
            // Its owner has removed it meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(source) => return Err(BackupError::Read { path, source }),
        };
        begin(&mut archive, &format!("{SENT}{sha256}"))?;
        io::copy(&mut file, &mut archive).map_err(failed)?;
    }
    archive.finish().map_err(|error| failed(error.into()))?;
    unfinished.keep()
}

/// The archive while it is being written, under a name of its own beside the final one. It goes away unless it is kept.
struct Unfinished<'a> {
    to: &'a Path,
    path: PathBuf,
    file: File,
}

impl<'a> Unfinished<'a> {
    fn new(to: &'a Path) -> io::Result<Self> {
        let mut name = to
            .file_name()
            .ok_or(io::ErrorKind::InvalidFilename)?
            .to_owned();
        name.push(format!(".{}.unfinished", std::process::id()));
        let path = to.with_file_name(name);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        Ok(Self { to, path, file })
    }

    fn keep(self) -> Result<(), BackupError> {
        let failed = |source| BackupError::Write {
            path: self.to.to_owned(),
            source,
        };
        self.file.sync_all().map_err(failed)?;
        // Unlike a renaming, a second name for the file never takes the place of another one.
        match std::fs::hard_link(&self.path, self.to) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(BackupError::Exists {
                    path: self.to.to_owned(),
                });
            }
            // Some file systems have no second names.
            Err(_) => std::fs::rename(&self.path, self.to).map_err(failed)?,
        }
        let folder = match self.to.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed)
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}
