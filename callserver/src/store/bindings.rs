//! The table `bindings`: registered phones, kept for the next start.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use sip::{Flow, Text, Transport};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use switch::{AccountId, BindingId, DeviceId, StoredBinding};

use super::{Store, StoreError, Transaction, unix_millis};

/// A binding as SQL takes it apart.
#[derive(Serialize)]
struct Written<'a> {
    id: u64,
    account: i64,
    device: i64,
    contact: &'a str,
    q: u16,
    path: Vec<&'a str>,
    transport: &'a str,
    local: SocketAddr,
    remote: SocketAddr,
    instance: Option<&'a str>,
    reg_id: Option<u32>,
    call_id: &'a str,
    cseq: u32,
    user_agent: Option<&'a str>,
    expires_at: i64,
}

fn written((binding, expires_at): &(StoredBinding, SystemTime)) -> Written<'_> {
    Written {
        id: binding.id.0,
        account: binding.account.0,
        device: binding.device.0,
        contact: &binding.contact,
        q: binding.q,
        path: binding.path.iter().map(Text::as_str).collect(),
        transport: binding.flow.transport.as_str(),
        local: binding.flow.local,
        remote: binding.flow.remote,
        instance: binding.instance.as_deref(),
        reg_id: binding.reg_id,
        call_id: &binding.call_id,
        cseq: binding.cseq,
        user_agent: binding.user_agent.as_deref(),
        expires_at: unix_millis(*expires_at),
    }
}

fn read(row: &SqliteRow, now: i64) -> Result<StoredBinding, StoreError> {
    let text = |column: &'static str| -> Result<Text, StoreError> {
        Ok(Text::from(row.try_get::<String, _>(column)?))
    };
    let optional = |column: &'static str| -> Result<Option<Text>, StoreError> {
        Ok(row.try_get::<Option<String>, _>(column)?.map(Text::from))
    };
    let corrupt = |what: &'static str, value: &str| StoreError::Corrupt {
        what,
        value: value.to_owned(),
    };
    let address = |column: &'static str| -> Result<SocketAddr, StoreError> {
        let text: &str = row.try_get(column)?;
        text.parse().map_err(|_| corrupt("socket address", text))
    };
    let transport: &str = row.try_get("transport")?;
    let path: &str = row.try_get("path")?;
    let path: Vec<String> =
        serde_json::from_str(path).map_err(|_| corrupt("list of proxies", path))?;
    let left: i64 = row.try_get::<i64, _>("expires_at")?.saturating_sub(now) / 1000;
    Ok(StoredBinding {
        id: BindingId(row.try_get::<i64, _>("binding_id")?.unsigned_abs()),
        account: AccountId(row.try_get("account_id")?),
        device: DeviceId(row.try_get("device_id")?),
        login: text("login")?,
        contact: text("contact")?,
        q: row.try_get::<u16, _>("q")?,
        path: path.into_iter().map(Text::from).collect(),
        flow: Flow {
            transport: Transport::parse(transport)
                .ok_or_else(|| corrupt("transport", transport))?,
            local: address("local")?,
            remote: address("remote")?,
            // Connections do not survive the server.
            connection: 0,
        },
        instance: optional("instance")?,
        reg_id: row.try_get("reg_id")?,
        call_id: text("call_id")?,
        cseq: row.try_get("cseq")?,
        expires_seconds: u32::try_from(left).unwrap_or(0),
        user_agent: optional("user_agent")?,
    })
}

impl Store {
    /// The phones that are still registered, with the life that is left to them, unless their owner is disabled.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn bindings(&self, now: SystemTime) -> Result<Vec<StoredBinding>, StoreError> {
        let select = sqlx::query(
            "SELECT b.*, d.login FROM bindings b
             JOIN devices d ON d.device_id = b.device_id AND d.account_id = b.account_id
             JOIN accounts a ON a.account_id = b.account_id AND a.is_disabled = 0
             WHERE b.expires_at > ?1 ORDER BY b.binding_id",
        );
        let now = unix_millis(now);
        let rows = select.bind(now).fetch_all(&self.readers).await?;
        rows.iter().map(|row| read(row, now)).collect()
    }
}

impl Transaction {
    /// Keeps bindings, each until its time, in the place of what was kept under the same id. What belongs to a device
    /// that is gone meanwhile is left out.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn keep_bindings(
        &mut self,
        bindings: &[(StoredBinding, SystemTime)],
    ) -> Result<(), StoreError> {
        // One statement for all of them: a storm of registrations after a power cut is written in one go.
        let written: Vec<_> = bindings.iter().map(written).collect();
        let json = serde_json::to_string(&written).map_err(|error| StoreError::Corrupt {
            what: "binding",
            value: error.to_string(),
        })?;
        let insert = sqlx::query(
            "INSERT OR REPLACE INTO bindings (binding_id, account_id, device_id, contact, q, path, transport, local,
                 remote, instance, reg_id, call_id, cseq, user_agent, expires_at)
             SELECT j.value ->> 'id', d.account_id, d.device_id, j.value ->> 'contact', j.value ->> 'q',
                 j.value -> 'path', j.value ->> 'transport', j.value ->> 'local', j.value ->> 'remote',
                 j.value ->> 'instance', j.value ->> 'reg_id', j.value ->> 'call_id', j.value ->> 'cseq',
                 j.value ->> 'user_agent', j.value ->> 'expires_at'
             FROM json_each(?1) j
             JOIN devices d ON d.device_id = j.value ->> 'device' AND d.account_id = j.value ->> 'account'",
        );
        insert.bind(json).execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Forgets bindings.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn forget_bindings(&mut self, bindings: &[BindingId]) -> Result<(), StoreError> {
        let ids: Vec<u64> = bindings.iter().map(|binding| binding.0).collect();
        let ids = serde_json::to_string(&ids).unwrap_or_default();
        let delete = sqlx::query(
            "DELETE FROM bindings WHERE binding_id IN (SELECT value FROM json_each(?1))",
        );
        delete.bind(ids).execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Forgets the bindings that a new start does not take over: those that have ended, and those of disabled accounts.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn forget_ended_bindings(&mut self, now: SystemTime) -> Result<(), StoreError> {
        let delete = sqlx::query(
            "DELETE FROM bindings WHERE expires_at <= ?1
             OR account_id IN (SELECT account_id FROM accounts WHERE is_disabled = 1)",
        );
        delete
            .bind(unix_millis(now))
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }
}

/// How long a binding lives, as a moment.
pub(crate) fn expires_at(now: SystemTime, binding: &StoredBinding) -> SystemTime {
    now + Duration::from_secs(binding.expires_seconds.into())
}
