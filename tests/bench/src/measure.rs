//! Figures from several runs, and their table.

use std::time::Duration;

use anyhow::Result;
use end_to_end::inside::ProcessorTime;

use crate::Options;
use crate::load::Outcome;

/// The first run only warms caches and the server's tables; it is not counted.
const WARM_UP: Duration = Duration::from_secs(1);

/// What one benchmark found.
pub(crate) struct Figure {
    name: &'static str,
    per_second: f64,
    micros_per_unit: Vec<f64>,
    units: u64,
    retransmissions: u64,
    /// Units that failed in any run.
    pub(crate) failed: u64,
    /// The first failure in words.
    pub(crate) why: Option<String>,
}

impl Figure {
    pub(crate) fn new(name: &'static str, per_second: f64) -> Figure {
        Figure {
            name,
            per_second,
            micros_per_unit: Vec::new(),
            units: 0,
            retransmissions: 0,
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
        "| unit of work | load per second | CPU-µs per unit | units | retransmitted | failed |"
    );
    println!("|---|---|---|---|---|---|");
    for figure in figures {
        let (median, lowest, highest) = figure.spread();
        println!(
            "| {} | {:.0} | {median:.1} ({lowest:.1} to {highest:.1}) | {} | {} | {} |",
            figure.name, figure.per_second, figure.units, figure.retransmissions, figure.failed
        );
    }
    for why in figures.iter().filter_map(|figure| figure.why.as_ref()) {
        println!("\nFirst failure: {why}");
    }
    println!(
        "\nAgain: make bench BENCH='--registrations {} --calls {} --streams {} --accounts {} --seconds {} --runs {} \
         --core {}'",
        options.registrations,
        options.calls,
        options.streams,
        options.accounts,
        options.seconds,
        options.runs,
        options.core
    );
}
