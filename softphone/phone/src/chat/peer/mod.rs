//! Peer to peer: what two devices of a conversation of two tell each other without the server.
//!
//! | state of a conversation | what is written goes |
//! |---|---|
//! | no session, or one that is being made | through the server, at once |
//! | direct | over the channel; it waits in the outbox until the other device has it **on its disk** and says so |
//!
//! The first message of a conversation offers a session to the other side's devices; the first one that answers has it.
//! When both offer at once the offer of the smaller account counts. A session that does not come to be, or that leaves a
//! message without an answer for [`ACK_PATIENCE`], is over, and what waits goes through the server under the same id.
//!
//! **The journal.** What one device has told the other is in the journals of both, signed, until the server has it. Each
//! brings its journal every [`PeerConfig::flush_every`], when the conversation is left and at the end; the server takes a
//! message once, whoever brings it. What goes through the server waits until the journal of its room has been brought: so
//! nobody's messages change their order. What the server refuses stays in the journal, and says why, until its person sends
//! it again, through the server, or throws it away.
//!
//! **Files.** A message with a file is offered like any other, and acknowledged when the file is on the other device's
//! disk and has the SHA-256 that the message names. The receiver says from which byte on it wants it, so the next session
//! goes on where the last one broke. Then both journals have the message, its sender brings the file to the server and
//! after it the message; what comes behind it does not wait. If the sender never does, the receiver brings both.

mod arriving;
mod files;
mod flushing;
mod frames;
mod incoming;
mod journal;
mod keys;
mod refused;
mod session;
mod signals;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use api::AccountId;
use api::room::{FileRef, Flushed, LARGEST_PEER_FILE, MessageId, PeerCandidate, PeerFrame, RoomId};

use super::Attachment;
pub use incoming::{BadPiece, Incoming};
pub use journal::JournalEntry;
pub use keys::DeviceKey;
pub(super) use session::PeerSession;

/// How a device talks to others.
#[derive(Clone, Debug)]
pub struct PeerConfig {
    /// What it signs with.
    pub key: DeviceKey,
    /// Whether it talks to others at all. What its journal holds is brought to the server even if not.
    pub is_on: bool,
    /// How often the journal is brought to the server.
    pub flush_every: Duration,
}

/// How often the journal is brought to the server, if nobody says otherwise.
pub const FLUSH_EVERY: Duration = Duration::from_secs(30);

/// Which way goes what is written in a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// Through the server.
    #[default]
    Server,
    /// From device to device.
    Direct,
}

/// What the owner shall do about a direct connection. Each is known by a number that comes back with what is told of it.
#[derive(Clone, Debug, PartialEq)]
pub enum PeerOrder {
    /// Begin one, and tell its description.
    Call {
        /// The connection.
        link: u64,
    },
    /// Begin one as the other end of this description, and tell its own.
    Take {
        /// The connection.
        link: u64,
        /// The other side's description.
        sdp: String,
    },
    /// The other side has answered.
    Accept {
        /// The connection.
        link: u64,
        /// The other side's description.
        sdp: String,
    },
    /// The other side may be reached there.
    Candidate {
        /// The connection.
        link: u64,
        /// Where.
        candidate: PeerCandidate,
    },
    /// Say something over it.
    Send {
        /// The connection.
        link: u64,
        /// What.
        frame: Box<PeerFrame>,
    },
    /// Send the contents of a file of this computer in pieces, in the place of any other that is being sent there.
    SendFile {
        /// The connection.
        link: u64,
        /// What the pieces are known by.
        transfer: u32,
        /// The file.
        attachment: Box<Attachment>,
        /// Its length.
        bytes: u64,
        /// Where to begin.
        offset: u64,
    },
    /// See what is here of a file, and take the rest of it out of the pieces that come, in the place of any other that is
    /// being taken there. What has come of it stays, whatever happens.
    TakeFile {
        /// The connection.
        link: u64,
        /// What the pieces are known by.
        transfer: u32,
        /// Who sends it. What others have sent is not taken for it.
        from: AccountId,
        /// Which file.
        file: Box<FileRef>,
    },
    /// Neither send nor take this one any more.
    StopFile {
        /// The connection.
        link: u64,
        /// What its pieces are known by.
        transfer: u32,
        /// Whether it is the one that is sent.
        is_ours: bool,
    },
    /// End it. Nothing is told of it any more.
    Drop {
        /// The connection.
        link: u64,
    },
}

/// What is told of a direct connection.
#[derive(Clone, Debug, PartialEq)]
pub enum PeerNews {
    /// Its description, for the other side.
    Described {
        /// The connection.
        link: u64,
        /// The description.
        sdp: String,
    },
    /// This device may be reached there.
    Candidate {
        /// The connection.
        link: u64,
        /// Where.
        candidate: PeerCandidate,
    },
    /// Frames may go.
    Open {
        /// The connection.
        link: u64,
    },
    /// The other side says something.
    Heard {
        /// The connection.
        link: u64,
        /// What.
        frame: Box<PeerFrame>,
    },
    /// So much of the file that is sent there has gone out.
    FileSent {
        /// The connection.
        link: u64,
        /// What its pieces are known by.
        transfer: u32,
        /// Bytes from its beginning.
        bytes: u64,
    },
    /// The file that is to be sent there cannot be read.
    FileNotSent {
        /// The connection.
        link: u64,
        /// What its pieces are known by.
        transfer: u32,
        /// Why, and what to do.
        sentence: String,
    },
    /// So much of the file that is to be taken is here; the rest may come.
    FileReady {
        /// The connection.
        link: u64,
        /// What its pieces are known by.
        transfer: u32,
        /// Bytes that are here.
        offset: u64,
    },
    /// So much of the file that is taken is here.
    FileCame {
        /// The connection.
        link: u64,
        /// What its pieces are known by.
        transfer: u32,
        /// Bytes that are here.
        bytes: u64,
    },
    /// All of the file that is taken is on the disk, with the SHA-256 that it is to have.
    FileTaken {
        /// The connection.
        link: u64,
        /// What its pieces are known by.
        transfer: u32,
        /// Where it is.
        attachment: Box<Attachment>,
    },
    /// The file is not taken.
    FileNotTaken {
        /// The connection.
        link: u64,
        /// What its pieces are known by.
        transfer: u32,
        /// Why.
        why: NotTaken,
    },
    /// It is gone, or never came to be.
    Lost {
        /// The connection.
        link: u64,
    },
}

/// Why a file is not taken from another device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// What came is not what was announced; nothing of it is left.
    Damaged,
    /// There is no room, or the disk does not take it.
    NoRoom,
}

/// A file that is on its way from another device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrivingFile {
    /// Who sends it.
    pub sender: AccountId,
    /// Which file.
    pub file: FileRef,
    /// Bytes that are here.
    pub received: u64,
}

/// What became of bringing messages to the server.
#[derive(Clone, Debug, PartialEq)]
pub enum FlushOutcome {
    /// An answer for each.
    Done(Flushed),
    /// The server could not be asked, or has no time.
    Later,
    /// The server does not want any of them; one sentence says why.
    Refused(String),
}

/// So long a session may take to come to be. On one network it takes a part of a second.
pub(super) const SESSION_PATIENCE: Duration = Duration::from_secs(8);
/// So long a message may wait for its acknowledgement before the channel counts as broken.
pub(super) const ACK_PATIENCE: Duration = Duration::from_secs(3);
/// So long nothing may move of a file: the other device looks first at what it has of it, which takes seconds for gigabytes.
pub(super) const FILE_PATIENCE: Duration = Duration::from_secs(30);
/// So long a file waits for the next session when one has broken. Then it goes through the server.
pub(super) const RESUME_PATIENCE: Duration = Duration::from_secs(45);
/// A file of which nothing moved in so many sessions goes through the server.
pub(super) const FRUITLESS_SESSIONS: u32 = 2;
/// So long whoever has received a file leaves it to its sender to bring it to the server.
pub(super) const BRING_PATIENCE: Duration = Duration::from_secs(600);
/// A session in which nobody says anything for so long is given up.
pub(super) const SESSION_RESTS: Duration = Duration::from_secs(600);
/// After a failure the next session is not tried at once; each failure doubles it.
pub(super) const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// But not beyond this.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(320);
/// A journal that the server does not take for so long has an end: what comes then goes through the server.
pub(super) const JOURNAL_LIMIT: usize = 5_000;

/// All that a chat knows of its peers, beside the journal, which stands with the conversations.
#[derive(Debug)]
pub(super) struct Peers {
    pub(super) key: Option<DeviceKey>,
    pub(super) is_on: bool,
    pub(super) flush_every: Duration,
    pub(super) sessions: BTreeMap<RoomId, PeerSession>,
    /// When the next session may be tried, and how often in a row there was none.
    pub(super) resting: BTreeMap<RoomId, (Instant, u32)>,
    /// With whom nothing is talked about.
    pub(super) blocked: BTreeSet<AccountId>,
    /// When a room's journal is brought.
    pub(super) flush_at: BTreeMap<RoomId, Instant>,
    /// Rooms in which something was said, and of which nothing may be known yet: a session is sought there.
    pub(super) wanted: BTreeSet<RoomId>,
    /// Rooms in which something waits for the journal to be brought.
    pub(super) held: BTreeSet<RoomId>,
    /// Rooms whose journal is being brought.
    pub(super) flushing: BTreeSet<RoomId>,
    /// The largest file that the server takes, in bytes.
    pub(super) largest_file: u64,
    /// Rooms in which a file waits for the next session, and until when.
    pub(super) pass_until: BTreeMap<RoomId, Instant>,
    /// In how many sessions nothing has moved of a file.
    pub(super) fruitless: BTreeMap<MessageId, u32>,
    /// Journalled messages whose files this device brings to the server.
    pub(super) bringing: BTreeSet<MessageId>,
    /// Journalled messages whose files the server has not, or that it is to tell of, until the next flush.
    pub(super) missing: BTreeSet<MessageId>,
    /// Since when the server has said so.
    pub(super) missing_since: BTreeMap<MessageId, Instant>,
    last_link: u64,
    seed: u64,
}

impl Peers {
    pub(super) fn new(config: Option<PeerConfig>, seed: u64) -> Self {
        let flush_every = config.as_ref().map(|config| config.flush_every);
        Self {
            is_on: config.as_ref().is_some_and(|config| config.is_on),
            key: config.map(|config| config.key),
            flush_every: flush_every.unwrap_or(FLUSH_EVERY),
            sessions: BTreeMap::new(),
            resting: BTreeMap::new(),
            blocked: BTreeSet::new(),
            flush_at: BTreeMap::new(),
            wanted: BTreeSet::new(),
            held: BTreeSet::new(),
            flushing: BTreeSet::new(),
            largest_file: LARGEST_PEER_FILE,
            pass_until: BTreeMap::new(),
            fruitless: BTreeMap::new(),
            bringing: BTreeSet::new(),
            missing: BTreeSet::new(),
            missing_since: BTreeMap::new(),
            last_link: 0,
            seed,
        }
    }

    /// When something is due, whatever the connection to the server does.
    pub(super) fn due(&self) -> Option<Instant> {
        self.sessions.values().map(PeerSession::due).min()
    }

    fn next_link(&mut self) -> u64 {
        self.last_link += 1;
        self.last_link
    }

    /// What a new session is known by on both sides.
    fn next_name(&self) -> String {
        // Steele, Lea and Flood's SplitMix64: any two attempts of any two devices have different names. Nothing is
        // secret about it, for the server lets signals through between the two alone.
        let mut mixed = self
            .seed
            .wrapping_add(self.last_link.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        format!("{:016x}", mixed ^ (mixed >> 31))
    }

    fn room_of(&self, link: u64) -> Option<RoomId> {
        let mut sessions = self.sessions.iter();
        let found = sessions.find(|(_, session)| session.link == link)?;
        Some(found.0.clone())
    }
}
