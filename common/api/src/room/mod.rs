//! Rooms: conversations of two or more people, as HTTP (`/api/v1/rooms`) and the room protocol (`/ws/rooms`) tell them.
//!
//! Everything in a room has a **sequence number**: 1, 2, 3 … without a gap, the same for everybody. A message is one
//! entry, and so is what happens to one later (an edit, a deletion, a reaction) and what happens to the room (somebody
//! came, the name changed). Whoever knows everything up to a number asks for what comes after it, and has everything.

mod envelope;
mod errors;
mod file_piece;
mod ids;
mod message;
mod peer;
mod requests;
mod rules;
mod said;
mod told;
mod view;

pub use envelope::{Envelope, ROOMS_PATH, ROOMS_SCHEMA_PATH, Request, Response};
pub use errors::{RoomError, RoomErrorCode};
pub use file_piece::{FilePiece, LARGEST_PEER_FILE};
pub use ids::{Cursors, MessageId, RoomId, RoomIdRefused};
pub use message::{
    Body, FileRef, LONGEST_TEXT, Message, MessageKind, Reaction, RoomEvent, SIMPLE_EMOJI_LENGTH,
};
pub use peer::{
    FLUSH_BYTES, FLUSH_MESSAGES, Flush, Flushed, FlushedMessage, LONGEST_PEER_BODY, PeerCandidate,
    PeerFrame, PeerMessage, PeerSignal, is_peer_key,
};
pub use requests::{
    AddParticipants, Addressee, ChangeParticipant, Connect, CreateRoom, GetHistory, GetRooms,
    JoinRoom, LeaveRoom, ParticipantRoleChange, Receipt, ReceiptEntry, RoomChange, RoomChangeEntry,
    SendMessage, Signal, Typing,
};
pub use rules::check_said;
pub use said::Said;
pub use told::{
    Connected, FoundMessages, HistoryPage, NewMessage, Notification, NotificationKind, ReceiptTold,
    RoomsList, SignalTold, Stored, Synced, Told, TypingTold,
};
pub use view::{JoinRule, Participant, Room, RoomKind, RoomRole, RoomSettings};
