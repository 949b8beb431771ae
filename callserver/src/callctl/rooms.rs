//! `callctl rooms`: conversations, from outside.

use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::CallctlError;
use super::console::Console;
use super::page::or_dash;
use super::table::Column;
use crate::control::{
    Command, ControlError, Failure, RoomDetails, RoomImported, RoomRemoved, RoomView, RoomsCommand,
};
use crate::rooms::{RoomEntry, RoomHeader};

/// What to do with rooms.
#[derive(Debug, Subcommand)]
pub enum RoomsAction {
    /// The rooms where something happened last.
    #[command(alias = "ls", after_long_help = LIST)]
    List {
        /// How many at most.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
    },
    /// One room, and who is in it.
    #[command(after_long_help = SHOW)]
    Show {
        /// Its id, as the list shows it.
        room: String,
    },
    /// Remove a room with everything that was said in it, for everybody.
    #[command(alias = "rm", after_long_help = REMOVE)]
    Remove {
        /// Its id, as the list shows it.
        room: String,
        /// Do it: nothing brings it back.
        #[arg(long)]
        yes: bool,
    },
    /// Everything that was said in a room, one JSON object a line.
    #[command(after_long_help = EXPORT)]
    Export {
        /// Its id, as the list shows it.
        room: String,
    },
    /// Bring back a room that was exported.
    #[command(after_long_help = IMPORT)]
    Import {
        /// What `export` has written; `-` for standard input.
        file: PathBuf,
    },
}

const LIST: &str =
    "With --json: an array of {id, kind, name, participants, entries, last_sequence, opened}";

const SHOW: &str = "With --json: what `list` has, and description and people: an array of
{name, number, role, since, read}";

const EXPORT: &str = "\
The first line is the room and who is in it, then come its entries, the oldest first. What a history had too much of is in
the data folder, in archive/rooms/room-ID.jsonl, without such a first line. The lines are the same with --json.";

const IMPORT: &str = "\
People are known by their account ids and names, so a room comes back on the server that wrote it, or on one that was made of
its backup. A room that is there already is refused. Nobody sees it before the last entry has come; if it breaks off, import
the file again. Files that messages send come back as far as the server has them.
With --json: {entries}";

const REMOVE: &str = "\
Export it first if somebody may want it. Those who are in it see it no more, at once; files that were sent in it alone are
removed by the next cleaning. Its archive in the data folder stays. The audit log says who has done it.
With --json: {entries}";

const NOT_SURE: &str = "Nothing is removed without --yes: nobody can bring a room back. Export it first if somebody may want it.";

const COLUMNS: &[Column] = &[
    Column::exact("ID"),
    Column::exact("KIND"),
    Column::text("NAME"),
    Column::count("PEOPLE"),
    Column::count("ENTRIES"),
    Column::exact("OPENED"),
];

const PEOPLE: &[Column] = &[
    Column::exact("NAME"),
    Column::exact("NUMBER"),
    Column::exact("ROLE"),
    Column::exact("SINCE"),
    Column::count("READ"),
];

impl RoomsAction {
    pub(super) async fn run(self, console: &mut Console<'_>) -> Result<(), CallctlError> {
        match self {
            Self::List { limit } => {
                let command = Command::Rooms(RoomsCommand::List { limit });
                let Some(rooms) = console.answer::<Vec<RoomView>>(command).await? else {
                    return Ok(());
                };
                let row = |room: RoomView| {
                    vec![
                        room.id,
                        room.kind,
                        or_dash(room.name),
                        room.participants.to_string(),
                        room.entries.to_string(),
                        console.page.time(&room.opened),
                    ]
                };
                let rows: Vec<_> = rooms.into_iter().map(row).collect();
                Ok(console.page.table(COLUMNS, &rows)?)
            }
            Self::Show { room } => {
                let command = Command::Rooms(RoomsCommand::Show { room });
                let Some(details) = console.answer::<RoomDetails>(command).await? else {
                    return Ok(());
                };
                let room = details.room;
                let opened = console.page.time(&room.opened);
                console.page.properties(&[
                    ("Id", room.id),
                    ("Kind", room.kind),
                    ("Name", or_dash(room.name)),
                    ("Description", details.description),
                    ("Opened", opened),
                    ("Entries", room.entries.to_string()),
                    ("Last number", room.last_sequence.to_string()),
                ])?;
                let mut rows = Vec::new();
                for one in details.people {
                    let role = serde_json::to_value(one.role).unwrap_or_default();
                    rows.push(vec![
                        one.name,
                        or_dash(one.number),
                        role.as_str().unwrap_or_default().to_owned(),
                        console.page.time(&one.since),
                        one.read.to_string(),
                    ]);
                }
                Ok(console.page.table(PEOPLE, &rows)?)
            }
            Self::Remove { room, yes } => {
                if !yes && !console.page.look().is_rehearsal {
                    return Err(refused(NOT_SURE.to_owned()));
                }
                let command = Command::Rooms(RoomsCommand::Remove { room: room.clone() });
                if let Some(removed) = console.answer::<RoomRemoved>(command).await? {
                    let what = format!("removed with {} entries", removed.entries);
                    console.page.done(&format!("Room {room}"), &what)?;
                }
                Ok(())
            }
            Self::Import { file } => {
                let entries = import(console, &file).await?;
                if console.page.look().is_json {
                    return Ok(console
                        .page
                        .line(&serde_json::json!({ "entries": entries }).to_string())?);
                }
                let what = format!("imported with {entries} new entries");
                Ok(console
                    .page
                    .done(&format!("Room of {}", file.display()), &what)?)
            }
            Self::Export { room } => {
                let header = RoomsCommand::Header { room: room.clone() };
                let header: RoomHeader = console.ask(Command::Rooms(header)).await?.read()?;
                write(console, &header)?;
                let mut after = 0;
                loop {
                    let command = Command::Rooms(RoomsCommand::Export {
                        room: room.clone(),
                        after,
                    });
                    let said: Vec<RoomEntry> = console.ask(command).await?.read()?;
                    let Some(last) = said.last() else {
                        return Ok(());
                    };
                    after = last.message.sequence;
                    for entry in said {
                        write(console, &entry)?;
                    }
                }
            }
        }
    }
}

/// So many entries are one transaction: few enough to leave the database to others in between.
const PORTION: usize = 500;

/// One line of JSON.
fn write(console: &mut Console<'_>, value: &impl Serialize) -> Result<(), CallctlError> {
    let mut line = serde_json::to_vec(value).unwrap_or_default();
    line.push(b'\n');
    Ok(console.page.raw(&line)?)
}

/// Brings in a file, portion by portion. Gives back how many entries were new.
async fn import(console: &Console<'_>, path: &Path) -> Result<usize, CallctlError> {
    let unreadable = |error: io::Error| {
        let sentence = format!(
            "{} cannot be read ({error}); check its name and whether you may read it.",
            path.display()
        );
        refused(sentence)
    };
    let file: Box<dyn BufRead> = match path.as_os_str() == "-" {
        true => Box::new(io::stdin().lock()),
        false => Box::new(BufReader::new(
            std::fs::File::open(path).map_err(unreadable)?,
        )),
    };
    let mut lines = (1..).zip(file.lines()).peekable();
    let Some((number, first)) = lines.next() else {
        return Err(refused(format!("{} is empty.", path.display())));
    };
    let header: RoomHeader = read(number, first.map_err(unreadable)?)?;
    // What one portion would have added, the next one of a rehearsal must see: then it is one.
    let portion = match console.page.look().is_rehearsal {
        true => usize::MAX,
        false => PORTION,
    };
    let mut access = console.open().await?;
    let mut new = 0;
    loop {
        let mut entries: Vec<RoomEntry> = Vec::new();
        while entries.len() < portion
            && let Some((number, line)) = lines.next()
        {
            entries.push(read(number, line.map_err(unreadable)?)?);
        }
        let is_end = lines.peek().is_none();
        let command = Command::Rooms(RoomsCommand::Import {
            header: Box::new(header.clone()),
            entries,
            is_end,
        });
        let imported: RoomImported = console.perform(&mut access, command).await?.read()?;
        new += imported.entries;
        if is_end {
            access.close().await;
            return Ok(new);
        }
    }
}

fn read<T: DeserializeOwned>(number: usize, line: String) -> Result<T, CallctlError> {
    serde_json::from_str(&line).map_err(|error| {
        refused(format!(
            "Line {number} is not what `callctl rooms export` writes ({error})."
        ))
    })
}

fn refused(sentence: String) -> CallctlError {
    CallctlError::Control(ControlError::Refused(Failure::new("bad-request", sentence)))
}
