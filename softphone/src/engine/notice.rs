//! What the engine tells.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use api::room::{Message, MessageId};
use api::{AccountId, Contact, PresenceView};
use bytes::Bytes;
use phone::chat::{ChatEvent, Way};
use phone::{CallNumber, Digit, Encryption, EndReason, Hold, TransferProgress};
use sip_tokio::Fingerprint;

use super::{ErrandId, Problem, SipTransport};
use crate::web::{Refused, Reply};

/// Who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSummary {
    /// What the account is known by for ever.
    pub id: AccountId,
    /// The account's name, as typed at sign-in.
    pub name: String,
    /// The name that others see.
    pub display_name: String,
    /// The account's number, when it has one.
    pub number: Option<String>,
    /// Whether it is a guest, whose number is lent.
    pub is_guest: bool,
    /// How its messages reach the server.
    pub transport: SipTransport,
}

/// Where sign-in and registration stand.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Registration {
    /// Nobody is signed in.
    SignedOut,
    /// The password is being checked.
    SigningIn,
    /// The password was right; the device is being registered.
    Registering(AccountSummary),
    /// Calls can be made and received.
    Registered(AccountSummary),
    /// The server was lost; the phone tries again by itself.
    Retrying {
        /// Who is signed in.
        account: AccountSummary,
        /// When it tries again, counted from now.
        after: Duration,
        /// Why it has to.
        problem: Problem,
    },
    /// The device is being unregistered.
    SigningOut,
    /// Sign-in failed and is not tried again.
    Failed(Problem),
}

impl Registration {
    /// The state in words, for the window's status line.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::SignedOut => "Signed out".into(),
            Self::SigningIn => "Signing in…".into(),
            Self::Registering(_) => "Connecting…".into(),
            Self::Registered(account) => {
                let transport = account.transport.name();
                match &account.number {
                    Some(number) => format!("Ready for calls on {number} over {transport}"),
                    None => format!("Ready for calls over {transport}"),
                }
            }
            Self::Retrying { after, problem, .. } => {
                format!(
                    "{} Trying again in {} s.",
                    problem.sentence,
                    after.as_secs().max(1)
                )
            }
            Self::SigningOut => "Signing out…".into(),
            Self::Failed(problem) => problem.sentence.clone(),
        }
    }

    /// Whether calls can be made and received now.
    #[must_use]
    pub fn is_registered(&self) -> bool {
        matches!(self, Self::Registered(_))
    }
}

/// What an ended call measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CallStatistics {
    /// How long the call was connected, in seconds.
    pub seconds: f64,
    /// RTP packets sent.
    pub sent: u64,
    /// RTP packets received.
    pub received: u64,
    /// RTP packets that never arrived.
    pub lost: u64,
    /// Interarrival jitter in milliseconds (RFC 3550 section 6.4.1).
    pub jitter_millis: f64,
    /// Estimated mean opinion score, 1.0 to 4.5; 0.0 when nothing was heard.
    pub mos: f64,
}

/// What the engine tells.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Notice {
    /// Sign-in or registration moved.
    Registration(Registration),
    /// A call that we asked for has begun; nothing has rung yet.
    Calling {
        /// Its number.
        call: CallNumber,
        /// What was dialled.
        target: String,
    },
    /// Somebody calls us.
    Incoming {
        /// Its number.
        call: CallNumber,
        /// The caller's number or address.
        from: String,
        /// The name that the caller goes by, when the server sent one.
        display_name: Option<String>,
    },
    /// It rings at the other side.
    Ringing {
        /// Which call.
        call: CallNumber,
    },
    /// The call is connected and audio flows.
    Answered {
        /// Which call.
        call: CallNumber,
        /// The codec's name, such as `opus`.
        codec: String,
        /// Who can listen in.
        encryption: Encryption,
    },
    /// The other side has changed in the middle of the call, and with it who can listen in.
    EncryptionChanged {
        /// Which call.
        call: CallNumber,
        /// Who can listen in from now on.
        encryption: Encryption,
    },
    /// Somebody has put the call on hold, or goes on with it.
    Held {
        /// Which call.
        call: CallNumber,
        /// Who has it on hold now.
        hold: Hold,
    },
    /// The other side has pressed a key.
    Digit {
        /// Which call.
        call: CallNumber,
        /// The key.
        digit: Digit,
    },
    /// How handing the call over goes.
    Transfer {
        /// The call that is handed over.
        call: CallNumber,
        /// How it goes.
        progress: TransferProgress,
    },
    /// The number that was called has moved; the call rings at the new one.
    Redirected {
        /// Which call.
        call: CallNumber,
        /// The new number.
        to: String,
    },
    /// The way to the server was lost in the middle of a call, or is there again. Sound may flow meanwhile.
    Reconnecting {
        /// Which call.
        call: CallNumber,
        /// `true` while it is lost.
        on: bool,
    },
    /// Our microphone was muted or opened.
    Muted {
        /// Which call.
        call: CallNumber,
        /// `true` when nothing of ours is heard.
        on: bool,
    },
    /// Loudness, about ten times a second while a call is connected. The only notice that may be dropped.
    Level {
        /// Which call.
        call: CallNumber,
        /// What the microphone picks up, in dB relative to full scale; -127 is silence.
        spoken_dbfs: f32,
        /// What the other side sends, in dB relative to full scale; -127 is silence.
        heard_dbfs: f32,
    },
    /// The first sample was captured.
    AudioIn {
        /// The device's name or the file's path.
        device: String,
        /// When that was.
        at: SystemTime,
    },
    /// The first sample was played.
    AudioOut {
        /// The device's name or the file's path.
        device: String,
        /// When that was.
        at: SystemTime,
    },
    /// The call is over. Comes exactly once per call.
    Ended {
        /// Which call.
        call: CallNumber,
        /// Why.
        reason: EndReason,
        /// The same in one sentence.
        sentence: String,
        /// What it measured; zeros when the call was never answered.
        statistics: CallStatistics,
    },
    /// Our number is another one from now on. Calls that are going on go on.
    NumberChanged {
        /// The one before.
        old: Option<String>,
        /// The one from now on.
        new: Option<String>,
    },
    /// Who is signed in goes by another name, or is no guest any more.
    AccountChanged(AccountSummary),
    /// The contacts: as they were kept at first, then whenever they change.
    Contacts(Vec<Contact>),
    /// How people are: all whom we may see, each time when listening begins anew, and then one when it changes.
    Presences(Vec<PresenceView>),
    /// The server itself has a word for this phone, such as where a call was parked.
    Told {
        /// What is dialled for what it is about, such as a slot.
        from: String,
        /// The word.
        text: String,
    },
    /// Something about conversations.
    Chat(Box<ChatEvent>),
    /// What `Command::Search` has found, the latest first.
    Found {
        /// The command's.
        tag: u64,
        /// The messages.
        messages: Vec<Message>,
    },
    /// So much of the file of one's own message is on the server, or has gone to the other person's device. May be
    /// dropped.
    Sending {
        /// The message.
        id: MessageId,
        /// Bytes that are there.
        sent: u64,
        /// Bytes in all.
        bytes: u64,
        /// Where they go.
        way: Way,
    },
    /// So much of a file has come. May be dropped.
    Fetching {
        /// The file's id at the server.
        file: String,
        /// Bytes that are here.
        fetched: u64,
        /// Bytes in all.
        bytes: u64,
    },
    /// A picture that a message sends, made small.
    Picture {
        /// The file's id at the server.
        file: String,
        /// JPEG.
        jpeg: Bytes,
    },
    /// A file is here, whole and as it was sent.
    Fetched {
        /// The file's id at the server.
        file: String,
        /// Where.
        path: PathBuf,
    },
    /// A file was not fetched; what has come of it stays, and the next try goes on there.
    NotFetched {
        /// The file's id at the server.
        file: String,
        /// Why.
        problem: Problem,
    },
    /// Messages that callers left: how many are there, each time when that changes.
    Voicemail {
        /// Not heard yet.
        new: u32,
        /// Heard.
        old: u32,
    },
    /// So much of a recording has been played.
    Playing {
        /// As in `Command::Play`.
        item: i64,
        /// From its beginning.
        seconds: f64,
    },
    /// A recording is played no more: it is over, was stopped, or could not be played.
    Played {
        /// As in `Command::Play`.
        item: i64,
    },
    /// So much has been recorded.
    Recording {
        /// From the beginning.
        seconds: f64,
        /// How loud the last of it was, in dB relative to full scale.
        level_dbfs: f32,
    },
    /// What was recorded.
    Recorded {
        /// Ogg Opus.
        recording: Bytes,
        /// Its length.
        seconds: f64,
        /// How loud it is, from 0 to 255, in up to 200 steps of equal length.
        waveform: Vec<u8>,
    },
    /// What came of `Command::Ask` or `Command::Enquire`.
    Reply {
        /// Which one it was.
        id: ErrandId,
        /// What came of it.
        outcome: Result<Reply, Refused>,
    },
    /// Nobody vouches for a server's certificate; `Registration::Failed` follows. A person may compare the fingerprint
    /// and say `Command::Trust`.
    UnknownCertificate {
        /// The server: scheme, host and port.
        server: String,
        /// What it showed.
        fingerprint: Fingerprint,
    },
    /// Something went wrong that is not the end of a call.
    Error(Problem),
    /// The engine has stopped; nothing comes after this.
    Stopped,
}
