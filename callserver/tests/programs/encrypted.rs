//! What the running server speaks encrypted, with the certificate that it made for itself.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tokio_tungstenite::tungstenite::{self, ClientRequestBuilder, Message};

use crate::process::{PATIENCE, Server, callserver, callserver_ends, path_text};

/// A client that trusts the certificate of this data folder and nothing else.
pub(crate) fn client(data: &Path) -> Arc<ClientConfig> {
    let certificate = CertificateDer::from_pem_file(data.join("certificate.pem")).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

/// A connection to the server under one of its names.
pub(crate) fn connect(
    data: &Path,
    address: SocketAddr,
    name: &str,
) -> StreamOwned<ClientConnection, TcpStream> {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let connection = ClientConnection::new(client(data), name).unwrap();
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    StreamOwned::new(connection, stream)
}

fn get(data: &Path, address: SocketAddr, name: &str) -> String {
    let mut stream = connect(data, address, name);
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    // The server may close without a last word of TLS.
    let _ = stream.read_to_string(&mut answer);
    answer
}

#[test]
fn https_is_served_under_every_name_of_the_server_and_its_fingerprint_is_told() {
    let server = Server::start();
    let address = server.address("https");
    for name in ["phones.example", "localhost", "127.0.0.1", "::1"] {
        let answer = get(server.data(), address, name);
        assert!(answer.starts_with("HTTP/1.1 200 "), "{name}: {answer}");
    }
    let status = server.callctl_json(&["status"]);
    for key in ["sips", "https"] {
        assert_eq!(status[key], server.ready[key]);
    }
    let fingerprint = status["certificate_sha256"].as_str().unwrap().to_owned();
    assert_eq!(fingerprint.len(), 64);
    server.signal("TERM");
    let (_, _, folder) = server.wait();
    let again = Server::start_in(folder);
    assert_eq!(
        again.callctl_json(&["status"])["certificate_sha256"],
        fingerprint.as_str()
    );
}

const OPTIONS: &str = "OPTIONS sip:phones.example SIP/2.0\r\n\
    Via: SIP/2.0/TLS client.invalid;branch=z9hG4bK1;rport\r\nMax-Forwards: 70\r\n\
    From: <sip:a@phones.example>;tag=1\r\nTo: <sip:phones.example>\r\nCall-ID: 1\r\n\
    CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";

#[test]
fn sip_is_spoken_over_tls() {
    let server = Server::start();
    let mut stream = connect(server.data(), server.address("sips"), "phones.example");
    stream.write_all(OPTIONS.as_bytes()).unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"SIP/2.0 200 ");
}

/// Speaks SIP over WebSocket on a stream that is there already.
fn over_web_socket(stream: impl Read + Write, scheme: &str, address: SocketAddr) {
    let uri = format!("{scheme}://{address}/ws/sip").parse().unwrap();
    let request = ClientRequestBuilder::new(uri).with_sub_protocol("sip");
    let (mut socket, response) = tungstenite::client(request, stream).unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "sip");
    socket.send(Message::text(OPTIONS)).unwrap();
    let answer = socket.read().unwrap().into_data();
    assert!(answer.starts_with(b"SIP/2.0 200 "), "{answer:?}");
}

#[test]
fn sip_is_spoken_over_web_sockets_of_http_and_https() {
    let server = Server::start();
    let https = server.address("https");
    over_web_socket(connect(server.data(), https, "localhost"), "wss", https);
    let http = server.address("http");
    let stream = TcpStream::connect(http).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    over_web_socket(stream, "ws", http);
}

#[test]
fn whoever_comes_to_the_web_socket_with_something_else_is_told_what_is_missing() {
    let server = Server::start();
    let upgrade = "Connection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
    for (headers, part) in [
        ("Connection: close\r\n", "WebSocket"),
        (upgrade, "sub-protocol sip"),
        (
            &format!("{upgrade}Sec-WebSocket-Protocol: chat\r\n"),
            "sub-protocol sip",
        ),
    ] {
        let request = format!("GET /ws/sip HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
        let mut stream = TcpStream::connect(server.address("http")).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        assert!(answer.contains(part), "{answer}");
    }
}

#[test]
fn whoever_opens_the_encrypted_port_and_says_nothing_or_nonsense_disturbs_nobody() {
    let server = Server::start();
    let address = server.address("https");
    let _silent = TcpStream::connect(address).unwrap();
    let mut plain = TcpStream::connect(address).unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    plain.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    assert!(get(server.data(), address, "localhost").starts_with("HTTP/1.1 200 "));
}

#[test]
fn what_is_encrypted_can_be_switched_off_and_then_no_certificate_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_with(folder, &["--sips", "off", "--https", "off"]);
    assert!(server.ready["sips"].is_null() && server.ready["https"].is_null());
    assert!(!server.data().join("certificate.pem").exists());
    assert!(server.callctl_json(&["status"])["certificate_sha256"].is_null());
}

#[test]
fn a_certificate_that_cannot_be_used_is_named_at_the_start_and_by_check_config() {
    let server = Server::start();
    let key = server.data().join("key.pem");
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("c.toml");
    let text = format!(
        "[tls]\ncertificate = {:?}\nkey = {:?}\n",
        key.to_str().unwrap(),
        key.to_str().unwrap()
    );
    std::fs::write(&config, text).unwrap();
    let checked = callserver_ends(&["check-config", path_text(&config)]);
    assert_eq!(checked.code, Some(2));
    assert!(
        checked.stderr.contains("holds no certificate"),
        "{checked:?}"
    );
    let data = folder.path().join("data");
    let started = callserver(&data, &["--config", path_text(&config)])
        .output()
        .unwrap();
    assert_eq!(started.status.code(), Some(1));
    let sentence = String::from_utf8(started.stderr).unwrap();
    assert!(sentence.contains("holds no certificate"), "{sentence}");
}

#[test]
fn an_encrypted_port_that_was_asked_for_must_be_free() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let output = callserver_ends(&[
        "--data",
        path_text(folder.path()),
        "--sip",
        "127.0.0.1:0",
        "--http",
        "127.0.0.1:0",
        "--sips",
        "off",
        "--https",
        &address,
    ]);
    assert_eq!(output.code, Some(1));
    assert!(output.stderr.contains("--https"), "{output:?}");
}
