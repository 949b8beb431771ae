//! One window for one data folder: whoever opens a second one is shown the first.

use std::fs::{File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

/// Held as long as the window is open.
const LOCK: &str = "window.lock";
/// Where the window hears that somebody wanted to open another one.
const BELL: &str = "window.sock";

/// What became of the wish to have the folder.
#[derive(Debug)]
pub(super) enum Claim {
    /// It is ours until this is dropped.
    Ours(#[expect(dead_code, reason = "held, not read")] File),
    /// Another window has it, and was asked to show itself.
    Taken,
}

/// Claims the folder for this window; `asked` is called, on a thread of its own, whenever somebody wants to open another.
///
/// # Errors
/// When the folder cannot be written to. A window works without, so nobody need fail for it.
pub(super) fn claim(folder: &Path, asked: impl Fn() + Send + 'static) -> io::Result<Claim> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let lock = File::create(folder.join(LOCK))?;
    let bell = folder.join(BELL);
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            // A window that hangs does not hear; then the message is all there is.
            if let Ok(mut line) = UnixStream::connect(&bell) {
                line.write_all(b"show\n")?;
            }
            return Ok(Claim::Taken);
        }
        Err(TryLockError::Error(error)) => return Err(error),
    }
    // What an earlier window has left behind; the lock says that nobody listens there.
    let _ = std::fs::remove_file(&bell);
    match UnixListener::bind(&bell) {
        Ok(listener) => {
            std::thread::Builder::new()
                .name("second window".into())
                .spawn(move || listener.incoming().flatten().for_each(|_| asked()))?;
        }
        // A path that is too long for a socket: the second window still says that there is a first.
        Err(error) => tracing::warn!(%error, "a second window cannot show this one"),
    }
    Ok(Claim::Ours(lock))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_second_window_shows_the_first_until_that_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("softphone");
        let (sender, shown) = mpsc::channel();
        let first = claim(&place, move || sender.send(()).unwrap()).unwrap();
        assert!(matches!(first, Claim::Ours(_)));
        assert!(matches!(claim(&place, || {}).unwrap(), Claim::Taken));
        shown.recv_timeout(Duration::from_secs(20)).unwrap();
        drop(first);
        assert!(matches!(claim(&place, || {}).unwrap(), Claim::Ours(_)));
    }
}
