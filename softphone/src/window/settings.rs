//! What the window remembers between runs: the server, the name and the theme. Never the password.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::engine::Instance;
use crate::keep::file;

/// Which theme the window uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThemeChoice {
    /// As the desktop says.
    #[default]
    System,
    /// Dark text on light ground.
    Light,
    /// Light text on dark ground.
    Dark,
}

/// What the window remembers between runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The web address of the server that was signed in to last.
    pub server: String,
    /// The name that was signed in with last.
    pub name: String,
    /// Which theme the window uses.
    pub theme: ThemeChoice,
    /// Whether conversations of two stay with the server, where they could go from device to device.
    pub only_through_server: bool,
    /// What stands for this installation at the server; made at the first start.
    pub instance: Option<Instance>,
}

/// Where the settings are kept; nowhere, when the system has no place for them.
#[derive(Clone, Debug, Default)]
pub struct SettingsFile(Option<PathBuf>);

impl SettingsFile {
    /// The place that the system has for the settings of one person.
    #[must_use]
    pub fn of_this_person() -> Self {
        let place = directories::ProjectDirs::from("", "", "carillon");
        Self(place.map(|place| place.config_dir().join("softphone.json")))
    }

    /// A file of one's own choice.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self(Some(path))
    }

    /// What was remembered; the defaults when there is nothing, or nothing that can be read.
    #[must_use]
    pub fn load(&self) -> Settings {
        let Some(path) = &self.0 else {
            return Settings::default();
        };
        match std::fs::read(path) {
            Ok(text) => serde_json::from_slice(&text).unwrap_or_else(|error| {
                tracing::warn!(path = %path.display(), %error, "the settings cannot be understood and start anew");
                Settings::default()
            }),
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    tracing::warn!(path = %path.display(), %error, "the settings cannot be read and start anew");
                }
                Settings::default()
            }
        }
    }

    /// Remembers `settings`. The window works without, so a failure is only logged.
    pub fn save(&self, settings: &Settings) {
        let Some(path) = &self.0 else { return };
        if let Err(error) = write(path, settings) {
            tracing::warn!(path = %path.display(), %error, "the settings cannot be kept");
        }
    }
}

fn write(path: &Path, settings: &Settings) -> io::Result<()> {
    file::write(path, &serde_json::to_vec_pretty(settings)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_and_are_for_their_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("carillon/softphone.json");
        let file = SettingsFile::at(path.clone());
        assert_eq!(file.load(), Settings::default());
        let settings = Settings {
            server: "https://phone.example.org".into(),
            name: "amina".into(),
            theme: ThemeChoice::Light,
            only_through_server: true,
            instance: Some(Instance::new()),
        };
        file.save(&settings);
        assert_eq!(file.load(), settings);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                std::fs::metadata(path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
    }

    #[test]
    fn a_spoilt_file_does_not_stop_the_window() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("softphone.json");
        std::fs::write(&path, b"{\"server\": 7").unwrap();
        assert_eq!(SettingsFile::at(path.clone()).load(), Settings::default());
        std::fs::write(&path, br#"{"name": "amina", "colour": "red"}"#).unwrap();
        assert_eq!(SettingsFile::at(path).load().name, "amina");
    }
}
