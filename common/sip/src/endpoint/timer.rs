//! Every timer there is.

use super::{LegId, PublicationId, RegistrationId, SubscriptionId};
use crate::transaction::TransactionId;

/// What happens when an instant is reached. The letters are those of RFC 3261 table 4 and RFC 6026.
///
/// A short timer is never taken back: one whose owner has moved on finds nothing to do when it runs
/// out. Those of minutes are [`Deadlines`](super::deadlines::Deadlines).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Timer {
    /// A: our INVITE got no answer yet and is sent again (unreliable transports).
    InviteRetransmit(TransactionId),
    /// B: our INVITE got no answer at all and is given up.
    InviteTimeout(TransactionId),
    /// C: our INVITE got a provisional answer, and then nothing for long.
    InviteSilence(TransactionId),
    /// D: a refused INVITE of ours no longer waits for repetitions of the refusal.
    InviteRefusalAbsorbed(TransactionId),
    /// M: an accepted INVITE of ours no longer waits for repeated or further 2xx.
    InviteAcceptanceAbsorbed(TransactionId),
    /// An INVITE that we cancelled got no final answer and is given up (RFC 3261 section 9.1).
    CancelTimeout(TransactionId),
    /// E: our request got no final answer yet and is sent again (unreliable transports).
    RequestRetransmit(TransactionId),
    /// F: our request got no final answer and is given up.
    RequestTimeout(TransactionId),
    /// K: an answered request of ours no longer waits for repetitions of its answer.
    RequestAnswerAbsorbed(TransactionId),
    /// G: our refusal of an INVITE is not acknowledged yet and is sent again (unreliable transports).
    RefusalRetransmit(TransactionId),
    /// H: our refusal of an INVITE was never acknowledged, which we no longer wait for.
    RefusalTimeout(TransactionId),
    /// I: an acknowledged refusal no longer waits for repetitions of the ACK.
    AckAbsorbed(TransactionId),
    /// L: an INVITE that we accepted no longer waits for its own repetitions.
    InviteAbsorbed(TransactionId),
    /// J: a request that we answered no longer waits for its own repetitions.
    RequestAbsorbed(TransactionId),
    /// The oldest request that the application has not answered may be as old as its sender's
    /// patience.
    AnswersOverdue,
    /// Our 2xx is not acknowledged yet and is sent again (RFC 3261 section 13.3.1.4).
    AcceptanceRetransmit(LegId, u32),
    /// H for the 2xx: it was never acknowledged, and the call ends.
    AcceptanceTimeout(LegId, u32),
    /// A reliable provisional answer of ours has no PRACK yet and is sent again (RFC 3262 section 3).
    ProgressRetransmit(LegId, u32),
    /// It never got its PRACK, and the call is refused.
    ProgressTimeout(LegId, u32),
    /// An offer of the peer in UPDATE or PRACK has not been answered as long as its sender waits.
    ReofferTimeout(LegId, u32),
    /// A call is due to be refreshed, or was not (RFC 4028).
    Session(LegId),
    /// A call that still rings is reported again, so that no proxy gives it up.
    ProgressRepeat(LegId),
    /// A peer that may have given its call up while nobody was there is asked (RFC 4028).
    Doubt(LegId),
    /// The peer of a call whose connection broke has not come back.
    FlowOverdue(LegId),
    /// The pause after a glare of two re-INVITEs is over (RFC 3261 section 14.1).
    GlareOver(LegId),
    /// A registration is refreshed, or tried again after a failure; the number tells whether it is
    /// still the plan.
    Register(RegistrationId, u32),
    /// N, a refresh, or the end of a subscription of ours; the number tells what it was set for.
    Subscriber(SubscriptionId, u32),
    /// An answer or notification that the application owes, or the end of a subscription with us.
    Notifier(SubscriptionId, u32),
    /// A publication is refreshed, or tried again after a failure.
    Publish(PublicationId, u32),
}
