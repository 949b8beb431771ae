//! Invitations: what an administrator can ask, how it is done, and what comes back.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Answer, Failure, Operator};
use crate::office::{InvitationWish, Office};
use crate::store::InvitationRow;
use crate::times::rfc_3339_seconds;

/// What can be asked about invitations.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvitationsCommand {
    /// Make one. Answered with [`InvitationView`], the only time that the code is shown.
    Add {
        /// What it is for.
        note: String,
        /// The number that whoever takes it gets.
        number: Option<String>,
        /// For how many accounts it is good.
        uses: u32,
        /// How long it is good.
        hours: u32,
    },
    /// All of them, also those that are used up. Answered with `Vec<InvitationView>`.
    List,
    /// Take one back. Answered with [`InvitationView`].
    Remove {
        /// Its id.
        invitation: i64,
    },
}

/// An invitation.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationView {
    /// Its id.
    pub id: i64,
    /// What it is for.
    pub note: String,
    /// The number that whoever takes it gets.
    pub number: Option<String>,
    /// How many accounts can still be made with it.
    pub uses_left: i64,
    /// The username of whoever made it; none: an operator of `callctl`, or somebody who is no more.
    pub made_by: Option<String>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub ends_at: String,
    /// The code, once, when it is made.
    pub code: Option<String>,
    /// A link for the softphone with the code in it, once; none when no server with HTTPS runs.
    pub link: Option<String>,
}

impl fmt::Debug for InvitationView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InvitationView")
            .field("id", &self.id)
            .field("code", &"(hidden)")
            .finish()
    }
}

impl InvitationView {
    fn new(row: InvitationRow, code: Option<String>) -> Self {
        Self {
            id: row.invitation,
            note: row.note,
            number: row.number.map(String::from),
            uses_left: row.uses_left,
            made_by: row.made_by_name,
            created_at: rfc_3339_seconds(row.created_at),
            ends_at: rfc_3339_seconds(row.ends_at),
            code,
            link: None,
        }
    }
}

/// So many invitations are read at once.
const PAGE: i64 = 1_000;

impl Operator {
    /// The code of a rehearsal is not shown: somebody might give it away.
    pub(super) async fn invitations(
        &self,
        office: &Office,
        command: InvitationsCommand,
        is_rehearsal: bool,
    ) -> Result<Answer, Failure> {
        match command {
            InvitationsCommand::Add {
                note,
                number,
                uses,
                hours,
            } => {
                let wish = InvitationWish {
                    note,
                    number,
                    uses,
                    lifetime: Duration::from_secs(u64::from(hours) * 3_600),
                };
                let made = office.add_invitation(wish).await?;
                let code = (!is_rehearsal).then_some(made.code);
                let link = self.server.as_ref().zip(code.as_ref());
                let link = link.and_then(|(server, code)| server.link(office.domain(), Some(code)));
                Answer::of(&InvitationView {
                    link,
                    ..InvitationView::new(made.row, code)
                })
            }
            InvitationsCommand::List => {
                let (mut all, mut after) = (Vec::new(), None);
                loop {
                    let page = office.invitations(after, PAGE).await?;
                    let Some(last) = page.last() else { break };
                    after = Some(last.invitation);
                    all.extend(page.into_iter().map(|row| InvitationView::new(row, None)));
                }
                Answer::of(&all)
            }
            InvitationsCommand::Remove { invitation } => {
                let row = office.remove_invitation(invitation).await?;
                Answer::of(&InvitationView::new(row, None))
            }
        }
    }
}
