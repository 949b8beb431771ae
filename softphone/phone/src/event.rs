//! Everything that can come out of a phone, besides SIP messages.

use sdp::{Codec, Negotiated};
use sip::Flow;

use crate::{
    CallNumber, Digit, Encryption, EndReason, Hold, Party, RegistrationState, TransferProgress,
};

/// What the application learns.
#[derive(Clone, Debug)]
pub enum Event {
    /// The server itself has a word for this phone, such as where a call was parked.
    Told {
        /// What is dialled for what it is about, such as a slot.
        from: String,
        /// The word.
        text: String,
    },
    /// The registration moved.
    Registration(RegistrationState),
    /// Open a socket for RTP and answer with [`Input::MediaReady`](crate::Input::MediaReady) or
    /// [`Input::MediaFailed`](crate::Input::MediaFailed).
    NeedMedia {
        /// For this call.
        call: CallNumber,
    },
    /// Somebody calls; it rings at both ends.
    Incoming {
        /// The new call.
        call: CallNumber,
        /// Who calls.
        from: Party,
    },
    /// It rings at the other side.
    Ringing {
        /// Our call.
        call: CallNumber,
    },
    /// Sound shall flow from now on as agreed; comes again when the other side changes what was agreed.
    StartMedia {
        /// The call.
        call: CallNumber,
        /// Where to send and with which codec.
        negotiated: Negotiated,
    },
    /// The call is connected. Once for each call at most, after its first `StartMedia`.
    Answered {
        /// The call.
        call: CallNumber,
        /// What is spoken.
        codec: Codec,
        /// Who can listen in.
        encryption: Encryption,
    },
    /// The other side has changed in the middle of the call, and with it who can listen in.
    EncryptionChanged {
        /// The call.
        call: CallNumber,
        /// Who can listen in from now on.
        encryption: Encryption,
    },
    /// Somebody has put the call on hold, or goes on with it.
    Held {
        /// The call.
        call: CallNumber,
        /// Who has it on hold now.
        hold: Hold,
    },
    /// Send this key in the sound of the call (telephone-event, RFC 4733).
    PlayDigit {
        /// The call.
        call: CallNumber,
        /// The key.
        digit: Digit,
    },
    /// The other side has pressed a key, and said so outside the sound.
    Digit {
        /// The call.
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
    /// The number has moved, and the call rings at the new one instead: once for each call at most.
    Redirected {
        /// Our call.
        call: CallNumber,
        /// Who is called now.
        to: Party,
    },
    /// The way to the server is lost. The call goes on, and so may its sound; the phone registers again.
    Reconnecting {
        /// The call.
        call: CallNumber,
    },
    /// The server is there again, and so is the call.
    Reconnected {
        /// The call.
        call: CallNumber,
    },
    /// Nothing comes over the connection to the server although it seems open: close it, so that the next message
    /// takes a new one.
    AbandonConnection {
        /// The flow that is dead.
        flow: Flow,
    },
    /// The call is over: exactly once for each call, always, and its last event. Close its socket.
    Ended {
        /// The call.
        call: CallNumber,
        /// Why.
        reason: EndReason,
    },
    /// Something came in that is no SIP message, or none that can be used; for the log.
    BadMessage {
        /// What is wrong with it.
        why: String,
    },
}
