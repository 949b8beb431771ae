//! What an endpoint costs: a registration and a call, from bytes to bytes.

#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]

use std::hint::black_box;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use sip::{
    Authenticator, Config, Contact, Endpoint, Event, Flow, Ha1, Headers, Input, LegId, NameAddr,
    RegistrationId, StatusCode, Transmit, Transport, TypedHeader, Verdict, WwwAuthenticate,
};

fn flow(from: u8, to: u8) -> Flow {
    let address = |host| SocketAddr::from(([192, 0, 2, host], 5060));
    Flow {
        transport: Transport::Udp,
        local: address(from),
        remote: address(to),
        connection: 0,
    }
}

/// A server without the work behind it: it knows one secret and forgets every binding.
struct Server {
    endpoint: Endpoint,
    authenticator: Authenticator,
    ha1: Ha1,
    legs: Vec<LegId>,
}

impl Server {
    fn new() -> Self {
        let config = Config {
            user_agent: "Carillon".into(),
            ..Config::default()
        };
        Self {
            endpoint: Endpoint::new(config, [1; 32]),
            authenticator: Authenticator::new("example.com", [2; 32]),
            ha1: Ha1::new("alice", "example.com", "secret"),
            legs: Vec::new(),
        }
    }

    fn receive(&mut self, now: Instant, payload: Bytes) {
        let flow = flow(2, 1);
        self.endpoint.handle(now, Input::Receive { flow, payload });
        while let Some(event) = self.endpoint.poll_event() {
            match event {
                Event::Request {
                    request, message, ..
                } => {
                    let mut headers = Headers::new();
                    let credentials = self.authenticator.credentials(&message.headers);
                    let verdict = credentials.map(|credentials| {
                        self.authenticator
                            .check(now, &credentials, &message, &self.ha1)
                    });
                    let status = if verdict == Some(Verdict::Accepted) {
                        let contact: Contact = message.headers.required().unwrap();
                        headers.push(Contact::NAME, contact.to_text());
                        StatusCode::OK
                    } else {
                        for challenge in self.authenticator.challenges(now, false) {
                            headers.push_typed(&WwwAuthenticate(challenge));
                        }
                        StatusCode::UNAUTHORIZED
                    };
                    let body = Bytes::new();
                    self.endpoint.handle(
                        now,
                        Input::Respond {
                            request,
                            status,
                            headers,
                            body,
                        },
                    );
                }
                Event::Incoming { leg, .. } => {
                    let (status, body) = (StatusCode::RINGING, Bytes::new());
                    self.endpoint
                        .handle(now, Input::Progress { leg, status, body });
                    let (headers, body) = (Headers::new(), Bytes::from_static(b"answer"));
                    self.endpoint
                        .handle(now, Input::Accept { leg, headers, body });
                    self.legs.push(leg);
                }
                _ => {}
            }
        }
    }
}

/// What a phone sends in a registration and in a call, recorded once; only what must differ from
/// one to the next is replaced.
fn record(play: impl Fn(&mut Endpoint, Instant)) -> Vec<String> {
    let mut phone = Endpoint::new(Config::default(), [7; 32]);
    let mut server = Server::new();
    let now = Instant::now();
    play(&mut phone, now);
    let mut script = Vec::new();
    let mut hung_up = false;
    loop {
        while let Some(Transmit { payload, .. }) = phone.poll_transmit() {
            script.push(String::from_utf8(payload.to_vec()).unwrap());
            server.receive(now, payload);
        }
        let mut is_quiet = true;
        while let Some(Transmit { payload, .. }) = server.endpoint.poll_transmit() {
            is_quiet = false;
            let flow = flow(1, 2);
            phone.handle(now, Input::Receive { flow, payload });
        }
        if is_quiet && !hung_up {
            hung_up = true;
            while let Some(event) = phone.poll_event() {
                if let Event::Answered { leg, .. } = event {
                    phone.handle(now, Input::Hangup { leg, reason: None });
                }
            }
        } else if is_quiet {
            return script;
        }
    }
}

fn registration() -> RegistrationId {
    Endpoint::new(Config::default(), [0; 32]).next_registration()
}

fn register_without_answer(criterion: &mut Criterion) {
    let script = record(|phone, now| {
        let input = Input::Register {
            registration: registration(),
            flow: flow(1, 2),
            registrar: "sip:example.com".parse().unwrap(),
            address_of_record: NameAddr::new("sip:alice@example.com".parse().unwrap()),
            credential: None,
            expires_seconds: 3600,
            instance: None,
            reg_id: None,
            features: Vec::new(),
        };
        phone.handle(now, input);
    });
    bench(criterion, "endpoint/register_and_401", &script);
}

fn call(criterion: &mut Criterion) {
    let script = record(|phone, now| {
        let leg = phone.next_leg();
        let input = Input::Invite {
            leg,
            flow: flow(1, 2),
            uri: "sip:bob@example.com".parse().unwrap(),
            from: NameAddr::new("sip:alice@example.com".parse().unwrap()),
            to: NameAddr::new("sip:bob@example.com".parse().unwrap()),
            headers: Headers::new(),
            body: Bytes::from_static(b"offer"),
            credential: None,
        };
        phone.handle(now, input);
    });
    assert_eq!(script.len(), 3, "INVITE, ACK and BYE");
    let mut server = Server::new();
    let mut now = Instant::now();
    let mut number = 0u64;
    criterion.bench_function("endpoint/invite_180_200_ack_bye_200", |bencher| {
        bencher.iter(|| {
            number += 1;
            now += Duration::from_micros(500);
            let fresh = format!("z9hG4bK{number}x");
            server.receive(now, Bytes::from(script[0].replace("z9hG4bK", &fresh)));
            let mut to = None;
            while let Some(transmit) = server.endpoint.poll_transmit() {
                to = Some(transmit.payload);
            }
            // The ACK and the BYE carry the tag that the server has chosen this time.
            let tag = tag_of(&to.unwrap());
            for line in &script[1..] {
                let message = line.replace("z9hG4bK", &fresh);
                let message = replace_tag(&message, &tag);
                server.receive(now, Bytes::from(message));
            }
            while let Some(transmit) = server.endpoint.poll_transmit() {
                black_box(transmit);
            }
        });
    });
    println!("{:?}", server.endpoint.population());
}

fn tag_of(payload: &[u8]) -> String {
    let text = std::str::from_utf8(payload).unwrap();
    let to = text.lines().find(|line| line.starts_with("To:")).unwrap();
    to.rsplit_once("tag=").unwrap().1.to_owned()
}

fn replace_tag(message: &str, tag: &str) -> String {
    let start = message.find("\r\nTo:").unwrap();
    let at = start + message[start..].find("tag=").unwrap() + 4;
    let end = at + message[at..].find("\r\n").unwrap();
    format!("{}{tag}{}", &message[..at], &message[end..])
}

fn bench(criterion: &mut Criterion, name: &str, script: &[String]) {
    let mut server = Server::new();
    let mut now = Instant::now();
    let mut number = 0u64;
    criterion.bench_function(name, |bencher| {
        bencher.iter(|| {
            number += 1;
            now += Duration::from_micros(60);
            let fresh = format!("z9hG4bK{number}x");
            for message in script {
                server.receive(now, Bytes::from(message.replace("z9hG4bK", &fresh)));
            }
            while let Some(transmit) = server.endpoint.poll_transmit() {
                black_box(transmit);
            }
        });
    });
    println!("{:?}", server.endpoint.population());
}

/// A whole registration with both round trips; the phone is part of the measurement.
fn registration_of_both(criterion: &mut Criterion) {
    let mut phone = Endpoint::new(Config::default(), [7; 32]);
    let mut server = Server::new();
    let mut now = Instant::now();
    criterion.bench_function("endpoint/registration_401_200_both_sides", |bencher| {
        bencher.iter(|| {
            now += Duration::from_micros(120);
            let registration = phone.next_registration();
            phone.handle(
                now,
                Input::Register {
                    registration,
                    flow: flow(1, 2),
                    registrar: "sip:example.com".parse().unwrap(),
                    address_of_record: NameAddr::new("sip:alice@example.com".parse().unwrap()),
                    credential: Some(sip::ClientCredential {
                        login: "alice".into(),
                        secret: sip::Secret::new("secret"),
                    }),
                    expires_seconds: 3600,
                    instance: None,
                    reg_id: None,
                    features: Vec::new(),
                },
            );
            for _ in 0..2 {
                while let Some(transmit) = phone.poll_transmit() {
                    server.receive(now, transmit.payload);
                }
                while let Some(Transmit { payload, .. }) = server.endpoint.poll_transmit() {
                    let flow = flow(1, 2);
                    phone.handle(now, Input::Receive { flow, payload });
                }
            }
            let registered = phone.poll_event();
            assert!(matches!(registered, Some(Event::Registered { .. })));
        });
    });
    println!("{:?}", server.endpoint.population());
}

criterion_group!(benches, register_without_answer, call, registration_of_both);
criterion_main!(benches);
