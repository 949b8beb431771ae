//! Publishing one's state at a server that keeps it.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use simnet::Conditions;
use sip::{
    Config, Event, EventHeader, HeaderName, Headers, Input, Method, PublicationId,
    PublicationLimits, PublicationStore,
};

use crate::party::{Manners, address};
use crate::table::{SECOND, Table};

type Store = Rc<RefCell<PublicationStore>>;

/// A server that keeps what is published; its clock stands, so that nothing expires by itself.
fn keeps(store: &Store, now: Instant) -> Manners {
    let store = Rc::clone(store);
    Box::new(move |event| match event {
        Event::Request {
            request, message, ..
        } => {
            let done = store
                .borrow_mut()
                .publish(now, "alice", "presence", message);
            let (status, headers) = match done {
                Ok(published) => (sip::StatusCode::OK, published.headers()),
                Err(error) => (error.status(), error.headers()),
            };
            let answer = Input::Respond {
                request: *request,
                status,
                headers,
                body: Bytes::new(),
            };
            vec![(Duration::ZERO, answer)]
        }
        _ => Vec::new(),
    })
}

fn table(conditions: Conditions, seed: u8) -> (Table, Store) {
    let config = Config {
        methods: vec![Method::Publish],
        ..Config::default()
    };
    let mut table = Table::with_config(seed, conditions, config);
    let store = PublicationStore::new(PublicationLimits::default(), [seed; 32]);
    let store = Rc::new(RefCell::new(store));
    table.bob.manners = keeps(&store, table.network.now());
    (table, store)
}

fn publish(table: &mut Table, publication: PublicationId, seconds: u32, body: &'static str) {
    let mut headers = Headers::new();
    headers.push(HeaderName::ContentType, "application/pidf+xml");
    let flow = table.alice.flow_to(table.bob.address);
    table.alice_does(Input::Publish {
        publication,
        flow,
        uri: "sip:alice@example.com".parse().unwrap(),
        from: address("sip:alice@example.com"),
        event: EventHeader::new("presence"),
        expires_seconds: seconds,
        headers,
        body: Bytes::from_static(body.as_bytes()),
        credential: None,
    });
}

fn bodies(store: &Store) -> Vec<Bytes> {
    let store = store.borrow();
    let documents = store.documents("alice", "presence");
    documents.map(|document| document.body.clone()).collect()
}

#[test]
fn a_state_is_published_kept_changed_and_removed() {
    let (mut table, store) = table(Conditions::perfect(), 0);
    let publication = table.alice.endpoint.next_publication();
    publish(&mut table, publication, 600, "open");
    table.pass(1000 * SECOND);
    assert_eq!(bodies(&store), ["open"]);
    publish(&mut table, publication, 600, "busy");
    table.pass(SECOND);
    assert_eq!(bodies(&store), ["busy"]);
    table.alice_does(Input::Unpublish { publication });
    table.settle();
    assert!(store.borrow().is_empty());
    insta::assert_snapshot!(table.tale());
}

#[test]
fn what_changes_while_the_server_answers_follows() {
    let (mut table, store) = table(Conditions::perfect(), 0);
    let publication = table.alice.endpoint.next_publication();
    for body in ["1", "2", "3"] {
        publish(&mut table, publication, 600, body);
    }
    table.pass(SECOND);
    assert_eq!(bodies(&store), ["3"]);
    assert_eq!(table.count("PUBLISH"), 2);
    table.alice_does(Input::Unpublish { publication });
    table.settle();
}

#[test]
fn a_server_that_has_lost_it_gets_it_again() {
    let (mut table, store) = table(Conditions::perfect(), 0);
    let publication = table.alice.endpoint.next_publication();
    publish(&mut table, publication, 600, "open");
    table.pass(SECOND);
    let empty = PublicationStore::new(PublicationLimits::default(), [9; 32]);
    *store.borrow_mut() = empty;
    table.pass(600 * SECOND);
    assert_eq!(bodies(&store), ["open"]);
    assert_eq!(table.count("412"), 1);
    table.alice_does(Input::Unpublish { publication });
    table.settle();
}

#[test]
fn a_life_that_is_too_short_is_made_longer() {
    let (mut table, _store) = table(Conditions::perfect(), 0);
    let publication = table.alice.endpoint.next_publication();
    publish(&mut table, publication, 5, "open");
    table.pass(SECOND);
    assert_eq!(table.alice.story(), ["published for 60 s"]);
}

#[test]
fn what_the_server_cannot_take_is_not_tried_again() {
    let (mut table, _store) = table(Conditions::perfect(), 0);
    let publication = table.alice.endpoint.next_publication();
    publish(&mut table, publication, 600, "");
    table.settle();
    assert_eq!(
        table.alice.story(),
        ["not published: the server refused the publication: 400 Bad Request; gives up"]
    );
}

#[test]
fn leaving_before_the_answer_removes_it_afterwards() {
    let (mut table, store) = table(Conditions::perfect(), 0);
    let publication = table.alice.endpoint.next_publication();
    publish(&mut table, publication, 600, "open");
    table.alice_does(Input::Unpublish { publication });
    table.settle();
    assert!(store.borrow().is_empty());
    assert_eq!(table.alice.story(), ["unpublished"]);
}

#[test]
fn publications_live_through_bad_networks() {
    for loss in [0.05, 0.15, 0.3] {
        for seed in 0..40 {
            let (mut table, store) = table(Conditions::bad(loss), seed);
            let publication = table.alice.endpoint.next_publication();
            publish(&mut table, publication, 300, "open");
            table.pass(600 * SECOND);
            publish(&mut table, publication, 300, "busy");
            table.pass(600 * SECOND);
            // A copy of a PUBLISH whose answer was lost may have left a second one, which expires.
            assert_eq!(bodies(&store).last().unwrap(), "busy", "seed {seed}");
            table.alice_does(Input::Unpublish { publication });
            table.settle();
            assert_eq!(table.alice.story().last().unwrap(), "unpublished");
        }
    }
}
