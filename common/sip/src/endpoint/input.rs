//! Everything that can be put into an endpoint.

use std::time::Duration;

use bytes::Bytes;

use super::{ClientCredential, LegId, PublicationId, RegistrationId, RequestId, SubscriptionId};
use crate::{
    EventHeader, Flow, Headers, LegSnapshot, Method, NameAddr, Request, StatusCode, Text, Uri,
};

/// What happened outside: the network, the clock, or a wish of the application.
///
/// An input that no longer fits the state (a leg that has just ended, a request that was answered
/// before) is ignored: the network may always have been faster than the application.
#[derive(Clone, Debug)]
pub enum Input {
    /// One whole message came in over `flow`: a datagram, or what the stream framing cut out.
    Receive {
        /// Where it came from.
        flow: Flow,
        /// The message as it was on the wire.
        payload: Bytes,
    },
    /// The instant that [`Endpoint::poll_timeout`](super::Endpoint::poll_timeout) named is reached.
    /// Any other input runs due timers as well; only an otherwise idle endpoint needs this one.
    Timeout,
    /// The connection is closed, or could not be opened, or the host answered that nobody listens.
    FlowFailed {
        /// The flow that is no more.
        flow: Flow,
    },
    /// Sends a request outside any call. Via, Max-Forwards, From tag, Call-ID and CSeq are filled in
    /// when absent, a digest challenge is answered once when a credential is given. Ends in exactly
    /// one final [`Event::Response`](super::Event::Response) or
    /// [`Event::RequestFailed`](super::Event::RequestFailed). Not for INVITE, ACK and CANCEL. A MESSAGE
    /// goes without Contact (RFC 3428 section 4).
    Request {
        /// From [`Endpoint::next_request`](super::Endpoint::next_request).
        request: RequestId,
        /// Where to send it.
        flow: Flow,
        /// From and To are the application's, without tags.
        message: Request,
        /// Answers a challenge.
        credential: Option<ClientCredential>,
    },
    /// Answers an [`Event::Request`](super::Event::Request). To a 2xx for OPTIONS the core adds what we
    /// can do: Allow, Supported, Accept, Allow-Events and Recv-Info, as far as `headers` do not say it;
    /// one for MESSAGE loses Contact and body (RFC 3428 section 7). A message that was taken but not
    /// delivered yet is answered with 202.
    Respond {
        /// The request that is answered.
        request: RequestId,
        /// Provisional answers may precede the final one.
        status: StatusCode,
        /// In addition to Via, From, To, Call-ID, CSeq and Server, which the core writes.
        headers: Headers,
        /// With its Content-Type among `headers`.
        body: Bytes,
    },
    /// Registers and keeps registered until [`Input::Unregister`].
    Register {
        /// From [`Endpoint::next_registration`](super::Endpoint::next_registration).
        registration: RegistrationId,
        /// Where to send it; the Contact names its local address.
        flow: Flow,
        /// The Request-URI, a domain without user part.
        registrar: Uri,
        /// Who is registered: From and To, and the user part of the Contact.
        address_of_record: NameAddr,
        /// Answers the registrar's challenge.
        credential: Option<ClientCredential>,
        /// The life to ask for, in seconds.
        expires_seconds: u32,
        /// What tells this device from all others for as long as it is installed: a `urn:uuid:…`
        /// (RFC 5626 section 4.1), written as `+sip.instance`.
        instance: Option<Text>,
        /// The number of this way to the registrar, from 1 (RFC 5626 section 4.2): a registration
        /// with the same instance and number replaces the one before it, whatever its Contact says.
        /// Counts only with an `instance`.
        reg_id: Option<u32>,
        /// What this device is capable of: feature tags of the Contact (RFC 3840 section 9), each without a
        /// value, such as [`READS_ROOMS`](crate::READS_ROOMS).
        features: Vec<Text>,
    },
    /// Takes a registration back. Ends in [`Event::Unregistered`](super::Event::Unregistered), also
    /// when the registrar is silent.
    Unregister {
        /// The registration that ends.
        registration: RegistrationId,
    },
    /// Calls somebody. Ends in exactly one [`Event::Ended`](super::Event::Ended).
    Invite {
        /// From [`Endpoint::next_leg`](super::Endpoint::next_leg).
        leg: LegId,
        /// Where to send it.
        flow: Flow,
        /// Whom to call: Request-URI.
        uri: Uri,
        /// The caller, without tag.
        from: NameAddr,
        /// The callee as dialled, without tag.
        to: NameAddr,
        /// Further headers; a Max-Forwards, Call-ID or Contact among them replaces the core's own.
        headers: Headers,
        /// The SDP offer; empty asks the callee for one. `application/sdp` unless `headers` say
        /// something else.
        body: Bytes,
        /// Answers a challenge.
        credential: Option<ClientCredential>,
    },
    /// A provisional answer (101–199) to [`Event::Incoming`](super::Event::Incoming). It is reliable
    /// as [`Config::reliable_provisionals`](super::Config::reliable_provisionals) says, and then
    /// waits until the one before it is acknowledged. A description in a reliable one *is* the answer
    /// to the INVITE's offer: later descriptions in Progress are left away, and one in Accept that
    /// differs is offered in a re-INVITE behind the ACK. If the INVITE had no offer it is our offer;
    /// the answer comes as [`Event::ProgressAcknowledged`](super::Event::ProgressAcknowledged).
    Progress {
        /// The call that came in.
        leg: LegId,
        /// 180 Ringing, 183 Session Progress, …
        status: StatusCode,
        /// SDP of early media, or empty.
        body: Bytes,
    },
    /// Accepts an [`Event::Incoming`](super::Event::Incoming) or an
    /// [`Event::Reoffer`](super::Event::Reoffer) with 200; the reoffer if one waits. The 200 to the
    /// call is held back until a reliable provisional answer with a description is acknowledged.
    Accept {
        /// The call that came in, or whose re-INVITE came in.
        leg: LegId,
        /// Further headers.
        headers: Headers,
        /// The SDP answer, or our offer if the INVITE had none.
        body: Bytes,
    },
    /// Refuses an [`Event::Incoming`](super::Event::Incoming), which ends the leg, or an
    /// [`Event::Reoffer`](super::Event::Reoffer), after which the call goes on.
    Reject {
        /// The call that came in, or whose re-INVITE came in.
        leg: LegId,
        /// 300–699. With 401 or 407 and a challenge among `headers` the caller comes back with
        /// credentials in a new `Incoming`.
        status: StatusCode,
        /// Further headers.
        headers: Headers,
    },
    /// Sends the ACK of an answered INVITE that carried no offer, or the PRACK of a reliable
    /// provisional answer that carried one; all others are acknowledged by the core. When several
    /// branches of a forked call wait, it is for the first that came.
    Acknowledge {
        /// The call.
        leg: LegId,
        /// Our SDP answer to the offer in the 2xx or in the provisional answer.
        body: Bytes,
    },
    /// Offers a new session inside a call. While another offer is under way, ours or theirs, it
    /// waits; a newer one replaces it. Glare is solved by the core (RFC 3261 section 14.1).
    ///
    /// In an answered call it goes out as a re-INVITE. Before that it goes out as an UPDATE
    /// (RFC 3311), once the first offer was answered reliably and if the peer allows UPDATE; of a
    /// forked call's branches to the one that reported last. Otherwise it waits until the call is
    /// answered. Ends in `Answered` (answered call), `ReofferAccepted` (before) or `ReofferRefused`.
    Reinvite {
        /// The call to change.
        leg: LegId,
        /// The new SDP offer.
        body: Bytes,
    },
    /// Ends a call in whatever state it is: CANCEL, BYE or 603. The leg is over at once for the
    /// application; the core finishes the messages behind it.
    Hangup {
        /// The call to end.
        leg: LegId,
        /// Value of a Reason header (RFC 3326).
        reason: Option<Text>,
    },
    /// Goes on with an answered call that another process has begun ([`Endpoint::snapshot_of`](super::Endpoint::snapshot_of)).
    /// A request of the peer that this process left unanswered is refused for now (500); a call over a stream
    /// connection, which is gone, waits for its peer as [`Config::flow_recovery`](super::Config::flow_recovery) says.
    /// What cannot be read ends with [`EndCause::Protocol`](super::EndCause::Protocol).
    RestoreLeg {
        /// From [`Endpoint::next_leg`](super::Endpoint::next_leg).
        leg: LegId,
        /// What was kept.
        snapshot: Box<LegSnapshot>,
        /// How long ago it was made.
        age: Duration,
        /// Whether nobody was there for so long that the peer may have given the call up: it is asked with a refresh, a
        /// moment later.
        is_doubtful: bool,
    },
    /// The peer of a call is somewhere else now, and requests in the call go there: it has registered over
    /// another flow, for instance. It is asked there at once whether it still has the call (a refresh, RFC
    /// 4028 section 7.4): a phone that was started anew has not.
    MoveLeg {
        /// The call.
        leg: LegId,
        /// Where its peer is.
        flow: Flow,
    },
    /// Asks the peer of an answered call whether it still has it (a refresh, RFC 4028 section 7.4), for instance because nothing
    /// is heard of it. The call ends if it has not, or does not answer. Nothing happens while something else is under way that
    /// will tell.
    RefreshLeg {
        /// The call.
        leg: LegId,
    },
    /// Sends a request inside an established call: INFO, MESSAGE, … Ends like [`Input::Request`].
    SendInDialog {
        /// The call that carries it.
        leg: LegId,
        /// From [`Endpoint::next_request`](super::Endpoint::next_request).
        request: RequestId,
        /// Not INVITE, ACK, BYE, CANCEL, PRACK or UPDATE, which the core sends itself.
        method: Method,
        /// Further headers.
        headers: Headers,
        /// With its Content-Type among `headers`.
        body: Bytes,
    },
    /// Subscribes to somebody's state and keeps subscribed until [`Input::Unsubscribe`] (RFC 6665): the
    /// core refreshes. Ends in exactly one
    /// [`Event::SubscriptionEnded`](super::Event::SubscriptionEnded). With `expires_seconds` 0 the
    /// state is asked for once, and the subscription ends with the notification that tells it.
    Subscribe {
        /// From [`Endpoint::next_subscription`](super::Endpoint::next_subscription).
        subscription: SubscriptionId,
        /// Where to send it.
        flow: Flow,
        /// Whose state: Request-URI.
        uri: Uri,
        /// Who subscribes, without tag.
        from: NameAddr,
        /// Whose state, without tag.
        to: NameAddr,
        /// What about: the event package, and an `id` if one is needed.
        event: EventHeader,
        /// The life to ask for, in seconds.
        expires_seconds: u32,
        /// Further headers: Accept says which bodies are understood. They are repeated in each
        /// refresh, except Route, Max-Forwards and Contact.
        headers: Headers,
        /// A filter or list, with its Content-Type among `headers`; mostly empty.
        body: Bytes,
        /// Answers a challenge.
        credential: Option<ClientCredential>,
    },
    /// Ends a subscription of ours, of SUBSCRIBE or of REFER. Its end is told when the notifier has
    /// said its last word, or after 64*T1.
    Unsubscribe {
        /// The subscription that ends.
        subscription: SubscriptionId,
    },
    /// Asks the peer of a call to send a request to somebody: to call them, as a rule (RFC 3515). The
    /// peer's reports come as [`Event::Notified`](super::Event::Notified) with a body that
    /// [`Sipfrag::parse`](crate::Sipfrag::parse) reads; the end as
    /// [`Event::SubscriptionEnded`](super::Event::SubscriptionEnded), exactly once. The call itself
    /// goes on until somebody ends it, and the reports go on behind its end.
    Refer {
        /// From [`Endpoint::next_subscription`](super::Endpoint::next_subscription).
        subscription: SubscriptionId,
        /// The answered call whose peer is asked.
        leg: LegId,
        /// Where the peer shall go. For an attended transfer its URI carries the call to replace:
        /// [`Replaces::to_uri_header`](crate::Replaces::to_uri_header).
        refer_to: NameAddr,
        /// Further headers: Referred-By (RFC 3892); `Refer-Sub: false` with `Require: norefersub` for
        /// a peer that is known to support it and shall not report (RFC 4488).
        headers: Headers,
    },
    /// As [`Input::Refer`], of somebody with whom there is no call: a phone that shall call somebody, for
    /// example. The reports come in a dialog of their own.
    ReferOutsideCall {
        /// From [`Endpoint::next_subscription`](super::Endpoint::next_subscription).
        subscription: SubscriptionId,
        /// Where to send it.
        flow: Flow,
        /// Who is asked: Request-URI.
        uri: Uri,
        /// Who asks, without tag.
        from: NameAddr,
        /// Who is asked, without tag.
        to: NameAddr,
        /// Where that one shall go.
        refer_to: NameAddr,
        /// Further headers, as for [`Input::Refer`].
        headers: Headers,
        /// Answers a challenge.
        credential: Option<ClientCredential>,
    },
    /// As [`Input::Subscribe`], in the dialog of an answered call, for what is about that call. RFC 6665
    /// section 4.5 prefers dialogs of their own. The subscription may outlive the call.
    SubscribeInCall {
        /// From [`Endpoint::next_subscription`](super::Endpoint::next_subscription).
        subscription: SubscriptionId,
        /// The call.
        leg: LegId,
        /// What about.
        event: EventHeader,
        /// The life to ask for, in seconds.
        expires_seconds: u32,
        /// Further headers, repeated in each refresh.
        headers: Headers,
        /// With its Content-Type among `headers`; mostly empty.
        body: Bytes,
    },
    /// Accepts an [`Event::SubscriptionRequested`](super::Event::SubscriptionRequested): 200, or 202
    /// for a REFER. [`Input::Notify`] with the present state has to follow at once; if it does not, the
    /// core notifies without body after T1. Of a REFER the core itself reports `100 Trying`.
    AcceptSubscription {
        /// The subscription that somebody asked for.
        subscription: SubscriptionId,
        /// The life that is granted, in seconds; never more than was asked for. For a REFER: how long
        /// its progress may be reported, some minutes.
        expires_seconds: u32,
        /// Further headers.
        headers: Headers,
    },
    /// Refuses an [`Event::SubscriptionRequested`](super::Event::SubscriptionRequested). A refused
    /// refresh leaves the subscription as it was.
    RejectSubscription {
        /// The subscription that somebody asked for.
        subscription: SubscriptionId,
        /// 300–699: 401 with a challenge among `headers`, 403, 404, 423 with Min-Expires, 603, …
        status: StatusCode,
        /// Further headers.
        headers: Headers,
    },
    /// Tells a subscriber the state. Notifications go out one after the other in the order of these
    /// inputs; of more than 16 that wait the oldest are left out.
    Notify {
        /// A subscription that was accepted.
        subscription: SubscriptionId,
        /// Further headers, Content-Type among them. The core writes Event and Subscription-State; a
        /// `Subscription-State: pending` among `headers` says that the subscription is not allowed
        /// yet.
        headers: Headers,
        /// The state. For a REFER: [`Sipfrag::to_bytes`](crate::Sipfrag::to_bytes) with
        /// [`Sipfrag::CONTENT_TYPE`](crate::Sipfrag::CONTENT_TYPE).
        body: Bytes,
    },
    /// Ends a subscription that somebody has with us, with a last notification. A REFER ends so, with
    /// `noresource`, when its final answer is known.
    EndSubscription {
        /// The subscription that ends.
        subscription: SubscriptionId,
        /// `deactivated`, `probation`, `rejected`, `timeout`, `giveup`, `noresource` (RFC 6665
        /// section 4.1.3); `;retry-after=60` may follow `probation` and `giveup`.
        reason: Text,
        /// Further headers, Content-Type among them.
        headers: Headers,
        /// The last state, or empty.
        body: Bytes,
    },
    /// Publishes a state and keeps it published until [`Input::Unpublish`] (RFC 3903): the core keeps
    /// the entity tag, refreshes, and publishes anew what the server has lost. The same `publication`
    /// again changes the state.
    Publish {
        /// From [`Endpoint::next_publication`](super::Endpoint::next_publication).
        publication: PublicationId,
        /// Where to send it.
        flow: Flow,
        /// Whose state: Request-URI and To.
        uri: Uri,
        /// Who publishes.
        from: NameAddr,
        /// What about.
        event: EventHeader,
        /// The life to ask for, in seconds.
        expires_seconds: u32,
        /// Further headers, Content-Type among them.
        headers: Headers,
        /// The state.
        body: Bytes,
        /// Answers a challenge.
        credential: Option<ClientCredential>,
    },
    /// Takes a published state back. Ends in [`Event::Unpublished`](super::Event::Unpublished), also
    /// when the server is silent.
    Unpublish {
        /// The publication that ends.
        publication: PublicationId,
    },
}
