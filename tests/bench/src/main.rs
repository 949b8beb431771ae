//! Processor time of the real call server per registration, per call, per relayed packet and per message.
//!
//! The server runs pinned to one core and the load to another. What is reported is the time that the server's threads had on
//! the processor, as the scheduler counts it, divided by the units of work: it disturbs little how busy the machine is, so
//! two figures from one run can be compared.

mod answerer;
mod call;
mod forwarder;
mod load;
mod measure;
mod memory;
mod register;
mod relay;
mod rooms;
mod side;

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Parser, ValueEnum};
use end_to_end::{Device, Server, ServerOptions};

use crate::measure::Figure;
use crate::side::Side;

/// What is measured, how hard and how long.
#[derive(Debug, Clone, Parser)]
#[command(about = "Processor time of the call server per unit of work")]
struct Options {
    /// Measure only this; may be repeated.
    #[arg(long, value_enum)]
    only: Vec<Part>,
    /// Registrations a second.
    #[arg(long, default_value_t = 500)]
    registrations: u32,
    /// Calls a second, each set up and hung up at once.
    #[arg(long, default_value_t = 50)]
    calls: u32,
    /// Calls at once for the relay, each with 50 packets a second both ways.
    #[arg(long, default_value_t = 200)]
    streams: usize,
    /// Has the kernel pass the relay's audio. Needs root, or CAP_BPF and CAP_NET_ADMIN. What the kernel does when a packet
    /// comes in counts for whoever sent it, not for the server; `sysctl kernel.bpf_stats_enabled=1` shows it.
    #[arg(long)]
    kernel_path: bool,
    /// Accounts that share the load, half of them callers and half called.
    #[arg(long, default_value_t = 20)]
    accounts: usize,
    /// How long each run lasts.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// How many runs there are; the median and the extremes are reported.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Measure this server beside ours: the same load, one after the other in each run. Ours then offers MD5 alone, which is
    /// all that the other one knows.
    #[arg(long, value_enum)]
    peer: Option<Peer>,
    /// Also look for the highest rate without a retransmission. The load has one core and may be the one that is late.
    #[arg(long)]
    max: bool,
    /// The core that the server runs on; the load runs on the others.
    #[arg(long, default_value_t = 0)]
    core: usize,
    #[command(flatten)]
    rooms: rooms::RoomOptions,
    /// Be the bare forwarder that the relay is compared with.
    #[arg(long, hide = true)]
    forward: Option<usize>,
}

/// Another server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Peer {
    /// Kamailio, Debian package `kamailio`: one worker, users and registrations in memory.
    Kamailio,
    /// Prosody, Debian packages `prosody` and `lua-dbi-sqlite3`, with its archive of messages; for conversations.
    Prosody,
}

/// One benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// REGISTER, 401, REGISTER, 200.
    Register,
    /// INVITE, 407, ACK, INVITE, 200, ACK, BYE, 200, with the other leg.
    Call,
    /// Memory per registration and per live call, idle, and the time of a start; a server of its own, only ours.
    Memory,
    /// One RTP packet in, one out; evenly and in bunches, beside a bare forwarder with one receive and one send call each.
    Relay,
    /// Conversations: servers of their own, and only when they are asked for.
    Rooms,
}

impl Options {
    fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    fn run_time(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

fn main() -> Result<()> {
    let options = Options::parse();
    if let Some(streams) = options.forward {
        return forwarder::forward(streams);
    }
    if options.accounts < 2 || options.runs == 0 || options.seconds == 0 {
        bail!("at least two accounts, one run and one second are needed");
    }
    stay_off(options.core)?;
    let rooms = match options.only.contains(&Part::Rooms) {
        true => Some(rooms::measure(
            &options,
            options.peer == Some(Peer::Prosody),
        )?),
        false => None,
    };
    if let (Some(found), [Part::Rooms]) = (&rooms, &*options.only) {
        rooms::print(found);
        return Ok(());
    }
    let mut settings = String::new();
    if options.peer == Some(Peer::Kamailio) {
        settings += "[digest]\nalgorithms = [\"MD5\"]\n";
    }
    if options.kernel_path {
        settings += "[relay]\nkernel_path = true\n";
    }
    let mut server = Server::start_with(ServerOptions {
        under: vec!["taskset".into(), "-c".into(), options.core.to_string()],
        settings,
        ..ServerOptions::default()
    })?;
    let (callers, called) = devices(&server, options.accounts)?;
    let sip = server.ready().sip;
    let process = server.process().id();

    let idle = measure::idle(process)?;
    let mut sides = vec![Side::ours(process, sip, callers, called)];
    if let Some(Peer::Kamailio) = options.peer {
        sides.push(Side::kamailio(options.core, options.accounts)?);
    }
    let mut figures: Vec<Figure> = Vec::new();
    let memory = match options.wants(Part::Memory) {
        true => Some(memory::measure(&options)?),
        false => None,
    };
    let per_part = (options.seconds * options.runs as u64 + 2) * sides.len() as u64;
    eprintln!("bench: each of the parts takes about {per_part} s");
    if options.wants(Part::Register) {
        figures.extend(register::measure(&options, &sides)?);
    }
    if options.wants(Part::Call) {
        figures.extend(call::measure(&options, &sides)?);
    }
    // Kamailio passes no audio itself.
    if options.wants(Part::Relay) {
        figures.extend(relay::measure(&options, &sides[0])?);
    }
    measure::print(&options, idle, &figures);
    if let Some(found) = &memory {
        memory::print(found);
    }
    if let Some(found) = &rooms {
        rooms::print(found);
    }
    if figures.iter().any(|figure| figure.failed > 0) {
        bail!("some of the work failed; its time is in the figures, so do not use them");
    }
    Ok(())
}

/// Keeps the load away from the server's core, if there is another.
fn stay_off(core: usize) -> Result<()> {
    let cores = std::thread::available_parallelism()?.get();
    if cores < 2 {
        eprintln!("bench: there is one core only; server and load disturb each other");
        return Ok(());
    }
    let others: Vec<String> = (0..cores)
        .filter(|other| *other != core)
        .map(|other| other.to_string())
        .collect();
    let status = Command::new("taskset")
        .args(["-acp", &others.join(","), &std::process::id().to_string()])
        .stdout(Stdio::null())
        .status()
        .context("taskset (package util-linux) is needed to pin the server to a core")?;
    if !status.success() {
        bail!("core {core} cannot be reserved for the server");
    }
    Ok(())
}

/// Makes the accounts and logs each in once; half of them will call the other half.
fn devices(server: &Server, accounts: usize) -> Result<(Vec<Device>, Vec<Device>)> {
    eprintln!("bench: making {accounts} accounts, each with one login");
    let mut devices = Vec::new();
    for index in 0..accounts {
        let account = server.add_account(&format!("user{index}"), &(5_000 + index).to_string())?;
        devices.push(server.add_device(&account)?);
    }
    let called = devices.split_off(accounts / 2);
    Ok((devices, called))
}
