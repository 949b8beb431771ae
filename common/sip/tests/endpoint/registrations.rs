//! Registrations: digest, refresh, trouble and farewell.

use std::cell::RefCell;
use std::rc::Rc;

use simnet::{Conditions, Fate};
use sip::{ClientCredential, Event, Input, RegistrationId, Secret};

use crate::party::address;
use crate::registrar::Registrar;
use crate::table::{SECOND, Table};

fn table(conditions: Conditions, seed: u8) -> (Table, Rc<RefCell<Registrar>>) {
    let mut table = Table::under(seed, conditions);
    let registrar = Registrar::new(table.network.now());
    table.bob.manners = Registrar::manners(&registrar);
    (table, registrar)
}

fn register(table: &mut Table, secret: &'static str, expires_seconds: u32) -> RegistrationId {
    let registration = table.alice.endpoint.next_registration();
    let flow = table.alice.flow_to(table.bob.address);
    table.alice_does(Input::Register {
        registration,
        flow,
        registrar: "sip:example.com".parse().unwrap(),
        address_of_record: address("sip:alice@example.com"),
        credential: Some(ClientCredential {
            login: "alice".into(),
            secret: Secret::new(secret),
        }),
        expires_seconds,
        instance: None,
        reg_id: None,
        features: Vec::new(),
    });
    registration
}

#[test]
fn a_device_registers_refreshes_and_leaves() {
    let (mut table, registrar) = table(Conditions::perfect(), 0);
    let registration = register(&mut table, "secret", 120);
    table.pass(100 * SECOND);
    assert!(registrar.borrow().registered);
    table.alice_does(Input::Unregister { registration });
    table.pass(60 * SECOND);
    assert!(!registrar.borrow().registered);
    assert_eq!(table.alice.endpoint.population().registrations, 0);
    assert!(table.alice.is_empty() && table.bob.is_empty());
    insta::assert_snapshot!(table.tale());
}

#[test]
fn a_refresh_answers_the_known_challenge_in_advance() {
    let (mut table, registrar) = table(Conditions::perfect(), 0);
    register(&mut table, "secret", 3600);
    table.pass(36_000 * SECOND);
    let registrar = registrar.borrow();
    assert!(registrar.asked >= 11, "{} times", registrar.asked);
    // The registrar's clock stands, so its nonce never grows old.
    assert_eq!(registrar.challenged, 1);
}

#[test]
fn a_stale_nonce_is_replaced_without_failure() {
    let (mut table, registrar) = table(Conditions::perfect(), 0);
    let registration = register(&mut table, "secret", 120);
    table.pass(10 * SECOND);
    registrar.borrow_mut().now += 1000 * SECOND;
    table.pass(60 * SECOND);
    assert_eq!(
        table.alice.story(),
        ["registered for 120 s", "registered for 120 s"]
    );
    assert_eq!(registrar.borrow().challenged, 2);
    table.alice_does(Input::Unregister { registration });
    table.settle();
}

#[test]
fn a_wrong_secret_is_refused_once_and_for_all() {
    let (mut table, registrar) = table(Conditions::perfect(), 0);
    register(&mut table, "wrong", 120);
    table.settle();
    assert_eq!(
        table.alice.story(),
        ["not registered: the registrar refused: 401 Unauthorized; gives up"]
    );
    assert_eq!(registrar.borrow().asked, 2);
    assert_eq!(table.alice.endpoint.population().registrations, 0);
}

#[test]
fn a_life_that_is_too_short_is_made_longer() {
    let (mut table, _registrar) = table(Conditions::perfect(), 0);
    register(&mut table, "secret", 5);
    table.pass(10 * SECOND);
    assert_eq!(table.alice.story(), ["registered for 60 s"]);
}

#[test]
fn a_broken_registrar_is_asked_again_with_growing_pauses() {
    let (mut table, registrar) = table(Conditions::perfect(), 0);
    registrar.borrow_mut().broken = 5;
    register(&mut table, "secret", 3600);
    table.pass(200 * SECOND);
    assert!(registrar.borrow().registered, "{}", table.tale());
    let pauses: Vec<_> = table
        .alice
        .events
        .iter()
        .filter_map(|event| match event {
            Event::RegistrationFailed {
                will_retry_after, ..
            } => *will_retry_after,
            _ => None,
        })
        .collect();
    assert_eq!(pauses.len(), 5);
    assert!(
        pauses.windows(2).all(|pair| pair[0] < pair[1]),
        "{pauses:?}"
    );
}

#[test]
fn a_silent_registrar_is_noticed_and_found_again() {
    let (mut table, registrar) = table(Conditions::perfect(), 0);
    table.network.set_script(|time, _| {
        if time < 60 * SECOND {
            Fate::Lose
        } else {
            Fate::Chance
        }
    });
    register(&mut table, "secret", 3600);
    table.pass(200 * SECOND);
    assert!(registrar.borrow().registered, "{}", table.tale());
    let story = table.alice.story();
    let silence = "not registered: the registrar did not answer; check its address and the network";
    assert_eq!(story[0], format!("{silence}; tries again"));
    assert_eq!(story.last().unwrap(), "registered for 3600 s");
}

#[test]
fn leaving_before_the_answer_removes_the_binding_afterwards() {
    let (mut table, registrar) = table(Conditions::perfect(), 0);
    let registration = register(&mut table, "secret", 3600);
    table.alice_does(Input::Unregister { registration });
    table.settle();
    assert!(!registrar.borrow().registered);
    assert_eq!(table.alice.story(), ["unregistered"]);
}

#[test]
fn leaving_a_silent_registrar_ends_too() {
    let (mut table, _registrar) = table(Conditions::perfect(), 0);
    let registration = register(&mut table, "secret", 3600);
    table.pass(SECOND);
    table.network.set_script(|_, _| Fate::Lose);
    table.alice_does(Input::Unregister { registration });
    table.settle();
    assert_eq!(table.alice.story().last().unwrap(), "unregistered");
}

#[test]
fn registrations_live_through_bad_networks() {
    for loss in [0.05, 0.15, 0.3] {
        for seed in 0..40 {
            let (mut table, registrar) = table(Conditions::bad(loss), seed);
            let registration = register(&mut table, "secret", 300);
            table.pass(1200 * SECOND);
            assert!(
                registrar.borrow().registered,
                "seed {seed}\n{}",
                table.tale()
            );
            table.alice_does(Input::Unregister { registration });
            table.settle();
            assert_eq!(table.alice.story().last().unwrap(), "unregistered");
        }
    }
}
