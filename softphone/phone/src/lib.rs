//! What the softphone knows and decides: registration, calls and contacts as data.
//!
//! A [`Phone`] is one account on one device. It speaks SIP through [`sip::Endpoint`] and agrees on sound through [`sdp`],
//! but opens no socket, plays no sound and reads no clock: its owner does that, and tells it.
//!
//! | it is told ([`Input`]) | it tells ([`Event`]) |
//! |---|---|
//! | `SignIn`, `SignOut` | `Registration` with a [`RegistrationState`] |
//! | `Call` | `NeedMedia`, then `Ringing`, `StartMedia`, `Answered` |
//! | — | `Incoming`; after `Answer`: `NeedMedia`, `StartMedia`, `Answered` |
//! | `MediaReady` with the address of a fresh socket | |
//! | `MediaFlows`, `MediaStalled` as sound comes and stays away | |
//! | `Hold` | `Held`, also when the other side does it |
//! | `Press` | `PlayDigit` for the sound, or nothing where SIP carries it; theirs come as `Digit` |
//! | `Transfer`, `TransferToCall` | `Transfer` as it goes |
//! | `HangUp`, `Decline` | `Ended` with an [`EndReason`], exactly once for each call |
//!
//! Beside it stand the pure parts of what the phone knows over HTTP: the contacts ([`Book`]), and the reading of the server's
//! stream of events ([`EventReader`], [`Pause`]).
//!
//! [`chat`] holds conversations: rooms, messages and what waits to be sent, over the room protocol.
//!
//! One speaks in one call at a time; the others wait on hold. Whether the server is still there is found
//! out by [`Patience`]: as long as sound arrives nobody asks, and without it a dead server is noticed within ten seconds.

mod book;
mod call;
pub mod chat;
mod config;
mod digit;
mod encryption;
mod established;
mod event;
mod event_stream;
mod holding;
mod incoming;
mod input;
mod outgoing;
mod phone;
mod probe;
mod reason;
mod recovery;
mod registration;
mod server;
mod target;
mod transferring;

pub use book::Book;
pub use call::{Call, CallStage, Party};
pub use config::{Config, Patience};
pub use digit::Digit;
pub use encryption::{Encryption, KeyMaterial};
pub use event::Event;
pub use event_stream::{EventReader, Pause};
pub use holding::Hold;
pub use input::Input;
pub use phone::Phone;
pub use reason::EndReason;
pub use registration::{RegistrationProblem, RegistrationState};
pub use target::TargetError;
pub use transferring::TransferProgress;

/// The number of one call within one phone, never used twice while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallNumber(pub u64);

impl std::fmt::Display for CallNumber {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(out)
    }
}
