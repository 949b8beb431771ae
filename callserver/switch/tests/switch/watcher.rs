//! A phone that does nothing but watch, and tell what its owner does.

use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;
use simnet::{Node, Packet};
use sip::{
    ClientCredential, Endpoint, Event, EventHeader, Flow, HeaderName, Headers, Input, NameAddr,
    PublicationId, Secret, SubscriptionEnd, SubscriptionId, Transport,
};

use crate::phone::Phone;
use crate::server::secret_of;

pub(crate) struct Watcher {
    pub(crate) login: String,
    address: SocketAddr,
    endpoint: Endpoint,
    /// The bodies that came, and when.
    pub(crate) told: Vec<(Instant, String)>,
    /// How subscriptions and publications ended.
    pub(crate) ends: Vec<String>,
    /// How often a state was taken.
    pub(crate) published: usize,
    publication: Option<PublicationId>,
}

impl Watcher {
    pub(crate) fn new(login: &str, host: u8) -> Self {
        Watcher {
            login: login.to_owned(),
            address: SocketAddr::from(([203, 0, 113, host], 5060)),
            endpoint: Endpoint::new(sip::Config::default(), [host; 32]),
            told: Vec::new(),
            ends: Vec::new(),
            published: 0,
            publication: None,
        }
    }

    pub(crate) fn flow(&self) -> Flow {
        Flow {
            transport: Transport::Udp,
            local: self.address,
            remote: "192.0.2.1:5060".parse().unwrap(),
            connection: 0,
        }
    }

    fn credential(&self) -> ClientCredential {
        ClientCredential {
            login: self.login.as_str().into(),
            secret: Secret::new(secret_of(&self.login)),
        }
    }

    pub(crate) fn watch(
        &mut self,
        now: Instant,
        package: &'static str,
        number: &str,
    ) -> SubscriptionId {
        let subscription = self.endpoint.next_subscription();
        let input = Input::Subscribe {
            subscription,
            flow: self.flow(),
            uri: Phone::uri(number),
            from: NameAddr::new(Phone::uri(&self.login)),
            to: NameAddr::new(Phone::uri(number)),
            event: EventHeader::new(package),
            expires_seconds: 600,
            headers: Headers::new(),
            body: Bytes::new(),
            credential: Some(self.credential()),
        };
        self.handle(now, input);
        subscription
    }

    pub(crate) fn unwatch(&mut self, now: Instant, subscription: SubscriptionId) {
        self.handle(now, Input::Unsubscribe { subscription });
    }

    pub(crate) fn publish(&mut self, now: Instant, body: &str) {
        let publication = self.publication.take();
        let publication = publication.unwrap_or_else(|| self.endpoint.next_publication());
        self.publication = Some(publication);
        let mut headers = Headers::new();
        headers.push(HeaderName::ContentType, "application/pidf+xml");
        let input = Input::Publish {
            publication,
            flow: self.flow(),
            uri: Phone::uri(&self.login),
            from: NameAddr::new(Phone::uri(&self.login)),
            event: EventHeader::new("presence"),
            expires_seconds: 600,
            headers,
            body: Bytes::from(body.to_owned()),
            credential: Some(self.credential()),
        };
        self.handle(now, input);
    }

    pub(crate) fn unpublish(&mut self, now: Instant) {
        if let Some(publication) = self.publication.take() {
            self.handle(now, Input::Unpublish { publication });
        }
    }

    /// The last word that it was told.
    pub(crate) fn last(&self) -> &str {
        self.told.last().map_or("", |(_, body)| body)
    }

    fn handle(&mut self, now: Instant, input: Input) {
        self.endpoint.handle(now, input);
        while let Some(event) = self.endpoint.poll_event() {
            match event {
                Event::Notified { body, .. } if !body.is_empty() => {
                    self.told
                        .push((now, String::from_utf8_lossy(&body).into_owned()));
                }
                Event::SubscriptionEnded { cause, .. } => self.ends.push(in_words(&cause)),
                Event::Published { .. } => self.published += 1,
                Event::PublicationFailed { failure, .. } => {
                    self.ends.push(format!("{failure:?}"));
                }
                _ => {}
            }
        }
    }
}

fn in_words(cause: &SubscriptionEnd) -> String {
    match cause {
        SubscriptionEnd::Refused { status, .. } => status.code().to_string(),
        SubscriptionEnd::Terminated { reason, .. } => reason
            .as_ref()
            .map_or_else(|| "ended".to_owned(), ToString::to_string),
        other => format!("{other:?}"),
    }
}

impl Node<SocketAddr, Bytes> for Watcher {
    fn owns(&self, address: &SocketAddr) -> bool {
        *address == self.address
    }

    fn receive(&mut self, now: Instant, packet: Packet<SocketAddr, Bytes>) {
        let (flow, payload) = (self.flow(), packet.payload);
        self.handle(now, Input::Receive { flow, payload });
    }

    fn timeout(&mut self, now: Instant) {
        self.handle(now, Input::Timeout);
    }

    fn poll_transmit(&mut self) -> Option<Packet<SocketAddr, Bytes>> {
        let transmit = self.endpoint.poll_transmit()?;
        Some(Packet {
            from: transmit.flow.local,
            to: transmit.flow.remote,
            payload: transmit.payload,
        })
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.endpoint.poll_timeout()
    }
}
