//! Everything that can be put into a phone.

use std::net::SocketAddr;

use bytes::Bytes;
use sip::Flow;

use crate::{CallNumber, Digit, KeyMaterial};

/// What happened outside: the network, the clock, or a wish of the person.
///
/// An input that no longer fits (a call that has just ended) is ignored: the network may always have been faster.
#[derive(Clone, Debug)]
pub enum Input {
    /// One whole SIP message came in over `flow`.
    Receive {
        /// Where it came from.
        flow: Flow,
        /// The message as it was on the wire.
        payload: Bytes,
    },
    /// A connection is closed or could not be opened, or the host answered that nobody listens.
    FlowFailed {
        /// The flow that is no more.
        flow: Flow,
    },
    /// The instant that [`Phone::poll_timeout`](crate::Phone::poll_timeout) named is reached.
    Timeout,
    /// Register and stay registered.
    SignIn,
    /// End all calls and take the registration back.
    SignOut,
    /// Call a number, a name or a SIP address. Ends in exactly one [`Event::Ended`](crate::Event::Ended).
    Call {
        /// From [`Phone::next_call`](crate::Phone::next_call).
        call: CallNumber,
        /// As the person wrote it.
        target: String,
    },
    /// Answer an incoming call.
    Answer {
        /// The call that rings.
        call: CallNumber,
    },
    /// Decline an incoming call.
    Decline {
        /// The call that rings.
        call: CallNumber,
    },
    /// End a call in whatever state it is.
    HangUp {
        /// The call.
        call: CallNumber,
    },
    /// The socket that [`Event::NeedMedia`](crate::Event::NeedMedia) asked for is open.
    MediaReady {
        /// The call.
        call: CallNumber,
        /// Where the other side shall send RTP.
        rtp: SocketAddr,
        /// Fresh random bytes for the keys of this call's sound.
        keys: KeyMaterial,
    },
    /// Puts an answered call on hold, or goes on with it; then all others are put on hold.
    Hold {
        /// The call.
        call: CallNumber,
        /// `true` to put it on hold.
        on: bool,
    },
    /// Presses a key in an answered call.
    Press {
        /// The call.
        call: CallNumber,
        /// The key.
        digit: Digit,
    },
    /// Hands an answered call over to somebody, without asking there first. Told as
    /// [`Event::Transfer`](crate::Event::Transfer); a call that was handed over ends with
    /// [`EndReason::Transferred`](crate::EndReason::Transferred).
    Transfer {
        /// The call.
        call: CallNumber,
        /// To whom, as the person wrote it.
        target: String,
    },
    /// Joins the other sides of two answered calls, and leaves both.
    TransferToCall {
        /// The call that is handed over.
        call: CallNumber,
        /// The call with whoever takes it.
        consulted: CallNumber,
    },
    /// The socket, or an audio device, cannot be used; the call ends.
    MediaFailed {
        /// The call.
        call: CallNumber,
        /// What failed and what to do, in one sentence.
        sentence: String,
    },
    /// Sound of the other side arrives, for the first time or again.
    MediaFlows {
        /// The call.
        call: CallNumber,
    },
    /// No sound has arrived for some seconds.
    MediaStalled {
        /// The call.
        call: CallNumber,
    },
}
