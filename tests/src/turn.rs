//! Keeps tests that measure audio from disturbing each other, also across processes.

use std::fs::{self, File};

/// While it lives, nobody else has a turn. Two calls with their four audio streams on a machine with two cores would
/// hear each other's hiccups; so those tests take turns, and the rest of the tests run beside them.
#[derive(Debug)]
pub struct Turn {
    _locked: File,
}

impl Turn {
    /// Waits until no other test is measuring audio.
    ///
    /// # Panics
    /// When the lock file cannot be made: then the temporary folder is broken and no test can run.
    #[must_use]
    pub fn wait() -> Turn {
        let folder = std::env::temp_dir().join("carillon-tests");
        fs::create_dir_all(&folder).expect("the temporary folder can be written");
        let file =
            File::create(folder.join("audio.lock")).expect("the temporary folder can be written");
        // The system lets go of it when the process ends, however it ends.
        file.lock()
            .expect("files in the temporary folder can be locked");
        Turn { _locked: file }
    }

    /// Makes a measurement of audio, up to three times until one is good.
    ///
    /// A machine that is busy with something else starves the players and recorders of a test now and then, and what they
    /// play then stutters. Our own faults stutter every time.
    ///
    /// # Panics
    /// When no measurement was good, with what was wrong with each.
    pub fn measure(&self, mut once: impl FnMut() -> Result<(), String>) {
        let mut complaints = Vec::new();
        while complaints.len() < 3 {
            match once() {
                Ok(()) => return,
                Err(complaint) => complaints.push(complaint),
            }
        }
        panic!("three times in a row:\n{}", complaints.join("\n"));
    }
}
