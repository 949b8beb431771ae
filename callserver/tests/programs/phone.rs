//! A phone for the tests: the SIP core over a real UDP socket, with a real RTP socket beside it.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::Value;
use sip::{
    ClientCredential, Config, Endpoint, Event, EventHeader, Flow, Headers, Input, LegId, NameAddr,
    Secret, StatusCode, Transport, Uri,
};

use crate::process::{PATIENCE, Server};

/// How long a phone listens before it looks at its timers.
const MOMENT: Duration = Duration::from_millis(5);

pub(crate) struct Phone {
    endpoint: Endpoint,
    socket: UdpSocket,
    flow: Flow,
    credential: ClientCredential,
    pub(crate) number: String,
    /// Where it speaks and hears.
    pub(crate) rtp: UdpSocket,
    /// The messages that came.
    pub(crate) heard: Vec<String>,
    /// Whether it knows telephone events (RFC 4733).
    pub(crate) takes_digits: bool,
}

impl Phone {
    /// A phone with a new device credential of this account.
    pub(crate) fn new(server: &Server, account: &str) -> Self {
        Self::towards(server, account, server.address("sip"))
    }

    /// The same, with an address of the server that it shall speak to. It is on this machine, in the same family.
    pub(crate) fn towards(server: &Server, account: &str, remote: SocketAddr) -> Self {
        let here = (remote.ip(), 0);
        let device = server.callctl_json(&["devices", "add", account]);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let socket = UdpSocket::bind(here).unwrap();
        socket.set_read_timeout(Some(MOMENT)).unwrap();
        let rtp = UdpSocket::bind(here).unwrap();
        rtp.set_read_timeout(Some(PATIENCE)).unwrap();
        let flow = Flow {
            transport: Transport::Udp,
            local: socket.local_addr().unwrap(),
            remote,
            connection: 0,
        };
        let login = text(&device["login"]);
        let mut seed = [7; 32];
        seed[..login.len()].copy_from_slice(login.as_bytes());
        Self {
            endpoint: Endpoint::new(Config::default(), seed),
            socket,
            flow,
            credential: ClientCredential {
                login: login.into(),
                secret: Secret::from(text(&device["secret"]).as_str()),
            },
            number: text(&device["number"]),
            rtp,
            heard: Vec::new(),
            takes_digits: false,
        }
    }

    /// The digest user name.
    pub(crate) fn login(&self) -> String {
        self.credential.login.to_string()
    }

    /// The server is somewhere else now; the phone has not noticed.
    pub(crate) fn is_moved_to(&mut self, server: &Server) {
        self.flow.remote = server.address("sip");
    }

    pub(crate) fn forget_secret(&mut self) {
        self.credential.secret = Secret::from("wrong");
    }

    /// Registers; tells whether it was let in.
    pub(crate) fn register(&mut self) -> bool {
        self.begin_to_register();
        self.wait_for(|event| match event {
            Event::Registered { .. } => Some(true),
            Event::RegistrationFailed { .. } => Some(false),
            _ => None,
        })
    }

    /// Tries to register until something has come of it; no answer is expected.
    pub(crate) fn register_until(&mut self, has_come: impl Fn() -> bool) {
        self.begin_to_register();
        let begin = Instant::now();
        while !has_come() {
            assert!(begin.elapsed() < PATIENCE, "waited too long");
            self.work();
        }
    }

    fn begin_to_register(&mut self) {
        let registration = self.endpoint.next_registration();
        let address = NameAddr::new(uri(&self.credential.login));
        self.handle(Input::Register {
            registration,
            flow: self.flow,
            registrar: "sip:phones.example".parse().unwrap(),
            address_of_record: address,
            credential: Some(self.credential.clone()),
            expires_seconds: 600,
            instance: None,
            reg_id: None,
            features: Vec::new(),
        });
    }

    /// Calls a number.
    pub(crate) fn call(&mut self, number: &str) -> LegId {
        let leg = self.endpoint.next_leg();
        let body = self.session();
        self.handle(Input::Invite {
            leg,
            flow: self.flow,
            uri: uri(number),
            from: NameAddr::new(uri(&self.number)),
            to: NameAddr::new(uri(number)),
            headers: session_headers(),
            body,
            credential: Some(self.credential.clone()),
        });
        leg
    }

    /// Waits until it rings; the caller's phone works beside it.
    pub(crate) fn rings(&mut self, caller: &mut Phone) {
        let leg = self.wait_beside(Some(caller), |event| match event {
            Event::Incoming { leg, .. } => Some(leg),
            _ => None,
        });
        self.handle(Input::Progress {
            leg,
            status: StatusCode::RINGING,
            body: Bytes::new(),
        });
    }

    /// Sends a message, which the other phone takes if it gets there. Returns the answer.
    pub(crate) fn message(&mut self, number: &str, text: &str, other: &mut Phone) -> u16 {
        let request = self.endpoint.next_request();
        let mut message = sip::Request::new(sip::Method::Message, uri(number));
        let from = NameAddr::new(uri(&self.number));
        message.headers.push_typed(&sip::FromHeader(from));
        let to = NameAddr::new(uri(number));
        message.headers.push_typed(&sip::ToHeader(to));
        message
            .headers
            .push(sip::HeaderName::ContentType, "text/plain");
        message.body = Bytes::from(text.to_owned());
        self.handle(Input::Request {
            request,
            flow: self.flow,
            message,
            credential: Some(self.credential.clone()),
        });
        let begin = Instant::now();
        loop {
            while let Some(event) = self.endpoint.poll_event() {
                if let Event::Response { response, .. } = event {
                    return response.status.code();
                }
            }
            assert!(begin.elapsed() < PATIENCE, "waited too long");
            self.work();
            other.take_messages();
        }
    }

    /// Waits until it has got messages, so many in all.
    pub(crate) fn hears(&mut self, many: usize) -> Vec<String> {
        let begin = Instant::now();
        while self.heard.len() < many {
            assert!(begin.elapsed() < PATIENCE, "only {:?}", self.heard);
            self.take_messages();
        }
        self.heard.clone()
    }

    fn take_messages(&mut self) {
        self.work();
        while let Some(event) = self.endpoint.poll_event() {
            if let Event::Request {
                request, message, ..
            } = event
            {
                self.heard
                    .push(String::from_utf8_lossy(&message.body).into_owned());
                self.handle(Input::Respond {
                    request,
                    status: StatusCode::OK,
                    headers: Headers::new(),
                    body: Bytes::new(),
                });
            }
        }
    }

    /// Waits until it rings, and picks up. The caller's phone works beside it: it has a challenge to answer first.
    /// Returns the call and where the other side is to be spoken to.
    pub(crate) fn answer(&mut self, caller: &mut Phone) -> (LegId, SocketAddr) {
        let (leg, offer) = self.wait_beside(Some(caller), |event| match event {
            Event::Incoming { leg, invite, .. } => Some((leg, invite.body)),
            _ => None,
        });
        self.handle(Input::Progress {
            leg,
            status: StatusCode::RINGING,
            body: Bytes::new(),
        });
        let body = self.session();
        self.handle(Input::Accept {
            leg,
            headers: session_headers(),
            body,
        });
        (leg, rtp_address(&offer))
    }

    /// Waits until the other side has picked up. Returns where it is to be spoken to.
    pub(crate) fn is_answered(&mut self) -> SocketAddr {
        let answer = self.wait_for(|event| match event {
            Event::Answered { body, .. } => Some(body),
            Event::Ended { cause, .. } => panic!("the call ended: {cause:?}"),
            _ => None,
        });
        rtp_address(&answer)
    }

    /// Waits until a call has ended. Returns the status if it was refused.
    pub(crate) fn has_ended(&mut self) -> Option<u16> {
        self.wait_for(ended)
    }

    /// The same, while the other phone works beside it: it may have an ACK to hear before it can send its BYE.
    pub(crate) fn has_ended_beside(&mut self, other: &mut Phone) -> Option<u16> {
        self.wait_beside(Some(other), ended)
    }

    pub(crate) fn hang_up(&mut self, leg: LegId) {
        self.handle(Input::Hangup { leg, reason: None });
    }

    /// Subscribes to the own message lamp (RFC 3842).
    pub(crate) fn watch_lamp(&mut self) {
        let subscription = self.endpoint.next_subscription();
        let own = uri(&self.number);
        self.handle(Input::Subscribe {
            subscription,
            flow: self.flow,
            uri: own.clone(),
            from: NameAddr::new(own.clone()),
            to: NameAddr::new(own),
            event: EventHeader::new("message-summary"),
            expires_seconds: 600,
            headers: Headers::new(),
            body: Bytes::new(),
            credential: Some(self.credential.clone()),
        });
    }

    /// Waits until the lamp says this.
    pub(crate) fn lamp_says(&mut self, words: &str) {
        self.wait_for(|event| match event {
            Event::Notified { body, .. } => {
                String::from_utf8_lossy(&body).contains(words).then_some(())
            }
            _ => None,
        });
    }

    fn handle(&mut self, input: Input) {
        self.endpoint.handle(Instant::now(), input);
        while let Some(transmit) = self.endpoint.poll_transmit() {
            self.socket
                .send_to(&transmit.payload, transmit.flow.remote)
                .unwrap();
        }
    }

    fn wait_for<T>(&mut self, wanted: impl FnMut(Event) -> Option<T>) -> T {
        self.wait_beside(None, wanted)
    }

    /// Works until an event is what is waited for, and lets another phone work too.
    fn wait_beside<T>(
        &mut self,
        mut other: Option<&mut Phone>,
        mut wanted: impl FnMut(Event) -> Option<T>,
    ) -> T {
        let begin = Instant::now();
        loop {
            while let Some(event) = self.endpoint.poll_event() {
                if let Some(found) = wanted(event) {
                    return found;
                }
            }
            assert!(begin.elapsed() < PATIENCE, "waited too long");
            self.work();
            if let Some(other) = &mut other {
                other.work();
            }
        }
    }

    /// Takes one datagram, or lets a moment pass. What it leads to waits to be asked for.
    fn work(&mut self) {
        let mut buffer = vec![0; 65_535];
        match self.socket.recv(&mut buffer) {
            Ok(length) => {
                let payload = Bytes::copy_from_slice(&buffer[..length]);
                self.handle(Input::Receive {
                    flow: self.flow,
                    payload,
                });
            }
            Err(_) => self.handle(Input::Timeout),
        }
    }

    fn session(&self) -> Bytes {
        let here = self.rtp.local_addr().unwrap();
        let family = if here.is_ipv4() { "IP4" } else { "IP6" };
        let (ip, port) = (here.ip(), here.port());
        let (number, digits) = match self.takes_digits {
            true => (" 101", "a=rtpmap:101 telephone-event/8000\r\n"),
            false => ("", ""),
        };
        Bytes::from(format!(
            "v=0\r\no=- 1 1 IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP 0{number}\r\na=rtpmap:0 PCMU/8000\r\n{digits}"
        ))
    }
}

/// How a call has ended: the status if it was refused.
fn ended(event: Event) -> Option<Option<u16>> {
    match event {
        Event::Ended {
            cause: sip::EndCause::Refused { status, .. },
            ..
        } => Some(Some(status.code())),
        Event::Ended { .. } => Some(None),
        _ => None,
    }
}

fn uri(user: &str) -> Uri {
    format!("sip:{user}@phones.example").parse().unwrap()
}

fn session_headers() -> Headers {
    let mut headers = Headers::new();
    headers.push(sip::HeaderName::ContentType, "application/sdp");
    headers
}

/// The address in a session description.
fn rtp_address(session: &[u8]) -> SocketAddr {
    let text = std::str::from_utf8(session).unwrap();
    let after = |start: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(start))
            .unwrap()
    };
    let port = after("m=audio ").split(' ').next().unwrap();
    let ip = after("c=IN IP").split(' ').nth(1).unwrap();
    SocketAddr::new(ip.parse().unwrap(), port.parse().unwrap())
}
