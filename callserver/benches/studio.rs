//! Processor time of the studio per call: real sockets on the loopback address, packets of real speech at their pace.
//!
//! What is reported is the time that the studio's thread had on the processor, as the scheduler counts it, so a busy
//! machine disturbs it little. The phones here only send: they cost the studio what real ones would.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};
use std::{fs, thread};

use bytes::Bytes;
use callserver::config::{RelaySection, RtpPorts};
use callserver::relay::{Listen, MediaId, Relay, Side};
use callserver::studio::Studio;
use hearing::Recording;
use media::srtp::{Keys, Suite};
use media::{Config, Input, Session, Transmit};
use sdp::{Codec, Crypto, CryptoPair, CryptoSuite, Direction, MasterKey};
use switch::{MediaPlan, MediaSide, Play};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const CALLS: u64 = 40;
const SECONDS: u64 = 8;
const PACKETS: usize = SECONDS as usize * 50;

struct Phone {
    socket: UdpSocket,
    to: SocketAddr,
    packets: Vec<Bytes>,
}

fn side(codec: Codec) -> MediaSide {
    let payload_type = match codec {
        Codec::Opus => 111,
        Codec::Pcmu => 0,
        Codec::Pcma => 8,
        Codec::G722 => 9,
    };
    MediaSide {
        codec,
        payload_type,
        telephone_event: Some(101),
        direction: Direction::SendRecv,
        crypto: None,
        is_sealed: false,
        plays: None,
    }
}

fn line(suite: CryptoSuite, byte: u8) -> Crypto {
    let key = MasterKey::new(suite, &vec![byte; suite.master_bytes()])
        .expect("it is as long as the suite says");
    Crypto::new(1, suite, key)
}

fn secure(codec: Codec, suite: CryptoSuite) -> MediaSide {
    MediaSide {
        crypto: Some(CryptoPair {
            ours: line(suite, 1),
            theirs: line(suite, 2),
        }),
        is_sealed: true,
        ..side(codec)
    }
}

/// What a phone on this leg sends.
fn packets(leg: &MediaSide, seed: u8) -> Vec<Bytes> {
    let codec = match leg.codec {
        Codec::Opus => media::Codec::Opus,
        Codec::Pcmu => media::Codec::Pcmu,
        Codec::Pcma => media::Codec::Pcma,
        Codec::G722 => media::Codec::G722,
    };
    let srtp = leg.crypto.map(|pair| {
        let suite = match pair.theirs.suite {
            CryptoSuite::AesCm128HmacSha1_80 => Suite::AesCm128HmacSha1_80,
            CryptoSuite::AesCm128HmacSha1_32 => Suite::AesCm128HmacSha1_32,
            CryptoSuite::AeadAes128Gcm => Suite::AeadAes128Gcm,
            CryptoSuite::AeadAes256Gcm => Suite::AeadAes256Gcm,
        };
        let [ours, theirs] = [pair.theirs, pair.ours].map(|line| line.key);
        Keys::new(suite, ours.key_and_salt(), theirs.key_and_salt()).expect("keys of their suite")
    });
    let config = Config {
        payload_type: leg.payload_type,
        srtp,
        ..Config::new(codec)
    };
    let mut session = Session::new(config, [seed; 32]).expect("the codec starts");
    let speech = Recording::speech("leisure.wav").at_rate(48_000);
    let (frames, _) = speech.samples.as_chunks::<960>();
    let mut now = Instant::now();
    let mut sent = Vec::new();
    for frame in frames.iter().cycle() {
        now += media::FRAME_DURATION;
        session.handle(now, Input::Capture(frame));
        while let Some(transmit) = session.poll_transmit() {
            if let Transmit::Packet(packet) = transmit {
                sent.push(packet);
            }
        }
        if sent.len() >= PACKETS {
            return sent;
        }
    }
    sent
}

/// Time that the studio's threads have had on the processor so far.
fn on_processor() -> Duration {
    let tasks = fs::read_dir("/proc/self/task").expect("Linux has /proc");
    let nanos = tasks.flatten().filter_map(|task| {
        let name = fs::read_to_string(task.path().join("comm")).ok()?;
        let times = fs::read_to_string(task.path().join("schedstat")).ok()?;
        let nanos: u64 = times.split(' ').next()?.parse().ok()?;
        name.starts_with("studio").then_some(nanos)
    });
    Duration::from_nanos(nanos.sum())
}

fn measure(name: &str, plan: MediaPlan) {
    let mut relay =
        Relay::start(RtpPorts::Any, &RelaySection::default()).expect("there is a thread");
    let (mut studio, _news) = Studio::start(1).expect("there is a thread");
    let listen = Listen {
        bind: LOOPBACK,
        v4: Some(LOOPBACK),
        v6: None,
    };
    let sent = [packets(&plan.caller, 3), packets(&plan.callee, 4)];
    let mut phones = Vec::new();
    for call in 0..CALLS {
        let media = MediaId(call);
        let listening = relay.open(media, listen, listen).expect("there are ports");
        let told = [listening.caller, listening.callee];
        for ((side, told), packets) in [Side::Caller, Side::Callee]
            .into_iter()
            .zip(told)
            .zip(&sent)
        {
            let socket = UdpSocket::bind((LOOPBACK, 0)).expect("there is a port");
            let address = socket.local_addr().expect("it is bound");
            relay.expect(media, side, address, LOOPBACK);
            phones.push(Phone {
                socket,
                to: told.v4.expect("IPv4"),
                packets: packets.clone(),
            });
        }
        let lent = relay.lend(media).expect("the relay has it");
        studio.take(media, lent, plan);
    }
    let before = on_processor();
    let start = Instant::now();
    for number in 0..PACKETS {
        for phone in &phones {
            // A full buffer loses a packet, as the network would.
            let _ = phone.socket.send_to(&phone.packets[number], phone.to);
        }
        let next = start + media::FRAME_DURATION * (number as u32 + 1);
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    let spent = on_processor() - before;
    let per_call = spent.as_secs_f64() / (CALLS * SECONDS) as f64;
    println!(
        "{name:<42} {:>7.0} µs of a second and call, {:>6.0} calls on one core",
        per_call * 1e6,
        1.0 / per_call
    );
}

fn main() {
    // `cargo test` runs benches, too, to see that they build.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let plan = |caller, callee| MediaPlan {
        caller,
        callee,
        house: None,
    };
    let opus = side(Codec::Opus);
    measure("G.711 and Opus", plan(side(Codec::Pcma), opus));
    measure("G.722 and Opus", plan(side(Codec::G722), opus));
    measure(
        "G.711 A-law and µ-law",
        plan(side(Codec::Pcma), side(Codec::Pcmu)),
    );
    let plain = side(Codec::Opus);
    let suite = CryptoSuite::AesCm128HmacSha1_80;
    measure(
        "SRTP (AES-CM, SHA-1) and RTP",
        plan(secure(Codec::Opus, suite), plain),
    );
    let suite = CryptoSuite::AeadAes128Gcm;
    measure(
        "SRTP (AES-GCM) and RTP",
        plan(secure(Codec::Opus, suite), plain),
    );
    let held = MediaSide {
        plays: Some(Play::HoldMusic),
        direction: Direction::RecvOnly,
        ..opus
    };
    let holding = MediaSide {
        direction: Direction::Inactive,
        ..opus
    };
    measure("Hold music in Opus", plan(held, holding));
}
