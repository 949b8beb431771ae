//! Where the account is signed in.

use api::{SessionId, SessionView};

use crate::engine::Command;
use crate::menu::minute;
use crate::web::{Errand, ProfileErrand, Refused, Reply};
use crate::window::counter::{Asked, Counter};

/// Where the account is signed in, as the server listed it last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SignIns {
    pub(crate) list: Vec<SessionView>,
    pub(crate) complaint: Option<String>,
    /// Signing out somewhere else cannot be undone from here, so it takes two clicks: on this one was the first.
    pub(crate) sure_about: Option<SessionId>,
}

impl SignIns {
    pub(super) fn refresh(&mut self, counter: &mut Counter) -> Command {
        self.sure_about = None;
        let errand = Errand::Profile(ProfileErrand::Sessions);
        counter.ask(Asked::SignIns, errand)
    }

    pub(super) fn end(&mut self, id: SessionId, counter: &mut Counter) -> Command {
        self.sure_about = None;
        let errand = Errand::Profile(ProfileErrand::EndSession { id });
        counter.ask(Asked::EndSignIn, errand)
    }

    pub(super) fn hear(&mut self, outcome: &Result<Reply, Refused>) {
        match outcome {
            Ok(Reply::Sessions(sessions)) => {
                self.list.clone_from(sessions);
                self.complaint = None;
            }
            Ok(_) => {}
            Err(refused) => self.complaint = Some(refused.problem.sentence.clone()),
        }
    }

    pub(super) fn ended(&mut self, outcome: &Result<Reply, Refused>) {
        let refused = outcome.as_ref().err();
        self.complaint = refused.map(|refused| refused.problem.sentence.clone());
    }
}

/// Since when, in words: the day and minute of the server's time.
pub(crate) fn since_words(session: &SessionView) -> String {
    let since = minute(&session.created_at);
    let phone = match &session.device {
        Some(_) => "",
        None => ", without a phone",
    };
    format!("Signed in since {since} UTC{phone}")
}
