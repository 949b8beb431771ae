//! Keeps the answered calls in the data folder, so that they outlive the process: a sealed journal, written by a thread of
//! its own while the calls go on.
//!
//! - Whoever changes a call leaves the newest state of it in a table and goes on; the thread takes the whole table at once.
//!   A call that changes faster than the disk writes is written once, and the table holds no more than there are calls.
//! - What is written is not flushed to the disk (`fsync`): the kernel keeps what it was given when a process dies. When the
//!   machine dies, its calls are gone with its ports, whatever the disk says.
//! - Each record is sealed with a key in the same folder, for session descriptions hold keys and names: a copy of the journal
//!   alone, in a backup or on a broken disk, tells nothing.

mod file;
mod seal;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde::de::DeserializeOwned;

use file::Journal;
pub use file::JournalError;

/// The thread waits so long for further changes before it writes the first: one write for a burst of calls. So much of the
/// newest calls is what a crash may cost.
const GATHERING: Duration = Duration::from_millis(2);

/// How often the file says that its server is alive, while there are calls.
const ALIVE_EVERY: Duration = Duration::from_secs(5);

/// Where the newest state of each call is left to be written.
#[derive(Debug)]
pub struct Checkpoint<T> {
    shared: Arc<Shared<T>>,
    thread: Option<JoinHandle<()>>,
}

/// What an earlier process has left.
#[derive(Debug)]
pub struct Left<T> {
    /// The calls, in the order of their numbers.
    pub calls: Vec<T>,
    /// How long nobody has been there for them.
    pub silent_for: Duration,
}

#[derive(Debug)]
struct Shared<T> {
    waiting: Mutex<Waiting<T>>,
    bell: Condvar,
}

#[derive(Debug)]
struct Waiting<T> {
    changes: HashMap<u64, Option<T>>,
    is_closing: bool,
    /// How many have asked for everything to be written, and how many of them have been served.
    asked: u64,
    served: u64,
}

impl<T> Shared<T> {
    fn waiting(&self) -> MutexGuard<'_, Waiting<T>> {
        // A thread that panicked with the lock held has left a table that is whole.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Serialize + DeserializeOwned + Send + 'static> Checkpoint<T> {
    /// Reads what an earlier process has left in `folder`, and begins to keep calls there. A file that cannot be read is
    /// put aside with a warning: the server starts without calls.
    ///
    /// # Errors
    /// If the files cannot be made.
    pub fn open(folder: &Path) -> Result<(Self, Left<T>), JournalError> {
        let (journal, records) = Journal::open(folder)?;
        let silent_for = match records.is_empty() {
            true => Duration::ZERO,
            false => journal.age(SystemTime::now()),
        };
        let mut calls: Vec<(u64, T)> = Vec::new();
        for (call, record) in records {
            match serde_json::from_slice(&record) {
                Ok(kept) => calls.push((call, kept)),
                Err(error) => {
                    tracing::warn!(call, %error, "a call from before cannot be read and is given up");
                }
            }
        }
        calls.sort_by_key(|(call, _)| *call);
        let shared = Arc::new(Shared {
            waiting: Mutex::new(Waiting {
                changes: HashMap::new(),
                is_closing: false,
                asked: 0,
                served: 0,
            }),
            bell: Condvar::new(),
        });
        let own = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("checkpoint".into())
            .spawn(move || write(&own, journal));
        let thread = Some(thread.map_err(JournalError::Thread)?);
        let calls = calls.into_iter().map(|(_, kept)| kept).collect();
        Ok((Self { shared, thread }, Left { calls, silent_for }))
    }

    /// This is to be kept of a call, in place of what was kept before; `None` when it is over.
    pub fn keep(&self, call: u64, kept: Option<T>) {
        let mut waiting = self.shared.waiting();
        let is_first = waiting.changes.is_empty();
        waiting.changes.insert(call, kept);
        drop(waiting);
        if is_first {
            self.shared.bell.notify_all();
        }
    }

    /// Waits until everything is written that was to be kept.
    pub fn finish(&self) {
        let mut waiting = self.shared.waiting();
        waiting.asked += 1;
        let number = waiting.asked;
        self.shared.bell.notify_all();
        while waiting.served < number && !waiting.is_closing {
            let woken = self.shared.bell.wait(waiting);
            waiting = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<T> Drop for Checkpoint<T> {
    fn drop(&mut self) {
        self.shared.waiting().is_closing = true;
        self.shared.bell.notify_all();
        if let Some(thread) = self.thread.take() {
            // A panic in it has been printed already.
            let _ = thread.join();
        }
    }
}

/// The thread's work until the end.
fn write<T: Serialize>(shared: &Shared<T>, mut journal: Journal) {
    loop {
        let mut waiting = shared.waiting();
        while waiting.changes.is_empty() && waiting.asked == waiting.served && !waiting.is_closing {
            let (woken, time) = shared
                .bell
                .wait_timeout(waiting, ALIVE_EVERY)
                .unwrap_or_else(PoisonError::into_inner);
            waiting = woken;
            if time.timed_out() {
                journal.say_alive(SystemTime::now());
            }
        }
        let is_pressed = waiting.is_closing || waiting.asked > waiting.served;
        if !is_pressed {
            drop(waiting);
            std::thread::sleep(GATHERING);
            waiting = shared.waiting();
        }
        let (asked, is_closing) = (waiting.asked, waiting.is_closing);
        let changes = std::mem::take(&mut waiting.changes);
        drop(waiting);
        let written = changes.into_iter().map(|(call, kept)| {
            let kept = kept.and_then(|kept| serde_json::to_vec(&kept).ok());
            (call, kept)
        });
        if let Err(error) = journal.append(written) {
            tracing::warn!(%error, "calls cannot be kept; those that go on now would not outlive the server");
        }
        let mut waiting = shared.waiting();
        waiting.served = asked;
        drop(waiting);
        shared.bell.notify_all();
        if is_closing {
            return;
        }
    }
}
