//! The server as a party of a call: what it plays, records and waits for.
//!
//! Such a call has one phone, and where the other one would be is the *house*. What is said to that phone about audio is the
//! bridge's affair; here is what the house does next, as a machine that gets [`Notice`]s and gives [`Act`]s: it knows
//! neither time nor sound.

mod greeting;
mod listening;
mod voicemail;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::greeting::Greeting;
use self::listening::Listening;
use self::voicemail::Leaving;
use crate::AccountId;

/// What the server is in a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum House {
    /// The voicemail of somebody who did not answer.
    Voicemail {
        /// For whom the message is.
        of: AccountId,
        /// Whether there is no room for another one: then the caller only hears that.
        is_full: bool,
    },
    /// Somebody hears the own messages.
    Messages {
        /// Whose they are.
        of: AccountId,
    },
    /// Somebody records what callers hear before they leave a message.
    Greeting {
        /// Whose it is.
        of: AccountId,
    },
    /// Somebody waits in a slot until the call is taken there.
    Parked {
        /// Who has parked the call.
        of: AccountId,
        /// Where, the first slot being 0.
        slot: u32,
    },
}

impl House {
    /// For whom the server is there.
    #[must_use]
    pub fn of(&self) -> AccountId {
        match self {
            House::Voicemail { of, .. }
            | House::Messages { of }
            | House::Greeting { of }
            | House::Parked { of, .. } => *of,
        }
    }
}

/// What the phone is to hear from the house, once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sound {
    /// What the server has by itself.
    Prompt(Prompt),
    /// What somebody has recorded for callers, or [`Prompt::Greeting`] if there is nothing.
    Greeting {
        /// Whose it is.
        of: AccountId,
    },
    /// A message that was left.
    Message {
        /// Which one.
        id: MessageId,
    },
}

/// An announcement of the server.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Prompt {
    /// Before a message can be left: nobody is there.
    Greeting,
    /// Something begins after it: a recording, or the next message.
    Beep,
    /// No message can be left: there are too many.
    Full,
    /// There are no messages.
    NoMessages,
    /// There are no more messages.
    End,
}

/// What is recorded of the phone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Recording {
    /// A message of the caller.
    Message {
        /// For whom.
        to: AccountId,
    },
    /// What callers are to hear from now on.
    Greeting {
        /// Whose it is.
        of: AccountId,
    },
}

/// A message that was left.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MessageId(pub i64);

/// How long recordings may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecordingLimits {
    /// The longest message.
    pub message: Duration,
    /// The longest greeting.
    pub greeting: Duration,
    /// A recording ends when nothing was said for so long.
    pub silence: Duration,
}

impl Default for RecordingLimits {
    fn default() -> Self {
        RecordingLimits {
            message: Duration::from_secs(180),
            greeting: Duration::from_secs(60),
            silence: Duration::from_secs(10),
        }
    }
}

/// What has happened in a call of the house.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Notice {
    /// The phone has acknowledged: it can be heard and hears.
    Begun,
    /// What was played last is over.
    Played,
    /// A key was pressed.
    Digit(char),
    /// The recording has ended; kept or not.
    Recorded { is_kept: bool },
    /// These messages are there, in the order in which they are to be heard.
    Listed(Vec<MessageId>),
    /// What was waited for has not happened.
    TimedOut,
}

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Act {
    /// In place of what is played at present.
    Play(Sound),
    Record(Recording),
    StopRecording,
    /// Ask which messages there are.
    List,
    MarkHeard(MessageId),
    Remove(MessageId),
    RemoveGreeting,
    /// [`Notice::TimedOut`] comes after so long, unless something else does before.
    Wait(Duration),
    HangUp,
}

/// The house in one call.
#[derive(Debug)]
pub(crate) struct Host {
    house: House,
    work: Work,
}

#[derive(Debug)]
enum Work {
    Leaving(Leaving),
    Listening(Listening),
    Greeting(Greeting),
    /// There is nothing to be done: the phone hears music.
    Waiting,
}

impl Host {
    pub(crate) fn new(house: House) -> Self {
        let work = match house {
            House::Voicemail { .. } => Work::Leaving(Leaving::default()),
            House::Messages { .. } => Work::Listening(Listening::default()),
            House::Greeting { .. } => Work::Greeting(Greeting::default()),
            House::Parked { .. } => Work::Waiting,
        };
        Host { house, work }
    }

    /// The house in a call that another process has begun: it does not say again what it has surely said.
    pub(crate) fn resume(house: House) -> Self {
        match house {
            House::Voicemail { .. } => Host {
                house,
                work: Work::Leaving(Leaving::after_greeting()),
            },
            house => Host::new(house),
        }
    }

    pub(crate) fn house(&self) -> House {
        self.house
    }

    /// Something has happened: what is to be done, in this order.
    pub(crate) fn notice(&mut self, notice: &Notice) -> Vec<Act> {
        match (&mut self.work, self.house) {
            (Work::Leaving(leaving), House::Voicemail { of, is_full }) => {
                leaving.notice(of, is_full, notice)
            }
            (Work::Listening(listening), House::Messages { .. }) => listening.notice(notice),
            (Work::Greeting(greeting), House::Greeting { of }) => greeting.notice(of, notice),
            (Work::Waiting, House::Parked { .. }) => Vec::new(),
            // The work is made for the house.
            _ => vec![Act::HangUp],
        }
    }
}
