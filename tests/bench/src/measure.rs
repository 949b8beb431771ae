//! Figures from several runs, and their table.

use std::time::{Duration, Instant};

use anyhow::Result;
use end_to_end::inside::ProcessorTime;

use crate::Options;
use crate::load::Outcome;

/// The first run only warms caches and the server's tables; it is not counted.
const WARM_UP: Duration = Duration::from_secs(1);

/// What one benchmark found.
pub(crate) struct Figure {
    server: &'static str,
    name: &'static str,
    per_second: f64,
    micros_per_unit: Vec<f64>,
    units: u64,
    retransmissions: u64,
    /// Bytes that the server had in use after the last run.
    pub(crate) memory: u64,
    /// The highest rate without a retransmission, if it was looked for.
    pub(crate) highest: Option<u32>,
    /// Units that failed in any run.
    pub(crate) failed: u64,
    /// The first failure in words.
    pub(crate) why: Option<String>,
}

impl Figure {
    pub(crate) fn new(server: &'static str, name: &'static str, per_second: f64) -> Figure {
        Figure {
            server,
            name,
            per_second,
            micros_per_unit: Vec::new(),
            units: 0,
            retransmissions: 0,
            memory: 0,
            highest: None,
            failed: 0,
            why: None,
        }
    }

    /// Adds a run; run 0 is the warm-up.
    pub(crate) fn add(&mut self, run: usize, spent: Duration, outcome: Outcome, units: u64) {
        if run == 0 {
            return;
        }
        self.micros_per_unit
            .push(spent.as_secs_f64() * 1e6 / units.max(1) as f64);
        self.units += units;
        self.retransmissions += outcome.retransmissions;
        self.failed += outcome.failed;
    }

    /// Median, lowest and highest.
    fn spread(&self) -> (f64, f64, f64) {
        let mut sorted = self.micros_per_unit.clone();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
        (
            at(sorted.len() / 2),
            at(0),
            at(sorted.len().saturating_sub(1)),
        )
    }
}

/// How long a run lasts; run 0 is the warm-up.
pub(crate) fn run_time(options: &Options, run: usize) -> Duration {
    if run == 0 {
        WARM_UP
    } else {
        options.run_time()
    }
}

/// Processor time that the idle server takes in a second.
pub(crate) fn idle(process: u32) -> Result<Duration> {
    const WATCHED: Duration = Duration::from_secs(2);
    let before = ProcessorTime::of(process)?;
    std::thread::sleep(WATCHED);
    Ok(ProcessorTime::of(process)?.since(&before) / 2)
}

/// Prints the table and how to get it again.
pub(crate) fn print(options: &Options, idle: Duration, figures: &[Figure]) {
    println!();
    println!(
        "Processor time of callserver, pinned to core {}; {} runs of {} s; median (lowest to highest).",
        options.core, options.runs, options.seconds
    );
    println!(
        "Idle it takes {} µs a second, which is in the figures.",
        idle.as_micros()
    );
    println!();
    println!(
        "| unit of work | server | load per second | CPU-µs per unit | to {} | most per second | memory MB | units | retransmitted | failed |",
        figures.first().map_or("ours", |figure| figure.server)
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for figure in figures {
        let (median, lowest, highest) = figure.spread();
        let ours = figures.iter().find(|other| other.name == figure.name);
        let ratio = median / ours.map_or(median, |ours| ours.spread().0);
        let most = figure
            .highest
            .map_or("–".to_owned(), |rate| rate.to_string());
        println!(
            "| {} | {} | {:.0} | {median:.1} ({lowest:.1} to {highest:.1}) | {ratio:.2} | {most} | {} | {} | {} | {} |",
            figure.name,
            figure.server,
            figure.per_second,
            figure.memory / 1_000_000,
            figure.units,
            figure.retransmissions,
            figure.failed
        );
    }
    for figure in figures {
        if let Some(why) = &figure.why {
            println!("\nFirst failure at {}: {why}", figure.server);
        }
    }
    println!(
        "\nAgain: make bench BENCH='--registrations {} --calls {} --streams {} --accounts {} --seconds {} --runs {} \
         --core {}{}{}'",
        options.registrations,
        options.calls,
        options.streams,
        options.accounts,
        options.seconds,
        options.runs,
        options.core,
        if options.peer == Some(crate::Peer::Kamailio) {
            " --peer kamailio"
        } else {
            ""
        },
        if options.max { " --max" } else { "" },
    );
}

/// The highest rate at which nothing is repeated, fails or comes late: in steps of a half from `first` on, then halved
/// down to a twentieth.
pub(crate) fn highest(first: u32, mut run: impl FnMut(u32) -> Result<Outcome>) -> Result<u32> {
    let (mut good, mut bad, mut rate) = (0, None, first.max(1));
    loop {
        let begin = Instant::now();
        let outcome = run(rate)?;
        let per_second = outcome.completed as f64 / begin.elapsed().as_secs_f64();
        // Whoever cannot keep up stretches the run.
        let is_good = outcome.failed == 0
            && outcome.retransmissions == 0
            && per_second > 0.93 * f64::from(rate);
        eprintln!(
            "bench: {rate} a second: {}",
            if is_good { "good" } else { "too many" }
        );
        if is_good {
            good = rate;
        } else {
            bad = Some(rate);
        }
        rate = match bad {
            None => rate + rate / 2 + 1,
            Some(bad) if bad - good <= good / 20 + 1 => return Ok(good),
            Some(bad) => good + (bad - good) / 2,
        };
    }
}
