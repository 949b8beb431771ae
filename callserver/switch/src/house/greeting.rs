//! Somebody records what callers hear before they leave a message.

use super::{Act, Notice, Prompt, Recording, Sound};
use crate::AccountId;

/// Ends the recording.
const DONE: char = '#';
/// Callers hear the server's own greeting again.
const REMOVE: char = '7';
const QUIT: char = '*';

#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Step {
    #[default]
    Begins,
    Beeps,
    Records,
    /// What was recorded is heard.
    Plays,
    Ends,
}

/// How far somebody has come.
#[derive(Default, Debug)]
pub(super) struct Greeting {
    step: Step,
}

impl Greeting {
    pub(super) fn notice(&mut self, of: AccountId, notice: &Notice) -> Vec<Act> {
        let beep = Act::Play(Sound::Prompt(Prompt::Beep));
        let (step, acts) = match (self.step, notice) {
            (Step::Begins, Notice::Begun) => (Step::Beeps, vec![beep]),
            (Step::Beeps | Step::Plays, Notice::Digit(REMOVE)) => {
                (Step::Ends, vec![Act::RemoveGreeting, beep])
            }
            (_, Notice::Digit(QUIT)) => (Step::Ends, vec![Act::HangUp]),
            (Step::Beeps, Notice::Played | Notice::TimedOut) => {
                (Step::Records, vec![Act::Record(Recording::Greeting { of })])
            }
            (Step::Records, Notice::Digit(DONE)) => (Step::Records, vec![Act::StopRecording]),
            (Step::Records, Notice::Recorded { is_kept: true }) => {
                (Step::Plays, vec![Act::Play(Sound::Greeting { of })])
            }
            (Step::Records, Notice::Recorded { is_kept: false }) => (Step::Ends, vec![beep]),
            (Step::Plays | Step::Ends, Notice::Played) | (_, Notice::TimedOut) => {
                (Step::Ends, vec![Act::HangUp])
            }
            _ => return Vec::new(),
        };
        self.step = step;
        acts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF: AccountId = AccountId(2);
    const BEEP: Act = Act::Play(Sound::Prompt(Prompt::Beep));

    #[test]
    fn what_was_recorded_is_heard_and_can_be_taken_back() {
        let mut greeting = Greeting::default();
        let mut next = |notice| greeting.notice(OF, &notice);
        assert_eq!(next(Notice::Begun), [BEEP]);
        let record = Act::Record(Recording::Greeting { of: OF });
        assert_eq!(next(Notice::Played), [record]);
        assert_eq!(next(Notice::Digit('#')), [Act::StopRecording]);
        let plays = Act::Play(Sound::Greeting { of: OF });
        assert_eq!(next(Notice::Recorded { is_kept: true }), [plays]);
        assert_eq!(next(Notice::Digit('7')), [Act::RemoveGreeting, BEEP]);
        assert_eq!(next(Notice::Played), [Act::HangUp]);
    }
}
