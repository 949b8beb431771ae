//! Contacts: whom an account has written down. A contact that is somebody's account follows it from number to number.

use std::time::SystemTime;

use api::{AccountId, AccountKind, Contact, ContactEntry, DisplayName};

use super::accounts::parse_number;
use super::{Change, Office, OfficeError, PersonChanged, Session, WhatChanged};
use crate::store::{ContactDraft, Transaction};

/// More than anybody writes down, and 2 MB at most.
const MOST: i64 = 2_000;

/// Groups of one contact.
const MOST_GROUPS: usize = 16;

/// As many characters as a short paragraph has.
const LONGEST_NOTE: usize = 500;

impl Office {
    /// Adds a contact.
    ///
    /// # Errors
    /// If a rule is broken, there is no such account, or it is a contact already.
    pub async fn add_contact(
        &self,
        owner: &Session,
        entry: &ContactEntry,
    ) -> Result<Contact, OfficeError> {
        let mut tx = self.store.begin().await?;
        let draft = draft(&mut tx, owner, entry, None).await?;
        if tx.count_contacts(owner.account).await? >= MOST {
            return Err(OfficeError::TooManyContacts { most: MOST });
        }
        let added = tx
            .add_contact(owner.account, &draft, SystemTime::now())
            .await?;
        let contact = added.ok_or_else(|| OfficeError::ContactKnown {
            name: draft.name.clone(),
        })?;
        self.finish(tx, changed(owner.account)).await?;
        self.contact(owner.account, contact).await
    }

    /// Makes a contact something else.
    ///
    /// # Errors
    /// As [`Office::add_contact`], or if there is no such contact.
    pub async fn set_contact(
        &self,
        owner: &Session,
        contact: i64,
        entry: &ContactEntry,
    ) -> Result<Contact, OfficeError> {
        let mut tx = self.store.begin().await?;
        let before = tx.contact_flags(owner.account, contact).await?;
        let draft = draft(&mut tx, owner, entry, before).await?;
        let alike = tx.contact_alike(owner.account, &draft).await?;
        if alike.is_some_and(|alike| alike != contact) {
            return Err(OfficeError::ContactKnown { name: draft.name });
        }
        if !tx
            .set_contact(owner.account, contact, &draft, SystemTime::now())
            .await?
        {
            return Err(OfficeError::NoSuchContact { contact });
        }
        self.finish(tx, changed(owner.account)).await?;
        self.contact(owner.account, contact).await
    }

    /// One contact.
    ///
    /// # Errors
    /// If the account has no such contact.
    pub async fn contact(&self, owner: AccountId, contact: i64) -> Result<Contact, OfficeError> {
        let found = self.store.contact(owner, contact).await?;
        found.ok_or(OfficeError::NoSuchContact { contact })
    }

    /// Removes a contact.
    ///
    /// # Errors
    /// If the account has no such contact.
    pub async fn remove_contact(&self, owner: AccountId, contact: i64) -> Result<(), OfficeError> {
        let mut tx = self.store.begin().await?;
        if !tx.remove_contact(owner, contact).await? {
            return Err(OfficeError::NoSuchContact { contact });
        }
        self.finish(tx, changed(owner)).await
    }
}

async fn draft(
    tx: &mut Transaction,
    owner: &Session,
    entry: &ContactEntry,
    before: Option<(Vec<String>, bool)>,
) -> Result<ContactDraft, OfficeError> {
    let (account, number, their_name) = match (entry.account, &entry.number) {
        // Ids can be counted through: a guest would learn who is there.
        (Some(_), None) if owner.kind == AccountKind::Guest => {
            return Err(OfficeError::NotForGuests);
        }
        (Some(account), None) => {
            let name = tx.display_name_of(account).await?;
            let name = name.ok_or(OfficeError::NoSuchAccountId { account })?;
            (Some(account), None, Some(name))
        }
        (None, Some(text)) => {
            let number = parse_number(text)?;
            match tx.holder_of(&number).await? {
                Some((account, name)) => (Some(account), None, Some(name)),
                None => (None, Some(number), None),
            }
        }
        _ => return Err(OfficeError::ContactOfWhom),
    };
    let name = match (&entry.name, their_name) {
        (Some(name), _) => DisplayName::parse(name)?.as_str().to_owned(),
        (None, Some(name)) if owner.kind != AccountKind::Guest => name,
        _ => return Err(OfficeError::ContactWithoutName),
    };
    let note = entry.note.trim();
    if note.chars().count() > LONGEST_NOTE || note.contains('\0') {
        return Err(OfficeError::ContactNote { most: LONGEST_NOTE });
    }
    // Whoever does not know of them leaves them as they are.
    let (old_groups, was_blocked) = before.unwrap_or_default();
    let groups = match &entry.groups {
        Some(groups) => checked_groups(groups)?,
        None => old_groups,
    };
    Ok(ContactDraft {
        account,
        number,
        name,
        note: note.to_owned(),
        is_favourite: entry.is_favourite,
        groups,
        is_blocked: entry.is_blocked.unwrap_or(was_blocked),
    })
}

/// Each group once, in the order in which they were named.
fn checked_groups(groups: &[String]) -> Result<Vec<String>, OfficeError> {
    if groups.len() > MOST_GROUPS {
        return Err(OfficeError::TooManyGroups { most: MOST_GROUPS });
    }
    let mut checked: Vec<String> = Vec::new();
    for group in groups {
        let group = DisplayName::parse(group)?.as_str().to_owned();
        if !checked.contains(&group) {
            checked.push(group);
        }
    }
    Ok(checked)
}

/// The owner's other devices read the list anew, and who may see the owner may be others now.
fn changed(owner: AccountId) -> Change {
    Change {
        people: vec![PersonChanged {
            account: owner,
            what: WhatChanged::Contacts,
        }],
        ..Change::default()
    }
}
