//! Why a call ended, as a code for scripts and as a sentence for people.

use sip::{EndCause, Headers, Reason, StatusCode, Text, TypedHeader};

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
    /// The server stopped answering in mid-call, and did not come back in time.
    ServerGone,
    /// The server was away for a while, and the call was over when it came back.
    EndedMeanwhile,
    /// The server was shut down, or restarted, and ended the call in an orderly way.
    ServerStopped,
    /// We handed the call over to this number or name.
    Transferred(String),
    /// No sound arrived for long, although the server is there.
    MediaSilent,
    /// What was dialled is neither a number nor an address; the sentence says so.
    BadTarget(String),
    /// A call was placed while another one is being placed, or there are too many.
    AlreadyInCall,
    /// A call was placed while the phone was not registered.
    NotRegistered,
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
            Self::EndedMeanwhile => "ended-meanwhile",
            Self::ServerStopped => "server-stopped",
            Self::Transferred(_) => "transferred",
            Self::MediaSilent => "media-silent",
            Self::BadTarget(_) => "bad-target",
            Self::AlreadyInCall => "already-in-call",
            Self::NotRegistered => "not-registered",
            Self::LocalFailure(_) => "local-failure",
            Self::Refused(_) => "refused",
            Self::Protocol(_) => "protocol-error",
        }
    }

    /// One sentence for people: what happened and, where something can be done, what to do. `who` is the other side, as
    /// dialled or as the caller was shown.
    #[must_use]
    pub fn sentence(&self, who: &str) -> String {
        match self {
            Self::LocalHangup => format!("You ended the call with {who}."),
            Self::RemoteHangup => format!("{who} hung up."),
            Self::Cancelled => format!("{who} gave up before the call was answered."),
            Self::AnsweredElsewhere => "The call was taken on another of your devices.".into(),
            Self::LocalDecline => format!("You declined the call of {who}."),
            Self::Busy => format!("{who} is busy; try again later."),
            Self::Declined => format!("{who} declined the call; try again later."),
            Self::NoAnswer => format!("{who} did not answer; try again later."),
            Self::UnknownNumber => {
                format!("Nobody has the number {who}; check it and dial again.")
            }
            Self::Unavailable => {
                format!("{who} cannot be reached, because none of their phones is connected; try again later.")
            }
            Self::NotAllowed => {
                "The call server does not accept this device any more; sign in again.".into()
            }
            Self::NoCommonCodec => {
                format!("Your phone and that of {who} have no audio format in common; enable Opus or G.711 there.")
            }
            Self::ServerUnreachable => {
                "The call server does not answer; check the network and that the server runs.".into()
            }
            Self::ServerGone => {
                "The call server stopped answering during the call; check the network and that the server runs."
                    .into()
            }
            Self::EndedMeanwhile => {
                format!("The call with {who} ended while there was no connection to the call server; call again.")
            }
            Self::ServerStopped => {
                "The call server was shut down, which ended the call; call again when it is back.".into()
            }
            Self::Transferred(to) => format!("You handed the call with {who} over to {to}."),
            Self::MediaSilent => {
                format!("No sound of {who} arrived any more, so the call was ended; check the network and call again.")
            }
            Self::AlreadyInCall => "Another call is being placed, or there are too many; end one before you place the next.".into(),
            Self::NotRegistered => {
                "The phone is not connected to the call server; sign in, then call again.".into()
            }
            Self::BadTarget(why) | Self::LocalFailure(why) => why.clone(),
            Self::Refused(status) => {
                format!("The call to {who} was refused with SIP status {status}; try again later.")
            }
            Self::Protocol(what) => {
                format!("The call with {who} broke off, because the other phone sent something wrong: {what}.")
            }
        }
    }

    /// Whether the call ended the way a call that worked ends: one of the two sides hung up, or handed it over.
    #[must_use]
    pub fn is_ordinary(&self) -> bool {
        matches!(
            self,
            Self::LocalHangup | Self::RemoteHangup | Self::Transferred(_)
        )
    }
}

/// What a Reason header says (RFC 3326): whose code, and the code.
fn said(value: &Text) -> Option<(Text, u16)> {
    let reason = Reason::parse(value).ok()?;
    Some((reason.protocol.clone(), reason.cause()?))
}

/// Whether a Reason header carries this SIP status.
fn says_sip(value: Option<&Text>, status: u16) -> bool {
    value
        .and_then(said)
        .is_some_and(|(protocol, cause)| protocol.eq_ignore_ascii_case("SIP") && cause == status)
}

/// Why a call ended that the other side or the server refused with `status`; `rang` says whether it rang there before.
pub(crate) fn refusal(status: StatusCode, headers: &Headers, rang: bool) -> EndReason {
    // 480 stands for both: nobody is there, and nobody came. The telephone network's code tells (Q.850, as in RFC 6432).
    let telephone_cause = headers
        .all(&Reason::NAME)
        .filter_map(said)
        .find(|(protocol, _)| protocol.eq_ignore_ascii_case("Q.850"))
        .map(|(_, cause)| cause);
    match (status.code(), telephone_cause) {
        (401 | 403 | 407, _) => EndReason::NotAllowed,
        (404 | 410 | 484 | 485 | 604, _) => EndReason::UnknownNumber,
        (480, Some(20)) => EndReason::Unavailable,
        (480, Some(18 | 19)) => EndReason::NoAnswer,
        (480, _) if rang => EndReason::NoAnswer,
        (480, _) => EndReason::Unavailable,
        (408 | 504, _) => EndReason::NoAnswer,
        (486 | 600, _) => EndReason::Busy,
        (603 | 607 | 608, _) => EndReason::Declined,
        (415 | 488 | 606, _) => EndReason::NoCommonCodec,
        (other, _) => EndReason::Refused(other),
    }
}

/// What the SIP core's cause means for the person. `rang` and `was_connected` tell what had happened before.
pub(crate) fn of_cause(cause: &EndCause, rang: bool, was_connected: bool) -> EndReason {
    match cause {
        EndCause::RemoteHangup { reason } if says_sip(reason.as_ref(), 503) => {
            EndReason::ServerStopped
        }
        EndCause::RemoteHangup { .. } => EndReason::RemoteHangup,
        EndCause::LocalHangup => EndReason::LocalHangup,
        // RFC 3326 section 3.1: a branch of a forked call is told that another one took it.
        EndCause::Cancelled { reason } if says_sip(reason.as_ref(), 200) => {
            EndReason::AnsweredElsewhere
        }
        EndCause::Cancelled { .. } => EndReason::Cancelled,
        // A refusal of a call that stood: the peer, or the server, no longer knew it (481) or its own peer was gone.
        EndCause::Refused { .. } if was_connected => EndReason::RemoteHangup,
        EndCause::Refused { status, headers } => refusal(*status, headers, rang),
        EndCause::Timeout | EndCause::FlowFailed if was_connected => EndReason::ServerGone,
        EndCause::Timeout | EndCause::FlowFailed => EndReason::ServerUnreachable,
        EndCause::NoAcknowledgement | EndCause::SessionExpired => EndReason::ServerGone,
        EndCause::Protocol(what) => EndReason::Protocol((*what).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: u16, rang: bool) -> &'static str {
        refusal(StatusCode::new(code).unwrap(), &Headers::default(), rang).code()
    }

    #[test]
    fn the_same_status_means_no_answer_only_after_ringing() {
        assert_eq!(refused(480, false), "unavailable");
        assert_eq!(refused(480, true), "no-answer");
    }

    #[test]
    fn the_telephone_networks_code_tells_who_is_away_from_who_does_not_answer() {
        let with = |cause: &str| {
            let mut headers = Headers::default();
            headers.push(Reason::NAME, format!("Q.850;cause={cause}"));
            refusal(StatusCode::TEMPORARILY_UNAVAILABLE, &headers, true)
        };
        assert_eq!(with("20"), EndReason::Unavailable);
        assert_eq!(with("19"), EndReason::NoAnswer);
        assert_eq!(with("nonsense"), EndReason::NoAnswer);
    }

    #[test]
    fn a_server_that_stops_says_so() {
        let reason = Some(Text::from_static("SIP;cause=503;text=\"The server stops\""));
        let cause = EndCause::RemoteHangup { reason };
        assert_eq!(of_cause(&cause, true, true), EndReason::ServerStopped);
        let plain = EndCause::RemoteHangup { reason: None };
        assert_eq!(of_cause(&plain, true, true), EndReason::RemoteHangup);
    }

    #[test]
    fn common_refusals_have_their_own_words() {
        assert_eq!(refused(404, false), "unknown-number");
        assert_eq!(refused(486, true), "busy");
        assert_eq!(refused(603, true), "declined");
        assert_eq!(refused(488, false), "no-common-codec");
        assert_eq!(refused(403, false), "not-allowed");
        assert_eq!(refused(503, false), "refused");
    }

    #[test]
    fn a_call_taken_on_another_device_does_not_look_missed() {
        let reason = Some(Text::from_static(
            "SIP ;cause=200 ;text=\"Call completed elsewhere\"",
        ));
        assert_eq!(
            of_cause(&EndCause::Cancelled { reason }, true, false),
            EndReason::AnsweredElsewhere
        );
        let cancelled = of_cause(&EndCause::Cancelled { reason: None }, true, false);
        assert_eq!(cancelled, EndReason::Cancelled);
    }

    #[test]
    fn every_sentence_ends_like_a_sentence() {
        for reason in [
            EndReason::Busy,
            EndReason::NoAnswer,
            EndReason::ServerGone,
            EndReason::Refused(503),
            EndReason::Protocol("no answer in the 2xx".into()),
        ] {
            assert!(
                reason.sentence("200").ends_with('.'),
                "{}",
                reason.sentence("200")
            );
        }
    }
}
