//! What the softphone keeps on disk between runs: whom it trusts, the sign-in, and the contacts.
//!
//! Everything is a JSON file of its own in one folder, for its owner only (folder 0700, files 0600). A file that cannot be
//! read or understood counts as not there: the phone starts without it and says so in the log, never with its content.
//!
//! The sign-in holds a device's SIP secret and a refresh token, never a password; both can be revoked at the server. A file
//! serves for them as well as a key ring would: whoever reads this person's files while they are logged in can ask the key
//! ring too, and a key ring is absent on half of the machines and locked on others.

pub(crate) mod file;
mod journal;
pub(crate) mod key_ring;
pub(crate) mod letters;
mod outgoing_row;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use api::{AccountId, Contact, LoginAnswer, Tokens};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sip_tokio::Fingerprint;

/// The folder where things are kept, or none.
#[derive(Clone, Debug, Default)]
pub struct Keep {
    folder: Option<PathBuf>,
}

/// A sign-in that outlives the program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    /// The server: scheme, host and port.
    pub server: String,
    /// Whether it is a guest, who has no password to come back with.
    pub is_guest: bool,
    /// Who and where, with the device's secret and the tokens.
    pub answer: LoginAnswer,
}

/// Contacts as they were heard of last.
#[derive(Serialize, Deserialize)]
struct KeptContacts {
    server: String,
    account: AccountId,
    contacts: Vec<Contact>,
}

const SIGN_IN: &str = "sign-in.json";
const CONTACTS: &str = "contacts.json";
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

    /// The folder itself.
    pub(crate) fn folder(&self) -> Option<&std::path::Path> {
        self.folder.as_deref()
    }

    /// Whether anything is kept at all.
    #[must_use]
    pub fn keeps(&self) -> bool {
        self.folder.is_some()
    }

    /// The sign-in that was not ended.
    #[must_use]
    pub fn sign_in(&self) -> Option<SignIn> {
        self.load(SIGN_IN)
    }

    /// Keeps a sign-in.
    pub fn keep_sign_in(&self, sign_in: &SignIn) {
        self.save(SIGN_IN, sign_in);
    }

    /// Keeps new tokens of the sign-in that is kept. Only the refresh token is worth keeping.
    pub fn keep_tokens(&self, tokens: &Tokens) {
        let Some(mut sign_in) = self.sign_in() else {
            return;
        };
        sign_in.answer.tokens = Some(without_access(tokens));
        self.save(SIGN_IN, &sign_in);
    }

    /// Forgets the sign-in and the contacts.
    pub fn forget_sign_in(&self) {
        for name in [SIGN_IN, CONTACTS] {
            let Some(folder) = &self.folder else { return };
            let path = folder.join(name);
            if let Err(error) = std::fs::remove_file(&path)
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(path = %path.display(), %error, "it cannot be forgotten; delete it by hand");
            }
        }
    }

    /// The contacts of an account, as they were heard of last.
    #[must_use]
    pub fn contacts(&self, server: &str, account: AccountId) -> Vec<Contact> {
        self.load(CONTACTS)
            .filter(|kept: &KeptContacts| kept.server == server && kept.account == account)
            .map(|kept| kept.contacts)
            .unwrap_or_default()
    }

    /// Keeps the contacts of an account, in the place of any others.
    pub fn keep_contacts(&self, server: &str, account: AccountId, contacts: &[Contact]) {
        let kept = KeptContacts {
            server: server.to_owned(),
            account,
            contacts: contacts.to_vec(),
        };
        self.save(CONTACTS, &kept);
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

/// Tokens without the one that is worth nothing after minutes.
pub(crate) fn without_access(tokens: &Tokens) -> Tokens {
    Tokens {
        access_token: String::new(),
        access_seconds: 0,
        ..tokens.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign_in() -> SignIn {
        let answer = serde_json::json!({
            "account": {"id": 7, "name": "amina", "display_name": "Amina", "number": "1000"},
            "device": {"login": "d-x", "secret": "s3cret", "label": "laptop"},
            "sip": {"domain": "x", "udp": null, "tcp": null},
            "tokens": {"access_token": "a-1", "access_seconds": 900,
                "refresh_token": "r-1", "refresh_seconds": 5_184_000},
        });
        SignIn {
            server: "https://a.example".into(),
            is_guest: true,
            answer: serde_json::from_value(answer).unwrap(),
        }
    }

    #[test]
    fn a_sign_in_is_for_its_owner_only_and_follows_its_tokens() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("softphone");
        let keep = Keep::at(place.clone());
        assert_eq!(keep.sign_in(), None);
        keep.keep_sign_in(&sign_in());
        let mut tokens = sign_in().answer.tokens.unwrap();
        tokens.refresh_token = "r-2".into();
        keep.keep_tokens(&tokens);
        let kept = keep.sign_in().unwrap();
        let held = kept.answer.tokens.as_ref().unwrap();
        assert_eq!(held.refresh_token, "r-2");
        assert_eq!(held.access_token, "", "nobody needs it on disk");
        assert_eq!(kept.answer.device.secret, "s3cret");
        assert!(!format!("{kept:?}").contains("s3cret") && !format!("{kept:?}").contains("r-2"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &std::path::Path| {
                std::fs::metadata(path).unwrap().permissions().mode() & 0o777
            };
            assert_eq!(mode(&place), 0o700);
            assert_eq!(mode(&place.join(SIGN_IN)), 0o600);
        }
        keep.forget_sign_in();
        assert_eq!(keep.sign_in(), None);
    }

    #[test]
    fn contacts_come_back_for_their_account_only() {
        let folder = tempfile::tempdir().unwrap();
        let keep = Keep::at(folder.path().to_owned());
        let contact: Contact = serde_json::from_value(serde_json::json!({
            "id": 1, "account": 8, "number": "1001", "name": "Bruno",
            "display_name": "Bruno", "note": "", "is_favourite": true,
        }))
        .unwrap();
        keep.keep_contacts("https://a", AccountId(7), &[contact]);
        assert_eq!(keep.contacts("https://a", AccountId(7)).len(), 1);
        assert!(keep.contacts("https://a", AccountId(8)).is_empty());
        assert!(keep.contacts("https://b", AccountId(7)).is_empty());
    }

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
