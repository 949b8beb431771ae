//! Messages that callers have left: what an administrator can ask, and how it is done.

use api::{AccountId, Voicemail};
use serde::{Deserialize, Serialize};

use super::{Answer, ExportView, Failure, Operator};
use crate::http::shown_voicemail;
use crate::office::{Export, Office};

/// What can be asked about them. What somebody does to them stands in the audit log.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VoicemailsCommand {
    /// Those of an account, the newest first. Answered with `Vec<Voicemail>`.
    List {
        /// The username, or the name of a ring group.
        name: String,
        /// At most so many.
        limit: u32,
    },
    /// One of them. Answered with [`Voicemail`].
    Show {
        /// The username.
        name: String,
        /// Which one.
        id: i64,
    },
    /// What it says. Answered with [`ExportView`].
    Export {
        /// The username.
        name: String,
        /// Which one.
        id: i64,
    },
    /// Delete one. Answered with [`Done`](super::Done).
    Remove {
        /// The username.
        name: String,
        /// Which one.
        id: i64,
    },
}

impl Operator {
    pub(super) async fn voicemails(
        office: &Office,
        command: VoicemailsCommand,
    ) -> Result<Answer, Failure> {
        match command {
            VoicemailsCommand::List { name, limit } => {
                let account = account(office, &name).await?;
                let rows = office.voicemails(account, None, limit.into()).await?;
                let shown: Vec<Voicemail> = rows.into_iter().map(shown_voicemail).collect();
                Answer::of(&shown)
            }
            VoicemailsCommand::Show { name, id } => {
                let account = account(office, &name).await?;
                Answer::of(&shown_voicemail(office.voicemail(account, id).await?))
            }
            VoicemailsCommand::Export { name, id } => {
                let account = account(office, &name).await?;
                let export = Export {
                    file_name: format!("voicemail-{name}-{id}.opus"),
                    content: office.export_voicemail(account, id).await?,
                };
                Answer::of(&ExportView::from(export))
            }
            VoicemailsCommand::Remove { name, id } => {
                let account = account(office, &name).await?;
                office.remove_voicemail(account, id).await?;
                Answer::done()
            }
        }
    }
}

async fn account(office: &Office, name: &str) -> Result<AccountId, Failure> {
    Ok(office.account(name).await?.account)
}
