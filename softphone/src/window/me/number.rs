//! Another number: the wish, what callers of the old number get, and what can be had instead.

use api::{Number, OnCall};

use super::{Outcome, number_of};
use crate::engine::Command;
use crate::web::{Errand, Refused, Reply};
use crate::window::counter::{Asked, Counter};

/// The wish for another number.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct MyNumber {
    /// As typed.
    pub(crate) wanted: String,
    /// What callers of the old number get.
    pub(crate) old: OnCall,
    /// Numbers that can be had, the nearest first.
    pub(crate) free: Vec<String>,
    pub(crate) outcome: Outcome,
    pub(crate) busy: bool,
}

/// More are no help, and would not fit into the smallest window.
const SHOWN: usize = 6;

impl MyNumber {
    /// What callers of the old number get, in words.
    pub(crate) fn choices() -> [(OnCall, &'static str); 3] {
        [
            (OnCall::Forward, "They reach me"),
            (OnCall::Moved, "They hear the new number"),
            (OnCall::Gone, "They hear that I am gone"),
        ]
    }

    pub(super) fn suggest(&mut self, counter: &mut Counter) -> Command {
        let near = Number::parse(&self.wanted).ok();
        counter.ask(Asked::FreeNumbers, Errand::FreeNumbers { near })
    }

    pub(super) fn want(&mut self, number: String) {
        self.wanted = number;
        self.outcome = Outcome::None;
    }

    pub(super) fn change(&mut self, counter: &mut Counter) -> Option<Command> {
        if self.busy {
            return None;
        }
        match Number::parse(&self.wanted) {
            Ok(to) => {
                self.busy = true;
                self.outcome = Outcome::None;
                let old = self.old;
                Some(counter.ask(Asked::Number, Errand::ChangeNumber { to, old }))
            }
            Err(error) => {
                self.outcome = Outcome::Failed(error.to_string());
                None
            }
        }
    }

    pub(super) fn hear(&mut self, asked: Asked, outcome: &Result<Reply, Refused>) {
        if asked == Asked::Number {
            self.busy = false;
        }
        match outcome {
            Ok(Reply::FreeNumbers(numbers)) => {
                self.free = numbers
                    .iter()
                    .take(SHOWN)
                    .map(|number| number.as_str().to_owned())
                    .collect();
                if self.free.is_empty() {
                    self.outcome = Outcome::Failed("No number is free near this one.".into());
                }
            }
            Ok(Reply::Me(account)) => {
                self.wanted.clear();
                self.free.clear();
                let number = number_of(account);
                self.outcome = Outcome::Done(format!("Your number is {number} from now on."));
            }
            Ok(_) => {}
            Err(refused) => {
                self.outcome = Outcome::Failed(refused.problem.sentence.clone());
                if !refused.alternatives.is_empty() {
                    self.free = refused.alternatives.clone();
                    self.free.truncate(SHOWN);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Problem;

    #[test]
    fn a_refused_wish_shows_what_can_be_had_instead() {
        let (mut mine, mut counter) = (MyNumber::default(), Counter::default());
        mine.want("10-04".into());
        let Some(Command::Ask {
            errand: Errand::ChangeNumber { to, old },
            ..
        }) = mine.change(&mut counter)
        else {
            panic!("nothing is asked")
        };
        assert_eq!((to.as_str(), old), ("1004", OnCall::Forward));
        assert!(
            mine.change(&mut counter).is_none(),
            "a second click does nothing"
        );
        mine.hear(
            Asked::Number,
            &Err(Refused {
                problem: Problem {
                    code: "conflict",
                    sentence: "The number 1004 is taken.".into(),
                },
                alternatives: vec!["1005".into(), "1006".into()],
            }),
        );
        assert_eq!(
            mine.outcome,
            Outcome::Failed("The number 1004 is taken.".into())
        );
        assert_eq!(mine.free, ["1005", "1006"]);
        assert!(!mine.busy);
    }

    #[test]
    fn what_is_no_number_is_said_before_the_server_is_asked() {
        let (mut mine, mut counter) = (MyNumber::default(), Counter::default());
        mine.want("ten".into());
        assert!(mine.change(&mut counter).is_none());
        assert!(matches!(mine.outcome, Outcome::Failed(_)));
    }
}
