//! What the engine can be told to do, and how it is set up.

use std::path::PathBuf;

use api::room::{FileRef, MessageId, RoomId};
use bytes::Bytes;
use phone::chat::{Whom, Wish};
use phone::{CallNumber, Digit};
use sip_tokio::Fingerprint;

use super::{Instance, PeerToPeer};
use crate::keep::Keep;
use crate::web::{Enquiry, Errand, NewAccount};

/// The password of an account. Never printed, never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// The password itself, for the one place that sends it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Password(hidden)")
    }
}

/// The transport that carries SIP between this softphone and the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SipTransport {
    /// One datagram a message.
    Udp,
    /// One connection for everything.
    Tcp,
    /// One connection, encrypted, to a server that shows the certificate that it named at sign-in.
    Tls,
}

impl SipTransport {
    /// The name for people: `UDP`, `TCP` or `TLS`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
        }
    }
}

/// How the engine is set up. Everything has a default that suits the window.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Where speech comes from: a WAV file's path, `tone`, `silence`, `device` (the system's default) or `device:NAME`.
    pub audio_in: String,
    /// Where speech goes: a WAV file's path, `null`, `device` (the system's default) or `device:NAME`.
    pub audio_out: String,
    /// Forces a SIP transport; `None` takes TLS where the server offers it, else UDP, else TCP.
    pub sip_transport: Option<SipTransport>,
    /// The codecs to speak, the best first; never empty.
    pub codecs: Vec<sdp::Codec>,
    /// Whether sound is encrypted where signalling is.
    pub encrypts_sound: bool,
    /// Whether somebody who calls during a call rings too; otherwise the line is busy.
    pub call_waiting: bool,
    /// Lets the password travel over plain HTTP to a host that is not this computer.
    pub allow_plain: bool,
    /// The name of this device in the account's list of devices.
    pub device_label: String,
    /// What is kept between runs; the window's own place, or nothing.
    pub keep: Keep,
    /// Whether conversations that are kept are sealed, with a key out of the desktop's key ring, where there is one.
    pub uses_key_ring: bool,
    /// How this device talks to others without the server.
    pub peer_to_peer: PeerToPeer,
    /// The one certificate that any server must show over HTTPS, besides what is kept and what a link says.
    pub trusted: Option<Fingerprint>,
    /// The URN that stands for this installation at the server (RFC 5626 section 4.1).
    pub instance: Instance,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            audio_in: "device".into(),
            audio_out: "device".into(),
            sip_transport: None,
            codecs: sdp::Codec::ALL.to_vec(),
            encrypts_sound: true,
            call_waiting: true,
            allow_plain: false,
            device_label: "softphone".into(),
            keep: Keep::nowhere(),
            uses_key_ring: false,
            peer_to_peer: PeerToPeer::default(),
            trusted: None,
            instance: Instance::new(),
        }
    }
}

/// What a call is handed over to so that it waits in a slot, from where anybody takes it.
pub const PARK: &str = "*68";

/// A file that somebody sends.
#[derive(Clone, Debug, PartialEq)]
pub struct OutgoingFile {
    /// Where, or to whom.
    pub whom: Whom,
    /// Made once for the message, best a UUID.
    pub id: MessageId,
    /// Where it is.
    pub path: PathBuf,
    /// What is said about it; empty for nothing.
    pub caption: String,
}

/// Something spoken that somebody sends.
#[derive(Clone, PartialEq)]
pub struct OutgoingNote {
    /// Where, or to whom.
    pub whom: Whom,
    /// Made once for the message, best a UUID.
    pub id: MessageId,
    /// Ogg Opus.
    pub recording: Bytes,
    /// Its length in seconds.
    pub seconds: f64,
    /// How loud it is, from 0 to 255, in up to 200 steps of equal length.
    pub waveform: Vec<u8>,
}

impl std::fmt::Debug for OutgoingNote {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("OutgoingNote")
            .field("id", &self.id)
            .field("seconds", &self.seconds)
            .finish_non_exhaustive()
    }
}

/// Tells the errands apart that one owner of the engine gives; any number but zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrandId(pub u64);

/// What the engine can be told to do.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Command {
    /// Log in over HTTP and register. Ends with `Registration::Registered` or `Registration::Failed`.
    SignIn {
        /// The server's web address, such as `http://127.0.0.1:8080` or `https://host:8443/#sha256=…`.
        server: String,
        /// The account's name.
        name: String,
        /// The account's password.
        password: Password,
    },
    /// Get a number without an account, and register. Ends like `SignIn`.
    SignInAsGuest {
        /// The server's web address.
        server: String,
        /// What others shall see.
        display_name: Option<String>,
    },
    /// Make an account and register as it. Ends like `SignIn`.
    SignUp {
        /// The server's web address.
        server: String,
        /// The account that is wanted.
        account: NewAccount,
    },
    /// Go on with the sign-in that is kept. Ends like `SignIn`.
    Resume,
    /// Have the server do something for whoever is signed in. Ends with `Notice::Reply`.
    Ask {
        /// Comes back with the reply.
        id: ErrandId,
        /// What is wanted.
        errand: Errand,
    },
    /// Ask a server to which nobody has to be signed in. Ends with `Notice::Reply`.
    Enquire {
        /// Comes back with the reply.
        id: ErrandId,
        /// The server's web address.
        server: String,
        /// What is asked.
        enquiry: Enquiry,
    },
    /// Believe a server that shows this certificate, from now on: a person has compared the fingerprint and said so.
    Trust {
        /// The server, as in `Notice::UnknownCertificate`.
        server: String,
        /// The certificate that it showed.
        fingerprint: Fingerprint,
    },
    /// Hang up, unregister, end the sign-in at the server and forget it. Ends with `Registration::SignedOut`.
    SignOut,
    /// Call a number or a SIP address. The first notice of the new call is `Calling` with its call number.
    Call {
        /// A number, or a SIP address such as `sip:200@example.org`.
        target: String,
    },
    /// Answer an incoming call.
    Answer {
        /// Which call.
        call: CallNumber,
    },
    /// Decline an incoming call.
    Decline {
        /// Which call.
        call: CallNumber,
    },
    /// End a call, whatever state it is in.
    HangUp {
        /// Which call.
        call: CallNumber,
    },
    /// Stop or resume sending what the microphone hears.
    Mute {
        /// Which call.
        call: CallNumber,
        /// `true` to send silence.
        on: bool,
    },
    /// Put an answered call on hold, or go on with it; then all others are put on hold.
    Hold {
        /// Which call.
        call: CallNumber,
        /// `true` to put it on hold.
        on: bool,
    },
    /// Press a key in an answered call.
    Press {
        /// Which call.
        call: CallNumber,
        /// The key.
        digit: Digit,
    },
    /// Hand an answered call over to somebody without asking there first.
    Transfer {
        /// Which call.
        call: CallNumber,
        /// A number, a name or a SIP address.
        target: String,
    },
    /// Join the other sides of two answered calls, and leave both.
    TransferToCall {
        /// The call that is handed over.
        call: CallNumber,
        /// The call with whoever takes it.
        consulted: CallNumber,
    },
    /// Something is wanted of conversations. What comes of it are `Notice::Chat`s.
    Chat(Box<Wish>),
    /// Send a file of this computer. It stays where it is, and has to stay until it is sent. What comes of it are
    /// `Notice::Chat`s and `Notice::Sending`s.
    SendFile(Box<OutgoingFile>),
    /// Send something spoken. What comes of it are `Notice::Chat`s and `Notice::Sending`s.
    SendNote(Box<OutgoingNote>),
    /// Play a voice note through the speaker while it comes, in the place of what is played or recorded now. Ends with
    /// `Notice::Played`.
    PlayFile {
        /// Comes back with the notices.
        item: i64,
        /// Ogg Opus.
        file: Box<FileRef>,
    },
    /// Fetch a file that a message sends, into a folder. Goes on where an earlier try broke off. Ends with
    /// `Notice::Fetched` or `Notice::NotFetched`.
    Fetch {
        /// Which.
        file: Box<FileRef>,
        /// Where to.
        folder: PathBuf,
    },
    /// Show a picture that a message sends, made small. Ends with `Notice::Picture`, if the server has one of it.
    Picture {
        /// The file's id at the server.
        file: String,
    },
    /// Do not fetch it after all. What has come of it stays.
    StopFetching {
        /// The file's id at the server.
        file: String,
    },
    /// Whether conversations of two may go from device to device from now on.
    TalkDirectly(bool),
    /// Find messages that say these words, among those that this computer keeps. Ends with `Notice::Found`.
    Search {
        /// Comes back with the answer.
        tag: u64,
        /// The words.
        words: String,
        /// Where; everywhere without it.
        room: Option<RoomId>,
    },
    /// Play a recording through the speaker, in the place of what is played or recorded now. Ends with `Notice::Played`.
    Play {
        /// Comes back with the notices.
        item: i64,
        /// Ogg Opus.
        recording: Bytes,
    },
    /// Record from the microphone, in the place of what is played or recorded now. Ends with `Notice::Recorded`.
    Record,
    /// Play or record no more.
    StopSound,
    /// Change the audio devices; a call that is running keeps its own until it ends.
    UseDevices {
        /// As [`EngineConfig::audio_in`].
        audio_in: String,
        /// As [`EngineConfig::audio_out`].
        audio_out: String,
    },
    /// Hang up, unregister and stop the engine. Ends with `Notice::Stopped`.
    Stop,
}
