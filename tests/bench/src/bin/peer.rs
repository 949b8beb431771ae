//! How long a message takes from one softphone to another one on the same machine, directly and through the server, and
//! what the server's own counters say of it meanwhile.
//!
//! Bar: at most 5 ms in the middle when it goes directly, and nothing of it at the server. Measured from the line that a
//! script writes to one softphone to the line that the other one prints, so the journals of both, signing and checking
//! are in it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Parser;
use end_to_end::{Account, Server, Softphone, Sound};

/// How often.
#[derive(Debug, Clone, Parser)]
#[command(
    about = "From softphone to softphone: how long a message takes, directly and through the server"
)]
struct Options {
    /// Messages each way.
    #[arg(long, default_value_t = 500)]
    messages: usize,
}

const SOON: Duration = Duration::from_secs(30);

fn main() -> Result<()> {
    let options = Options::parse();
    for switch in ["on", "off"] {
        measure(&options, switch)?;
    }
    Ok(())
}

fn measure(options: &Options, switch: &str) -> Result<()> {
    let server = Server::start()?;
    let folder = tempfile::tempdir()?;
    let start = |account: &Account| {
        let keep = folder.path().join(&account.name);
        let keep = keep.to_str().context("the folder's name is no text")?;
        let more = [
            "--keep",
            keep,
            "--flush-seconds",
            "3600",
            "--peer-to-peer",
            switch,
        ];
        let arguments = [&more[..], &["--commands", "watch"]].concat();
        let mut phone = Softphone::start(&server, account, &Sound::silent(), &arguments)?;
        phone.wait_for("conversations", SOON)?;
        Ok::<_, anyhow::Error>(phone)
    };
    let mut anns = start(&server.add_account("ann", "1001")?)?;
    let mut bobs = start(&server.add_account("bob", "1002")?)?;
    send(&mut anns, &mut bobs, "bob", "first", None)?;
    let path = match switch {
        "on" => {
            anns.wait_for("path", SOON)?;
            bobs.wait_for("path", SOON)?;
            "direct"
        }
        _ => "server",
    };
    let before = counters(&server)?;
    let mut times = Vec::with_capacity(2 * options.messages);
    for number in 0..options.messages {
        let text = format!("message {number}");
        times.push(send(&mut anns, &mut bobs, "bob", &text, Some(path))?);
        times.push(send(&mut bobs, &mut anns, "ann", &text, Some(path))?);
    }
    times.sort_unstable();
    let at = |part: usize| {
        times[(times.len() * part / 1000).min(times.len() - 1)].as_secs_f64() * 1000.0
    };
    println!(
        "{path:>6}: {} messages, median {:.2} ms, 99 % within {:.2} ms, longest {:.2} ms",
        times.len(),
        at(500),
        at(990),
        at(1000)
    );
    let after = counters(&server)?;
    for ((name, before), (_, after)) in before.iter().zip(&after) {
        println!("        {name}: {before} before, {after} after");
    }
    Ok(())
}

fn counters(server: &Server) -> Result<Vec<(&'static str, f64)>> {
    let names = [
        "carillon_room_entries_total{way=\"said\"}",
        "carillon_room_entries_total{way=\"flushed\"}",
        "carillon_room_signals_total",
    ];
    let read = |name| Ok((name, server.figure(name)?));
    names.into_iter().map(read).collect()
}

fn send(
    from: &mut Softphone,
    to: &mut Softphone,
    name: &str,
    text: &str,
    path: Option<&str>,
) -> Result<Duration> {
    let begun = Instant::now();
    from.process()
        .write_line(&format!("message {name} {text}"))?;
    let heard = to.wait_for("message", SOON)?;
    let taken = begun.elapsed();
    if heard.text("text") != text || path.is_some_and(|path| heard.text("path") != path) {
        bail!("{text:?} was to come, but not so: {heard:?}");
    }
    Ok(taken)
}
