//! The table `nodes` and what belongs to it: the servers that share the database, and the phones that others hold.

use std::time::{Duration, SystemTime};

use sip::{FlowKey, Text, Transport};
use sqlx::Row;
use switch::{AccountId, DeviceId};

use super::{Engine, Store, StoreError, Transaction, unix_millis, with_list};

/// A server that shares the database, as it says of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NodeRow {
    /// Its name.
    pub node: String,
    /// How SIP is spoken with it.
    pub transport: Transport,
    /// Where: `HOST:PORT`.
    pub sip: String,
    /// Whoever lives changes this every few seconds.
    pub beat: i64,
}

/// A phone that is registered with another server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OtherBinding {
    /// The server that holds it.
    pub node: String,
    /// The owner.
    pub account: AccountId,
    /// The device.
    pub device: DeviceId,
    /// The contact URI.
    pub contact: Text,
    /// Preference in thousandths.
    pub q: u16,
    /// The phone's own unchanging name.
    pub instance: Option<Text>,
    /// What its server calls the flow.
    pub token: Text,
}

/// A server that has said nothing for so long is forgotten: it has another name when it comes back, or says it again.
const LONG_GONE: Duration = Duration::from_secs(24 * 3600);

/// An account has no more phones than this at all servers together.
const MOST_BINDINGS: i64 = 64;

impl Store {
    /// The other servers that share the database.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn other_nodes(&self) -> Result<Vec<NodeRow>, StoreError> {
        let select = sqlx::query(
            "SELECT node, transport, sip, beat FROM nodes WHERE node <> $1 ORDER BY node",
        );
        let rows = select.bind(self.node.to_string());
        let rows = rows.fetch_all(&self.readers).await?;
        let mut nodes = Vec::with_capacity(rows.len());
        for row in rows {
            let transport: String = row.try_get("transport")?;
            // One that a newer version knows is nothing to us.
            if let Some(transport) = Transport::parse(&transport) {
                nodes.push(NodeRow {
                    node: row.try_get("node")?,
                    transport,
                    sip: row.try_get("sip")?,
                    beat: row.try_get("beat")?,
                });
            }
        }
        Ok(nodes)
    }

    /// The phones of these accounts that are registered with other servers and can be reached there; the newest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn other_bindings(
        &self,
        accounts: &[AccountId],
        now: SystemTime,
    ) -> Result<Vec<OtherBinding>, StoreError> {
        if accounts.is_empty() {
            return Ok(Vec::new());
        }
        let select = with_list(
            "SELECT node, account_id, device_id, contact, q, instance, flow_token FROM bindings
             WHERE node <> $1 AND expires_at > $2 AND flow_token IS NOT NULL AND account_id IN ({})
             ORDER BY expires_at DESC LIMIT $3",
            4,
            accounts.len(),
        );
        let mut select = sqlx::query(select)
            .bind(self.node.to_string())
            .bind(unix_millis(now))
            .bind(MOST_BINDINGS);
        for account in accounts {
            select = select.bind(account.0);
        }
        let rows = select.fetch_all(&self.readers).await?;
        let binding = |row: &sqlx::any::AnyRow| -> Result<OtherBinding, StoreError> {
            Ok(OtherBinding {
                node: row.try_get("node")?,
                account: AccountId(row.try_get("account_id")?),
                device: DeviceId(row.try_get("device_id")?),
                contact: Text::from(row.try_get::<String, _>("contact")?),
                q: u16::try_from(row.try_get::<i64, _>("q")?).unwrap_or_default(),
                instance: row
                    .try_get::<Option<String>, _>("instance")?
                    .map(Text::from),
                token: Text::from(row.try_get::<String, _>("flow_token")?),
            })
        };
        rows.iter().map(binding).collect()
    }

    /// Whether other servers may share the database at all.
    pub fn may_be_shared(&self) -> bool {
        self.engine() == Engine::Postgres
    }
}

impl Transaction {
    /// Says that this server lives, and where it is reached. Tells whether that is news.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn beat(
        &mut self,
        transport: Transport,
        sip: &str,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let known = sqlx::query("SELECT transport, sip FROM nodes WHERE node = $1");
        let known = known
            .bind(self.node.to_string())
            .fetch_optional(&mut *self.inner)
            .await?;
        let is_known = match known {
            Some(row) => {
                let (old, at): (String, String) = (row.try_get("transport")?, row.try_get("sip")?);
                old == transport.as_str() && at == sip
            }
            None => false,
        };
        let upsert = sqlx::query(
            "INSERT INTO nodes (node, transport, sip, beat, beat_at) VALUES ($1, $2, $3, 1, $4)
             ON CONFLICT (node) DO UPDATE SET transport = $2, sip = $3, beat = nodes.beat + 1, beat_at = $4",
        );
        upsert
            .bind(self.node.to_string())
            .bind(transport.as_str())
            .bind(sip.to_owned())
            .bind(unix_millis(now))
            .execute(&mut *self.inner)
            .await?;
        let forget = sqlx::query("DELETE FROM nodes WHERE beat_at < $1");
        forget
            .bind(unix_millis(now - LONG_GONE))
            .execute(&mut *self.inner)
            .await?;
        Ok(!is_known)
    }

    /// Says that this server stops: its phones are not to be tried.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn leave_nodes(&mut self) -> Result<(), StoreError> {
        let delete = sqlx::query("DELETE FROM nodes WHERE node = $1");
        delete
            .bind(self.node.to_string())
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }

    /// The secret that all servers on this database share for flow tokens: `new`, unless there is one already.
    ///
    /// # Errors
    /// If the database fails, or holds something else under its name.
    pub async fn settle_flow_key(&mut self, new: [u8; 32]) -> Result<FlowKey, StoreError> {
        let text = api::hex(&new);
        let insert = "INSERT INTO settings (name, value) VALUES ('flow_key', $1) ON CONFLICT (name) DO NOTHING";
        sqlx::query(insert)
            .bind(text)
            .execute(&mut *self.inner)
            .await?;
        let select = sqlx::query_scalar("SELECT value FROM settings WHERE name = 'flow_key'");
        let text: String = select.fetch_one(&mut *self.inner).await?;
        key(&text).ok_or_else(|| StoreError::Corrupt {
            what: "key for flow tokens",
            // It may be nearly right.
            value: "not shown".to_owned(),
        })
    }
}

fn key(text: &str) -> Option<FlowKey> {
    let mut key = [0; 32];
    if text.len() != 2 * key.len() {
        return None;
    }
    for (index, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(FlowKey::new(key))
}
