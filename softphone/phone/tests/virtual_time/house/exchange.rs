//! A tiny exchange: takes every registration with the right secret, and connects two phones over two legs.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;
use simnet::{Node, Packet};
use sip::{
    Authenticator, Authorization, Endpoint, Event, Flow, FromHeader, Ha1, Headers, Input, LegId,
    Method, NameAddr, ReferTo, Request, RequestId, Response, Sipfrag, StatusCode, SubscriptionId,
    ToHeader, Transport, Uri, Verdict, WwwAuthenticate,
};

use super::{DOMAIN, SECRET};

pub(crate) struct Exchange {
    address: SocketAddr,
    transport: Transport,
    endpoint: Endpoint,
    authenticator: Authenticator,
    pub(crate) bindings: BTreeMap<String, Flow>,
    /// Each leg's other leg.
    bridged: BTreeMap<LegId, LegId>,
    /// Whose phone is at a leg.
    at: BTreeMap<LegId, String>,
    /// What every call gets, without ringing anybody.
    pub(crate) refuse_with: Option<StatusCode>,
    /// Numbers that have moved: 301 with the new one.
    pub(crate) moved: BTreeMap<String, String>,
    /// A dead exchange hears and says nothing.
    pub(crate) is_dead: bool,
    /// How often it wants a sign of life, in seconds.
    pub(crate) flow_timer: Option<u32>,
    /// Requests that came, by method.
    pub(crate) requests: Vec<Method>,
    /// The Contact of the last REGISTER that it granted.
    pub(crate) registered_as: String,
    /// What becomes of a transfer.
    pub(crate) transfers_end_with: StatusCode,
    /// Where calls were to be handed over to.
    pub(crate) referred: Vec<Uri>,
    /// Bodies of INFO requests.
    pub(crate) infos: Vec<String>,
    /// What phones have answered to requests of its own.
    pub(crate) answers: Vec<Response>,
    /// What happened to legs without another leg.
    pub(crate) single: Vec<Event>,
}

impl Exchange {
    pub(crate) fn new(address: SocketAddr, transport: Transport) -> Self {
        Self {
            address,
            transport,
            endpoint: Endpoint::new(config(), [7; 32]),
            authenticator: Authenticator::new(DOMAIN, [8; 32]),
            bindings: BTreeMap::new(),
            bridged: BTreeMap::new(),
            at: BTreeMap::new(),
            refuse_with: None,
            moved: BTreeMap::new(),
            is_dead: false,
            flow_timer: None,
            requests: Vec::new(),
            registered_as: String::new(),
            transfers_end_with: StatusCode::OK,
            referred: Vec::new(),
            infos: Vec::new(),
            answers: Vec::new(),
            single: Vec::new(),
        }
    }

    /// As if it had been started anew: it knows nobody and no call.
    pub(crate) fn forget_calls(&mut self) {
        self.endpoint = Endpoint::new(config(), [9; 32]);
        self.bridged.clear();
        self.at.clear();
    }

    /// Offers a new session to the phone of one side of a call.
    pub(crate) fn reoffer(&mut self, now: Instant, user: &str, body: &str) {
        let leg = self
            .at
            .iter()
            .find(|(_, at)| at.as_str() == user)
            .map(|(leg, _)| *leg)
            .unwrap();
        self.handle(
            now,
            Input::Reinvite {
                leg,
                body: Bytes::from(body.to_owned()),
            },
        );
    }

    /// Calls a phone, with nobody at the other end.
    pub(crate) fn call(&mut self, now: Instant, user: &str, body: &str) -> LegId {
        self.invite(now, user, "100", Bytes::from(body.to_owned()))
            .unwrap()
    }

    /// Sends a request outside any call to somebody's phone.
    pub(crate) fn ask(&mut self, now: Instant, user: &str, method: Method, from: &str, body: &str) {
        let mut message = Request::new(method, uri(user));
        let headers = &mut message.headers;
        headers.push_typed(&FromHeader(NameAddr::new(uri(from))));
        headers.push_typed(&ToHeader(NameAddr::new(uri(user))));
        if !body.is_empty() {
            headers.push(sip::HeaderName::ContentType, "text/plain");
        }
        message.body = Bytes::from(body.to_owned());
        let input = Input::Request {
            request: self.endpoint.next_request(),
            flow: self.bindings[user],
            message,
            credential: None,
        };
        self.handle(now, input);
    }

    pub(crate) fn handle(&mut self, now: Instant, input: Input) {
        self.endpoint.handle(now, input);
        while let Some(event) = self.endpoint.poll_event() {
            self.on_event(now, event);
        }
    }

    fn invite(&mut self, now: Instant, user: &str, from: &str, body: Bytes) -> Option<LegId> {
        let flow = *self.bindings.get(user)?;
        let leg = self.endpoint.next_leg();
        self.at.insert(leg, user.to_owned());
        let address = |user: &str| NameAddr::new(uri(user));
        let invite = Input::Invite {
            leg,
            flow,
            uri: uri(user),
            from: address(from).with_display_name("Caller"),
            to: address(user),
            headers: Headers::default(),
            body,
            credential: None,
        };
        self.endpoint.handle(now, invite);
        Some(leg)
    }

    fn on_event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Request {
                request,
                flow,
                message,
                ..
            } => self.answer(now, request, flow, &message),
            Event::Response { response, .. } => self.answers.push(response),
            Event::Incoming { leg, invite, .. } => self.bridge(now, leg, &invite),
            Event::Reoffer { leg, invite } => {
                let body = invite.body;
                if let Some(other) = self.bridged.get(&leg) {
                    let input = Input::Reinvite { leg: *other, body };
                    self.endpoint.handle(now, input);
                }
            }
            Event::ReofferRefused { leg, status } => {
                if let Some(other) = self.bridged.get(&leg) {
                    let input = Input::Reject {
                        leg: *other,
                        status,
                        headers: Headers::default(),
                    };
                    self.endpoint.handle(now, input);
                }
            }
            Event::SubscriptionRequested {
                subscription,
                request,
                ..
            } => self.transfer(now, subscription, &request),
            Event::Progress {
                leg,
                status,
                ref body,
                ..
            } => match self.bridged.get(&leg) {
                Some(other) => {
                    let input = Input::Progress {
                        leg: *other,
                        status,
                        body: body.clone(),
                    };
                    self.endpoint.handle(now, input);
                }
                None => self.single.push(event),
            },
            Event::Answered { leg, ref body, .. } => match self.bridged.get(&leg) {
                Some(other) => {
                    let headers = Headers::default();
                    let input = Input::Accept {
                        leg: *other,
                        headers,
                        body: body.clone(),
                    };
                    self.endpoint.handle(now, input);
                }
                None => self.single.push(event),
            },
            Event::Ended { leg, ref cause } => {
                let Some(other) = self.bridged.remove(&leg) else {
                    return self.single.push(event);
                };
                self.bridged.remove(&other);
                let input = match cause {
                    sip::EndCause::Refused { status, .. } => Input::Reject {
                        leg: other,
                        status: *status,
                        headers: Headers::default(),
                    },
                    _ => Input::Hangup {
                        leg: other,
                        reason: None,
                    },
                };
                self.endpoint.handle(now, input);
            }
            _ => {}
        }
    }

    /// Takes a REFER, and says how it goes.
    fn transfer(&mut self, now: Instant, subscription: SubscriptionId, request: &Request) {
        let refer_to: ReferTo = request.headers.required().unwrap();
        self.referred.push(refer_to.0.uri);
        let mut headers = Headers::default();
        headers.push(sip::HeaderName::ContentType, Sipfrag::CONTENT_TYPE);
        let accept = Input::AcceptSubscription {
            subscription,
            expires_seconds: 60,
            headers: Headers::default(),
        };
        let rings = Input::Notify {
            subscription,
            headers: headers.clone(),
            body: Sipfrag::new(StatusCode::RINGING).to_bytes(),
        };
        let end = Input::EndSubscription {
            subscription,
            reason: "noresource".into(),
            headers,
            body: Sipfrag::new(self.transfers_end_with).to_bytes(),
        };
        for input in [accept, rings, end] {
            self.endpoint.handle(now, input);
        }
    }

    fn answer(&mut self, now: Instant, request: RequestId, flow: Flow, message: &Request) {
        self.requests.push(message.method.clone());
        let mut headers = Headers::default();
        let mut status = StatusCode::OK;
        if message.method == Method::Info {
            self.infos
                .push(String::from_utf8(message.body.to_vec()).unwrap());
        }
        if message.method == Method::Register {
            let user = user_of(message);
            if self.knows(now, message, &user) {
                self.bindings.insert(user, flow);
                headers.push(sip::HeaderName::Expires, "120");
                if let Some(seconds) = self.flow_timer {
                    headers.push_typed(&sip::FlowTimer(seconds));
                }
                let contacts = message.headers.all(&sip::HeaderName::Contact);
                for contact in contacts {
                    self.registered_as = contact.to_string();
                    headers.push(sip::HeaderName::Contact, format!("{contact};expires=120"));
                }
            } else {
                status = StatusCode::UNAUTHORIZED;
                for challenge in self.authenticator.challenges(now, false) {
                    headers.push_typed(&WwwAuthenticate(challenge));
                }
            }
        }
        self.endpoint.handle(
            now,
            Input::Respond {
                request,
                status,
                headers,
                body: Bytes::new(),
            },
        );
    }

    fn knows(&mut self, now: Instant, message: &Request, user: &str) -> bool {
        let credentials = message.headers.typed::<Authorization>().unwrap();
        let ha1 = Ha1::new(user, DOMAIN, SECRET);
        credentials.is_some_and(|Authorization(credentials)| {
            self.authenticator.check(now, &credentials, message, &ha1) == Verdict::Accepted
        })
    }

    fn bridge(&mut self, now: Instant, leg: LegId, invite: &Request) {
        self.requests.push(Method::Invite);
        let from = user_of(invite);
        self.at.insert(leg, from.clone());
        let refuse = |status| Input::Reject {
            leg,
            status,
            headers: Headers::default(),
        };
        if let Some(status) = self.refuse_with {
            return self.endpoint.handle(now, refuse(status));
        }
        let dialled = invite.uri.user.as_ref().unwrap().to_string();
        if let Some(now_at) = self.moved.get(&dialled) {
            let mut headers = Headers::default();
            headers.push(sip::HeaderName::Contact, format!("<{}>", uri(now_at)));
            let status = StatusCode::MOVED_PERMANENTLY;
            let input = Input::Reject {
                leg,
                status,
                headers,
            };
            return self.endpoint.handle(now, input);
        }
        match self.invite(now, &dialled, &from, invite.body.clone()) {
            Some(other) => {
                self.bridged.insert(leg, other);
                self.bridged.insert(other, leg);
            }
            None => self.endpoint.handle(now, refuse(StatusCode::NOT_FOUND)),
        }
    }
}

fn config() -> sip::Config {
    let mut config = sip::Config::default();
    config.methods.push(Method::Refer);
    config
}

fn user_of(message: &Request) -> String {
    let from: FromHeader = message.headers.required().unwrap();
    from.0.uri.user.unwrap().to_string()
}

fn uri(user: &str) -> Uri {
    format!("sip:{user}@{DOMAIN}").parse().unwrap()
}

impl Node<SocketAddr, Bytes> for Exchange {
    fn owns(&self, address: &SocketAddr) -> bool {
        *address == self.address
    }

    fn receive(&mut self, now: Instant, packet: Packet<SocketAddr, Bytes>) {
        if !self.is_dead {
            let flow = Flow {
                transport: self.transport,
                local: packet.to,
                remote: packet.from,
                connection: 0,
            };
            self.handle(
                now,
                Input::Receive {
                    flow,
                    payload: packet.payload,
                },
            );
        }
    }

    fn timeout(&mut self, now: Instant) {
        self.handle(now, Input::Timeout);
    }

    fn poll_transmit(&mut self) -> Option<Packet<SocketAddr, Bytes>> {
        while let Some(transmit) = self.endpoint.poll_transmit() {
            if !self.is_dead {
                let (from, to) = (transmit.flow.local, transmit.flow.remote);
                return Some(Packet {
                    from,
                    to,
                    payload: transmit.payload,
                });
            }
        }
        None
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.endpoint.poll_timeout()
    }
}
