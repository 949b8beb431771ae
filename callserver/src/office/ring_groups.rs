//! Ring groups: a number that rings several people. A group is an account that nobody signs in to.

use std::collections::HashMap;
use std::time::SystemTime;

use api::{AccountId, GroupMember, RingGroup, RingGroupChange, RingGroupRequest};

use super::accounts::dialled;
use super::call_settings::with_order;
use super::{Change, NewAccount, Office, OfficeError};
use crate::store::{AccountRow, AuditEntry, MemberRow, Subject, Transaction};

/// More phones than a house has rooms; each call to the group rings all of them.
const MOST_MEMBERS: usize = 50;

impl Office {
    /// Makes a group with a number.
    ///
    /// # Errors
    /// If a rule is broken, the name or number is taken, or a member is no account.
    pub async fn add_ring_group(
        &self,
        request: &RingGroupRequest,
    ) -> Result<RingGroup, OfficeError> {
        let checked = self.check(NewAccount {
            name: request.name.clone(),
            display_name: request.display_name.clone(),
            number: request.number.clone(),
            password: None,
        });
        let checked = checked.await?;
        let mut tx = self.store.begin().await?;
        let row = self.add_checked(&mut tx, &checked).await?;
        tx.make_ring_group(row.account, SystemTime::now()).await?;
        let members = Self::members(&mut tx, &request.members).await?;
        tx.set_ring_group_members(row.account, &ids(&members))
            .await?;
        let joined = Self::about_members(&mut tx, &members).await?;
        let settings = self.store.call_settings(row.account).await?.settings;
        let settings = with_order(settings, request.ring, request.ring_seconds);
        let change = self.write_call_settings(&mut tx, &row, &settings).await?;
        self.audit_members(&mut tx, &row, &members).await?;
        let change = change.and(joined).and(Change {
            dialled: dialled(&row),
            ..Change::default()
        });
        let is_rehearsing = self.is_rehearsing;
        self.finish(tx, change).await?;
        if is_rehearsing {
            return Ok(view(row, members.iter().map(of_account), &settings));
        }
        self.ring_group(row.account).await
    }

    /// One group.
    ///
    /// # Errors
    /// If there is none of this id.
    pub async fn ring_group(&self, group: AccountId) -> Result<RingGroup, OfficeError> {
        let row = self.account_by_id(group).await?;
        if !self.store.ring_groups().await?.contains(&group) {
            return Err(OfficeError::NoSuchGroup { name: row.username });
        }
        let members = self.store.members_of_groups(Some(group)).await?;
        let settings = self.store.call_settings(group).await?.settings;
        Ok(view(row, members.into_iter().map(of_row), &settings))
    }

    /// The group of this name.
    ///
    /// # Errors
    /// If there is none.
    pub async fn ring_group_called(&self, name: &str) -> Result<RingGroup, OfficeError> {
        let row = self.account(name).await?;
        self.ring_group(row.account).await
    }

    /// All groups, in the order in which they were made.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn ring_groups(&self) -> Result<Vec<RingGroup>, OfficeError> {
        let mut members: HashMap<AccountId, Vec<MemberRow>> = HashMap::new();
        for row in self.store.members_of_groups(None).await? {
            members.entry(row.group).or_default().push(row);
        }
        let mut groups = Vec::new();
        for group in self.store.ring_groups().await? {
            // It may have been removed since.
            let Some(row) = self.store.account_by_id(group).await? else {
                continue;
            };
            let settings = self.store.call_settings(group).await?.settings;
            let members = members.remove(&group).unwrap_or_default();
            groups.push(view(row, members.into_iter().map(of_row), &settings));
        }
        Ok(groups)
    }

    /// Changes a group. What is missing stays.
    ///
    /// # Errors
    /// If there is none of this id, a rule is broken, or a member is no account.
    pub async fn change_ring_group(
        &self,
        group: AccountId,
        wish: &RingGroupChange,
    ) -> Result<RingGroup, OfficeError> {
        if let Some(display_name) = &wish.display_name {
            self.ring_group(group).await?;
            self.set_display_name(group, display_name).await?;
        }
        let mut tx = self.store.begin().await?;
        let row = Self::find_by_id(&mut tx, group).await?;
        if !tx.is_ring_group(group).await? {
            return Err(OfficeError::NoSuchGroup { name: row.username });
        }
        let settings = self.store.call_settings(group).await?.settings;
        let settings = with_order(settings, wish.ring, wish.ring_seconds);
        let mut change = self.write_call_settings(&mut tx, &row, &settings).await?;
        if let Some(names) = &wish.members {
            let members = Self::members(&mut tx, names).await?;
            change = change.and(self.about_former_members(&mut tx, group).await?);
            change = change.and(Self::about_members(&mut tx, &members).await?);
            tx.set_ring_group_members(group, &ids(&members)).await?;
            self.audit_members(&mut tx, &row, &members).await?;
        }
        self.finish(tx, change).await?;
        self.ring_group(group).await
    }

    /// Removes a group. Its number rests, and callers hear that it is gone.
    ///
    /// # Errors
    /// If there is none of this id.
    pub async fn remove_ring_group(&self, group: AccountId) -> Result<(), OfficeError> {
        let mut tx = self.store.begin().await?;
        let row = Self::find_by_id(&mut tx, group).await?;
        if !tx.is_ring_group(group).await? {
            return Err(OfficeError::NoSuchGroup { name: row.username });
        }
        let left = self.about_former_members(&mut tx, group).await?;
        let change = self.erase(&mut tx, &row, SystemTime::now()).await?;
        self.finish(tx, change.and(left)).await
    }

    /// What is remembered of members: with whom they are in a group, for whoever takes a call that rings at another one's.
    async fn about_members(
        tx: &mut Transaction,
        members: &[AccountRow],
    ) -> Result<Change, OfficeError> {
        let mut change = Change::default();
        for member in members {
            change = change.and(Self::all_about(tx, member).await?);
        }
        Ok(change)
    }

    async fn about_former_members(
        &self,
        tx: &mut Transaction,
        group: AccountId,
    ) -> Result<Change, OfficeError> {
        let mut members = Vec::new();
        for row in self.store.members_of_groups(Some(group)).await? {
            members.push(Self::find_by_id(tx, row.account).await?);
        }
        Self::about_members(tx, &members).await
    }

    /// The accounts of these names, each once. A group is no member: it has no phone.
    async fn members(
        tx: &mut Transaction,
        names: &[String],
    ) -> Result<Vec<AccountRow>, OfficeError> {
        if names.len() > MOST_MEMBERS {
            return Err(OfficeError::TooManyMembers { most: MOST_MEMBERS });
        }
        let mut members: Vec<AccountRow> = Vec::new();
        for name in names {
            let row = Self::find(tx, name).await?;
            if tx.is_ring_group(row.account).await? {
                return Err(OfficeError::MemberIsGroup { name: row.username });
            }
            if members.iter().all(|member| member.account != row.account) {
                members.push(row);
            }
        }
        Ok(members)
    }

    async fn audit_members(
        &self,
        tx: &mut Transaction,
        group: &AccountRow,
        members: &[AccountRow],
    ) -> Result<(), OfficeError> {
        let names: Vec<&str> = members.iter().map(|row| row.username.as_str()).collect();
        let entry = AuditEntry {
            action: "group.members",
            subject: Subject::Account(group.username.clone()),
            account: Some(group.account),
            detail: serde_json::json!({ "members": names }),
        };
        self.audit(tx, entry).await
    }
}

fn ids(members: &[AccountRow]) -> Vec<AccountId> {
    members.iter().map(|row| row.account).collect()
}

fn of_row(row: MemberRow) -> GroupMember {
    GroupMember {
        id: row.account,
        name: row.username,
        display_name: row.display_name,
        number: row.number,
    }
}

fn of_account(row: &AccountRow) -> GroupMember {
    GroupMember {
        id: row.account,
        name: row.username.clone(),
        display_name: row.display_name.clone(),
        number: row.number.clone(),
    }
}

fn view(
    row: AccountRow,
    members: impl Iterator<Item = GroupMember>,
    settings: &api::CallSettings,
) -> RingGroup {
    RingGroup {
        id: row.account,
        name: row.username,
        display_name: row.display_name,
        number: row.number,
        ring: settings.ring,
        ring_seconds: settings.ring_seconds,
        members: members.collect(),
    }
}
