//! TLS: who is believed, what is refused, and that nothing is said plainly.

use std::time::Duration;

use rcgen::{CertificateParams, CertifiedKey, KeyPair};
use sip::Transport;
use sip_tokio::{
    BindConfig, BindError, Fingerprint, FlowFailure, IdentityError, Limits, Sockets, TlsIdentity,
    Trust,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{
    OPTIONS, any_port, bound_with, next_failure, next_message, options, question_and_answer, way,
};

/// A certificate that vouches for itself.
pub(crate) struct Certificate {
    pub(crate) identity: TlsIdentity,
    pub(crate) pem: String,
}

pub(crate) fn certificate(names: &[&str]) -> Certificate {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
    let pem = made.cert.pem();
    let key = made.signing_key.serialize_pem();
    Certificate {
        identity: TlsIdentity::from_pem(pem.as_bytes(), key.as_bytes()).expect("an identity"),
        pem,
    }
}

pub(crate) async fn server(certificate: &Certificate) -> Sockets {
    bound_with(BindConfig {
        udp: vec![any_port()],
        tls: vec![any_port()],
        wss: vec![any_port()],
        identity: Some(certificate.identity.clone()),
        ..BindConfig::default()
    })
    .await
}

pub(crate) async fn phone(trust: Trust) -> Sockets {
    bound_with(BindConfig {
        udp: vec![any_port()],
        trust,
        ..BindConfig::default()
    })
    .await
}

#[tokio::test]
async fn a_pinned_certificate_is_believed_whatever_its_name() {
    let certificate = certificate(&["elsewhere.example"]);
    let mut server = server(&certificate).await;
    let mut phone = phone(Trust::Pinned(vec![certificate.identity.fingerprint()])).await;
    let there = way(Transport::Tls, &phone, server.local_tls()[0]);
    let flow = question_and_answer(&mut phone, &mut server, there).await;
    let again = question_and_answer(&mut phone, &mut server, there).await;
    assert_eq!(flow, again, "the connection was not used again");
    assert_eq!(
        (phone.connection_count(), server.connection_count()),
        (1, 1)
    );
}

#[tokio::test]
async fn another_certificate_than_the_pinned_one_is_refused_and_nothing_is_said() {
    let mut server = server(&certificate(&["sip.example.com"])).await;
    let other = Fingerprint::of(b"another certificate");
    let mut phone = phone(Trust::Pinned(vec![other])).await;
    let there = way(Transport::Tls, &phone, server.local_tls()[0]);
    phone.send(there, options());
    let ((_, why), (_, of_server)) =
        tokio::join!(next_failure(&mut phone), next_failure(&mut server));
    assert!(
        matches!(of_server, FlowFailure::Handshake(_)),
        "{of_server:?}"
    );
    let FlowFailure::Certificate(sentence) = &why else {
        panic!("{why:?}");
    };
    assert!(
        sentence.contains("is not the one that was agreed"),
        "{sentence}"
    );
    assert_eq!(next_failure(&mut phone).await, (there, why));
}

#[tokio::test]
async fn a_certificate_of_a_known_authority_is_believed_for_its_name_only() {
    let certificate = certificate(&["sip.example.com"]);
    let mut server = server(&certificate).await;
    let mut phone = phone(Trust::Roots(certificate.pem.clone().into_bytes())).await;
    let there = way(Transport::Tls, &phone, server.local_tls()[0]);

    phone.set_peer_name(there.remote, "sip.example.org");
    phone.send(there, options());
    let ((_, why), _) = tokio::join!(next_failure(&mut phone), next_failure(&mut server));
    assert!(matches!(why, FlowFailure::Certificate(_)), "{why:?}");
    next_failure(&mut phone).await;

    phone.set_peer_name(there.remote, "sip.example.com.");
    question_and_answer(&mut phone, &mut server, there).await;
}

#[tokio::test]
async fn a_peer_without_a_name_must_have_its_address_in_the_certificate() {
    let certificate = certificate(&["127.0.0.1"]);
    let mut server = server(&certificate).await;
    let mut phone = phone(Trust::Roots(certificate.pem.clone().into_bytes())).await;
    let there = way(Transport::Tls, &phone, server.local_tls()[0]);
    question_and_answer(&mut phone, &mut server, there).await;
}

#[tokio::test]
async fn a_connection_that_was_opened_for_one_name_is_not_used_for_another() {
    let mut params = CertificateParams::new(vec![
        "one.example.com".to_owned(),
        "two.example.com".to_owned(),
    ])
    .expect("names");
    params.is_ca = rcgen::IsCa::NoCa;
    let key = KeyPair::generate().expect("a key");
    let cert = params.self_signed(&key).expect("a certificate");
    let made = CertifiedKey {
        cert,
        signing_key: key,
    };
    let pem = made.cert.pem();
    let identity =
        TlsIdentity::from_pem(pem.as_bytes(), made.signing_key.serialize_pem().as_bytes())
            .expect("an identity");
    let mut server = server(&Certificate {
        identity,
        pem: pem.clone(),
    })
    .await;
    let mut phone = phone(Trust::Roots(pem.into_bytes())).await;
    let there = way(Transport::Tls, &phone, server.local_tls()[0]);
    phone.set_peer_name(there.remote, "one.example.com");
    let one = question_and_answer(&mut phone, &mut server, there).await;
    phone.set_peer_name(there.remote, "two.example.com");
    let two = question_and_answer(&mut phone, &mut server, there).await;
    assert_ne!(one.connection, two.connection);
}

#[tokio::test]
async fn an_authority_of_the_machine_does_not_vouch_for_a_stranger() {
    let mut server = server(&certificate(&["localhost"])).await;
    let mut phone = phone(Trust::SystemRoots).await;
    let there = way(Transport::Tls, &phone, server.local_tls()[0]);
    phone.set_peer_name(there.remote, "localhost");
    phone.send(there, options());
    let ((_, why), _) = tokio::join!(next_failure(&mut phone), next_failure(&mut server));
    assert!(matches!(why, FlowFailure::Certificate(_)), "{why:?}");
}

#[tokio::test]
async fn whoever_opts_in_believes_anyone() {
    let mut server = server(&certificate(&["whoever.example"])).await;
    let mut phone = phone(Trust::Anyone).await;
    let there = way(Transport::Tls, &phone, server.local_tls()[0]);
    question_and_answer(&mut phone, &mut server, there).await;
}

#[tokio::test]
async fn plain_text_on_a_secure_port_is_no_message_and_gets_no_sip_back() {
    let mut server = server(&certificate(&["localhost"])).await;
    for port in [server.local_tls()[0], server.local_wss()[0]] {
        let mut peer = TcpStream::connect(port).await.expect("a connection");
        peer.write_all(OPTIONS.as_bytes()).await.expect("sent");
        let (_, why) = next_failure(&mut server).await;
        assert!(matches!(why, FlowFailure::Handshake(_)), "{why:?}");
        let mut answer = Vec::new();
        // A reset is an answer too.
        let _ = peer.read_to_end(&mut answer).await;
        assert!(!answer.starts_with(b"SIP/") && !answer.starts_with(b"HTTP/"));
    }
}

#[tokio::test]
async fn a_handshake_that_does_not_end_is_given_up() {
    let mut server = bound_with(BindConfig {
        udp: vec![any_port()],
        tls: vec![any_port()],
        identity: Some(certificate(&["localhost"]).identity),
        limits: Limits {
            handshake: Duration::from_millis(50),
            ..Limits::default()
        },
        ..BindConfig::default()
    })
    .await;
    let mut peer = TcpStream::connect(server.local_tls()[0])
        .await
        .expect("a connection");
    // The beginning of a record, whose rest never comes.
    peer.write_all(&[22, 3, 1, 2, 0]).await.expect("sent");
    let (_, why) = next_failure(&mut server).await;
    assert_eq!(why, FlowFailure::Silent);
    assert_eq!(server.connection_count(), 0);
}

#[tokio::test]
async fn a_new_certificate_is_shown_from_the_next_connection_on() {
    let (old, new) = (certificate(&["localhost"]), certificate(&["localhost"]));
    let mut server = server(&old).await;
    let mut first = phone(Trust::Pinned(vec![old.identity.fingerprint()])).await;
    let mut second = phone(Trust::Pinned(vec![new.identity.fingerprint()])).await;
    let there = way(Transport::Tls, &first, server.local_tls()[0]);
    question_and_answer(&mut first, &mut server, there).await;
    server.set_identity(new.identity.clone());
    let way_of_second = way(Transport::Tls, &second, server.local_tls()[0]);
    question_and_answer(&mut second, &mut server, way_of_second).await;
    question_and_answer(&mut first, &mut server, there).await;
}

#[tokio::test]
async fn an_accepted_secure_connection_is_no_way_to_its_address_for_others() {
    let certificate = certificate(&["localhost"]);
    let mut server = server(&certificate).await;
    let mut phone = phone(Trust::Anyone).await;
    let there = way(Transport::Tls, &phone, server.local_tls()[0]);
    let flow = question_and_answer(&mut phone, &mut server, there).await;
    server.send(
        sip::Flow {
            connection: 0,
            ..flow
        },
        options(),
    );
    // It tries to open one, and nobody listens there.
    let (_, why) = next_failure(&mut server).await;
    assert!(matches!(why, FlowFailure::NoConnection(_)), "{why:?}");
}

#[tokio::test]
async fn a_message_as_large_as_allowed_goes_through_whole() {
    let certificate = certificate(&["localhost"]);
    let mut server = server(&certificate).await;
    let mut phone = phone(Trust::Anyone).await;
    let there = way(Transport::Tls, &phone, server.local_tls()[0]);
    let body = "x".repeat(60_000);
    let large = OPTIONS.replace("Content-Length: 0\r\n\r\n", "");
    let large = format!("{large}Content-Length: {}\r\n\r\n{body}", body.len());
    phone.send(there, large.clone().into());
    phone.send(there, options());
    assert_eq!(next_message(&mut server).await.1, large);
    assert_eq!(next_message(&mut server).await.1, OPTIONS);
}

#[tokio::test]
async fn a_secure_port_without_a_certificate_is_said_in_a_sentence() {
    let config = BindConfig {
        tls: vec![any_port()],
        ..BindConfig::default()
    };
    let error = Sockets::bind(config).await.err().expect("no certificate");
    assert!(matches!(error, BindError::NoIdentity { .. }), "{error}");
    assert!(error.to_string().contains("leave TLS off"), "{error}");
}

#[test]
fn a_chain_or_key_that_cannot_be_used_is_said_in_a_sentence() {
    let one = rcgen::generate_simple_self_signed(vec!["a.example".to_owned()]).expect("one");
    let two = rcgen::generate_simple_self_signed(vec!["a.example".to_owned()]).expect("two");
    let (chain, key) = (one.cert.pem(), one.signing_key.serialize_pem());
    let read = |chain: &str, key: &str| TlsIdentity::from_pem(chain.as_bytes(), key.as_bytes());
    assert!(read(&chain, &key).is_ok());
    let wrong_key = two.signing_key.serialize_pem();
    assert!(matches!(
        read(&chain, &wrong_key),
        Err(IdentityError::Unusable(_))
    ));
    assert!(matches!(read("", &key), Err(IdentityError::NoCertificate)));
    assert!(matches!(
        read(&chain, "nothing"),
        Err(IdentityError::Key(_))
    ));
    let shown = format!("{:?}", read(&chain, &key));
    assert!(!shown.contains("PRIVATE"), "{shown}");
}
