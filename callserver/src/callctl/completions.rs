//! `callctl completions`: what makes a shell complete commands and options.

use clap::CommandFactory;
use clap_complete::Shell;

use super::console::Console;
use super::{CallctlError, CommandLine};

pub(super) fn run(console: &mut Console<'_>, shell: Shell) -> Result<(), CallctlError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut CommandLine::command(), "callctl", &mut script);
    Ok(console.page.raw(&script)?)
}
