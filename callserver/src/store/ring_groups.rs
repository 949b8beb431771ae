//! The tables `ring_groups` and `ring_group_members`: accounts that nobody signs in to, and whose phones ring for them.

use std::time::SystemTime;

use api::AccountId;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::accounts::read_number;
use super::call_settings::{CallSettingsRow, columns, read};
use super::{ReachedAccount, Store, StoreError, Transaction, flag, unix_millis};

/// A member of a group, as the exchange needs to know it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RingingMember {
    /// Who.
    pub account: ReachedAccount,
    /// How calls to them are treated.
    pub treated: CallSettingsRow,
}

/// A member of a group, as people see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MemberRow {
    /// The group.
    pub group: AccountId,
    /// The member.
    pub account: AccountId,
    /// Its username.
    pub username: String,
    /// What people see.
    pub display_name: String,
    /// Its primary number.
    pub number: Option<api::Number>,
}

impl Store {
    /// The members of a group that can be called, in the order in which they ring, with how they want to be called; `None`
    /// if it is no group.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn ringing_members(
        &self,
        group: AccountId,
    ) -> Result<Option<Vec<RingingMember>>, StoreError> {
        let is_group = sqlx::query("SELECT 1 FROM ring_groups WHERE group_id = $1");
        let is_group = is_group.bind(group.0).fetch_optional(&self.readers).await?;
        if is_group.is_none() {
            return Ok(None);
        }
        let select = sqlx::query(concat!(
            "SELECT a.account_id, CASE WHEN a.kind = 'guest' THEN 1 ELSE 0 END AS is_guest, a.display_name, n.number,
                 CASE WHEN s.account_id IS NULL THEN 0 ELSE 1 END AS is_treated, ",
            columns!(),
            " FROM ring_group_members m
             JOIN accounts a ON a.account_id = m.account_id AND a.is_disabled = 0
             LEFT JOIN numbers n ON n.account_id = a.account_id AND n.is_primary = 1
             LEFT JOIN call_settings s ON s.account_id = a.account_id
             WHERE m.group_id = $1 ORDER BY m.place, m.account_id"
        ));
        let rows = select.bind(group.0).fetch_all(&self.readers).await?;
        let member = |row: &AnyRow| -> Result<RingingMember, StoreError> {
            let treated = match flag(row, "is_treated")? {
                true => read(row)?,
                false => CallSettingsRow::default(),
            };
            Ok(RingingMember {
                account: ReachedAccount {
                    account: AccountId(row.try_get("account_id")?),
                    is_guest: flag(row, "is_guest")?,
                    display_name: row.try_get("display_name")?,
                    is_disabled: false,
                    number: read_number(row)?,
                    is_treated: true,
                },
                treated,
            })
        };
        rows.iter().map(member).collect::<Result<_, _>>().map(Some)
    }

    /// Whom an account has blocked, or if it is a group, whom its members have: each blocker with somebody who is blocked.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn blocks(
        &self,
        account: AccountId,
    ) -> Result<Vec<(AccountId, AccountId)>, StoreError> {
        let select = sqlx::query(
            "SELECT owner_id, account_id FROM contacts
             WHERE is_blocked = 1 AND account_id IS NOT NULL
                 AND owner_id IN (SELECT account_id FROM ring_group_members WHERE group_id = $1 UNION ALL SELECT $1)",
        );
        let rows = select.bind(account.0).fetch_all(&self.readers).await?;
        let pair = |row: &AnyRow| -> Result<_, StoreError> {
            let blocked = AccountId(row.try_get("account_id")?);
            Ok((AccountId(row.try_get("owner_id")?), blocked))
        };
        rows.iter().map(pair).collect()
    }

    /// The groups that an account is a member of.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn groups_of(&self, account: AccountId) -> Result<Vec<AccountId>, StoreError> {
        let select = sqlx::query("SELECT group_id FROM ring_group_members WHERE account_id = $1");
        let rows = select.bind(account.0).fetch_all(&self.readers).await?;
        let id =
            |row: &AnyRow| -> Result<_, StoreError> { Ok(AccountId(row.try_get("group_id")?)) };
        rows.iter().map(id).collect()
    }

    /// The ids of all groups, in the order in which they were made.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn ring_groups(&self) -> Result<Vec<AccountId>, StoreError> {
        let select = sqlx::query("SELECT group_id FROM ring_groups ORDER BY group_id");
        let rows = select.fetch_all(&self.readers).await?;
        let id =
            |row: &AnyRow| -> Result<_, StoreError> { Ok(AccountId(row.try_get("group_id")?)) };
        rows.iter().map(id).collect()
    }

    /// The members of one group, or of all, in the order in which they ring.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn members_of_groups(
        &self,
        group: Option<AccountId>,
    ) -> Result<Vec<MemberRow>, StoreError> {
        let select = sqlx::query(
            "SELECT m.group_id, a.account_id, a.username, a.display_name, n.number
             FROM ring_group_members m
             JOIN accounts a ON a.account_id = m.account_id
             LEFT JOIN numbers n ON n.account_id = a.account_id AND n.is_primary = 1
             WHERE m.group_id = $1 OR $2 = 1 ORDER BY m.group_id, m.place, a.account_id",
        );
        let rows = select
            .bind(group.map_or(0, |group| group.0))
            .bind(i64::from(group.is_none()))
            .fetch_all(&self.readers)
            .await?;
        let member = |row: &AnyRow| -> Result<MemberRow, StoreError> {
            Ok(MemberRow {
                group: AccountId(row.try_get("group_id")?),
                account: AccountId(row.try_get("account_id")?),
                username: row.try_get("username")?,
                display_name: row.try_get("display_name")?,
                number: read_number(row)?,
            })
        };
        rows.iter().map(member).collect()
    }
}

impl Transaction {
    /// Makes an account a group.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn make_ring_group(
        &mut self,
        account: AccountId,
        now: SystemTime,
    ) -> Result<(), StoreError> {
        let insert = sqlx::query(
            "INSERT INTO ring_groups (group_id, created_at) VALUES ($1, $2) ON CONFLICT (group_id) DO NOTHING",
        );
        insert
            .bind(account.0)
            .bind(unix_millis(now))
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }

    /// Whether an account is a group.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn is_ring_group(&mut self, account: AccountId) -> Result<bool, StoreError> {
        let select = sqlx::query("SELECT 1 FROM ring_groups WHERE group_id = $1");
        let row = select.bind(account.0).fetch_optional(&mut *self.inner);
        Ok(row.await?.is_some())
    }

    /// Makes these the members of a group, in this order.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn set_ring_group_members(
        &mut self,
        group: AccountId,
        members: &[AccountId],
    ) -> Result<(), StoreError> {
        let delete = sqlx::query("DELETE FROM ring_group_members WHERE group_id = $1");
        delete.bind(group.0).execute(&mut *self.inner).await?;
        for (place, member) in (0i64..).zip(members) {
            let insert = sqlx::query(
                "INSERT INTO ring_group_members (group_id, account_id, place) VALUES ($1, $2, $3)
                 ON CONFLICT (group_id, account_id) DO NOTHING",
            );
            insert
                .bind(group.0)
                .bind(member.0)
                .bind(place)
                .execute(&mut *self.inner)
                .await?;
        }
        Ok(())
    }
}
