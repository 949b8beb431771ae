//! The softphone's program: reads the command line and hands over to the window or to the verbs for scripts.

use std::process::ExitCode;

use clap::Parser;
use softphone::cli::{Cli, Command};
use softphone::{headless, menu, window};

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Logs go to stderr: stdout belongs to the events.
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env()
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn")),
        )
        .init();
    match cli.command {
        Some(Command::Headless(arguments)) => headless::run(arguments),
        Some(Command::Menu(arguments)) => menu::run(arguments),
        None => {
            let options = window::Options {
                engine: cli.window.engine.config(),
                server: cli.window.server,
                login: cli.window.login,
            };
            match window::run(options) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    eprintln!("softphone: {error:#}");
                    ExitCode::FAILURE
                }
            }
        }
    }
}
