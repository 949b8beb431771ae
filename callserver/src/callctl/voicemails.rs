//! `callctl voicemails`: messages that callers have left.

use std::path::PathBuf;

use api::Voicemail;
use clap::Subcommand;

use super::console::Console;
use super::page::or_dash;
use super::table::Column;
use super::{CallctlError, DONE, export};
use crate::control::{Command, Done, VoicemailsCommand};

/// What to do with messages.
#[derive(Debug, Subcommand)]
pub enum VoicemailsAction {
    /// The messages for somebody, the newest first; also those for groups that they are a member of.
    #[command(alias = "ls", after_long_help = LIST)]
    List {
        /// The username, or the name of a ring group.
        name: String,
        /// At most so many.
        #[arg(long, value_name = "COUNT", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        limit: u32,
    },
    /// One message, without what it says.
    #[command(after_long_help = SHOW)]
    Show {
        /// The username.
        name: String,
        /// Its number in the list.
        id: i64,
    },
    /// Write what a message says into a file (Ogg Opus). That stands in the audit log.
    #[command(after_long_help = EXPORT)]
    Export {
        /// The username.
        name: String,
        /// Its number in the list.
        id: i64,
        /// The file, which must not be there yet; - for stdout. [default: voicemail-NAME-ID.opus]
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Delete a message.
    #[command(alias = "rm", after_long_help = DONE)]
    Remove {
        /// The username.
        name: String,
        /// Its number in the list.
        id: i64,
    },
}

const LIST: &str =
    "With --json: an array of {id, caller: {account, number, display_name}, at, seconds, is_heard}";

const SHOW: &str =
    "With --json: {id, caller: {account, number, display_name}, at, seconds, is_heard}";

const EXPORT: &str = "With --json: {file, bytes}";

const COLUMNS: &[Column] = &[
    Column::exact("ID"),
    Column::exact("LEFT"),
    Column::text("CALLER"),
    Column::count("SECONDS"),
    Column::exact("HEARD"),
];

impl VoicemailsAction {
    pub(super) async fn run(self, console: &mut Console<'_>) -> Result<(), CallctlError> {
        match self {
            Self::List { name, limit } => {
                let command = Command::Voicemails(VoicemailsCommand::List { name, limit });
                let Some(messages) = console.answer::<Vec<Voicemail>>(command).await? else {
                    return Ok(());
                };
                let rows: Vec<_> = { messages.into_iter() }
                    .map(|message| {
                        vec![
                            message.id.to_string(),
                            console.page.time(&message.at),
                            caller(&message),
                            message.seconds.to_string(),
                            heard(&message),
                        ]
                    })
                    .collect();
                Ok(console.page.table(COLUMNS, &rows)?)
            }
            Self::Show { name, id } => {
                let command = Command::Voicemails(VoicemailsCommand::Show { name, id });
                let Some(message) = console.answer::<Voicemail>(command).await? else {
                    return Ok(());
                };
                let number = message.caller.number.as_ref().map(ToString::to_string);
                Ok(console.page.properties(&[
                    ("message", message.id.to_string()),
                    ("left", console.page.time(&message.at)),
                    ("caller", message.caller.display_name.clone()),
                    ("number", or_dash(number)),
                    ("seconds", message.seconds.to_string()),
                    ("heard", heard(&message)),
                ])?)
            }
            Self::Export { name, id, file } => {
                let subject = format!("Message {id}");
                let command = Command::Voicemails(VoicemailsCommand::Export { name, id });
                export::save(console, command, &subject, file).await
            }
            Self::Remove { name, id } => {
                let command = Command::Voicemails(VoicemailsCommand::Remove { name, id });
                if console.answer::<Done>(command).await?.is_some() {
                    console.page.done(&format!("Message {id}"), "deleted")?;
                }
                Ok(())
            }
        }
    }
}

fn caller(message: &Voicemail) -> String {
    match &message.caller.number {
        Some(number) => format!("{} ({number})", message.caller.display_name),
        None => message.caller.display_name.clone(),
    }
}

fn heard(message: &Voicemail) -> String {
    if message.is_heard { "yes" } else { "no" }.to_owned()
}
