//! Relayed audio: many calls, each with 50 packets a second both ways.

use std::cell::Cell;
use std::net::UdpSocket;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use end_to_end::inside::ProcessorTime;

use crate::Options;
use crate::answerer::Answerer;
use crate::call::{Call, Then};
use crate::forwarder::Forwarder;
use crate::load::{Load, Outcome};
use crate::measure::{self, Figure};
use crate::side::Side;

/// From one packet of a stream to the next.
const PTIME: Duration = Duration::from_millis(20);
/// A packet of G.711: 12 bytes of header, 160 samples.
const PACKET: usize = 172;

/// Both ends of one call.
struct Stream {
    ends: [End; 2],
}

struct End {
    socket: UdpSocket,
    sequence: u16,
}

impl End {
    fn new() -> Result<End> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.set_nonblocking(true)?;
        Ok(End {
            socket,
            sequence: 0,
        })
    }

    /// Sends one packet; `false` if the socket's queue was full.
    fn send(&mut self, ssrc: u32) -> bool {
        self.sequence = self.sequence.wrapping_add(1);
        let mut packet = [0x55; PACKET];
        packet[..2].copy_from_slice(&[0x80, 0]);
        packet[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        packet[4..8].copy_from_slice(&(u32::from(self.sequence) * 160).to_be_bytes());
        packet[8..12].copy_from_slice(&ssrc.to_be_bytes());
        self.socket.send(&packet).is_ok()
    }

    /// Takes what has come.
    fn receive(&self) -> u64 {
        let mut buffer = [0; 256];
        let mut count = 0;
        while self.socket.recv(&mut buffer).is_ok() {
            count += 1;
        }
        count
    }
}

/// How packets leave.
#[derive(Clone, Copy)]
enum Leaving {
    /// Evenly spread: each wakes the relay.
    Evenly,
    /// All that are due within a millisecond at once, as network cards hand them over.
    InBunches,
}

impl Leaving {
    /// When a packet leaves that is due so long after the beginning.
    fn at(self, due: Duration) -> Duration {
        match self {
            Self::Evenly => due,
            Self::InBunches => Duration::from_millis(due.as_millis() as u64 + 1),
        }
    }
}

/// Who passes the packets.
struct Relay {
    name: &'static str,
    processes: Vec<u32>,
    streams: Vec<Stream>,
}

impl Relay {
    fn time(&self) -> Result<Vec<ProcessorTime>> {
        self.processes
            .iter()
            .map(|process| ProcessorTime::of(*process))
            .collect()
    }

    fn since(&self, before: &[ProcessorTime]) -> Result<Duration> {
        let now = self.time()?;
        Ok(now
            .iter()
            .zip(before)
            .map(|(now, before)| now.since(before))
            .sum())
    }
}

/// The server beside a bare forwarder, with packets that come evenly and in bunches.
pub(crate) fn measure(options: &Options, side: &Side) -> Result<Vec<Figure>> {
    let answerer = Answerer::start(side.sip, &side.called)?;
    let forwarder = Forwarder::start(options.core, options.streams)?;
    let mut relays = [
        Relay {
            name: side.name,
            processes: side.processes.clone(),
            streams: calls(options, side, &answerer)?,
        },
        Relay {
            name: "bare forwarder",
            processes: vec![forwarder.process()],
            streams: forwarded(&forwarder)?,
        },
    ];
    let per_second = options.streams as f64 * 2.0 / PTIME.as_secs_f64();
    let mut figures = Vec::new();
    for (leaving, unit) in [
        (Leaving::Evenly, "relayed RTP packet (172 bytes, both ways)"),
        (Leaving::InBunches, "the same in bunches of 1 ms"),
    ] {
        let mut of_this = relays
            .each_ref()
            .map(|relay| Figure::new(relay.name, unit, per_second));
        for run in 0..=options.runs {
            let time = measure::run_time(options, run);
            // One after the other in each run: what else the machine does meets both.
            for (relay, figure) in relays.iter_mut().zip(&mut of_this) {
                let before = relay.time()?;
                let (sent, received) = talk(&mut relay.streams, time, leaving);
                let outcome = Outcome {
                    completed: received,
                    failed: sent.saturating_sub(received),
                    retransmissions: 0,
                };
                figure.add(run, relay.since(&before)?, outcome, received);
            }
        }
        of_this[0].memory = side.memory()?;
        figures.extend(of_this);
    }
    Ok(figures)
}

/// Sets calls up through the server.
fn calls(options: &Options, side: &Side, answerer: &Answerer) -> Result<Vec<Stream>> {
    let mut load = Load::new(side.sip)?;
    let local = load.local()?;
    let mut streams = Vec::new();
    for index in 0..options.streams {
        let ends = [End::new()?, End::new()?];
        let [here, there] = [&ends[0], &ends[1]].map(|end| end.socket.local_addr());
        answerer.listen_at(there?);
        let told = Rc::new(Cell::new(None));
        let (caller, callee) = (
            &side.callers[index % side.callers.len()],
            &side.called[index % side.called.len()],
        );
        let call = Call::new(
            caller,
            local,
            format!("s{index}"),
            callee,
            here?,
            Then::Stay,
        )
        .telling(Rc::clone(&told));
        load.run_one(call)
            .with_context(|| format!("call {index} of the relay could not be set up"))?;
        ends[0].socket.connect(
            told.get()
                .context("the answer named no address for audio")?,
        )?;
        ends[1].socket.connect(answerer.offered()?)?;
        streams.push(Stream { ends });
    }
    Ok(streams)
}

fn forwarded(forwarder: &Forwarder) -> Result<Vec<Stream>> {
    let stream = |ports: &[u16; 2]| {
        let ends = [End::new()?, End::new()?];
        for (end, port) in ends.iter().zip(ports) {
            end.socket.connect(("127.0.0.1", *port))?;
        }
        Ok(Stream { ends })
    };
    forwarder.ports.iter().map(stream).collect()
}

/// Sends packets for `time`; gives back how many went out and how many came.
fn talk(streams: &mut [Stream], time: Duration, leaving: Leaving) -> (u64, u64) {
    let (mut sent, mut received) = (0, 0);
    let begin = Instant::now();
    let slot = PTIME / u32::try_from(streams.len().max(1)).unwrap_or(u32::MAX);
    let rounds = (time.as_millis() / PTIME.as_millis()) as u32;
    for round in 0..rounds {
        for (index, stream) in (0_u32..).zip(streams.iter_mut()) {
            let due = begin + leaving.at(PTIME * round + slot * index);
            // Short waits are imprecise; what is late is sent at once, so the mean rate holds.
            thread::sleep(due.saturating_duration_since(Instant::now()));
            for end in &mut stream.ends {
                received += end.receive();
                sent += u64::from(end.send(index));
            }
        }
    }
    thread::sleep(Duration::from_millis(200));
    for end in streams.iter().flat_map(|stream| &stream.ends) {
        received += end.receive();
    }
    (sent, received)
}
