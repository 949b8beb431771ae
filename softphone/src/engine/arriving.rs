//! A recording that is played while it comes: one side adds bytes, the other waits for those that it needs.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// No voice note is longer: an hour of speech has about as many bytes.
pub(crate) const MOST: u64 = 32 * 1024 * 1024;

/// A recording that comes. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arriving(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    /// Nothing more comes.
    is_over: bool,
    /// Why the rest does not come.
    trouble: Option<String>,
    /// Nobody listens any more.
    is_abandoned: bool,
}

impl Arriving {
    /// Adds the next bytes; `false` when nobody listens any more.
    pub(crate) fn add(&self, bytes: &[u8]) -> bool {
        let mut state = self.lock();
        state.bytes.extend_from_slice(bytes);
        self.0.changed.notify_all();
        !state.is_abandoned
    }

    /// How much has come.
    pub(crate) fn length(&self) -> u64 {
        self.lock().bytes.len() as u64
    }

    /// Nothing more comes; one sentence says why if that is not all.
    pub(crate) fn end(&self, trouble: Option<String>) {
        let mut state = self.lock();
        (state.is_over, state.trouble) = (true, trouble);
        self.0.changed.notify_all();
    }

    /// Why not all of it has come.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.lock().trouble.clone()
    }

    /// Nobody listens any more; who waits for bytes gets none.
    pub(crate) fn abandon(&self) {
        let mut state = self.lock();
        (state.is_over, state.is_abandoned) = (true, true);
        self.0.changed.notify_all();
    }

    /// Reads it from the beginning, and waits for what has not come.
    pub(crate) fn reader(&self) -> Reader {
        Reader {
            arriving: self.clone(),
            position: 0,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Bytes are added whole or not at all.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads a recording that comes.
#[derive(Debug)]
pub(crate) struct Reader {
    arriving: Arriving,
    position: usize,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let shared = &self.arriving.0;
        let mut state = self.arriving.lock();
        while state.bytes.len() <= self.position && !state.is_over {
            let waited = shared.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
        let rest = state.bytes.get(self.position..).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        self.position += length;
        Ok(length)
    }
}

impl Seek for Reader {
    /// Forward and back within what has come; nobody looks for the end of what has none yet.
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => i64::try_from(place).ok(),
            SeekFrom::Current(by) => i64::try_from(self.position)
                .ok()
                .and_then(|at| at.checked_add(by)),
            SeekFrom::End(_) => None,
        };
        let place = place.and_then(|place| usize::try_from(place).ok());
        self.position = place.ok_or(io::ErrorKind::Unsupported)?;
        Ok(self.position as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_reads_waits_for_what_has_not_come_and_for_no_more() {
        let arriving = Arriving::default();
        let mut reader = arriving.reader();
        let reading = std::thread::spawn(move || {
            let mut all = Vec::new();
            reader.read_to_end(&mut all).map(|_| all)
        });
        for piece in [&b"one "[..], b"", b"two"] {
            assert!(arriving.add(piece));
        }
        arriving.end(None);
        assert_eq!(reading.join().unwrap().unwrap(), b"one two");

        let arriving = Arriving::default();
        let mut reader = arriving.reader();
        let reading = std::thread::spawn(move || reader.read(&mut [0; 8]));
        arriving.abandon();
        assert_eq!(reading.join().unwrap().unwrap(), 0);
        assert!(!arriving.add(b"late"));
    }
}
