//! The log: on stderr, for people or as JSON lines.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use crate::config::{LogFormat, LogSection};

/// The level cannot be understood.
#[derive(Debug, thiserror::Error)]
#[error(
    "level {level:?} in [log] is not understood ({reason}); write error, warn, info, debug or trace."
)]
pub struct LogLevelError {
    level: String,
    reason: String,
}

/// Reads the level, so that a mistake is told before anything starts.
pub(crate) fn filter(log: &LogSection) -> Result<EnvFilter, LogLevelError> {
    let parsed = EnvFilter::builder().parse(&log.level);
    parsed.map_err(|error| LogLevelError {
        level: log.level.clone(),
        reason: error.to_string(),
    })
}

/// Starts logging. A second start in one process changes nothing.
pub(crate) fn start(log: &LogSection) {
    // The configuration has been checked already.
    let filter = filter(log).unwrap_or_default();
    let builder = fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    // Fails only if a log is there already, as when tests share a process.
    let _ = match log.format {
        LogFormat::Human => {
            use std::io::IsTerminal;
            builder
                .with_ansi(std::io::stderr().is_terminal())
                .try_init()
        }
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
}
