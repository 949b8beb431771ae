//! One call: what the person may know about it, and what state it is in.

use std::net::SocketAddr;
use std::time::Instant;

use sdp::{Codec, Crypto, SessionDescription};
use sip::{LegId, NameAddr, Text, Uri};

use crate::transferring::Handover;
use crate::{CallNumber, Encryption, Hold};

/// The other side of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// The number or the name: the user part of the address; the host when there is none.
    pub number: String,
    /// The name that the other side goes by.
    pub display_name: Option<String>,
}

impl Party {
    pub(crate) fn of(address: &NameAddr) -> Self {
        let number = match &address.uri.user {
            Some(user) => user.to_string(),
            None => address.uri.host.to_string(),
        };
        let display_name = address.display_name.as_ref().map(Text::to_string);
        Self {
            number,
            display_name: display_name.filter(|name| !name.trim().is_empty()),
        }
    }
}

/// Where a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallStage {
    /// We call, nothing rings yet.
    Dialling,
    /// We call, and it rings there.
    RingingThere,
    /// Somebody calls us.
    RingingHere,
    /// We answered and wait for the last formalities.
    Connecting,
    /// Both can speak.
    Connected {
        /// Since when.
        since: Instant,
        /// What is spoken.
        codec: Codec,
    },
}

/// A call as the person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its number in this phone.
    pub number: CallNumber,
    /// Who is, or shall be, at the other end.
    pub party: Party,
    /// Whether the other side began it.
    pub is_incoming: bool,
    /// Where it stands.
    pub stage: CallStage,
    /// Who has put it on hold.
    pub hold: Hold,
    /// Who can listen in.
    pub encryption: Encryption,
}

/// A call with everything that the phone needs to run it.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) call: Call,
    pub(crate) state: State,
    /// Our side's RTP address, once it is known.
    pub(crate) rtp: Option<SocketAddr>,
    /// The description that we sent last; its version counts up with each change (RFC 3264 section 8).
    pub(crate) ours: Option<SessionDescription>,
    pub(crate) description_version: u64,
    /// What we offered in the answered call, until it is answered.
    pub(crate) offered: Option<SessionDescription>,
    /// The keys for what we send, the best suite first; made once the socket is open.
    pub(crate) keys: Vec<Crypto>,
    /// Whether the other side has refused encrypted sound, so that plain sound is offered.
    pub(crate) is_plain: bool,
    /// Whether digits can travel in the sound.
    pub(crate) takes_events: bool,
    /// The transfer under way.
    pub(crate) handover: Option<Handover>,
    /// When the call began or was answered, whichever was last.
    pub(crate) stage_began: Instant,
    pub(crate) sound: Sound,
    pub(crate) way: Way,
    /// Whether the number that was dialled has led to another one.
    pub(crate) is_redirected: bool,
}

/// Whether requests of this call reach the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// They do.
    Open,
    /// The connection is gone.
    Lost,
    /// It was gone. What the server has to say of the call may be about the time when it was away.
    Restored,
}

/// What SIP waits for.
#[derive(Debug)]
pub(crate) enum State {
    /// We call; the socket is being opened.
    Opening { to: Uri },
    /// Our INVITE is on its way.
    Inviting { leg: LegId },
    /// Somebody's INVITE rings here, with this offer or none.
    Ringing {
        leg: LegId,
        offer: Option<SessionDescription>,
    },
    /// The person answered; the socket is being opened.
    Answering {
        leg: LegId,
        offer: Option<SessionDescription>,
    },
    /// Our offer went out in the 2xx; the answer comes in the ACK.
    AwaitingAnswer { leg: LegId },
    /// The call is connected.
    Established { leg: LegId },
}

/// Whether the other side is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sound {
    /// It is heard, or nobody expects it to be.
    Flows,
    /// Nothing was heard since then.
    Missing { since: Instant },
}

impl Line {
    pub(crate) fn new(call: Call, state: State, now: Instant) -> Self {
        Self {
            call,
            state,
            rtp: None,
            ours: None,
            description_version: 0,
            offered: None,
            keys: Vec::new(),
            is_plain: false,
            takes_events: false,
            handover: None,
            stage_began: now,
            sound: Sound::Flows,
            way: Way::Open,
            is_redirected: false,
        }
    }

    pub(crate) fn enter(&mut self, stage: CallStage, now: Instant) {
        self.call.stage = stage;
        self.stage_began = now;
    }

    pub(crate) fn leg(&self) -> Option<LegId> {
        match &self.state {
            State::Opening { .. } => None,
            State::Inviting { leg }
            | State::Ringing { leg, .. }
            | State::Answering { leg, .. }
            | State::AwaitingAnswer { leg }
            | State::Established { leg } => Some(*leg),
        }
    }

    /// Whether nothing but an answer of the server itself could show that it is still there.
    pub(crate) fn needs_sign_of_server(&self) -> bool {
        // Whoever has lost it waits for the registration.
        self.way != Way::Lost
            && !matches!(
                (&self.state, self.sound),
                (State::Opening { .. }, _) | (State::Established { .. }, Sound::Flows)
            )
    }
}
