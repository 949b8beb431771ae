//! The registrar, message by message (RFC 3261 section 10).

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sip::{
    Algorithm, Challenge, Contact, Flow, HeaderName, Headers, Message, Method, Response, Secret,
    Transport, respond,
};
use switch::{Config, Input};

use crate::server::{DOMAIN, Server, secret_of};

/// A phone that writes its REGISTERs by hand.
struct Registrant {
    server: Server,
    now: Instant,
    flow: Flow,
    login: String,
    secret: String,
    algorithm: Algorithm,
    call_id: String,
    cseq: u32,
    branch: u32,
}

impl Registrant {
    fn new(login: &str) -> Self {
        let mut server = Server::new(Config::new(DOMAIN), 1);
        server.add_people();
        Registrant {
            now: Instant::now(),
            flow: Flow {
                transport: Transport::Tcp,
                local: server.address,
                remote: SocketAddr::from(([198, 51, 100, 7], 51_000)),
                connection: 1,
            },
            server,
            login: login.to_owned(),
            secret: secret_of(login),
            algorithm: Algorithm::Sha256,
            call_id: "one@phone".to_owned(),
            cseq: 0,
            branch: 0,
        }
    }

    /// Sends what is given and returns the answer.
    fn send(
        &mut self,
        method: &str,
        to: &str,
        lines: &str,
        authorization: Option<&str>,
    ) -> Response {
        self.branch += 1;
        self.cseq += 1;
        let authorization =
            authorization.map_or_else(String::new, |value| format!("Authorization: {value}\r\n"));
        let message = format!(
            "{method} sip:{DOMAIN} SIP/2.0\r\nVia: SIP/2.0/TCP 198.51.100.7;branch=z9hG4bK{}\r\nMax-Forwards: 70\r\n\
             From: <{to}>;tag=1\r\nTo: <{to}>\r\nCall-ID: {}\r\nCSeq: {} {method}\r\n{authorization}{lines}\
             Content-Length: 0\r\n\r\n",
            self.branch, self.call_id, self.cseq
        );
        let payload = Bytes::from(message);
        self.server.handle(
            self.now,
            Input::Receive {
                flow: self.flow,
                payload,
            },
        );
        let transmit = self.server.switch.poll_transmit().expect("an answer");
        assert!(self.server.switch.poll_transmit().is_none(), "one answer");
        match Message::parse(transmit.payload) {
            Ok(Message::Response(response)) => response,
            other => panic!("{other:?}"),
        }
    }

    /// Registers with digest: both rounds.
    fn register_as(&mut self, to: &str, lines: &str) -> Response {
        let challenge = self.send("REGISTER", to, lines, None);
        assert_eq!(challenge.status.code(), 401);
        self.authorized(to, lines, &challenge.headers, 1)
    }

    fn register(&mut self, lines: &str) -> Response {
        let to = format!("sip:{}@{DOMAIN}", self.login);
        self.register_as(&to, lines)
    }

    /// The answer to a challenge that came with `headers`.
    fn authorized(&mut self, to: &str, lines: &str, headers: &Headers, nc: u32) -> Response {
        let challenge = Challenge::all_in(headers)
            .into_iter()
            .find(|challenge| challenge.algorithm() == Some(self.algorithm))
            .expect("the algorithm is offered");
        let secret = Secret::new(self.secret.as_str());
        let uri = format!("sip:{DOMAIN}");
        let credentials = respond(
            &challenge,
            &self.login,
            &secret,
            &Method::Register,
            &uri,
            nc,
            "cnonce",
        );
        let value = sip::TypedHeader::to_text(&sip::Authorization(credentials));
        self.send("REGISTER", to, lines, Some(value.as_str()))
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.server.handle(self.now, Input::Timeout);
        while self.server.switch.poll_transmit().is_some() {}
    }

    fn count(&self) -> usize {
        self.server.switch.counts().registrations
    }
}

fn contacts(response: &Response) -> Vec<String> {
    let list = response.headers.typed_list::<Contact>().unwrap();
    let mut texts: Vec<String> = list
        .iter()
        .filter_map(Contact::address)
        .map(ToString::to_string)
        .collect();
    texts.sort();
    texts
}

#[test]
fn a_phone_registers_with_either_algorithm() {
    for algorithm in [Algorithm::Sha256, Algorithm::Md5] {
        let mut phone = Registrant::new("alice-1");
        phone.algorithm = algorithm;
        let response = phone
            .register("Contact: <sip:alice@10.0.0.1>\r\nExpires: 600\r\nUser-Agent: Desk/1\r\n");
        assert_eq!(response.status.code(), 200);
        assert_eq!(contacts(&response), ["<sip:alice@10.0.0.1>;expires=600"]);
        assert_eq!(phone.server.story(), ["alice-1 registered"]);
        assert_eq!(phone.count(), 1);
    }
}

#[test]
fn the_challenge_offers_the_strongest_first() {
    let mut phone = Registrant::new("alice-1");
    let response = phone.send("REGISTER", "sip:alice-1@carillon.test", "", None);
    let algorithms: Vec<_> = Challenge::all_in(&response.headers)
        .iter()
        .filter_map(Challenge::algorithm)
        .collect();
    assert_eq!(algorithms, [Algorithm::Sha256, Algorithm::Md5]);
}

#[test]
fn a_refresh_with_the_same_nonce_needs_no_new_challenge() {
    let mut phone = Registrant::new("alice-1");
    let to = "sip:alice-1@carillon.test";
    let lines = "Contact: <sip:alice@10.0.0.1>\r\n";
    let challenge = phone.send("REGISTER", to, lines, None);
    assert_eq!(
        phone
            .authorized(to, lines, &challenge.headers, 1)
            .status
            .code(),
        200
    );
    phone.pass(60);
    assert_eq!(
        phone
            .authorized(to, lines, &challenge.headers, 2)
            .status
            .code(),
        200
    );
    assert_eq!(
        phone.server.story(),
        ["alice-1 registered", "alice-1 refreshed"]
    );
    assert_eq!(phone.count(), 1);

    let replayed = phone.authorized(to, lines, &challenge.headers, 2);
    assert_eq!(replayed.status.code(), 401);
    assert!(
        Challenge::all_in(&replayed.headers)
            .iter()
            .all(|challenge| challenge.stale)
    );
    phone.pass(3600);
    let old = phone.authorized(to, lines, &challenge.headers, 3);
    assert_eq!(old.status.code(), 401);
    assert!(
        Challenge::all_in(&old.headers)
            .iter()
            .all(|challenge| challenge.stale)
    );
}

#[test]
fn wrong_secret_and_unknown_login_look_the_same() {
    let mut answers = Vec::new();
    for (login, why) in [
        ("alice-1", "WrongSecret"),
        ("mallory-1", "UnknownLogin"),
        ("nobody", "UnknownLogin"),
    ] {
        let mut phone = Registrant::new(login);
        phone.secret = "guess".to_owned();
        let response = phone.register("Contact: <sip:alice@10.0.0.1>\r\n");
        let names: Vec<String> = response
            .headers
            .iter()
            .map(|header| header.name.to_string())
            .collect();
        answers.push((response.status, names));
        assert_eq!(phone.server.story(), [format!("{login} not let in: {why}")]);
        assert_eq!(phone.count(), 0);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
    assert_eq!(answers[0].0.code(), 401);
}

#[test]
fn nobody_registers_for_somebody_else() {
    let mut phone = Registrant::new("alice-1");
    let response = phone.register_as(
        "sip:bob-1@carillon.test",
        "Contact: <sip:alice@10.0.0.1>\r\n",
    );
    assert_eq!(response.status.code(), 403);
    assert_eq!(
        phone.server.story(),
        ["alice-1 not let in: NotTheirAddress"]
    );
    let own_number = phone.register_as(
        "sip:1001@carillon.test",
        "Contact: <sip:alice@10.0.0.1>\r\n",
    );
    assert_eq!(own_number.status.code(), 200);
}

#[test]
fn several_contacts_are_kept_listed_and_removed_one_by_one() {
    let mut phone = Registrant::new("alice-1");
    phone.register("Contact: <sip:alice@10.0.0.1>;expires=100\r\n");
    let both = phone.register("Contact: <sip:alice@10.0.0.2>;expires=200\r\n");
    let expected = [
        "<sip:alice@10.0.0.1>;expires=100",
        "<sip:alice@10.0.0.2>;expires=200",
    ];
    assert_eq!(contacts(&both), expected);
    let query = phone.register("");
    assert_eq!(contacts(&query), expected);
    let one =
        phone.register("Contact: <sip:ALICE@10.0.0.1>, <sip:alice@10.0.0.1>\r\nExpires: 0\r\n");
    // User parts differ by case, so the first contact is an unknown one (RFC 3261 19.1.4).
    assert_eq!(contacts(&one), expected[1..]);
}

#[test]
fn a_star_removes_all_contacts_of_the_phone() {
    let mut phone = Registrant::new("alice-1");
    phone.register("Contact: <sip:alice@10.0.0.1>, <sip:alice@10.0.0.2>\r\n");
    assert_eq!(phone.count(), 2);
    for malformed in [
        "Contact: *\r\n",
        "Contact: *\r\nExpires: 60\r\n",
        "Contact: *, <sip:a@b>\r\nExpires: 0\r\n",
    ] {
        assert_eq!(phone.register(malformed).status.code(), 400, "{malformed}");
    }
    assert_eq!(phone.count(), 2);
    let response = phone.register("Contact: *\r\nExpires: 0\r\n");
    assert_eq!(response.status.code(), 200);
    assert!(contacts(&response).is_empty());
    assert_eq!(phone.count(), 0);
}

#[test]
fn lives_are_kept_within_limits() {
    let mut phone = Registrant::new("alice-1");
    let brief = phone.register("Contact: <sip:alice@10.0.0.1>;expires=59\r\n");
    assert_eq!(brief.status.code(), 423);
    assert_eq!(brief.headers.get(&HeaderName::MinExpires).unwrap(), "60");
    assert_eq!(phone.count(), 0);
    for (wish, granted) in [("60", "60"), ("4000000000000", "3600")] {
        let response = phone.register(&format!(
            "Contact: <sip:alice@10.0.0.1>\r\nExpires: {wish}\r\n"
        ));
        assert_eq!(
            contacts(&response),
            [format!("<sip:alice@10.0.0.1>;expires={granted}")]
        );
    }
}

#[test]
fn nothing_is_changed_when_one_contact_is_refused() {
    let mut phone = Registrant::new("alice-1");
    let lines = "Contact: <sip:alice@10.0.0.1>, <sip:alice@10.0.0.2>;expires=5\r\n";
    assert_eq!(phone.register(lines).status.code(), 423);
    let lines = "Contact: <sip:alice@10.0.0.1>, <mailto:alice@carillon.test>\r\n";
    assert_eq!(phone.register(lines).status.code(), 416);
    assert_eq!(phone.count(), 0);
}

#[test]
fn a_registration_expires() {
    let mut phone = Registrant::new("alice-1");
    phone.register("Contact: <sip:alice@10.0.0.1>;expires=100\r\n");
    phone.pass(99);
    assert_eq!(phone.count(), 1);
    phone.pass(1);
    assert_eq!(phone.count(), 0);
    assert_eq!(
        phone.server.story(),
        ["alice-1 registered", "alice-1 unregistered: Expired"]
    );
    assert_eq!(phone.server.switch.counts().timers, 0);
}

#[test]
fn a_request_that_was_overtaken_changes_nothing() {
    let mut phone = Registrant::new("alice-1");
    phone.cseq = 10;
    phone.register("Contact: <sip:alice@10.0.0.1>\r\n");
    phone.cseq = 2;
    let late = phone.register("Contact: <sip:alice@10.0.0.1>\r\nExpires: 0\r\n");
    assert_eq!(late.status.code(), 500);
    assert_eq!(phone.count(), 1);
    // Another Call-ID is another start of the phone, and counts anew.
    phone.call_id = "two@phone".to_owned();
    phone.cseq = 0;
    assert_eq!(
        phone
            .register("Contact: <sip:alice@10.0.0.1>\r\n")
            .status
            .code(),
        200
    );
}

#[test]
fn a_phone_that_names_itself_replaces_its_old_contact() {
    let mut phone = Registrant::new("alice-1");
    let instance = "+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-000A95A0E128>\"";
    phone.register(&format!(
        "Contact: <sip:alice@10.0.0.1:5061>;{instance}\r\n"
    ));
    let again = phone.register(&format!(
        "Contact: <sip:alice@10.0.0.1:5062>;{instance}\r\n"
    ));
    assert_eq!(contacts(&again), ["<sip:alice@10.0.0.1:5062>;expires=3600"]);
    assert!(
        phone
            .server
            .story()
            .contains(&"alice-1 unregistered: Replaced".to_owned())
    );
}

#[test]
fn an_account_that_is_full_loses_the_contact_that_would_end_first() {
    let mut phone = Registrant::new("alice-1");
    for port in 1..=11 {
        let response = phone.register(&format!("Contact: <sip:alice@10.0.0.1:{port}>\r\n"));
        assert_eq!(response.status.code(), 200);
        phone.pass(1);
    }
    assert_eq!(phone.count(), 10);
    assert!(
        contacts(&phone.register(""))
            .iter()
            .all(|contact| !contact.contains(":1>"))
    );
}

#[test]
fn a_broken_connection_takes_its_registrations_along() {
    let mut phone = Registrant::new("alice-1");
    phone.register("Contact: <sip:alice@10.0.0.1>, <sip:alice@10.0.0.2>\r\n");
    let first = phone.flow;
    phone.flow.connection = 2;
    phone.register("Contact: <sip:alice@10.0.0.2>\r\n");
    let flow = first;
    phone.server.handle(phone.now, Input::FlowFailed { flow });
    assert_eq!(phone.count(), 1);
    let flow = phone.flow;
    phone.server.handle(phone.now, Input::FlowFailed { flow });
    assert_eq!(phone.count(), 0);
}

#[test]
fn a_database_that_does_not_answer_ends_in_500() {
    let mut phone = Registrant::new("alice-1");
    let to = "sip:alice-1@carillon.test";
    let challenge = phone.send("REGISTER", to, "", None);
    phone.server.holds_answers = true;
    let challenge = Challenge::all_in(&challenge.headers).remove(0);
    let secret = Secret::new(phone.secret.as_str());
    let credentials = respond(
        &challenge,
        &phone.login,
        &secret,
        &Method::Register,
        "sip:x",
        1,
        "c",
    );
    let value = sip::TypedHeader::to_text(&sip::Authorization(credentials));
    let message = format!(
        "REGISTER sip:{DOMAIN} SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bKx\r\nMax-Forwards: 70\r\nFrom: <{to}>;tag=1\r\n\
         To: <{to}>\r\nCall-ID: x\r\nCSeq: 9 REGISTER\r\nAuthorization: {value}\r\nContent-Length: 0\r\n\r\n"
    );
    let (flow, payload) = (phone.flow, Bytes::from(message));
    phone
        .server
        .handle(phone.now, Input::Receive { flow, payload });
    assert!(phone.server.switch.poll_transmit().is_none());
    phone.now += Duration::from_secs(10);
    phone.server.handle(phone.now, Input::Timeout);
    let answer = phone.server.switch.poll_transmit().expect("an answer");
    assert!(answer.payload.starts_with(b"SIP/2.0 500 "));
    assert_eq!(phone.server.switch.counts().questions, 0);
}

#[test]
fn malformed_contacts_are_refused() {
    let mut phone = Registrant::new("alice-1");
    for lines in [
        "Contact: <sip:alice\r\n",
        "Contact: <sip:a@b>,,<sip:c@d>\r\n",
        "Contact: \"open <sip:a@b>\r\n",
    ] {
        assert_eq!(
            phone
                .send("REGISTER", "sip:alice-1@carillon.test", lines, None)
                .status
                .code(),
            400,
            "{lines}"
        );
    }
    assert_eq!(phone.count(), 0);
}

#[test]
fn options_are_answered_and_other_methods_are_not() {
    let mut phone = Registrant::new("alice-1");
    let response = phone.send("OPTIONS", "sip:carillon.test", "", None);
    assert_eq!(response.status.code(), 200);
    assert_eq!(
        response.headers.get(&HeaderName::Accept).unwrap(),
        "application/sdp"
    );
    assert!(response.headers.has(&HeaderName::Allow));
    assert_eq!(
        phone
            .send("MESSAGE", "sip:carillon.test", "", None)
            .status
            .code(),
        405
    );
    assert_eq!(
        phone
            .send("FROBNICATE", "sip:carillon.test", "", None)
            .status
            .code(),
        501
    );
}

#[test]
fn noise_is_counted_and_not_answered() {
    let mut phone = Registrant::new("alice-1");
    let (flow, payload) = (phone.flow, Bytes::from_static(b"\x80\x00noise"));
    phone
        .server
        .handle(phone.now, Input::Receive { flow, payload });
    assert!(phone.server.switch.poll_transmit().is_none());
    assert!(phone.server.story()[0].starts_with("bad message: "));
}

#[test]
fn a_stopping_server_registers_nobody() {
    let mut phone = Registrant::new("alice-1");
    phone.server.handle(phone.now, Input::Drain);
    let response = phone.send("REGISTER", "sip:alice-1@carillon.test", "", None);
    assert_eq!(response.status.code(), 503);
    assert!(response.headers.has(&HeaderName::RetryAfter));
}
