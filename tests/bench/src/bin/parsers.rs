//! Processor time to read and print one INVITE of 661 bytes: ours beside sofia-sip's, in turn, in one run.
//!
//! Bars: at most 1.0 µs to parse and 1.8 µs to parse and print, and no more than sofia-sip takes. Both sides are programs
//! of one thread, told apart by nothing but their code: the same bytes, the same number of times, the time that the
//! scheduler has given them. Ours leaves header values as text until somebody asks; theirs reads every header at once, so
//! there is a row in which ours does so too.

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use clap::Parser;
use end_to_end::inside::ProcessorTime;
use sip::{
    Allow, CSeq, CallId, Contact, ContentLength, ContentType, FromHeader, MaxForwards, Message,
    Supported, ToHeader, UserAgent, Via,
};

/// How often and how long.
#[derive(Debug, Clone, Parser)]
#[command(about = "Processor time to read and print one INVITE: ours beside sofia-sip's")]
struct Options {
    /// Rounds; in each both sides have a turn.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Messages in each turn.
    #[arg(long, default_value_t = 200_000)]
    messages: u32,
    /// One turn of ours; the bench starts itself with this.
    #[arg(long, hide = true)]
    turn: bool,
}

/// What is measured: our words for it, and which line of the other program stands beside it.
const ROWS: [(&str, usize); 3] = [
    ("parse, each as it does by itself", 0),
    ("parse and read every header", 0),
    ("parse and print", 1),
];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn main() -> Result<()> {
    let options = Options::parse();
    let file = folder().join("invite.sip");
    if options.turn {
        return turn(&file, options.messages);
    }
    ensure!(options.rounds > 0, "at least one round is needed");
    let ours = std::env::current_exe()?;
    let theirs = compile(&ours.with_file_name("sofia-parse"))?;
    let times = options.messages.to_string();
    let (mut our_rounds, mut their_rounds) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        let command = ["--turn", "--messages", &times];
        our_rounds.push(run(Command::new(&ours).args(command), ROWS.len())?);
        their_rounds.push(run(Command::new(&theirs).arg(&file).arg(&times), 2)?);
    }
    println!(
        "Processor time for an INVITE of 661 bytes; {} rounds of {} messages in turn; median (lowest to highest), in µs.",
        options.rounds, options.messages
    );
    println!("\n| work | ours | sofia-sip |\n|---|---|---|");
    for (index, (work, line)) in ROWS.into_iter().enumerate() {
        println!(
            "| {work} | {} | {} |",
            spread(&our_rounds, index),
            spread(&their_rounds, line)
        );
    }
    Ok(())
}

/// Builds the program that drives sofia-sip.
fn compile(program: &Path) -> Result<PathBuf> {
    let missing = "sofia-sip is needed; install libsofia-sip-ua-dev and pkg-config";
    let flags = Command::new("pkg-config")
        .args(["--cflags", "--libs", "sofia-sip-ua"])
        .output()
        .context(missing)?;
    ensure!(flags.status.success(), missing);
    let flags = String::from_utf8(flags.stdout)?;
    let status = Command::new("cc")
        .args(["-O2", "-o"])
        .arg(program)
        .arg(folder().join("sofia").join("parse.c"))
        .args(flags.split_whitespace())
        .status()
        .context("a C compiler is needed; install build-essential")?;
    ensure!(status.success(), "sofia/parse.c cannot be compiled");
    Ok(program.to_path_buf())
}

/// One turn of a program: as many lines of nanoseconds as it has figures.
fn run(command: &mut Command, figures: usize) -> Result<Vec<f64>> {
    let output = command.output()?;
    if !output.status.success() {
        bail!("a turn failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let text = String::from_utf8(output.stdout)?;
    let lines: Result<Vec<f64>, _> = text.lines().map(str::parse).collect();
    let lines = lines.context("a turn printed something else than figures")?;
    ensure!(lines.len() == figures, "a turn lacks a figure");
    Ok(lines)
}

/// Median, lowest and highest, in microseconds.
fn spread(rounds: &[Vec<f64>], index: usize) -> String {
    let mut all: Vec<f64> = rounds
        .iter()
        .filter_map(|round| round.get(index))
        .map(|nanoseconds| nanoseconds / 1000.0)
        .collect();
    all.sort_by(f64::total_cmp);
    match (all.get(all.len() / 2), all.first(), all.last()) {
        (Some(median), Some(lowest), Some(highest)) => {
            format!("{median:.2} ({lowest:.2} to {highest:.2})")
        }
        _ => "none".to_owned(),
    }
}

/// Our side of one turn.
fn turn(file: &Path, times: u32) -> Result<()> {
    let datagram = Bytes::from(fs::read(file)?);
    let message = Message::parse(datagram.clone())?;
    ensure!(
        message.to_bytes() == datagram,
        "what is read prints the same"
    );
    read_headers(&message)?;
    let parse = || Message::parse(black_box(&datagram).clone());
    measure(times, || parse().is_ok())?;
    measure(times, || {
        parse().is_ok_and(|message| read_headers(&message).is_ok())
    })?;
    measure(times, || {
        parse().is_ok_and(|message| !black_box(message.to_bytes()).is_empty())
    })
}

/// Every header of the message, as its type.
fn read_headers(message: &Message) -> Result<(), sip::HeaderError> {
    let headers = message.headers();
    black_box(headers.typed_list::<Via>()?);
    black_box(headers.required::<MaxForwards>()?);
    black_box(headers.required::<FromHeader>()?);
    black_box(headers.required::<ToHeader>()?);
    black_box(headers.required::<CallId>()?);
    black_box(headers.required::<CSeq>()?);
    black_box(headers.typed_list::<Contact>()?);
    black_box(headers.required::<UserAgent>()?);
    black_box(headers.typed_list::<Allow>()?);
    black_box(headers.typed_list::<Supported>()?);
    black_box(headers.required::<ContentType>()?);
    black_box(headers.required::<ContentLength>()?);
    Ok(())
}

/// Prints the nanoseconds that one piece of work takes; a tenth as many go before, to warm up.
fn measure(times: u32, mut work: impl FnMut() -> bool) -> Result<()> {
    for _ in 0..times / 10 {
        ensure!(work(), "the message is not understood");
    }
    let own = std::process::id();
    let start = ProcessorTime::of(own)?;
    for _ in 0..times {
        ensure!(work(), "the message is not understood");
    }
    let spent = ProcessorTime::of(own)?.since(&start);
    println!("{:.1}", spent.as_secs_f64() * 1e9 / f64::from(times));
    Ok(())
}
