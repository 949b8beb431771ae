//! The state of one call (RFC 3261 sections 13–15).

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use smallvec::SmallVec;

use super::{Dialog, Exchange, IntervalWish, OurReoffer, Session, SessionClock};
use crate::endpoint::DigestClient;
use crate::transaction::{TransactionId, TransactionKey};
use crate::{Flow, Headers, Method, RAck, Request, Response, StatusCode, Text};

/// One call with one peer.
#[derive(Debug)]
pub(crate) struct Leg {
    /// Where our requests go: the flow of the peer's last request, or of our INVITE.
    pub(crate) flow: Flow,
    /// Since when that is a broken connection, counted from the first input.
    pub(crate) lost_at: Option<Duration>,
    /// Call-ID and our tag, hashed: what requests in this call are found by.
    pub(crate) key: TransactionKey,
    /// Answers challenges of requests in this call.
    pub(crate) digest: Option<DigestClient>,
    /// The offer of the application that waits until it may be sent.
    pub(crate) wish: Option<Bytes>,
    /// How long it lives without a refresh, once it was answered.
    pub(crate) clock: Option<SessionClock>,
    pub(crate) phase: Phase,
}

/// How far a call is.
#[derive(Debug)]
pub(crate) enum Phase {
    /// We called and have no final answer.
    Calling(Box<Calling>),
    /// We are called and have not answered.
    Ringing(Box<Ringing>),
    /// The call was answered.
    Established(Box<Established>),
}

/// Our INVITE is under way.
#[derive(Debug)]
pub(crate) struct Calling {
    pub(crate) transaction: TransactionId,
    /// As it was built, without Via; sent again with credentials.
    pub(crate) invite: Request,
    pub(crate) contact: Text,
    /// The phones that have reported so far; who reported last is the last one.
    pub(crate) early: SmallVec<[Box<EarlyDialog>; 1]>,
    /// How often a longer session interval was asked of us.
    pub(crate) lengthened: u8,
}

/// One phone that our INVITE has reached and that has not answered (RFC 3261 section 12.1).
#[derive(Debug)]
pub(crate) struct EarlyDialog {
    pub(crate) session: Session,
    /// The RSeq of the last reliable answer.
    pub(crate) last_reliable: Option<u32>,
    /// PRACKs of ours that are not answered.
    pub(crate) open_pracks: u32,
    /// A reliable answer carried an offer: the application owes the PRACK's body.
    pub(crate) owed: Option<RAck>,
}

/// Their INVITE waits for our answer.
#[derive(Debug)]
pub(crate) struct Ringing {
    pub(crate) transaction: TransactionId,
    pub(crate) session: Session,
    /// All answers begin with its headers.
    pub(crate) answer: Response,
    /// The INVITE's Record-Route, which answers that begin a dialog repeat.
    pub(crate) record_route: Vec<Text>,
    /// The last provisional answer above 100, to be repeated.
    pub(crate) progress: Option<Progress>,
    /// The number of the INVITE.
    pub(crate) number: u32,
    pub(crate) interval: IntervalWish,
    pub(crate) reliability: Reliability,
    /// The last RSeq of ours; 0 before the first.
    pub(crate) last_reliable: u32,
    /// The reliable answer that is repeated until its PRACK comes.
    pub(crate) unacknowledged: Option<Unacknowledged>,
    /// What has to wait for it.
    pub(crate) waiting: VecDeque<(StatusCode, Bytes)>,
    /// The 2xx that has to wait for it.
    pub(crate) held: Option<Box<(Headers, Bytes)>>,
}

/// A provisional answer that was sent.
#[derive(Debug)]
pub(crate) struct Progress {
    pub(crate) status: StatusCode,
    pub(crate) payload: Bytes,
    pub(crate) is_reliable: bool,
}

/// What the caller wants of provisional answers (RFC 3262 section 3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reliability {
    /// It cannot acknowledge them, or we do not want it to.
    Never,
    /// It can acknowledge them.
    Supported,
    /// It wants to acknowledge all of them.
    Required,
}

/// A reliable provisional answer without its PRACK.
#[derive(Debug)]
pub(crate) struct Unacknowledged {
    pub(crate) sequence: u32,
    pub(crate) payload: Bytes,
    pub(crate) interval: Duration,
    /// Whether it carries a description: no 2xx may go before its PRACK.
    pub(crate) has_body: bool,
    /// Whether that is an offer, and the PRACK must carry the answer.
    pub(crate) is_offer: bool,
}

/// A call that was answered.
#[derive(Debug)]
pub(crate) struct Established {
    pub(crate) session: Session,
    /// Our 2xx that are not acknowledged yet; the first one, then those to re-INVITEs.
    pub(crate) acceptances: SmallVec<[Acceptance; 1]>,
    /// Their 2xx to our INVITE without offer: the application owes the ACK's body.
    pub(crate) open_answer: Option<OpenAnswer>,
    /// RSeq and CSeq of a reliable provisional answer whose PRACK our 2xx did not wait for.
    pub(crate) late_prack: Option<(u32, u32)>,
    /// We have hung up and only wait for the ACK, for a BYE must not overtake it (section 15).
    pub(crate) parting: Option<Parting>,
    /// Another process has begun it.
    pub(crate) resumed: Option<Resumed>,
}

/// What is special in a call that another process has begun.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resumed {
    /// Requests of ours with numbers up to this one may have been sent by that process.
    pub(crate) sent_up_to: u32,
    /// The last request of the peer that it saw, as long as nobody knows whether it was answered.
    pub(crate) seen: Option<u32>,
}

/// The call is over for the application.
#[derive(Debug)]
pub(crate) struct Parting {
    /// For the BYE.
    pub(crate) reason: Option<Text>,
}

/// A 2xx of ours that waits for its ACK.
#[derive(Debug)]
pub(crate) struct Acceptance {
    /// The number of the INVITE, and so of the ACK.
    pub(crate) number: u32,
    pub(crate) reply_to: Flow,
    pub(crate) payload: Bytes,
    pub(crate) interval: Duration,
    /// Whether the 2xx carried the offer, and the ACK must carry the answer.
    pub(crate) is_offer: bool,
    /// Whether it began the call: no BYE may be sent before its ACK.
    pub(crate) is_first: bool,
    /// Whether the application does not know of it: the answer to a mere refresh.
    pub(crate) is_silent: bool,
}

/// A 2xx of theirs that waits for the application's answer.
#[derive(Debug)]
pub(crate) struct OpenAnswer {
    pub(crate) transaction: TransactionId,
    pub(crate) number: u32,
    pub(crate) credentials: Option<Headers>,
}

impl Established {
    /// A call whose session this is.
    pub(crate) fn new(mut session: Session) -> Self {
        session.exchange = Exchange::Settled;
        // From now on it is enough to recognize it.
        session.remote = Bytes::new();
        Self {
            session,
            acceptances: SmallVec::new(),
            open_answer: None,
            late_prack: None,
            parting: None,
            resumed: None,
        }
    }

    /// Whether the ACK that began the call is still to come.
    pub(crate) fn waits_for_first_ack(&self) -> bool {
        self.acceptances
            .iter()
            .any(|acceptance| acceptance.is_first)
    }

    /// Whether a new offer of ours may go out now (section 14.1): no INVITE under way in either
    /// direction, and no answer open.
    pub(crate) fn may_offer(&self) -> bool {
        self.session.is_quiet() && self.open_answer.is_none() && self.acceptances.is_empty()
    }

    /// Why a new offer of the peer cannot be taken now: an offer is open, perhaps in a 2xx.
    pub(crate) fn refusal_of_offer(&self) -> Option<StatusCode> {
        if self.session.theirs.is_some() {
            return Some(StatusCode::SERVER_INTERNAL_ERROR);
        }
        let is_offered = self.open_answer.is_some()
            || self
                .acceptances
                .iter()
                .any(|acceptance| acceptance.is_offer);
        if is_offered {
            return Some(StatusCode::REQUEST_PENDING);
        }
        self.session.refusal_of_offer()
    }
}

impl EarlyDialog {
    pub(crate) fn new(session: Session) -> Self {
        Self {
            session,
            last_reliable: None,
            open_pracks: 0,
            owed: None,
        }
    }
}

impl Leg {
    /// The dialog with whom the call is established, or who calls us.
    pub(crate) fn dialog_mut(&mut self) -> Option<&mut Dialog> {
        match &mut self.phase {
            Phase::Calling(_) => None,
            Phase::Ringing(ringing) => Some(&mut ringing.session.dialog),
            Phase::Established(established) => Some(&mut established.session.dialog),
        }
    }

    /// Whether the call is over for its owner.
    pub(crate) fn is_parting(&self) -> bool {
        matches!(&self.phase, Phase::Established(established) if established.parting.is_some())
    }

    /// Whether this tag is that of our peer, or of one of those who ring.
    pub(crate) fn knows(&self, remote_tag: &str) -> bool {
        self.sessions()
            .any(|session| session.dialog.remote_tag() == remote_tag)
    }

    /// All dialogs of the call: one, or one for each phone that rings.
    pub(crate) fn sessions(&self) -> impl Iterator<Item = &Session> {
        let (one, early) = match &self.phase {
            Phase::Calling(calling) => (None, &calling.early[..]),
            Phase::Ringing(ringing) => (Some(&ringing.session), Default::default()),
            Phase::Established(established) => (Some(&established.session), Default::default()),
        };
        one.into_iter()
            .chain(early.iter().map(|early| &early.session))
    }

    /// All dialogs of the call, to be changed.
    pub(crate) fn sessions_mut(&mut self) -> impl Iterator<Item = &mut Session> {
        let (one, early) = match &mut self.phase {
            Phase::Calling(calling) => (None, &mut calling.early[..]),
            Phase::Ringing(ringing) => (Some(&mut ringing.session), Default::default()),
            Phase::Established(established) => (Some(&mut established.session), Default::default()),
        };
        one.into_iter()
            .chain(early.iter_mut().map(|early| &mut early.session))
    }

    /// The dialog with the phone of this tag.
    pub(crate) fn session_mut(&mut self, remote_tag: &str) -> Option<&mut Session> {
        self.sessions_mut()
            .find(|session| session.dialog.remote_tag() == remote_tag)
    }

    /// The phone of this tag, which rings.
    pub(crate) fn early_mut(&mut self, remote_tag: &str) -> Option<&mut EarlyDialog> {
        match &mut self.phase {
            Phase::Calling(calling) => calling
                .early
                .iter_mut()
                .map(|early| &mut **early)
                .find(|early| early.session.dialog.remote_tag() == remote_tag),
            Phase::Ringing(_) | Phase::Established(_) => None,
        }
    }

    /// Where a new offer may go out now, and in what: re-INVITE in an answered call, before that
    /// UPDATE, once offer and answer are there and acknowledged (RFC 3311 section 5.1).
    pub(crate) fn session_to_offer(&mut self) -> Option<(Method, &mut Session)> {
        if self.lost_at.is_some() {
            return None;
        }
        // To ask for an offer takes an INVITE.
        let is_offer = self.wish.as_ref().is_some_and(|body| !body.is_empty());
        match &mut self.phase {
            Phase::Established(established) => {
                let is_free = established.parting.is_none() && established.may_offer();
                is_free.then_some((Method::Invite, &mut established.session))
            }
            Phase::Ringing(ringing) => {
                let session = &mut ringing.session;
                let is_free = ringing.unacknowledged.is_none() && ringing.held.is_none();
                (is_offer && is_free && session.is_quiet() && session.may_update)
                    .then_some((Method::Update, session))
            }
            Phase::Calling(calling) => {
                let early = calling.early.last_mut()?;
                let is_free = early.open_pracks == 0 && early.owed.is_none();
                let session = &mut early.session;
                (is_offer && is_free && session.is_quiet() && session.may_update)
                    .then_some((Method::Update, session))
            }
        }
    }

    /// The dialog in which the peer's new offer waits for our answer.
    pub(crate) fn session_with_offer(&mut self) -> Option<&mut Session> {
        self.sessions_mut().find(|session| session.theirs.is_some())
    }

    /// The dialog in which our offer waits until a glare is over.
    pub(crate) fn session_after_glare(&mut self) -> Option<&mut Session> {
        self.sessions_mut()
            .find(|session| matches!(session.ours, OurReoffer::AfterGlare { .. }))
    }
}
