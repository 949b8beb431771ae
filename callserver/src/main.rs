//! `callserver`: reads the command line, runs the server, and says in one sentence what went wrong.

use std::process::ExitCode;

use callserver::Config;
use callserver::certificate::Certificate;
use callserver::command_line::{Action, CommandLine};
use callserver::config::Overrides;
use clap::Parser;

fn main() -> ExitCode {
    let line = CommandLine::parse();
    match &line.action {
        Some(Action::CheckConfig { file }) => {
            let config = match Config::load(Some(file), Overrides::default()) {
                Ok(config) => config,
                Err(error) => return fail(&error, 2),
            };
            // A certificate that the file names is a part of it.
            if let Some(Err(error)) = config.certificate.as_ref().map(Certificate::read) {
                return fail(&error, 2);
            }
            println!("{} is in order.", file.display());
            ExitCode::SUCCESS
        }
        Some(Action::TakesOver { format }) if *format == callserver::handover::FORMAT => {
            ExitCode::SUCCESS
        }
        Some(Action::TakesOver { .. }) => ExitCode::from(2),
        None => run(line),
    }
}

fn run(mut line: CommandLine) -> ExitCode {
    let file = line.config.take();
    let config = match Config::load(file.as_deref(), line.overrides()) {
        Ok(config) => config,
        Err(error) => return fail(&error, 2),
    };
    match callserver::server::run(config, file) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error, error.exit_code()),
    }
}

fn fail(error: &dyn std::error::Error, code: u8) -> ExitCode {
    eprintln!("callserver: {error}");
    ExitCode::from(code)
}
