//! What goes over the control socket: a request, and what answers it. What can be asked about a group of things stands
//! in the file of that group.

use std::fmt;

use api::ProblemKind;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::{
    AccountsCommand, AuditCommand, BansCommand, CallSettingsCommand, CallsCommand, DatabaseCommand,
    DevicesCommand, GroupsCommand, InvitationsCommand, NumbersCommand, PoolsCommand,
    PresenceCommand, RoomsCommand, StatusCommand, UpgradeCommand, VoicemailsCommand,
};

/// One thing that an administrator wants.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// Who on this machine wants it. It is believed: who can open the socket could write the database as well.
    pub operator: Option<String>,
    /// Whether it is to be checked and done and then undone.
    #[serde(default)]
    pub is_rehearsal: bool,
    /// What.
    pub command: Command,
}

/// What an administrator can want, by groups.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// People.
    Accounts(AccountsCommand),
    /// How calls to somebody are treated.
    CallSettings(CallSettingsCommand),
    /// Numbers that ring several people.
    Groups(GroupsCommand),
    /// Phones.
    Devices(DevicesCommand),
    /// Who holds which number.
    Numbers(NumbersCommand),
    /// Ranges of numbers.
    Pools(PoolsCommand),
    /// Codes with which people make accounts.
    Invitations(InvitationsCommand),
    /// Calls at present.
    Calls(CallsCommand),
    /// Messages that callers have left.
    Voicemails(VoicemailsCommand),
    /// Who is there.
    Presence(PresenceCommand),
    /// Conversations.
    Rooms(RoomsCommand),
    /// Sources that are not listened to.
    Bans(BansCommand),
    /// The database as a whole.
    Database(DatabaseCommand),
    /// Who did what.
    Audit(AuditCommand),
    /// How the server is.
    Status(StatusCommand),
    /// Which program it is.
    Upgrade(UpgradeCommand),
}

/// What comes back: the JSON of the type that the command's documentation names.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Answer(Box<RawValue>);

/// The answer to what is done and leaves nothing to say: `{"done":true}`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Done {
    /// Always true.
    pub done: bool,
}

/// Why it was not done. This is also what `callctl --json` says on stderr.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[error("{sentence}")]
pub struct Failure {
    /// What kind of failure, for programs: the last word of the problem type that HTTP would answer with.
    pub code: String,
    /// One sentence for the person who asked.
    pub sentence: String,
    /// Free numbers near the one that was refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<String>,
}

/// A password on its way to being hashed. It never shows itself.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlainPassword(pub String);

impl fmt::Debug for PlainPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

impl Answer {
    pub(super) fn of(value: &impl Serialize) -> Result<Self, Failure> {
        let value = to_raw_value(value)
            .map_err(|error| Failure::new("internal", format!("There is no answer ({error}).")))?;
        Ok(Self(value))
    }

    pub(super) fn done() -> Result<Self, Failure> {
        Self::of(&Done { done: true })
    }

    /// The JSON, as it came.
    pub fn json(&self) -> &str {
        self.0.get()
    }

    /// The answer as what it is.
    ///
    /// # Errors
    /// If it is something else: the server is another version than this program.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_str(self.json()).map_err(|error| {
            Failure::new(
                "other-version",
                format!(
                    "The server's answer is not understood ({error}); use the callctl of the same version."
                ),
            )
        })
    }
}

impl Failure {
    /// A failure without alternatives.
    pub fn new(code: &str, sentence: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            sentence: sentence.into(),
            alternatives: Vec::new(),
        }
    }

    /// The last word of a problem type.
    pub(super) fn code(kind: ProblemKind) -> String {
        let name = serde_json::to_value(kind).ok();
        let name = name.as_ref().and_then(|name| name.as_str());
        let word = name.and_then(|name| name.rsplit(':').next());
        word.unwrap_or("internal").to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_answers_survive_the_wire_and_passwords_do_not_show() {
        let request = Request {
            operator: None,
            is_rehearsal: false,
            command: Command::Accounts(AccountsCommand::SetPassword {
                name: "alice".into(),
                password: PlainPassword("s3cret".into()),
            }),
        };
        assert!(!format!("{request:?}").contains("s3cret"));
        let json = serde_json::to_string(&request).unwrap();
        assert_eq!(
            json,
            r#"{"operator":null,"is_rehearsal":false,"command":{"accounts":{"set_password":{"name":"alice","password":"s3cret"}}}}"#
        );
        let answer: Result<Answer, Failure> = Err(Failure::new("not-found", "No."));
        let json = serde_json::to_string(&answer).unwrap();
        let back: Result<Answer, Failure> = serde_json::from_str(&json).unwrap();
        assert_eq!(back.unwrap_err(), Failure::new("not-found", "No."));
        let json = serde_json::to_string(&Ok::<_, Failure>(Answer::done().unwrap())).unwrap();
        let back: Result<Answer, Failure> = serde_json::from_str(&json).unwrap();
        let back = back.unwrap();
        assert_eq!(back.json(), r#"{"done":true}"#);
        assert!(back.read::<Done>().unwrap().done);
        assert_eq!(back.read::<String>().unwrap_err().code, "other-version");
    }

    #[test]
    fn a_failure_has_the_last_word_of_its_problem_type() {
        assert_eq!(Failure::code(ProblemKind::Conflict), "conflict");
        assert_eq!(Failure::code(ProblemKind::NotFound), "not-found");
    }
}
