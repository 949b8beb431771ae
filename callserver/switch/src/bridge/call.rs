//! One call and the stages of its life.

use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;
use sdp::SessionDescription;
use sip::{Flow, Headers, Host, LegId, NameAddr, StatusCode, Text, Uri};

use super::audio::Audio;
use super::description::Told;
use super::house::Hosted;
use super::invite::Invitation;
use super::pickup::Picker;
use super::search::Search;
use super::transfer::Transfer;
use crate::refusal::Refusals;
use crate::registrar::Target;
use crate::timetable::TimerId;
use crate::{
    AccountId, AskId, BindingId, CallId, DeviceId, House, MediaPlan, MediaPorts, Party, Side,
};

/// A call between two known people.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) id: CallId,
    pub(super) caller: Party,
    pub(super) callee: Party,
    /// The caller's phone.
    pub(super) caller_phone: Phone,
    /// Whose number of calls this one counts for; the caller may change.
    pub(super) charged: AccountId,
    /// Whether the caller hides who they are.
    pub(super) is_anonymous: bool,
    /// Until somebody picks up.
    pub(super) search: Option<Box<Search>>,
    /// How the caller's phone is in a call already, if it was called itself.
    pub(super) standing: Option<Standing>,
    /// What was told last about its audio.
    pub(super) plan: Option<MediaPlan>,
    pub(super) stage: Stage,
}

/// A caller's phone that has not called, and waits for the other side in an answered call.
#[derive(Debug)]
pub(super) enum Standing {
    /// It has offered this in its 2xx, and is acknowledged with a session in which nothing flows.
    Waits(Box<SessionDescription>),
    /// It has made an offer in its 2xx, and gets what the other side says to that in the ACK.
    Answering,
    /// It comes from another call.
    InCall,
}

/// One leg with the phone at its end.
#[derive(Clone, Debug)]
pub(super) struct Phone {
    pub(super) leg: LegId,
    pub(super) device: DeviceId,
    /// Where the phone is: the flow that the leg began with, or that of its last request.
    pub(super) flow: Flow,
    /// If it is reached through another server: the way there, for when the one that the leg is on breaks.
    pub(super) server: Option<Flow>,
    /// Where it said that it receives.
    pub(super) receives_at: Option<SocketAddr>,
    /// Whether the address that the phone gives for itself is not where its messages come from.
    pub(super) is_behind_nat: bool,
    /// The descriptions that this phone got from us.
    pub(super) told: Told,
    /// What is agreed with it about audio.
    pub(super) audio: Box<Audio>,
}

/// How far a call has come.
#[derive(Debug)]
pub(super) enum Stage {
    /// It is being found out who shall ring, or the relay was asked for ports; nobody rings yet.
    AwaitingPorts(Box<AwaitingPorts>),
    /// The phones of the callee ring.
    Ringing(Box<Ringing>),
    /// A phone was picked up.
    Talking(Box<Talking>),
    /// The server itself is the other side.
    Hosted(Box<Hosted>),
}

#[derive(Debug)]
pub(super) struct AwaitingPorts {
    /// What it waits for: where it goes on to, or the ports.
    pub(super) ask: Option<AskId>,
    /// What the caller's INVITE carried; `None` if it wants an offer.
    pub(super) offer: Option<SessionDescription>,
    /// Whether the caller's phone acknowledges provisional answers, so that an offer in one of them gets its answer.
    pub(super) takes_early_offer: bool,
    /// The phone that calls must not ring.
    pub(super) caller_device: DeviceId,
    /// What the phones are told besides the session: how far the INVITE may still go.
    pub(super) headers: Headers,
    /// Nobody shall ring: the server answers itself as soon as there are ports.
    pub(super) house: Option<House>,
    /// Nobody shall ring: this phone is in a call already, and goes over into this one.
    pub(super) waiting: Option<Box<Phone>>,
}

#[derive(Debug)]
pub(super) struct Ringing {
    pub(super) ports: MediaPorts,
    /// When the phones were invited.
    pub(super) since: Instant,
    /// When nobody has answered.
    pub(super) until: Instant,
    pub(super) timer: TimerId,
    /// The phones that have not refused yet.
    pub(super) branches: Vec<Branch>,
    /// Whether there was only one phone from the start, so that its early media may pass.
    pub(super) is_single: bool,
    pub(super) refusals: Refusals,
    /// The last provisional answer that the caller was given.
    pub(super) last_progress: Option<StatusCode>,
    pub(super) has_rung: bool,
    /// Whether the caller's phone has said what it wants, in its INVITE or as its answer to an early offer; if not, the
    /// phones make the offer.
    pub(super) has_caller_spoken: bool,
    /// Whether it can answer an offer before the call is answered.
    pub(super) takes_early_offer: bool,
    /// An offer that one side has made before the call is answered, and that the other has not settled yet.
    pub(super) exchange: Option<Exchange>,
    /// Whether such an offer was settled: from then on a session in a provisional answer is old news.
    pub(super) is_settled: bool,
    /// The phone that was picked up while an offer was open, and the session of its 2xx: the offer is settled first.
    pub(super) picked_up: Option<(LegId, Bytes)>,
    /// The answer that came with early media, for phones that leave it out of their 200.
    pub(super) early_answer: Bytes,
    /// The phone that calls must not ring, wherever the call is sent on to.
    pub(super) caller_device: DeviceId,
    /// Whose phones were invited, the first callee's first.
    pub(super) invited: Vec<Party>,
    /// Numbers that phones have sent the caller to.
    pub(super) redirections: usize,
    /// Those of them that are being looked up.
    pub(super) lookups: usize,
    /// A phone that rang nowhere and takes the call.
    pub(super) picker: Option<Box<Picker>>,
    /// For phones that are invited once more, over another way.
    pub(super) invitation: Invitation,
}

/// A phone of the callee that was invited.
#[derive(Debug)]
pub(super) struct Branch {
    pub(super) phone: Phone,
    /// Whose phone it is.
    pub(super) account: AccountId,
    pub(super) binding: BindingId,
    /// Other ways to the same phone, for when this one fails.
    pub(super) others: Vec<Target>,
}

#[derive(Debug)]
pub(super) struct Talking {
    pub(super) ports: MediaPorts,
    pub(super) callee_phone: Phone,
    pub(super) exchange: Option<Exchange>,
    /// One side hands its part over.
    pub(super) transfer: Option<Box<Transfer>>,
    /// The call that one of the phones shall go over to.
    pub(super) lent_to: Option<CallId>,
}

/// An offer that one side made and the other has not settled yet.
#[derive(Debug)]
pub(super) enum Exchange {
    /// A side's re-INVITE, or its UPDATE or PRACK before the call was answered, was passed on with its offer; the other
    /// side's answer is awaited.
    Offered {
        by: Side,
        offer: Box<SessionDescription>,
    },
    /// A side's re-INVITE had no offer; the other side's 2xx will bring one.
    AskedForOffer { by: Side },
    /// That offer was passed on in our 2xx, or in a reliable provisional answer; the side's ACK or PRACK will bring the
    /// answer.
    AwaitingAcknowledgement {
        by: Side,
        offer: Box<SessionDescription>,
    },
    /// This side was offered the session of a newcomer, who takes the other side.
    Joining { by: Side },
    /// This side goes on with another phone, whose offer the other side is to answer.
    TakingOver {
        by: Side,
        newcomer: Box<Phone>,
        offer: Box<SessionDescription>,
    },
    /// This side hands its call over, and the phone of the other side is asked for an offer to another call.
    Lent { by: Side },
}

impl Call {
    /// Whether another server has passed it on, for one phone of ours.
    pub(super) fn is_visit(&self) -> bool {
        let search = self.search.as_ref();
        search.is_some_and(|search| search.callee.only.is_some())
    }

    /// How the person on one side is shown to the other.
    pub(super) fn shown(&self, side: Side, domain: &Text) -> NameAddr {
        match side {
            Side::Caller if self.is_anonymous => anonymous(),
            side => self.party(side).address(domain),
        }
    }

    /// The person on one side.
    pub(super) fn party(&self, side: Side) -> &Party {
        match side {
            Side::Caller => &self.caller,
            Side::Callee => &self.callee,
        }
    }

    /// The legs of the callee: one, or all the phones that ring.
    pub(super) fn callee_legs(&self) -> Vec<LegId> {
        match &self.stage {
            Stage::AwaitingPorts(awaiting) => {
                awaiting.waiting.iter().map(|phone| phone.leg).collect()
            }
            Stage::Hosted(_) => Vec::new(),
            Stage::Ringing(ringing) => {
                let picker = ringing.picker.iter().map(|picker| picker.phone.leg);
                let branches = ringing.branches.iter().map(|branch| branch.phone.leg);
                branches.chain(picker).collect()
            }
            Stage::Talking(talking) => vec![talking.callee_phone.leg],
        }
    }

    /// The call's phones while they ring, and whom they ring for.
    pub(super) fn searching(&mut self) -> Option<(&mut Ringing, &mut Search)> {
        match (&mut self.stage, &mut self.search) {
            (Stage::Ringing(ringing), Some(search)) => Some((ringing, search)),
            _ => None,
        }
    }

    /// The call's phones while they ring.
    pub(super) fn ringing(&mut self) -> Option<&mut Ringing> {
        match &mut self.stage {
            Stage::Ringing(ringing) => Some(ringing),
            Stage::AwaitingPorts(_) | Stage::Talking(_) | Stage::Hosted(_) => None,
        }
    }
}

/// RFC 3323 section 4.1.1.3.
fn anonymous() -> NameAddr {
    let host = Host::Name(Text::from_static("anonymous.invalid"));
    let uri = Uri::sip(host, None).with_user("anonymous");
    NameAddr::new(uri).with_display_name("Anonymous")
}
