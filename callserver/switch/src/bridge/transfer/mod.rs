//! A phone hands its call over to somebody else (REFER, RFC 3515): the switch does it itself, and the phone that stays
//! notices no more than a new session.
//!
//! - Blind: the target is called on behalf of the party that stays ([`refer`], [`ring`]). When it answers, both are joined
//!   ([`join`]) and the transferor is hung up on. When it does not, the call is as it was.
//! - Attended: Refer-To names another call of the transferor (Replaces, RFC 3891). The phone at its other end is taken from
//!   there ([`attended`]), and joined in the same way.
//!
//! Joining is an offer and an answer between the two phones (RFC 3725 section 4.4): the newcomer is asked for an offer, the
//! one that stays answers it.

mod attended;
mod join;
mod park;
mod refer;
mod report;
mod ring;

use std::time::Instant;

use sdp::SessionDescription;
use sip::SubscriptionId;

use super::call::{Branch, Phone};
use super::invite::Invitation;
use crate::reached::Callee;
use crate::refusal::Refusals;
use crate::timetable::TimerId;
use crate::way::{Cause, Way};
use crate::{CallId, Party, Side};

/// A transfer under way.
#[derive(Debug)]
pub(super) struct Transfer {
    /// Where the transferor is told how it goes.
    subscription: SubscriptionId,
    /// The transferor's side of the call, which the target takes.
    by: Side,
    /// Known once it was looked up.
    target: Option<Party>,
    /// How often another number was looked up than the one before: it has moved, or its owner has calls go on.
    sent_on: usize,
    /// How it goes on, when the target has its calls sent elsewhere.
    way: Option<(Way, Cause)>,
    /// Whether the transferor has hung up already, trusting that it will go well.
    pub(super) is_left: bool,
    /// The last thing that was reported.
    reported: u16,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// The directory is asked who the target is.
    LookingUp,
    /// The target's phones ring.
    Ringing(Box<Ringing>),
    /// The phone at the other end of another call is asked for an offer.
    Borrowing(CallId),
    /// The newcomer has made an offer, and the phone that stays is to answer it.
    Joining(Box<Joining>),
}

#[derive(Debug)]
struct Ringing {
    branches: Vec<Branch>,
    /// Who was to be reached, and how the transfer came there.
    callee: Callee,
    way: Way,
    /// Whose phones they are.
    whom: Vec<Party>,
    invitation: Invitation,
    refusals: Refusals,
    since: Instant,
    timer: TimerId,
}

#[derive(Debug)]
struct Joining {
    /// The newcomer.
    phone: Phone,
    /// `None` if it was of no use.
    offer: Option<SessionDescription>,
    /// The call that it is taken from.
    lender: Option<CallId>,
}
