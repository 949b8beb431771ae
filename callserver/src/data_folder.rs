//! The data folder: made with mode 0700, owned by one process at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rand::RngExt;

/// A data folder that this process owns until the value is dropped.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    // Holds the lock: the kernel lets go of it when the process ends, however it ends.
    lock: File,
}

/// Why the data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataFolderError {
    /// It does not exist and cannot be made.
    #[error("The data folder {} cannot be created ({source}); choose another one with --data.", path.display())]
    Create {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It exists, but files cannot be made in it.
    #[error("The data folder {} is not writable ({source}); change its owner or choose another one with --data.", path.display())]
    NotWritable {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something that is not a folder has this name.
    #[error("{} is not a folder; choose another data folder with --data.", path.display())]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
    /// Another process owns it.
    #[error("The data folder {} is in use by another callserver or callctl{}; stop that one first or choose another folder with --data.",
        path.display(), holder.map(|pid| format!(" (process {pid})")).unwrap_or_default())]
    InUse {
        /// The folder.
        path: PathBuf,
        /// The process that owns it, if it told.
        holder: Option<u32>,
    },
}

impl DataFolder {
    /// Makes the folder if it is missing, closes it to other users, and takes its lock.
    ///
    /// # Errors
    /// If it cannot be made or written to, or if another process owns it.
    pub fn open(path: &Path) -> Result<Self, DataFolderError> {
        Self::open_with(path, None)
    }

    /// The same with the lock that the process before has held, and passed on.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(path: &Path, lock: Option<OwnedFd>) -> Result<Self, DataFolderError> {
        if path.exists() && !path.is_dir() {
            return Err(DataFolderError::NotAFolder {
                path: path.to_owned(),
            });
        }
        if !path.exists() {
            let made = fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(path);
            made.map_err(|source| DataFolderError::Create {
                path: path.to_owned(),
                source,
            })?;
        }
        // Also for a folder that somebody made by hand: passwords' hashes and conversations live here.
        let not_writable = |source| DataFolderError::NotWritable {
            path: path.to_owned(),
            source,
        };
        let mode = fs::metadata(path)
            .map_err(not_writable)?
            .permissions()
            .mode();
        if mode & 0o077 != 0 {
            fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(not_writable)?;
        }
        let lock_path = path.join("lock");
        let open = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(lock_path);
        let mut lock = match lock {
            Some(lock) => File::from(lock),
            None => open.map_err(not_writable)?,
        };
        // Who holds it already gets it again.
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let holder = lock
                    .read_to_string(&mut text)
                    .ok()
                    .and_then(|_| text.trim().parse().ok());
                return Err(DataFolderError::InUse {
                    path: path.to_owned(),
                    holder,
                });
            }
            Err(TryLockError::Error(source)) => return Err(not_writable(source)),
        }
        let write_process_id = || {
            lock.set_len(0)?;
            lock.rewind()?;
            writeln!(lock, "{}", std::process::id())
        };
        let mut write_process_id = write_process_id;
        write_process_id().map_err(not_writable)?;
        Ok(Self {
            path: path.to_owned(),
            lock,
        })
    }

    /// The name by which servers on one database tell their registrations apart: made up once, and kept in the file
    /// `node`.
    ///
    /// # Errors
    /// If it can be neither read nor written.
    pub fn node(&self) -> Result<String, DataFolderError> {
        let not_writable = |source| DataFolderError::NotWritable {
            path: self.path.clone(),
            source,
        };
        let path = self.path.join("node");
        match fs::read_to_string(&path) {
            Ok(text) if is_node(text.trim()) => return Ok(text.trim().to_owned()),
            // Half written, by a server that did not come to use it.
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(not_writable(error)),
        }
        let node = format!("{:016x}", rand::rng().random::<u64>());
        let write = || {
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true).mode(0o600);
            let mut file = options.open(&path)?;
            writeln!(file, "{node}")?;
            file.sync_all()
        };
        write().map_err(not_writable)?;
        Ok(node)
    }

    /// The lock once more, for a process that goes on with the folder.
    ///
    /// # Errors
    /// If the process may not have so many descriptors.
    pub fn lock(&self) -> io::Result<OwnedFd> {
        Ok(self.lock.try_clone()?.into())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The socket over which `callctl` speaks to the server that owns the folder `data`.
    pub fn control_socket(data: &Path) -> PathBuf {
        data.join("control.sock")
    }

    /// The database file in the folder `data`.
    pub fn database(data: &Path) -> PathBuf {
        data.join("carillon.sqlite")
    }

    /// The folder that is used when nobody names one: `/var/lib/carillon` for root, else below the home folder.
    pub fn default_path() -> PathBuf {
        if rustix::process::geteuid().is_root() {
            return PathBuf::from("/var/lib/carillon");
        }
        let absolute = |name: &str| {
            std::env::var_os(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        absolute("XDG_DATA_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
            .unwrap_or_else(|| PathBuf::from("."))
            .join("carillon")
    }
}

fn is_node(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_and_its_lock_are_closed_to_others() {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("a/b");
        let folder = DataFolder::open(&path).unwrap();
        assert_eq!(
            fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777,
            0o700
        );
        assert_eq!(
            fs::metadata(path.join("lock"))
                .unwrap()
                .permissions()
                .mode()
                & 0o777,
            0o600
        );
    }

    #[test]
    fn a_second_owner_is_refused_with_the_first_ones_process_id_and_welcome_afterwards() {
        let outer = tempfile::tempdir().unwrap();
        let first = DataFolder::open(outer.path()).unwrap();
        let refused = DataFolder::open(outer.path()).unwrap_err().to_string();
        assert!(
            refused.contains(&format!("(process {})", std::process::id())),
            "{refused}"
        );
        drop(first);
        DataFolder::open(outer.path()).unwrap();
    }

    #[test]
    fn a_folder_keeps_its_node_and_two_folders_differ() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let node = |path| DataFolder::open(path).unwrap().node().unwrap();
        let first = node(one.path());
        assert_eq!(node(one.path()), first);
        assert_ne!(node(other.path()), first);
        fs::write(one.path().join("node"), "").unwrap();
        assert!(is_node(&node(one.path())));
    }

    #[test]
    fn a_file_in_the_place_of_the_folder_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(matches!(
            DataFolder::open(file.path()),
            Err(DataFolderError::NotAFolder { .. })
        ));
        let inside = DataFolder::open(&file.path().join("x")).unwrap_err();
        assert!(matches!(inside, DataFolderError::Create { .. }));
    }
}
