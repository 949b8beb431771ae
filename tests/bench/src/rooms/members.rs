//! One message to everybody in a great room, and what connections cost that say nothing.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use end_to_end::inside::{self, ProcessorTime};
use serde_json::json;

use super::people::{Engine, House};

/// So often something is said to everybody.
const ROUNDS: usize = 31;
const PATIENCE: Duration = Duration::from_secs(10);
/// Caches settle for so long.
const SETTLE: Duration = Duration::from_secs(5);

/// How long one message takes from its sender to the last of all members.
pub(super) struct FanOut {
    pub(super) members: usize,
    /// Sorted.
    pub(super) times: Vec<Duration>,
    /// Processor time of the server for one message and all its deliveries.
    pub(super) spent: Duration,
}

pub(super) fn fan_out(engine: Engine, core: usize, members: usize) -> Result<FanOut> {
    eprintln!("bench: {members} people come into a room");
    let mut house = House::open(engine, core)?;
    let guests = house.guests(members)?;
    let room = house.room(&guests, json!({}))?;
    let mut crowd = house.connect(&guests)?;
    let process = house.process();
    let mut times = Vec::new();
    let mut spent = Duration::ZERO;
    for round in 0..ROUNDS {
        let body = json!({ "type": "text", "text": format!("To everybody, round {round}") });
        let data = json!({ "room": room, "id": format!("round-{round}"), "body": body });
        let request = json!({ "type": "USER_MESSAGE", "data": data }).to_string();
        let before = ProcessorTime::of(process)?;
        let begin = Instant::now();
        crowd.say(round % members, request.as_bytes())?;
        let mut heard = 0;
        while heard < members {
            ensure!(
                begin.elapsed() < PATIENCE,
                "{heard} of {members} members heard a message"
            );
            crowd.hear(PATIENCE, |_, text| {
                heard += usize::from(text.starts_with(br#"{"type":"SYS_NEW_MESSAGE""#));
            })?;
        }
        // The first one warms up.
        if round > 0 {
            times.push(begin.elapsed());
            std::thread::sleep(Duration::from_millis(20));
            spent += ProcessorTime::of(process)?.since(&before);
        }
    }
    times.sort_unstable();
    Ok(FanOut {
        members,
        times,
        spent: spent / (ROUNDS - 1) as u32,
    })
}

/// Memory of a server with connections that say nothing.
pub(super) struct Idle {
    pub(super) clients: usize,
    /// Bytes without and with them.
    pub(super) before: u64,
    pub(super) with: u64,
    /// Processor time of the server in a second.
    pub(super) spent: Duration,
}

pub(super) fn idle(engine: Engine, core: usize, clients: usize) -> Result<Idle> {
    eprintln!("bench: {clients} guests come and connect");
    let mut house = House::open(engine, core)?;
    let guests = house.guests(clients)?;
    std::thread::sleep(SETTLE);
    let process = house.process();
    let before = inside::memory(process)?;
    let mut crowd = house.connect(&guests)?;
    let begin = Instant::now();
    let time = ProcessorTime::of(process)?;
    // Through a heartbeat, which is answered.
    while begin.elapsed() < Duration::from_secs(35) {
        crowd.hear(Duration::from_secs(1), |_, _| {})?;
    }
    let spent = ProcessorTime::of(process)?.since(&time) / 35;
    Ok(Idle {
        clients,
        before,
        with: inside::memory(process)?,
        spent,
    })
}
