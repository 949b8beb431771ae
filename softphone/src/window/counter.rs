//! What the window has asked of the server, and which panel waits for the reply.

use std::collections::BTreeMap;

use crate::engine::{Command, ErrandId};
use crate::web::{Enquiry, Errand};

/// What a panel waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// What a server offers to those who are new.
    Offers,
    /// Whether a username can be had.
    Username,
    /// Free numbers.
    FreeNumbers,
    /// Another number.
    Number,
    /// An account for a guest.
    Upgrade,
    /// Another username.
    Rename,
    /// Another name for others to see.
    ShownName,
    /// Another password.
    Password,
    /// The account's end.
    Erase,
    /// The account's devices.
    Devices,
    /// One of them less.
    Revoke,
    /// Where the account is signed in.
    SignIns,
    /// One of them less.
    EndSignIn,
    /// A contact more, less or changed.
    Contact,
    /// Who can be called.
    Directory,
    /// Past calls.
    Calls,
    /// What one tells about oneself.
    OwnPresence,
    /// How calls are treated.
    CallSettings,
    /// Another treatment of calls.
    SaveCallSettings,
    /// To be called back.
    CallBack,
    /// Which messages callers have left.
    Voicemails,
    /// What one of them says.
    Recording,
    /// One marked or less.
    VoicemailDone,
    /// Another greeting, or none.
    Greeting,
}

/// What was asked and has not come back.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    last: u64,
    waiting: BTreeMap<ErrandId, Asked>,
}

impl Counter {
    /// The command that asks for whoever is signed in.
    pub(crate) fn ask(&mut self, asked: Asked, errand: Errand) -> Command {
        let id = self.next(asked);
        Command::Ask { id, errand }
    }

    /// The command that asks a server to which nobody is signed in.
    pub(crate) fn enquire(&mut self, asked: Asked, server: String, enquiry: Enquiry) -> Command {
        let id = self.next(asked);
        Command::Enquire {
            id,
            server,
            enquiry,
        }
    }

    /// Something came back: what it was. A reply to what has been asked anew since, or to nothing, is nobody's.
    pub(crate) fn answered(&mut self, id: ErrandId) -> Option<Asked> {
        let asked = self.waiting.remove(&id)?;
        let is_old = self
            .waiting
            .iter()
            .any(|(newer, other)| *other == asked && *newer > id);
        (!is_old).then_some(asked)
    }

    fn next(&mut self, asked: Asked) -> ErrandId {
        self.last += 1;
        let id = ErrandId(self.last);
        self.waiting.insert(id, asked);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(command: &Command) -> ErrandId {
        match command {
            Command::Ask { id, .. } => *id,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_the_reply_to_the_last_question_of_a_kind_counts() {
        let mut counter = Counter::default();
        let first = id(&counter.ask(Asked::FreeNumbers, Errand::Me));
        let second = id(&counter.ask(Asked::FreeNumbers, Errand::Me));
        assert_eq!(counter.answered(first), None);
        assert_eq!(counter.answered(second), Some(Asked::FreeNumbers));
        assert_eq!(counter.answered(second), None);
    }
}
