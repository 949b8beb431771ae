//! An endpoint with an address and manners, on a simulated network.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use simnet::{Node, Packet};
use sip::{
    CSeq, Config, EndCause, Endpoint, Event, Flow, Headers, Input, LegId, Message, NameAddr,
    Population, RequestId, StatusCode, SubscriptionEnd, Transport, TypedHeader,
};

/// What a party does by itself when something happens: inputs, each after a pause.
pub(crate) type Manners = Box<dyn FnMut(&Event) -> Vec<(Duration, Input)>>;

pub(crate) struct Party {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    pub(crate) transport: Transport,
    /// The number of its connection, where it has one.
    pub(crate) connection: u64,
    pub(crate) endpoint: Endpoint,
    pub(crate) manners: Manners,
    pub(crate) events: Vec<Event>,
    /// The calls that it made, where a test keeps them.
    pub(crate) legs: Vec<LegId>,
    later: Vec<(Instant, Input)>,
}

impl Party {
    pub(crate) fn with_config(name: &'static str, host: u8, seed: u8, config: Config) -> Self {
        Self {
            name,
            address: SocketAddr::from(([192, 0, 2, host], 5060)),
            transport: Transport::Udp,
            connection: 1,
            endpoint: Endpoint::new(config, [seed.wrapping_mul(16).wrapping_add(host); 32]),
            manners: Box::new(|_| Vec::new()),
            events: Vec::new(),
            legs: Vec::new(),
            later: Vec::new(),
        }
    }

    pub(crate) fn flow_to(&self, peer: SocketAddr) -> Flow {
        let connection = match self.transport.is_reliable() {
            true => self.connection,
            false => 0,
        };
        Flow {
            transport: self.transport,
            local: self.address,
            remote: peer,
            connection,
        }
    }

    pub(crate) fn do_now(&mut self, now: Instant, input: Input) {
        self.endpoint.handle(now, input);
        self.drain(now);
    }

    pub(crate) fn call(&mut self, now: Instant, peer: SocketAddr) -> LegId {
        self.call_with(now, peer, Bytes::from_static(b"offer"))
    }

    pub(crate) fn call_with(&mut self, now: Instant, peer: SocketAddr, body: Bytes) -> LegId {
        let leg = self.endpoint.next_leg();
        let invite = Input::Invite {
            leg,
            flow: self.flow_to(peer),
            uri: format!("sip:bob@{peer}").parse().unwrap(),
            from: address("sip:alice@example.com"),
            to: address("sip:bob@example.com"),
            headers: Headers::new(),
            body,
            credential: None,
        };
        self.do_now(now, invite);
        leg
    }

    /// The leg of the last call that came in.
    pub(crate) fn incoming(&self) -> LegId {
        self.last_incoming().expect("somebody called")
    }

    /// The leg of the last call that came in, if there was one.
    pub(crate) fn last_incoming(&self) -> Option<LegId> {
        let legs = self.events.iter().filter_map(|event| match event {
            Event::Incoming { leg, .. } => Some(*leg),
            _ => None,
        });
        legs.last()
    }

    /// The last request that came in.
    pub(crate) fn last_request(&self) -> RequestId {
        let requests = self.events.iter().filter_map(|event| match event {
            Event::Request { request, .. } => Some(*request),
            _ => None,
        });
        requests.last().expect("somebody asked")
    }

    /// What happened, a few words each.
    pub(crate) fn story(&self) -> Vec<String> {
        self.events.iter().map(words).collect()
    }

    /// Everything that must be gone once all is over.
    pub(crate) fn is_empty(&self) -> bool {
        let population = self.endpoint.population();
        Population {
            registrations: 0,
            timers: 0,
            ..population
        } == Population::default()
    }

    fn drain(&mut self, now: Instant) {
        while let Some(event) = self.endpoint.poll_event() {
            for (pause, input) in (self.manners)(&event) {
                self.later.push((now + pause, input));
            }
            self.events.push(event);
        }
    }
}

impl Node<SocketAddr, Bytes> for Party {
    fn owns(&self, address: &SocketAddr) -> bool {
        *address == self.address
    }

    fn receive(&mut self, now: Instant, packet: Packet<SocketAddr, Bytes>) {
        let flow = self.flow_to(packet.from);
        self.do_now(
            now,
            Input::Receive {
                flow,
                payload: packet.payload,
            },
        );
    }

    fn timeout(&mut self, now: Instant) {
        self.later.sort_by_key(|(due, _)| *due);
        while self.later.first().is_some_and(|(due, _)| *due <= now) {
            let (_, input) = self.later.remove(0);
            self.do_now(now, input);
        }
        self.do_now(now, Input::Timeout);
    }

    fn poll_transmit(&mut self) -> Option<Packet<SocketAddr, Bytes>> {
        let transmit = self.endpoint.poll_transmit()?;
        let (from, to) = (self.address, transmit.flow.remote);
        Some(Packet {
            from,
            to,
            payload: transmit.payload,
        })
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let later = self.later.iter().map(|(due, _)| *due).min();
        [later, self.endpoint.poll_timeout()]
            .into_iter()
            .flatten()
            .min()
    }
}

/// Rings at once and answers after a while.
pub(crate) fn answers_after(pause: Duration) -> Manners {
    Box::new(move |event| match event {
        Event::Incoming { leg, .. } => {
            let (leg, status, body) = (*leg, StatusCode::RINGING, Bytes::new());
            vec![
                (Duration::ZERO, Input::Progress { leg, status, body }),
                (pause, accept(leg)),
            ]
        }
        Event::Reoffer { leg, .. } => vec![(Duration::ZERO, accept(*leg))],
        _ => Vec::new(),
    })
}

/// Rings and never answers.
pub(crate) fn rings() -> Manners {
    Box::new(|event| match event {
        Event::Incoming { leg, .. } => {
            let (leg, status, body) = (*leg, StatusCode::RINGING, Bytes::new());
            vec![(Duration::ZERO, Input::Progress { leg, status, body })]
        }
        _ => Vec::new(),
    })
}

pub(crate) fn accept(leg: LegId) -> Input {
    Input::Accept {
        leg,
        headers: Headers::new(),
        body: Bytes::from_static(b"answer"),
    }
}

pub(crate) fn hangup(leg: LegId) -> Input {
    Input::Hangup { leg, reason: None }
}

pub(crate) fn address(uri: &str) -> NameAddr {
    NameAddr::new(uri.parse().unwrap())
}

/// A party's event in a few words.
fn words(event: &Event) -> String {
    match event {
        Event::Incoming { .. } => "incoming".into(),
        Event::Progress { status, .. } => format!("progress {status}"),
        Event::Answered { body, .. } => format!("answered with {:?}", text(body)),
        Event::Acknowledged { body, .. } => format!("acknowledged with {:?}", text(body)),
        Event::Reoffer { invite, .. } => format!("reoffer {:?}", text(&invite.body)),
        Event::ReofferAccepted { body, .. } => format!("reoffer accepted with {:?}", text(body)),
        Event::ProgressAcknowledged { body, .. } => {
            format!("progress acknowledged with {:?}", text(body))
        }
        Event::ReofferWithdrawn { .. } => "reoffer withdrawn".into(),
        Event::FlowLost { .. } => "flow lost".into(),
        Event::Moved { .. } => "moved".into(),
        Event::ReofferRefused { status, .. } => format!("reoffer refused {status}"),
        Event::Ended { cause, .. } => format!("ended: {}", cause_words(cause)),
        Event::Request { message, leg, .. } => {
            let place = if leg.is_some() {
                "in the call"
            } else {
                "outside calls"
            };
            format!("{} {place}", message.method)
        }
        Event::Response { response, .. } => format!("response {}", response.status),
        Event::RequestFailed { cause, .. } => format!("request failed: {cause:?}"),
        Event::Registered {
            expires_seconds, ..
        } => format!("registered for {expires_seconds} s"),
        Event::RegistrationFailed {
            failure,
            will_retry_after,
            ..
        } => {
            let next = if will_retry_after.is_some() {
                "tries again"
            } else {
                "gives up"
            };
            format!("not registered: {failure}; {next}")
        }
        Event::Unregistered { .. } => "unregistered".into(),
        Event::Subscribed {
            expires_seconds, ..
        } => format!("subscribed for {expires_seconds} s"),
        Event::Notified { state, body, .. } => {
            format!("notified {}: {:?}", state.to_text(), text(body))
        }
        Event::SubscriptionEnded { cause, .. } => match cause {
            SubscriptionEnd::Refused { status, .. } => {
                format!("subscription ended: refused {status}")
            }
            other => format!("subscription ended: {other:?}"),
        },
        Event::SubscriptionRequested { request, leg, .. } => {
            let place = if leg.is_some() {
                "in the call"
            } else {
                "outside calls"
            };
            format!("asked with {} {place}", request.method)
        }
        Event::Published {
            expires_seconds, ..
        } => format!("published for {expires_seconds} s"),
        Event::PublicationFailed {
            failure,
            will_retry_after,
            ..
        } => {
            let next = if will_retry_after.is_some() {
                "tries again"
            } else {
                "gives up"
            };
            format!("not published: {failure}; {next}")
        }
        Event::Unpublished { .. } => "unpublished".into(),
        Event::BadMessage { error, .. } => format!("bad message: {error}"),
    }
}

fn cause_words(cause: &EndCause) -> String {
    match cause {
        EndCause::Refused { status, .. } => format!("refused {status}"),
        other => format!("{other:?}"),
    }
}

fn text(body: &Bytes) -> &str {
    std::str::from_utf8(body).unwrap()
}

/// A message in a ladder.
pub(crate) fn describe(payload: &Bytes) -> String {
    match Message::parse(payload.clone()) {
        Ok(Message::Request(request)) => request.method.to_string(),
        Ok(Message::Response(response)) => {
            let sequence: CSeq = response.headers.required().unwrap();
            format!(
                "{} {} ({})",
                response.status.code(),
                response.reason,
                sequence.method
            )
        }
        Err(_) => "garbage".into(),
    }
}
