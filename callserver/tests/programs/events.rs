//! The event stream over HTTP.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::client::{add, ask, log_in};
use crate::process::{PATIENCE, Server};

/// What an account listens to.
pub(crate) struct Stream(BufReader<TcpStream>);

impl Stream {
    pub(crate) fn open(server: &Server, token: &str) -> Self {
        let mut socket = TcpStream::connect(server.address("http")).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = format!(
            "GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        socket.write_all(request.as_bytes()).unwrap();
        let mut stream = Self(BufReader::new(socket));
        let head = stream.line();
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert_eq!(stream.next(), Some(json!({ "event": "listening" })));
        stream
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line
    }

    /// The next event; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<Value> {
        loop {
            let line = self.line();
            if line.is_empty() {
                return None;
            }
            if let Some(data) = line.strip_prefix("data: ") {
                return Some(serde_json::from_str(data).unwrap());
            }
        }
    }
}

#[test]
fn who_listens_hears_of_their_devices_and_of_the_end_of_their_session() {
    let server = Server::start();
    add(&server, "alice");
    let (laptop, desk) = (log_in(&server, "alice"), log_in(&server, "alice"));
    let token = laptop.tokens.unwrap().access_token;
    let mut stream = Stream::open(&server, &token);
    let removed = server.callctl(&["devices", "remove", "alice", &desk.device.login]);
    assert_eq!(removed.code, Some(0));
    log_in(&server, "alice");
    // The removal is told by whoever removes devices; the login is told in any case.
    assert_eq!(stream.next().unwrap()["event"], "devices_changed");
    ask(&server, "POST", "/api/v1/logout")
        .token(&token)
        .get(204);
    loop {
        let event = stream.next().unwrap();
        if event["event"] == "session_ended" {
            break;
        }
        assert_eq!(event["event"], "devices_changed");
    }
    assert_eq!(stream.next(), None);
}

#[test]
fn only_so_many_listen_for_one_account_and_strangers_hear_nothing() {
    let server = Server::start();
    add(&server, "alice");
    let token = log_in(&server, "alice").tokens.unwrap().access_token;
    ask(&server, "GET", "/api/v1/events").get(401);
    let mut streams: Vec<Stream> = (0..20).map(|_| Stream::open(&server, &token)).collect();
    ask(&server, "GET", "/api/v1/events").token(&token).get(429);
    streams.pop();
    // The server notices that a listener is gone when it has something to tell.
    log_in(&server, "alice");
    for _ in 0..2 {
        log_in(&server, "alice");
    }
    let deadline = std::time::Instant::now() + PATIENCE;
    let socket = loop {
        let mut socket = TcpStream::connect(server.address("http")).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = format!(
            "GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        socket.write_all(request.as_bytes()).unwrap();
        let mut line = String::new();
        let mut reader = BufReader::new(socket);
        reader.read_line(&mut line).unwrap();
        if line.starts_with("HTTP/1.1 200") {
            break reader;
        }
        assert!(
            std::time::Instant::now() < deadline,
            "the place stays taken"
        );
    };
    drop(socket);
}

#[test]
fn a_new_number_is_heard_by_its_owner_and_by_whoever_has_them_among_their_contacts() {
    let server = Server::start();
    let token = |name: &str| {
        add(&server, name);
        log_in(&server, name).tokens.unwrap().access_token
    };
    let (alice, bob, carol) = (token("alice"), token("bob"), token("carol"));
    let contact = json!({ "number": "1001" });
    let contact = ask(&server, "POST", "/api/v1/me/contacts")
        .token(&alice)
        .json(&contact);
    contact.get(201);
    let mut streams = [&alice, &bob, &carol].map(|token| Stream::open(&server, token));
    let change = json!({ "number": "1500", "on_call": "moved" });
    ask(&server, "PUT", "/api/v1/me/number")
        .token(&bob)
        .json(&change)
        .get(200);
    let heard = |is_me: bool| json!({ "event": "number_changed", "account": 2, "old": "1001", "new": "1500", "is_me": is_me });
    assert_eq!(streams[0].next().unwrap(), heard(false));
    assert_eq!(streams[1].next().unwrap(), heard(true));
    // Carol hears nothing of it: what she hears next is her own.
    let name = json!({ "display_name": "Carol C" });
    ask(&server, "PATCH", "/api/v1/me")
        .token(&carol)
        .json(&name)
        .get(200);
    assert_eq!(streams[2].next().unwrap()["event"], "name_changed");
}
