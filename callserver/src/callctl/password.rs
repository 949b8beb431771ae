//! Passwords from stdin or from a person at a terminal, who does not see them.

use std::io::{self, BufRead, IsTerminal, Write};

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

/// No password to be had.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Stdin ended at once.
    #[error("--password-stdin found no password on stdin; write it on the first line.")]
    Empty,
    /// Nobody to ask.
    #[error(
        "There is no terminal to ask for a password at; write it to stdin and say --password-stdin."
    )]
    NoTerminal,
    /// Typed differently.
    #[error("The two passwords differ; try again.")]
    Differ,
    /// The terminal or stdin failed.
    #[error("The password cannot be read ({0}); write it to stdin and say --password-stdin.")]
    Read(#[from] io::Error),
}

/// The first line of stdin.
pub(super) fn from_stdin() -> Result<String, PasswordError> {
    let password = read_line(&mut io::stdin().lock())?;
    if password.is_empty() {
        Err(PasswordError::Empty)
    } else {
        Ok(password)
    }
}

/// Asks twice. `None` if there is nobody to ask, or they want no password.
pub(super) fn prompt_for_new(name: &str) -> Result<Option<String>, PasswordError> {
    if !io::stdin().is_terminal() {
        return Ok(None);
    }
    let first = ask(&format!("New password for {name} (empty for none): "))?;
    if first.is_empty() {
        return Ok(None);
    }
    let second = ask("The same again: ")?;
    if first == second {
        Ok(Some(first))
    } else {
        Err(PasswordError::Differ)
    }
}

fn ask(question: &str) -> Result<String, PasswordError> {
    let stdin = io::stdin();
    let mut stderr = io::stderr();
    write!(stderr, "{question}")?;
    stderr.flush()?;
    let before = tcgetattr(&stdin).map_err(io::Error::from)?;
    let mut hidden = before.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    hidden.local_modes.insert(LocalModes::ECHONL);
    tcsetattr(&stdin, OptionalActions::Flush, &hidden).map_err(io::Error::from)?;
    let line = read_line(&mut stdin.lock());
    tcsetattr(&stdin, OptionalActions::Flush, &before).map_err(io::Error::from)?;
    Ok(line?)
}

fn read_line(input: &mut dyn BufRead) -> io::Result<String> {
    let mut line = String::new();
    input.read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_line_break_is_dropped() {
        assert_eq!(
            read_line(&mut &b" pass word \r\nmore"[..]).unwrap(),
            " pass word "
        );
        assert_eq!(read_line(&mut &b""[..]).unwrap(), "");
    }
}
