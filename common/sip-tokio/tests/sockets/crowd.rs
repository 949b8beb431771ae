//! Thousands of connections: they are served, cost little while they say nothing, and leave nothing behind.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use sip_tokio::{BindConfig, Received, Sockets};

use crate::tls::{Certificate, certificate};
use crate::{OPTIONS, any_port, bound_with};

const PLAIN: usize = 5_000;
const SECURE: usize = 1_000;

/// Both ends of each connection are in this process.
fn allow_many_files() {
    const FILES: u64 = 16_384;
    let allowed = getrlimit(Resource::Nofile);
    if allowed.current.is_some_and(|current| current < FILES) {
        let wanted = Rlimit {
            current: Some(FILES),
            ..allowed
        };
        setrlimit(Resource::Nofile, wanted)
            .expect("the system allows 16384 open files (ulimit -Hn)");
    }
}

fn memory_kilobytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("a status");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .expect("a line");
    let figure = line.split_ascii_whitespace().nth(1).expect("a figure");
    figure.parse().expect("kilobytes")
}

/// Opens them in a thread of its own; the peers hold no memory of this process beside their sockets.
async fn crowd(
    server: &mut Sockets,
    count: usize,
    open: impl Fn() -> TcpStream + Send + 'static,
) -> Vec<TcpStream> {
    let opening = tokio::task::spawn_blocking(move || (0..count).map(|_| open()).collect());
    for _ in 0..count {
        let received = server.receive().await;
        assert!(matches!(received, Received::Message { .. }), "{received:?}");
    }
    opening.await.expect("connections")
}

async fn gone(server: &mut Sockets, peers: Vec<TcpStream>) {
    let count = peers.len();
    drop(peers);
    for _ in 0..count {
        let received = server.receive().await;
        assert!(
            matches!(received, Received::FlowFailed { .. }),
            "{received:?}"
        );
    }
    assert_eq!(server.connection_count(), 0);
}

fn plain(port: SocketAddr) -> TcpStream {
    let mut peer = TcpStream::connect(port).expect("a connection");
    peer.write_all(OPTIONS.as_bytes()).expect("sent");
    peer
}

fn secure(port: SocketAddr, config: &Arc<ClientConfig>) -> TcpStream {
    let name = ServerName::try_from("localhost").expect("a name");
    let session = ClientConnection::new(Arc::clone(config), name).expect("a session");
    let peer = TcpStream::connect(port).expect("a connection");
    let mut peer = StreamOwned::new(session, peer);
    peer.write_all(OPTIONS.as_bytes()).expect("sent");
    peer.flush().expect("sent");
    peer.sock
}

fn client(certificate: &Certificate) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let der = CertificateDer::from_pem_slice(certificate.pem.as_bytes()).expect("PEM");
    roots.add(der).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

#[tokio::test]
async fn thousands_of_connections_are_served_and_leave_nothing_behind() {
    allow_many_files();
    let certificate = certificate(&["localhost"]);
    let mut config = BindConfig::udp_and_tcp(any_port());
    config.tls = vec![any_port()];
    config.identity = Some(certificate.identity.clone());
    config.limits.connections_per_address = PLAIN + SECURE + 1;
    let mut server = bound_with(config).await;
    let (tcp, tls) = (server.local_tcp()[0], server.local_tls()[0]);
    let client = client(&certificate);

    let mut peaks = Vec::new();
    for round in 0..2 {
        let empty = memory_kilobytes();
        let plain_peers = crowd(&mut server, PLAIN, move || plain(tcp)).await;
        let with_plain = memory_kilobytes();
        let client = Arc::clone(&client);
        let secure_peers = crowd(&mut server, SECURE, move || secure(tls, &client)).await;
        let with_all = memory_kilobytes();
        assert_eq!(server.connection_count(), PLAIN + SECURE);
        if round == 0 {
            eprintln!(
                "an idle connection holds {:.1} kB over TCP and {:.1} kB over TLS",
                (with_plain - empty) as f64 / PLAIN as f64,
                (with_all - with_plain) as f64 / SECURE as f64,
            );
        }
        peaks.push(with_all);

        // One more gets through and gets its answer.
        let asking = tokio::task::spawn_blocking(move || {
            let mut peer = plain(tcp);
            let mut answer = vec![0; OPTIONS.len()];
            peer.read_exact(&mut answer).expect("an answer");
            answer
        });
        let Received::Message { flow, payload } = server.receive().await else {
            panic!("a message was expected");
        };
        server.send(flow, payload);
        assert_eq!(asking.await.expect("an answer"), OPTIONS.as_bytes());
        let received = server.receive().await;
        assert!(
            matches!(received, Received::FlowFailed { .. }),
            "{received:?}"
        );

        let peers = plain_peers.into_iter().chain(secure_peers).collect();
        gone(&mut server, peers).await;
    }
    // The second crowd lives in what the first one left: a kilobyte a connection would show.
    let grown = peaks[1].saturating_sub(peaks[0]);
    assert!(
        grown < PLAIN + SECURE,
        "the second crowd needed {grown} kB more than the first"
    );
}
