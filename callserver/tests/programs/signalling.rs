//! SIP with the running server: a minimal phone over real sockets.

use std::net::UdpSocket;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use sip::{HeaderName, Message, Method, Response, Secret};

use crate::process::{PATIENCE, Server};

/// A phone that can register.
struct Phone {
    socket: UdpSocket,
    login: String,
    secret: String,
    sequence: u32,
}

impl Phone {
    fn new(server: &Server, account: &str) -> Self {
        let device = server.callctl_json(&["devices", "add", account]);
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(server.address("sip")).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let text = |key: &str| device[key].as_str().unwrap().to_owned();
        Self {
            socket,
            login: text("login"),
            secret: text("secret"),
            sequence: 0,
        }
    }

    fn register(&mut self, authorization: &str) -> Response {
        self.sequence += 1;
        let (login, sequence) = (&self.login, self.sequence);
        let local = self.socket.local_addr().unwrap();
        let request = format!(
            "REGISTER sip:phones.example SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bK{login}{sequence};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{login}@phones.example>;tag=1\r\nTo: <sip:{login}@phones.example>\r\n\
             Call-ID: {login}\r\nCSeq: {sequence} REGISTER\r\nContact: <sip:{login}@{local}>\r\nExpires: 600\r\n\
             {authorization}Content-Length: 0\r\n\r\n"
        );
        self.socket.send(request.as_bytes()).unwrap();
        let mut buffer = [0; 4096];
        loop {
            let length = self.socket.recv(&mut buffer).unwrap();
            match Message::parse(Bytes::copy_from_slice(&buffer[..length])) {
                Ok(Message::Response(response)) if response.status.is_final() => return response,
                _ => {}
            }
        }
    }

    /// Asks for a challenge and answers it; returns the final status.
    fn sign_in(&mut self) -> u16 {
        let challenged = self.register("");
        assert_eq!(challenged.status.code(), 401);
        let offered = challenged
            .headers
            .typed_list::<sip::WwwAuthenticate>()
            .unwrap();
        let challenges: Vec<sip::Challenge> = offered.into_iter().map(|header| header.0).collect();
        let strongest = sip::digest::strongest(&challenges).unwrap();
        let secret = Secret::from(self.secret.as_str());
        let credentials = sip::digest::respond(
            strongest,
            &self.login,
            &secret,
            &Method::Register,
            "sip:phones.example",
            1,
            "abc",
        );
        let mut headers = sip::Headers::new();
        headers.push_typed(&sip::Authorization(credentials));
        let value = headers.get(&HeaderName::Authorization).unwrap();
        self.register(&format!("Authorization: {}\r\n", value.as_str()))
            .status
            .code()
    }
}

#[test]
fn a_device_registers_with_its_own_credential_and_is_seen_by_callctl() {
    let server = Server::start();
    server.callctl_json(&["accounts", "add", "alice"]);
    let mut phone = Phone::new(&server, "alice");
    assert_eq!(phone.sign_in(), 200);
    assert_eq!(server.callctl_json(&["status"])["registrations"], 1);
    phone.secret = "wrong".into();
    assert!(matches!(phone.sign_in(), 401 | 403));
}

#[test]
fn what_callctl_changes_counts_from_the_next_message_on() {
    let server = Server::start();
    server.callctl_json(&["accounts", "add", "alice"]);
    let mut phone = Phone::new(&server, "alice");
    assert_eq!(phone.sign_in(), 200);
    let login = phone.login.clone();
    server.callctl_json(&["accounts", "disable", "alice"]);
    assert_eq!(server.callctl_json(&["status"])["registrations"], 0);
    assert_ne!(phone.sign_in(), 200);
    server.callctl_json(&["accounts", "enable", "alice"]);
    assert_eq!(phone.sign_in(), 200);
    server.callctl_json(&["devices", "remove", "alice", &login]);
    assert_eq!(server.callctl_json(&["status"])["registrations"], 0);
    assert_ne!(phone.sign_in(), 200);
    // A login that was asked for before it existed is known once it does.
    let mut next = Phone::new(&server, "alice");
    assert_eq!(next.sign_in(), 200);
    assert_eq!(server.callctl_json(&["calls", "list"]), json!([]));
}

#[test]
fn noise_on_the_sip_port_is_survived() {
    let server = Server::start();
    server.callctl_json(&["accounts", "add", "alice"]);
    let noise = UdpSocket::bind("127.0.0.1:0").unwrap();
    noise.connect(server.address("sip")).unwrap();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for round in 0..2000_usize {
        let datagram: Vec<u8> = (0..round % 700)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state as u8
            })
            .collect();
        // The port of a process that died would refuse.
        noise.send(&datagram).unwrap();
    }
    let mut phone = Phone::new(&server, "alice");
    phone
        .socket
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    assert_eq!(phone.sign_in(), 200);
}

#[test]
fn the_server_stops_while_phones_are_registered() {
    let server = Server::start();
    server.callctl_json(&["accounts", "add", "alice"]);
    let mut phone = Phone::new(&server, "alice");
    assert_eq!(phone.sign_in(), 200);
    server.signal("TERM");
    let (status, _, folder) = server.wait();
    assert_eq!(status.code(), Some(0));
    let server = Server::start_in(folder);
    let device = &server.callctl_json(&["devices", "list", "alice"])[0];
    assert!(device["last_seen_at"].is_string(), "{device}");
}
