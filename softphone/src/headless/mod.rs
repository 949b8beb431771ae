//! The softphone without a window, for scripts: one verb a run, one JSON object a line on stdout.
//!
//! | event | fields beside `event` and `at` |
//! |---|---|
//! | `registered` | `number`, `transport`: `udp`, `tcp` or `tls` |
//! | `incoming` | `call`, `from`, `display_name` |
//! | `calling` | `call`, `target` |
//! | `ringing` | `call` |
//! | `answered` | `call`, `codec`, `encrypted` |
//! | `audio_in`, `audio_out` | `device`; `at` is when the first sample was captured or played |
//! | `heard` | `call`, `level_dbfs`, twice a second |
//! | `ended` | `call`, `reason`, `sentence`, `seconds`, `sent`, `received`, `lost`, `jitter_millis`, `mos` |
//! | `unknown_certificate` | `server`, `sha256`: what `--server-fingerprint` would have to be |
//! | `error` | `code`, `sentence` |
//!
//! The exit code is 0 when the verb did what it should, 1 after an `error` that ended it, 2 for a wrong command line, 130
//! after SIGINT and 143 after SIGTERM; `watch`, which only a signal can end, then ends with 0.

mod answer;
mod call;
mod lines;
mod password_file;
mod register;
mod runner;
mod watch;

use std::io;
use std::process::ExitCode;

use crate::cli::{HeadlessArguments, Verb};
use crate::engine::{Command, Engine, EngineConfig, Problem, check_devices};
use lines::Lines;
use runner::{Outcome, Runner};

/// Runs one verb and says how it went.
#[must_use]
pub fn run(arguments: HeadlessArguments) -> ExitCode {
    let mut lines = Lines::new(io::stdout());
    let outcome = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Problem {
            code: "no-runtime",
            sentence: format!(
                "The softphone cannot start ({error}); close other programs and try again."
            ),
        })
        .and_then(|runtime| runtime.block_on(perform(arguments, &mut lines)));
    match outcome {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Interrupted(signal)) => ExitCode::from(signal.exit_code()),
        Err(problem) => {
            eprintln!("softphone: {}", problem.sentence);
            lines.problem(&problem);
            ExitCode::FAILURE
        }
    }
}

async fn perform<W: io::Write>(
    arguments: HeadlessArguments,
    lines: &mut Lines<W>,
) -> Result<Outcome, Problem> {
    let password = password_file::read(&arguments.password_file)?;
    let mut config = arguments.engine.config();
    match &arguments.verb {
        // These make no sound, so no device has to be there.
        Verb::Register | Verb::Watch => {
            config = EngineConfig {
                audio_in: "silence".into(),
                audio_out: "null".into(),
                ..config
            };
        }
        Verb::Call { .. } | Verb::Answer { .. } => check_devices(&config)?,
    }
    let engine = Engine::start(config, None).map_err(|error| Problem {
        code: "no-thread",
        sentence: crate::engine::sentence(&error),
    })?;
    let mut runner = Runner::new(engine, lines)?;
    runner.send(Command::SignIn {
        server: arguments.server,
        name: arguments.login,
        password,
    })?;
    let outcome = match arguments.verb {
        Verb::Register => register::run(&mut runner).await,
        Verb::Call { target, lasting } => call::run(&mut runner, target, lasting).await,
        Verb::Answer { lasting } => answer::run(&mut runner, lasting).await,
        Verb::Watch => watch::run(&mut runner).await,
    };
    runner.stop().await;
    outcome
}
