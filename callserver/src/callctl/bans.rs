//! `callctl bans`: sources that are not listened to.

use std::net::IpAddr;

use clap::Subcommand;

use super::CallctlError;
use super::console::Console;
use super::table::Column;
use crate::control::{BanView, BansCommand, Command, Done};

/// What to do with bans.
#[derive(Debug, Subcommand)]
pub enum BansAction {
    /// The bans at present.
    List,
    /// Listen to a source again.
    Release {
        /// Its IP address.
        address: IpAddr,
    },
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
