//! The demonstration: two softphones call each other through a call server, and one screen shows how it went.

mod call;
mod screen;
mod windows;

use std::process::ExitCode;

use anyhow::Result;
use end_to_end::Server;

fn main() -> ExitCode {
    match demonstrate() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("demo: the call did not work as it should; the figures above show where.");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the demonstration; `true` if speech was heard both ways.
fn demonstrate() -> Result<bool> {
    step("starting the call server, with its SQLite database in a temporary folder");
    let server = Server::start()?;
    step("making two accounts with callctl: alice has number 2001, bob has 2002");
    let alice = server.add_account("alice", "2001")?;
    let bob = server.add_account("bob", "2002")?;
    step("alice calls bob; both speak for ten seconds");
    let recordings = tempfile::Builder::new()
        .prefix("carillon-demo-")
        .tempdir()?
        .keep();
    let call = call::make(&server, &alice, &bob, &recordings)?;
    step("comparing what was spoken with what was heard");
    let report = call.report()?;
    println!("{}", screen::draw(&server, &report));
    if report.worked() {
        windows::offer(&server, &[alice, bob])?;
    }
    Ok(report.worked())
}

fn step(what: &str) {
    eprintln!("demo: {what}…");
}
