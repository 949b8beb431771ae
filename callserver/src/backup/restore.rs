//! Bringing an archive back to life, in a new data folder.

use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use zip::ZipArchive;

use super::{DATABASE, DUMP, FILES, FORMAT, MANIFEST, Manifest, RestoreError, SENT, new_copy};
use crate::DataFolder;
use crate::store::{DatabasePlace, PostgresUrl, Store, last_line};

/// The manifest is a few lines; a file of this name that is longer is none.
const LONGEST_MANIFEST: u64 = 64 << 10;

/// What was restored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Restored {
    /// What the archive says of itself.
    pub manifest: Manifest,
    /// Where the data lies now.
    pub place: DatabasePlace,
    /// How many accounts there are.
    pub accounts: u64,
}

/// Restores the archive `from` into the folder `data`, which is empty or not there yet; the database into `place`, which
/// is by default the file in that folder. When it fails, what it wrote is removed again.
///
/// # Errors
/// If the archive is damaged, or something is in the way.
pub async fn restore(
    from: &Path,
    data: &Path,
    place: Option<DatabasePlace>,
) -> Result<Restored, RestoreError> {
    let mut archive = Archive::open(from)?;
    let manifest = archive.manifest()?;
    let folder = new_folder(data)?;
    let mut written = Written::default();
    let restored = fill(&mut archive, folder.path(), place, &mut written).await;
    let (place, accounts) = match restored {
        Ok(restored) => {
            written.0.clear();
            restored
        }
        Err(error) => return Err(error),
    };
    drop(folder);
    Ok(Restored {
        manifest,
        place,
        accounts,
    })
}

async fn fill(
    archive: &mut Archive<'_>,
    data: &Path,
    place: Option<DatabasePlace>,
    written: &mut Written,
) -> Result<(DatabasePlace, u64), RestoreError> {
    for name in FILES {
        archive.extract(name, &data.join(name), written)?;
    }
    for name in archive.sent() {
        let sha256 = name.strip_prefix(SENT).unwrap_or_default();
        let place = crate::files::place_of_content(data, sha256);
        let place = place.map_err(|source| RestoreError::Write {
            path: data.to_owned(),
            source,
        })?;
        let place = place.ok_or_else(|| archive.damaged("a file in it has no hash for a name"))?;
        archive.extract(&name, &place, written)?;
    }
    let place = place.unwrap_or_else(|| DatabasePlace::File(DataFolder::database(data)));
    if archive.holds(DUMP) {
        let DatabasePlace::Postgres(url) = &place else {
            return Err(RestoreError::OtherEngine {
                holds: "PostgreSQL database",
                wants: "an empty one, postgres://USER@HOST/DATABASE",
            });
        };
        let dump = new_copy(data);
        archive.extract(DUMP, &dump, written)?;
        let filled = fill_postgres(&dump, url).await;
        let _ = std::fs::remove_file(&dump);
        filled?;
    } else {
        let DatabasePlace::File(path) = &place else {
            return Err(RestoreError::OtherEngine {
                holds: "database file",
                wants: "a file, or nothing",
            });
        };
        if path.exists() {
            return Err(RestoreError::NotEmpty { path: path.clone() });
        }
        if !archive.extract(DATABASE, path, written)? {
            return Err(archive.damaged("it holds no database"));
        }
        for side in ["-wal", "-shm"] {
            let mut name = path.clone().into_os_string();
            name.push(side);
            written.0.push(name.into());
        }
    }
    // Opened as the server will open it: now is the time to hear that it cannot be.
    let store = Store::open_place(&place).await?;
    let checked = async {
        store.check().await?;
        Ok::<_, RestoreError>(store.accounts().await?.len() as u64)
    }
    .await;
    store.close().await;
    Ok((place, checked?))
}

async fn fill_postgres(dump: &Path, url: &PostgresUrl) -> Result<(), RestoreError> {
    let place = url.to_string();
    if !Store::is_empty_postgres(url).await? {
        return Err(RestoreError::DatabaseNotEmpty { place });
    }
    let output = tokio::process::Command::new("pg_restore")
        .args(["--no-owner", "--no-privileges", "--no-password"])
        // All or nothing.
        .args(["--single-transaction", "--exit-on-error"])
        .args(["--dbname", ""])
        .arg(dump)
        .envs(url.environment())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await;
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(RestoreError::Tool {
            place,
            said: last_line(&output.stderr),
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(RestoreError::NoTool),
        Err(error) => Err(RestoreError::Tool {
            place,
            said: error.to_string(),
        }),
    }
}

/// Takes the folder over, if nothing is in it.
fn new_folder(data: &Path) -> Result<DataFolder, RestoreError> {
    let folder = DataFolder::open(data)?;
    let unreadable = |source| RestoreError::Write {
        path: data.to_owned(),
        source,
    };
    for entry in std::fs::read_dir(data).map_err(unreadable)? {
        // The lock is ours.
        if entry.map_err(unreadable)?.file_name() != "lock" {
            return Err(RestoreError::NotEmpty {
                path: data.to_owned(),
            });
        }
    }
    Ok(folder)
}

/// Files that go away again unless everything comes to a good end.
#[derive(Default)]
struct Written(Vec<PathBuf>);

impl Drop for Written {
    fn drop(&mut self) {
        for path in &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}

struct Archive<'a> {
    path: &'a Path,
    zip: ZipArchive<File>,
}

impl<'a> Archive<'a> {
    fn open(path: &'a Path) -> Result<Self, RestoreError> {
        let unreadable = |source| RestoreError::Read {
            path: path.to_owned(),
            source,
        };
        let mut file = File::open(path).map_err(unreadable)?;
        file.rewind().map_err(unreadable)?;
        let zip = ZipArchive::new(file).map_err(|error| RestoreError::Damaged {
            path: path.to_owned(),
            why: error.to_string(),
        })?;
        Ok(Self { path, zip })
    }

    fn damaged(&self, why: impl ToString) -> RestoreError {
        RestoreError::Damaged {
            path: self.path.to_owned(),
            why: why.to_string(),
        }
    }

    fn manifest(&mut self) -> Result<Manifest, RestoreError> {
        let path = self.path;
        let damaged = |why: String| RestoreError::Damaged {
            path: path.to_owned(),
            why,
        };
        let file = self
            .zip
            .by_name(MANIFEST)
            .map_err(|_| damaged(format!("it holds no {MANIFEST}")))?;
        let mut text = String::new();
        file.take(LONGEST_MANIFEST)
            .read_to_string(&mut text)
            .map_err(|error| damaged(error.to_string()))?;
        let manifest: Manifest =
            serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
        if manifest.product != "carillon" {
            return Err(damaged(format!("it is one of {:?}", manifest.product)));
        }
        if manifest.format > FORMAT {
            return Err(RestoreError::Newer {
                path: path.to_owned(),
                version: manifest.version,
            });
        }
        Ok(manifest)
    }

    /// The names of what people have sent.
    fn sent(&self) -> Vec<String> {
        let names = self.zip.file_names();
        names
            .filter_map(Result::ok)
            .filter(|name| name.starts_with(SENT))
            .map(Cow::into_owned)
            .collect()
    }

    fn holds(&self, name: &str) -> bool {
        self.zip.index_for_name(name).is_some()
    }

    /// Writes one file of the archive to `to`, if it is in there, and tells whether it is.
    fn extract(
        &mut self,
        name: &str,
        to: &Path,
        written: &mut Written,
    ) -> Result<bool, RestoreError> {
        if !self.holds(name) {
            return Ok(false);
        }
        let failed = |source| RestoreError::Write {
            path: to.to_owned(),
            source,
        };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let mut file = match options.open(to) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(RestoreError::NotEmpty {
                    path: to.to_owned(),
                });
            }
            opened => opened.map_err(failed)?,
        };
        written.0.push(to.to_owned());
        let path = self.path;
        let damaged = |error: &dyn std::error::Error| RestoreError::Damaged {
            path: path.to_owned(),
            why: error.to_string(),
        };
        let mut inside = self.zip.by_name(name).map_err(|error| damaged(&error))?;
        match io::copy(&mut inside, &mut file) {
            Ok(_) => {}
            // The checksum is wrong, or the compressed data is.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::InvalidData
                        | io::ErrorKind::InvalidInput
                        | io::ErrorKind::UnexpectedEof
                        | io::ErrorKind::Other
                ) =>
            {
                return Err(damaged(&error));
            }
            Err(error) => return Err(failed(error)),
        }
        file.sync_all().map_err(failed)?;
        Ok(true)
    }
}
