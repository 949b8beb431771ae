//! Messages that were damaged on purpose, in great number, at the real server's sockets.

use std::env;
use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use end_to_end::scripted::description;
use end_to_end::{Device, Noise, Server, inside};

/// How many messages; `CARILLON_MUTATIONS` says otherwise, as `make soak` does.
fn how_many() -> usize {
    let wanted = env::var("CARILLON_MUTATIONS").ok();
    wanted.and_then(|text| text.parse().ok()).unwrap_or(40_000)
}

/// Whole messages to damage: those of the RFCs, and what a phone of this server says.
fn originals(device: &Device, local: SocketAddr) -> Vec<Vec<u8>> {
    let mut originals = Vec::new();
    for rfc in ["rfc4475", "rfc5118"] {
        let folder = format!("{}/vectors/{rfc}", env!("CARGO_MANIFEST_DIR"));
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "sip") {
                originals.push(fs::read(path).unwrap());
            }
        }
    }
    let uri = format!("sip:1001@{}", device.domain);
    for method in [
        sip::Method::Options,
        sip::Method::Invite,
        sip::Method::Message,
        sip::Method::Subscribe,
        sip::Method::Publish,
        sip::Method::Refer,
    ] {
        let head = end_to_end::scripted::Head {
            method,
            uri: &uri,
            to: &format!("<{uri}>"),
            call_id: "mutated",
            cseq: 1,
            branch: "mutated",
            local,
        };
        let more = "Event: presence\r\nRefer-To: <sip:1002@x>\r\nSupported: 100rel, timer\r\n\
                    Authorization: Digest username=\"a\", realm=\"b\", nonce=\"c\", uri=\"d\", response=\"e\"\r\n";
        originals.push(device.request(&head, more, &description(local)));
    }
    originals.push(device.register(local, "mutated", 1, ""));
    // A STUN binding request.
    let mut stun = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    stun.extend([7; 12]);
    originals.push(stun);
    originals
}

/// Asks for the options until the answer comes: then the server has read what was sent before.
fn assert_answers(socket: &UdpSocket, round: usize) {
    let local = socket.local_addr().unwrap();
    let request = format!(
        "OPTIONS sip:{local} SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bKround{round};rport\r\n\
         From: <sip:probe@{local}>;tag=1\r\nTo: <sip:{local}>\r\nCall-ID: round-{round}\r\nCSeq: 1 OPTIONS\r\n\
         Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    );
    let mut buffer = [0; 65_536];
    for _ in 0..20 {
        socket.send(request.as_bytes()).unwrap();
        while let Ok(length) = socket.recv(&mut buffer) {
            if String::from_utf8_lossy(&buffer[..length]).contains(&format!("round-{round}")) {
                return;
            }
        }
    }
    panic!("the server does not answer any more after round {round}");
}

#[test]
fn mutated_messages_neither_stop_the_server_nor_make_it_grow() {
    let mut server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let device = server.add_device(&ann).unwrap();
    let sip = server.ready().sip;
    let process = server.process().id();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(sip).unwrap();
    // Answers to the damaged ones come back here too, and are read away while waiting for the probe's.
    let probe = UdpSocket::bind("127.0.0.1:0").unwrap();
    probe.connect(sip).unwrap();
    probe
        .set_read_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    let originals = originals(&device, socket.local_addr().unwrap());
    let mut noise = Noise::new(4475);
    let mut buffer = [0; 65_536];
    socket.set_nonblocking(true).unwrap();

    let total = how_many();
    // Caches and tables fill at first; growth counts from here.
    let (mut settled, mut sent, mut round) = (0, 0, 0);
    let mut stream = TcpStream::connect(sip).unwrap();
    while sent < total {
        for _ in 0..100 {
            let original = &originals[noise.below(originals.len())];
            let damaged = noise.damaged(original);
            if noise.below(10) == 0 {
                // The server hangs up when it cannot tell where the next message begins.
                if stream.write_all(&damaged).is_err() {
                    stream = TcpStream::connect(sip).unwrap();
                }
            } else {
                // A closed port somewhere among the answers' ways is reported here; it is of no interest.
                let _ = socket.send(&damaged);
            }
            while socket.recv(&mut buffer).is_ok() {}
            sent += 1;
        }
        assert_answers(&probe, round);
        round += 1;
        if sent * 2 > total && settled == 0 {
            settled = inside::memory(process).unwrap();
        }
    }
    let grown = inside::memory(process).unwrap().saturating_sub(settled);
    println!(
        "{sent} mutated messages; {} MiB in use, {} KiB more than at half time",
        inside::memory(process).unwrap() >> 20,
        grown >> 10
    );
    assert!(grown < 32 << 20, "the server grew by {grown} bytes");
    assert!(server.process().is_running());
}
