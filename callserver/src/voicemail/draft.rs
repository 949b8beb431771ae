//! A recording that is not in the database yet: a file with the sound, and a note beside it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Where they are, below the data folder.
const FOLDER: &str = "recordings";
/// A recording that is larger was not made here: ten minutes are less.
const LARGEST: u64 = 16 << 20;

/// Whose a recording is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Note {
    /// The account that it is for.
    pub(crate) of: i64,
    /// Whether it is what that account's callers are to hear.
    pub(crate) is_greeting: bool,
    /// Who speaks; none of one who hides.
    pub(crate) caller: Option<i64>,
    pub(crate) number: Option<String>,
    pub(crate) name: String,
    /// When it began, in Unix milliseconds.
    pub(crate) at_millis: i64,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Draft {
    folder: PathBuf,
    name: String,
    note: Note,
}

/// Makes them.
#[derive(Debug)]
pub(crate) struct Drafts {
    folder: PathBuf,
    /// Tells those of this process from those that another one has left.
    process: String,
    made: u64,
}

impl Drafts {
    /// Below this data folder.
    pub(crate) fn new(data: &Path) -> Self {
        Drafts {
            folder: data.join(FOLDER),
            process: process(),
            made: 0,
        }
    }

    /// Begins one. What is written to the file is there after a crash, as far as it has come.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn begin(&mut self, note: Note) -> io::Result<(Draft, File)> {
        let mut folder = fs::DirBuilder::new();
        folder.recursive(true).mode(0o700).create(&self.folder)?;
        self.made += 1;
        let draft = Draft {
            folder: self.folder.clone(),
            name: format!("{}-{}", self.process, self.made),
            note,
        };
        let sound = new_file(&draft.sound())?;
        let mut file = new_file(&draft.file())?;
        file.write_all(&serde_json::to_vec(&draft.note)?)?;
        Ok((draft, sound))
    }

    /// What other processes have left in this data folder. What has no note is removed: nobody knows whose it is.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn left_in(data: &Path) -> io::Result<Vec<Draft>> {
        let (folder, own) = (data.join(FOLDER), process());
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut left = Vec::new();
        for entry in entries {
            let path = entry?.path();
            let name = path.file_stem().and_then(|name| name.to_str());
            let Some(name) = name.filter(|name| !name.starts_with(&own)) else {
                continue;
            };
            if path.extension().is_none_or(|kind| kind != "opus") {
                continue;
            }
            let note = fs::read(folder.join(format!("{name}.json")));
            let note = note
                .ok()
                .and_then(|note| serde_json::from_slice(&note).ok());
            match note {
                Some(note) => left.push(Draft {
                    folder: folder.clone(),
                    name: name.to_owned(),
                    note,
                }),
                None => fs::remove_file(&path)?,
            }
        }
        Ok(left)
    }
}

impl Draft {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn note(&self) -> &Note {
        &self.note
    }

    /// What there is of it, safe from a power cut.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn read(&self) -> io::Result<Vec<u8>> {
        let file = File::open(self.sound())?;
        file.sync_all()?;
        if file.metadata()?.len() > LARGEST {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        fs::read(self.sound())
    }

    /// It is in the database, or nobody wants it.
    pub(crate) fn remove(&self) {
        for path in [self.sound(), self.file()] {
            if let Err(error) = fs::remove_file(&path) {
                tracing::warn!(%error, file = %path.display(), "a recording that is done with cannot be removed");
            }
        }
    }

    fn sound(&self) -> PathBuf {
        self.folder.join(format!("{}.opus", self.name))
    }

    fn file(&self) -> PathBuf {
        self.folder.join(format!("{}.json", self.name))
    }
}

/// For its owner alone.
fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// What no other process on this folder is called, and the same for all of this one.
fn process() -> String {
    static NAME: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    let make = || format!("{:016x}", rand::random::<u64>());
    NAME.get_or_init(make).clone()
}
