//! The verbs of `rooms live`.

use clap::{Args, Subcommand};

use super::seconds;

/// What about live rooms.
#[derive(Debug, Subcommand)]
pub enum LiveVerb {
    /// Print all rooms
    List,
    /// Open a room as its host, say each line of stdin there, and print what others say, until stdin ends
    Create(LiveEntryArguments),
    /// Join a room, say each line of stdin there, and print what others say, until stdin ends
    Join(LiveEntryArguments),
}

/// Which live room, and as who.
#[derive(Debug, Args)]
pub struct LiveEntryArguments {
    /// The room's name
    pub room: String,
    /// What the others see; nobody else in the room has this name
    #[arg(long, value_name = "TEXT")]
    pub name: String,
    /// Leave after this long, in seconds, instead of when stdin ends
    #[arg(long = "for", value_name = "SECONDS", value_parser = seconds)]
    pub lasting: Option<f64>,
}
