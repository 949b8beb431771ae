//! The table `bindings`: registered phones, kept for the next start.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use sip::{Flow, Text, Transport};
use sqlx::Row;
use sqlx::any::AnyRow;
use switch::{AccountId, BindingId, DeviceId, StoredBinding};

use super::{Engine, Store, StoreError, Transaction, flag, unix_millis, with_list};

/// Both engines take many more; statements of all lengths are prepared and kept.
const MOST_PLACEHOLDERS: usize = 100;

/// A node that runs has forgotten its ended bindings long before.
const LONG_GONE: Duration = Duration::from_secs(24 * 3600);

/// The id as the table keeps it.
fn stored_id(binding: BindingId) -> i64 {
    i64::try_from(binding.0).unwrap_or(i64::MAX)
}

fn read(row: &AnyRow, now: i64) -> Result<StoredBinding, StoreError> {
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
        q: u16::try_from(row.try_get::<i64, _>("q")?).unwrap_or_default(),
        path: path.into_iter().map(Text::from).collect(),
        flow: Flow {
            transport: Transport::parse(transport)
                .ok_or_else(|| corrupt("transport", transport))?,
            local: address("local")?,
            remote: address("remote")?,
            // Connections do not survive the server.
            connection: 0,
        },
        token: optional("flow_token")?,
        instance: optional("instance")?,
        reg_id: row
            .try_get::<Option<i64>, _>("reg_id")?
            .and_then(|id| u32::try_from(id).ok()),
        call_id: text("call_id")?,
        cseq: u32::try_from(row.try_get::<i64, _>("cseq")?).unwrap_or_default(),
        expires_seconds: u32::try_from(left).unwrap_or(0),
        user_agent: optional("user_agent")?,
        reads_rooms: flag(row, "reads_rooms")?,
    })
}

impl Store {
    /// The phones that are still registered with this node, with the life that is left to them, unless their owner is disabled.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn bindings(&self, now: SystemTime) -> Result<Vec<StoredBinding>, StoreError> {
        let select = sqlx::query(
            "SELECT b.*, d.login FROM bindings b
             JOIN devices d ON d.device_id = b.device_id AND d.account_id = b.account_id
             JOIN accounts a ON a.account_id = b.account_id AND a.is_disabled = 0
             WHERE b.node = $2 AND b.expires_at > $1 ORDER BY b.binding_id",
        );
        let now = unix_millis(now);
        let select = select.bind(now).bind(self.node.to_string());
        let rows = select.fetch_all(&self.readers).await?;
        rows.iter().map(|row| read(row, now)).collect()
    }
}

impl Transaction {
    /// Keeps bindings of this node, each until its time, in the place of what was kept under the same id. What belongs to a device
    /// that is gone meanwhile is left out.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn keep_bindings(
        &mut self,
        bindings: &[(StoredBinding, SystemTime)],
    ) -> Result<(), StoreError> {
        // Prepared once and run for each: a storm of registrations after a power cut is one transaction.
        let insert = "INSERT INTO bindings (binding_id, account_id, device_id, contact, q, path, transport, local,
                 remote, instance, reg_id, call_id, cseq, user_agent, expires_at, node, flow_token,
                 reads_rooms)
             SELECT $1, d.account_id, d.device_id, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
                 $18
             FROM devices d WHERE d.device_id = $3 AND d.account_id = $2
             ON CONFLICT (node, binding_id) DO UPDATE SET account_id = excluded.account_id,
                 device_id = excluded.device_id, contact = excluded.contact, q = excluded.q, path = excluded.path,
                 transport = excluded.transport, local = excluded.local, remote = excluded.remote,
                 instance = excluded.instance, reg_id = excluded.reg_id, call_id = excluded.call_id,
                 cseq = excluded.cseq, user_agent = excluded.user_agent, expires_at = excluded.expires_at,
                 flow_token = excluded.flow_token, reads_rooms = excluded.reads_rooms";
        for (binding, expires_at) in bindings {
            let path: Vec<_> = binding.path.iter().map(Text::as_str).collect();
            let path = serde_json::to_string(&path).map_err(|error| StoreError::Corrupt {
                what: "list of proxies",
                value: error.to_string(),
            })?;
            let owned = |text: &Option<Text>| text.as_deref().map(str::to_owned);
            sqlx::query(insert)
                .bind(stored_id(binding.id))
                .bind(binding.account.0)
                .bind(binding.device.0)
                .bind(binding.contact.as_str())
                .bind(i64::from(binding.q))
                .bind(path)
                .bind(binding.flow.transport.as_str())
                .bind(binding.flow.local.to_string())
                .bind(binding.flow.remote.to_string())
                .bind(owned(&binding.instance))
                .bind(binding.reg_id.map(i64::from))
                .bind(binding.call_id.as_str())
                .bind(i64::from(binding.cseq))
                .bind(owned(&binding.user_agent))
                .bind(unix_millis(*expires_at))
                .bind(self.node.to_string())
                .bind(owned(&binding.token))
                .bind(i64::from(binding.reads_rooms))
                .execute(&mut *self.inner)
                .await?;
        }
        Ok(())
    }

    /// Forgets bindings of this node.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn forget_bindings(&mut self, bindings: &[BindingId]) -> Result<(), StoreError> {
        for some in bindings.chunks(MOST_PLACEHOLDERS) {
            let delete = with_list(
                "DELETE FROM bindings WHERE node = $1 AND binding_id IN ({})",
                2,
                some.len(),
            );
            let mut delete = sqlx::query(delete).bind(self.node.to_string());
            for binding in some {
                delete = delete.bind(stored_id(*binding));
            }
            delete.execute(&mut *self.inner).await?;
        }
        Ok(())
    }

    /// Forgets the bindings that a new start of this node does not take over: those that have ended, and those of
    /// disabled accounts. What other nodes hold is theirs, unless it ended so long ago that the node must be gone.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn forget_ended_bindings(&mut self, now: SystemTime) -> Result<(), StoreError> {
        if self.engine == Engine::Sqlite {
            // Kept before nodes had names; a file has only one.
            let adopt = sqlx::query("UPDATE bindings SET node = $1 WHERE node = ''");
            adopt
                .bind(self.node.to_string())
                .execute(&mut *self.inner)
                .await?;
        }
        let delete = sqlx::query(
            "DELETE FROM bindings WHERE expires_at <= $2 OR (node = $3 AND (expires_at <= $1
             OR account_id IN (SELECT account_id FROM accounts WHERE is_disabled = 1)))",
        );
        delete
            .bind(unix_millis(now))
            .bind(unix_millis(now - LONG_GONE))
            .bind(self.node.to_string())
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }
}

/// How long a binding lives, as a moment.
pub(crate) fn expires_at(now: SystemTime, binding: &StoredBinding) -> SystemTime {
    now + Duration::from_secs(binding.expires_seconds.into())
}
