//! What the switch cannot know by itself, and asks for.

use std::collections::HashSet;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use sip::{Flow, Ha1, Text};

use crate::cluster::Sender;
use crate::{AccountId, CallId, DeviceId, Letter, MessageId, Party, Reached, Told};

/// A question, asked with [`Event::Ask`](crate::Event::Ask) and answered with [`Input::Answer`](crate::Input::Answer).
/// A question that nobody answers in [`Config::question_timeout`](crate::Config::question_timeout) counts as failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Question {
    /// Which device owns this login? Answered with [`Answer::Credential`].
    Credential {
        /// The digest user name, as the phone sent it.
        login: Text,
    },
    /// Who is reached under what a caller dialled? Answered with [`Answer::Destination`].
    Destination {
        /// The user part of the dialled URI, unescaped.
        dialled: Text,
        /// Who wants to reach them: not everybody may call everywhere.
        caller: Party,
        /// Who will be heard there, if it is somebody else than `caller`, who forwards or transfers a call. It reaches
        /// nobody who has blocked either of them.
        on_behalf_of: Option<AccountId>,
    },
    /// Where does the relay listen for the media of this call? Answered with [`Answer::MediaPorts`].
    MediaPorts {
        /// The call that needs a pair of ports.
        call: CallId,
        /// The way to the caller's phone: it is told an address that it can reach.
        caller: Flow,
        /// The ways to the callee's phones.
        callees: Vec<Flow>,
    },
    /// Who is watched under what a phone subscribed to? Answered with [`Answer::Watched`].
    Watched {
        /// The user part of the URI, unescaped.
        dialled: Text,
        /// Who wants to watch them.
        watcher: Party,
    },
    /// What does this account tell about itself, and which of these may see it? Answered with [`Answer::Viewers`].
    Viewers {
        /// Whose presence it is.
        account: AccountId,
        /// Everybody who watches it.
        watchers: Vec<AccountId>,
    },
    /// Which messages are there for this account? Answered with [`Answer::MessagesToHear`].
    MessagesToHear {
        /// Whose they are.
        account: AccountId,
    },
    /// Is this kept in the conversation of these two? Answered with [`Answer::Letter`] when it is durable.
    Letter {
        /// Who has sent it.
        from: Party,
        /// From which phone.
        device: DeviceId,
        /// To whom.
        to: AccountId,
        /// What it says.
        letter: Box<Letter>,
    },
    /// How many messages wait for this account? Answered with [`Answer::Messages`].
    Messages {
        /// Whose they are.
        account: AccountId,
    },
}

/// The answer to a [`Question`]; of the same kind, or it counts as the one that says least.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The device, or `None` if there is no such login.
    Credential(Option<Credential>),
    /// Where that number or name leads.
    Destination(Reached),
    /// The ports, or `None` if the relay has none left.
    MediaPorts(Option<MediaPorts>),
    /// Whom a phone watches, or `None` if there is nobody.
    Watched(Option<Box<Watchable>>),
    /// What an account tells and to whom, or `None` if it is no more.
    Viewers(Option<Box<Viewers>>),
    /// What became of something that a phone has sent to a conversation.
    Letter(LetterFate),
    /// How many messages wait.
    Messages(MessageCount),
    /// The messages, in the order in which they are to be heard, or `None` if that cannot be found out.
    MessagesToHear(Option<Vec<MessageId>>),
}

/// What became of something that a phone has sent to a conversation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LetterFate {
    /// It is kept; whoever it is for gets it when their devices are there.
    Kept,
    /// These two have no conversation: phones may pass it among themselves.
    NotForConversations,
    /// It is empty or holds what nobody should send.
    Invalid,
    /// It is too long.
    TooLong,
    /// Not now, but after so many seconds.
    Later {
        /// How many.
        seconds: u32,
    },
}

/// Somebody who can be watched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Watchable {
    /// The account.
    pub account: AccountId,
    /// What it tells about itself.
    pub told: Told,
    /// Whether this watcher may see it. Whoever may not is let in all the same, and sees somebody offline.
    pub may_see: bool,
}

/// What an account tells, and to whom.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Viewers {
    /// What it tells about itself.
    pub told: Told,
    /// Those among its watchers who may see it.
    pub may_see: HashSet<AccountId>,
}

/// Messages that wait for somebody (RFC 3842).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct MessageCount {
    /// Not heard yet.
    pub new: u32,
    /// Heard and kept.
    pub old: u32,
}

impl Answer {
    pub(crate) fn into_credential(self) -> Option<Credential> {
        match self {
            Answer::Credential(credential) => credential,
            _ => None,
        }
    }

    pub(crate) fn into_reached(self) -> Reached {
        match self {
            Answer::Destination(reached) => reached,
            _ => Reached::Nobody,
        }
    }

    pub(crate) fn into_letter_fate(self) -> Option<LetterFate> {
        match self {
            Answer::Letter(fate) => Some(fate),
            _ => None,
        }
    }

    pub(crate) fn into_media_ports(self) -> Option<MediaPorts> {
        match self {
            Answer::MediaPorts(ports) => ports,
            _ => None,
        }
    }

    pub(crate) fn into_watchable(self) -> Option<Watchable> {
        match self {
            Answer::Watched(watchable) => watchable.map(|watchable| *watchable),
            _ => None,
        }
    }

    pub(crate) fn into_viewers(self) -> Option<Viewers> {
        match self {
            Answer::Viewers(viewers) => viewers.map(|viewers| *viewers),
            _ => None,
        }
    }

    pub(crate) fn into_messages_to_hear(self) -> Option<Vec<MessageId>> {
        match self {
            Answer::MessagesToHear(messages) => messages,
            _ => None,
        }
    }

    pub(crate) fn into_messages(self) -> MessageCount {
        match self {
            Answer::Messages(count) => count,
            _ => MessageCount::default(),
        }
    }
}

/// A device's SIP credential and its owner.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The owner.
    pub account: AccountId,
    /// The device.
    pub device: DeviceId,
    /// The device's digest user name.
    pub login: Text,
    /// The hashes of its secret.
    pub ha1: Ha1,
    /// The owner's number at present.
    pub number: Option<Text>,
    /// Further numbers that are the owner's: others at present, and former ones that nobody else has yet. Phones that were
    /// set up with one of them go on.
    pub other_numbers: Vec<Text>,
    /// The owner's name, shown to those whom they call.
    pub display_name: Text,
    /// Whether the owner has its number for a while only.
    pub is_guest: bool,
    /// The ring groups that the owner is a member of.
    pub groups: Vec<AccountId>,
}

impl Credential {
    pub(crate) fn sender(&self) -> Sender {
        Sender {
            party: self.party(),
            device: self.device,
        }
    }

    pub(crate) fn party(&self) -> Party {
        Party {
            account: self.account,
            number: self.number.clone(),
            display_name: self.display_name.clone(),
            is_guest: self.is_guest,
        }
    }
}

/// Where the relay listens for the two sides of one call; what comes in at one leaves by the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MediaPorts {
    /// Told to the caller's phone.
    pub caller: RelayAddress,
    /// Told to the callee's phones.
    pub callee: RelayAddress,
}

/// Where the relay listens for one side of a call: one address, or one of each family.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RelayAddress {
    /// The address.
    pub address: SocketAddr,
    /// The one of the other family, if that side has phones that need it.
    pub other: Option<SocketAddr>,
}

impl RelayAddress {
    /// What the phone at the end of `flow` is told: what it speaks SIP over, IPv4 or IPv6, it can send audio over.
    pub(crate) fn towards(&self, flow: &Flow) -> SocketAddr {
        let is_ipv4 = flow.remote.ip().to_canonical().is_ipv4();
        self.other
            .filter(|other| other.is_ipv4() == is_ipv4 && self.address.is_ipv4() != is_ipv4)
            .unwrap_or(self.address)
    }
}

impl From<SocketAddr> for RelayAddress {
    fn from(address: SocketAddr) -> Self {
        RelayAddress {
            address,
            other: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip::Transport;

    #[test]
    fn a_phone_is_told_the_address_of_its_own_family_if_there_is_one() {
        let at = |text: &str| -> SocketAddr { text.parse().unwrap() };
        let flow = |remote: &str| Flow {
            transport: Transport::Tcp,
            local: at("192.0.2.1:5060"),
            remote: at(remote),
            connection: 1,
        };
        let (over_4, over_6) = (at("192.0.2.1:40000"), at("[2001:db8::1]:40000"));
        let both = RelayAddress {
            address: over_4,
            other: Some(over_6),
        };
        assert_eq!(both.towards(&flow("192.0.2.7:5060")), over_4);
        assert_eq!(both.towards(&flow("[::ffff:192.0.2.7]:5060")), over_4);
        assert_eq!(both.towards(&flow("[2001:db8::7]:5060")), over_6);
        let only = RelayAddress::from(over_6);
        assert_eq!(only.towards(&flow("192.0.2.7:5060")), over_6);
    }
}
