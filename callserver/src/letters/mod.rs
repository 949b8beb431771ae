//! Phones that know SIP alone take part in conversations (MESSAGE, RFC 3428): what they send goes into the conversation of
//! the two people, and what is said there goes to them, kept until they are there and in its order.
//!
//! * `arriving`: what phones send is kept before it is accepted.
//! * `leaving`: what is said goes to the phones that are registered with this server, each as far as it has not come yet.
//! * `carrier`: which phone gets what, and when. Pure.
//! * `words`: what a phone is told of files and voice notes. Pure.
//!
//! What SIP is made of it knows `switch` (`letter`, `pager`). Every phone gets letters, except for those that say when they
//! register that they read rooms by themselves (`sip::READS_ROOMS`), over `/ws/rooms`: they would hear everything twice.

mod arriving;
mod carrier;
mod leaving;
#[cfg(test)]
mod tests;
mod words;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use api::{AccountId, DeviceId};
use switch::{AskId, LetterEnd, LetterFate, Outgoing, Party};
use tokio::sync::mpsc;

use crate::rooms::Rooms;

/// What was not read for so long is of no use on a phone any more; it stays in the conversation.
const OLDEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A phone has sent something.
#[derive(Debug)]
pub(crate) struct Arrived {
    /// The question that waits for it.
    pub(crate) ask: AskId,
    /// Who has sent it.
    pub(crate) from: Party,
    /// From which phone.
    pub(crate) device: DeviceId,
    /// To whom.
    pub(crate) to: AccountId,
    /// What it says.
    pub(crate) letter: Box<switch::Letter>,
}

/// What the exchange tells of phones.
#[derive(Debug)]
pub(crate) enum Seen {
    /// One has registered.
    Came { device: DeviceId },
    /// One has registered that reads rooms by itself.
    Reads { device: DeviceId },
    /// What became of something that was to be sent.
    Ended { ticket: u64, end: LetterEnd },
}

/// What the exchange is to do.
#[derive(Debug)]
pub(crate) enum Errand {
    /// A question is answered.
    Answer { ask: AskId, fate: LetterFate },
    /// A phone is to get something.
    Send {
        ticket: u64,
        from: Party,
        to: Party,
        device: switch::DeviceId,
        letter: Box<Outgoing>,
    },
}

/// The other end of what the exchange tells.
#[derive(Debug)]
pub struct Letters {
    // As many as there are open questions.
    arrived: mpsc::UnboundedReceiver<Arrived>,
    // As many as there are registrations.
    seen: mpsc::UnboundedReceiver<Seen>,
    errands: mpsc::UnboundedSender<Errand>,
    silent: Devices,
}

/// What the exchange has of it.
#[derive(Debug)]
pub(crate) struct LettersDesk {
    pub(crate) arrived: mpsc::UnboundedSender<Arrived>,
    pub(crate) seen: mpsc::UnboundedSender<Seen>,
    /// The phones that have not answered: that one of them lives is worth telling, also when it has not been away.
    pub(crate) silent: Devices,
}

/// Some devices, known to several.
#[derive(Clone, Default, Debug)]
pub(crate) struct Devices(Arc<Mutex<HashSet<DeviceId>>>);

impl Devices {
    fn has(&self, device: DeviceId) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.contains(&device)
    }

    /// Adds one, or takes it away. Says whether that is news.
    pub(crate) fn set(&self, device: DeviceId, is_in: bool) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match is_in {
            true => known.insert(device),
            false => known.remove(&device),
        }
    }
}

impl Letters {
    /// For the exchange.
    pub(crate) fn new() -> (Self, LettersDesk, mpsc::UnboundedReceiver<Errand>) {
        let (send_arrived, arrived) = mpsc::unbounded_channel();
        let (send_seen, seen) = mpsc::unbounded_channel();
        let (errands, inbox) = mpsc::unbounded_channel();
        let silent = Devices::default();
        let desk = LettersDesk {
            arrived: send_arrived,
            seen: send_seen,
            silent: silent.clone(),
        };
        let letters = Self {
            arrived,
            seen,
            errands,
            silent,
        };
        (letters, desk, inbox)
    }

    /// Does what is to be done, until the exchange is gone.
    pub(crate) async fn serve(self, rooms: Rooms) {
        // The phones that understand CPIM.
        let unwrapping = Devices::default();
        let arriving = arriving::serve(
            rooms.clone(),
            self.arrived,
            self.errands.clone(),
            unwrapping.clone(),
        );
        let known = (unwrapping, self.silent);
        let leaving = leaving::Leaving::new(rooms, self.errands, known).serve(self.seen);
        tokio::join!(arriving, leaving);
    }
}
