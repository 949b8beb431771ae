//! How calls to an account are treated: do not disturb, where calls go instead, in which order phones ring.

use api::{AccountId, CallSettings, DeviceId, Number, RingOrder, Username};

use super::{Change, Office, OfficeError, PersonChanged, WhatChanged};
use crate::store::{AccountRow, AuditEntry, CallSettingsRow, Subject, Transaction};

/// How long a phone may ring, in seconds.
const RINGS: std::ops::RangeInclusive<u16> = 1..=300;

/// In so many calls nobody is.
const MOST_CALLS: u16 = 100;

/// As many devices as anybody has.
const MOST_RING_FIRST: usize = 50;

impl Office {
    /// How calls to an account are treated.
    ///
    /// # Errors
    /// If there is no such account, or the database fails.
    pub async fn call_settings(&self, account: AccountId) -> Result<CallSettings, OfficeError> {
        self.account_by_id(account).await?;
        let row = self.store.call_settings(account).await?;
        self.shown(account, row).await
    }

    /// Has calls to an account treated so from now on.
    ///
    /// # Errors
    /// If something is out of its range, a forward leads to no number or name or back to the account itself, or there is no
    /// such account or device.
    pub async fn set_call_settings(
        &self,
        account: AccountId,
        settings: &CallSettings,
    ) -> Result<CallSettings, OfficeError> {
        let mut tx = self.store.begin().await?;
        let row = Self::find_by_id(&mut tx, account).await?;
        let change = self.write_call_settings(&mut tx, &row, settings).await?;
        self.finish(tx, change).await?;
        self.call_settings(account).await
    }

    /// Turns do-not-disturb on or off, and leaves everything else.
    ///
    /// # Errors
    /// If there is no such account, or the database fails.
    pub async fn set_do_not_disturb(
        &self,
        account: AccountId,
        is_on: bool,
    ) -> Result<(), OfficeError> {
        let mut tx = self.store.begin().await?;
        let row = Self::find_by_id(&mut tx, account).await?;
        tx.set_do_not_disturb(account, is_on).await?;
        let detail = serde_json::json!({ "do_not_disturb": is_on });
        let change = self.settings_changed(&mut tx, &row, detail).await?;
        self.finish(tx, change).await
    }

    /// Writes settings in the middle of a write. What is returned is to be announced.
    pub(super) async fn write_call_settings(
        &self,
        tx: &mut Transaction,
        row: &AccountRow,
        settings: &CallSettings,
    ) -> Result<Change, OfficeError> {
        let own = Self::all_about(tx, row).await?.dialled;
        let checked = check(settings, &own)?;
        let devices = self.store.logins_of_devices(row.account).await?;
        let id = |login: &String| -> Result<DeviceId, OfficeError> {
            let found = devices.iter().find(|(_, known)| *known == login);
            let found = found.map(|(id, _)| *id);
            found.ok_or_else(|| OfficeError::NoSuchDevice {
                name: row.username.clone(),
                login: login.clone(),
            })
        };
        let ring_first = settings
            .ring_first
            .iter()
            .map(id)
            .collect::<Result<_, _>>()?;
        let written = CallSettingsRow {
            settings: checked,
            ring_first,
        };
        tx.set_call_settings(row.account, &written).await?;
        let detail = serde_json::json!({ "settings": settings });
        self.settings_changed(tx, row, detail).await
    }

    pub(super) async fn settings_changed(
        &self,
        tx: &mut Transaction,
        row: &AccountRow,
        detail: serde_json::Value,
    ) -> Result<Change, OfficeError> {
        let mut change = Self::all_about(tx, row).await?;
        // Who may log in is as it was.
        change.logins.clear();
        change.people.push(PersonChanged {
            account: row.account,
            what: WhatChanged::CallSettings,
        });
        let entry = AuditEntry {
            action: "account.call-settings",
            subject: Subject::Account(row.username.clone()),
            account: Some(row.account),
            detail,
        };
        self.audit(tx, entry).await?;
        Ok(change)
    }

    async fn shown(
        &self,
        account: AccountId,
        row: CallSettingsRow,
    ) -> Result<CallSettings, OfficeError> {
        let mut settings = row.settings;
        if !row.ring_first.is_empty() {
            let logins = self.store.logins_of_devices(account).await?;
            let known = row.ring_first.iter().filter_map(|id| logins.get(id));
            settings.ring_first = known.cloned().collect();
        }
        Ok(settings)
    }
}

/// The settings in their normal form; `own` is what leads to the account itself.
fn check(settings: &CallSettings, own: &[String]) -> Result<CallSettings, OfficeError> {
    let target = |to: &Option<String>| -> Result<Option<String>, OfficeError> {
        let Some(text) = to.as_deref().map(str::trim).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let read = Number::parse(text).map(|number| number.to_string());
        let read = read.or_else(|_| Username::existing(text).map(|name| name.to_string()));
        let to = read.map_err(|_| OfficeError::ForwardToWhom {
            text: text.to_owned(),
        })?;
        match own.contains(&to) {
            true => Err(OfficeError::ForwardToSelf { to }),
            false => Ok(Some(to)),
        }
    };
    for (what, seconds) in [
        ("no_answer_seconds", settings.no_answer_seconds),
        ("voicemail.after_seconds", settings.voicemail.after_seconds),
        ("ring_seconds", settings.ring_seconds),
    ] {
        if !RINGS.contains(&seconds) {
            return Err(OfficeError::CallSettingRange {
                what,
                low: *RINGS.start(),
                high: *RINGS.end(),
            });
        }
    }
    let most = settings.max_calls;
    if most.is_some_and(|most| !(1..=MOST_CALLS).contains(&most)) {
        return Err(OfficeError::CallSettingRange {
            what: "max_calls",
            low: 1,
            high: MOST_CALLS,
        });
    }
    if settings.ring_first.len() > MOST_RING_FIRST {
        return Err(OfficeError::CallSettingRange {
            what: "the number of devices in ring_first",
            low: 0,
            high: MOST_RING_FIRST as u16,
        });
    }
    Ok(CallSettings {
        forward_always: target(&settings.forward_always)?,
        forward_busy: target(&settings.forward_busy)?,
        forward_no_answer: target(&settings.forward_no_answer)?,
        forward_unreachable: target(&settings.forward_unreachable)?,
        ring_first: Vec::new(),
        ..settings.clone()
    })
}

/// For the settings of a group: the order in which its members ring.
pub(super) fn with_order(
    settings: CallSettings,
    ring: Option<RingOrder>,
    seconds: Option<u16>,
) -> CallSettings {
    CallSettings {
        ring: ring.unwrap_or(settings.ring),
        ring_seconds: seconds.unwrap_or(settings.ring_seconds),
        ..settings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_brought_into_their_normal_form_or_refused_in_a_sentence() {
        let settings = CallSettings {
            forward_always: Some(" +49 (30) 1234 ".into()),
            forward_busy: Some("Carol".into()),
            forward_no_answer: Some(String::new()),
            ..CallSettings::default()
        };
        let checked = check(&settings, &["bob".into()]).expect("settings");
        assert_eq!(checked.forward_always.as_deref(), Some("+49301234"));
        assert_eq!(checked.forward_busy.as_deref(), Some("carol"));
        assert_eq!(checked.forward_no_answer, None);

        let refused = |settings: CallSettings| {
            let refused = check(&settings, &["bob".into(), "1002".into()]);
            refused.expect_err("a refusal").to_string()
        };
        for (settings, sentence) in [
            (
                CallSettings {
                    forward_busy: Some("10 02".into()),
                    ..CallSettings::default()
                },
                "1002 is the account's own; calls cannot go on from it to itself.",
            ),
            (
                CallSettings {
                    forward_busy: Some("somewhere else".into()),
                    ..CallSettings::default()
                },
                "Calls cannot go on to \"somewhere else\"; name a number or a username.",
            ),
            (
                CallSettings {
                    no_answer_seconds: 0,
                    ..CallSettings::default()
                },
                "no_answer_seconds is from 1 to 300.",
            ),
            (
                CallSettings {
                    max_calls: Some(101),
                    ..CallSettings::default()
                },
                "max_calls is from 1 to 100.",
            ),
        ] {
            assert_eq!(refused(settings), sentence);
        }
    }
}
