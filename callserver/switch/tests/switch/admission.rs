//! Who may call: INVITEs written by hand.

use std::time::Instant;

use bytes::Bytes;
use sip::{Algorithm, Challenge, Flow, Message, Method, Secret, Transport, TypedHeader, respond};
use switch::{Config, Input};

use crate::server::{DOMAIN, Server, secret_of};

const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\nm=audio 7000 RTP/AVP 0\r\n";

struct Caller {
    server: Server,
    now: Instant,
    flow: Flow,
    secret: String,
    from: String,
    target: String,
    kind: &'static str,
    body: String,
    sent: u32,
}

impl Caller {
    /// Alice's first phone, about to call Bob, who is not registered: a call that is let in ends with 480.
    fn new() -> Self {
        Self::at(Config::new(DOMAIN))
    }

    fn at(config: Config) -> Self {
        let mut server = Server::new(config, 1);
        server.add_people();
        Caller {
            now: Instant::now(),
            flow: Flow {
                transport: Transport::Tcp,
                local: server.address,
                remote: "198.51.100.7:51000".parse().unwrap(),
                connection: 1,
            },
            server,
            secret: secret_of("alice-1"),
            from: format!("sip:alice-1@{DOMAIN}"),
            target: format!("sip:1002@{DOMAIN}"),
            kind: "application/sdp",
            body: OFFER.to_owned(),
            sent: 0,
        }
    }

    /// Sends an INVITE and gives back the code of the final answer, with the challenges in it.
    fn send(&mut self, authorization: &str) -> (u16, Vec<Challenge>) {
        self.hand_in(authorization);
        while let Some(transmit) = self.server.switch.poll_transmit() {
            if let Ok(Message::Response(response)) = Message::parse(transmit.payload)
                && response.status.is_final()
            {
                return (response.status.code(), Challenge::all_in(&response.headers));
            }
        }
        panic!("no final answer");
    }

    fn hand_in(&mut self, authorization: &str) {
        self.sent += 1;
        let (sent, from, target, body) = (self.sent, &self.from, &self.target, &self.body);
        let message = format!(
            "INVITE {target} SIP/2.0\r\nVia: SIP/2.0/TCP 198.51.100.7;branch=z9hG4bK{sent}\r\nMax-Forwards: 70\r\n\
             From: <{from}>;tag=1\r\nTo: <{target}>\r\nCall-ID: a\r\nCSeq: {sent} INVITE\r\n\
             Contact: <sip:alice@198.51.100.7>\r\n{authorization}Content-Type: {}\r\nContent-Length: {}\r\n\r\n{body}",
            self.kind,
            body.len()
        );
        let (flow, payload) = (self.flow, Bytes::from(message));
        self.server
            .handle(self.now, Input::Receive { flow, payload });
    }

    /// Both rounds, to the final answer.
    fn invite(&mut self) -> u16 {
        let authorization = self.authorization();
        self.send(&authorization).0
    }

    /// Both rounds, and what the switch sends then is left to look at.
    fn send_authorized(&mut self) {
        let authorization = self.authorization();
        self.hand_in(&authorization);
    }

    /// The header that answers the challenge to an anonymous INVITE.
    fn authorization(&mut self) -> String {
        let (code, challenges) = self.send("");
        assert_eq!(code, 407, "nobody calls unknown");
        let challenge = challenges
            .iter()
            .find(|challenge| challenge.algorithm() == Some(Algorithm::Sha256))
            .unwrap();
        let secret = Secret::new(self.secret.as_str());
        let (target, method) = (self.target.clone(), Method::Invite);
        let credentials = respond(challenge, "alice-1", &secret, &method, &target, 1, "c");
        let value = sip::ProxyAuthorization(credentials).to_text();
        format!("Proxy-Authorization: {value}\r\n")
    }
}

#[test]
fn a_proved_caller_is_let_in_under_their_login_and_their_number() {
    for from in ["alice-1", "1001"] {
        let mut caller = Caller::new();
        caller.from = format!("sip:{from}@{DOMAIN}");
        assert_eq!(caller.invite(), 480);
        assert_eq!(caller.server.story()[0], "call 1: alice calls bob");
    }
}

#[test]
fn a_wrong_secret_is_challenged_again_and_noted() {
    let mut caller = Caller::new();
    caller.secret = "guess".to_owned();
    assert_eq!(caller.invite(), 407);
    assert_eq!(caller.server.story(), ["alice-1 not let in: WrongSecret"]);
}

#[test]
fn nobody_calls_in_the_name_of_another() {
    let mut caller = Caller::new();
    caller.from = format!("sip:1002@{DOMAIN}");
    assert_eq!(caller.invite(), 403);
    assert_eq!(
        caller.server.story(),
        ["alice-1 not let in: NotTheirAddress"]
    );
}

#[test]
fn numbers_are_understood_in_all_their_spellings() {
    for target in [
        "sip:1002@carillon.test",
        "sip:1002@CARILLON.TEST:5060",
        "sip:1002@192.0.2.1",
        "sip:1002@[2001:db8::1]:5060;transport=tcp",
        "sip:1002;phone-context=carillon.test@carillon.test;user=phone",
        "sip:%31002@carillon.test",
        "tel:1002",
    ] {
        let mut caller = Caller::new();
        caller.target = target.to_owned();
        assert_eq!(caller.invite(), 480, "{target}");
    }
    for target in [
        "sip:1002@elsewhere.test",
        "sip:carillon.test",
        "sip:4711@carillon.test",
    ] {
        let mut caller = Caller::new();
        caller.target = target.to_owned();
        assert_eq!(caller.invite(), 404, "{target}");
    }
}

#[test]
fn offers_of_no_use_are_refused_before_anything_is_asked_of_the_relay() {
    let cases = [
        ("text/plain", "hello", 415),
        ("application/sdp", "hello", 400),
        (
            "application/sdp",
            "v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nm=video 1 RTP/AVP 31\r\n",
            488,
        ),
    ];
    for (kind, body, code) in cases {
        let mut caller = Caller::new();
        caller.register_bob();
        caller.kind = kind;
        caller.body = body.to_owned();
        assert_eq!(caller.invite(), code, "{body}");
        assert!(caller.server.open_ports.is_empty());
        assert_eq!(caller.server.switch.counts().calls, 0);
    }
}

#[test]
fn a_phone_is_called_over_the_connection_that_it_registered_over() {
    let mut caller = Caller::new();
    caller.register_bob();
    caller.send_authorized();
    let invites: Vec<_> = std::iter::from_fn(|| caller.server.switch.poll_transmit())
        .filter(|transmit| transmit.payload.starts_with(b"INVITE "))
        .collect();
    let [invite] = &invites[..] else {
        panic!("one INVITE, got {invites:?}");
    };
    assert_eq!(
        (invite.flow.transport, invite.flow.connection),
        (Transport::Tcp, 2)
    );
    let text = String::from_utf8_lossy(&invite.payload);
    assert!(
        text.starts_with("INVITE sip:bob@198.51.100.8 SIP/2.0\r\n"),
        "{text}"
    );
    assert!(text.contains("Max-Forwards: 69\r\n"), "{text}");
    for secret in ["198.51.100.7", "alice-1", "Proxy-Authorization"] {
        assert!(
            !text.contains(secret),
            "{secret} is told to the callee: {text}"
        );
    }
}

impl Caller {
    /// So that there is a phone to call.
    fn register_bob(&mut self) {
        let flow = Flow {
            connection: 2,
            ..self.flow
        };
        let send = |server: &mut Server, now, sent, authorization: &str| {
            let message = format!(
                "REGISTER sip:{DOMAIN} SIP/2.0\r\nVia: SIP/2.0/TCP 198.51.100.8;branch=z9hG4bKb{sent}\r\n\
                 Max-Forwards: 70\r\nFrom: <sip:bob-1@{DOMAIN}>;tag=1\r\nTo: <sip:bob-1@{DOMAIN}>\r\nCall-ID: b\r\n\
                 CSeq: {sent} REGISTER\r\nContact: <sip:bob@198.51.100.8>\r\n{authorization}Content-Length: 0\r\n\r\n"
            );
            let payload = Bytes::from(message);
            server.handle(now, Input::Receive { flow, payload });
            let answer = server.switch.poll_transmit().unwrap();
            match Message::parse(answer.payload) {
                Ok(Message::Response(response)) => response,
                other => panic!("{other:?}"),
            }
        };
        let challenge = send(&mut self.server, self.now, 1, "");
        let challenge = Challenge::all_in(&challenge.headers).remove(0);
        let secret = Secret::new(secret_of("bob-1"));
        let credentials = respond(
            &challenge,
            "bob-1",
            &secret,
            &Method::Register,
            "sip:x",
            1,
            "c",
        );
        let value = sip::Authorization(credentials).to_text();
        let answer = send(
            &mut self.server,
            self.now,
            2,
            &format!("Authorization: {value}\r\n"),
        );
        assert_eq!(answer.status.code(), 200);
    }
}

#[test]
fn a_phone_that_stumbles_over_sha_256_is_offered_md5_alone() {
    let mut caller = Caller::new();
    for old in ["baresip v1.0.0 (x86_64/linux)", "sipsak 0.9.8.1"] {
        let (status, challenges) = caller.send(&format!("User-Agent: {old}\r\n"));
        assert_eq!(status, 407);
        assert_eq!(algorithms(&challenges), [Algorithm::Md5]);
    }
    let (_, challenges) = caller.send("User-Agent: baresip v4.0.0\r\n");
    assert_eq!(challenges.len(), 3);
}

#[test]
fn the_operator_chooses_the_algorithms_and_their_order() {
    let mut config = Config::new(DOMAIN);
    config.digest = vec![Algorithm::Md5, Algorithm::Sha256];
    let (_, challenges) = Caller::at(config.clone()).send("");
    assert_eq!(algorithms(&challenges), config.digest);

    config.digest = vec![Algorithm::Sha256];
    let mut caller = Caller::at(config);
    let old = "User-Agent: baresip v1.0.0\r\n";
    let (_, challenges) = caller.send(old);
    assert_eq!(algorithms(&challenges), [Algorithm::Sha256]);
    let weaker = caller.authorization().replace("SHA-256", "MD5");
    assert_eq!(caller.send(&weaker).0, 407);
    assert_eq!(caller.invite(), 480);
}

fn algorithms(challenges: &[Challenge]) -> Vec<Algorithm> {
    challenges.iter().filter_map(Challenge::algorithm).collect()
}
