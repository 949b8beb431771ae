//! The journal's file: records one behind the other, the last one of a call holds. A file that has grown by records that
//! hold no more is written anew without them.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::seal::{OVERHEAD, Seal};

/// What the file begins with; the number rises when what follows changes.
const HEADER: &[u8] = b"Carillon calls 1\n";

/// No call takes more: what says so is damaged.
const LARGEST_RECORD: usize = 1 << 20;

/// Before the file is this large, it is not worth the trouble to write it anew.
const SMALLEST_COMPACTED: u64 = 1 << 20;

/// Why the journal cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A file cannot be made, read or written.
    #[error("{} cannot be used to keep calls ({source}); look at its owner and at the disk.", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No thread to write it.
    #[error("The thread that keeps calls cannot be started ({0}); the system is out of resources.")]
    Thread(io::Error),
}

/// The open journal.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    seal: Seal,
    /// Where the record that holds is, of each call, and how long it is with its length in front.
    places: HashMap<u64, (u64, usize)>,
    length: u64,
    /// The bytes of the records that hold.
    needed: u64,
    last_alive: SystemTime,
}

/// A call, and what is kept of it.
type Record = (u64, Vec<u8>);

/// What was read.
#[derive(Debug, PartialEq, Eq)]
enum Reading {
    Whole,
    /// Behind this many bytes comes a record that its writer did not finish.
    TornAt(u64),
    Damaged,
}

impl Journal {
    /// Opens the journal in this folder and gives what is in it. A damaged one is put aside.
    pub(super) fn open(folder: &Path) -> Result<(Self, Vec<Record>), JournalError> {
        let (path, key) = (folder.join("calls.journal"), folder.join("calls.key"));
        let failed = |path: &Path, source| JournalError::File {
            path: path.to_owned(),
            source,
        };
        let seal = Seal::of_file(&key).map_err(|source| failed(&key, source))?;
        let mut journal = Self {
            file: open(&path).map_err(|source| failed(&path, source))?,
            path: path.clone(),
            seal,
            places: HashMap::new(),
            length: 0,
            needed: 0,
            last_alive: SystemTime::UNIX_EPOCH,
        };
        let records = journal.read().map_err(|source| failed(&path, source))?;
        Ok((journal, records))
    }

    /// How long ago its server was alive.
    pub(super) fn age(&self, now: SystemTime) -> Duration {
        now.duration_since(self.last_alive).unwrap_or_default()
    }

    fn read(&mut self) -> io::Result<Vec<Record>> {
        let metadata = self.file.metadata()?;
        self.last_alive = metadata.modified()?;
        let mut bytes = Vec::new();
        self.file.read_to_end(&mut bytes)?;
        let mut records = HashMap::new();
        match self.read_records(&bytes, &mut records) {
            Reading::Whole => {}
            Reading::TornAt(length) => {
                tracing::debug!(length, "the last record of calls.journal was not finished");
                self.file.set_len(length)?;
                self.length = length;
            }
            Reading::Damaged => {
                let aside = self.path.with_extension("journal.damaged");
                tracing::warn!(
                    kept_as = %aside.display(),
                    "calls.journal is damaged, or was written with another key or by another version: the calls from before this start are lost"
                );
                fs::rename(&self.path, &aside)?;
                self.file = open(&self.path)?;
                records.clear();
                self.places.clear();
                (self.length, self.needed) = (0, 0);
            }
        }
        if self.length == 0 {
            self.file.set_len(0)?;
            self.file.write_all(HEADER)?;
            self.length = HEADER.len() as u64;
        }
        Ok(records.into_iter().collect())
    }

    fn read_records(&mut self, bytes: &[u8], records: &mut HashMap<u64, Vec<u8>>) -> Reading {
        if bytes.len() < HEADER.len() {
            // Nothing was ever written behind it.
            return Reading::Whole;
        }
        if !bytes.starts_with(HEADER) {
            return Reading::Damaged;
        }
        let mut at = HEADER.len();
        self.length = at as u64;
        while at < bytes.len() {
            let torn = Reading::TornAt(at as u64);
            let Some((length, rest)) = bytes[at..].split_first_chunk::<4>() else {
                return torn;
            };
            let length = u32::from_le_bytes(*length) as usize;
            if length > LARGEST_RECORD {
                return Reading::Damaged;
            }
            let Some(sealed) = rest.get(..length) else {
                return torn;
            };
            let Some(content) = self.seal.open(sealed) else {
                // Only the last one may be unfinished.
                let is_last = rest.len() == length && at > HEADER.len();
                return if is_last { torn } else { Reading::Damaged };
            };
            let Some((call, kept)) = content.split_first_chunk::<8>() else {
                return Reading::Damaged;
            };
            let call = u64::from_le_bytes(*call);
            let size = 4 + length;
            self.settle(call, (!kept.is_empty()).then_some((at as u64, size)));
            if kept.is_empty() {
                records.remove(&call);
            } else {
                records.insert(call, kept.to_vec());
            }
            at += size;
            self.length = at as u64;
        }
        Reading::Whole
    }

    /// Appends what changed: the state of a call, or `None` where it is over.
    pub(super) fn append(
        &mut self,
        changes: impl Iterator<Item = (u64, Option<Vec<u8>>)>,
    ) -> io::Result<()> {
        let mut out = Vec::new();
        let mut settled = Vec::new();
        for (call, kept) in changes {
            // It came and went between two writings.
            if kept.is_none() && !self.places.contains_key(&call) {
                continue;
            }
            let place = out.len();
            let content = [&call.to_le_bytes()[..], kept.as_deref().unwrap_or_default()].concat();
            let length = (content.len() + OVERHEAD) as u32;
            out.extend_from_slice(&length.to_le_bytes());
            self.seal.close(&content, &mut out)?;
            let size = out.len() - place;
            settled.push((call, kept.map(|_| (self.length + place as u64, size))));
        }
        if out.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.file.write_all_at(&out, self.length) {
            // Half a record in the middle would make all that follow unreadable.
            self.file.set_len(self.length)?;
            return Err(error);
        }
        self.length += out.len() as u64;
        for (call, place) in settled {
            self.settle(call, place);
        }
        if self.length > SMALLEST_COMPACTED && self.needed < self.length / 2 {
            self.compact()?;
        }
        Ok(())
    }

    /// Says that the server is alive: by the file's time, which costs no record.
    pub(super) fn say_alive(&mut self, now: SystemTime) {
        if !self.places.is_empty() {
            // If it cannot be said, phones are asked needlessly after a crash.
            let _ = self.file.set_modified(now);
        }
    }

    fn settle(&mut self, call: u64, place: Option<(u64, usize)>) {
        let old = match place {
            Some(place) => {
                self.needed += place.1 as u64;
                self.places.insert(call, place)
            }
            None => self.places.remove(&call),
        };
        if let Some((_, size)) = old {
            self.needed -= size as u64;
        }
    }

    /// Writes the records that hold into a new file, which takes the place of the old one at once.
    fn compact(&mut self) -> io::Result<()> {
        let fresh = self.path.with_extension("journal.new");
        let mut out = HEADER.to_vec();
        let mut places = HashMap::with_capacity(self.places.len());
        for (call, (at, size)) in &self.places {
            let start = out.len();
            out.resize(start + size, 0);
            self.file.read_exact_at(&mut out[start..], *at)?;
            places.insert(*call, (start as u64, *size));
        }
        let _ = fs::remove_file(&fresh);
        let file = open(&fresh)?;
        file.write_all_at(&out, 0)?;
        fs::rename(&fresh, &self.path)?;
        self.file = file;
        self.places = places;
        self.length = out.len() as u64;
        self.needed = self.length - HEADER.len() as u64;
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600);
    options.open(path)
}
