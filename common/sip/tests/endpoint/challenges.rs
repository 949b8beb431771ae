//! Calls and requests whose receiver asks who is there.

use std::time::{Duration, Instant};

use bytes::Bytes;
use sip::{
    Authenticator, ClientCredential, Event, Ha1, HeaderName, Headers, Input, Method,
    ProxyAuthenticate, Request, Secret, StatusCode, Verdict, WwwAuthenticate,
};

use crate::party::{Manners, accept, address, hangup};
use crate::table::{SECOND, Table};

/// Asks everybody for a digest, and then answers calls after a second and requests at once.
fn asks(now: Instant) -> Manners {
    let mut authenticator = Authenticator::new("example.com", [3; 32]);
    let ha1 = Ha1::new("alice", "example.com", "secret");
    let mut accepts = move |message: &Request| {
        let credentials = authenticator.credentials(&message.headers);
        let verdict =
            credentials.map(|credentials| authenticator.check(now, &credentials, message, &ha1));
        match verdict {
            Some(Verdict::Accepted) => Ok(()),
            verdict => {
                let is_stale = matches!(verdict, Some(Verdict::Stale | Verdict::Replayed));
                Err(authenticator.challenges(now, is_stale))
            }
        }
    };
    Box::new(move |event| match event {
        Event::Incoming { leg, invite, .. } => match accepts(invite) {
            Ok(()) => vec![(SECOND, accept(*leg))],
            Err(challenges) => {
                let mut headers = Headers::new();
                for challenge in challenges {
                    headers.push_typed(&ProxyAuthenticate(challenge));
                }
                let (leg, status) = (*leg, StatusCode::PROXY_AUTHENTICATION_REQUIRED);
                vec![(
                    Duration::ZERO,
                    Input::Reject {
                        leg,
                        status,
                        headers,
                    },
                )]
            }
        },
        Event::Request {
            request, message, ..
        } => {
            let mut headers = Headers::new();
            let status = match accepts(message) {
                Ok(()) => StatusCode::OK,
                Err(challenges) => {
                    for challenge in challenges {
                        headers.push_typed(&WwwAuthenticate(challenge));
                    }
                    StatusCode::UNAUTHORIZED
                }
            };
            let (request, body) = (*request, Bytes::new());
            vec![(
                Duration::ZERO,
                Input::Respond {
                    request,
                    status,
                    headers,
                    body,
                },
            )]
        }
        _ => Vec::new(),
    })
}

fn credential(secret: &'static str) -> Option<ClientCredential> {
    Some(ClientCredential {
        login: "alice".into(),
        secret: Secret::new(secret),
    })
}

fn call(table: &mut Table, secret: &'static str) -> sip::LegId {
    let leg = table.alice.endpoint.next_leg();
    let flow = table.alice.flow_to(table.bob.address);
    table.alice_does(Input::Invite {
        leg,
        flow,
        uri: "sip:bob@example.com".parse().unwrap(),
        from: address("sip:alice@example.com"),
        to: address("sip:bob@example.com"),
        headers: Headers::new(),
        body: Bytes::from_static(b"offer"),
        credential: credential(secret),
    });
    leg
}

#[test]
fn a_challenged_call_is_made_again_with_credentials() {
    let mut table = Table::good();
    table.bob.manners = asks(table.network.now());
    let leg = call(&mut table, "secret");
    table.pass(3 * SECOND);
    let request = table.alice.endpoint.next_request();
    let (method, headers, body) = (Method::Info, Headers::new(), Bytes::new());
    table.alice_does(Input::SendInDialog {
        leg,
        request,
        method,
        headers,
        body,
    });
    table.pass(SECOND);
    table.alice_does(hangup(leg));
    table.settle();
    insta::assert_snapshot!(table.tale());
}

#[test]
fn a_wrong_secret_ends_the_call_after_one_attempt() {
    let mut table = Table::good();
    table.bob.manners = asks(table.network.now());
    call(&mut table, "wrong");
    table.settle();
    assert_eq!(table.count("INVITE"), 2);
    assert_eq!(
        table.alice.story(),
        ["ended: refused 407 Proxy Authentication Required"]
    );
}

#[test]
fn a_call_without_credentials_is_refused() {
    let mut table = Table::good();
    table.bob.manners = asks(table.network.now());
    table.call();
    table.settle();
    assert_eq!(
        table.alice.story(),
        ["ended: refused 407 Proxy Authentication Required"]
    );
}

#[test]
fn a_call_given_up_while_it_is_challenged_is_not_made_again() {
    let mut table = Table::good();
    table.bob.manners = asks(table.network.now());
    let leg = call(&mut table, "secret");
    table.alice_does(hangup(leg));
    table.settle();
    assert_eq!(table.count("INVITE"), 1);
    assert_eq!(table.alice.story(), ["ended: LocalHangup"]);
}

#[test]
fn a_challenged_request_is_sent_again() {
    let mut table = Table::good();
    table.bob.manners = asks(table.network.now());
    let request = table.alice.endpoint.next_request();
    let mut message = Request::new(Method::Message, "sip:bob@example.com".parse().unwrap());
    message
        .headers
        .push(HeaderName::From, "<sip:alice@example.com>");
    message
        .headers
        .push(HeaderName::To, "<sip:bob@example.com>");
    message.headers.push(HeaderName::ContentType, "text/plain");
    message.body = Bytes::from_static(b"hello");
    let flow = table.alice.flow_to(table.bob.address);
    let credential = credential("secret");
    table.alice_does(Input::Request {
        request,
        flow,
        message,
        credential,
    });
    table.settle();
    assert_eq!(table.alice.story(), ["response 200 OK"]);
    assert_eq!(table.count("MESSAGE"), 2);
}

#[test]
fn a_bye_is_sent_again_with_credentials() {
    let mut table = Table::good();
    table.bob.manners = asks(table.network.now());
    let leg = call(&mut table, "secret");
    table.pass(3 * SECOND);
    // The BYE passes a proxy that wants to know who hangs up.
    table.alice_does(hangup(leg));
    let bye = table.alice.endpoint.poll_transmit().unwrap();
    let sip::Message::Request(bye) = sip::Message::parse(bye.payload).unwrap() else {
        panic!("a BYE");
    };
    let mut challenge = sip::Response::to(&bye, StatusCode::PROXY_AUTHENTICATION_REQUIRED);
    let value = "Digest realm=\"proxy\", nonce=\"abc\", qop=\"auth\", algorithm=SHA-256";
    challenge.headers.push(HeaderName::ProxyAuthenticate, value);
    let flow = table.alice.flow_to(table.bob.address);
    table.alice_does(Input::Receive {
        flow,
        payload: challenge.to_bytes(),
    });
    table.settle();
    assert_eq!(table.count("BYE"), 1, "the first one was caught");
    assert_eq!(
        table.bob.story().last().unwrap(),
        "ended: RemoteHangup { reason: None }"
    );
}
