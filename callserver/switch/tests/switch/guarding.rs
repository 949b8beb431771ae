//! Who is not let in, and what strangers can learn: nothing.

use sip::{Algorithm, Challenge, Transport};
use switch::Config;

use crate::registrant::Registrant;
use crate::server::DOMAIN;

const CONTACT: &str = "Contact: <sip:alice@10.0.0.1>\r\n";

/// A phone with this login that sends datagrams from an address that ends with `host`.
fn datagram_phone(login: &str, host: u8) -> Registrant {
    let mut phone = Registrant::new(login);
    move_to(&mut phone, host);
    phone
}

fn move_to(phone: &mut Registrant, host: u8) {
    phone.flow.transport = Transport::Udp;
    phone.flow.connection = 0;
    phone.flow.remote = ([203, 0, 113, host], 5060).into();
}

/// Guesses secrets until there is silence; gives the number of answers.
fn guess(phone: &mut Registrant) -> usize {
    let to = format!("sip:{}@{DOMAIN}", phone.login);
    for answers in 0..200 {
        let Some(challenge) = phone.try_send("REGISTER", &to, CONTACT, None) else {
            return answers;
        };
        phone.secret = format!("guess {answers}");
        let value = phone.authorization(&challenge.headers, 1);
        if let Some(answer) = phone.try_send("REGISTER", &to, CONTACT, Some(&value)) {
            assert_eq!(answer.status.code(), 401);
        }
    }
    panic!("nobody stops it");
}

#[test]
fn a_source_that_guesses_meets_silence_and_is_released_later() {
    let mut phone = datagram_phone("alice-1", 9);
    assert_eq!(guess(&mut phone), 20);
    let story = phone.server.story();
    assert_eq!(
        story.last().unwrap(),
        "203.0.113.9 banned for 60 s: Failures"
    );
    let looked_at = story
        .iter()
        .filter(|line| line.contains("WrongSecret"))
        .count();
    let held_up = story
        .iter()
        .filter(|line| line.contains("TooManyFailures"))
        .count();
    assert_eq!(
        (looked_at, held_up),
        (4, 16),
        "after four guesses it has to wait"
    );

    assert!(
        phone
            .try_send("OPTIONS", "sip:x@carillon.test", "", None)
            .is_none()
    );
    phone.pass(61);
    assert_eq!(phone.server.story().last().unwrap(), "203.0.113.9 released");
    phone.secret = crate::server::secret_of("alice-1");
    assert_eq!(
        phone.register(CONTACT).status.code(),
        401,
        "its login still waits"
    );
    phone.pass(300);
    assert_eq!(phone.register(CONTACT).status.code(), 200);
}

#[test]
fn the_operator_may_end_a_ban() {
    let mut phone = datagram_phone("bob-1", 9);
    guess(&mut phone);
    let source = phone.flow.remote.ip();
    phone
        .server
        .handle(phone.now, switch::Input::ReleaseSource { source });
    assert_eq!(phone.server.story().last().unwrap(), "203.0.113.9 released");
    assert!(
        phone
            .try_send("OPTIONS", "sip:x@carillon.test", "", None)
            .is_some()
    );
}

#[test]
fn a_stranger_who_guesses_does_not_lock_the_real_phone_out() {
    let mut phone = datagram_phone("alice-1", 7);
    assert_eq!(phone.register(CONTACT).status.code(), 200);
    move_to(&mut phone, 9);
    let secret = phone.secret.clone();
    guess(&mut phone);
    phone.secret = secret;
    assert!(
        phone
            .try_send("REGISTER", "sip:alice-1@carillon.test", CONTACT, None)
            .is_none()
    );
    move_to(&mut phone, 7);
    assert_eq!(phone.register(CONTACT).status.code(), 200);
    // Nor does one who moves in beside it.
    for _ in 0..30 {
        phone.secret = "guess".to_owned();
        phone.register(CONTACT);
    }
    phone.secret = crate::server::secret_of("alice-1");
    assert_eq!(phone.register(CONTACT).status.code(), 200);
}

#[test]
fn a_forged_address_is_not_blamed_and_a_borrowed_nonce_is_not_looked_at() {
    let to = "sip:alice-1@carillon.test";
    let mut phone = datagram_phone("alice-1", 9);
    // The attacker gets nonces at its own address, and answers them in the name of another.
    for _ in 0..100 {
        move_to(&mut phone, 9);
        let challenge = phone.send("REGISTER", to, CONTACT, None);
        phone.secret = "guess".to_owned();
        let value = phone.authorization(&challenge.headers, 1);
        move_to(&mut phone, 7);
        let answer = phone.send("REGISTER", to, CONTACT, Some(&value));
        assert!(
            Challenge::all_in(&answer.headers)
                .iter()
                .all(|challenge| challenge.stale)
        );
    }
    assert!(
        phone.server.story().is_empty(),
        "{:?}",
        phone.server.story()
    );
    // Not even the right secret passes with it: the phone gets a nonce of its own, and then it does.
    phone.secret = crate::server::secret_of("alice-1");
    move_to(&mut phone, 9);
    let challenge = phone.send("REGISTER", to, CONTACT, None);
    let value = phone.authorization(&challenge.headers, 1);
    move_to(&mut phone, 7);
    let own = phone.send("REGISTER", to, CONTACT, Some(&value));
    assert_eq!(own.status.code(), 401);
    let answer = phone.authorized(to, CONTACT, &own.headers, 1);
    assert_eq!(answer.status.code(), 200);
}

#[test]
fn scanners_that_say_who_they_are_hear_nothing() {
    for line in [
        "User-Agent: friendly-scanner\r\n",
        "User-Agent: VaxSIPUserAgent/3.5\r\n",
        "User-Agent: sipcli/v1.8\r\n",
        "User-Agent: sundayddr\r\n",
    ] {
        let mut phone = datagram_phone("100", 9);
        for method in ["OPTIONS", "REGISTER", "INVITE", "MESSAGE"] {
            assert!(
                phone
                    .try_send(method, "sip:100@carillon.test", line, None)
                    .is_none()
            );
        }
        assert!(phone.server.story()[0].starts_with("ignored: "), "{line}");
        // Nobody knows whether the address was its own.
        assert!(
            phone
                .try_send("OPTIONS", "sip:100@carillon.test", "", None)
                .is_some()
        );
    }
}

#[test]
fn a_connection_that_tries_many_names_is_cut_off() {
    let mut phone = Registrant::new("100");
    let mut answers = 0;
    for extension in 100..160 {
        phone.now += std::time::Duration::from_secs(1);
        let to = format!("sip:{extension}@carillon.test");
        answers += u32::from(phone.try_send("REGISTER", &to, CONTACT, None).is_some());
    }
    assert!(answers < 30, "{answers}");
    assert_eq!(
        phone.server.story(),
        ["198.51.100.7 banned for 60 s: Scanning"]
    );
}

#[test]
fn nothing_tells_a_known_user_from_an_unknown_one() {
    let heard = |user: &str, method: &str, authorized: bool| {
        let mut phone = Registrant::new(user);
        phone.secret = "guess".to_owned();
        let to = format!("sip:{user}@{DOMAIN}");
        let contact = "Contact: <sip:x@10.0.0.1>\r\n";
        let mut answer = phone.send(method, &to, contact, None);
        if authorized {
            answer = phone.authorized(&to, contact, &answer.headers, 1);
        }
        let shapes: Vec<String> = answer
            .headers
            .iter()
            .map(|header| format!("{} {}", header.name, header.value.len()))
            .filter(|shape| !shape.starts_with("From") && !shape.starts_with("To"))
            .collect();
        (answer.status, shapes)
    };
    for (method, authorized) in [("REGISTER", false), ("REGISTER", true), ("OPTIONS", false)] {
        let known = heard("alice-1", method, authorized);
        assert_eq!(known, heard("aline-1", method, authorized), "{method}");
    }
}

#[test]
fn an_old_secret_is_asked_for_another_algorithm_and_nobody_learns_of_it() {
    let mut phone = Registrant::new("alice-1");
    let to = "sip:alice-1@carillon.test";
    let algorithms = |headers: &sip::Headers| -> Vec<_> {
        let challenges = Challenge::all_in(headers);
        challenges.iter().filter_map(Challenge::algorithm).collect()
    };
    let challenge = phone.send("REGISTER", to, CONTACT, None);
    let all = [Algorithm::Sha256, Algorithm::Sha512Trunc256, Algorithm::Md5];
    assert_eq!(algorithms(&challenge.headers), all);
    phone.algorithm = Algorithm::Sha512Trunc256;
    let answer = phone.authorized(to, CONTACT, &challenge.headers, 1);
    assert_eq!(answer.status.code(), 200);

    // The same answer for an old secret without that hash, a wrong secret, and nobody's login.
    for (login, secret) in [
        ("alice-9", "secret of alice-9"),
        ("alice-1", "guess"),
        ("mallory-1", "guess"),
    ] {
        let mut phone = Registrant::new(login);
        phone.secret = secret.to_owned();
        phone.algorithm = Algorithm::Sha512Trunc256;
        let challenge = phone.send("REGISTER", to, CONTACT, None);
        let answer = phone.authorized(to, CONTACT, &challenge.headers, 1);
        assert_eq!(answer.status.code(), 401);
        assert_eq!(algorithms(&answer.headers), [all[0], all[2]], "{login}");
        let challenges = Challenge::all_in(&answer.headers);
        assert!(
            challenges.iter().all(|challenge| challenge.stale),
            "{login}"
        );
    }
}

#[test]
fn session_variants_and_digests_over_the_body_are_accepted() {
    let mut config = Config::new(DOMAIN);
    config.offers_auth_int = true;
    for algorithm in [
        Algorithm::Md5Session,
        Algorithm::Sha256Session,
        Algorithm::Sha512Trunc256Session,
    ] {
        for qop in ["auth", "auth-int"] {
            let mut phone = Registrant::at(config.clone(), "alice-1");
            let to = "sip:alice-1@carillon.test";
            let mut challenge = phone.send("REGISTER", to, CONTACT, None);
            let mut own = Challenge::all_in(&challenge.headers)
                .into_iter()
                .find(|challenge| challenge.algorithm() == Some(algorithm.hash()))
                .expect("the hash is offered");
            assert_eq!(own.qop.as_deref(), Some("auth,auth-int"));
            own.algorithm = Some(algorithm.as_str().into());
            own.qop = Some(qop.into());
            challenge.headers = sip::Headers::new();
            challenge.headers.push_typed(&sip::WwwAuthenticate(own));
            phone.algorithm = algorithm;
            let answer = phone.authorized(to, CONTACT, &challenge.headers, 1);
            assert_eq!(answer.status.code(), 200, "{algorithm} {qop}");
        }
    }
}
