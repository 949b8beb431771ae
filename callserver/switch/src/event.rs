//! What comes out of the switch.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use sip::{Flow, StatusCode, Text};

use crate::{
    AccountId, AskId, BindingId, CallId, Completion, CompletionId, DeviceId, Facts, House,
    MediaPlan, MessageId, NotCompleted, Party, Question, Recording, Side, Sound, StoredBinding,
    StoredCall,
};

/// Everything that a [`Switch`](crate::Switch) tells the world, besides the SIP messages that it sends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// Please answer.
    Ask {
        /// To be given back with the answer.
        ask: AskId,
        /// The question.
        question: Question,
    },
    /// A device registered or refreshed its registration.
    DeviceRegistered {
        /// Who and where, and everything that it takes to bring it back after a restart.
        binding: Box<StoredBinding>,
        /// Whether it was registered already.
        is_refresh: bool,
        /// Whether its owner has its number for a while only.
        is_guest: bool,
    },
    /// A registration ended.
    DeviceUnregistered {
        /// The registration that is no more.
        binding: BindingId,
        /// The owner.
        account: AccountId,
        /// The device.
        device: DeviceId,
        /// Its digest user name.
        login: Text,
        /// The contact URI.
        contact: Text,
        /// Why.
        why: Unregistration,
    },
    /// The relay learns where a phone said that it sends and receives. Comes again whenever that changes; the last one holds.
    MediaExpected {
        /// The call.
        call: CallId,
        /// The side whose phone this is.
        side: Side,
        /// The phone's RTP address, as its session description says; behind NAT it may be wrong.
        remote: SocketAddr,
        /// The address that the phone's SIP messages come from at present. Audio may be trusted from `remote`, or from a port
        /// of this address; never from anywhere else.
        signalled_from: IpAddr,
        /// Whether the phone calls itself by an address that its messages do not come from: then `remote` is likely to be
        /// wrong, and its audio comes from another port of `signalled_from`.
        is_behind_nat: bool,
    },
    /// What is to be done with the audio of a call: just before [`Event::CallAnswered`], and whenever it changes. Comes earlier
    /// if the phones agree earlier, in early media. Until it comes, and in a call of codecs that are not known here, packets
    /// are passed on as they are.
    MediaPlan {
        /// The call.
        call: CallId,
        /// Both legs.
        plan: Box<MediaPlan>,
    },
    /// With [`Config::sounds_digits`](crate::Config::sounds_digits): a phone has dialled a digit in INFO, and the phone on the other side knows digits only as telephone events (RFC 4733):
    /// it is to get them in its audio.
    MediaDigit {
        /// The call.
        call: CallId,
        /// The side that is to get it.
        to: Side,
        /// One of `0` to `9`, `*`, `#`, `A` to `D`.
        digit: char,
        /// How long it sounds, in ms; 40 to 5000.
        millis: u32,
    },
    /// A phone whose other side is the server is to hear this, in place of what it hears at present. Say when it is over, with
    /// [`Input::MediaPlayed`](crate::Input::MediaPlayed).
    MediaPlays {
        /// The call.
        call: CallId,
        /// The side of the phone.
        to: Side,
        /// The number of this order in this call.
        play: u32,
        /// What it is.
        sound: Sound,
    },
    /// What such a phone says is to be recorded, until it is as long as it may be, until it was silent for so long, until
    /// [`Event::MediaStopsRecording`] or the end of the call. Say when it is stored, with
    /// [`Input::MediaRecorded`](crate::Input::MediaRecorded).
    MediaRecords {
        /// The call.
        call: CallId,
        /// The side of the phone.
        of: Side,
        /// What it is.
        recording: Recording,
        /// How long it may be.
        longest: Duration,
        /// After so much silence it ends.
        silence: Duration,
    },
    /// The recording ends now.
    MediaStopsRecording {
        /// The call.
        call: CallId,
    },
    /// Somebody has heard a message.
    MessageHeard {
        /// Whose it is.
        account: AccountId,
        /// Which one.
        message: MessageId,
    },
    /// Somebody wants a message to be gone.
    MessageRemoved {
        /// Whose it is.
        account: AccountId,
        /// Which one.
        message: MessageId,
    },
    /// Callers of somebody are to hear the server's own greeting again.
    GreetingRemoved {
        /// Whose greeting it was.
        account: AccountId,
    },
    /// The relay can give back the ports of this call. Comes exactly once for each call whose ports were answered.
    MediaClosed {
        /// The call.
        call: CallId,
    },
    /// A known account calls a known account.
    CallStarted {
        /// The call.
        call: CallId,
        /// Who calls.
        caller: Party,
        /// Who is called.
        callee: Party,
        /// The number or name that the caller dialled.
        dialled: Text,
        /// Whether another server has passed it on, for one phone that is registered here: it has the call in its own
        /// books.
        is_visit: bool,
        /// The Call-ID of the caller's INVITE.
        call_id: Text,
        /// Whether the caller does not want the callee to learn who calls.
        is_anonymous: bool,
    },
    /// Somebody calls for help. Comes just before [`Event::CallStarted`]; log it loudly.
    EmergencyCall {
        /// The call.
        call: CallId,
        /// Who calls.
        caller: Party,
        /// What was dialled.
        dialled: Text,
    },
    /// The first phone of the callee rings.
    CallRinging {
        /// The call.
        call: CallId,
    },
    /// A phone of the callee was picked up.
    CallAnswered {
        /// The call.
        call: CallId,
    },
    /// The server itself has answered, and is the other side from now on. Comes in place of [`Event::CallAnswered`]: nobody
    /// speaks to the caller.
    CallHosted {
        /// The call.
        call: CallId,
        /// What it does there.
        house: House,
    },
    /// Somebody has called a person who does not want to hear from them, and heard that this one is busy. Nobody but
    /// administrators may learn of it.
    CallBlocked {
        /// Who called.
        caller: Party,
        /// Who was called.
        callee: Party,
        /// What the caller dialled.
        dialled: Text,
        /// Whether the callee was not to learn who calls.
        is_anonymous: bool,
    },
    /// What became of [`Input::SendLetter`](crate::Input::SendLetter).
    LetterEnded {
        /// As it was given there.
        ticket: u64,
        /// What became of it.
        end: LetterEnd,
    },
    /// Whether a caller will be called back that asked for it with
    /// [`Input::RequestCompletion`](crate::Input::RequestCompletion).
    CompletionDecided {
        /// As it was given there.
        ticket: u64,
        /// The wish, or why not.
        result: Result<Completion, NotCompleted>,
    },
    /// The phones of somebody who wanted to be called back ring no more.
    CallBackEnded {
        /// The wish.
        completion: CompletionId,
        /// The call that begins, if one was picked up.
        call: Option<CallId>,
    },
    /// The callee has the call go on to somebody else, whose phones ring now or who sends it on in turn. Nobody has answered.
    CallForwarded {
        /// The call.
        call: CallId,
        /// Whom it is for now.
        to: Party,
    },
    /// A group was called, and this member of it picks up. Comes just before [`Event::CallAnswered`].
    CallTaken {
        /// The call.
        call: CallId,
        /// The member.
        by: Party,
    },
    /// One side handed its part of an answered call over; the other side goes on with somebody else. Or the callee's phone has
    /// sent the caller on to somebody, who picks up: then it comes just before [`Event::CallAnswered`].
    CallTransferred {
        /// The call.
        call: CallId,
        /// The side that changed.
        side: Side,
        /// Who is there now.
        to: Party,
    },
    /// The call is over. Comes exactly once for each [`Event::CallStarted`].
    CallEnded {
        /// The call.
        call: CallId,
        /// Why.
        cause: CallEnd,
        /// Which side ended it; `None` if it was the server.
        hung_up_by: Option<Side>,
    },
    /// An answered call is another one than before: it was just answered, a phone has moved, something new was agreed on. Comes
    /// only where [`Config::keeps_calls`](crate::Config::keeps_calls) says so.
    CallChanged {
        /// The call.
        call: CallId,
        /// What to keep of it, in place of what was kept before; `None` when it is over.
        kept: Option<Box<StoredCall>>,
    },
    /// An account has come or gone, has begun or ceased to speak to somebody, or a phone has published something else.
    PresenceChanged {
        /// Which account.
        account: AccountId,
        /// What is known of it now.
        facts: Box<Facts>,
    },
    /// A request failed the digest check.
    AuthenticationFailed {
        /// Where it came from.
        flow: Flow,
        /// The login that it claimed.
        login: Text,
        /// What was wrong.
        why: AuthenticationFailure,
    },
    /// Nothing from this source is read any more: too many failures, or it behaves like a scanner.
    SourceBanned {
        /// The address; of an IPv6 source the /64 that it stands in, since one machine has all of that.
        source: IpAddr,
        /// For how long, in seconds.
        for_seconds: u32,
        /// Why.
        why: BanReason,
    },
    /// A ban is over.
    SourceReleased {
        /// As in [`Event::SourceBanned`].
        source: IpAddr,
    },
    /// A request of a known scanner was dropped without an answer. Count it.
    ScannerIgnored {
        /// Where it came from; the address is not proved.
        flow: Flow,
        /// The signature that gave it away.
        signature: Text,
    },
    /// A message could not be understood. Count it, do not answer it.
    BadMessage {
        /// Where it came from.
        flow: Flow,
        /// A word for the kind, of a short list, for counting.
        kind: &'static str,
        /// One sentence for the log.
        why: Text,
    },
    /// After [`Input::Drain`](crate::Input::Drain): no call is left and nothing waits to be sent again.
    Drained,
}

/// Why a registration ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unregistration {
    /// The phone asked for it.
    ByPhone,
    /// It was not refreshed in time.
    Expired,
    /// Its connection broke.
    FlowFailed,
    /// Its credential was revoked.
    Revoked,
    /// The same phone registered another contact.
    Replaced,
    /// The phone did not react to a call at all.
    Unreachable,
    /// It was given to [`Input::Restore`](crate::Input::Restore), but its phone cannot be reached any more: its connection
    /// is gone, or it cannot be read.
    NotRestored,
}

/// Why a source was banned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BanReason {
    /// Too many wrong secrets or unknown logins in a short time.
    Failures,
    /// It tried many different logins that nobody has.
    UnknownLogins,
    /// It called or registered many different names without ever proving who it is.
    Scanning,
}

/// Why a call ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallEnd {
    /// One side hung up an answered call.
    HungUp,
    /// The caller gave up before anybody answered.
    Cancelled,
    /// The callee's phones said busy.
    Busy,
    /// The callee declined.
    Declined,
    /// Nobody picked up in time.
    NoAnswer,
    /// Nobody has answered, and the caller came to the voicemail; whether a message was left or not.
    Voicemail,
    /// The callee had it sent on to somebody else.
    Forwarded,
    /// The callee has no phone that can be reached.
    Unreachable,
    /// The callee's phones refused with this code.
    Refused(StatusCode),
    /// The connection to the side in `hung_up_by` broke, or its phone stopped answering.
    Lost,
    /// Both phones should have spoken, and no audio came from either for too long.
    Silent,
    /// The relay had no ports, or somebody's session description was of no use.
    NoMedia,
    /// Its other end has gone over into another call, to which it was handed over.
    Transferred,
    /// The operator ended it.
    ByOperator,
    /// The server stopped.
    ServerStopped,
}

/// What was wrong with a digest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AuthenticationFailure {
    /// Nobody has this login.
    UnknownLogin,
    /// The response is not that of the right secret.
    WrongSecret,
    /// The same nonce count was used before.
    Replayed,
    /// The credentials cannot be read, or use an algorithm that was not offered.
    Malformed,
    /// The right secret, but for somebody else's address of record.
    NotTheirAddress,
    /// The question for the credential stayed without an answer.
    NoAnswer,
    /// Not looked at: this source has failed with this login too often and has to wait.
    TooManyFailures,
}

/// What became of something that a phone was to get.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LetterEnd {
    /// The phone has answered with this status.
    Answered(u16),
    /// It has not answered, or its connection broke.
    NoAnswer,
    /// It is not registered here.
    NotHere,
}
