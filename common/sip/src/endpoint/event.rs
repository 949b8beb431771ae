//! Everything that can come out of an endpoint for its application, besides datagrams.

use std::time::Duration;

use bytes::Bytes;

use super::{LegId, PublicationId, RegistrationId, RequestId, SubscriptionId};
use crate::subscription::SubscriptionEnd;
use crate::{
    Contact, Flow, HeaderError, Headers, ParseError, Request, Response, StatusCode,
    SubscriptionState, Text,
};

/// One whole message to be sent over a flow.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transmit {
    /// Where it goes.
    pub flow: Flow,
    /// The message as it goes onto the wire.
    pub payload: Bytes,
}

/// What the application learns.
#[derive(Clone, Debug)]
pub enum Event {
    /// A request other than INVITE, ACK, BYE and CANCEL came in; answer it with
    /// [`Input::Respond`](super::Input::Respond) within 32 s, when its sender gives up.
    Request {
        /// To name it in the answer.
        request: RequestId,
        /// Where it came from.
        flow: Flow,
        /// The call it came in, or `None` outside calls.
        leg: Option<LegId>,
        /// The request itself.
        message: Request,
    },
    /// An answer to our request. Provisional ones may precede the final one, which is the last event
    /// of this request.
    Response {
        /// Our request.
        request: RequestId,
        /// Its answer.
        response: Response,
    },
    /// Our request got no answer; its last event.
    RequestFailed {
        /// Our request.
        request: RequestId,
        /// Why.
        cause: Failure,
    },
    /// The registrar has us, for the first time or again.
    Registered {
        /// Ours.
        registration: RegistrationId,
        /// The life that was granted, in seconds. The core refreshes before it ends.
        expires_seconds: u32,
        /// All contacts that the registrar listed, those of other devices included.
        contacts: Vec<Contact>,
        /// The registrar's wish how long the connection, or the hole in a NAT, may go without a sign
        /// of life, in seconds (Flow-Timer, RFC 5626 section 4.4). The owner of the sockets sends
        /// keep-alives more often than that.
        flow_timer_seconds: Option<u32>,
        /// The whole of the answer's headers. A Service-Route among them is kept by the core and put
        /// into later requests over this flow from this address (RFC 3608).
        headers: Headers,
    },
    /// The registrar does not have us.
    RegistrationFailed {
        /// Ours.
        registration: RegistrationId,
        /// Why.
        failure: RegistrationFailure,
        /// When the core tries again; `None` if it will not, because the answer would be the same.
        /// Then the registration is over.
        will_retry_after: Option<Duration>,
    },
    /// The registration is over because we asked for it; its last event.
    Unregistered {
        /// Ours.
        registration: RegistrationId,
    },
    /// Somebody calls. 100 Trying was sent by the core.
    Incoming {
        /// The new leg.
        leg: LegId,
        /// Where it came from.
        flow: Flow,
        /// The INVITE with its offer.
        invite: Request,
        /// The call whose place this one shall take (RFC 3891): accept this one and hang up that one,
        /// unless whoever asks is not allowed to. Only where
        /// [`Config::supported`](super::Config::supported) has `replaces`; a header that names nothing
        /// that could be replaced was refused by the core.
        replaces: Option<LegId>,
    },
    /// A provisional answer (101–199) to our INVITE. A reliable one (RFC 3262) was acknowledged with
    /// PRACK, comes only once and in its order, and its description is the answer to our offer. If
    /// our INVITE carried no offer and `body` is one in a reliable answer (`headers` require
    /// `100rel`), the application owes its answer: [`Input::Acknowledge`](super::Input::Acknowledge).
    Progress {
        /// Our call.
        leg: LegId,
        /// 180 Ringing, 183 Session Progress, …
        status: StatusCode,
        /// Of the answer; the tag in To tells the branches of a forked call apart.
        headers: Headers,
        /// SDP of early media, or empty.
        body: Bytes,
    },
    /// A 2xx to our INVITE or re-INVITE. Of several phones that answer a forked call the first one
    /// counts; the core hangs up on the others.
    Answered {
        /// Our call.
        leg: LegId,
        /// Of the answer.
        headers: Headers,
        /// Their SDP answer; or their offer, if our INVITE had none. What was agreed before the call
        /// was answered (in a reliable provisional answer, PRACK or UPDATE) counts more than what the
        /// 2xx says or leaves out: then it is the peer's last description.
        body: Bytes,
    },
    /// Our 2xx was acknowledged.
    Acknowledged {
        /// The call.
        leg: LegId,
        /// Their SDP answer if our 2xx carried the offer, else empty.
        body: Bytes,
    },
    /// The peer offers a new session inside the call: answer with Accept or Reject. It may do so before
    /// the call is answered, with UPDATE or PRACK: until this offer is answered, Accept and Reject
    /// mean the offer and not the call, so a B2BUA answers the offer first (at worst with 491) and
    /// the call then. There is one at a time in a leg; what crosses is refused by the core. An offer
    /// in UPDATE or PRACK that waits for almost 64*T1 is refused with 504 by the core, which
    /// [`Event::ReofferWithdrawn`](Self::ReofferWithdrawn) tells.
    ///
    /// A refresh (RFC 4028) without a description, or with the peer's last one unchanged, is answered
    /// by the core with our last description and gives no event.
    Reoffer {
        /// The call.
        leg: LegId,
        /// The request with its offer: INVITE, UPDATE or PRACK. From tells the branches of a forked
        /// call apart. Empty only in a re-INVITE, which then asks for our offer.
        invite: Request,
    },
    /// The peer agreed to what [`Input::Reinvite`](super::Input::Reinvite) offered before the call was
    /// answered, with an UPDATE (RFC 3311). In an answered call this is
    /// [`Event::Answered`](Self::Answered).
    ReofferAccepted {
        /// The call.
        leg: LegId,
        /// Of the answer.
        headers: Headers,
        /// Their SDP answer.
        body: Bytes,
    },
    /// The caller acknowledged a provisional answer of ours that carried an offer, because its INVITE
    /// had none; the call itself is still to be answered.
    ProgressAcknowledged {
        /// The call that came in.
        leg: LegId,
        /// Their SDP answer.
        body: Bytes,
    },
    /// The offer of [`Event::Reoffer`](Self::Reoffer) is settled without us: its sender took it back, or
    /// waited too long and was told so by the core. From now on Accept and Reject mean the call again.
    ReofferWithdrawn {
        /// The call.
        leg: LegId,
    },
    /// Our re-INVITE or UPDATE was refused; the call goes on as it was.
    ReofferRefused {
        /// The call.
        leg: LegId,
        /// The peer's answer.
        status: StatusCode,
    },
    /// The connection to the peer of an answered call broke, and the call waits for it to come back as long
    /// as [`Config::flow_recovery`](super::Config::flow_recovery) says. What is sent in it meanwhile waits,
    /// or fails.
    FlowLost {
        /// The call.
        leg: LegId,
    },
    /// The peer of a call is somewhere else than before, as its last request or
    /// [`Input::MoveLeg`](super::Input::MoveLeg) says.
    Moved {
        /// The call.
        leg: LegId,
        /// Where it is now.
        flow: Flow,
    },
    /// The call is over: exactly once for each leg, always, and the last event of it.
    Ended {
        /// The call.
        leg: LegId,
        /// Why.
        cause: EndCause,
    },
    /// Our SUBSCRIBE or REFER was accepted, or our subscription was refreshed. A notification may come
    /// before this.
    Subscribed {
        /// Ours.
        subscription: SubscriptionId,
        /// The life that was granted, in seconds; 0 for a REFER, whose notifications tell it.
        expires_seconds: u32,
    },
    /// A notification of our subscription came; the core has answered it. The tag in From tells the
    /// notifiers of a forked SUBSCRIBE apart, each of which has a state of its own.
    Notified {
        /// Ours.
        subscription: SubscriptionId,
        /// Whether it is active, pending or over, and how long it lives.
        state: SubscriptionState,
        /// Of the NOTIFY, Content-Type among them.
        headers: Headers,
        /// The state of what was subscribed to, or empty.
        body: Bytes,
    },
    /// A subscription is over, ours or somebody's with us: exactly once for each that we asked for and
    /// for each that was accepted, and its last event.
    SubscriptionEnded {
        /// The subscription.
        subscription: SubscriptionId,
        /// Why. [`SubscriptionEnd::subscribe_again_after`] says whether to come again.
        cause: SubscriptionEnd,
    },
    /// Somebody wants to be told of something: SUBSCRIBE to one of
    /// [`Config::event_packages`](super::Config::event_packages), or REFER, which asks us to send a
    /// request (as a rule to call whom Refer-To names, with the REFER's Referred-By among the headers,
    /// RFC 3892) and to report how that goes. Answer with
    /// [`Input::AcceptSubscription`](super::Input::AcceptSubscription) or
    /// [`Input::RejectSubscription`](super::Input::RejectSubscription) within 32 s.
    ///
    /// A `subscription` that is known is a refresh, or a farewell (`Expires: 0`): it is accepted and
    /// notified in the same way, and after the farewell's notification the subscription is over.
    SubscriptionRequested {
        /// The new subscription, or the one that is refreshed.
        subscription: SubscriptionId,
        /// Where it came from.
        flow: Flow,
        /// The SUBSCRIBE, or the REFER with its one Refer-To.
        request: Request,
        /// The call it came in.
        leg: Option<LegId>,
    },
    /// The server has our state, for the first time or again.
    Published {
        /// Ours.
        publication: PublicationId,
        /// The life that was granted, in seconds. The core refreshes before it ends.
        expires_seconds: u32,
    },
    /// The server does not have our state.
    PublicationFailed {
        /// Ours.
        publication: PublicationId,
        /// Why.
        failure: PublicationFailure,
        /// When the core tries again; `None` if it will not, because the answer would be the same.
        /// Then the publication is over.
        will_retry_after: Option<Duration>,
    },
    /// The publication is over because we asked for it; its last event.
    Unpublished {
        /// Ours.
        publication: PublicationId,
    },
    /// Something came in that is no SIP message, or not one that can be used. A request got its
    /// refusal if it could be answered at all; the edge counts and logs, rate-limited.
    BadMessage {
        /// Where it came from.
        flow: Flow,
        /// What is wrong with it.
        error: BadMessage,
    },
}

/// Why a call ended.
#[derive(Clone, Debug)]
pub enum EndCause {
    /// The peer sent BYE.
    RemoteHangup {
        /// Value of its Reason header (RFC 3326).
        reason: Option<Text>,
    },
    /// [`Input::Hangup`](super::Input::Hangup), or [`Input::Reject`](super::Input::Reject) of an
    /// incoming call.
    LocalHangup,
    /// The caller gave up before we answered.
    Cancelled {
        /// Value of the CANCEL's Reason header: a call answered elsewhere says so here.
        reason: Option<Text>,
    },
    /// The peer refused our INVITE, or no longer knew the call.
    Refused {
        /// 300–699.
        status: StatusCode,
        /// Of the answer: Retry-After, Contact, Warning, …
        headers: Headers,
    },
    /// Nobody answered our INVITE or re-INVITE with any message for 64*T1; or a call of ours rang and
    /// nothing more was heard for the time of timer C.
    Timeout,
    /// Our 2xx was never acknowledged, and a BYE was sent (RFC 3261 section 13.3.1.4); or a reliable
    /// provisional answer was not, and the call was refused (RFC 3262 section 3).
    NoAcknowledgement,
    /// The session interval passed without a refresh: the peer is gone without a word. A BYE was sent
    /// (RFC 4028 section 10).
    SessionExpired,
    /// The connection that carried the call is gone, and the peer has not come back in time.
    FlowFailed,
    /// The peer broke the protocol so that the call cannot go on; the sentence says how.
    Protocol(&'static str),
}

/// Why a request got no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Failure {
    /// 64*T1 passed in silence.
    #[error("nobody answered within the life of the transaction; check that the peer is reachable")]
    Timeout,
    /// The flow failed while the request was under way.
    #[error("the connection to the peer is gone; connect again")]
    FlowFailed,
    /// The call that should have carried the request does not exist or is not established.
    #[error("the call that should carry the request is not established; send it outside the call")]
    NoSuchCall,
    /// The request cannot be sent as it is.
    #[error(
        "the request lacks a From or To that can be used, or is one that the core sends itself"
    )]
    Unsendable,
}

/// Why the registrar does not have us.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RegistrationFailure {
    /// The registrar answered with a refusal. 401 and 407 mean that login or secret are wrong.
    #[error("the registrar refused: {0}")]
    Refused(StatusCode),
    /// 64*T1 passed in silence.
    #[error("the registrar did not answer; check its address and the network")]
    Timeout,
    /// The flow failed while the request was under way.
    #[error("the connection to the registrar is gone; check its address and the network")]
    Transport,
    /// The registrar answered with something that cannot be used.
    #[error("the registrar's answer cannot be used; its contact list or challenge is malformed")]
    Malformed,
}

/// Why the server does not have our state.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PublicationFailure {
    /// The server answered with a refusal.
    #[error("the server refused the publication: {0}")]
    Refused(StatusCode),
    /// 64*T1 passed in silence.
    #[error("the server did not answer the publication; check its address and the network")]
    Timeout,
    /// The flow failed while the request was under way.
    #[error("the connection to the server is gone; check its address and the network")]
    Transport,
    /// The server accepted it without naming it.
    #[error("the server's answer to the publication has no entity tag that can be used")]
    Malformed,
}

/// What is wrong with a message that came in.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BadMessage {
    /// It cannot be read, or one of its headers cannot.
    #[error("not a usable SIP message: {0}")]
    Malformed(#[from] ParseError),
    /// An answer that lacks what it takes to find its request.
    #[error("a response that cannot be read: {0}")]
    MalformedResponse(#[from] HeaderError),
    /// An answer to nothing that we asked, or to what was answered long ago.
    #[error("a response that belongs to no request of ours")]
    StrayResponse,
    /// There is no room for it; it was refused with 503.
    #[error("too many transactions or calls at once")]
    Overload,
}

impl BadMessage {
    /// A word for the kind, of a short list: for counting, where the sentence would be too many different ones.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            BadMessage::Malformed(error) => error.problem().kind(),
            BadMessage::MalformedResponse(_) => "response-header",
            BadMessage::StrayResponse => "stray-response",
            BadMessage::Overload => "overload",
        }
    }
}
