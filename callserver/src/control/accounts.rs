//! Accounts: what an administrator can ask, how it is done, and what comes back.

use api::{AccountKind, Role};
use serde::{Deserialize, Serialize};

use super::{Answer, CredentialView, ExportView, Failure, Operator, PlainPassword, PresenceLine};
use crate::office::{NewAccount, Office};
use crate::store::AccountRow;
use crate::times::rfc_3339_seconds;

/// What can be asked about accounts.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountsCommand {
    /// Add an account. Answered with [`AccountView`].
    Add {
        /// The username.
        name: String,
        /// What people see; the username if missing.
        display_name: Option<String>,
        /// The number; the lowest free one if missing.
        number: Option<String>,
        /// The password; without one only devices that an administrator adds can use the account.
        password: Option<PlainPassword>,
    },
    /// Add many accounts without passwords. Answered with a `Result<AddedAccount, Failure>` for each, in their order.
    AddMany {
        /// The accounts.
        accounts: Vec<ListedAccount>,
        /// Whether each gets a device.
        with_devices: bool,
    },
    /// All accounts. Answered with `Vec<AccountView>`.
    List,
    /// One account. Answered with [`AccountView`].
    Show {
        /// The username.
        name: String,
    },
    /// Disable or enable an account. Answered with [`AccountView`].
    SetDisabled {
        /// The username.
        name: String,
        /// Whether it shall be disabled.
        is_disabled: bool,
    },
    /// Remove an account. Answered with [`AccountView`].
    Remove {
        /// The username.
        name: String,
    },
    /// Give an account another username. Answered with [`AccountView`].
    Rename {
        /// The username.
        name: String,
        /// The new one.
        new_name: String,
    },
    /// Make an account an administrator, or an ordinary one. Answered with [`AccountView`].
    SetRole {
        /// The username.
        name: String,
        /// What it may do.
        role: Role,
    },
    /// Everything about an account. Answered with [`ExportView`].
    Export {
        /// The username.
        name: String,
    },
    /// Set a password. Answered with [`AccountView`].
    SetPassword {
        /// The username.
        name: String,
        /// The new password.
        password: PlainPassword,
    },
}

/// One of many accounts to be added.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ListedAccount {
    /// The username.
    pub name: String,
    /// The number; the lowest free one if missing.
    pub number: Option<String>,
    /// What people see; the username if missing.
    pub display_name: Option<String>,
}

/// One of many accounts that was added.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AddedAccount {
    /// The account.
    pub account: AccountView,
    /// The credential of its device.
    pub device: Option<CredentialView>,
}

/// An account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccountView {
    /// The immutable id.
    pub id: i64,
    /// `person` or `guest`.
    pub kind: AccountKind,
    /// `user` or `admin`.
    pub role: Role,
    /// The username.
    pub name: String,
    /// What people see.
    pub display_name: String,
    /// The primary number.
    pub number: Option<String>,
    /// `active` or `disabled`.
    pub state: String,
    /// Whether one can log in by password.
    pub has_password: bool,
    /// How many devices it has.
    pub devices: i64,
    /// RFC 3339.
    pub created_at: String,
    /// What it is, if it was asked for alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence: Option<PresenceLine>,
}

impl From<AccountRow> for AccountView {
    fn from(row: AccountRow) -> Self {
        Self {
            id: row.account.0,
            kind: row.kind,
            role: row.role,
            name: row.username,
            display_name: row.display_name,
            number: row.number.map(String::from),
            state: if row.is_disabled {
                "disabled"
            } else {
                "active"
            }
            .into(),
            has_password: row.has_password,
            devices: row.devices,
            created_at: rfc_3339_seconds(row.created_at),
            presence: None,
        }
    }
}

impl From<ListedAccount> for NewAccount {
    fn from(listed: ListedAccount) -> Self {
        Self {
            name: listed.name,
            number: listed.number,
            display_name: listed.display_name,
            password: None,
        }
    }
}

impl Operator {
    pub(super) async fn accounts(
        &self,
        office: &Office,
        command: AccountsCommand,
        is_rehearsal: bool,
    ) -> Result<Answer, Failure> {
        let account = match command {
            AccountsCommand::Add {
                name,
                display_name,
                number,
                password,
            } => {
                let new = NewAccount {
                    name,
                    display_name,
                    number,
                    password: password.map(|PlainPassword(text)| text),
                };
                office.add_account(new).await?
            }
            AccountsCommand::AddMany {
                accounts,
                with_devices,
            } => {
                return self
                    .add_many(office, accounts, with_devices, is_rehearsal)
                    .await;
            }
            AccountsCommand::List => {
                let accounts = office.accounts().await?.into_iter();
                let views: Vec<AccountView> = accounts.map(Into::into).collect();
                return Answer::of(&views);
            }
            AccountsCommand::Show { name } => {
                let row = office.account(&name).await?;
                let mut lines = self.presence_of(std::slice::from_ref(&row)).await?;
                return Answer::of(&AccountView {
                    presence: lines.pop(),
                    ..row.into()
                });
            }
            AccountsCommand::SetDisabled { name, is_disabled } => {
                office.set_disabled(&name, is_disabled).await?
            }
            AccountsCommand::Rename { name, new_name } => {
                office.rename_account(&name, &new_name).await?
            }
            AccountsCommand::SetRole { name, role } => office.set_role(&name, role).await?,
            AccountsCommand::Export { name } => {
                let export = office.export_account(&name).await?;
                return Answer::of(&ExportView::from(export));
            }
            AccountsCommand::Remove { name } => office.remove_account(&name).await?,
            AccountsCommand::SetPassword { name, password } => {
                office.set_password(&name, &password.0).await?
            }
        };
        Answer::of(&AccountView::from(account))
    }

    async fn add_many(
        &self,
        office: &Office,
        accounts: Vec<ListedAccount>,
        with_devices: bool,
        is_rehearsal: bool,
    ) -> Result<Answer, Failure> {
        let list = accounts.into_iter().map(Into::into).collect();
        let results = office.add_accounts(list, with_devices).await?;
        let sip = self.sip_service();
        let added = results.into_iter().map(|result| match result {
            Ok((account, credential)) => {
                let view = |made| CredentialView::new(account.clone(), made, &sip, is_rehearsal);
                Ok(AddedAccount {
                    device: credential.map(view),
                    account: account.into(),
                })
            }
            Err(refused) => Err(Failure::from(refused)),
        });
        Answer::of(&added.collect::<Vec<_>>())
    }
}
