//! Registrations that survive a restart of the server.

use std::net::SocketAddr;

use sip::{Flow, Transport};
use switch::{AccountId, Config, Content, Event, Input, LetterEnd, Outgoing, Party, StoredBinding};

use crate::registrant::{Registrant, contacts};
use crate::server::{DOMAIN, Server};

/// Registers over `transport` from a contact at `host`, and gives what the server would keep.
fn kept(transport: Transport, host: &str) -> (Registrant, StoredBinding) {
    let mut phone = Registrant::new("alice-1");
    phone.flow.transport = transport;
    phone.flow.connection = u64::from(transport.is_reliable());
    let lines =
        format!("Contact: <sip:alice@{host}>;q=0.5\r\nExpires: 600\r\nUser-Agent: Desk/1\r\n");
    assert_eq!(phone.register(&lines).status.code(), 200);
    let stored = phone.server.events.iter().find_map(|event| match event {
        Event::DeviceRegistered { binding, .. } => Some(StoredBinding::clone(binding)),
        _ => None,
    });
    (phone, stored.expect("a registration"))
}

/// The same phone at a server that was started anew.
fn restarted(phone: &mut Registrant, bindings: Vec<StoredBinding>) {
    let mut server = Server::new(Config::new(DOMAIN), 2);
    server.add_people();
    server.handle(phone.now, Input::Restore { bindings });
    phone.server = server;
}

#[test]
fn a_datagram_phone_is_still_there_after_a_restart() {
    let (mut phone, stored) = kept(Transport::Udp, "10.0.0.1:5060");
    assert_eq!(stored.user_agent.as_deref(), Some("Desk/1"));
    restarted(
        &mut phone,
        vec![StoredBinding {
            expires_seconds: 300,
            ..stored
        }],
    );
    assert_eq!(phone.count(), 1);
    assert!(phone.server.story().is_empty());
    let listed = phone.register("");
    assert_eq!(contacts(&listed), ["<sip:alice@10.0.0.1:5060>;expires=300"]);
    phone.pass(301);
    assert_eq!(phone.server.story(), ["alice-1 unregistered: Expired"]);
}

#[test]
fn a_refresh_after_a_restart_keeps_the_name_of_the_registration() {
    let (mut phone, stored) = kept(Transport::Udp, "10.0.0.1:5060");
    let id = stored.id;
    restarted(&mut phone, vec![stored]);
    phone.register("Contact: <sip:alice@10.0.0.1:5060>\r\n");
    phone.register("Contact: <sip:alice@10.0.0.2:5060>\r\n");
    let ids: Vec<_> = phone
        .server
        .events
        .iter()
        .filter_map(|event| match event {
            Event::DeviceRegistered { binding, .. } => Some(binding.id),
            _ => None,
        })
        .collect();
    assert_eq!(ids[0], id);
    assert_ne!(ids[1], id);
}

#[test]
fn a_connection_comes_back_only_to_where_somebody_listens() {
    // The contact is where the REGISTER came from: the phone is not behind a translator.
    let (mut phone, stored) = kept(Transport::Tcp, "198.51.100.7:5062");
    restarted(&mut phone, vec![stored]);
    assert_eq!(phone.count(), 1);
    let listening = Flow {
        remote: SocketAddr::from(([198, 51, 100, 7], 5062)),
        connection: 0,
        ..phone.flow
    };
    phone
        .server
        .handle(phone.now, Input::FlowFailed { flow: listening });
    assert_eq!(phone.server.story(), ["alice-1 unregistered: FlowFailed"]);

    for (transport, host) in [
        (Transport::Tcp, "10.0.0.1:5060"),
        (Transport::Tls, "phone.example"),
        (Transport::Ws, "198.51.100.7"),
    ] {
        let (mut phone, stored) = kept(transport, host);
        restarted(&mut phone, vec![stored]);
        assert_eq!(phone.count(), 0);
        assert_eq!(phone.server.story(), ["alice-1 unregistered: NotRestored"]);
    }
}

#[test]
fn what_a_phone_reads_by_itself_is_known_after_a_restart() {
    for reads_rooms in [false, true] {
        let (mut phone, stored) = kept(Transport::Udp, "10.0.0.1:5060");
        let bindings = vec![StoredBinding {
            reads_rooms,
            ..stored.clone()
        }];
        restarted(&mut phone, bindings);
        let party = |account| Party {
            account,
            number: None,
            display_name: "somebody".into(),
            is_guest: false,
        };
        let letter = Input::SendLetter {
            ticket: 1,
            from: party(AccountId(99)),
            to: party(stored.account),
            device: stored.device,
            letter: Box::new(Outgoing {
                content: Content::Plain("lunch?".into()),
                date: None,
            }),
        };
        phone.server.handle(phone.now, letter);
        let not_here = phone.server.events.iter().any(
            |event| matches!(event, Event::LetterEnded { end, .. } if *end == LetterEnd::NotHere),
        );
        assert_eq!(not_here, reads_rooms);
    }
}

#[test]
fn what_was_kept_and_cannot_be_read_is_given_up() {
    let (mut phone, stored) = kept(Transport::Udp, "10.0.0.1:5060");
    let unreadable = StoredBinding {
        contact: "nonsense".into(),
        ..stored.clone()
    };
    let over = StoredBinding {
        expires_seconds: 0,
        ..stored
    };
    restarted(&mut phone, vec![unreadable, over]);
    assert_eq!(phone.count(), 0);
    assert_eq!(phone.server.story().len(), 2);
}
