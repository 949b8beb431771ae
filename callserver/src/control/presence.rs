//! Presence: what an administrator can ask, and what comes back.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::{Answer, Failure, Operator};
use crate::office::OfficeError;
use crate::presence;
use crate::store::{AccountRow, PresenceRow};
use crate::times::rfc_3339_seconds;

/// What can be asked about presence.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PresenceCommand {
    /// What everybody is. Answered with `Vec<PresenceLine>`.
    List {
        /// Only those who are there.
        online: bool,
    },
}

/// What somebody is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PresenceLine {
    /// The username.
    pub name: String,
    /// The primary number.
    pub number: Option<String>,
    /// What others see who may: `online`, `away`, `busy`, `in_a_call`, `do_not_disturb` or `offline`.
    pub state: String,
    /// What the owner has chosen: `available`, `away`, `busy`, `do_not_disturb` or `invisible`.
    pub chosen: String,
    /// What stands beside it.
    pub note: String,
    /// Who may see it: `everyone`, `contacts` or `nobody`.
    pub visibility: String,
    /// RFC 3339; of somebody offline.
    pub last_seen: Option<String>,
}

impl Operator {
    pub(super) async fn presence(&self, command: PresenceCommand) -> Result<Answer, Failure> {
        match command {
            PresenceCommand::List { online } => {
                let accounts = self.office.accounts().await?;
                let mut lines = self.presence_of(&accounts).await?;
                lines.retain(|line| !online || line.state != "offline");
                Answer::of(&lines)
            }
        }
    }

    /// What these accounts are. Without a server nobody is there.
    pub(super) async fn presence_of(
        &self,
        accounts: &[AccountRow],
    ) -> Result<Vec<PresenceLine>, Failure> {
        let store = self.office.store();
        let ids: Vec<_> = accounts.iter().map(|row| row.account).collect();
        let rows = store.presences(&ids).await.map_err(OfficeError::from)?;
        let elsewhere = store.registered_elsewhere(&ids, SystemTime::now()).await;
        let elsewhere = elsewhere.map_err(OfficeError::from)?;
        let facts = match &self.server {
            Some(server) => server.exchange.facts(&ids).await,
            None => vec![switch::Facts::default(); ids.len()],
        };
        let line = |(row, facts): (&AccountRow, switch::Facts)| {
            let account = row.account;
            let none = PresenceRow::default();
            let told = rows.get(&account).unwrap_or(&none);
            let is_elsewhere = elsewhere.contains(&account);
            let view = presence::view(account, told, &facts, is_elsewhere);
            let is_gone = view.state == api::PresenceState::Offline;
            PresenceLine {
                name: row.username.clone(),
                number: row.number.clone().map(String::from),
                state: view.state.as_str().into(),
                chosen: told.state.as_str().into(),
                note: told.note.clone(),
                visibility: told.visibility.as_str().into(),
                last_seen: told.last_seen_at.filter(|_| is_gone).map(rfc_3339_seconds),
            }
        };
        Ok(accounts.iter().zip(facts).map(line).collect())
    }
}
