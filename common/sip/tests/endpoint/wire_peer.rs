//! One endpoint whose peer is the test itself, message by message.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sip::{
    ClientCredential, Config, Endpoint, Event, Flow, HeaderName, Headers, Input, LegId, Message,
    Request, Response, StatusCode, Transport,
};

use crate::party::address;

pub(crate) struct Lone {
    pub(crate) endpoint: Endpoint,
    pub(crate) now: Instant,
    pub(crate) flow: Flow,
}

impl Lone {
    pub(crate) fn new(config: Config) -> Self {
        let flow = Flow {
            transport: Transport::Udp,
            local: SocketAddr::from(([192, 0, 2, 1], 5060)),
            remote: SocketAddr::from(([192, 0, 2, 2], 5060)),
            connection: 0,
        };
        Self {
            endpoint: Endpoint::new(config, [5; 32]),
            now: Instant::now(),
            flow,
        }
    }

    pub(crate) fn does(&mut self, input: Input) {
        self.endpoint.handle(self.now, input);
    }

    /// A message comes in; lines are separated by line feeds here.
    pub(crate) fn hears(&mut self, message: &str) {
        self.hears_over(self.flow, message);
    }

    pub(crate) fn hears_over(&mut self, flow: Flow, message: &str) {
        let payload = Bytes::from(message.replace('\n', "\r\n"));
        self.does(Input::Receive { flow, payload });
    }

    /// What was sent since the last question, with the flows.
    pub(crate) fn sent(&mut self) -> Vec<(Flow, Message)> {
        std::iter::from_fn(|| self.endpoint.poll_transmit())
            .map(|transmit| (transmit.flow, Message::parse(transmit.payload).unwrap()))
            .collect()
    }

    pub(crate) fn requests(&mut self) -> Vec<Request> {
        let sent = self
            .sent()
            .into_iter()
            .filter_map(|(_, message)| match message {
                Message::Request(request) => Some(request),
                Message::Response(_) => None,
            });
        sent.collect()
    }

    pub(crate) fn responses(&mut self) -> Vec<Response> {
        let sent = self
            .sent()
            .into_iter()
            .filter_map(|(_, message)| match message {
                Message::Response(response) => Some(response),
                Message::Request(_) => None,
            });
        sent.collect()
    }

    /// The status codes that were answered since the last question.
    pub(crate) fn statuses(&mut self) -> Vec<u16> {
        self.responses()
            .iter()
            .map(|response| response.status.code())
            .collect()
    }

    /// The methods that were asked since the last question.
    pub(crate) fn methods(&mut self) -> Vec<String> {
        self.requests()
            .iter()
            .map(|request| request.method.to_string())
            .collect()
    }

    pub(crate) fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.endpoint.poll_event()).collect()
    }

    /// Lets time pass, timer by timer.
    pub(crate) fn waits(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.endpoint.poll_timeout().filter(|due| *due <= end) {
            self.now = due;
            self.does(Input::Timeout);
        }
        self.now = end;
    }

    /// Calls, and gives the INVITE.
    pub(crate) fn calls(&mut self) -> (LegId, Request) {
        self.calls_with(None)
    }

    /// Calls with a login, and gives the INVITE.
    pub(crate) fn calls_with(&mut self, credential: Option<ClientCredential>) -> (LegId, Request) {
        let leg = self.endpoint.next_leg();
        self.does(Input::Invite {
            leg,
            flow: self.flow,
            uri: "sip:bob@192.0.2.2".parse().unwrap(),
            from: address("sip:alice@example.com"),
            to: address("sip:bob@example.com"),
            headers: Headers::new(),
            body: Bytes::from_static(b"offer"),
            credential,
        });
        (leg, self.requests().remove(0))
    }

    /// An answer to a request of the endpoint comes in.
    pub(crate) fn hears_answer(&mut self, request: &Request, status: u16, to_tag: &str) {
        let response = answer(request, status, to_tag);
        self.does(Input::Receive {
            flow: self.flow,
            payload: response.to_bytes(),
        });
    }

    pub(crate) fn is_empty(&self) -> bool {
        let population = self.endpoint.population();
        population.client_transactions + population.server_transactions + population.legs == 0
    }
}

/// An answer with a tag and a Contact.
pub(crate) fn answer(request: &Request, status: u16, to_tag: &str) -> Response {
    let mut response = Response::to(request, StatusCode::new(status).unwrap());
    let to = request.headers.get(&HeaderName::To).unwrap();
    if !to.contains("tag=") {
        response
            .headers
            .set(HeaderName::To, format!("{to};tag={to_tag}"));
    }
    response
        .headers
        .push(HeaderName::Contact, format!("<sip:{to_tag}@192.0.2.2>"));
    response
}

/// A request to the endpoint. `lines` come behind the headers that every request has.
pub(crate) fn request(method: &str, branch: &str, lines: &str) -> String {
    request_in(method, branch, "1", "", lines)
}

/// A request with a number and with our tag in To, if there is one.
pub(crate) fn request_in(
    method: &str,
    branch: &str,
    number: &str,
    to_tag: &str,
    lines: &str,
) -> String {
    let to_tag = if to_tag.is_empty() {
        String::new()
    } else {
        format!(";tag={to_tag}")
    };
    format!(
        "{method} sip:alice@192.0.2.1 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bK{branch}
Max-Forwards: 70
From: <sip:bob@example.com>;tag=bob
To: <sip:alice@example.com>{to_tag}
Call-ID: call-1
CSeq: {number} {method}
Contact: <sip:bob@192.0.2.2>
{lines}Content-Length: 0

"
    )
}
