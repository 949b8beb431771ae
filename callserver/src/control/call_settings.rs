//! How calls to an account are treated: what an administrator can ask, and how it is done.

use api::{CallSettings, RingOrder, VoicemailSettings};
use serde::{Deserialize, Serialize};

use super::{Answer, Failure, Operator};
use crate::office::Office;

/// What can be asked about it. Answered with [`CallSettings`], as they are then.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallSettingsCommand {
    /// How calls are treated.
    Show {
        /// The username.
        name: String,
    },
    /// Have them treated otherwise.
    Change {
        /// The username.
        name: String,
        /// What is to be another way.
        wish: Box<CallSettingsWish>,
    },
}

/// What is to be changed; what is missing stays. A forward to the empty text is none.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct CallSettingsWish {
    /// See [`CallSettings::do_not_disturb`].
    pub do_not_disturb: Option<bool>,
    /// See [`CallSettings::forward_always`].
    pub forward_always: Option<String>,
    /// See [`CallSettings::forward_busy`].
    pub forward_busy: Option<String>,
    /// See [`CallSettings::forward_no_answer`].
    pub forward_no_answer: Option<String>,
    /// See [`CallSettings::no_answer_seconds`].
    pub no_answer_seconds: Option<u16>,
    /// See [`CallSettings::forward_unreachable`].
    pub forward_unreachable: Option<String>,
    /// See [`CallSettings::ring`].
    pub ring: Option<RingOrder>,
    /// See [`CallSettings::ring_first`].
    pub ring_first: Option<Vec<String>>,
    /// See [`CallSettings::ring_seconds`].
    pub ring_seconds: Option<u16>,
    /// See [`CallSettings::call_waiting`].
    pub call_waiting: Option<bool>,
    /// See [`CallSettings::max_calls`]; 0 for none.
    pub max_calls: Option<u16>,
    /// See [`CallSettings::refuse_anonymous`].
    pub refuse_anonymous: Option<bool>,
    /// See [`VoicemailSettings::is_on`].
    pub voicemail: Option<bool>,
    /// See [`VoicemailSettings::after_seconds`].
    pub voicemail_seconds: Option<u16>,
}

impl CallSettingsWish {
    fn apply(self, settings: CallSettings) -> CallSettings {
        let forward = |wish: Option<String>, old: Option<String>| match wish {
            Some(to) => Some(to).filter(|to| !to.is_empty()),
            None => old,
        };
        CallSettings {
            do_not_disturb: self.do_not_disturb.unwrap_or(settings.do_not_disturb),
            forward_always: forward(self.forward_always, settings.forward_always),
            forward_busy: forward(self.forward_busy, settings.forward_busy),
            forward_no_answer: forward(self.forward_no_answer, settings.forward_no_answer),
            no_answer_seconds: self.no_answer_seconds.unwrap_or(settings.no_answer_seconds),
            forward_unreachable: forward(self.forward_unreachable, settings.forward_unreachable),
            ring: self.ring.unwrap_or(settings.ring),
            ring_first: self.ring_first.unwrap_or(settings.ring_first),
            ring_seconds: self.ring_seconds.unwrap_or(settings.ring_seconds),
            call_waiting: self.call_waiting.unwrap_or(settings.call_waiting),
            max_calls: match self.max_calls {
                Some(most) => Some(most).filter(|most| *most != 0),
                None => settings.max_calls,
            },
            refuse_anonymous: self.refuse_anonymous.unwrap_or(settings.refuse_anonymous),
            voicemail: VoicemailSettings {
                is_on: self.voicemail.unwrap_or(settings.voicemail.is_on),
                after_seconds: { self.voicemail_seconds }
                    .unwrap_or(settings.voicemail.after_seconds),
            },
        }
    }
}

impl Operator {
    pub(super) async fn call_settings(
        office: &Office,
        command: CallSettingsCommand,
    ) -> Result<Answer, Failure> {
        let settings = match command {
            CallSettingsCommand::Show { name } => {
                let account = office.account(&name).await?.account;
                office.call_settings(account).await?
            }
            CallSettingsCommand::Change { name, wish } => {
                let account = office.account(&name).await?.account;
                let settings = wish.apply(office.call_settings(account).await?);
                office.set_call_settings(account, &settings).await?
            }
        };
        Answer::of(&settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_changes_what_it_names_and_nothing_else() {
        let settings = CallSettings {
            forward_busy: Some("1003".into()),
            forward_always: Some("1004".into()),
            max_calls: Some(3),
            ..CallSettings::default()
        };
        let wish = CallSettingsWish {
            do_not_disturb: Some(true),
            forward_always: Some(String::new()),
            max_calls: Some(0),
            ..CallSettingsWish::default()
        };
        let expected = CallSettings {
            do_not_disturb: true,
            forward_always: None,
            max_calls: None,
            ..settings.clone()
        };
        assert_eq!(wish.apply(settings), expected);
    }
}
