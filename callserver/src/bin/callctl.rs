//! `callctl`: administers a call server, running or not.

use std::io::{BufWriter, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

use callserver::callctl::{CallctlError, CommandLine, Look, run};
use clap::Parser;
use time::{OffsetDateTime, UtcOffset};

fn main() -> ExitCode {
    let line = CommandLine::parse();
    // Before there is a second thread: the C library's time zone is not for several.
    let offset = UtcOffset::current_local_offset().unwrap_or(UtcOffset::UTC);
    let look = Look {
        is_json: line.json,
        is_rehearsal: line.dry_run,
        columns: columns(),
        now: OffsetDateTime::now_utc(),
        offset,
    };
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
    let mut out = BufWriter::new(std::io::stdout().lock());
    let result = runtime.block_on(run(line, look, &mut out));
    // Also when it failed: a list that was refused in part has been imported in part.
    let written = out.flush().map_err(CallctlError::Output);
    match result.and(written) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has read enough, as `head` does.
        Err(CallctlError::Output(error)) if error.kind() == ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(error) if look.is_json => {
            let failure = error.failure();
            let text = serde_json::json!({ "error": failure }).to_string();
            let _ = writeln!(std::io::stderr(), "{text}");
            ExitCode::FAILURE
        }
        Err(error) => fail(&error.to_string()),
    }
}

/// How wide the terminal is, if it is one that people read.
fn columns() -> Option<usize> {
    let stdout = std::io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(&stdout).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

fn fail(sentence: &str) -> ExitCode {
    // Nobody may be reading; the exit code says it too.
    let _ = writeln!(std::io::stderr(), "callctl: {sentence}");
    ExitCode::FAILURE
}
