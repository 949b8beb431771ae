//! The relay with real sockets on the loopback address.

use std::cell::Cell;
use std::net::{Ipv4Addr, UdpSocket};
use std::num::NonZeroU8;
use std::time::{Duration, Instant};

use super::*;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Long enough on a busy machine; waiting this long for nothing happens only in the tests of silence.
const PATIENCE: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_millis(200);
const CALL: MediaId = MediaId(7);

/// Has each test run with either engine, and with the kernel's help.
macro_rules! on_both_engines {
    ($($name:ident,)*) => {
        mod io_uring {
            $(#[test]
            fn $name() {
                crate::relay::tests::on(crate::config::RelayEngine::IoUring, super::$name);
            })*
        }
        mod mmsg {
            $(#[test]
            fn $name() {
                crate::relay::tests::on(crate::config::RelayEngine::Mmsg, super::$name);
            })*
        }
        mod kernel_path {
            $(#[test]
            fn $name() {
                crate::relay::tests::with_the_kernel(super::$name);
            })*
        }
    };
}

mod by_the_kernel;
mod handing_over;
mod holding_out;
mod reading;

on_both_engines! {
    audio_and_its_reports_pass_both_ways_from_the_port_that_each_side_was_told,
    a_burst_longer_than_one_turn_passes_whole,
    a_phone_behind_a_translator_is_answered_where_it_sends_from,
    a_stranger_can_neither_speak_into_a_call_nor_draw_its_audio,
    a_neighbour_cannot_take_over_once_the_phone_has_been_heard,
    noise_is_counted_and_goes_nowhere,
    a_closed_call_passes_nothing_and_tells_what_it_passed,
    when_all_ports_are_in_use_the_next_call_is_told_so_and_gets_them_after_the_drain,
    a_hundred_calls_come_and_go,
    a_phone_on_ipv4_and_one_on_ipv6_hear_each_other_whichever_of_them_rang,
    strangers_at_the_reports_port_are_refused_and_counted_like_those_at_the_other,
    the_ports_of_an_ended_call_serve_another_one_and_forget_the_first,
}

thread_local! {
    /// Each test has a thread of its own.
    static ENGINE: Cell<RelayEngine> = const { Cell::new(RelayEngine::Auto) };
    static KERNEL_PATH: Cell<bool> = const { Cell::new(false) };
}

fn on(engine: RelayEngine, test: fn()) {
    ENGINE.set(engine);
    test();
}

/// Where this process may not have the kernel pass packets, the test is that it says so.
fn with_the_kernel(test: fn()) {
    let settings = RelaySection {
        kernel_path: true,
        ..RelaySection::default()
    };
    match Relay::start(RtpPorts::Any, &settings) {
        Err(refused) => assert!(refused.to_string().contains("CAP_BPF"), "{refused}"),
        Ok(_) => {
            KERNEL_PATH.set(true);
            test();
        }
    }
}

fn relay() -> Relay {
    start(RtpPorts::Any)
}

fn start(ports: RtpPorts) -> Relay {
    let settings = RelaySection {
        engine: ENGINE.get(),
        workers: NonZeroU8::new(2),
        kernel_path: KERNEL_PATH.get(),
    };
    Relay::start(ports, &settings).unwrap()
}

const ON_LOOPBACK: Listen = Listen {
    bind: LOOPBACK,
    v4: Some(LOOPBACK),
    v6: None,
};

/// Where the phones of one call send to.
#[derive(Debug)]
struct Ports {
    caller: SocketAddr,
    callee: SocketAddr,
}

fn open(relay: &mut Relay, media: MediaId) -> Result<Ports, OpenError> {
    let listening = relay.open(media, ON_LOOPBACK, ON_LOOPBACK)?;
    Ok(Ports {
        caller: listening.caller.v4.unwrap(),
        callee: listening.callee.v4.unwrap(),
    })
}

/// A phone: RTP and RTCP on neighbouring ports.
struct Phone {
    rtp: UdpSocket,
    rtcp: UdpSocket,
}

impl Phone {
    fn new() -> Self {
        Self::on(LOOPBACK)
    }

    fn on(ip: IpAddr) -> Self {
        loop {
            let rtp = UdpSocket::bind((ip, 0)).unwrap();
            let port = rtp.local_addr().unwrap().port();
            if let Some(next) = port.checked_add(1)
                && let Ok(rtcp) = UdpSocket::bind((ip, next))
            {
                return Self { rtp, rtcp };
            }
        }
    }

    fn address(&self) -> SocketAddr {
        self.rtp.local_addr().unwrap()
    }
}

fn rtp(sequence: u16) -> Vec<u8> {
    let mut packet = vec![0x80, 111, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4];
    packet[2..4].copy_from_slice(&sequence.to_be_bytes());
    packet.extend(b"audio");
    packet
}

const RECEIVER_REPORT: [u8; 8] = [0x80, 201, 0, 1, 1, 2, 3, 4];

fn receive(socket: &UdpSocket, patience: Duration) -> Option<(Vec<u8>, SocketAddr)> {
    socket.set_read_timeout(Some(patience)).unwrap();
    let mut buffer = [0; 2048];
    let (length, source) = socket.recv_from(&mut buffer).ok()?;
    Some((buffer[..length].to_vec(), source))
}

/// A relay with one call between two phones.
fn call() -> (Relay, Ports, Phone, Phone) {
    let mut relay = relay();
    let listening = open(&mut relay, CALL).unwrap();
    let (caller, callee) = (Phone::new(), Phone::new());
    relay.expect(CALL, Side::Caller, caller.address(), LOOPBACK);
    relay.expect(CALL, Side::Callee, callee.address(), LOOPBACK);
    (relay, listening, caller, callee)
}

fn audio_and_its_reports_pass_both_ways_from_the_port_that_each_side_was_told() {
    let (relay, listening, caller, callee) = call();
    for sequence in 0..100 {
        caller
            .rtp
            .send_to(&rtp(sequence), listening.caller)
            .unwrap();
        let (packet, source) = receive(&callee.rtp, PATIENCE).unwrap();
        assert_eq!((packet, source), (rtp(sequence), listening.callee));
        callee
            .rtp
            .send_to(&rtp(sequence), listening.callee)
            .unwrap();
        let (packet, source) = receive(&caller.rtp, PATIENCE).unwrap();
        assert_eq!((packet, source), (rtp(sequence), listening.caller));
    }
    let mut rtcp_port = listening.caller;
    rtcp_port.set_port(rtcp_port.port() + 1);
    caller.rtcp.send_to(&RECEIVER_REPORT, rtcp_port).unwrap();
    assert_eq!(receive(&callee.rtcp, PATIENCE).unwrap().0, RECEIVER_REPORT);
    // What the kernel passed is counted a moment later.
    let begin = Instant::now();
    let passed = loop {
        let passed = relay.statistics(CALL).unwrap();
        if passed.callee.packets >= 100 || begin.elapsed() > PATIENCE {
            break passed;
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    assert_eq!((passed.caller.packets, passed.callee.packets), (101, 100));
    assert_eq!(passed.callee.bytes, 1700);
}

fn a_burst_longer_than_one_turn_passes_whole() {
    let (_relay, listening, caller, callee) = call();
    for sequence in 0..200 {
        caller
            .rtp
            .send_to(&rtp(sequence), listening.caller)
            .unwrap();
    }
    hears_a_burst(&callee, listening.callee, 200);
}

/// A phone hears so many packets whole, and from the right port.
fn hears_a_burst(phone: &Phone, from: SocketAddr, count: u16) {
    let mut heard: Vec<_> = (0..count)
        .map(|_| receive(&phone.rtp, PATIENCE).unwrap())
        .collect();
    if KERNEL_PATH.get() {
        // What comes when the kernel has just begun to help overtakes what the worker still has.
        heard.sort();
    }
    for (sequence, heard) in (0..count).zip(heard) {
        assert_eq!(heard, (rtp(sequence), from));
    }
}

fn a_phone_behind_a_translator_is_answered_where_it_sends_from() {
    let mut relay = relay();
    let listening = open(&mut relay, CALL).unwrap();
    let (caller, callee) = (Phone::new(), Phone::new());
    // It signals the address that it has at home, its SIP comes from the loopback address.
    relay.expect(
        CALL,
        Side::Caller,
        "10.1.2.3:4000".parse().unwrap(),
        LOOPBACK,
    );
    relay.expect(CALL, Side::Callee, callee.address(), LOOPBACK);
    caller.rtp.send_to(&rtp(1), listening.caller).unwrap();
    assert_eq!(receive(&callee.rtp, PATIENCE).unwrap().0, rtp(1));
    callee.rtp.send_to(&rtp(2), listening.callee).unwrap();
    assert_eq!(receive(&caller.rtp, PATIENCE).unwrap().0, rtp(2));
}

fn a_stranger_can_neither_speak_into_a_call_nor_draw_its_audio() {
    let mut relay = relay();
    let listening = open(&mut relay, CALL).unwrap();
    let (caller, callee, stranger) = (Phone::new(), Phone::new(), Phone::new());
    // The SIP of both comes from elsewhere: only the signalled addresses are theirs.
    relay.expect(
        CALL,
        Side::Caller,
        caller.address(),
        "192.0.2.1".parse().unwrap(),
    );
    relay.expect(
        CALL,
        Side::Callee,
        callee.address(),
        "192.0.2.2".parse().unwrap(),
    );
    stranger.rtp.send_to(&rtp(1), listening.caller).unwrap();
    caller.rtp.send_to(&rtp(2), listening.caller).unwrap();
    assert_eq!(
        receive(&callee.rtp, PATIENCE).unwrap().0,
        rtp(2),
        "the stranger's came first and did not pass"
    );
    callee.rtp.send_to(&rtp(3), listening.callee).unwrap();
    assert_eq!(receive(&caller.rtp, PATIENCE).unwrap().0, rtp(3));
    assert_eq!(receive(&stranger.rtp, SILENCE), None);
    assert_eq!(relay.statistics(CALL).unwrap().caller.from_strangers, 1);
}

fn a_neighbour_cannot_take_over_once_the_phone_has_been_heard() {
    let (relay, listening, caller, callee) = call();
    let neighbour = Phone::new();
    caller.rtp.send_to(&rtp(1), listening.caller).unwrap();
    receive(&callee.rtp, PATIENCE).unwrap();
    neighbour.rtp.send_to(&rtp(66), listening.caller).unwrap();
    caller.rtp.send_to(&rtp(2), listening.caller).unwrap();
    assert_eq!(receive(&callee.rtp, PATIENCE).unwrap().0, rtp(2));
    callee.rtp.send_to(&rtp(3), listening.callee).unwrap();
    assert_eq!(receive(&caller.rtp, PATIENCE).unwrap().0, rtp(3));
    assert_eq!(relay.statistics(CALL).unwrap().caller.from_strangers, 1);
}

fn noise_is_counted_and_goes_nowhere() {
    let (relay, listening, caller, callee) = call();
    let noise: [&[u8]; 5] = [
        b"",
        b"\x80",
        b"hello, this is no RTP at all",
        &[0xff; 1500],
        &[0x80; 2048],
    ];
    for datagram in noise {
        caller.rtp.send_to(datagram, listening.caller).unwrap();
    }
    caller.rtp.send_to(&rtp(1), listening.caller).unwrap();
    assert_eq!(receive(&callee.rtp, PATIENCE).unwrap().0, rtp(1));
    assert_eq!(relay.statistics(CALL).unwrap().caller.not_rtp, 5);
}

fn a_closed_call_passes_nothing_and_tells_what_it_passed() {
    let (mut relay, listening, caller, callee) = call();
    caller.rtp.send_to(&rtp(1), listening.caller).unwrap();
    receive(&callee.rtp, PATIENCE).unwrap();
    let passed = relay.close(CALL).unwrap();
    assert_eq!(passed.caller.packets, 1);
    assert!(relay.statistics(CALL).is_none() && relay.close(CALL).is_none());
    // What the engine had in its hands already may still pass; soon nothing does.
    let begin = std::time::Instant::now();
    loop {
        caller.rtp.send_to(&rtp(2), listening.caller).unwrap();
        if receive(&callee.rtp, SILENCE).is_none() {
            return;
        }
        assert!(begin.elapsed() < PATIENCE, "a closed call goes on");
    }
}

fn when_all_ports_are_in_use_the_next_call_is_told_so_and_gets_them_after_the_drain() {
    // A range of four ports that nobody uses at the moment.
    let (mut relay, listening) = loop {
        let probe = Phone::new().address().port() & !1;
        let Ok(ports) = RtpPorts::parse(&format!("{}-{}", probe, u32::from(probe) + 3)) else {
            continue;
        };
        let mut relay = start(ports);
        if let Ok(listening) = open(&mut relay, CALL) {
            break (relay, listening);
        }
    };
    assert_ne!(listening.caller, listening.callee);
    let refused = open(&mut relay, MediaId(8)).unwrap_err();
    assert!(matches!(refused, OpenError::NoPorts(_)));
    assert!(refused.to_string().contains("--rtp-ports"));
    relay.close(CALL);
    let begin = std::time::Instant::now();
    while open(&mut relay, MediaId(9)).is_err() {
        assert!(begin.elapsed() < PATIENCE, "the ports never came back");
        std::thread::yield_now();
    }
}

fn a_hundred_calls_come_and_go() {
    let mut relay = relay();
    for call in 0..100 {
        open(&mut relay, MediaId(call)).unwrap();
        relay.close(MediaId(call)).unwrap();
    }
}

fn a_phone_on_ipv4_and_one_on_ipv6_hear_each_other_whichever_of_them_rang() {
    let over_6 = IpAddr::V6(std::net::Ipv6Addr::LOCALHOST);
    let on_6 = Listen {
        bind: over_6,
        v4: None,
        v6: Some(over_6),
    };
    // The callee has phones of both families, so one socket hears both.
    let on_both = Listen {
        bind: IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED),
        v4: Some(LOOPBACK),
        v6: Some(over_6),
    };
    let mut relay = relay();
    for (media, callee_ip) in [(1, LOOPBACK), (2, over_6)] {
        let media = MediaId(media);
        let listening = relay.open(media, on_6, on_both).unwrap();
        let (caller, callee) = (Phone::on(over_6), Phone::on(callee_ip));
        relay.expect(media, Side::Caller, caller.address(), over_6);
        relay.expect(media, Side::Callee, callee.address(), callee_ip);
        let for_caller = listening.caller.v6.unwrap();
        assert_eq!(listening.caller.v4, None);
        let for_callee = match callee_ip {
            IpAddr::V4(_) => listening.callee.v4,
            IpAddr::V6(_) => listening.callee.v6,
        };
        caller.rtp.send_to(&rtp(1), for_caller).unwrap();
        assert_eq!(receive(&callee.rtp, PATIENCE).unwrap().0, rtp(1));
        let for_callee = for_callee.unwrap();
        callee.rtp.send_to(&rtp(2), for_callee).unwrap();
        assert_eq!(receive(&caller.rtp, PATIENCE).unwrap().0, rtp(2));
        let mut reports = for_callee;
        reports.set_port(reports.port() + 1);
        callee.rtcp.send_to(&RECEIVER_REPORT, reports).unwrap();
        assert_eq!(receive(&caller.rtcp, PATIENCE).unwrap().0, RECEIVER_REPORT);
    }
}

fn strangers_at_the_reports_port_are_refused_and_counted_like_those_at_the_other() {
    let mut relay = relay();
    let listening = open(&mut relay, CALL).unwrap();
    let (caller, callee, stranger) = (Phone::new(), Phone::new(), Phone::new());
    let elsewhere = "192.0.2.1".parse().unwrap();
    relay.expect(CALL, Side::Caller, caller.address(), elsewhere);
    relay.expect(CALL, Side::Callee, callee.address(), elsewhere);
    let mut reports = listening.caller;
    reports.set_port(reports.port() + 1);
    // First, faster and after.
    for _ in 0..10 {
        stranger.rtcp.send_to(&RECEIVER_REPORT, reports).unwrap();
    }
    caller.rtcp.send_to(&RECEIVER_REPORT, reports).unwrap();
    receive(&callee.rtcp, PATIENCE).unwrap();
    stranger.rtcp.send_to(&RECEIVER_REPORT, reports).unwrap();
    assert_eq!(receive(&callee.rtcp, SILENCE), None);
    let passed = relay.statistics(CALL).unwrap().caller;
    assert_eq!((passed.packets, passed.from_strangers), (1, 11));
    relay.close(CALL);
    let totals = relay.totals();
    assert_eq!((totals.packets, totals.from_strangers), (1, 11));
}

fn the_ports_of_an_ended_call_serve_another_one_and_forget_the_first() {
    let (mut relay, first, old_caller, _) = call();
    relay.close(CALL);
    let (caller, callee) = (Phone::new(), Phone::new());
    let mut number = CALL.0;
    let listening = loop {
        number += 1;
        let listening = open(&mut relay, MediaId(number)).unwrap();
        if listening.caller == first.caller {
            break listening;
        }
        relay.close(MediaId(number));
        // Ports come back after a moment; nothing comes here until then.
        assert_eq!(receive(&caller.rtp, SILENCE), None);
    };
    relay.expect(
        MediaId(number),
        Side::Caller,
        caller.address(),
        Ipv4Addr::new(192, 0, 2, 1).into(),
    );
    relay.expect(MediaId(number), Side::Callee, callee.address(), LOOPBACK);
    old_caller.rtp.send_to(&rtp(1), listening.caller).unwrap();
    caller.rtp.send_to(&rtp(2), listening.caller).unwrap();
    let (packet, source) = receive(&callee.rtp, PATIENCE).unwrap();
    assert_eq!((packet, source), (rtp(2), listening.callee));
    let passed = relay.statistics(MediaId(number)).unwrap();
    assert_eq!(passed.caller.from_strangers, 1);
}
