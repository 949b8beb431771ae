//! The database as a whole.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Answer, Failure, Operator};
use crate::store::Engine;

/// What can be done with the database as a whole.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DatabaseCommand {
    /// Copy it as it is at this moment into a new file. Answered with [`CopyView`].
    Copy {
        /// The file, by its absolute path.
        to: PathBuf,
    },
}

/// What has been copied.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CopyView {
    /// What the copy is.
    pub engine: Engine,
    /// The SIP domain.
    pub domain: String,
    /// The version of the program that made the copy.
    pub version: String,
}

impl Operator {
    pub(super) async fn database(&self, command: DatabaseCommand) -> Result<Answer, Failure> {
        let DatabaseCommand::Copy { to } = command;
        let store = self.office.store();
        if let Err(error) = store.snapshot(&to).await {
            // Half a copy is of no use; it may never have been made.
            let _ = std::fs::remove_file(&to);
            return Err(Failure::new("internal", error.to_string()));
        }
        Answer::of(&CopyView {
            engine: store.engine(),
            domain: self.office.domain().to_owned(),
            version: env!("CARGO_PKG_VERSION").into(),
        })
    }
}
