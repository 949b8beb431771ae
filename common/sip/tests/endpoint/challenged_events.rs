//! Subscriptions and publications at somebody who asks who they are.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use simnet::Conditions;
use sip::{
    Authenticator, Authorization, CSeq, ClientCredential, Event, EventHeader, FromHeader, Ha1,
    HeaderName, Headers, Input, Method, Request, Secret, SipEtag, StatusCode, SubscriptionEnd,
    Verdict, WwwAuthenticate,
};

use crate::party::{Manners, address};
use crate::subscriptions::{config, notify};
use crate::table::{SECOND, Table};
use crate::wire_peer::{Lone, answer, request_in};

/// Asks who it is, each time.
struct Door {
    authenticator: Authenticator,
    ha1: Ha1,
    now: std::time::Instant,
    challenged: u32,
}

impl Door {
    /// The challenge, unless the request is alice's.
    fn challenge(&mut self, request: &Request) -> Option<Headers> {
        let credentials = request.headers.typed::<Authorization>().ok().flatten();
        let verdict = credentials.map(|Authorization(credentials)| {
            self.authenticator
                .check(self.now, &credentials, request, &self.ha1)
        });
        if verdict == Some(Verdict::Accepted) {
            return None;
        }
        self.challenged += 1;
        let mut headers = Headers::new();
        for challenge in self.authenticator.challenges(self.now, false) {
            headers.push_typed(&WwwAuthenticate(challenge));
        }
        Some(headers)
    }
}

fn table() -> (Table, Rc<RefCell<Door>>) {
    let mut config = config();
    config.methods.push(sip::Method::Publish);
    let mut table = Table::with_config(0, Conditions::perfect(), config);
    let door = Rc::new(RefCell::new(Door {
        authenticator: Authenticator::new("example.com", [3; 32]),
        ha1: Ha1::new("alice", "example.com", "secret"),
        now: table.network.now(),
        challenged: 0,
    }));
    table.bob.manners = guards(&door);
    (table, door)
}

fn guards(door: &Rc<RefCell<Door>>) -> Manners {
    let door = Rc::clone(door);
    Box::new(move |event| {
        let inputs = match event {
            Event::SubscriptionRequested {
                subscription,
                request,
                ..
            } => {
                let subscription = *subscription;
                match door.borrow_mut().challenge(request) {
                    Some(headers) => vec![Input::RejectSubscription {
                        subscription,
                        status: StatusCode::UNAUTHORIZED,
                        headers,
                    }],
                    None => {
                        let accept = Input::AcceptSubscription {
                            subscription,
                            expires_seconds: 600,
                            headers: Headers::new(),
                        };
                        vec![accept, notify(subscription, "open")]
                    }
                }
            }
            Event::Request {
                request, message, ..
            } => {
                let (status, headers) = match door.borrow_mut().challenge(message) {
                    Some(headers) => (StatusCode::UNAUTHORIZED, headers),
                    None => {
                        let mut headers = Headers::new();
                        headers.push_typed(&SipEtag("tag".into()));
                        (StatusCode::OK, headers)
                    }
                };
                vec![Input::Respond {
                    request: *request,
                    status,
                    headers,
                    body: Bytes::new(),
                }]
            }
            _ => Vec::new(),
        };
        let at_once = inputs.into_iter().map(|input| (Duration::ZERO, input));
        at_once.collect()
    })
}

fn credential(secret: &'static str) -> Option<ClientCredential> {
    Some(ClientCredential {
        login: "alice".into(),
        secret: Secret::new(secret),
    })
}

fn subscribe(table: &mut Table, secret: &'static str) -> sip::SubscriptionId {
    let subscription = table.alice.endpoint.next_subscription();
    let flow = table.alice.flow_to(table.bob.address);
    table.alice_does(Input::Subscribe {
        subscription,
        flow,
        uri: "sip:bob@example.com".parse().unwrap(),
        from: address("sip:alice@example.com"),
        to: address("sip:bob@example.com"),
        event: EventHeader::new("presence"),
        expires_seconds: 600,
        headers: Headers::new(),
        body: Bytes::new(),
        credential: credential(secret),
    });
    subscription
}

#[test]
fn a_watcher_says_who_it_is_once_and_refreshes_in_one_round_trip() {
    let (mut table, door) = table();
    let subscription = subscribe(&mut table, "secret");
    table.pass(3000 * SECOND);
    table.alice_does(Input::Unsubscribe { subscription });
    table.settle();
    assert_eq!(door.borrow().challenged, 1, "{}", table.tale());
    assert_eq!(
        table.alice.story().last().unwrap(),
        "subscription ended: Unsubscribed"
    );
}

#[test]
fn a_watcher_with_a_wrong_secret_is_not_told_anything() {
    let (mut table, _) = table();
    subscribe(&mut table, "wrong");
    table.settle();
    assert!(matches!(
        table.alice.events[..],
        [Event::SubscriptionEnded {
            cause: SubscriptionEnd::Refused {
                status: StatusCode::UNAUTHORIZED,
                ..
            },
            ..
        }]
    ));
}

#[test]
fn a_publisher_says_who_it_is_once() {
    let (mut table, door) = table();
    let publication = table.alice.endpoint.next_publication();
    let flow = table.alice.flow_to(table.bob.address);
    table.alice_does(Input::Publish {
        publication,
        flow,
        uri: "sip:alice@example.com".parse().unwrap(),
        from: address("sip:alice@example.com"),
        event: EventHeader::new("presence"),
        expires_seconds: 600,
        headers: Headers::new(),
        body: Bytes::from_static(b"open"),
        credential: credential("secret"),
    });
    table.pass(3000 * SECOND);
    table.alice_does(Input::Unpublish { publication });
    table.settle();
    assert_eq!(door.borrow().challenged, 1, "{}", table.tale());
    assert_eq!(table.alice.story().last().unwrap(), "unpublished");
}

#[test]
fn who_reports_in_a_call_says_who_it_is_when_asked() {
    let mut lone = Lone::new(config());
    let (_, invite) = lone.calls_with(credential("secret"));
    lone.hears_answer(&invite, 200, "bob");
    lone.sent();
    lone.events();
    let FromHeader(from) = invite.headers.required().unwrap();
    let call_id = invite.headers.get(&HeaderName::CallId).unwrap();
    let lines = "Refer-To: <sip:carol@example.com>\n";
    let refer = request_in("REFER", "refer", "1", from.tag().unwrap(), lines)
        .replace("Call-ID: call-1", &format!("Call-ID: {call_id}"));
    lone.hears(&refer);
    let Some(Event::SubscriptionRequested { subscription, .. }) = lone.events().pop() else {
        panic!("somebody asks for a call");
    };
    lone.does(Input::AcceptSubscription {
        subscription,
        expires_seconds: 60,
        headers: Headers::new(),
    });
    let first = lone.requests().remove(0);
    assert_eq!(first.method, Method::Notify);
    let mut challenge = answer(&first, 401, "bob");
    let value = "Digest realm=\"example.com\", nonce=\"n\", algorithm=SHA-256, qop=\"auth\"";
    challenge.headers.push(HeaderName::WwwAuthenticate, value);
    let (flow, payload) = (lone.flow, challenge.to_bytes());
    lone.does(Input::Receive { flow, payload });
    let again = lone.requests().remove(0);
    assert!(again.headers.has(&HeaderName::Authorization), "{again:?}");
    assert_eq!(again.body, first.body);
    let number = |request: &Request| request.headers.required::<CSeq>().unwrap().number;
    assert_eq!(number(&again), number(&first) + 1);
    lone.hears_answer(&again, 200, "bob");
    assert!(lone.events().is_empty(), "the reports go on");
}
