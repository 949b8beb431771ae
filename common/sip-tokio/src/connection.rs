//! One TCP connection: a task that reads and a task that writes.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use sip::{Flow, Framed, Framer};
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};

use crate::Limits;

/// The two line breaks that ask, and the one that answers (RFC 5626 3.5.1).
const PING: Bytes = Bytes::from_static(b"\r\n\r\n");
const PONG: Bytes = Bytes::from_static(b"\r\n");
/// How long the answer to a keep-alive may take (RFC 5626 4.4.1).
const PONG_WAIT: Duration = Duration::from_secs(10);

/// What a connection's tasks tell.
#[derive(Debug)]
pub(crate) enum Report {
    /// A whole message came.
    Message { flow: Flow, payload: Bytes },
    /// The connection is at its end, for whatever reason.
    Closed { flow: Flow },
}

/// Our handle on a connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) flow: Flow,
    /// The flow that was asked for, where we opened the connection: the owner may know it under no other.
    pub(crate) asked: Option<Flow>,
    queue: mpsc::Sender<Bytes>,
    task: JoinHandle<()>,
}

impl Connection {
    /// Serves a connection that a peer opened.
    pub(crate) fn accepted(
        stream: TcpStream,
        flow: Flow,
        reports: mpsc::Sender<Report>,
        limits: Limits,
    ) -> Connection {
        let (queue, waiting) = mpsc::channel(limits.queued_messages);
        let answers = queue.downgrade();
        let task = tokio::spawn(async move {
            let serve = serve(stream, flow, &reports, answers, waiting, &limits, None);
            close(serve.await, flow, &reports).await;
        });
        Connection {
            flow,
            asked: None,
            queue,
            task,
        }
    }

    /// Opens a connection and serves it. What is sent meanwhile waits.
    pub(crate) fn opened(
        flow: Flow,
        asked: Flow,
        reports: mpsc::Sender<Report>,
        limits: Limits,
        keep_alive: Option<Duration>,
    ) -> Connection {
        let (queue, waiting) = mpsc::channel(limits.queued_messages);
        let answers = queue.downgrade();
        let task = tokio::spawn(async move {
            let outcome = match timeout(limits.connect, TcpStream::connect(flow.remote)).await {
                Err(_) => Err(ServeError::NoConnection(io::ErrorKind::TimedOut.into())),
                Ok(Err(error)) => Err(ServeError::NoConnection(error)),
                Ok(Ok(stream)) => {
                    serve(
                        stream, flow, &reports, answers, waiting, &limits, keep_alive,
                    )
                    .await
                }
            };
            close(outcome, flow, &reports).await;
        });
        Connection {
            flow,
            asked: Some(asked),
            queue,
            task,
        }
    }

    /// Queues a message. False: the peer does not read, or is gone.
    pub(crate) fn send(&self, payload: Bytes) -> bool {
        self.queue.try_send(payload).is_ok()
    }

    /// Ends the connection at once.
    pub(crate) fn abort(self) {
        self.task.abort();
    }

    /// Lets what is queued go out, then ends.
    pub(crate) async fn finish(self, patience: Duration) {
        // The writer ends when the last sender is gone and the queue is empty.
        drop(self.queue);
        let mut task = self.task;
        if timeout(patience, &mut task).await.is_err() {
            task.abort();
        }
    }
}

/// Why a connection ended, other than that the peer closed it.
#[derive(Debug, Error)]
enum ServeError {
    #[error("it could not be opened: {0}")]
    NoConnection(#[source] io::Error),
    #[error("{0}")]
    Broken(#[from] io::Error),
    #[error("{0}")]
    Framing(#[from] sip::FramingError),
    #[error("nothing came for too long")]
    Idle,
    #[error("the peer did not answer a keep-alive")]
    NoPong,
    #[error("the peer does not read what is sent to it")]
    QueueFull,
}

/// Says so, once.
async fn close(outcome: Result<(), ServeError>, flow: Flow, reports: &mpsc::Sender<Report>) {
    match outcome {
        Ok(()) => tracing::debug!(remote = %flow.remote, "the peer closed its connection"),
        Err(error) => tracing::debug!(remote = %flow.remote, %error, "a connection ended"),
    }
    // Nobody listens any more only when all sockets are being closed.
    let _ = reports.send(Report::Closed { flow }).await;
}

async fn serve(
    stream: TcpStream,
    flow: Flow,
    reports: &mpsc::Sender<Report>,
    answers: mpsc::WeakSender<Bytes>,
    mut waiting: mpsc::Receiver<Bytes>,
    limits: &Limits,
    keep_alive: Option<Duration>,
) -> Result<(), ServeError> {
    // A signalling message waits for nobody.
    stream.set_nodelay(true)?;
    let (reading, mut writing) = stream.into_split();
    let reader = Reader {
        reading,
        flow,
        reports,
        answers,
        limits,
        keep_alive,
        framer: Framer::new(limits.messages),
        next_ping: keep_alive.map(|every| Instant::now() + every),
        pong_by: None,
        has_ponged: false,
        has_had_message: false,
    };
    // Whichever ends first ends both.
    let outcome = tokio::select! {
        outcome = reader.run() => outcome,
        outcome = write(&mut writing, &mut waiting) => outcome,
    };
    // RFC 3261 18.3: a request that cannot be framed gets its 400 before the connection closes.
    if let Err(ServeError::Framing(error)) = &outcome
        && let Some(response) = error.error.response_bytes()
    {
        let _ = timeout(PONG_WAIT, writing.write_all(&response)).await;
    }
    outcome
}

async fn write(
    writing: &mut OwnedWriteHalf,
    waiting: &mut mpsc::Receiver<Bytes>,
) -> Result<(), ServeError> {
    while let Some(payload) = waiting.recv().await {
        writing.write_all(&payload).await?;
    }
    Ok(())
}

struct Reader<'a> {
    reading: OwnedReadHalf,
    flow: Flow,
    reports: &'a mpsc::Sender<Report>,
    /// Weak, so that the writer ends when the owner lets go.
    answers: mpsc::WeakSender<Bytes>,
    limits: &'a Limits,
    keep_alive: Option<Duration>,
    framer: Framer,
    next_ping: Option<Instant>,
    pong_by: Option<Instant>,
    has_ponged: bool,
    has_had_message: bool,
}

impl Reader<'_> {
    async fn run(mut self) -> Result<(), ServeError> {
        const READ_BYTES: usize = 16 * 1024;
        let mut buffer = BytesMut::zeroed(READ_BYTES);
        let mut heard_at = Instant::now();
        loop {
            let is_waiting_for_rest = !self.has_had_message || self.framer.is_within_message();
            let patience = if is_waiting_for_rest {
                self.limits.message
            } else {
                self.limits.idle
            };
            let give_up = heard_at + patience;
            let wake = [Some(give_up), self.next_ping, self.pong_by]
                .into_iter()
                .flatten()
                .min()
                .unwrap_or(give_up);
            let Ok(read) = timeout_at(wake, self.reading.read(&mut buffer)).await else {
                self.time_passed(give_up)?;
                continue;
            };
            let len = read?;
            if len == 0 {
                return Ok(());
            }
            // A message must arrive as a whole in its time, however slowly its bytes drip.
            if !self.framer.is_within_message() {
                heard_at = Instant::now();
            }
            self.framer.push(&buffer[..len]);
            if self.drain().await? {
                heard_at = Instant::now();
            }
        }
    }

    fn time_passed(&mut self, give_up: Instant) -> Result<(), ServeError> {
        let now = Instant::now();
        if self.pong_by.is_some_and(|by| by <= now) {
            return Err(ServeError::NoPong);
        }
        if let (Some(at), Some(every)) = (self.next_ping, self.keep_alive)
            && at <= now
        {
            self.next_ping = Some(now + every);
            // Only a peer that has answered once is known to speak keep-alives (RFC 5626 4.4.1 has them negotiated).
            self.pong_by = self.has_ponged.then(|| now + PONG_WAIT);
            self.framer.expect_pong();
            self.answer(PING)?;
            return Ok(());
        }
        // We keep our own connections open by keep-alives.
        let is_kept_open = self.keep_alive.is_some() && !self.framer.is_within_message();
        if give_up <= now && !is_kept_open {
            return Err(ServeError::Idle);
        }
        Ok(())
    }

    /// Takes what is whole out of the framer; tells whether anything was.
    async fn drain(&mut self) -> Result<bool, ServeError> {
        let mut has_had_any = false;
        loop {
            let Some(framed) = self.framer.next()? else {
                return Ok(has_had_any);
            };
            has_had_any = true;
            match framed {
                Framed::Message(payload) => {
                    self.has_had_message = true;
                    let flow = self.flow;
                    // Waits while the owner is busy: then the peer's sending slows down.
                    if self
                        .reports
                        .send(Report::Message { flow, payload })
                        .await
                        .is_err()
                    {
                        return Ok(false);
                    }
                }
                Framed::Ping => self.answer(PONG)?,
                Framed::Pong => {
                    self.has_ponged = true;
                    self.pong_by = None;
                }
            }
        }
    }

    fn answer(&self, payload: Bytes) -> Result<(), ServeError> {
        let Some(queue) = self.answers.upgrade() else {
            // The owner lets go of the connection; it needs no keep-alive any more.
            return Ok(());
        };
        queue.try_send(payload).map_err(|_| ServeError::QueueFull)
    }
}
