//! The devices of the account.

use api::Device;

use crate::engine::Command;
use crate::menu::minute;
use crate::web::{Errand, Refused, Reply};
use crate::window::counter::{Asked, Counter};

/// The devices of the account, as the server listed them last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Devices {
    pub(crate) list: Vec<Device>,
    pub(crate) complaint: Option<String>,
    /// Revoking cannot be undone, so it takes two clicks: on this device was the first.
    pub(crate) sure_about: Option<String>,
}

impl Devices {
    pub(super) fn refresh(&mut self, counter: &mut Counter) -> Command {
        self.sure_about = None;
        counter.ask(Asked::Devices, Errand::Devices)
    }

    pub(super) fn revoke(&mut self, login: String, counter: &mut Counter) -> Command {
        self.sure_about = None;
        counter.ask(Asked::Revoke, Errand::RevokeDevice { login })
    }

    pub(super) fn hear(&mut self, outcome: &Result<Reply, Refused>) {
        match outcome {
            Ok(Reply::Devices(devices)) => {
                self.list.clone_from(devices);
                self.complaint = None;
            }
            Ok(_) => {}
            Err(refused) => self.complaint = Some(refused.problem.sentence.clone()),
        }
    }

    pub(super) fn revoked(&mut self, outcome: &Result<Reply, Refused>) {
        self.complaint = outcome
            .as_ref()
            .err()
            .map(|refused| refused.problem.sentence.clone());
    }
}

/// When a device was seen last, in words.
pub(crate) fn seen_words(device: &Device) -> String {
    match device.last_seen_at.as_deref() {
        Some(time) => format!("Last seen {} UTC", minute(time)),
        None => "Never seen".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_sight_of_a_device_is_said_in_words() {
        let device = |last_seen: Option<&str>| Device {
            login: "d-1".into(),
            label: "desk".into(),
            created_at: "2026-11-20T00:00:00Z".into(),
            last_seen_at: last_seen.map(str::to_owned),
        };
        assert_eq!(
            seen_words(&device(Some("2026-11-21T14:05:09Z"))),
            "Last seen 2026-11-21 14:05 UTC"
        );
        assert_eq!(seen_words(&device(None)), "Never seen");
    }
}
