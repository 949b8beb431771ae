//! Memory of the server: idle, per registration, per live call whose audio it relays; and how fast it is there again.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use end_to_end::inside;
use end_to_end::{Choir, Device, Registered, Server, ServerOptions, Transport};

use crate::Options;
use crate::load::Load;
use crate::register::Registration;

/// Accounts that call and are called, and as many whose phones only register: a call that rings phones which nobody
/// answers has these in memory too until they are given up.
const ACCOUNTS: usize = 40;
/// Phones of each account that only registers, as many as a server takes by default.
const PHONES: usize = 10;
/// Calls at once, ten for each account that calls.
const CALLS: usize = 200;
/// Registrations are written and caches settle for so long.
const SETTLE: Duration = Duration::from_secs(4);
/// So often a start is timed.
const STARTS: usize = 5;

/// What was found.
pub(crate) struct Found {
    /// Bytes in use when nobody is there: all, and those that no other process could share.
    idle: (u64, u64),
    registration: f64,
    call: f64,
    /// From the start of the process to the 200 to a REGISTER, sorted.
    starts: Vec<Duration>,
}

/// Measures a server of its own on the core.
pub(crate) fn measure(options: &Options) -> Result<Found> {
    eprintln!("bench: memory takes about a minute");
    let mut server = Server::start_with(ServerOptions {
        under: vec!["taskset".into(), "-c".into(), options.core.to_string()],
        ..ServerOptions::default()
    })?;
    let mut devices = Vec::new();
    for index in 0..2 * ACCOUNTS {
        let account = server.add_account(&format!("user{index}"), &(5_000 + index).to_string())?;
        devices.push(server.make_device(&account)?);
    }
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let begin = Instant::now();
        server = server.crash_and_restart()?;
        Registered::new(server.ready().sip, &devices[0], Transport::Udp)?;
        starts.push(begin.elapsed());
    }
    starts.sort();
    std::thread::sleep(SETTLE);
    let process = server.process().id();
    let idle = (inside::memory(process)?, inside::own_memory(process)?);

    // The first of each kind fill pools and caches.
    let (choir, registering) = devices.split_at(ACCOUNTS);
    let phones = (PHONES - 2) * ACCOUNTS;
    register(server.ready().sip, registering, 0..ACCOUNTS)?;
    let before = inside::memory(process)?;
    register(server.ready().sip, registering, ACCOUNTS..ACCOUNTS + phones)?;
    let registration = (inside::memory(process)? as f64 - before as f64) / phones as f64;

    let (callers, called) = choir.split_at(ACCOUNTS / 2);
    let mut choir = Choir::start(server.ready().sip, callers, called)?;
    choir.call(CALLS / 4)?;
    std::thread::sleep(SETTLE);
    let before = inside::memory(process)?;
    choir.call(CALLS)?;
    std::thread::sleep(SETTLE);
    let call = (inside::memory(process)? as f64 - before as f64) / CALLS as f64;
    Ok(Found {
        idle,
        registration,
        call,
        starts,
    })
}

/// Registers a phone for each index, each at an address of its own.
fn register(server: SocketAddr, devices: &[Device], phones: std::ops::Range<usize>) -> Result<()> {
    let mut load = Load::new(server)?;
    let (first, count) = (phones.start, phones.len());
    let rate = 200;
    let time = Duration::from_millis((count * 1000 / rate) as u64 + 1);
    let outcome = load.run(rate as u32, time, |index| {
        let phone = first + index as usize % count;
        // Nobody calls there.
        let at = SocketAddr::from(([127, 0, 0, 1], 10_000 + phone as u16));
        Registration::new(
            &devices[phone % devices.len()],
            at,
            format!("m{phone}-{index}"),
        )
    })?;
    let why = load.first_failure.unwrap_or_default();
    ensure!(outcome.failed == 0, "a registration failed: {why}");
    std::thread::sleep(SETTLE);
    Ok(())
}

/// Prints what was found.
pub(crate) fn print(found: &Found) {
    let kilobytes = |bytes: f64| bytes / 1_000.0;
    let (all, own) = found.idle;
    println!();
    println!("| memory and start | figure |");
    println!("|---|---|");
    println!(
        "| idle, {} accounts | {:.1} MB, of which {:.1} MB are its own and the rest is the program |",
        2 * ACCOUNTS,
        all as f64 / 1e6,
        own as f64 / 1e6
    );
    println!(
        "| per registration | {:.1} KB |",
        kilobytes(found.registration)
    );
    println!(
        "| per live call whose audio is relayed | {:.1} KB |",
        kilobytes(found.call)
    );
    let millis = |index: usize| found.starts.get(index).map_or(0, |start| start.as_millis());
    println!(
        "| from the start to the first answered REGISTER | {} ms ({} to {}) |",
        millis(STARTS / 2),
        millis(0),
        millis(STARTS - 1)
    );
}
