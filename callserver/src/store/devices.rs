//! The table `devices`: phones and their SIP credentials.

use std::time::SystemTime;

use api::{AccountId, DeviceId, DeviceLabel, Number};
use sip::Ha1;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::accounts::read_number;
use super::{Store, StoreError, Transaction, flag, unix_millis, with_list};

/// One device, without its credential.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeviceRow {
    /// The immutable id.
    pub device: DeviceId,
    /// Its owner's username.
    pub username: String,
    /// What its owner calls it.
    pub label: String,
    /// Its digest user name.
    pub login: String,
    /// Unix milliseconds.
    pub created_at: i64,
    /// When it last registered, Unix milliseconds.
    pub last_seen_at: Option<i64>,
}

/// A credential and whom it speaks for.
#[derive(Clone, Debug)]
pub struct CredentialRow {
    /// The owner.
    pub account: AccountId,
    /// The device.
    pub device: DeviceId,
    /// The digest user name.
    pub login: String,
    /// The hashes of the secret.
    pub ha1: Ha1,
    /// The owner's primary number.
    pub number: Option<Number>,
    /// Further numbers that are the owner's: others at present, and former ones that rest.
    pub other_numbers: Vec<Number>,
    /// The ring groups that the owner is a member of.
    pub groups: Vec<AccountId>,
    /// The owner's display name.
    pub display_name: String,
    /// Whether the owner is a guest.
    pub is_guest: bool,
}

/// Who made a device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// A softphone, by logging in.
    Login,
    /// An administrator, for a desk phone.
    Admin,
}

/// A device to be added.
#[derive(Clone, Debug)]
pub struct NewDevice<'a> {
    /// The owner.
    pub account: AccountId,
    /// What people call it.
    pub label: &'a DeviceLabel,
    /// The digest user name.
    pub login: &'a str,
    /// The realm that the hashes were made for.
    pub realm: &'a str,
    /// The hashes of the secret.
    pub ha1: &'a Ha1,
    /// Who made it.
    pub origin: Origin,
}

fn read(row: &AnyRow) -> Result<DeviceRow, StoreError> {
    Ok(DeviceRow {
        device: DeviceId(row.try_get("device_id")?),
        username: row.try_get("username")?,
        label: row.try_get("label")?,
        login: row.try_get("login")?,
        created_at: row.try_get("created_at")?,
        last_seen_at: row.try_get("last_seen_at")?,
    })
}

fn read_hash<const N: usize>(row: &AnyRow, column: &'static str) -> Result<[u8; N], StoreError> {
    sized(row.try_get(column)?, column)
}

/// A hash that devices from before it was kept do not have.
fn read_newer_hash<const N: usize>(
    row: &AnyRow,
    column: &'static str,
) -> Result<Option<[u8; N]>, StoreError> {
    let bytes: Option<&[u8]> = row.try_get(column)?;
    bytes.map(|bytes| sized(bytes, column)).transpose()
}

fn sized<const N: usize>(bytes: &[u8], column: &'static str) -> Result<[u8; N], StoreError> {
    // The value is not shown: it is as good as the secret.
    bytes.try_into().map_err(|_| StoreError::Corrupt {
        what: column,
        value: format!("{} bytes", bytes.len()),
    })
}

impl Store {
    /// The credential of this login, unless its owner is disabled.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn credential(&self, login: &str) -> Result<Option<CredentialRow>, StoreError> {
        let select = sqlx::query(
            "SELECT d.device_id, d.account_id, d.login, d.ha1_md5, d.ha1_sha256, d.ha1_sha512_256,
                 a.display_name, a.kind, n.number,
                 CASE WHEN EXISTS (SELECT 1 FROM ring_group_members m WHERE m.account_id = a.account_id) THEN 1 ELSE 0 END AS is_member
             FROM devices d
             JOIN accounts a ON a.account_id = d.account_id AND a.is_disabled = 0
             LEFT JOIN numbers n ON n.account_id = a.account_id AND n.is_primary = 1
             WHERE d.login = $1",
        );
        let Some(row) = select.bind(login).fetch_optional(&self.readers).await? else {
            return Ok(None);
        };
        let account = AccountId(row.try_get("account_id")?);
        Ok(Some(CredentialRow {
            account,
            device: DeviceId(row.try_get("device_id")?),
            login: row.try_get("login")?,
            ha1: Ha1 {
                md5: read_hash(&row, "ha1_md5")?,
                sha256: read_hash(&row, "ha1_sha256")?,
                sha512_256: read_newer_hash(&row, "ha1_sha512_256")?,
            },
            number: read_number(&row)?,
            other_numbers: self.other_numbers(account).await?,
            groups: match flag(&row, "is_member")? {
                true => self.groups_of(account).await?,
                false => Vec::new(),
            },
            display_name: row.try_get("display_name")?,
            is_guest: row.try_get::<String, _>("kind")? == "guest",
        }))
    }

    /// The numbers of an account that others do not see: those beside its primary one, and former ones that rest.
    async fn other_numbers(&self, account: AccountId) -> Result<Vec<Number>, StoreError> {
        let select = sqlx::query(
            "SELECT number FROM numbers
             WHERE account_id = $1 AND is_primary = 0 AND state IN ('assigned', 'guest', 'quarantined') ORDER BY number",
        );
        let rows = select.bind(account.0).fetch_all(&self.readers).await?;
        let numbers: Result<Vec<Option<Number>>, StoreError> =
            rows.iter().map(read_number).collect();
        Ok(numbers?.into_iter().flatten().collect())
    }

    /// The devices of one account, or of all, oldest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn devices(&self, account: Option<AccountId>) -> Result<Vec<DeviceRow>, StoreError> {
        let select = sqlx::query(
            "SELECT d.device_id, a.username, d.label, d.login, d.created_at, d.last_seen_at
             FROM devices d JOIN accounts a ON a.account_id = d.account_id
             WHERE $1 IS NULL OR d.account_id = $1 ORDER BY a.username, d.device_id",
        );
        let rows = select
            .bind(account.map(|account| account.0))
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(read).collect()
    }

    /// Those of `logins` that a phone may register with: their device is there, and its owner is not disabled.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn good_logins(&self, logins: &[String]) -> Result<Vec<String>, StoreError> {
        const AT_ONCE: usize = 100;
        let mut good = Vec::with_capacity(logins.len());
        for some in logins.chunks(AT_ONCE) {
            let select = with_list(
                "SELECT d.login FROM devices d JOIN accounts a ON a.account_id = d.account_id
                 WHERE a.is_disabled = 0 AND d.login IN ({})",
                1,
                some.len(),
            );
            let mut select = sqlx::query_scalar(select);
            for login in some {
                select = select.bind(login.clone());
            }
            good.extend(select.fetch_all(&self.readers).await?);
        }
        Ok(good)
    }

    /// How many devices there are, all accounts together.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn count_devices(&self) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar("SELECT count(*) FROM devices")
            .fetch_one(&self.readers)
            .await?)
    }
}

impl Transaction {
    /// Adds a device.
    ///
    /// # Errors
    /// If the database fails, or the login is taken, which random logins are not.
    pub async fn add_device(
        &mut self,
        device: &NewDevice<'_>,
        now: SystemTime,
    ) -> Result<DeviceId, StoreError> {
        let insert = sqlx::query_scalar(
            "INSERT INTO devices (account_id, label, login, realm, ha1_md5, ha1_sha256, ha1_sha512_256, origin,
                 created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING device_id",
        );
        let origin = match device.origin {
            Origin::Login => "login",
            Origin::Admin => "admin",
        };
        let insert = insert
            .bind(device.account.0)
            .bind(device.label.as_str())
            .bind(device.login)
            .bind(device.realm)
            .bind(device.ha1.md5.as_slice())
            .bind(device.ha1.sha256.as_slice())
            .bind(device.ha1.sha512_256.as_ref().map(<[u8; 32]>::as_slice))
            .bind(origin)
            .bind(unix_millis(now));
        let id = DeviceId(insert.fetch_one(&mut *self.inner).await?);
        // What is said before it first registers is for it, too. Whether it gets letters at all it says then.
        self.begin_letters(&[id]).await?;
        Ok(id)
    }

    /// Removes the device with this login if it belongs to `account`; tells whether it did.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn remove_device(
        &mut self,
        account: AccountId,
        login: &str,
    ) -> Result<bool, StoreError> {
        let delete = sqlx::query("DELETE FROM devices WHERE account_id = $1 AND login = $2")
            .bind(account.0)
            .bind(login);
        Ok(delete.execute(&mut *self.inner).await?.rows_affected() > 0)
    }

    /// Removes the longest unused devices that logging in has made for `account`, so that `keep` are left. Returns
    /// the logins of those removed.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn trim_login_devices(
        &mut self,
        account: AccountId,
        keep: u32,
    ) -> Result<Vec<String>, StoreError> {
        let delete = sqlx::query_scalar(
            "DELETE FROM devices WHERE account_id = $1 AND origin = 'login' AND device_id NOT IN (
                 SELECT device_id FROM devices WHERE account_id = $1 AND origin = 'login'
                 ORDER BY coalesce(last_seen_at, created_at) DESC, device_id DESC LIMIT $2)
             RETURNING login",
        );
        Ok(delete
            .bind(account.0)
            .bind(i64::from(keep))
            .fetch_all(&mut *self.inner)
            .await?)
    }

    /// Gives the device with this login another label if it belongs to `account`; tells whether it does.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn rename_device(
        &mut self,
        account: AccountId,
        login: &str,
        label: &DeviceLabel,
    ) -> Result<bool, StoreError> {
        let update =
            sqlx::query("UPDATE devices SET label = $3 WHERE account_id = $1 AND login = $2");
        let update = update.bind(account.0).bind(login).bind(label.as_str());
        Ok(update.execute(&mut *self.inner).await?.rows_affected() > 0)
    }

    /// One device of an account, as this write sees it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn device(
        &mut self,
        account: AccountId,
        login: &str,
    ) -> Result<Option<DeviceRow>, StoreError> {
        let select = sqlx::query(
            "SELECT d.device_id, a.username, d.label, d.login, d.created_at, d.last_seen_at
             FROM devices d JOIN accounts a ON a.account_id = d.account_id
             WHERE d.account_id = $1 AND d.login = $2",
        );
        let select = select.bind(account.0).bind(login);
        let row = select.fetch_optional(&mut *self.inner).await?;
        row.as_ref().map(read).transpose()
    }

    /// How many devices of an account were made by hand, for desk phones.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn count_devices_by_hand(&mut self, account: AccountId) -> Result<i64, StoreError> {
        let count = sqlx::query_scalar(
            "SELECT count(*) FROM devices WHERE account_id = $1 AND origin = 'admin'",
        );
        Ok(count.bind(account.0).fetch_one(&mut *self.inner).await?)
    }

    /// The logins of all devices of an account.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn logins(&mut self, account: AccountId) -> Result<Vec<String>, StoreError> {
        let select =
            sqlx::query_scalar("SELECT login FROM devices WHERE account_id = $1").bind(account.0);
        Ok(select.fetch_all(&mut *self.inner).await?)
    }

    /// Notes when a device was last seen.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn set_last_seen(
        &mut self,
        device: DeviceId,
        at: SystemTime,
    ) -> Result<(), StoreError> {
        let update = sqlx::query("UPDATE devices SET last_seen_at = $2 WHERE device_id = $1");
        update
            .bind(device.0)
            .bind(unix_millis(at))
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }
}
