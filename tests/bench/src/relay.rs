//! Relayed audio: many calls, each with 50 packets a second both ways.

use std::cell::Cell;
use std::net::UdpSocket;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::Options;
use crate::answerer::Answerer;
use crate::call::{Call, Then};
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

pub(crate) fn measure(options: &Options, side: &Side) -> Result<Figure> {
    let (sip, callers, called) = (side.sip, &side.callers, &side.called);
    let answerer = Answerer::start(sip, called)?;
    let mut load = Load::new(sip)?;
    let local = load.local()?;
    let mut streams = Vec::new();
    for index in 0..options.streams {
        let ends = [End::new()?, End::new()?];
        let [here, there] = [&ends[0], &ends[1]].map(|end| end.socket.local_addr());
        answerer.listen_at(there?);
        let told = Rc::new(Cell::new(None));
        let (caller, callee) = (
            &callers[index % callers.len()],
            &called[index % called.len()],
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
    let per_second = options.streams as f64 * 2.0 / PTIME.as_secs_f64();
    let mut figure = Figure::new(
        side.name,
        "relayed RTP packet (172 bytes, both ways)",
        per_second,
    );
    for run in 0..=options.runs {
        let time = measure::run_time(options, run);
        let before = side.time()?;
        let (sent, received) = talk(&mut streams, time);
        let outcome = Outcome {
            completed: received,
            failed: sent.saturating_sub(received),
            retransmissions: 0,
        };
        figure.add(run, side.time()?.since(&before), outcome, received);
    }
    figure.memory = side.memory()?;
    Ok(figure)
}

/// Sends evenly spread packets for `time`; gives back how many went out and how many came.
fn talk(streams: &mut [Stream], time: Duration) -> (u64, u64) {
    let (mut sent, mut received) = (0, 0);
    let begin = Instant::now();
    let slot = PTIME / u32::try_from(streams.len().max(1)).unwrap_or(u32::MAX);
    let rounds = (time.as_millis() / PTIME.as_millis()) as u32;
    for round in 0..rounds {
        for (index, stream) in (0_u32..).zip(streams.iter_mut()) {
            let due = begin + PTIME * round + slot * index;
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
