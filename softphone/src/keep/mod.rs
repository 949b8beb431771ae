//! What the softphone keeps on disk between runs: whom it trusts.
//!
//! Everything is a JSON file of its own in one folder, for its owner only (folder 0700, files 0600). A file that cannot be
//! read or understood counts as not there: the phone starts without it and says so in the log, never with its content.

pub(crate) mod file;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sip_tokio::Fingerprint;

/// The folder where things are kept, or none.
#[derive(Clone, Debug, Default)]
pub struct Keep {
    folder: Option<PathBuf>,
}

/// Certificates that a person has agreed to, by the server's address.
const SERVERS: &str = "servers.json";

impl Keep {
    /// Keeps nothing; what is trusted is forgotten at the end.
    #[must_use]
    pub fn nowhere() -> Self {
        Self::default()
    }

    /// The place that the system has for the data of one person.
    #[must_use]
    pub fn of_this_person() -> Self {
        let place = directories::ProjectDirs::from("", "", "carillon");
        Self {
            folder: place.map(|place| place.data_dir().join("softphone")),
        }
    }

    /// A folder of one's own choice.
    #[must_use]
    pub fn at(folder: PathBuf) -> Self {
        Self {
            folder: Some(folder),
        }
    }

    /// The certificate that was agreed for the server at `origin`.
    #[must_use]
    pub fn trusted(&self, origin: &str) -> Option<Fingerprint> {
        let servers: BTreeMap<String, String> = self.load(SERVERS)?;
        servers.get(origin)?.parse().ok()
    }

    /// Keeps the certificate that was agreed for the server at `origin`.
    pub fn trust(&self, origin: &str, fingerprint: Fingerprint) {
        if self.trusted(origin) == Some(fingerprint) {
            return;
        }
        let mut servers: BTreeMap<String, String> = self.load(SERVERS).unwrap_or_default();
        servers.insert(origin.to_owned(), fingerprint.to_string());
        self.save(SERVERS, &servers);
    }

    fn load<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let path = self.folder.as_ref()?.join(name);
        match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text)
                .inspect_err(|error| {
                    // The error of a secret's file could quote the secret.
                    let (line, column) = (error.line(), error.column());
                    tracing::warn!(path = %path.display(), line, column, "the file cannot be understood and counts as not there");
                })
                .ok(),
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    tracing::warn!(path = %path.display(), %error, "the file cannot be read and counts as not there");
                }
                None
            }
        }
    }

    /// The phone works without, so a failure is only logged.
    fn save(&self, name: &str, content: &impl Serialize) {
        let Some(folder) = &self.folder else { return };
        let path = folder.join(name);
        let written = serde_json::to_vec_pretty(content)
            .map_err(io::Error::from)
            .and_then(|text| file::write(&path, &text));
        if let Err(error) = written {
            tracing::warn!(path = %path.display(), %error, "it cannot be kept");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_was_agreed_is_remembered_for_its_server_only() {
        let folder = tempfile::tempdir().unwrap();
        let keep = Keep::at(folder.path().join("softphone"));
        let (first, second) = (Fingerprint::of(b"first"), Fingerprint::of(b"second"));
        assert_eq!(keep.trusted("https://a.example"), None);
        keep.trust("https://a.example", first);
        keep.trust("https://b.example:8443", second);
        assert_eq!(keep.trusted("https://a.example"), Some(first));
        assert_eq!(keep.trusted("https://b.example"), None);
        Keep::nowhere().trust("https://a.example", first);
        assert_eq!(Keep::nowhere().trusted("https://a.example"), None);
    }

    #[test]
    fn a_spoilt_file_counts_as_not_there() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(SERVERS), b"{\"x\": 7").unwrap();
        let keep = Keep::at(folder.path().to_owned());
        assert_eq!(keep.trusted("x"), None);
        keep.trust("x", Fingerprint::of(b"new"));
        assert!(keep.trusted("x").is_some());
    }
}
