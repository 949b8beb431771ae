//! One dialog of a call and the session that is negotiated in it (RFC 3264, RFC 3311, RFC 6337).

use bytes::Bytes;

use super::{Dialog, IntervalWish};
use crate::transaction::{TransactionId, TransactionKey};
use crate::{Method, Request, Response, StatusCode, Uri};

/// A dialog, and how far offers and answers in it are.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) dialog: Dialog,
    /// Whether we made the Call-ID: it decides who waits longer after a glare.
    pub(crate) is_caller: bool,
    /// Whether the peer allows UPDATE.
    pub(crate) may_update: bool,
    /// The call's first offer and answer.
    pub(crate) exchange: Exchange,
    /// What we offer anew.
    pub(crate) ours: OurReoffer,
    /// What the peer offers anew.
    pub(crate) theirs: Option<Box<TheirReoffer>>,
    /// Our last description that was agreed on.
    pub(crate) local: Bytes,
    /// The peer's last description; kept only until the call is answered.
    pub(crate) remote: Bytes,
    /// What the peer's last description is recognized by.
    pub(crate) remote_key: Option<TransactionKey>,
}

/// How far the first offer and its answer are. Only what travels reliably counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exchange {
    /// Nobody has offered anything: the INVITE was empty.
    Open,
    /// The peer owes an answer.
    OurOffer,
    /// We owe an answer.
    TheirOffer,
    /// Offer and answer are there; a new offer may follow.
    Settled,
}

/// Our re-INVITE or UPDATE.
#[derive(Debug)]
pub(crate) enum OurReoffer {
    /// None.
    No,
    /// Under way. The request is kept to be sent again with credentials or after a glare.
    Sent {
        request: Box<Request>,
        /// Whether the application does not know of it: a mere refresh.
        is_refresh: bool,
    },
    /// Both sides offered at once; ours is sent again after a pause.
    AfterGlare { body: Bytes },
}

/// Their re-INVITE, UPDATE or PRACK waits for our answer.
#[derive(Debug)]
pub(crate) struct TheirReoffer {
    pub(crate) transaction: TransactionId,
    pub(crate) method: Method,
    pub(crate) answer: Response,
    /// The request's Contact, which counts once we accept.
    pub(crate) target: Option<Uri>,
    pub(crate) number: u32,
    /// Empty in a re-INVITE that asks for our offer.
    pub(crate) offer: Bytes,
    pub(crate) offer_key: Option<TransactionKey>,
    pub(crate) interval: IntervalWish,
    /// As it came.
    pub(crate) request: Request,
}

impl Session {
    /// A session of which nothing is known but the dialog.
    pub(crate) fn new(dialog: Dialog, is_caller: bool, exchange: Exchange) -> Self {
        Self {
            dialog,
            is_caller,
            may_update: false,
            exchange,
            ours: OurReoffer::No,
            theirs: None,
            local: Bytes::new(),
            remote: Bytes::new(),
            remote_key: None,
        }
    }

    /// Takes the session out of a phase that is left; what remains there is of no use.
    pub(crate) fn take(&mut self) -> Self {
        Self {
            dialog: self.dialog.clone(),
            is_caller: self.is_caller,
            may_update: self.may_update,
            exchange: self.exchange,
            ours: std::mem::replace(&mut self.ours, OurReoffer::No),
            theirs: self.theirs.take(),
            local: std::mem::take(&mut self.local),
            remote: std::mem::take(&mut self.remote),
            remote_key: self.remote_key,
        }
    }

    /// Whether no offer is under way in either direction, apart from what the first INVITE's own
    /// answers and ACKs still owe.
    pub(crate) fn is_quiet(&self) -> bool {
        self.exchange == Exchange::Settled
            && matches!(self.ours, OurReoffer::No)
            && self.theirs.is_none()
    }

    /// Why a new offer of the peer cannot be taken now (RFC 3311 section 5.2): 491 while ours is
    /// open, 500 while an older one of theirs is.
    pub(crate) fn refusal_of_offer(&self) -> Option<StatusCode> {
        let has_ours = match &self.ours {
            OurReoffer::Sent { request, .. } => {
                request.method == Method::Invite || !request.body.is_empty()
            }
            OurReoffer::No | OurReoffer::AfterGlare { .. } => false,
        };
        if has_ours || self.exchange == Exchange::OurOffer {
            Some(StatusCode::REQUEST_PENDING)
        } else if self.theirs.is_some() || self.exchange != Exchange::Settled {
            Some(StatusCode::SERVER_INTERNAL_ERROR)
        } else {
            None
        }
    }

    /// The peer said the same before, and we have agreed to it.
    pub(crate) fn is_unchanged(&self, offer_key: Option<TransactionKey>) -> bool {
        offer_key.is_some() && offer_key == self.remote_key && !self.local.is_empty()
    }
}
