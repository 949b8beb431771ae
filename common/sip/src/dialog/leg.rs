//! The state of one call (RFC 3261 sections 13–15).

use std::time::Duration;

use bytes::Bytes;
use smallvec::SmallVec;

use super::Dialog;
use crate::endpoint::DigestClient;
use crate::transaction::{TransactionId, TransactionKey};
use crate::{Flow, Headers, Request, Response, Text, Uri};

/// One call with one peer.
#[derive(Debug)]
pub(crate) struct Leg {
    /// Where our requests go: the flow of the peer's last request, or of our INVITE.
    pub(crate) flow: Flow,
    /// Call-ID and our tag, hashed: what requests in this call are found by.
    pub(crate) key: TransactionKey,
    /// Answers challenges of requests in this call.
    pub(crate) digest: Option<DigestClient>,
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
    /// The tags of the phones that have reported so far.
    pub(crate) early: SmallVec<[Text; 1]>,
}

/// Their INVITE waits for our answer.
#[derive(Debug)]
pub(crate) struct Ringing {
    pub(crate) transaction: TransactionId,
    pub(crate) dialog: Dialog,
    /// All answers begin with its headers.
    pub(crate) answer: Response,
    /// The INVITE's Record-Route, which answers that begin a dialog repeat.
    pub(crate) record_route: Vec<Text>,
    /// The last provisional answer above 100, to be repeated.
    pub(crate) progress: Option<Bytes>,
    /// Whether the INVITE carried an offer.
    pub(crate) has_offer: bool,
    /// The number of the INVITE.
    pub(crate) number: u32,
}

/// A call that was answered.
#[derive(Debug)]
pub(crate) struct Established {
    pub(crate) dialog: Dialog,
    /// Whether we made the Call-ID: it decides who waits longer after a glare.
    pub(crate) is_caller: bool,
    /// Our 2xx that are not acknowledged yet; the first one, then those to re-INVITEs.
    pub(crate) acceptances: SmallVec<[Acceptance; 1]>,
    /// Their 2xx to our INVITE without offer: the application owes the ACK's body.
    pub(crate) open_answer: Option<OpenAnswer>,
    /// Our re-INVITE.
    pub(crate) ours: OurReoffer,
    /// Their re-INVITE.
    pub(crate) theirs: Option<TheirReoffer>,
    /// The offer of the application that waits until another one is through.
    pub(crate) wish: Option<Bytes>,
    /// We have hung up and only wait for the ACK, for a BYE must not overtake it (section 15).
    pub(crate) parting: Option<Parting>,
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
}

/// A 2xx of theirs that waits for the application's answer.
#[derive(Debug)]
pub(crate) struct OpenAnswer {
    pub(crate) transaction: TransactionId,
    pub(crate) number: u32,
    pub(crate) credentials: Option<Headers>,
}

/// Our re-INVITE.
#[derive(Debug)]
pub(crate) enum OurReoffer {
    /// None.
    No,
    /// Under way. The request is kept to be sent again with credentials or after a glare.
    Sent { request: Box<Request> },
    /// Both sides offered at once; ours is sent again after a pause.
    AfterGlare { body: Bytes },
}

/// Their re-INVITE waits for our answer.
#[derive(Debug)]
pub(crate) struct TheirReoffer {
    pub(crate) transaction: TransactionId,
    pub(crate) answer: Response,
    /// The re-INVITE's Contact, which counts once we accept.
    pub(crate) target: Option<Uri>,
    pub(crate) number: u32,
    pub(crate) has_offer: bool,
}

impl Established {
    /// A call whose first dialog this is.
    pub(crate) fn new(dialog: Dialog, is_caller: bool) -> Self {
        Self {
            dialog,
            is_caller,
            acceptances: SmallVec::new(),
            open_answer: None,
            ours: OurReoffer::No,
            theirs: None,
            wish: None,
            parting: None,
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
        matches!(self.ours, OurReoffer::No)
            && self.theirs.is_none()
            && self.open_answer.is_none()
            && self.acceptances.is_empty()
    }
}

impl Leg {
    /// The tag of the peer with whom the call is established, or who calls us.
    pub(crate) fn dialog_mut(&mut self) -> Option<&mut Dialog> {
        match &mut self.phase {
            Phase::Calling(_) => None,
            Phase::Ringing(ringing) => Some(&mut ringing.dialog),
            Phase::Established(established) => Some(&mut established.dialog),
        }
    }

    /// Whether the call is over for its owner.
    pub(crate) fn is_parting(&self) -> bool {
        matches!(&self.phase, Phase::Established(established) if established.parting.is_some())
    }

    /// Whether this tag is that of our peer, or of one of those who ring.
    pub(crate) fn knows(&self, remote_tag: &str) -> bool {
        match &self.phase {
            Phase::Calling(calling) => calling.early.iter().any(|tag| tag == remote_tag),
            Phase::Ringing(ringing) => ringing.dialog.remote_tag() == remote_tag,
            Phase::Established(established) => established.dialog.remote_tag() == remote_tag,
        }
    }
}
