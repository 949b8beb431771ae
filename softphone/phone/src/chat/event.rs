//! What a chat is told, and what it tells.

use std::collections::BTreeSet;

use api::AccountId;
use api::room::{
    Addressee, Body, CreateRoom, Message, MessageId, PeerMessage, Receipt, Response, Room,
    RoomError, RoomId,
};

use super::peer::{ArrivingFile, FlushOutcome, JournalEntry, PeerNews, PeerOrder, Way};
use super::{Attachment, Outgoing, UploadNews, Whom};

/// Where the connection to the server stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LinkState {
    /// There is none; what is written waits.
    #[default]
    Offline,
    /// It is being made.
    Connecting,
    /// What is written goes out.
    Online,
}

/// Something that a person wants.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// Say something.
    Send {
        /// Where, or to whom.
        whom: Whom,
        /// Made once for this message, best a UUID.
        id: MessageId,
        /// What.
        body: Body,
        /// When it was written (RFC 3339), to be shown until the server says when it was stored.
        written: String,
    },
    /// Say something with a file of this computer: a body whose file has no id yet.
    SendFile {
        /// Where, or to whom.
        whom: Whom,
        /// Made once for this message, best a UUID.
        id: MessageId,
        /// What. The file's SHA-256 may be empty; then it is told by [`UploadNews::Measured`].
        body: Body,
        /// When it was written (RFC 3339).
        written: String,
        /// The file.
        attachment: Attachment,
    },
    /// Send again what the server has refused, when it was sent or when the journal was brought: through the server.
    Retry(MessageId),
    /// Give up what was not sent, or what the server does not take out of the journal.
    Discard(MessageId),
    /// This conversation is looked at; what comes in it is read. None is, without one.
    LookAt(Option<RoomId>),
    /// A key was pressed in this conversation.
    TypeIn(RoomId),
    /// Earlier messages are wanted.
    Earlier(RoomId),
    /// Open a room.
    Create {
        /// Comes back with the answer.
        tag: u64,
        /// How it shall be.
        room: CreateRoom,
    },
    /// Add people to a room.
    Add {
        /// Comes back with the answer.
        tag: u64,
        /// Which.
        room: RoomId,
        /// Whom.
        people: Vec<Addressee>,
    },
    /// Leave a room.
    Leave {
        /// Comes back with the answer.
        tag: u64,
        /// Which.
        room: RoomId,
    },
}

/// What happens to a chat.
#[derive(Clone, Debug, PartialEq)]
pub enum ChatInput {
    /// Conversations may begin.
    Start,
    /// A connection is there.
    Opened {
        /// The access token for it.
        token: String,
    },
    /// There is no connection any more, or none could be made.
    Closed,
    /// The server has said something.
    Heard(Box<Response>),
    /// Earlier messages of a room, as they were kept, the oldest first.
    Kept {
        /// Which room.
        room: RoomId,
        /// They come right before the first one that is known.
        messages: Vec<Message>,
    },
    /// How the upload of a message's file goes.
    Upload {
        /// Which message.
        id: MessageId,
        /// What is new.
        news: UploadNews,
    },
    /// A person wants something.
    Do(Box<Wish>),
    /// Something is told of a direct connection.
    Peer(PeerNews),
    /// What became of a `Flush`.
    Flushed {
        /// Of which room.
        room: RoomId,
        /// What.
        outcome: FlushOutcome,
    },
    /// The person wants nothing to do with these accounts; nobody else is blocked.
    Blocked(BTreeSet<AccountId>),
    /// Whether this device talks to others from now on.
    TalkDirectly(bool),
    /// The program is about to end: what can still be brought to the server shall be.
    Closing,
    /// `poll_timeout` is over.
    Timeout,
}

/// What a chat tells.
#[derive(Clone, Debug, PartialEq)]
pub enum ChatEvent {
    /// Open a connection, and say `Opened` or `Closed`.
    Connect,
    /// Close the connection: the server has said that it is worth nothing.
    Disconnect,
    /// The connection stands elsewhere.
    Link(LinkState),
    /// A room is new, or looks different now.
    Room(Box<Room>),
    /// One is not in a room any more.
    RoomGone(RoomId),
    /// A message is new, or says something else now.
    Message {
        /// The message.
        message: Box<Message>,
        /// Whether somebody else has just said it.
        is_news: bool,
    },
    /// The earliest messages of a room are gone, up to this one: one's copy was deleted.
    Forgotten {
        /// Which room.
        room: RoomId,
        /// The last one that is gone.
        sequence: i64,
    },
    /// Something waits to be sent, or waits in another way now.
    Outgoing(Box<Outgoing>),
    /// Bring the file of this message to the server, however often the way breaks, and tell [`ChatInput::Upload`]. One
    /// that is under way already goes on.
    Upload(Box<Outgoing>),
    /// Take the SHA-256 of the file of this message, and tell [`ChatInput::Upload`] that it was measured, or why not. What
    /// is under way already goes on.
    Measure(Box<Outgoing>),
    /// So much of the file of one's own message has gone to the other person's device.
    Passing {
        /// Which message.
        id: MessageId,
        /// Bytes that have gone.
        sent: u64,
        /// Bytes in all.
        bytes: u64,
    },
    /// A file comes from the other person's device: its message follows when all of it is there.
    Arriving {
        /// In which conversation.
        room: RoomId,
        /// Of which message.
        id: MessageId,
        /// How far it is; nothing when it does not come any more, this way.
        file: Option<Box<ArrivingFile>>,
    },
    /// The file of a message is not needed any more: it was sent, or given up.
    Release {
        /// Which message.
        id: MessageId,
        /// The file.
        attachment: Box<Attachment>,
        /// Whether it was sent.
        is_sent: bool,
    },
    /// The server has it on disk.
    Stored {
        /// Which.
        id: MessageId,
        /// Where.
        room: RoomId,
        /// Its place there.
        sequence: i64,
    },
    /// Two devices have told each other something that the server does not have yet, or it stands otherwise now.
    Journal {
        /// What.
        entry: Box<JournalEntry>,
        /// Whether somebody else has just said it.
        is_news: bool,
    },
    /// Another device has one's own message, that the server has not yet.
    Acknowledged {
        /// Where.
        room: RoomId,
        /// Which message.
        id: MessageId,
        /// Whose device.
        account: AccountId,
    },
    /// The other person has read everything up to one's own message, that the server has not yet.
    ReadDirectly {
        /// Where.
        room: RoomId,
        /// The last message.
        id: MessageId,
        /// Who.
        account: AccountId,
    },
    /// What is written in a conversation goes another way now.
    Way {
        /// Which conversation.
        room: RoomId,
        /// Which way.
        way: Way,
    },
    /// Something is to be done about a direct connection.
    Peer(PeerOrder),
    /// Bring these messages to the server, in this order, and say `Flushed`.
    Flush {
        /// Of which room.
        room: RoomId,
        /// What.
        messages: Vec<PeerMessage>,
    },
    /// Something that was not sent, or that the server does not take, was given up.
    Discarded(MessageId),
    /// Somebody has, or has read, everything up to a number.
    Receipt {
        /// Where.
        room: RoomId,
        /// Who.
        account: AccountId,
        /// What.
        receipt: Receipt,
        /// The last of them.
        sequence: i64,
    },
    /// Somebody writes, or has stopped to.
    Typing {
        /// Where.
        room: RoomId,
        /// Who.
        account: AccountId,
        /// Whether they write.
        is_typing: bool,
    },
    /// Earlier messages are there; with or without more before them.
    Earlier {
        /// Which room.
        room: RoomId,
        /// Whether there are more.
        is_more: bool,
    },
    /// What a `Wish` with this tag has come to.
    Answer {
        /// The wish's.
        tag: u64,
        /// The room that was made, or what is wrong.
        outcome: Result<Option<Box<Room>>, RoomError>,
    },
    /// Something has to outlive the program. Comes before the event that it belongs to.
    Keep(Keep),
}

/// What has to outlive the program.
#[derive(Clone, Debug, PartialEq)]
pub enum Keep {
    /// A room, in the place of the former one.
    Room(Box<Room>),
    /// A message, in the place of the former one.
    Message(Box<Message>),
    /// A room and its messages are not wanted any more.
    RoomGone(RoomId),
    /// The messages of a room up to this one are not wanted any more.
    Forgotten(RoomId, i64),
    /// Something waits to be sent; in the place of what waited under the same id.
    Outgoing(Box<Outgoing>),
    /// It does not wait any more.
    Sent(MessageId),
    /// Two devices have told each other something; in the place of what was under the same id.
    Journal(Box<JournalEntry>),
    /// The journal does not hold it any more: the server has it, it goes out anew, or it was given up.
    Journaled(MessageId),
}
