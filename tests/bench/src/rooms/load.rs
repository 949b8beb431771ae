//! Messages from many connections at once, and how long each takes until it is acknowledged.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};

use super::wire::Wire;

/// Nothing may take longer, on a busy disk neither.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a text of the server means for the load.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// The message with this number is stored.
    Stored(u64),
    /// Somebody got a message, for the first time if there is a number.
    Delivered(Option<u64>),
    /// Something was refused.
    Refused(String),
    /// Something else.
    Other,
}

/// How hard and how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// Messages a second, evenly spread; `None`: as many as are answered.
    pub(super) rate: Option<f64>,
    /// So many messages of one connection are unanswered at most.
    pub(super) window: usize,
    pub(super) time: Duration,
    /// Each message is delivered so often.
    pub(super) deliveries: u64,
}

/// How it went.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Messages that were acknowledged.
    pub(super) accepted: u64,
    pub(super) delivered: u64,
    /// From the first message to the last acknowledgement.
    pub(super) took: Duration,
    /// From when each was due to its acknowledgement, sorted.
    pub(super) waits: Vec<Duration>,
    pub(super) refused: u64,
    pub(super) why: Option<String>,
}

impl Outcome {
    pub(super) fn per_second(&self) -> f64 {
        self.accepted as f64 / self.took.as_secs_f64()
    }

    /// The wait that so many of a thousand are below.
    pub(super) fn wait(&self, of_thousand: usize) -> Duration {
        let at = (self.waits.len() * of_thousand / 1000).min(self.waits.len().saturating_sub(1));
        self.waits.get(at).copied().unwrap_or_default()
    }
}

/// Connections, and what waits on them.
pub(super) struct Crowd {
    wires: Vec<Wire>,
    epoll: std::os::fd::OwnedFd,
    events: Vec<epoll::Event>,
    /// Those that could not take everything.
    stuck: Vec<usize>,
    /// The number of the next message; none is used twice.
    next: u64,
}

impl Crowd {
    pub(super) fn new() -> Result<Crowd> {
        Ok(Crowd {
            wires: Vec::new(),
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            events: Vec::with_capacity(256),
            stuck: Vec::new(),
            next: 0,
        })
    }

    /// Takes one more; those before it are heard now and then, because they are asked whether they are still there.
    pub(super) fn add(&mut self, wire: Wire) -> Result<()> {
        let place = self.wires.len();
        let data = epoll::EventData::new_u64(place as u64);
        epoll::add(&self.epoll, wire.stream(), data, epoll::EventFlags::IN)?;
        self.wires.push(wire);
        if place % 64 == 63 {
            self.hear(Duration::ZERO, |_, _| {})?;
        }
        Ok(())
    }

    /// Says something on a connection.
    pub(super) fn say(&mut self, place: usize, text: &[u8]) -> Result<()> {
        let wire = self.wires.get_mut(place).context("no such connection")?;
        wire.say(text);
        if !wire.flush()? {
            self.stuck.push(place);
        }
        Ok(())
    }

    /// Hands on what comes within a time, as soon as anything has come.
    pub(super) fn hear(
        &mut self,
        within: Duration,
        mut each: impl FnMut(usize, &[u8]),
    ) -> Result<()> {
        for place in std::mem::take(&mut self.stuck) {
            if !self.wires[place].flush()? {
                self.stuck.push(place);
            }
        }
        let within = match self.stuck.is_empty() {
            true => within,
            false => within.min(Duration::from_millis(1)),
        };
        let within = Timespec {
            tv_sec: within.as_secs() as i64,
            tv_nsec: within.subsec_nanos().into(),
        };
        self.events.clear();
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&within)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for event in &self.events {
            let place = event.data.u64() as usize;
            let wire = &mut self.wires[place];
            wire.read(|text| each(place, text))
                .with_context(|| format!("connection {place}"))?;
            if !wire.flush()? {
                self.stuck.push(place);
            }
        }
        Ok(())
    }

    /// Sends messages as planned and waits for all acknowledgements. `write` makes the message with a number for a
    /// connection; `understand` reads what comes.
    pub(super) fn run(
        &mut self,
        plan: Plan,
        mut write: impl FnMut(usize, u64) -> Vec<u8>,
        understand: impl Fn(&[u8]) -> Heard,
    ) -> Result<Outcome> {
        let senders = self.wires.len();
        let mut outcome = Outcome::default();
        let mut due: Vec<VecDeque<Instant>> = vec![VecDeque::new(); senders];
        let mut unanswered = vec![0; senders];
        let mut sent: HashMap<u64, (usize, Instant)> = HashMap::new();
        let begin = Instant::now();
        let (mut planned, mut last_answer) = (0_u64, begin);
        loop {
            let now = Instant::now();
            let is_over = now >= begin + plan.time;
            let mut until = Duration::from_millis(100);
            match plan.rate {
                Some(rate) => loop {
                    let at = begin + Duration::from_secs_f64(planned as f64 / rate);
                    if at > now || at >= begin + plan.time {
                        until = until.min(at.saturating_duration_since(now));
                        break;
                    }
                    due[planned as usize % senders].push_back(at);
                    planned += 1;
                },
                None if is_over => {}
                None => {
                    for (place, due) in due.iter_mut().enumerate() {
                        while due.len() + unanswered[place] < plan.window {
                            due.push_back(now);
                        }
                    }
                }
            }
            if is_over {
                // What the server was too slow for is not sent: fewer are accepted then.
                due.iter_mut().for_each(VecDeque::clear);
            }
            for place in 0..senders {
                while unanswered[place] < plan.window
                    && let Some(at) = due[place].pop_front()
                {
                    let text = write(place, self.next);
                    sent.insert(self.next, (place, at));
                    self.next += 1;
                    unanswered[place] += 1;
                    self.say(place, &text)?;
                }
            }
            let expected = outcome.accepted * plan.deliveries;
            if is_over && sent.is_empty() && outcome.delivered >= expected {
                break;
            }
            if now > begin + plan.time + PATIENCE {
                bail!(
                    "{} messages were not acknowledged, {} of {expected} not delivered; {:?}",
                    sent.len(),
                    expected.saturating_sub(outcome.delivered),
                    outcome.why
                );
            }
            self.hear(until, |_, text| {
                let stored = match understand(text) {
                    Heard::Stored(number) => Some(number),
                    Heard::Delivered(number) => {
                        outcome.delivered += 1;
                        number
                    }
                    Heard::Refused(why) => {
                        outcome.refused += 1;
                        outcome.why.get_or_insert(why);
                        None
                    }
                    Heard::Other => None,
                };
                if let Some((place, at)) = stored.and_then(|number| sent.remove(&number)) {
                    last_answer = Instant::now();
                    outcome.waits.push(last_answer - at);
                    outcome.accepted += 1;
                    unanswered[place] -= 1;
                }
            })?;
            if let Some(why) = &outcome.why {
                bail!("the server refused: {why}");
            }
        }
        outcome.took = last_answer - begin;
        outcome.waits.sort_unstable();
        Ok(outcome)
    }
}
