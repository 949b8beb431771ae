//! Ring groups: what an administrator can ask, and how it is done.

use api::{RingGroupChange, RingGroupRequest};
use serde::{Deserialize, Serialize};

use super::{Answer, Failure, Operator};
use crate::office::Office;

/// What can be asked about groups.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupsCommand {
    /// Make one. Answered with [`api::RingGroup`].
    Add(RingGroupRequest),
    /// All groups. Answered with `Vec<api::RingGroup>`.
    List,
    /// One group. Answered with [`api::RingGroup`].
    Show {
        /// Its name.
        name: String,
    },
    /// Change one. Answered with [`api::RingGroup`].
    Change {
        /// Its name.
        name: String,
        /// What is to be another way.
        wish: RingGroupChange,
    },
    /// Remove one. Answered with [`Done`](super::Done).
    Remove {
        /// Its name.
        name: String,
    },
}

impl Operator {
    pub(super) async fn groups(office: &Office, command: GroupsCommand) -> Result<Answer, Failure> {
        let group = match command {
            GroupsCommand::Add(request) => office.add_ring_group(&request).await?,
            GroupsCommand::List => return Answer::of(&office.ring_groups().await?),
            GroupsCommand::Show { name } => office.ring_group_called(&name).await?,
            GroupsCommand::Change { name, wish } => {
                let group = office.account(&name).await?.account;
                office.change_ring_group(group, &wish).await?
            }
            GroupsCommand::Remove { name } => {
                let group = office.account(&name).await?.account;
                office.remove_ring_group(group).await?;
                return Answer::done();
            }
        };
        Answer::of(&group)
    }
}
