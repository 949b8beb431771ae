//! What goes into the switch.

use std::net::IpAddr;

use bytes::Bytes;
use sip::{Flow, Text};

use crate::{
    AccountId, Answer, AskId, CallId, CompletionId, DeviceId, Outgoing, Party, Side, StoredBinding,
    StoredCall,
};

/// Everything that the world can tell a [`Switch`](crate::Switch).
#[derive(Clone, Debug)]
pub enum Input {
    /// A SIP message came in.
    Receive {
        /// Where it came from.
        flow: Flow,
        /// The datagram, or one framed message of a stream.
        payload: Bytes,
    },
    /// A stream connection broke, or could not be opened.
    FlowFailed {
        /// The connection.
        flow: Flow,
    },
    /// The instant of [`Switch::poll_timeout`](crate::Switch::poll_timeout) has come.
    Timeout,
    /// A question is answered.
    Answer {
        /// The question.
        ask: AskId,
        /// The answer.
        answer: Answer,
    },
    /// The operator ends a call.
    HangUpCall {
        /// The call.
        call: CallId,
    },
    /// A credential was revoked: its registrations are dropped, and its subscriptions end. Calls go on.
    ForgetLogin {
        /// The device's digest user name.
        login: Text,
    },
    /// Brings registrations back that were kept from before a restart. Those that cannot come back are named in
    /// [`Event::DeviceUnregistered`](crate::Event::DeviceUnregistered); nothing is said about the others.
    Restore {
        /// What was kept, with the life that is left.
        bindings: Vec<StoredBinding>,
    },
    /// Brings answered calls back that were kept from before a restart; after [`Input::Restore`], so that phones whose
    /// connections are gone are known again when they register. The relay has their ports open already. Calls that
    /// cannot be read end with [`Event::CallEnded`](crate::Event::CallEnded); nothing is said about the others.
    RestoreCalls {
        /// What was kept.
        calls: Vec<StoredCall>,
        /// Whether nobody was there for so long that phones may have given their calls up: each is asked with a refresh,
        /// within seconds.
        are_doubtful: bool,
    },
    /// Nothing has come for long from the phone of one side of an answered call, or of both. One may be silent for good
    /// reasons, or gone without a word: it is asked with a refresh, and the call ends if it does not answer. If both should
    /// speak to each other and neither does, the call ends. Who is on hold or only listens is silent by agreement. Once for
    /// each silence is enough.
    MediaSilent {
        /// The call.
        call: CallId,
        /// The side that is silent; `None`: both.
        side: Option<Side>,
    },
    /// What [`Event::MediaPlays`](crate::Event::MediaPlays) has ordered was heard to its end, or cannot be played.
    MediaPlayed {
        /// The call.
        call: CallId,
        /// The number of the order.
        play: u32,
    },
    /// The recording that [`Event::MediaRecords`](crate::Event::MediaRecords) has ordered has ended by itself, or was ended, and
    /// is stored or dropped.
    MediaRecorded {
        /// The call.
        call: CallId,
        /// Whether there is something of it to be heard.
        is_kept: bool,
    },
    /// The phone in a call with the server itself has pressed a key, in its audio (RFC 4733).
    MediaPressed {
        /// The call.
        call: CallId,
        /// One of `0` to `9`, `*`, `#`, `A` to `D`.
        digit: char,
    },
    /// Somebody wants to be called back as soon as a callee is free, and then to call it.
    RequestCompletion {
        /// Comes back in [`Event::CompletionDecided`](crate::Event::CompletionDecided).
        ticket: u64,
        /// Who wants it.
        caller: Party,
        /// The number or name; `None` for the one that this caller has called last in vain.
        dialled: Option<Text>,
    },
    /// Somebody does not want to be called back any more.
    CancelCompletion {
        /// Who.
        caller: AccountId,
        /// Only about this wish.
        only: Option<CompletionId>,
    },
    /// What an account tells about itself, who may see it, or whom it knows is something else now: whoever is watched is asked
    /// about again.
    PresenceChanged {
        /// Which account; `None` if it may be any.
        account: Option<AccountId>,
    },
    /// There are more or fewer messages for an account: its lamps are told.
    MessagesChanged {
        /// Whose they are.
        account: AccountId,
    },
    /// A phone of this server is to get something out of a conversation. [`Event::LetterEnded`](crate::Event::LetterEnded)
    /// says what became of it, always.
    SendLetter {
        /// Comes back with the event.
        ticket: u64,
        /// Who has said it.
        from: Party,
        /// Whose phone it is.
        to: Party,
        /// The phone.
        device: DeviceId,
        /// What it is to get.
        letter: Box<Outgoing>,
    },
    /// The operator ends a ban.
    ReleaseSource {
        /// The address, or any one in the same IPv6 /64.
        source: IpAddr,
    },
    /// The server stops: every call is hung up, new ones are refused with 503. [`Event::Drained`](crate::Event::Drained)
    /// says when all has ended.
    Drain,
}
