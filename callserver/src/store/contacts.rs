//! The table `contacts`: whom an account has written down. And who can be found: the directory.

use std::collections::HashMap;
use std::time::SystemTime;

use api::{AccountId, Contact, DirectoryEntry, Number};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::accounts::read_number;
use super::{Store, StoreError, Transaction, flag, unix_millis, with_list};

/// A contact as it is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ContactDraft {
    /// Whose account it is; then the number is that account's of any day.
    pub account: Option<AccountId>,
    /// The number of somebody who has no account.
    pub number: Option<Number>,
    /// What the owner calls it.
    pub name: String,
    /// What the owner noted.
    pub note: String,
    /// Whether it is shown first.
    pub is_favourite: bool,
    /// The groups that it is in.
    pub groups: Vec<String>,
    /// Whether it shall not reach the owner.
    pub is_blocked: bool,
}

macro_rules! select_contacts {
    ($rest:literal) => {
        concat!(
            "SELECT c.contact_id, c.account_id, c.name, c.note, c.is_favourite, c.groups, c.is_blocked, a.display_name,
                 CASE WHEN c.account_id IS NULL THEN c.number ELSE n.number END AS number
             FROM contacts c
             LEFT JOIN accounts a ON a.account_id = c.account_id
             LEFT JOIN numbers n ON n.account_id = c.account_id AND n.is_primary = 1 ",
            $rest
        )
    };
}

fn read(row: &AnyRow) -> Result<Contact, StoreError> {
    Ok(Contact {
        id: row.try_get("contact_id")?,
        account: row.try_get::<Option<i64>, _>("account_id")?.map(AccountId),
        number: read_number(row)?,
        name: row.try_get("name")?,
        display_name: row.try_get("display_name")?,
        note: row.try_get("note")?,
        is_favourite: flag(row, "is_favourite")?,
        groups: read_groups(row)?,
        is_blocked: flag(row, "is_blocked")?,
    })
}

fn read_groups(row: &AnyRow) -> Result<Vec<String>, StoreError> {
    let text: String = row.try_get("groups")?;
    serde_json::from_str(&text).map_err(|_| StoreError::Corrupt {
        what: "list of groups",
        value: text,
    })
}

/// The groups as the table holds them.
fn written(groups: &[String]) -> String {
    serde_json::Value::from(groups).to_string()
}

impl Store {
    /// At most `limit` contacts of an account after the one with the id `after`, in the order of their ids.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn contacts(
        &self,
        owner: AccountId,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Contact>, StoreError> {
        let select = sqlx::query(select_contacts!(
            "WHERE c.owner_id = $1 AND c.contact_id > $2 ORDER BY c.contact_id LIMIT $3"
        ));
        let rows = select
            .bind(owner.0)
            .bind(after)
            .bind(limit)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(read).collect()
    }

    /// One contact of an account.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn contact(
        &self,
        owner: AccountId,
        contact: i64,
    ) -> Result<Option<Contact>, StoreError> {
        let select = sqlx::query(select_contacts!(
            "WHERE c.owner_id = $1 AND c.contact_id = $2"
        ));
        let select = select.bind(owner.0).bind(contact);
        let row = select.fetch_optional(&self.readers).await?;
        row.as_ref().map(read).transpose()
    }

    /// Whether an account has another one among its contacts.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn has_contact(
        &self,
        owner: AccountId,
        account: AccountId,
    ) -> Result<bool, StoreError> {
        let select = sqlx::query_scalar(
            "SELECT count(*) FROM contacts WHERE owner_id = $1 AND account_id = $2",
        );
        let count: i64 = select
            .bind(owner.0)
            .bind(account.0)
            .fetch_one(&self.readers)
            .await?;
        Ok(count > 0)
    }

    /// Whether an account has blocked another one: then the other does not reach it, and sees it offline.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn has_blocked(
        &self,
        owner: AccountId,
        other: AccountId,
    ) -> Result<bool, StoreError> {
        // An index leads to the one row that there may be.
        let select = sqlx::query_scalar(
            "SELECT count(*) FROM contacts WHERE owner_id = $1 AND account_id = $2 AND is_blocked = 1",
        );
        let select = select.bind(owner.0).bind(other.0);
        let count: i64 = select.fetch_one(&self.readers).await?;
        Ok(count > 0)
    }

    /// The username and the display name of an account.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn names_of(
        &self,
        account: AccountId,
    ) -> Result<Option<(String, String)>, StoreError> {
        let select =
            sqlx::query("SELECT username, display_name FROM accounts WHERE account_id = $1");
        let row = select.bind(account.0).fetch_optional(&self.readers).await?;
        row.map(|row| Ok((row.try_get("username")?, row.try_get("display_name")?)))
            .transpose()
    }

    /// At most `limit` people with a number after the username `after`, in the order of their usernames: those whose
    /// username, display name or number holds `wanted`, or all.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn directory(
        &self,
        wanted: &str,
        after: &str,
        limit: i64,
    ) -> Result<Vec<DirectoryEntry>, StoreError> {
        let select = sqlx::query(
            "SELECT a.account_id, a.username, a.display_name, n.number
             FROM accounts a JOIN numbers n ON n.account_id = a.account_id AND n.is_primary = 1
             WHERE a.username > $1 AND a.kind = 'person' AND a.is_disabled = 0
                 AND (a.username LIKE $2 ESCAPE '!' OR lower(a.display_name) LIKE $2 ESCAPE '!'
                     OR n.number LIKE $2 ESCAPE '!')
             ORDER BY a.username LIMIT $3",
        );
        let mut pattern = String::from("%");
        for character in wanted.chars().flat_map(char::to_lowercase) {
            if matches!(character, '%' | '_' | '!') {
                pattern.push('!');
            }
            pattern.push(character);
        }
        pattern.push('%');
        let rows = select
            .bind(after.to_owned())
            .bind(pattern)
            .bind(limit)
            .fetch_all(&self.readers)
            .await?;
        let read = |row: &AnyRow| {
            Ok(DirectoryEntry {
                account: AccountId(row.try_get("account_id")?),
                name: row.try_get("username")?,
                display_name: row.try_get("display_name")?,
                number: read_number(row)?.ok_or(StoreError::Corrupt {
                    what: "number",
                    value: String::new(),
                })?,
            })
        };
        rows.iter().map(read).collect()
    }
}

impl Store {
    /// The primary numbers of these accounts, as far as they hold one.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn primary_numbers(
        &self,
        accounts: &[AccountId],
    ) -> Result<HashMap<AccountId, Number>, StoreError> {
        if accounts.is_empty() {
            return Ok(HashMap::new());
        }
        let sql = with_list(
            "SELECT account_id, number FROM numbers WHERE is_primary = 1 AND account_id IN ({})",
            1,
            accounts.len(),
        );
        let mut select = sqlx::query(sql);
        for account in accounts {
            select = select.bind(account.0);
        }
        let mut numbers = HashMap::new();
        for row in select.fetch_all(&self.readers).await? {
            if let Some(number) = read_number(&row)? {
                numbers.insert(AccountId(row.try_get("account_id")?), number);
            }
        }
        Ok(numbers)
    }
}

impl Transaction {
    /// Whose account it is that holds this number now, with its display name.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn holder_of(
        &mut self,
        number: &Number,
    ) -> Result<Option<(AccountId, String)>, StoreError> {
        let select = sqlx::query(
            "SELECT a.account_id, a.display_name FROM numbers n JOIN accounts a ON a.account_id = n.account_id
             WHERE n.number = $1 AND n.state IN ('assigned', 'guest')",
        );
        let row = select
            .bind(number.as_str().to_owned())
            .fetch_optional(&mut *self.inner)
            .await?;
        row.map(|row| {
            Ok((
                AccountId(row.try_get("account_id")?),
                row.try_get("display_name")?,
            ))
        })
        .transpose()
    }

    /// The display name of an account that is not erased.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn display_name_of(
        &mut self,
        account: AccountId,
    ) -> Result<Option<String>, StoreError> {
        let select = sqlx::query_scalar(
            "SELECT display_name FROM accounts WHERE account_id = $1 AND kind <> 'erased'",
        );
        Ok(select
            .bind(account.0)
            .fetch_optional(&mut *self.inner)
            .await?)
    }

    /// How many contacts an account has.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn count_contacts(&mut self, owner: AccountId) -> Result<i64, StoreError> {
        let count = sqlx::query_scalar("SELECT count(*) FROM contacts WHERE owner_id = $1");
        Ok(count.bind(owner.0).fetch_one(&mut *self.inner).await?)
    }

    /// The groups of a contact, and whether it is blocked.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn contact_flags(
        &mut self,
        owner: AccountId,
        contact: i64,
    ) -> Result<Option<(Vec<String>, bool)>, StoreError> {
        let select = sqlx::query(
            "SELECT groups, is_blocked FROM contacts WHERE owner_id = $1 AND contact_id = $2",
        );
        let select = select.bind(owner.0).bind(contact);
        let row = select.fetch_optional(&mut *self.inner).await?;
        row.map(|row| Ok((read_groups(&row)?, flag(&row, "is_blocked")?)))
            .transpose()
    }

    /// Adds a contact; `None` if the account has one of the same account or number.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn add_contact(
        &mut self,
        owner: AccountId,
        draft: &ContactDraft,
        now: SystemTime,
    ) -> Result<Option<i64>, StoreError> {
        let insert = sqlx::query_scalar(
            "INSERT INTO contacts (owner_id, account_id, number, name, note, is_favourite, groups, is_blocked,
                 created_at, changed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) ON CONFLICT DO NOTHING RETURNING contact_id",
        );
        Ok(insert
            .bind(owner.0)
            .bind(draft.account.map(|account| account.0))
            .bind(draft.number.clone().map(String::from))
            .bind(draft.name.clone())
            .bind(draft.note.clone())
            .bind(i64::from(draft.is_favourite))
            .bind(written(&draft.groups))
            .bind(i64::from(draft.is_blocked))
            .bind(unix_millis(now))
            .fetch_optional(&mut *self.inner)
            .await?)
    }

    /// The contact of an account that is this account or this number, if it has one.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn contact_alike(
        &mut self,
        owner: AccountId,
        draft: &ContactDraft,
    ) -> Result<Option<i64>, StoreError> {
        let select = match (draft.account, &draft.number) {
            (Some(account), _) => sqlx::query_scalar(
                "SELECT contact_id FROM contacts WHERE owner_id = $1 AND account_id = $2",
            )
            .bind(owner.0)
            .bind(account.0),
            (None, number) => sqlx::query_scalar(
                "SELECT contact_id FROM contacts WHERE owner_id = $1 AND number = $2",
            )
            .bind(owner.0)
            .bind(number.clone().map(String::from)),
        };
        Ok(select.fetch_optional(&mut *self.inner).await?)
    }

    /// Makes a contact something else; tells whether the account has it.
    ///
    /// # Errors
    /// If the database fails, or another contact is the same account or number.
    pub async fn set_contact(
        &mut self,
        owner: AccountId,
        contact: i64,
        draft: &ContactDraft,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let update = sqlx::query(
            "UPDATE contacts SET account_id = $3, number = $4, name = $5, note = $6, is_favourite = $7, groups = $8,
                 is_blocked = $9, changed_at = $10
             WHERE owner_id = $1 AND contact_id = $2",
        );
        let update = update
            .bind(owner.0)
            .bind(contact)
            .bind(draft.account.map(|account| account.0))
            .bind(draft.number.clone().map(String::from))
            .bind(draft.name.clone())
            .bind(draft.note.clone())
            .bind(i64::from(draft.is_favourite))
            .bind(written(&draft.groups))
            .bind(i64::from(draft.is_blocked))
            .bind(unix_millis(now));
        Ok(update.execute(&mut *self.inner).await?.rows_affected() > 0)
    }

    /// Removes a contact; tells whether the account had it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn remove_contact(
        &mut self,
        owner: AccountId,
        contact: i64,
    ) -> Result<bool, StoreError> {
        let delete = sqlx::query("DELETE FROM contacts WHERE owner_id = $1 AND contact_id = $2");
        let delete = delete.bind(owner.0).bind(contact);
        Ok(delete.execute(&mut *self.inner).await?.rows_affected() > 0)
    }
}
