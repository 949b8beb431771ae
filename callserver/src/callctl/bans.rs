//! `callctl bans`: sources that are not listened to.

use std::net::{AddrParseError, IpAddr};

use clap::Subcommand;

use super::console::Console;
use super::table::Column;
use super::{CallctlError, DONE};
use crate::control::{BanView, BansCommand, Command, Done};

/// What to do with bans.
#[derive(Debug, Subcommand)]
pub enum BansAction {
    /// The bans at present.
    #[command(alias = "ls", after_long_help = LIST)]
    List,
    /// Listen to a source again.
    #[command(alias = "remove", alias = "end", after_long_help = DONE)]
    Release {
        /// Its IP address, or its IPv6 network as the list shows it.
        #[arg(value_parser = parse_source)]
        address: IpAddr,
    },
}

const LIST: &str = "With --json: an array of {source, seconds_left, why}";

/// An address, or what the list shows for an IPv6 network.
fn parse_source(text: &str) -> Result<IpAddr, AddrParseError> {
    text.strip_suffix("/64").unwrap_or(text).parse()
}

const COLUMNS: &[Column] = &[
    Column::exact("SOURCE"),
    Column::count("SECONDS LEFT"),
    Column::text("WHY"),
];

impl BansAction {
    pub(super) async fn run(self, console: &mut Console<'_>) -> Result<(), CallctlError> {
        match self {
            Self::List => {
                let command = Command::Bans(BansCommand::List);
                let Some(bans) = console.answer::<Vec<BanView>>(command).await? else {
                    return Ok(());
                };
                let row = |ban: BanView| vec![ban.source, ban.seconds_left.to_string(), ban.why];
                let rows: Vec<_> = bans.into_iter().map(row).collect();
                Ok(console.page.table(COLUMNS, &rows)?)
            }
            Self::Release { address } => {
                let command = Command::Bans(BansCommand::Release { address });
                if console.answer::<Done>(command).await?.is_some() {
                    console
                        .page
                        .done(&format!("Source {address}"), "released")?;
                }
                Ok(())
            }
        }
    }
}
