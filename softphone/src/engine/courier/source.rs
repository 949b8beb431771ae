//! A file of this computer that is to be sent: read only as long as it is the one that was meant.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use api::hex;
use phone::chat::Attachment;
use ring::digest::{Context, SHA256};

use super::attaching::modified_millis;
use super::disk::{blocking, open_at, read};

/// A file that is to be sent, as it was when somebody chose it.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) modified_millis: i64,
    pub(crate) bytes: u64,
}

impl Source {
    pub(crate) fn of(attachment: &Attachment, bytes: u64) -> Self {
        Self {
            path: PathBuf::from(&attachment.path),
            modified_millis: attachment.modified_millis,
            bytes,
        }
    }

    /// The file, at a place in it, if it is still the one that was to be sent; else a sentence says why not.
    pub(crate) async fn open(&self, offset: u64) -> Result<File, String> {
        let file = open_at(self.path.clone(), offset).await;
        let file = file.map_err(|error| self.unreadable(&error))?;
        let looked_at = blocking(move || file.metadata().map(|facts| (file, facts))).await;
        let (file, facts) = looked_at.map_err(|error| self.unreadable(&error))?;
        match facts.len() == self.bytes && modified_millis(&facts) == self.modified_millis {
            true => Ok(file),
            false => Err(self.changed()),
        }
    }

    /// SHA-256 of the whole file, in hexadecimal digits.
    pub(crate) async fn measure(&self) -> Result<String, String> {
        let (mut file, mut hash) = (self.open(0).await?, Context::new(&SHA256));
        let mut length = 0;
        loop {
            let bytes;
            (file, bytes) = read(file).await.map_err(|error| self.unreadable(&error))?;
            if bytes.is_empty() {
                break;
            }
            length += bytes.len() as u64;
            let hashed = blocking(move || {
                hash.update(&bytes);
                Ok(hash)
            });
            hash = hashed.await.map_err(|error| self.unreadable(&error))?;
        }
        match length == self.bytes {
            true => Ok(hex(hash.finish().as_ref())),
            false => Err(self.changed()),
        }
    }

    pub(crate) fn unreadable(&self, error: &io::Error) -> String {
        let path = self.path.display();
        match error.kind() {
            io::ErrorKind::NotFound => {
                format!(
                    "{path} is not there any more; put it back and send it again, or throw the message away."
                )
            }
            _ => format!("{path} cannot be read ({error}); check it and send it again."),
        }
    }

    pub(crate) fn changed(&self) -> String {
        let path = self.path.display();
        format!(
            "{path} was changed since it was to be sent; throw the message away and send the file anew."
        )
    }
}
