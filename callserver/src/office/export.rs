//! Everything about one account in a file that one can take along: a zip of JSON and of the picture.

use std::io::{Cursor, Write};

use api::AccountId;
use serde_json::Value;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{Change, Office, OfficeError};
use crate::store::{AccountRow, AuditEntry, PictureRow, Subject, Transaction};

/// A file to be saved.
#[derive(Clone, PartialEq, Eq)]
pub struct Export {
    /// What to call it, such as `carillon-alice.zip`.
    pub file_name: String,
    /// The zip.
    pub content: Vec<u8>,
}

impl std::fmt::Debug for Export {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Export")
            .field("file_name", &self.file_name)
            .field("bytes", &self.content.len())
            .finish()
    }
}

const README: &str = "Everything that this phone system holds about one account.

account.json           who it is, as of today
former_usernames.json  names that it had lately, and until when nobody else gets them
devices.json           its phones (their secrets are not kept, so they are not here)
sessions.json          its logins
numbers.json           its numbers, those that rest too
number_history.json    which numbers it had when, and why that changed
contacts.json          its contacts
call_records.json      its calls
audit_log.json         what it did, and what was done to it
voicemails.json        messages that callers have left, and voicemails/ID.opus what they say
voicemail_greeting.opus what callers hear before, if it is something of its own
picture.*              its picture, if it has one

Times are RFC 3339 in UTC. An account_id stays the same for ever, also when names and numbers change.
";

impl Office {
    /// Everything about the account of whoever asks.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn export_own_account(&self, account: AccountId) -> Result<Export, OfficeError> {
        let mut tx = self.store.begin().await?;
        let row = Self::find_by_id(&mut tx, account).await?;
        self.export(tx, row).await
    }

    /// Everything about an account, because an administrator wants it.
    ///
    /// # Errors
    /// If there is none of this name.
    pub async fn export_account(&self, name: &str) -> Result<Export, OfficeError> {
        let mut tx = self.store.begin().await?;
        let row = Self::find(&mut tx, name).await?;
        self.export(tx, row).await
    }

    /// Read within one write, so that all parts are of one moment.
    async fn export(&self, mut tx: Transaction, row: AccountRow) -> Result<Export, OfficeError> {
        let entry = AuditEntry {
            action: "account.export",
            subject: Subject::Account(row.username.clone()),
            account: Some(row.account),
            detail: serde_json::json!({}),
        };
        self.audit(&mut tx, entry).await?;
        let parts = tx.dossier(row.account).await?;
        let picture = tx.picture(row.account).await?;
        let sounds = Sounds {
            voicemails: tx.voicemail_sounds(row.account).await?,
            greeting: tx.voicemail_greeting(row.account).await?,
        };
        self.finish(tx, Change::default()).await?;
        // Packing thousands of calls takes a while.
        let packed =
            tokio::task::spawn_blocking(move || pack(&parts, picture.as_ref(), &sounds)).await;
        let failed = |error: &dyn std::error::Error| OfficeError::Export {
            reason: error.to_string(),
        };
        Ok(Export {
            file_name: format!("carillon-{}.zip", row.username),
            content: packed
                .map_err(|error| failed(&error))?
                .map_err(|error| failed(&error))?,
        })
    }
}

/// What is to be heard: Opus in Ogg files.
struct Sounds {
    voicemails: Vec<(i64, Vec<u8>)>,
    greeting: Option<Vec<u8>>,
}

fn pack(
    parts: &[(&str, Value)],
    picture: Option<&PictureRow>,
    sounds: &Sounds,
) -> Result<Vec<u8>, zip::result::ZipError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().unix_permissions(0o600);
    zip.start_file("README.txt", options)?;
    zip.write_all(README.as_bytes())?;
    for (name, rows) in parts {
        zip.start_file(format!("{name}.json"), options)?;
        // The account is one and not a list of one.
        let shown = match (*name, rows.get(0)) {
            ("account", Some(account)) => account,
            _ => rows,
        };
        serde_json::to_writer_pretty(&mut zip, shown).map_err(std::io::Error::from)?;
    }
    if let Some(picture) = picture {
        zip.start_file(format!("picture.{}", picture.format.extension()), options)?;
        zip.write_all(&picture.content)?;
    }
    for (id, sound) in &sounds.voicemails {
        zip.start_file(format!("voicemails/{id}.opus"), options)?;
        zip.write_all(sound)?;
    }
    if let Some(greeting) = &sounds.greeting {
        zip.start_file("voicemail_greeting.opus", options)?;
        zip.write_all(greeting)?;
    }
    Ok(zip.finish()?.into_inner())
}
