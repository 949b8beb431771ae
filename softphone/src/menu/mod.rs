//! `softphone menu`: conversations and one's account on a terminal, with numbered menus. Works over pipes too: each line
//! of stdin is an answer.
//!
//! | module | what it does |
//! |---|---|
//! | `desk` | prints, waits for a line, and takes in what the engine tells meanwhile |
//! | `door` | signing in, signing up, coming as a guest |
//! | `files` | sending files, and saving what others have sent |
//! | `letters` | conversations: reading, writing, deleting, finding |
//! | `devices` | phones and sign-ins: seeing them, taking one away |
//! | `profile` | names, number, password, picture, presence, and the account's end |

mod desk;
mod devices;
mod door;
mod files;
mod letters;
mod profile;

use std::io;
use std::process::ExitCode;

use crate::cli::MenuArguments;
use crate::engine::{Engine, Problem};
use crate::headless::lines_of_stdin;
use crate::keep::Keep;
use desk::{Desk, Left};
pub(crate) use devices::minute;
pub(crate) use files::{downloads, size_words};

/// Shows the menus until somebody leaves or there is no more input.
#[must_use]
pub fn run(arguments: MenuArguments) -> ExitCode {
    let outcome = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Problem {
            code: "no-runtime",
            sentence: format!(
                "The softphone cannot start ({error}); close other programs and try again."
            ),
        })
        .and_then(|runtime| runtime.block_on(show(arguments)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("softphone: {}", problem.sentence);
            ExitCode::FAILURE
        }
    }
}

async fn show(arguments: MenuArguments) -> Result<(), Problem> {
    let mut config = arguments.engine.config();
    (config.keep, config.uses_key_ring) = match arguments.keep.clone() {
        Some(folder) => (Keep::at(folder), false),
        None => (Keep::of_this_person(), true),
    };
    // Nobody calls from a terminal, and nobody is rung at one.
    config.audio_in = "silence".into();
    config.audio_out = "null".into();
    let kept = config.keep.sign_in();
    let failed = |error: &dyn std::error::Error| Problem {
        code: "no-thread",
        sentence: crate::engine::sentence(error),
    };
    let engine = Engine::start(config, None).map_err(|error| failed(&error))?;
    let lines = lines_of_stdin().map_err(|error| failed(&error))?;
    let mut desk = Desk::new(engine, lines, io::stdout());
    // Whoever leaves in the middle of something leaves.
    let Err(Left) = door::enter(&mut desk, arguments, kept).await else {
        desk.stop().await;
        return Ok(());
    };
    desk.say("");
    desk.stop().await;
    Ok(())
}
