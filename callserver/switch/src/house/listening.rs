//! Somebody hears the own messages: a beep before each, and keys.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Act, MessageId, Notice, Prompt, Sound};

/// Keys, as most voicemails have them.
const AGAIN: char = '1';
const REMOVE: char = '7';
const KEEP: char = '9';
const QUIT: char = '*';

/// How long somebody has after a message to decide about it; then the next one comes.
const CHOOSING: Duration = Duration::from_secs(4);

#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Step {
    #[default]
    Begins,
    Asks,
    /// The beep before the first of those that are left.
    Beeps,
    Plays,
    Chooses,
    Ends,
}

/// What is still to be heard, the one of present first.
#[derive(Default, Debug)]
pub(super) struct Listening {
    step: Step,
    left: VecDeque<MessageId>,
}

impl Listening {
    pub(super) fn notice(&mut self, notice: &Notice) -> Vec<Act> {
        let beep = || vec![Act::Play(Sound::Prompt(Prompt::Beep))];
        match (self.step, notice) {
            (_, Notice::Digit(QUIT)) | (Step::Ends, Notice::Played) => {
                self.step = Step::Ends;
                vec![Act::HangUp]
            }
            (Step::Begins, Notice::Begun) => {
                self.step = Step::Asks;
                vec![Act::List]
            }
            (Step::Asks, Notice::Listed(messages)) => {
                self.left = messages.iter().copied().collect();
                self.go_to_first(Prompt::NoMessages)
            }
            (Step::Beeps, Notice::Played | Notice::TimedOut) => match self.left.front() {
                Some(&id) => {
                    self.step = Step::Plays;
                    vec![Act::Play(Sound::Message { id })]
                }
                None => self.go_to_first(Prompt::End),
            },
            (Step::Plays, Notice::Played | Notice::TimedOut) => {
                self.step = Step::Chooses;
                let heard = self.left.front().map(|id| Act::MarkHeard(*id));
                heard.into_iter().chain([Act::Wait(CHOOSING)]).collect()
            }
            (Step::Chooses, Notice::TimedOut) => self.next(None),
            (Step::Beeps | Step::Plays | Step::Chooses, Notice::Digit(AGAIN)) => {
                self.step = Step::Beeps;
                beep()
            }
            (Step::Beeps | Step::Plays | Step::Chooses, Notice::Digit(REMOVE)) => {
                self.next(self.left.front().map(|id| Act::Remove(*id)))
            }
            (Step::Beeps | Step::Plays | Step::Chooses, Notice::Digit(KEEP)) => {
                self.next(self.left.front().map(|id| Act::MarkHeard(*id)))
            }
            (_, Notice::TimedOut) => {
                self.step = Step::Ends;
                vec![Act::HangUp]
            }
            _ => Vec::new(),
        }
    }

    /// This one is done with.
    fn next(&mut self, decided: Option<Act>) -> Vec<Act> {
        self.left.pop_front();
        let then = self.go_to_first(Prompt::End);
        decided.into_iter().chain(then).collect()
    }

    /// The first of those that are left, or `without` and the end.
    fn go_to_first(&mut self, without: Prompt) -> Vec<Act> {
        let prompt = if self.left.is_empty() {
            self.step = Step::Ends;
            without
        } else {
            self.step = Step::Beeps;
            Prompt::Beep
        };
        vec![Act::Play(Sound::Prompt(prompt))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEEP: Act = Act::Play(Sound::Prompt(Prompt::Beep));
    const END: Act = Act::Play(Sound::Prompt(Prompt::End));

    fn plays(id: i64) -> Act {
        let id = MessageId(id);
        Act::Play(Sound::Message { id })
    }

    fn listening(messages: &[i64]) -> (Listening, Vec<Act>) {
        let mut listening = Listening::default();
        assert_eq!(listening.notice(&Notice::Begun), [Act::List]);
        let messages = messages.iter().map(|id| MessageId(*id)).collect();
        let acts = listening.notice(&Notice::Listed(messages));
        (listening, acts)
    }

    #[test]
    fn messages_come_one_after_another_and_count_as_heard() {
        let (mut listening, first) = listening(&[5, 6]);
        let mut next = |notice| listening.notice(&notice);
        assert_eq!(first, [BEEP]);
        assert_eq!(next(Notice::Played), [plays(5)]);
        let heard = Act::MarkHeard(MessageId(5));
        assert_eq!(next(Notice::Played), [heard, Act::Wait(CHOOSING)]);
        assert_eq!(next(Notice::TimedOut), [BEEP]);
        assert_eq!(next(Notice::Played), [plays(6)]);
        let heard = Act::MarkHeard(MessageId(6));
        assert_eq!(next(Notice::Digit('9')), [heard, END]);
        assert_eq!(next(Notice::Played), [Act::HangUp]);
    }

    #[test]
    fn keys_repeat_remove_and_quit() {
        let (mut listening, _) = listening(&[5, 6]);
        let mut next = |notice| listening.notice(&notice);
        assert_eq!(next(Notice::Played), [plays(5)]);
        assert_eq!(next(Notice::Digit('1')), [BEEP]);
        assert_eq!(next(Notice::Played), [plays(5)]);
        assert_eq!(next(Notice::Digit('4')), []);
        let removed = Act::Remove(MessageId(5));
        assert_eq!(next(Notice::Digit('7')), [removed, BEEP]);
        assert_eq!(next(Notice::Digit('*')), [Act::HangUp]);
    }

    #[test]
    fn without_messages_that_is_said() {
        let (mut listening, first) = listening(&[]);
        assert_eq!(first, [Act::Play(Sound::Prompt(Prompt::NoMessages))]);
        assert_eq!(listening.notice(&Notice::Digit('7')), []);
        assert_eq!(listening.notice(&Notice::Played), [Act::HangUp]);
    }
}
