//! How our subscriptions begin: with SUBSCRIBE or REFER (RFC 6665 section 4.1.2.1, RFC 3515).

use bytes::Bytes;

use super::purpose::Purpose;
use super::responses::loses_dialog;
use super::{
    ClientCredential, DigestClient, EndCause, Endpoint, Event, Failure, LegId, SubscriptionId,
    Timer,
};
use crate::subscription::{Beginning, MOST_ADJUSTMENTS, Subscriber, SubscriptionEnd, Usage};
use crate::{
    CSeq, EventHeader, Expires, Flow, FromHeader, HeaderName, Headers, Method, MinExpires,
    NameAddr, ReferSub, ReferTo, Request, Response, StatusCode, Text, ToHeader, Uri,
};

/// Whom [`Input::Subscribe`](super::Input::Subscribe) asks.
pub(super) struct Wish {
    pub(super) flow: Flow,
    pub(super) uri: Uri,
    pub(super) from: NameAddr,
    pub(super) to: NameAddr,
    pub(super) credential: Option<ClientCredential>,
    pub(super) about: About,
}

/// What a new subscription is about.
pub(super) struct About {
    pub(super) subject: Subject,
    pub(super) expires_seconds: u32,
    pub(super) headers: Headers,
    pub(super) body: Bytes,
}

/// What there is to be told of.
pub(super) enum Subject {
    /// Somebody's state: SUBSCRIBE.
    State(EventHeader),
    /// How it goes with whom the peer is referred to: REFER.
    Reference(NameAddr),
}

impl About {
    /// A REFER with these headers.
    pub(super) fn reference(refer_to: NameAddr, headers: Headers) -> Self {
        Self {
            subject: Subject::Reference(refer_to),
            expires_seconds: REFER_SECONDS,
            headers,
            body: Bytes::new(),
        }
    }

    fn method(&self) -> Method {
        match self.subject {
            Subject::State(_) => Method::Subscribe,
            Subject::Reference(_) => Method::Refer,
        }
    }
}

impl Endpoint {
    /// [`Input::Subscribe`](super::Input::Subscribe), and
    /// [`Input::ReferOutsideCall`](super::Input::ReferOutsideCall) if there is somebody to refer to.
    pub(super) fn subscribe(&mut self, id: SubscriptionId, wish: Wish) {
        if self.subscriptions.subscribers.contains_key(&id) {
            return;
        }
        let method = wish.about.method();
        let local_tag = self.random.tag();
        let call_id = self.random.call_id();
        let user = wish.from.uri.user.clone();
        let mut request = Request::new(method.clone(), wish.uri);
        let headers = &mut request.headers;
        let mut kept = wish.about.headers;
        match kept.get(&HeaderName::MaxForwards) {
            Some(most) => headers.push(HeaderName::MaxForwards, most),
            None => headers.push(HeaderName::MaxForwards, Text::from_static("70")),
        }
        for route in kept.all(&HeaderName::Route) {
            headers.push(HeaderName::Route, route);
        }
        headers.push_typed(&FromHeader(wish.from.with_tag(&local_tag)));
        let mut to = wish.to;
        to.params.remove("tag");
        headers.push_typed(&ToHeader(to));
        headers.push(HeaderName::CallId, &call_id);
        headers.push_typed(&CSeq { number: 1, method });
        let contact = match kept.get(&HeaderName::Contact) {
            Some(contact) => contact.clone(),
            None => {
                let about = (&request.uri, &request.headers);
                self.contact_towards(wish.flow, user.as_deref(), about)
            }
        };
        request.headers.push(HeaderName::Contact, &contact);
        // Ways and addresses of the first request are not those of the later ones in the dialog.
        for name in [
            HeaderName::Route,
            HeaderName::MaxForwards,
            HeaderName::Contact,
            HeaderName::CallId,
        ] {
            kept.remove(&name);
        }
        let beginning = Beginning {
            flow: wish.flow,
            key: self.dialog_key(&call_id, &local_tag),
            carrier: None,
            contact,
            digest: wish.credential.map(DigestClient::new),
            number: 1,
        };
        self.preload_routes(wish.flow, &mut request);
        let about = About {
            headers: kept,
            ..wish.about
        };
        self.begin_subscription(id, beginning, about, request);
    }

    /// [`Input::SubscribeInCall`](super::Input::SubscribeInCall) and
    /// [`Input::Refer`](super::Input::Refer).
    pub(super) fn subscribe_in(&mut self, id: SubscriptionId, leg_id: LegId, about: About) {
        if self.subscriptions.subscribers.contains_key(&id) {
            return;
        }
        let nobody = Event::SubscriptionEnded {
            subscription: id,
            cause: SubscriptionEnd::NoSuchCall,
        };
        let Some(leg) = self.legs.get_mut(&leg_id).filter(|leg| !leg.is_parting()) else {
            return self.out.tell(nobody);
        };
        let (flow, key, digest) = (leg.flow, leg.key, leg.digest.clone());
        let Some(dialog) = leg.dialog_mut() else {
            return self.out.tell(nobody);
        };
        let mut request = dialog.request(about.method());
        let contact = dialog.contact().clone();
        request.headers.push(HeaderName::Contact, &contact);
        let beginning = Beginning {
            flow,
            key,
            carrier: Some(leg_id),
            contact,
            digest,
            number: number_of(&request),
        };
        self.begin_subscription(id, beginning, about, request);
    }

    fn begin_subscription(
        &mut self,
        id: SubscriptionId,
        beginning: Beginning,
        about: About,
        mut request: Request,
    ) {
        let (seconds, number) = (about.expires_seconds, beginning.number);
        let subscriber = match about.subject {
            Subject::State(event) => {
                let (headers, body) = (about.headers, about.body);
                let usage = Usage::Subscribe;
                let subscriber = Subscriber::new(beginning, usage, event, seconds, headers, body);
                subscriber.fill(&mut request);
                subscriber
            }
            Subject::Reference(refer_to) => {
                request.headers.push_typed(&ReferTo(refer_to));
                request.headers.append(about.headers);
                let (headers, body) = (Headers::new(), Bytes::new());
                let (usage, event) = (Usage::Refer, refer_event(number));
                Subscriber::new(beginning, usage, event, seconds, headers, body)
            }
        };
        self.subscriptions.add_subscriber(id, subscriber);
        self.open_subscription(id, request);
    }

    /// Sends the request that begins a subscription, and waits for the notification that has to
    /// follow (timer N).
    fn open_subscription(&mut self, id: SubscriptionId, request: Request) {
        let life = self.config.timers.transaction_life();
        let Some(subscriber) = self.subscriptions.subscribers.get_mut(&id) else {
            return;
        };
        let plan = subscriber.next_plan();
        subscriber.opening = Some(plan);
        subscriber.is_asking = true;
        let flow = subscriber.flow;
        self.out.after(life, Timer::Subscriber(id, plan));
        self.launch_subscribe(id, flow, None, request);
    }

    pub(super) fn launch_subscribe(
        &mut self,
        subscription: SubscriptionId,
        flow: Flow,
        branch: Option<Text>,
        request: Request,
    ) {
        let message = Box::new(request.clone());
        let purpose = Purpose::Subscribe {
            subscription,
            branch,
            message,
        };
        self.launch(flow, request, purpose);
    }

    /// Sends the request that begins a subscription once more, with the next number.
    fn open_again(&mut self, id: SubscriptionId, mut message: Request) {
        let Some(subscriber) = self.subscriptions.subscribers.get_mut(&id) else {
            return;
        };
        let number = match subscriber.carrier {
            None => subscriber.number.checked_add(1),
            Some(leg) => self
                .legs
                .get_mut(&leg)
                .and_then(|leg| Some(leg.dialog_mut()?.next_sequence())),
        };
        let Some(number) = number else {
            return self.end_subscriber(id, SubscriptionEnd::NoSuchCall);
        };
        subscriber.number = number;
        if subscriber.usage == Usage::Refer {
            subscriber.event = refer_event(number);
        }
        let method = message.method.clone();
        message.headers.set_typed(&CSeq { number, method });
        if let Some(digest) = &mut subscriber.digest {
            digest.authorize(&mut message, &mut self.random);
        }
        self.open_subscription(id, message);
    }

    /// An answer to a SUBSCRIBE or REFER of ours; `branch` is the tag of the notifier that we know.
    pub(super) fn subscribe_answered(
        &mut self,
        id: SubscriptionId,
        branch: Option<Text>,
        message: Request,
        response: Response,
    ) {
        match branch {
            None => self.opening_answered(id, message, response),
            Some(tag) => self.refresh_answered(id, &tag, message, response),
        }
    }

    fn opening_answered(&mut self, id: SubscriptionId, mut message: Request, response: Response) {
        let Some(subscriber) = self.subscriptions.subscribers.get_mut(&id) else {
            return;
        };
        subscriber.is_asking = false;
        let Response {
            status, headers, ..
        } = &response;
        if status.is_success() {
            if let Some(digest) = &mut subscriber.digest {
                digest.accepted(&response);
            }
            let is_refer = subscriber.usage == Usage::Refer;
            let granted = match headers.typed::<Expires>() {
                Ok(Some(Expires(seconds))) => seconds,
                _ if is_refer => 0,
                _ => subscriber.wanted_seconds,
            };
            if !is_refer {
                subscriber.granted_seconds = Some(granted);
            }
            let is_leaving = subscriber.is_leaving;
            self.out.tell(Event::Subscribed {
                subscription: id,
                expires_seconds: granted,
            });
            if is_refer && is_refer_sub_off(headers) {
                self.end_subscriber(id, SubscriptionEnd::NotWanted);
            } else if is_leaving {
                self.leave(id);
            }
            return;
        }
        if DigestClient::is_challenge(*status)
            && let Some(digest) = &mut subscriber.digest
            && digest.learn(&response)
        {
            return self.open_again(id, message);
        }
        if let Some(seconds) = longer(subscriber, &response) {
            message.headers.set_typed(&Expires(seconds));
            return self.open_again(id, message);
        }
        let (status, headers, leg) = (*status, response.headers, subscriber.carrier);
        let cause = SubscriptionEnd::Refused {
            status,
            headers: headers.clone(),
        };
        self.end_subscriber(id, cause);
        if let Some(leg) = leg
            && loses_dialog(status)
        {
            self.end_with_bye(leg, EndCause::Refused { status, headers });
        }
    }

    /// A SUBSCRIBE or REFER of ours gets no answer.
    pub(super) fn subscribe_failed(
        &mut self,
        id: SubscriptionId,
        branch: Option<Text>,
        failure: Failure,
    ) {
        let Some(subscriber) = self.subscriptions.subscribers.get_mut(&id) else {
            return;
        };
        let cause = match failure {
            Failure::FlowFailed => SubscriptionEnd::FlowFailed,
            _ => SubscriptionEnd::Timeout,
        };
        let (is_leaving, leg) = (subscriber.is_leaving, subscriber.carrier);
        if leg.is_none() {
            // Another attempt may take another connection.
            subscriber.flow.connection = 0;
        }
        match branch {
            None => {
                self.end_subscriber(id, cause);
                // As for any request in a call: who does not answer any more has lost the dialog.
                if let Some(leg) = leg
                    && failure == Failure::Timeout
                {
                    self.end_with_bye(leg, EndCause::Timeout);
                }
            }
            Some(tag) => {
                if let Some(branch) = subscriber.branch_mut(&tag) {
                    branch.is_asking = false;
                }
                if is_leaving {
                    self.branch_over(id, &tag, SubscriptionEnd::Unsubscribed);
                } else {
                    self.try_refresh_again(id, &tag);
                }
            }
        }
    }
}

/// The life that a subscription to the progress of a REFER is asked for when it has to be refreshed,
/// in seconds: longer than anybody lets a phone ring.
const REFER_SECONDS: u32 = 300;

fn refer_event(number: u32) -> EventHeader {
    let mut event = EventHeader::new(Text::from_static("refer"));
    event.params.set("id", Some(&number.to_string()));
    event
}

/// The number of a request that we have made.
fn number_of(request: &Request) -> u32 {
    let sequence: Result<CSeq, _> = request.headers.required();
    sequence.map_or(0, |sequence| sequence.number)
}

/// The longer life that a 423 asks for, if we go along with it.
pub(super) fn longer(subscriber: &mut Subscriber, response: &Response) -> Option<u32> {
    if response.status != StatusCode::INTERVAL_TOO_BRIEF || subscriber.is_leaving {
        return None;
    }
    let Ok(Some(MinExpires(least))) = response.headers.typed() else {
        return None;
    };
    // Zero asks for one notification, and no life is too short for that.
    if subscriber.wanted_seconds == 0
        || least <= subscriber.wanted_seconds
        || subscriber.adjustments >= MOST_ADJUSTMENTS
    {
        return None;
    }
    subscriber.adjustments += 1;
    subscriber.wanted_seconds = least;
    Some(least)
}

/// Whether a refusal of a request inside a subscription ends it (RFC 6665 section 4.1.2.2).
pub(super) fn ends_subscription(status: StatusCode) -> bool {
    matches!(
        status.code(),
        404 | 405 | 410 | 416 | 480..=485 | 489 | 501 | 604
    )
}

/// Whether a REFER, or its answer, says that there are no notifications (RFC 4488).
pub(super) fn is_refer_sub_off(headers: &Headers) -> bool {
    matches!(
        headers.typed::<ReferSub>(),
        Ok(Some(ReferSub {
            is_wanted: false,
            ..
        }))
    )
}
