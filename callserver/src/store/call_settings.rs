//! The table `call_settings`: how calls to an account are treated.

use std::collections::HashMap;

use api::{AccountId, CallSettings, DeviceId, RingOrder, VoicemailSettings};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Store, StoreError, Transaction, flag};

/// What an account has set, with its devices as the exchange knows them.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct CallSettingsRow {
    /// All of it but [`CallSettings::ring_first`].
    pub settings: CallSettings,
    /// The devices that ring first; some may be gone.
    pub ring_first: Vec<DeviceId>,
}

/// The columns of `call_settings s`.
macro_rules! columns {
    () => {
        "s.do_not_disturb, s.forward_always, s.forward_busy, s.forward_no_answer, s.no_answer_seconds,
         s.forward_unreachable, s.ring, s.ring_first, s.ring_seconds, s.call_waiting, s.max_calls, s.refuse_anonymous,
         s.voicemail_is_on, s.voicemail_after"
    };
}
pub(super) use columns;

fn corrupt(what: &'static str, value: impl ToString) -> StoreError {
    let value = value.to_string();
    StoreError::Corrupt { what, value }
}

/// Reads the columns of a row that is there.
pub(super) fn read(row: &AnyRow) -> Result<CallSettingsRow, StoreError> {
    let seconds = |column| -> Result<u16, StoreError> {
        let value: i64 = row.try_get(column)?;
        u16::try_from(value).map_err(|_| corrupt("seconds of call settings", value))
    };
    let ring: String = row.try_get("ring")?;
    let first: String = row.try_get("ring_first")?;
    let ids: Vec<i64> =
        serde_json::from_str(&first).map_err(|_| corrupt("devices that ring first", first))?;
    let most: Option<i64> = row.try_get("max_calls")?;
    Ok(CallSettingsRow {
        settings: CallSettings {
            do_not_disturb: flag(row, "do_not_disturb")?,
            forward_always: row.try_get("forward_always")?,
            forward_busy: row.try_get("forward_busy")?,
            forward_no_answer: row.try_get("forward_no_answer")?,
            no_answer_seconds: seconds("no_answer_seconds")?,
            forward_unreachable: row.try_get("forward_unreachable")?,
            ring: RingOrder::parse(&ring).ok_or_else(|| corrupt("order of ringing", ring))?,
            ring_first: Vec::new(),
            ring_seconds: seconds("ring_seconds")?,
            call_waiting: flag(row, "call_waiting")?,
            max_calls: most.and_then(|most| u16::try_from(most).ok()),
            refuse_anonymous: flag(row, "refuse_anonymous")?,
            voicemail: VoicemailSettings {
                is_on: flag(row, "voicemail_is_on")?,
                after_seconds: seconds("voicemail_after")?,
            },
        },
        ring_first: ids.into_iter().map(DeviceId).collect(),
    })
}

impl Store {
    /// What an account has set; the defaults if it never has set anything.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn call_settings(&self, account: AccountId) -> Result<CallSettingsRow, StoreError> {
        let select = sqlx::query(concat!(
            "SELECT ",
            columns!(),
            " FROM call_settings s WHERE s.account_id = $1"
        ));
        let row = select.bind(account.0).fetch_optional(&self.readers).await?;
        row.as_ref()
            .map_or_else(|| Ok(CallSettingsRow::default()), read)
    }

    /// The logins of an account's devices by their ids.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn logins_of_devices(
        &self,
        account: AccountId,
    ) -> Result<HashMap<DeviceId, String>, StoreError> {
        let select = sqlx::query("SELECT device_id, login FROM devices WHERE account_id = $1");
        let rows = select.bind(account.0).fetch_all(&self.readers).await?;
        let read = |row: &AnyRow| -> Result<_, StoreError> {
            Ok((DeviceId(row.try_get("device_id")?), row.try_get("login")?))
        };
        rows.iter().map(read).collect()
    }
}

impl Transaction {
    /// Writes what an account has set.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn set_call_settings(
        &mut self,
        account: AccountId,
        row: &CallSettingsRow,
    ) -> Result<(), StoreError> {
        let CallSettingsRow {
            settings,
            ring_first,
        } = row;
        let ids: Vec<i64> = ring_first.iter().map(|device| device.0).collect();
        let upsert = sqlx::query(
            "INSERT INTO call_settings (account_id, do_not_disturb, forward_always, forward_busy, forward_no_answer,
                 no_answer_seconds, forward_unreachable, ring, ring_first, ring_seconds, call_waiting, max_calls,
                 refuse_anonymous, voicemail_is_on, voicemail_after)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
             ON CONFLICT (account_id) DO UPDATE SET do_not_disturb = excluded.do_not_disturb,
                 forward_always = excluded.forward_always, forward_busy = excluded.forward_busy,
                 forward_no_answer = excluded.forward_no_answer, no_answer_seconds = excluded.no_answer_seconds,
                 forward_unreachable = excluded.forward_unreachable, ring = excluded.ring,
                 ring_first = excluded.ring_first, ring_seconds = excluded.ring_seconds,
                 call_waiting = excluded.call_waiting, max_calls = excluded.max_calls,
                 refuse_anonymous = excluded.refuse_anonymous,
                 voicemail_is_on = excluded.voicemail_is_on, voicemail_after = excluded.voicemail_after",
        );
        upsert
            .bind(account.0)
            .bind(i64::from(settings.do_not_disturb))
            .bind(settings.forward_always.clone())
            .bind(settings.forward_busy.clone())
            .bind(settings.forward_no_answer.clone())
            .bind(i64::from(settings.no_answer_seconds))
            .bind(settings.forward_unreachable.clone())
            .bind(settings.ring.as_str())
            .bind(serde_json::json!(ids).to_string())
            .bind(i64::from(settings.ring_seconds))
            .bind(i64::from(settings.call_waiting))
            .bind(settings.max_calls.map(i64::from))
            .bind(i64::from(settings.refuse_anonymous))
            .bind(i64::from(settings.voicemail.is_on))
            .bind(i64::from(settings.voicemail.after_seconds))
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }

    /// Turns do-not-disturb on or off, and leaves everything else.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn set_do_not_disturb(
        &mut self,
        account: AccountId,
        is_on: bool,
    ) -> Result<(), StoreError> {
        let upsert = sqlx::query(
            "INSERT INTO call_settings (account_id, do_not_disturb) VALUES ($1, $2)
             ON CONFLICT (account_id) DO UPDATE SET do_not_disturb = excluded.do_not_disturb",
        );
        upsert
            .bind(account.0)
            .bind(i64::from(is_on))
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }
}
