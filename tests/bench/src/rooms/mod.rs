//! Conversations: messages accepted, one to a thousand, connections that say nothing, and histories of a million messages.

mod accept;
mod load;
mod members;
mod people;
mod prosody;
mod reading;
mod wire;

use std::time::Duration;

use anyhow::Result;
use clap::{Args, ValueEnum};

use self::accept::{Ours, Station, Theirs};
use self::load::Plan;
use self::members::{FanOut, Idle};
pub(crate) use self::people::Engine;
use self::reading::Reading;

/// What is measured of conversations, and how hard.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Conversations (--only rooms)")]
pub(crate) struct RoomOptions {
    /// Measure only this; may be repeated.
    #[arg(long, value_enum)]
    rooms: Vec<RoomPart>,
    /// Where the server keeps everything; may be repeated. Without it both.
    #[arg(long, value_enum)]
    database: Vec<Engine>,
    /// Messages a second; 0: as many as are answered.
    #[arg(long, default_value_t = 5_000)]
    messages: u32,
    /// Pairs of people who write to each other.
    #[arg(long, default_value_t = 100)]
    pairs: usize,
    /// So many messages of one person are unanswered at most.
    #[arg(long, default_value_t = 8)]
    window: usize,
    /// People in the room whom one message goes to.
    #[arg(long, default_value_t = 1_000)]
    members: usize,
    /// Connections that say nothing.
    #[arg(long, default_value_t = 10_000)]
    idle: usize,
    /// Messages of the conversation that is opened and searched.
    #[arg(long, default_value_t = 1_000_000)]
    history: u64,
}

/// One benchmark of conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RoomPart {
    /// Messages between two, durable before they are acknowledged.
    Accept,
    /// One message to everybody in a room.
    FanOut,
    /// Memory of connections that say nothing.
    Idle,
    /// A part of a long history, and what is found in it.
    History,
}

impl RoomOptions {
    fn wants(&self, part: RoomPart) -> bool {
        self.rooms.is_empty() || self.rooms.contains(&part)
    }

    fn engines(&self) -> Vec<Engine> {
        match self.database.is_empty() {
            true => vec![Engine::Sqlite, Engine::Postgres],
            false => self.database.clone(),
        }
    }
}

/// What was found.
#[derive(Default)]
pub(crate) struct Found {
    rows: Vec<String>,
}

impl Found {
    fn add(&mut self, what: impl std::fmt::Display, server: &str, figure: impl std::fmt::Display) {
        self.rows.push(format!("| {what} | {server} | {figure} |"));
    }
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

/// Measures.
pub(crate) fn measure(options: &crate::Options, with_prosody: bool) -> Result<Found> {
    let rooms = &options.rooms;
    let mut found = Found::default();
    if rooms.wants(RoomPart::Accept) {
        accepted(options, with_prosody, &mut found)?;
    }
    for engine in rooms.engines() {
        let server = format!("callserver, {}", engine.name());
        if rooms.wants(RoomPart::FanOut) {
            let FanOut {
                members,
                times,
                spent,
            } = members::fan_out(engine, options.core, rooms.members)?;
            let at = |of: usize| {
                times
                    .get(times.len() * of / 100)
                    .copied()
                    .unwrap_or_default()
            };
            found.add(
                format!("one message to {members} connected members, the last of them"),
                &server,
                format!(
                    "{}, at most {}; {} of processor time",
                    millis(at(50)),
                    millis(times.last().copied().unwrap_or_default()),
                    millis(spent)
                ),
            );
        }
        if rooms.wants(RoomPart::History) {
            let Reading { rows } = reading::measure(engine, options.core, rooms.history)?;
            for (what, figure) in rows {
                found.add(what, &server, figure);
            }
        }
    }
    if rooms.wants(RoomPart::Idle) {
        let Idle {
            clients,
            before,
            with,
            spent,
        } = members::idle(Engine::Sqlite, options.core, rooms.idle)?;
        found.add(
            format!("memory with {clients} idle connections"),
            "callserver, SQLite",
            format!(
                "{:.0} MB, {:.0} MB without; {:.1} KB each; {} of processor time a second",
                with as f64 / 1e6,
                before as f64 / 1e6,
                (with as f64 - before as f64) / clients as f64 / 1e3,
                millis(spent)
            ),
        );
    }
    Ok(found)
}

fn accepted(options: &crate::Options, with_prosody: bool, found: &mut Found) -> Result<()> {
    let rooms = &options.rooms;
    eprintln!("bench: {} pairs of people come", rooms.pairs);
    let mut stations: Vec<Box<dyn Station>> = Vec::new();
    for engine in rooms.engines() {
        stations.push(Box::new(Ours::open(engine, options.core, rooms.pairs)?));
    }
    if with_prosody {
        stations.push(Box::new(Theirs::open(options.core, rooms.pairs)?));
    }
    for run in 0..=options.runs {
        for station in &mut stations {
            let plan = Plan {
                rate: (rooms.messages > 0).then_some(f64::from(rooms.messages)),
                window: rooms.window,
                time: crate::measure::run_time(options, run),
                deliveries: 1,
            };
            let (outcome, spent) = station.run(plan)?;
            let micros = spent.as_secs_f64() * 1e6 / outcome.accepted.max(1) as f64;
            // The first run warms up.
            if run > 0 {
                found.add(
                    format!("messages accepted, run {run}"),
                    &station.name(),
                    format!(
                        "{:.0} a second; median {}, 99 of 100 in {}; {micros:.0} µs of processor time each",
                        outcome.per_second(),
                        millis(outcome.wait(500)),
                        millis(outcome.wait(990)),
                    ),
                );
            }
        }
    }
    Ok(())
}

/// Prints what was found.
pub(crate) fn print(found: &Found) {
    println!();
    println!("| conversations | server | figure |");
    println!("|---|---|---|");
    for row in &found.rows {
        println!("{row}");
    }
}
