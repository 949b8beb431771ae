//! `callctl`: administers a call server, running or not.

use std::io::Write;
use std::process::ExitCode;

use callserver::callctl::{CommandLine, run};
use clap::Parser;

fn main() -> ExitCode {
    let line = CommandLine::parse();
    // What is made without a server is as private as what the server makes.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            return fail(&format!(
                "It cannot start ({error}); the system is out of resources."
            ));
        }
    };
    let mut out = Vec::new();
    let result = runtime.block_on(run(line, &mut out));
    // Also when it failed: a list that was refused in part has been imported in part.
    let written = std::io::stdout().write_all(&out);
    match (result, written) {
        (Ok(()), Ok(())) => ExitCode::SUCCESS,
        (Err(error), _) => fail(&error.to_string()),
        (Ok(()), Err(error)) => fail(&format!(
            "The answer cannot be written ({error}); what was asked for is done."
        )),
    }
}

fn fail(sentence: &str) -> ExitCode {
    eprintln!("callctl: {sentence}");
    ExitCode::FAILURE
}
