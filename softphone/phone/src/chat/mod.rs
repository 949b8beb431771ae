//! Conversations: rooms, messages and what waits to be sent, over the room protocol.
//!
//! [`Chat`] is one account on one device. It has no socket and no disk: its owner opens a connection when it is told to
//! ([`ChatEvent::Connect`]), passes on what is said and heard, and keeps what is to be kept ([`ChatEvent::Keep`]).
//!
//! | it is told ([`ChatInput`]) | it tells ([`ChatEvent`]) |
//! |---|---|
//! | `Start` | `Connect`; after `Opened` and the server's greeting `Link(Online)` |
//! | `Opened`, `Heard`, `Closed` | `Room`, `Message`, `Receipt`, `Typing` … as they come |
//! | `Do` with a [`Wish`] | `Outgoing` for what waits, `Stored` once the server has it on disk |
//!
//! What two people say to each other may also go from device to device: see `peer`.
//!
//! **Nothing lost, nothing twice.** What is written waits in the outbox, under an id that was made once, until the server
//! has said that it is stored; it is sent again over each new connection. Of each room all entries up to a number are
//! known without a gap; with these numbers each connection begins, and the server tells what comes after.
//!
//! **Files.** A message with a file waits until its file is on the server ([`ChatEvent::Upload`], [`UploadNews`]); what
//! is needed to go on with an upload is kept with the message, so that it goes on after a restart. Between two devices
//! that talk directly the file goes there first, and to the server with the journal.

mod acting;
mod archive;
mod attachment;
mod conversation;
mod core;
mod event;
mod file_name;
mod hearing;
mod media_type;
mod outbox;
mod peer;
mod uploading;
mod waveform;
mod wishing;

pub use archive::Archive;
pub use attachment::{Attachment, UploadNews};
pub use conversation::Conversation;
pub use core::{Chat, ChatConfig};
pub use event::{ChatEvent, ChatInput, Keep, LinkState, Wish};
pub use file_name::{numbered, safe_file_name};
pub use media_type::media_type_of;
pub use outbox::{Outgoing, OutgoingState, Whom};
pub use peer::{
    ArrivingFile, BadPiece, DeviceKey, FLUSH_EVERY, FlushOutcome, Incoming, JournalEntry, NotTaken,
    PeerConfig, PeerNews, PeerOrder, Way,
};
pub use waveform::waveform;
