//! `callctl groups`: numbers that ring several people.

use api::{RingGroup, RingGroupChange, RingGroupRequest, RingOrder};
use clap::Subcommand;

use super::call_settings::Order;
use super::console::Console;
use super::page::or_dash;
use super::table::Column;
use super::{CallctlError, DONE};
use crate::control::{Command, Done, GroupsCommand};

/// What to do with groups.
#[derive(Debug, Subcommand)]
pub enum GroupsAction {
    /// Make a group with a number.
    #[command(alias = "create", alias = "new", after_long_help = ADD)]
    Add {
        /// Its name, by the rule for usernames. It can be dialled, too.
        name: String,
        /// The number; without it the lowest free one.
        #[arg(long, value_name = "N")]
        number: Option<String>,
        /// What other people see; without it the name.
        #[arg(long, value_name = "TEXT")]
        display_name: Option<String>,
        /// The usernames of its members, the first one first.
        #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
        members: Vec<String>,
        /// In which order they ring.
        #[arg(long, value_name = "ORDER")]
        ring: Option<Order>,
        /// For how many seconds each of them rings, if one after another.
        #[arg(long, value_name = "N")]
        ring_seconds: Option<u16>,
    },
    /// All groups.
    #[command(alias = "ls", after_long_help = LIST)]
    List,
    /// One group.
    #[command(after_long_help = GROUP)]
    Show {
        /// Its name.
        name: String,
    },
    /// Say who is in a group, and in which order they ring.
    #[command(after_long_help = MEMBERS)]
    Members {
        /// Its name.
        name: String,
        /// The usernames of all its members, the first one first; nobody stays who is not named.
        members: Vec<String>,
        /// In which order they ring.
        #[arg(long, value_name = "ORDER")]
        ring: Option<Order>,
        /// For how many seconds each of them rings, if one after another.
        #[arg(long, value_name = "N")]
        ring_seconds: Option<u16>,
    },
    /// Remove a group; its number rests, and callers hear that it is gone.
    #[command(alias = "delete", alias = "rm", after_long_help = DONE)]
    Remove {
        /// Its name.
        name: String,
    },
}

macro_rules! group_json {
    () => {
        "{id, name, display_name, number, ring, ring_seconds, members: [{id, name, display_name, number}]}"
    };
}

const GROUP: &str = concat!("With --json: ", group_json!());

const LIST: &str = concat!("With --json: an array of ", group_json!());

const ADD: &str = concat!(
    "\
Where its calls go when nobody answers, and the like: `callctl accounts settings NAME`.

Examples:
  callctl groups add sales --number 2000 --members amina,bob,carol
  callctl groups add help --members amina,bob --ring in-order --ring-seconds 10

With --json: ",
    group_json!()
);

const MEMBERS: &str = concat!(
    "\
Example:
  callctl groups members sales carol amina

With --json: ",
    group_json!()
);

const COLUMNS: &[Column] = &[
    Column::exact("NAME"),
    Column::exact("NUMBER"),
    Column::text("DISPLAY NAME"),
    Column::exact("RING"),
    Column::text("MEMBERS"),
];

impl GroupsAction {
    pub(super) async fn run(self, console: &mut Console<'_>) -> Result<(), CallctlError> {
        let (command, deed) = match self {
            Self::List => {
                let command = Command::Groups(GroupsCommand::List);
                let Some(groups) = console.answer::<Vec<RingGroup>>(command).await? else {
                    return Ok(());
                };
                let rows: Vec<_> = groups.into_iter().map(row).collect();
                return Ok(console.page.table(COLUMNS, &rows)?);
            }
            Self::Show { name } => {
                let command = Command::Groups(GroupsCommand::Show { name });
                return match console.answer(command).await? {
                    Some(group) => print_one(group, console),
                    None => Ok(()),
                };
            }
            Self::Remove { name } => {
                let subject = format!("Group {name}");
                let command = Command::Groups(GroupsCommand::Remove { name });
                if console.answer::<Done>(command).await?.is_some() {
                    console.page.done(&subject, "removed")?;
                }
                return Ok(());
            }
            Self::Add {
                name,
                number,
                display_name,
                members,
                ring,
                ring_seconds,
            } => {
                let request = RingGroupRequest {
                    name,
                    display_name,
                    number,
                    members,
                    ring: ring.map(RingOrder::from),
                    ring_seconds,
                };
                (GroupsCommand::Add(request), "added")
            }
            Self::Members {
                name,
                members,
                ring,
                ring_seconds,
            } => {
                let wish = RingGroupChange {
                    display_name: None,
                    members: Some(members),
                    ring: ring.map(RingOrder::from),
                    ring_seconds,
                };
                (GroupsCommand::Change { name, wish }, "changed")
            }
        };
        let group: Option<RingGroup> = console.answer(Command::Groups(command)).await?;
        if let Some(group) = group {
            let number = group.number.as_ref().map(ToString::to_string);
            let subject = format!("Group {} ({})", group.name, or_dash(number));
            console.page.done(&subject, deed)?;
        }
        Ok(())
    }
}

fn ring(group: &RingGroup) -> String {
    match group.ring {
        RingOrder::AtOnce => "at once".to_owned(),
        RingOrder::InOrder => format!("in order, {} s each", group.ring_seconds),
    }
}

fn members(group: &RingGroup) -> String {
    let names: Vec<&str> = group.members.iter().map(|one| one.name.as_str()).collect();
    names.join(", ")
}

fn row(group: RingGroup) -> Vec<String> {
    let (ring, members) = (ring(&group), members(&group));
    vec![
        group.name,
        or_dash(group.number.map(String::from)),
        group.display_name,
        ring,
        members,
    ]
}

fn print_one(group: RingGroup, console: &mut Console<'_>) -> Result<(), CallctlError> {
    let (ring, members) = (ring(&group), members(&group));
    Ok(console.page.properties(&[
        ("name", group.name),
        ("display name", group.display_name),
        ("number", or_dash(group.number.map(String::from))),
        ("ring", ring),
        ("members", members),
        ("id", group.id.to_string()),
    ])?)
}
