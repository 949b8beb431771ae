//! `callctl invitations`: codes with which people make their accounts themselves.

use clap::Subcommand;

use super::CallctlError;
use super::console::Console;
use super::page::or_dash;
use super::table::Column;
use crate::control::{Command, InvitationView, InvitationsCommand};

/// What to do with invitations.
#[derive(Debug, Subcommand)]
pub enum InvitationsAction {
    /// Make an invitation and print its code, this once.
    #[command(alias = "create", alias = "new", after_long_help = ADD)]
    Add {
        /// What it is for.
        #[arg(long, value_name = "TEXT", default_value = "")]
        note: String,
        /// The number that whoever takes it gets; it is reserved until then.
        #[arg(long, value_name = "N")]
        number: Option<String>,
        /// For how many accounts it is good.
        #[arg(long, value_name = "COUNT", default_value_t = 1)]
        uses: u32,
        /// How many days it is good.
        #[arg(long, default_value_t = 7)]
        days: u16,
    },
    /// All invitations, also those that are used up.
    #[command(alias = "ls", after_long_help = LIST)]
    List,
    /// Take an invitation back; its number is free again.
    #[command(alias = "revoke", alias = "delete", alias = "rm", after_long_help = ONE)]
    Remove {
        /// Its id in the list.
        #[arg(value_name = "ID")]
        invitation: i64,
    },
}

macro_rules! invitation_json {
    () => {
        "{id, note, number, uses_left, made_by, created_at, ends_at, code, link}; code and link are null but once"
    };
}

const ONE: &str = concat!("With --json: ", invitation_json!());

const LIST: &str = concat!("With --json: an array of ", invitation_json!());

const ADD: &str = concat!(
    "\
Example:
  callctl invitations add --note \"the new colleague\" --number 1012

With --json: ",
    invitation_json!()
);

const COLUMNS: &[Column] = &[
    Column::exact("ID"),
    Column::text("NOTE"),
    Column::exact("NUMBER"),
    Column::count("USES LEFT"),
    Column::exact("MADE BY"),
    Column::exact("ENDS"),
];

impl InvitationsAction {
    pub(super) async fn run(self, console: &mut Console<'_>) -> Result<(), CallctlError> {
        match self {
            Self::Add {
                note,
                number,
                uses,
                days,
            } => {
                let command = Command::Invitations(InvitationsCommand::Add {
                    note,
                    number,
                    uses,
                    hours: u32::from(days) * 24,
                });
                match console.answer(command).await? {
                    Some(invitation) => print_added(invitation, console),
                    None => Ok(()),
                }
            }
            Self::List => {
                let command = Command::Invitations(InvitationsCommand::List);
                let Some(all) = console.answer::<Vec<InvitationView>>(command).await? else {
                    return Ok(());
                };
                let row = |one: InvitationView| {
                    vec![
                        one.id.to_string(),
                        one.note,
                        or_dash(one.number),
                        one.uses_left.to_string(),
                        or_dash(one.made_by),
                        console.page.time(&one.ends_at),
                    ]
                };
                let rows: Vec<_> = all.into_iter().map(row).collect();
                Ok(console.page.table(COLUMNS, &rows)?)
            }
            Self::Remove { invitation } => {
                let command = Command::Invitations(InvitationsCommand::Remove { invitation });
                let removed: Option<InvitationView> = console.answer(command).await?;
                if let Some(one) = removed {
                    console
                        .page
                        .done(&format!("Invitation {}", one.id), "taken back")?;
                }
                Ok(())
            }
        }
    }
}

fn print_added(one: InvitationView, console: &mut Console<'_>) -> Result<(), CallctlError> {
    let Some(code) = one.code else {
        return Ok(console.page.done("An invitation", "added")?);
    };
    let ends = console.page.time(&one.ends_at);
    let mut properties = vec![
        ("id", one.id.to_string()),
        ("note", one.note),
        ("number", or_dash(one.number)),
        (
            "good for",
            format!("{} until {ends}", accounts(one.uses_left)),
        ),
        ("code", code),
    ];
    let reminder = match one.link {
        Some(link) => {
            properties.push(("link", link));
            "Give the link, or the code alone, to whoever is invited: they are not shown again."
        }
        None => "Give the code to whoever is invited: it is not shown again.",
    };
    console.page.properties(&properties)?;
    Ok(console.page.line(reminder)?)
}

fn accounts(count: i64) -> String {
    match count {
        1 => "1 account".into(),
        count => format!("{count} accounts"),
    }
}
