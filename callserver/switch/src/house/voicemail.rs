//! A message is left: greeting, beep, recording.

use super::{Act, Notice, Prompt, Recording, Sound};
use crate::AccountId;

/// Ends a recording, and cuts a greeting short for those who know it.
const DONE: char = '#';

#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Step {
    #[default]
    Begins,
    /// Somebody has called before a restart, and has heard the greeting.
    GoesOn,
    Greets,
    Beeps,
    Records,
    /// The caller has said that it is all.
    Stores,
    Ends,
}

/// How far a caller has come.
#[derive(Default, Debug)]
pub(super) struct Leaving {
    step: Step,
}

impl Leaving {
    pub(super) fn after_greeting() -> Self {
        Leaving { step: Step::GoesOn }
    }

    pub(super) fn notice(&mut self, of: AccountId, is_full: bool, notice: &Notice) -> Vec<Act> {
        let (step, act) = match (self.step, notice) {
            (Step::Begins, Notice::Begun) if is_full => {
                (Step::Ends, Act::Play(Sound::Prompt(Prompt::Full)))
            }
            (Step::Begins, Notice::Begun) => (Step::Greets, Act::Play(Sound::Greeting { of })),
            (Step::GoesOn, Notice::Begun)
            | (Step::Greets, Notice::Played | Notice::TimedOut | Notice::Digit(DONE)) => {
                (Step::Beeps, Act::Play(Sound::Prompt(Prompt::Beep)))
            }
            (Step::Beeps, Notice::Played | Notice::TimedOut) => {
                (Step::Records, Act::Record(Recording::Message { to: of }))
            }
            (Step::Records, Notice::Digit(DONE)) => (Step::Stores, Act::StopRecording),
            (Step::Records | Step::Stores, Notice::Recorded { .. }) => {
                (Step::Ends, Act::Play(Sound::Prompt(Prompt::Beep)))
            }
            (Step::Ends, Notice::Played) | (_, Notice::TimedOut) => (Step::Ends, Act::HangUp),
            _ => return Vec::new(),
        };
        self.step = step;
        vec![act]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF: AccountId = AccountId(2);

    #[test]
    fn a_key_ends_the_recording_and_the_end_is_heard() {
        let mut leaving = Leaving::default();
        let mut next = |notice| leaving.notice(OF, false, &notice);
        assert_eq!(next(Notice::Begun), [Act::Play(Sound::Greeting { of: OF })]);
        assert_eq!(next(Notice::Digit('5')), []);
        let beep = [Act::Play(Sound::Prompt(Prompt::Beep))];
        assert_eq!(next(Notice::Digit('#')), beep);
        let record = Act::Record(Recording::Message { to: OF });
        assert_eq!(next(Notice::Played), [record]);
        assert_eq!(next(Notice::Digit('#')), [Act::StopRecording]);
        assert_eq!(next(Notice::Recorded { is_kept: true }), beep);
        assert_eq!(next(Notice::Played), [Act::HangUp]);
    }

    #[test]
    fn where_there_is_no_room_nothing_is_recorded() {
        let mut leaving = Leaving::default();
        let mut next = |notice| leaving.notice(OF, true, &notice);
        let full = Act::Play(Sound::Prompt(Prompt::Full));
        assert_eq!(next(Notice::Begun), [full]);
        assert_eq!(next(Notice::Digit('#')), []);
        assert_eq!(next(Notice::Played), [Act::HangUp]);
    }

    #[test]
    fn a_studio_that_says_nothing_holds_nobody_for_ever() {
        let mut leaving = Leaving::default();
        for _ in 0..10 {
            if leaving.notice(OF, false, &Notice::TimedOut) == [Act::HangUp] {
                return;
            }
        }
        panic!("the call goes on for ever");
    }
}
