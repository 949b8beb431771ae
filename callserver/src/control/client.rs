//! The client's end of the control socket.

use std::io;
use std::path::{Path, PathBuf};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use super::{Answer, Failure, LINE_LIMIT, Request};

/// A connection to the running server.
#[derive(Debug)]
pub struct ControlClient {
    stream: BufReader<UnixStream>,
    path: PathBuf,
}

/// Why a request got no answer, or the answer was no.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The socket cannot be opened.
    #[error("The control socket {} cannot be opened ({source}); run callctl as the user who runs callserver.", path.display())]
    Connect {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The server went away.
    #[error(
        "The server went away before it answered ({source}); `callctl status` tells whether it runs."
    )]
    Broken {
        /// What the system said.
        source: io::Error,
    },
    /// The answer was no.
    #[error(transparent)]
    Refused(#[from] Failure),
}

impl ControlClient {
    /// Connects; `None` if no server listens there.
    ///
    /// # Errors
    /// If somebody listens but does not let us in.
    pub async fn connect(path: &Path) -> Result<Option<Self>, ControlError> {
        match UnixStream::connect(path).await {
            Ok(stream) => Ok(Some(Self {
                stream: BufReader::new(stream),
                path: path.to_owned(),
            })),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
                ) =>
            {
                Ok(None)
            }
            Err(source) => Err(ControlError::Connect {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// Sends a request and waits for the answer.
    ///
    /// # Errors
    /// If the server refuses or goes away.
    pub async fn perform(&mut self, request: &Request) -> Result<Answer, ControlError> {
        let answer = self
            .exchange(request)
            .await
            .map_err(|source| ControlError::Broken { source })?;
        Ok(answer?)
    }

    /// Where it is connected to.
    pub fn path(&self) -> &Path {
        &self.path
    }

    async fn exchange(&mut self, request: &Request) -> io::Result<Result<Answer, Failure>> {
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        self.stream.get_mut().write_all(&line).await?;
        line.clear();
        (&mut self.stream)
            .take(LINE_LIMIT as u64)
            .read_until(b'\n', &mut line)
            .await?;
        if line.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(serde_json::from_slice(&line)?)
    }
}
