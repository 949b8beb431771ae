//! Messages that callers left: which there are, which is played, and the greeting that is being made.

use api::Voicemail;
use bytes::Bytes;

use crate::engine::{Command, Notice};
use crate::web::{Errand, Refused, Reply, VoicemailErrand};
use crate::window::counter::{Asked, Counter};
use crate::window::desk::Party;

/// What the engine calls the greeting, when it plays it: no message has this id.
const GREETING: i64 = -1;
/// A greeting that is shorter was a slip of the finger.
const SHORTEST_SECONDS: f64 = 0.5;

/// What the panel knows.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    /// Nothing where the server takes no messages, or has not said so yet.
    messages: Option<Vec<Voicemail>>,
    /// Which is fetched, and then played.
    pub(crate) fetching: Option<i64>,
    /// Which is played, and how much of it was.
    playing: Option<(i64, f64)>,
    pub(crate) greeting: Greeting,
    pub(crate) complaint: Option<String>,
}

/// The greeting that is being made.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Greeting {
    /// None is.
    #[default]
    Idle,
    /// The microphone is open.
    Recording { seconds: f64, level_dbfs: f32 },
    /// It can be listened to, used or thrown away.
    Recorded { recording: Bytes, seconds: f64 },
    /// The server has been asked to use it.
    Saving { recording: Bytes, seconds: f64 },
    /// Callers hear it from now on.
    Saved,
}

/// What somebody did in the panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VoicemailAction {
    /// The panel is opened.
    Open,
    Play(i64),
    Stop,
    /// Let it count as heard, or as new.
    Mark(i64, bool),
    Remove(i64),
    /// Speak a greeting.
    Record,
    /// It is spoken.
    StopRecording,
    /// Listen to what was spoken.
    Listen,
    /// Let callers hear what was spoken.
    UseGreeting,
    /// Throw away what was spoken.
    DropGreeting,
    /// Let callers hear the server's own words.
    RemoveGreeting,
}

impl Mailbox {
    /// Whether the server takes messages.
    pub(crate) fn is_there(&self) -> bool {
        self.messages.is_some()
    }

    /// How many were not heard.
    pub(crate) fn new_count(&self) -> usize {
        let all = self.messages.iter().flatten();
        all.filter(|message| !message.is_heard).count()
    }

    /// All messages, the newest first.
    pub(crate) fn messages(&self) -> &[Voicemail] {
        self.messages.as_deref().unwrap_or_default()
    }

    /// How much of a message was played, while it is.
    pub(crate) fn played(&self, id: i64) -> Option<f64> {
        self.playing
            .filter(|(item, _)| *item == id)
            .map(|(_, seconds)| seconds)
    }

    /// Whether the greeting is listened to.
    pub(crate) fn plays_greeting(&self) -> bool {
        self.played(GREETING).is_some()
    }

    /// Somebody else may be signed in now.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Asks which there are.
    pub(crate) fn refresh(counter: &mut Counter) -> Command {
        counter.ask(Asked::Voicemails, Errand::Voicemail(VoicemailErrand::List))
    }

    /// Takes in what somebody did; what it gives is for the engine.
    pub(crate) fn act(&mut self, action: VoicemailAction, counter: &mut Counter) -> Vec<Command> {
        let mut ask = |asked, errand| vec![counter.ask(asked, Errand::Voicemail(errand))];
        match action {
            VoicemailAction::Open => {
                self.complaint = None;
                if self.greeting == Greeting::Saved {
                    self.greeting = Greeting::Idle;
                }
                ask(Asked::Voicemails, VoicemailErrand::List)
            }
            VoicemailAction::Play(id) => {
                (self.fetching, self.complaint) = (Some(id), None);
                ask(Asked::Recording, VoicemailErrand::Recording { id })
            }
            VoicemailAction::Stop => {
                self.fetching = None;
                vec![Command::StopSound]
            }
            VoicemailAction::Mark(id, is_heard) => {
                self.mark(id, is_heard);
                ask(Asked::VoicemailDone, VoicemailErrand::Mark { id, is_heard })
            }
            VoicemailAction::Remove(id) => {
                if let Some(messages) = &mut self.messages {
                    messages.retain(|message| message.id != id);
                }
                let mut commands = ask(Asked::VoicemailDone, VoicemailErrand::Remove { id });
                if self.played(id).is_some() {
                    commands.push(Command::StopSound);
                }
                commands
            }
            VoicemailAction::Record => {
                self.complaint = None;
                self.greeting = Greeting::Recording {
                    seconds: 0.0,
                    level_dbfs: f32::NEG_INFINITY,
                };
                vec![Command::Record]
            }
            VoicemailAction::StopRecording => vec![Command::StopSound],
            VoicemailAction::Listen => match &self.greeting {
                Greeting::Recorded { recording, .. } => vec![Command::Play {
                    item: GREETING,
                    recording: recording.clone(),
                }],
                _ => Vec::new(),
            },
            VoicemailAction::UseGreeting => {
                let Greeting::Recorded { recording, seconds } = self.greeting.clone() else {
                    return Vec::new();
                };
                let errand = VoicemailErrand::SetGreeting(recording.clone());
                self.greeting = Greeting::Saving { recording, seconds };
                ask(Asked::Greeting, errand)
            }
            VoicemailAction::DropGreeting => {
                self.greeting = Greeting::Idle;
                vec![Command::StopSound]
            }
            VoicemailAction::RemoveGreeting => {
                ask(Asked::Greeting, VoicemailErrand::RemoveGreeting)
            }
        }
    }

    /// Takes in a reply; what it gives is for the engine.
    pub(crate) fn hear(
        &mut self,
        asked: Asked,
        outcome: &Result<Reply, Refused>,
        counter: &mut Counter,
    ) -> Vec<Command> {
        match (asked, outcome) {
            (Asked::Voicemails, Ok(Reply::Voicemails(messages))) => {
                self.messages = Some(messages.clone());
            }
            // A server without voicemail has nothing to be shown.
            (Asked::Voicemails, Err(_)) if self.messages.is_none() => {}
            (Asked::Recording, Ok(Reply::Recording(recording))) => {
                let Some(id) = self.fetching.take() else {
                    return Vec::new();
                };
                self.playing = Some((id, 0.0));
                let mut commands = vec![Command::Play {
                    item: id,
                    recording: recording.clone(),
                }];
                let is_new = self
                    .messages()
                    .iter()
                    .any(|one| one.id == id && !one.is_heard);
                if is_new {
                    commands.extend(self.act(VoicemailAction::Mark(id, true), counter));
                }
                return commands;
            }
            (Asked::Greeting, Ok(_)) => {
                self.greeting = match self.greeting {
                    Greeting::Saving { .. } => Greeting::Saved,
                    _ => Greeting::Idle,
                };
            }
            (asked, Err(refused)) => {
                self.complaint = Some(refused.problem.sentence.clone());
                self.fetching = None;
                if let Greeting::Saving { recording, seconds } = self.greeting.clone() {
                    self.greeting = Greeting::Recorded { recording, seconds };
                }
                if asked == Asked::VoicemailDone {
                    // What was done here before the server had done it.
                    return vec![Self::refresh(counter)];
                }
            }
            _ => {}
        }
        Vec::new()
    }

    /// Takes in what the engine tells of voicemail and recordings; what it gives is for the engine. Nothing when the
    /// notice is about something else.
    pub(crate) fn hear_notice(
        &mut self,
        notice: &Notice,
        counter: &mut Counter,
    ) -> Option<Vec<Command>> {
        match notice {
            Notice::Voicemail { .. } => return Some(vec![Self::refresh(counter)]),
            Notice::Playing { item, seconds } => self.playing = Some((*item, *seconds)),
            Notice::Played { item } => {
                self.playing.take_if(|(playing, _)| playing == item);
            }
            Notice::Recording {
                seconds,
                level_dbfs,
            } => {
                if let Greeting::Recording { .. } = self.greeting {
                    self.greeting = Greeting::Recording {
                        seconds: *seconds,
                        level_dbfs: *level_dbfs,
                    };
                }
            }
            Notice::Recorded {
                recording, seconds, ..
            } => {
                if let Greeting::Recording { .. } = self.greeting {
                    self.greeting = match *seconds < SHORTEST_SECONDS {
                        true => Greeting::Idle,
                        false => Greeting::Recorded {
                            recording: recording.clone(),
                            seconds: *seconds,
                        },
                    };
                }
            }
            Notice::Error(_) => {
                // Whatever it was, the microphone is closed by now if it was that.
                if let Greeting::Recording { .. } = self.greeting {
                    self.greeting = Greeting::Idle;
                }
                return None;
            }
            _ => return None,
        }
        Some(Vec::new())
    }

    fn mark(&mut self, id: i64, is_heard: bool) {
        let messages = self.messages.iter_mut().flatten();
        for message in messages.filter(|message| message.id == id) {
            message.is_heard = is_heard;
        }
    }
}

/// Who has left a message.
pub(super) fn caller(message: &Voicemail) -> Party {
    let number = message.caller.number.as_ref();
    let number = number.map(|number| number.as_str()).unwrap_or_default();
    Party::new(number, Some(&message.caller.display_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: i64, is_heard: bool) -> Voicemail {
        serde_json::from_value(serde_json::json!({
            "id": id, "caller": {"number": "1002", "display_name": "Bruno"},
            "at": "2026-11-21T14:05:09Z", "seconds": 9, "is_heard": is_heard,
        }))
        .unwrap()
    }

    #[test]
    fn what_is_played_counts_as_heard_once_it_is_there() {
        let (mut mailbox, mut counter) = (Mailbox::default(), Counter::default());
        let list = Ok(Reply::Voicemails(vec![message(2, false), message(1, true)]));
        mailbox.hear(Asked::Voicemails, &list, &mut counter);
        assert_eq!(mailbox.new_count(), 1);
        mailbox.act(VoicemailAction::Play(2), &mut counter);
        assert_eq!((mailbox.fetching, mailbox.new_count()), (Some(2), 1));
        let recording = Ok(Reply::Recording(Bytes::from_static(b"OggS")));
        let commands = mailbox.hear(Asked::Recording, &recording, &mut counter);
        assert!(matches!(
            commands.as_slice(),
            [
                Command::Play { item: 2, .. },
                Command::Ask {
                    errand: Errand::Voicemail(VoicemailErrand::Mark {
                        id: 2,
                        is_heard: true
                    }),
                    ..
                }
            ]
        ));
        assert_eq!((mailbox.new_count(), mailbox.played(2)), (0, Some(0.0)));
        let over = mailbox.hear_notice(&Notice::Played { item: 2 }, &mut counter);
        assert!(over.is_some_and(|commands| commands.is_empty()));
        assert_eq!(mailbox.played(2), None);
    }

    #[test]
    fn a_server_without_voicemail_shows_none_and_says_nothing() {
        let (mut mailbox, mut counter) = (Mailbox::default(), Counter::default());
        let refused = Refused {
            problem: crate::engine::Problem {
                code: "not-found",
                sentence: "There is no such thing.".into(),
            },
            alternatives: Vec::new(),
        };
        mailbox.hear(Asked::Voicemails, &Err(refused), &mut counter);
        assert!(!mailbox.is_there() && mailbox.complaint.is_none());
    }
}
