//! Who may register: challenges and what comes back (RFC 3261 section 22, RFC 8760).

use std::time::Duration;

use bytes::Bytes;
use sip::{Algorithm, Challenge, Method, Secret, respond};
use switch::Input;

use crate::registrant::{Registrant, contacts};
use crate::server::DOMAIN;

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
    assert_eq!(
        algorithms,
        [Algorithm::Sha256, Algorithm::Sha512Trunc256, Algorithm::Md5]
    );
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
