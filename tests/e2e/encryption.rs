//! Signalling over TLS: what a softphone prefers, and what it does when the certificate is another one.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use end_to_end::{Server, Softphone, Sound};

const SOON: Duration = Duration::from_secs(20);

#[test]
fn softphones_register_and_call_over_tls_without_being_asked_to() {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let mut callee = Softphone::start(&server, &bob, &Sound::silent(), &["answer"]).unwrap();
    let registered = callee.wait_for("registered", SOON).unwrap();
    assert_eq!(registered.text("transport"), "tls");
    let verb = ["call", "1002", "--for", "2"];
    let caller = Softphone::start(&server, &ann, &Sound::silent(), &verb).unwrap();
    for phone in [caller, callee] {
        let finished = phone.finish(SOON).unwrap();
        assert_eq!(finished.code, Some(0), "{}", finished.errors);
        assert_eq!(
            finished.event("registered").unwrap().text("transport"),
            "tls"
        );
        let ended = finished.event("ended").unwrap();
        assert!(ended.number("received").unwrap() > 50.0, "{ended:?}");
    }
}

#[test]
fn phones_on_tls_udp_and_tcp_reach_each_other() {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    for (calling, called) in [("tls", "udp"), ("tcp", "tls")] {
        let verb = ["--transport", called, "answer"];
        let mut callee = Softphone::start(&server, &bob, &Sound::silent(), &verb).unwrap();
        let registered = callee.wait_for("registered", SOON).unwrap();
        assert_eq!(registered.text("transport"), called);
        let verb = ["--transport", calling, "call", "1002", "--for", "1"];
        let caller = Softphone::start(&server, &ann, &Sound::silent(), &verb).unwrap();
        for phone in [caller, callee] {
            let finished = phone.finish(SOON).unwrap();
            assert_eq!(
                finished.code,
                Some(0),
                "{calling} to {called}: {}",
                finished.errors
            );
            finished.event("answered").unwrap();
        }
    }
}

#[test]
fn another_certificate_than_the_one_that_was_named_is_refused() {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let liar = liar(server.ready().http);
    let url = format!("http://{liar}");
    let phone = Softphone::start_in(&url, &ann, &Sound::silent(), &["register"], &[]).unwrap();
    let finished = phone.finish(SOON).unwrap();
    assert_ne!(finished.code, Some(0));
    assert!(finished.event("registered").is_err());
    let error = finished.event("error").unwrap();
    assert_eq!(error.text("code"), "certificate-refused");
    let sentence = error.text("sentence");
    assert!(
        sentence.contains("is not the one that was agreed"),
        "{sentence}"
    );
}

/// Passes HTTP on to the server, and puts another fingerprint in the place of the certificate's.
fn liar(server: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    // Ends with the test's process.
    std::thread::spawn(move || {
        for peer in listener.incoming() {
            let (mut peer, mut server) = (peer.unwrap(), TcpStream::connect(server).unwrap());
            let (mut questions, mut answers) =
                (peer.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut questions, &mut server));
            std::thread::spawn(move || {
                let mut buffer = vec![0; 64 * 1024];
                // An answer to a login is small enough to come in one piece.
                while let Ok(len @ 1..) = answers.read(&mut buffer) {
                    lie(&mut buffer[..len]);
                    if peer.write_all(&buffer[..len]).is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

fn lie(answer: &mut [u8]) {
    const BEFORE: &[u8] = b"\"certificate_sha256\":\"";
    let Some(at) = answer
        .windows(BEFORE.len())
        .position(|window| window == BEFORE)
    else {
        return;
    };
    let digit = &mut answer[at + BEFORE.len()];
    *digit = if *digit == b'0' { b'1' } else { b'0' };
}
