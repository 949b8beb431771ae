//! Nonsense on the wire changes nothing.

use std::env;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use end_to_end::{Noise, Server, Softphone, Sound, inside};

const SOON: Duration = Duration::from_secs(20);

/// A request that any SIP server answers.
fn options(server: SocketAddr, from: SocketAddr, call_id: &str) -> String {
    format!(
        "OPTIONS sip:{server} SIP/2.0\r\n\
         Via: SIP/2.0/UDP {from};branch=z9hG4bK{call_id};rport\r\n\
         From: <sip:probe@{from}>;tag=1\r\nTo: <sip:{server}>\r\nCall-ID: {call_id}\r\nCSeq: 1 OPTIONS\r\n\
         Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
}

/// Sends an OPTIONS request and waits for its answer.
#[track_caller]
fn assert_answers(server: SocketAddr, call_id: &str) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket
        .set_read_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    let request = options(server, socket.local_addr().unwrap(), call_id);
    let mut buffer = [0; 4096];
    // A datagram may be lost when the server's queue is full of nonsense: repeat it, as UDP phones do.
    for _ in 0..10 {
        socket.send_to(request.as_bytes(), server).unwrap();
        if let Ok(length) = socket.recv(&mut buffer) {
            let answer = String::from_utf8_lossy(&buffer[..length]);
            assert!(answer.starts_with("SIP/2.0 "), "{answer}");
            assert!(answer.contains(call_id), "{answer}");
            return;
        }
    }
    panic!("the server does not answer any more");
}

/// The status of the answer to a datagram; `None` for silence.
fn status_of_answer(server: SocketAddr, datagram: &[u8]) -> Option<u16> {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket
        .set_read_timeout(Some(Duration::from_millis(400)))
        .unwrap();
    let port = socket.local_addr().unwrap().port().to_string();
    let text = String::from_utf8_lossy(datagram).replace("PORT", &port);
    socket.send_to(text.as_bytes(), server).unwrap();
    let mut buffer = [0; 4096];
    let length = socket.recv(&mut buffer).ok()?;
    let answer = String::from_utf8_lossy(&buffer[..length]).into_owned();
    answer.split(' ').nth(1)?.parse().ok()
}

#[test]
fn malformed_requests_get_400_and_malformed_responses_silence() {
    let server = Server::start().unwrap();
    let sip = server.ready().sip;
    let request = |first: &str, cseq: &str, more: &str| {
        format!(
            "{first}\r\nVia: SIP/2.0/UDP 127.0.0.1:PORT;branch=z9hG4bKbad;rport\r\nFrom: <sip:a@b>;tag=1\r\n\
             To: <sip:c@d>\r\nCall-ID: bad\r\nCSeq: {cseq}\r\n{more}Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        )
    };
    // Readable enough to know where an answer goes, and wrong (RFC 3261 sections 8.2.2 and 16.3).
    for (what, datagram) in [
        (
            "the methods differ",
            request("OPTIONS sip:x@y SIP/2.0", "1 INVITE", ""),
        ),
        (
            "a CSeq beyond 32 bits",
            request(
                "OPTIONS sip:x@y SIP/2.0",
                "36893488147419103232 OPTIONS",
                "",
            ),
        ),
        (
            "a CSeq without a number",
            request("OPTIONS sip:x@y SIP/2.0", "OPTIONS", ""),
        ),
        (
            "two different lengths",
            request(
                "OPTIONS sip:x@y SIP/2.0",
                "1 OPTIONS",
                "Content-Length: 999\r\n",
            ),
        ),
    ] {
        let status = status_of_answer(sip, datagram.as_bytes());
        assert!(matches!(status, Some(400) | None), "{what}: {status:?}");
    }
    assert_eq!(
        status_of_answer(
            sip,
            request("OPTIONS sip:x@y SIP/2.0", "1 INVITE", "").as_bytes()
        ),
        Some(400),
        "a request whose method and CSeq differ"
    );
    assert_eq!(
        status_of_answer(sip, request("SIP/2.0 200 OK", "1 OPTIONS", "").as_bytes()),
        None,
        "a stray response"
    );
    for nonsense in [
        "",
        "\0",
        "\r\n\r\n\r\n",
        "SIP/2.0",
        "SIP/2.0 999999 X\r\n\r\n",
        "OPTIONS sip:x SIP/2.0\r\n\r\n",
    ] {
        assert_eq!(
            status_of_answer(sip, nonsense.as_bytes()).filter(|status| *status != 400),
            None,
            "{nonsense:?}"
        );
    }
    assert_answers(sip, "after-malformed");
}

#[test]
fn the_torture_messages_of_the_rfcs_stop_nothing() {
    let mut server = Server::start().unwrap();
    let sip = server.ready().sip;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors");
    let mut count = 0;
    for rfc in ["rfc4475", "rfc5118"] {
        for entry in fs::read_dir(format!("{folder}/{rfc}")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "sip") {
                continue;
            }
            let message = fs::read(&path).unwrap();
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            socket.send_to(&message, sip).unwrap();
            let mut stream = TcpStream::connect(sip).unwrap();
            // The server may hang up in the middle of it.
            let _ = stream.write_all(&message);
            count += 1;
        }
        assert_answers(sip, rfc);
    }
    assert!(count > 40, "only {count} messages found");
    assert!(server.process().is_running());
}

/// How long the noise lasts; a minute unless `CARILLON_SOAK_SECONDS` says otherwise.
fn noise_seconds() -> u64 {
    env::var("CARILLON_SOAK_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(60)
}

#[test]
fn a_minute_of_random_bytes_changes_nothing_for_a_call() {
    let mut server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let mut callee = Softphone::start(&server, &bob, &Sound::silent(), &["answer"]).unwrap();
    callee.wait_for("registered", SOON).unwrap();
    let seconds = noise_seconds() + 2;
    let verb = ["call", "1002", "--for", &seconds.to_string()];
    let mut caller = Softphone::start(&server, &ann, &Sound::silent(), &verb).unwrap();
    caller.wait_for("answered", SOON).unwrap();

    let sip = server.ready().sip;
    let process = server.process().id();
    let before = inside::memory(process).unwrap();
    let ports = inside::udp_sockets(process).unwrap();
    assert!(
        ports.len() >= 3,
        "SIP and both sides of the relay: {ports:?}"
    );
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| noise_on_udp(&ports, sip, &stop));
        scope.spawn(|| noise_on_tcp(sip, &stop));
        let end = Instant::now() + Duration::from_secs(noise_seconds());
        let mut round = 0;
        while Instant::now() < end {
            thread::sleep(
                Duration::from_secs(5).min(end.saturating_duration_since(Instant::now())),
            );
            assert_answers(sip, &format!("during-noise-{round}"));
            round += 1;
        }
        stop.store(true, Ordering::Relaxed);
    });

    let grown = inside::memory(process).unwrap().saturating_sub(before);
    assert!(grown < 64 << 20, "the server grew by {grown} bytes");
    for phone in [caller, callee] {
        let finished = phone.finish(SOON).unwrap();
        assert_eq!(finished.code, Some(0), "{}", finished.errors);
        let ended = finished.event("ended").unwrap();
        let (received, lost) = (
            ended.number("received").unwrap(),
            ended.number("lost").unwrap(),
        );
        // 50 packets a second; what comes is what the other phone sent, not the noise.
        let expected = 50.0 * noise_seconds() as f64;
        assert!(
            received > 0.9 * expected && received < 1.2 * (expected + 100.0),
            "{ended:?}"
        );
        assert!(lost < 0.05 * expected, "{ended:?}");
    }
    let phone = Softphone::start(&server, &ann, &Sound::silent(), &["register"]).unwrap();
    drop(phone);
    assert!(server.process().is_running());
}

/// Random bytes, damaged SIP and damaged RTP to each UDP port of the server, some hundred a second.
fn noise_on_udp(ports: &[SocketAddr], sip: SocketAddr, stop: &AtomicBool) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let own = socket.local_addr().unwrap();
    let mut noise = Noise::new(1);
    let message = options(sip, own, "noise");
    let rtp: Vec<u8> = [
        &[0x80, 111, 0, 1, 0, 0, 3, 192, 1, 2, 3, 4],
        &[0x55; 60][..],
    ]
    .concat();
    while !stop.load(Ordering::Relaxed) {
        for port in ports {
            let datagram = match noise.below(3) {
                0 => noise.bytes(1_400),
                1 => noise.damaged(message.as_bytes()),
                _ => noise.damaged(&rtp),
            };
            // A full queue is the noise's loss.
            let _ = socket.send_to(&datagram, port);
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Connections that carry random bytes and damaged SIP, and end when they like.
fn noise_on_tcp(sip: SocketAddr, stop: &AtomicBool) {
    let mut noise = Noise::new(2);
    let mut buffer = [0; 4096];
    while !stop.load(Ordering::Relaxed) {
        let mut stream = TcpStream::connect(sip).unwrap();
        stream.set_nonblocking(true).unwrap();
        let message = options(sip, stream.local_addr().unwrap(), "noise");
        for _ in 0..noise.below(20) {
            let piece = match noise.below(2) {
                0 => noise.bytes(2_000),
                _ => noise.damaged(message.as_bytes()),
            };
            let closed = |result: std::io::Result<usize>| match result {
                Ok(0) => true,
                Ok(_) => false,
                Err(error) => error.kind() != ErrorKind::WouldBlock,
            };
            // The server may well hang up on such a caller.
            if (!piece.is_empty() && closed(stream.write(&piece)))
                || closed(stream.read(&mut buffer))
            {
                break;
            }
            thread::sleep(Duration::from_millis(5));
        }
        thread::sleep(Duration::from_millis(20));
    }
}
