//! What `softphone headless` can be told to do with files and voice notes.

use std::path::PathBuf;

use clap::Subcommand;

use super::seconds;

/// What about files.
#[derive(Debug, Subcommand)]
pub enum FileVerb {
    /// Send one, and wait until the server has it and the message: over any number of broken connections. Interrupted
    /// with --keep, it goes on with the next run, `watch` for one
    Send {
        /// A number, a name, #ACCOUNT or a room's id
        target: String,
        /// The file; it stays where it is
        path: PathBuf,
        /// What is said about it
        #[arg(long, value_name = "TEXT", default_value = "")]
        caption: String,
    },
    /// Fetch one, from where an earlier try broke off, and check that it is what was sent
    Fetch {
        /// A number, a name, #ACCOUNT or a room's id
        target: String,
        /// The id of the message that sends it, as `history` prints it
        message: String,
        /// The folder; no file in it is written over
        #[arg(long, value_name = "FOLDER", default_value = ".")]
        to: PathBuf,
    },
    /// Print the files that were not sent yet
    Waiting,
    /// Send one again that was refused, and wait
    Retry {
        /// The message's id, as `waiting` prints it
        id: String,
    },
    /// Do not send one after all
    Cancel {
        /// The message's id, as `waiting` prints it
        id: String,
    },
}

/// What about voice notes. `file fetch` saves one.
#[derive(Debug, Subcommand)]
pub enum VoiceNoteVerb {
    /// Speak one and send it, and wait until the server has it
    Send {
        /// A number, a name, #ACCOUNT or a room's id
        target: String,
        /// What is spoken, instead of --audio-in: a WAV file is spoken to its end
        #[arg(long, value_name = "SOURCE")]
        audio: Option<String>,
        /// At most so long, in seconds
        #[arg(long = "for", value_name = "SECONDS", value_parser = seconds, default_value = "300")]
        lasting: f64,
    },
    /// Play one into --audio-out, while it comes
    Play {
        /// A number, a name, #ACCOUNT or a room's id
        target: String,
        /// The message's id, as `history` prints it
        message: String,
    },
}
