//! Why a call ended, as a code for scripts and as a sentence for people.

/// Why a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndReason {
    /// We hung up a call that had been answered, or gave up one that had not.
    LocalHangup,
    /// The other side hung up.
    RemoteHangup,
    /// The caller gave up before we answered.
    Cancelled,
    /// Another of our own devices answered or declined first.
    AnsweredElsewhere,
    /// We declined the call.
    LocalDecline,
    /// The other side is in another call (486, 600).
    Busy,
    /// The other side declined (603).
    Declined,
    /// It rang and nobody answered (408, and 480 after ringing).
    NoAnswer,
    /// Nobody has this number (404, 410, 604, 484).
    UnknownNumber,
    /// The number exists, but no phone of it is connected (480).
    Unavailable,
    /// The server does not accept this device's credential (401, 403, 407).
    NotAllowed,
    /// The two phones have no codec in common, or a description could not be understood (415, 488).
    NoCommonCodec,
    /// The server answered nothing at all when the call was placed.
    ServerUnreachable,
    /// The server stopped answering in mid-call.
    ServerGone,
    /// No sound arrived for long, although the server is there.
    MediaSilent,
    /// This computer could not open a socket or an audio device for the call.
    LocalFailure(String),
    /// Any other refusal, with the status that came (RFC 3261 section 21).
    Refused(u16),
    /// The other side broke the protocol.
    Protocol(String),
}

impl EndReason {
    /// A short stable word for scripts, such as `no-answer`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::LocalHangup => "local-hangup",
            Self::RemoteHangup => "remote-hangup",
            Self::Cancelled => "cancelled",
            Self::AnsweredElsewhere => "answered-elsewhere",
            Self::LocalDecline => "local-decline",
            Self::Busy => "busy",
            Self::Declined => "declined",
            Self::NoAnswer => "no-answer",
            Self::UnknownNumber => "unknown-number",
            Self::Unavailable => "unavailable",
            Self::NotAllowed => "not-allowed",
            Self::NoCommonCodec => "no-common-codec",
            Self::ServerUnreachable => "server-unreachable",
            Self::ServerGone => "server-gone",
            Self::MediaSilent => "media-silent",
            Self::LocalFailure(_) => "local-failure",
            Self::Refused(_) => "refused",
            Self::Protocol(_) => "protocol-error",
        }
    }

    /// One sentence for people: what happened and, where something can be done, what to do.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::LocalHangup => "You ended the call.".into(),
            Self::RemoteHangup => "The other side hung up.".into(),
            Self::Cancelled => "The caller gave up before the call was answered.".into(),
            Self::AnsweredElsewhere => "The call was taken on another of your devices.".into(),
            Self::LocalDecline => "You declined the call.".into(),
            Self::Busy => "The line is busy; try again later.".into(),
            Self::Declined => "The other side declined the call.".into(),
            Self::NoAnswer => "Nobody answered; try again later.".into(),
            Self::UnknownNumber => "Nobody has this number; check it and dial again.".into(),
            Self::Unavailable => {
                "No phone of this number is connected right now; try again later.".into()
            }
            Self::NotAllowed => {
                "The server does not accept this device any more; sign in again.".into()
            }
            Self::NoCommonCodec => {
                "The two phones have no audio format in common; enable Opus or G.711 on the other phone.".into()
            }
            Self::ServerUnreachable => {
                "The call server does not answer; check the network and that the server runs.".into()
            }
            Self::ServerGone => {
                "The call server stopped answering during the call; check the network and that the server runs."
                    .into()
            }
            Self::MediaSilent => {
                "No sound arrived any more, so the call was ended; check the network and call again.".into()
            }
            Self::LocalFailure(why) => why.clone(),
            Self::Refused(status) => {
                format!("The call was refused with SIP status {status}; try again later.")
            }
            Self::Protocol(what) => {
                format!("The call broke off because the other side sent something wrong: {what}.")
            }
        }
    }

    /// Whether the call ended the way a call that worked ends: one of the two sides hung up.
    #[must_use]
    pub fn is_ordinary(&self) -> bool {
        matches!(self, Self::LocalHangup | Self::RemoteHangup)
    }
}
