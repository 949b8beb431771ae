//! How calls to the account are treated, as somebody changes it.

use api::{CallSettings, VoicemailSettings};

use super::Outcome;
use crate::engine::Command;
use crate::web::{Errand, Refused, Reply};
use crate::window::counter::{Asked, Counter};

/// The form for how calls are treated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallForm {
    /// As the server has it, once it has said so.
    known: Option<CallSettings>,
    pub(crate) do_not_disturb: bool,
    /// Whether callers can leave a message.
    pub(crate) takes_messages: bool,
    pub(crate) always: String,
    pub(crate) busy: String,
    pub(crate) no_answer: String,
    pub(crate) unreachable: String,
    pub(crate) outcome: Outcome,
}

impl CallForm {
    /// Whether the server has said how calls are treated.
    pub(crate) fn is_known(&self) -> bool {
        self.known.is_some()
    }

    pub(super) fn refresh(&mut self, counter: &mut Counter) -> Command {
        self.outcome = Outcome::None;
        counter.ask(Asked::CallSettings, Errand::CallSettings)
    }

    pub(super) fn save(&mut self, counter: &mut Counter) -> Option<Command> {
        let text = |field: &str| {
            let field = field.trim();
            (!field.is_empty()).then(|| field.to_owned())
        };
        let known = self.known.clone()?;
        let wanted = CallSettings {
            voicemail: VoicemailSettings {
                is_on: self.takes_messages,
                ..known.voicemail
            },
            do_not_disturb: self.do_not_disturb,
            forward_always: text(&self.always),
            forward_busy: text(&self.busy),
            forward_no_answer: text(&self.no_answer),
            forward_unreachable: text(&self.unreachable),
            ..known
        };
        let errand = Errand::SetCallSettings(Box::new(wanted));
        Some(counter.ask(Asked::SaveCallSettings, errand))
    }

    pub(super) fn hear(&mut self, asked: Asked, outcome: &Result<Reply, Refused>) {
        match outcome {
            Ok(Reply::CallSettings(settings)) => {
                self.have(settings);
                if asked == Asked::SaveCallSettings {
                    self.outcome = Outcome::Done("Calls are treated so from now on.".into());
                }
            }
            Ok(_) => {}
            // A server that does not know of it has nothing to be changed there.
            Err(_) if asked == Asked::CallSettings => {}
            Err(refused) => self.outcome = Outcome::Failed(refused.problem.sentence.clone()),
        }
    }

    fn have(&mut self, settings: &CallSettings) {
        let text = |field: &Option<String>| field.clone().unwrap_or_default();
        self.do_not_disturb = settings.do_not_disturb;
        self.takes_messages = settings.voicemail.is_on;
        self.always = text(&settings.forward_always);
        self.busy = text(&settings.forward_busy);
        self.no_answer = text(&settings.forward_no_answer);
        self.unreachable = text(&settings.forward_unreachable);
        self.known = Some(settings.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_form_does_not_show_stays_as_it_is() {
        let (mut form, mut counter) = (CallForm::default(), Counter::default());
        assert!(form.save(&mut counter).is_none(), "nothing is known yet");
        let settings = CallSettings {
            no_answer_seconds: 7,
            forward_busy: Some("1003".into()),
            ..CallSettings::default()
        };
        form.hear(
            Asked::CallSettings,
            &Ok(Reply::CallSettings(Box::new(settings.clone()))),
        );
        form.busy = " ".into();
        form.always = "1009".into();
        let Some(Command::Ask {
            errand: Errand::SetCallSettings(wanted),
            ..
        }) = form.save(&mut counter)
        else {
            panic!("nothing is asked")
        };
        let expected = CallSettings {
            forward_busy: None,
            forward_always: Some("1009".into()),
            ..settings
        };
        assert_eq!(*wanted, expected);
    }
}
