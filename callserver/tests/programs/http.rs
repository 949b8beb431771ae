//! The HTTP interface of the running server.

use std::net::UdpSocket;

use serde_json::json;

use crate::phone::Phone;
use crate::process::{Server, callctl, http, path_text, post_json};

fn server_with_alice() -> Server {
    let server = Server::start();
    let added = callctl(
        server.data(),
        &["accounts", "add", "alice", "--password-stdin"],
        "seven green bottles 7\n",
    );
    assert_eq!(added.code, Some(0), "{added:?}");
    server
}

fn login(name: &str, password: &str) -> String {
    json!({ "name": name, "password": password, "device_label": "laptop" }).to_string()
}

#[test]
fn a_login_gives_a_credential_and_the_way_to_sip() {
    let server = server_with_alice();
    let (status, head, answer) = post_json(
        server.address("http"),
        "/api/v1/login",
        &login("alice", "seven green bottles 7"),
    );
    assert_eq!(status, 200, "{answer}");
    assert!(head.contains("cache-control: no-store"), "{head}");
    let answer: api::LoginAnswer = serde_json::from_value(answer).unwrap();
    assert_eq!(answer.account.number.unwrap().as_str(), "1000");
    assert_eq!(
        (answer.sip.domain.as_str(), answer.sip.udp),
        ("phones.example", Some(server.address("sip")))
    );
    assert_eq!(answer.sip.tcp, answer.sip.udp);
    assert_eq!(answer.sip.tls, Some(server.address("sips")));
    assert_eq!(
        server.callctl_json(&["status"])["certificate_sha256"],
        json!(answer.sip.certificate_sha256)
    );
    let devices = server.callctl_json(&["devices", "list", "alice"]);
    assert_eq!(
        (&devices[0]["login"], &devices[0]["label"]),
        (&json!(answer.device.login), &json!("laptop"))
    );
}

#[test]
fn every_refusal_is_a_problem_document() {
    let server = server_with_alice();
    let address = server.address("http");
    for (body, status, kind) in [
        (login("alice", "wrong"), 401, "wrong-password"),
        (
            login("nobody", "seven green bottles 7"),
            401,
            "wrong-password",
        ),
        (login(&"a".repeat(5000), "x"), 401, "wrong-password"),
        (login("alice", &"x".repeat(20_000)), 413, "too-large"),
        (String::new(), 400, "bad-request"),
        ("{".into(), 400, "bad-request"),
        ("[]".into(), 400, "bad-request"),
        (r#"{"name":"alice"}"#.into(), 400, "bad-request"),
        (
            r#"{"name":7,"password":"x","device_label":"x"}"#.into(),
            400,
            "bad-request",
        ),
        (
            json!({ "name": "alice", "password": "seven green bottles 7", "device_label": " " })
                .to_string(),
            400,
            "bad-request",
        ),
    ] {
        let (found, head, problem) = post_json(address, "/api/v1/login", &body);
        assert_eq!(found, status, "{body:.80}: {problem}");
        assert!(
            head.contains("content-type: application/problem+json"),
            "{head}"
        );
        assert_eq!(problem["type"], format!("urn:carillon:problem:{kind}"));
        assert_eq!(problem["status"], status);
        assert!(
            problem["detail"].as_str().unwrap().ends_with('.'),
            "{problem}"
        );
    }
    for (request, status) in [
        (
            "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            404,
        ),
        (
            "GET /api/v1/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            405,
        ),
        (
            "DELETE /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            405,
        ),
        (
            "POST /api/v1/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}",
            415,
        ),
    ] {
        let (found, head, body) = http(address, request.as_bytes());
        assert_eq!(found, status, "{request}");
        assert!(head.contains("application/problem+json"), "{head}");
        let problem: api::Problem = serde_json::from_str(&body).unwrap();
        assert_eq!(problem.status, status);
    }
}

#[test]
fn guessing_is_slowed_down_and_does_not_stop_others() {
    let server = server_with_alice();
    let address = server.address("http");
    let added = callctl(
        server.data(),
        &["accounts", "add", "bob", "--password-stdin"],
        "seven green bottles 7\n",
    );
    assert_eq!(added.code, Some(0));
    let mut statuses = Vec::new();
    for attempt in 0..12 {
        statuses.push(
            post_json(
                address,
                "/api/v1/login",
                &login("alice", &format!("guess {attempt}")),
            )
            .0,
        );
    }
    assert_eq!(statuses[..10], [401; 10]);
    assert_eq!(statuses[10..], [429; 2]);
    let (status, head, problem) = post_json(
        address,
        "/api/v1/login",
        &login("alice", "seven green bottles 7"),
    );
    assert_eq!(
        (status, &problem["type"]),
        (429, &json!("urn:carillon:problem:too-many-attempts"))
    );
    assert!(head.contains("retry-after: "), "{head}");
    assert_eq!(
        post_json(
            address,
            "/api/v1/login",
            &login("bob", "seven green bottles 7")
        )
        .0,
        200
    );
}

#[test]
fn health_is_told_and_noise_on_the_port_changes_nothing() {
    let server = Server::start();
    let address = server.address("http");
    for noise in [
        &b"\x16\x03\x01\x02\x00\x01"[..],
        b"\r\n\r\n\r\n",
        b"INVITE sip:x SIP/2.0\r\n\r\n",
        &[0xff; 5000],
    ] {
        http(address, noise_with_end(noise).as_slice());
    }
    let (status, _, body) = http(
        address,
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    );
    assert_eq!(status, 200);
    let health: api::Health = serde_json::from_str(&body).unwrap();
    assert_eq!(health.status, "ok");
}

/// So that the server sees the end of a request line sooner than its time limit.
fn noise_with_end(noise: &[u8]) -> Vec<u8> {
    [noise, b"\r\n\r\n"].concat()
}

#[test]
fn the_figures_tell_what_has_passed_and_only_to_those_who_may_read_them() {
    let server = server_with_alice();
    let mut phone = Phone::new(&server, "alice");
    assert!(phone.register());
    phone.forget_secret();
    assert!(!phone.register());
    let noise = UdpSocket::bind("127.0.0.1:0").unwrap();
    noise
        .send_to(b"GET / SIP/2.0\r\n\r\n", server.address("sip"))
        .unwrap();
    let get = b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    // The noise may be read a little later.
    let (head, text) = loop {
        let (status, head, text) = http(server.address("http"), get);
        assert_eq!(status, 200, "{text}");
        if text.contains("carillon_sip_bad_messages_total{") {
            break (head, text);
        }
    };
    assert!(head.contains("application/openmetrics-text"), "{head}");
    for line in [
        "carillon_registrations 1",
        "carillon_registrations_made_total 1",
        "carillon_calls 0",
        "carillon_sip_connections 0",
        "carillon_bans 0",
        "carillon_relay_packets_dropped_total{cause=\"stranger\"} 0",
        "# EOF",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
    let registers = "carillon_sip_messages_received_total{transport=\"UDP\",kind=\"REGISTER\"} ";
    assert!(text.contains(registers), "{text}");
    let failures = "carillon_authentication_failures_total{kind=\"wrong-secret\"} ";
    assert!(text.contains(failures), "{text}");
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("c.toml");
    std::fs::write(&config, "[metrics]\nreaders = [\"192.0.2.0/24\"]\n").unwrap();
    let config = path_text(&config).to_owned();
    let closed = Server::start_with(
        folder,
        &["--config", &config, "--sips", "off", "--https", "off"],
    );
    let (status, _, text) = http(closed.address("http"), get);
    assert_eq!(status, 403, "{text}");
}
