//! What can be asked over the control socket, and what comes back.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    AccountView, BanView, CallView, CredentialView, DeviceView, HistoryView, NumberView, StatusView,
};

/// A password on its way to being hashed. It never shows itself.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlainPassword(pub String);

impl fmt::Debug for PlainPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
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

/// One thing that an administrator wants.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Add an account. Answered with [`Reply::Account`].
    AddAccount {
        /// The username.
        name: String,
        /// What people see; the username if missing.
        display_name: Option<String>,
        /// The number; the lowest free one if missing.
        number: Option<String>,
        /// The password; without one only devices that an administrator adds can use the account.
        password: Option<PlainPassword>,
    },
    /// Add many accounts without passwords. Answered with [`Reply::Added`], one for each and in their order.
    AddAccounts {
        /// The accounts.
        accounts: Vec<ListedAccount>,
        /// Whether each gets a device.
        with_devices: bool,
    },
    /// All accounts. Answered with [`Reply::Accounts`].
    ListAccounts,
    /// One account. Answered with [`Reply::Account`].
    ShowAccount {
        /// The username.
        name: String,
    },
    /// Disable or enable an account. Answered with [`Reply::Account`].
    SetDisabled {
        /// The username.
        name: String,
        /// Whether it shall be disabled.
        is_disabled: bool,
    },
    /// Remove an account. Answered with [`Reply::Account`].
    RemoveAccount {
        /// The username.
        name: String,
    },
    /// Set a password. Answered with [`Reply::Account`].
    SetPassword {
        /// The username.
        name: String,
        /// The new password.
        password: PlainPassword,
    },
    /// Add a device. Answered with [`Reply::Credential`], the only time that the secret is shown.
    AddDevice {
        /// The owner's username.
        account: String,
        /// What people call it.
        label: Option<String>,
    },
    /// The devices of one account, or of all. Answered with [`Reply::Devices`].
    ListDevices {
        /// The owner's username.
        account: Option<String>,
    },
    /// Revoke a device. Answered with [`Reply::Done`].
    RemoveDevice {
        /// The owner's username.
        account: String,
        /// The device's login.
        login: String,
    },
    /// The numbers. Answered with [`Reply::Numbers`].
    ListNumbers {
        /// Only those in this state.
        state: Option<String>,
    },
    /// Give a number to an account. Answered with [`Reply::Number`].
    AssignNumber {
        /// The number.
        number: String,
        /// The username.
        account: String,
    },
    /// Take a number from its holder. Answered with [`Reply::Number`].
    ReleaseNumber {
        /// The number.
        number: String,
    },
    /// What happened to a number. Answered with [`Reply::History`].
    NumberHistory {
        /// The number.
        number: String,
    },
    /// The calls at present. Answered with [`Reply::Calls`].
    ListCalls,
    /// End a call. Answered with [`Reply::Done`].
    HangUpCall {
        /// The call.
        call: u64,
    },
    /// The sources that are not listened to. Answered with [`Reply::Bans`].
    ListBans,
    /// Listen to a source again. Answered with [`Reply::Done`].
    ReleaseBan {
        /// Its IP address.
        address: String,
    },
    /// How the server is. Answered with [`Reply::Status`].
    Status,
}

/// What comes back.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "reply", content = "value", rename_all = "snake_case")]
pub enum Reply {
    /// One account.
    Account(AccountView),
    /// Accounts.
    Accounts(Vec<AccountView>),
    /// What became of many.
    Added(Vec<Result<AddedAccount, Failure>>),
    /// A new credential.
    Credential(CredentialView),
    /// Devices.
    Devices(Vec<DeviceView>),
    /// One number.
    Number(NumberView),
    /// Numbers.
    Numbers(Vec<NumberView>),
    /// A number's history.
    History(Vec<HistoryView>),
    /// Calls.
    Calls(Vec<CallView>),
    /// Sources that are not listened to.
    Bans(Vec<BanView>),
    /// How the server is.
    Status(StatusView),
    /// It is done, and there is nothing to say about it.
    Done,
}

/// Why it was not done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[error("{sentence}")]
pub struct Failure {
    /// One sentence for the person who asked.
    pub sentence: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_replies_survive_the_wire_and_passwords_do_not_show() {
        let command = Command::SetPassword {
            name: "alice".into(),
            password: PlainPassword("s3cret".into()),
        };
        assert!(!format!("{command:?}").contains("s3cret"));
        let json = serde_json::to_string(&command).unwrap();
        assert_eq!(
            json,
            r#"{"command":"set_password","name":"alice","password":"s3cret"}"#
        );
        let reply: Result<Reply, Failure> = Err(Failure {
            sentence: "No.".into(),
        });
        let json = serde_json::to_string(&reply).unwrap();
        assert_eq!(
            serde_json::from_str::<Result<Reply, Failure>>(&json)
                .unwrap()
                .unwrap_err()
                .sentence,
            "No."
        );
        let json = serde_json::to_string(&Reply::Done).unwrap();
        assert!(matches!(serde_json::from_str(&json).unwrap(), Reply::Done));
    }
}
