//! Drives many small SIP exchanges at a steady rate over one UDP socket, with the retransmissions of RFC 3261.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use bytes::Bytes;
use sip::{HeaderName, Message, Response};

/// Timer T1 (RFC 3261 section 17.1.1.1).
const T1: Duration = Duration::from_millis(500);
/// Half of the usual 64 times T1: a benchmark need not wait longer to call an exchange failed.
const GIVE_UP: Duration = Duration::from_secs(16);
/// Receive buffer of the socket; without it a burst of answers would be lost here and be held against the server.
const LONGEST_MESSAGE: usize = 8_192;

/// What an exchange wants after it has been told something.
pub(crate) enum Next {
    /// Wait for more.
    Wait,
    /// Send this request, and repeat it until an answer comes.
    Ask(Vec<u8>),
    /// Send this once (an ACK), then this request until an answer comes.
    TellAndAsk(Vec<u8>, Vec<u8>),
    /// It is over, well or badly.
    Done(Result<()>),
}

/// One exchange, such as a registration.
pub(crate) trait Exchange {
    /// Its Call-ID.
    fn call_id(&self) -> &str;
    /// The first request.
    fn begin(&mut self) -> Vec<u8>;
    /// An answer came.
    fn receive(&mut self, answer: &Response) -> Next;
}

/// What came of a load.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Outcome {
    pub(crate) completed: u64,
    pub(crate) failed: u64,
    pub(crate) retransmissions: u64,
}

struct Running<E> {
    exchange: E,
    request: Vec<u8>,
    /// Grows with each request, so that the timer of an earlier one is known as stale.
    request_number: u32,
    interval: Duration,
    give_up: Instant,
}

/// A socket and what is under way on it.
pub(crate) struct Load<E> {
    socket: UdpSocket,
    running: HashMap<String, Running<E>>,
    timers: BinaryHeap<Reverse<(Instant, String, u32)>>,
    outcome: Outcome,
    /// The first thing that went wrong, for the report.
    pub(crate) first_failure: Option<String>,
    buffer: Vec<u8>,
}

impl<E: Exchange> Load<E> {
    /// A load from a socket of its own.
    pub(crate) fn new(server: SocketAddr) -> Result<Load<E>> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.connect(server)?;
        Ok(Load {
            socket,
            running: HashMap::new(),
            timers: BinaryHeap::new(),
            outcome: Outcome::default(),
            first_failure: None,
            buffer: vec![0; LONGEST_MESSAGE],
        })
    }

    /// The address that answers come to.
    pub(crate) fn local(&self) -> Result<SocketAddr> {
        Ok(self.socket.local_addr()?)
    }

    /// Begins `per_second` exchanges a second for `time`, evenly spread, and waits until all are over.
    pub(crate) fn run(
        &mut self,
        per_second: u32,
        time: Duration,
        mut make: impl FnMut(u64) -> E,
    ) -> Result<Outcome> {
        self.outcome = Outcome::default();
        let begin = Instant::now();
        let count = (time.as_secs_f64() * f64::from(per_second)).round() as u64;
        let due =
            |index: u64| begin + Duration::from_secs_f64(index as f64 / f64::from(per_second));
        let mut index = 0;
        while index < count || !self.running.is_empty() {
            let now = Instant::now();
            while index < count && due(index) <= now {
                self.begin(make(index), now)?;
                index += 1;
            }
            self.repeat(now)?;
            let next_begin = (index < count).then(|| due(index));
            let next_timer = self.timers.peek().map(|Reverse((at, _, _))| *at);
            let until = [next_begin, next_timer].into_iter().flatten().min();
            let wait = until.map_or(T1, |at| at.saturating_duration_since(Instant::now()));
            self.receive(wait)?;
        }
        self.timers.clear();
        Ok(self.outcome)
    }

    /// Does one exchange and gives it back.
    pub(crate) fn run_one(&mut self, exchange: E) -> Result<()> {
        let mut only = Some(exchange);
        let outcome = self.run(1, Duration::from_secs(1), |_| {
            only.take().expect("one exchange is asked for")
        })?;
        if outcome.completed != 1 {
            bail!("{}", self.first_failure.clone().unwrap_or_default());
        }
        Ok(())
    }

    fn begin(&mut self, mut exchange: E, now: Instant) -> Result<()> {
        let request = exchange.begin();
        let call_id = exchange.call_id().to_owned();
        let running = Running {
            exchange,
            request: Vec::new(),
            request_number: 0,
            interval: T1,
            give_up: now + GIVE_UP,
        };
        self.running.insert(call_id.clone(), running);
        self.ask(&call_id, request, now)
    }

    fn ask(&mut self, call_id: &str, request: Vec<u8>, now: Instant) -> Result<()> {
        let Some(running) = self.running.get_mut(call_id) else {
            return Ok(());
        };
        self.socket.send(&request)?;
        running.request = request;
        running.request_number += 1;
        running.interval = T1;
        self.timers.push(Reverse((
            now + T1,
            call_id.to_owned(),
            running.request_number,
        )));
        Ok(())
    }

    fn repeat(&mut self, now: Instant) -> Result<()> {
        while let Some(Reverse((at, _, _))) = self.timers.peek() {
            if *at > now {
                break;
            }
            let Some(Reverse((_, call_id, number))) = self.timers.pop() else {
                break;
            };
            let Some(running) = self.running.get_mut(&call_id) else {
                continue;
            };
            if running.request_number != number {
                continue;
            }
            if now > running.give_up {
                self.fail(&call_id, "no answer".to_owned());
                continue;
            }
            self.socket.send(&running.request)?;
            self.outcome.retransmissions += 1;
            running.interval *= 2;
            self.timers
                .push(Reverse((now + running.interval, call_id, number)));
        }
        Ok(())
    }

    fn receive(&mut self, wait: Duration) -> Result<()> {
        // Zero would mean "for ever".
        self.socket
            .set_read_timeout(Some(wait.max(Duration::from_micros(50))))?;
        let length = match self.socket.recv(&mut self.buffer) {
            Ok(length) => length,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let Ok(Message::Response(answer)) =
            Message::parse(Bytes::copy_from_slice(&self.buffer[..length]))
        else {
            return Ok(());
        };
        let Some(call_id) = answer
            .headers
            .get(&HeaderName::CallId)
            .map(|id| id.as_str().to_owned())
        else {
            return Ok(());
        };
        let Some(running) = self.running.get_mut(&call_id) else {
            return Ok(());
        };
        let now = Instant::now();
        match running.exchange.receive(&answer) {
            Next::Wait => {
                // A provisional answer stops the repetitions of an INVITE, and it is the only one that gets them here.
                running.request_number += 1;
                let number = running.request_number;
                running.interval = GIVE_UP;
                let give_up = running.give_up;
                self.timers.push(Reverse((give_up, call_id, number)));
            }
            Next::Ask(request) => self.ask(&call_id, request, now)?,
            Next::TellAndAsk(told, request) => {
                self.socket.send(&told)?;
                self.ask(&call_id, request, now)?;
            }
            Next::Done(Ok(())) => {
                self.running.remove(&call_id);
                self.outcome.completed += 1;
            }
            Next::Done(Err(error)) => self.fail(&call_id, format!("{error:#}")),
        }
        Ok(())
    }

    fn fail(&mut self, call_id: &str, why: String) {
        self.running.remove(call_id);
        self.outcome.failed += 1;
        self.first_failure.get_or_insert(why);
    }
}
