//! The server's end of the control socket.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};

use super::{Failure, LINE_LIMIT, Operator, Request};

/// The listening socket. Its file goes away with it.
#[derive(Debug)]
pub struct ControlServer {
    listener: UnixListener,
    path: PathBuf,
}

/// The socket cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("The control socket {} cannot be made ({source}); a data folder with a path below 90 characters on a local disk works.", path.display())]
pub struct ListenError {
    path: PathBuf,
    source: io::Error,
}

/// Whoever opens the socket is our own user; a client that hangs must still not live for ever.
const IDLE_LIMIT: Duration = Duration::from_secs(60);

impl ControlServer {
    /// Makes the socket. The caller owns the data folder, so a file that is there already is a dead server's.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn listen(path: &Path) -> Result<Self, ListenError> {
        let failed = |source| ListenError {
            path: path.to_owned(),
            source,
        };
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let listener = UnixListener::bind(path).map_err(failed)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
        Ok(Self {
            listener,
            path: path.to_owned(),
        })
    }

    /// Serves until it is dropped.
    pub async fn run(self, operator: Operator) {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let operator = operator.clone();
                    tokio::spawn(async move {
                        if let Err(error) = serve(stream, &operator).await {
                            tracing::debug!(%error, "a control connection broke");
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "the control socket refuses connections");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

impl Drop for ControlServer {
    fn drop(&mut self) {
        // A socket that stays behind is removed by the next server.
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn serve(stream: UnixStream, operator: &Operator) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut limited = (&mut reader).take(LINE_LIMIT as u64);
        if tokio::time::timeout(IDLE_LIMIT, limited.read_until(b'\n', &mut line)).await?? == 0 {
            return Ok(());
        }
        let answer = match serde_json::from_slice::<Request>(&line) {
            Ok(request) => operator.perform(request).await,
            Err(error) => Err(Failure::new(
                "other-version",
                format!(
                    "The server does not know this command ({error}); use the callctl of the same version."
                ),
            )),
        };
        let mut bytes = serde_json::to_vec(&answer)?;
        bytes.push(b'\n');
        writer.write_all(&bytes).await?;
    }
}
