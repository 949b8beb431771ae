//! SIP in a stream, over TCP or TLS: framing, keep-alives, and a peer's patience (RFC 3261 18.3, RFC 5626 3.5.1).

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use sip::{Framed, Framer};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use crate::connection::{Report, Service};
use crate::failure::FlowFailure;
use crate::queue::Waiting;

/// The two line breaks that ask, and the one that answers (RFC 5626 3.5.1).
const PING: Bytes = Bytes::from_static(b"\r\n\r\n");
const PONG: Bytes = Bytes::from_static(b"\r\n");
/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// Sets up a connection for signalling.
pub(crate) fn prepare(io: &TcpStream) {
    /// A peer that vanished without a word is found by the system within four minutes, at no cost to anybody.
    const PROBE_AFTER: Duration = Duration::from_secs(120);
    const PROBE_EVERY: Duration = Duration::from_secs(30);
    // What cannot be set does not hinder: the idle limit is there too. A signalling message waits for nobody.
    let _ = io.set_nodelay(true);
    let probes = TcpKeepalive::new()
        .with_time(PROBE_AFTER)
        .with_interval(PROBE_EVERY);
    let _ = SockRef::from(io).set_tcp_keepalive(&probes);
}

/// Carries messages both ways until one side ends it, and tells why it ended.
pub(crate) async fn serve<S>(mut io: S, service: &Service, waiting: Waiting) -> FlowFailure
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut session = Session {
        service,
        waiting,
        framer: Framer::new(service.limits.messages),
        writing: Bytes::new(),
        must_flush: false,
        write_by: None,
        pongs_due: 0,
        is_ping_due: false,
        next_ping: service.keep_alive.map(|every| Instant::now() + every),
        pong_by: None,
        has_ponged: false,
        has_had_message: false,
    };
    let end = session.run(&mut io).await;
    // RFC 3261 18.3: a request that cannot be framed gets its 400 before the connection closes.
    if let End::Framing(error) = &end
        && let Some(response) = error.error.response_bytes()
    {
        let _ = timeout(FAREWELL, io.write_all(&response)).await;
    }
    // TLS says goodbye, so that the peer knows that nothing was cut off.
    if matches!(end, End::Framing(_) | End::LetGo) {
        let _ = timeout(FAREWELL, io.shutdown()).await;
    }
    match end {
        End::Framing(error) => FlowFailure::NotSip(error.to_string()),
        End::LetGo => FlowFailure::LetGo,
        End::Failed(why) => why,
    }
}

/// How it ended.
enum End {
    /// The stream makes no sense any more; the peer may get a response.
    Framing(sip::FramingError),
    /// The owner let go, and what was queued is out.
    LetGo,
    Failed(FlowFailure),
}

impl From<FlowFailure> for End {
    fn from(why: FlowFailure) -> End {
        End::Failed(why)
    }
}

/// What made the session wake.
enum Step {
    Read(usize),
    /// A write began that the peer does not take at once: its time runs now.
    Stuck,
    /// The owner let go, and everything is out.
    Finished,
}

struct Session<'a> {
    service: &'a Service,
    waiting: Waiting,
    framer: Framer,
    /// The rest of the message that is being written.
    writing: Bytes,
    must_flush: bool,
    /// When the message that is being written must be out.
    write_by: Option<Instant>,
    pongs_due: u8,
    is_ping_due: bool,
    next_ping: Option<Instant>,
    pong_by: Option<Instant>,
    has_ponged: bool,
    has_had_message: bool,
}

impl Session<'_> {
    async fn run<S>(&mut self, io: &mut S) -> End
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut heard_at = Instant::now();
        loop {
            let limits = &self.service.limits;
            let is_waiting_for_rest = !self.has_had_message || self.framer.is_within_message();
            let patience = if is_waiting_for_rest {
                limits.message
            } else {
                limits.idle
            };
            let give_up = heard_at + patience;
            let wake = [self.next_ping, self.pong_by, self.write_by]
                .into_iter()
                .flatten()
                .fold(give_up, Instant::min);
            let was_within_message = self.framer.is_within_message();
            let step = timeout_at(wake, poll_fn(|context| self.poll(io, context))).await;
            match step {
                Err(_) => {
                    if let Err(why) = self.time_passed(give_up) {
                        return why.into();
                    }
                }
                Ok(Err(error)) => return FlowFailure::from(error).into(),
                Ok(Ok(Step::Read(0))) => return FlowFailure::Closed.into(),
                Ok(Ok(Step::Finished)) => return End::LetGo,
                Ok(Ok(Step::Stuck)) => {}
                Ok(Ok(Step::Read(_))) => {
                    // A message must arrive as a whole in its time, however slowly its bytes drip.
                    if !was_within_message {
                        heard_at = Instant::now();
                    }
                    match self.drain().await {
                        Ok(true) => heard_at = Instant::now(),
                        Ok(false) => {}
                        Err(end) => return end,
                    }
                }
            }
        }
    }

    fn poll<S>(&mut self, io: &mut S, context: &mut Context<'_>) -> Poll<io::Result<Step>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        match self.poll_write(io, context) {
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) => return Poll::Ready(Ok(Step::Finished)),
            Poll::Pending => {}
        }
        if let Poll::Ready(read) = poll_read(&mut self.framer, io, context) {
            return Poll::Ready(read.map(Step::Read));
        }
        let is_stuck = !self.writing.is_empty() || self.must_flush;
        if is_stuck && self.write_by.is_none() {
            self.write_by = Some(Instant::now() + self.service.limits.write);
            return Poll::Ready(Ok(Step::Stuck));
        }
        Poll::Pending
    }

    /// Ready when the owner has let go and everything is out.
    fn poll_write<S>(&mut self, io: &mut S, context: &mut Context<'_>) -> Poll<io::Result<()>>
    where
        S: AsyncWrite + Unpin,
    {
        loop {
            while !self.writing.is_empty() {
                let written = ready!(Pin::new(&mut *io).poll_write(context, &self.writing))?;
                if written == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                self.writing.advance(written);
                self.must_flush = true;
            }
            self.write_by = None;
            if self.pongs_due > 0 {
                self.pongs_due -= 1;
                self.writing = PONG;
                continue;
            }
            if std::mem::take(&mut self.is_ping_due) {
                self.writing = PING;
                continue;
            }
            let next = self.waiting.poll_next(context);
            if let Poll::Ready(Some(payload)) = next {
                self.writing = payload;
                continue;
            }
            // Several messages that wait together leave together.
            if self.must_flush {
                ready!(Pin::new(&mut *io).poll_flush(context))?;
                self.must_flush = false;
            }
            return next.map(|_| Ok(()));
        }
    }

    fn time_passed(&mut self, give_up: Instant) -> Result<(), FlowFailure> {
        let now = Instant::now();
        if self.write_by.is_some_and(|by| by <= now) {
            return Err(FlowFailure::NotReading);
        }
        if self.pong_by.is_some_and(|by| by <= now) {
            return Err(FlowFailure::NoPong);
        }
        if let (Some(at), Some(every)) = (self.next_ping, self.service.keep_alive)
            && at <= now
        {
            self.next_ping = Some(now + every);
            // Only a peer that has answered once is known to speak keep-alives (RFC 5626 4.4.1 has them negotiated).
            if self.has_ponged && self.pong_by.is_none() {
                self.pong_by = Some(now + self.service.limits.pong);
            }
            self.framer.expect_pong();
            self.is_ping_due = true;
            return Ok(());
        }
        // We keep our own connections open by keep-alives.
        let is_kept_open = self.service.keep_alive.is_some() && !self.framer.is_within_message();
        if give_up > now || is_kept_open {
            Ok(())
        } else if self.has_had_message && !self.framer.is_within_message() {
            Err(FlowFailure::Idle)
        } else {
            Err(FlowFailure::Silent)
        }
    }

    /// Takes what is whole out of the framer; tells whether anything was.
    async fn drain(&mut self) -> Result<bool, End> {
        /// Pongs that a peer may be owed; who asks more often does not read the answers.
        const PONGS: u8 = 100;
        let mut has_had_any = false;
        loop {
            let Some(framed) = self.framer.next().map_err(End::Framing)? else {
                return Ok(has_had_any);
            };
            has_had_any = true;
            match framed {
                Framed::Message(payload) => {
                    self.has_had_message = true;
                    let flow = self.service.flow;
                    let report = Report::Message { flow, payload };
                    // Waits while the owner is busy: then the peer's sending slows down.
                    if self.service.reports.send(report).await.is_err() {
                        return Err(End::LetGo);
                    }
                }
                Framed::Ping if self.pongs_due >= PONGS => {
                    return Err(FlowFailure::NotReading.into());
                }
                Framed::Ping => self.pongs_due += 1,
                Framed::Pong => {
                    self.has_ponged = true;
                    self.pong_by = None;
                }
            }
        }
    }
}

/// Reads into the framer by way of a buffer that all connections of a thread share: an idle one holds none.
fn poll_read<S>(
    framer: &mut Framer,
    io: &mut S,
    context: &mut Context<'_>,
) -> Poll<io::Result<usize>>
where
    S: AsyncRead + Unpin,
{
    const READ_BYTES: usize = 16 * 1024;
    thread_local! {
        static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    }
    let mut bytes = BUFFER.take();
    bytes.resize(READ_BYTES, 0);
    let mut buffer = ReadBuf::new(&mut bytes);
    let outcome = Pin::new(io).poll_read(context, &mut buffer);
    let filled = buffer.filled();
    framer.push(filled);
    let len = filled.len();
    BUFFER.set(bytes);
    outcome.map_ok(|()| len)
}
