//! What the kernel passes by itself.

use super::*;

#[test]
fn what_phones_say_is_passed_by_the_kernel_after_a_while_and_counted_as_ever() {
    with_the_kernel(|| {
        let (mut relay, listening, caller, callee) = call();
        let mut sequence = 0;
        speak_until_the_kernel_helps(&relay, &listening, &caller, &callee, &mut sequence);
        // A stranger, noise and reports still come to the relay.
        let stranger = Phone::new();
        stranger.rtp.send_to(&rtp(9), listening.caller).unwrap();
        caller.rtp.send_to(b"noise", listening.caller).unwrap();
        caller
            .rtp
            .send_to(&RECEIVER_REPORT, listening.caller)
            .unwrap();
        assert_eq!(receive(&callee.rtp, PATIENCE).unwrap().0, RECEIVER_REPORT);
        // One is lost.
        sequence += 1;
        for _ in 0..20 {
            say(&listening, &caller, &callee, &mut sequence);
        }
        let passed = relay.close(CALL).unwrap();
        for side in [passed.caller, passed.callee] {
            assert!(side.by_kernel >= 20, "{side:?}");
            assert_eq!(side.rtp_packets, u64::from(sequence) - 1);
            assert_eq!((side.lost, side.duplicates, side.reordered), (1, 0, 0));
        }
        assert_eq!(
            (passed.caller.from_strangers, passed.caller.not_rtp),
            (1, 1)
        );
        assert_eq!(
            relay.totals().by_kernel,
            passed.caller.by_kernel + passed.callee.by_kernel
        );
    });
}

#[test]
fn who_is_put_on_hold_or_moves_is_taken_back_from_the_kernel_at_once() {
    with_the_kernel(|| {
        let (mut relay, listening, caller, callee) = call();
        let mut sequence = 0;
        speak_until_the_kernel_helps(&relay, &listening, &caller, &callee, &mut sequence);
        let moved = Phone::new();
        relay.expect(CALL, Side::Callee, moved.address(), LOOPBACK);
        // Until the relay has heard of it, the kernel does not know either.
        let begin = Instant::now();
        while receive(&moved.rtp, Duration::from_millis(1)).is_none() {
            assert!(begin.elapsed() < PATIENCE, "the old target goes on");
            caller
                .rtp
                .send_to(&rtp(sequence), listening.caller)
                .unwrap();
        }
        while receive(&moved.rtp, SILENCE).is_some() {}
        while receive(&callee.rtp, SILENCE).is_some() {}
        for _ in 0..200 {
            say(&listening, &caller, &moved, &mut sequence);
        }
        assert_eq!(receive(&callee.rtp, SILENCE), None);
        // The old one is nobody any more.
        callee
            .rtp
            .send_to(&rtp(sequence), listening.callee)
            .unwrap();
        assert_eq!(receive(&caller.rtp, SILENCE), None);
        let lent = relay.lend(CALL).unwrap();
        caller
            .rtp
            .send_to(&rtp(sequence), listening.caller)
            .unwrap();
        assert_eq!(receive(&moved.rtp, SILENCE), None);
        relay.take_back(CALL, lent);
        assert_eq!(receive(&moved.rtp, PATIENCE).unwrap().0, rtp(sequence));
    });
}

#[test]
fn who_sends_more_than_audio_can_be_is_taken_back_from_the_kernel_for_good() {
    with_the_kernel(|| {
        let (relay, listening, caller, callee) = call();
        let mut sequence = 0;
        speak_until_the_kernel_helps(&relay, &listening, &caller, &callee, &mut sequence);
        let mut large = rtp(0);
        large.resize(1_200, 0);
        let begin = Instant::now();
        while relay.statistics(CALL).unwrap().caller.over_limit == 0 {
            assert!(
                begin.elapsed() < PATIENCE,
                "a flood passes: {:?}",
                relay.statistics(CALL)
            );
            for _ in 0..100 {
                caller.rtp.send_to(&large, listening.caller).unwrap();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    });
}

/// Both phones say something and hear it.
fn say(listening: &Ports, caller: &Phone, callee: &Phone, sequence: &mut u16) {
    let packet = rtp(*sequence);
    caller.rtp.send_to(&packet, listening.caller).unwrap();
    let heard = receive(&callee.rtp, PATIENCE).unwrap();
    assert_eq!(heard, (packet.clone(), listening.callee));
    callee.rtp.send_to(&packet, listening.callee).unwrap();
    let heard = receive(&caller.rtp, PATIENCE).unwrap();
    assert_eq!(heard, (packet, listening.caller));
    *sequence += 1;
    // Not faster than audio may be.
    std::thread::sleep(Duration::from_millis(1));
}

fn speak_until_the_kernel_helps(
    relay: &Relay,
    listening: &Ports,
    caller: &Phone,
    callee: &Phone,
    sequence: &mut u16,
) {
    let begin = Instant::now();
    loop {
        let passed = relay.statistics(CALL).unwrap();
        if passed.caller.by_kernel > 0 && passed.callee.by_kernel > 0 {
            return;
        }
        assert!(
            begin.elapsed() < PATIENCE,
            "the kernel passes nothing: {passed:?}"
        );
        say(listening, caller, callee, sequence);
    }
}

/// A server and a phone on either side of it, each a host of its own; gone when dropped.
struct Hosts {
    server: String,
    phones: [String; 2],
}

impl Hosts {
    fn new() -> Self {
        let name = |host| format!("carillon-{}-{host}", std::process::id());
        let hosts = Self {
            server: name("server"),
            phones: [name("caller"), name("callee")],
        };
        ip(&format!("netns add {}", hosts.server));
        ip(&format!("-n {} link set lo up", hosts.server));
        for phone in &hosts.phones {
            ip(&format!("netns add {phone}"));
        }
        hosts.connect(1);
        hosts.connect(2);
        hosts
    }

    /// Lays the cable between the server and one of its phones, 1 or 2.
    fn connect(&self, net: usize) {
        let (server, phone) = (&self.server, &self.phones[net - 1]);
        ip(&format!(
            "-n {server} link add phone{net} type veth peer name server netns {phone}"
        ));
        ip(&format!(
            "-n {server} address add 10.77.{net}.1/24 dev phone{net}"
        ));
        ip(&format!("-n {server} link set phone{net} up"));
        ip(&format!(
            "-n {phone} address add 10.77.{net}.2/24 dev server"
        ));
        ip(&format!("-n {phone} link set server up"));
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        for host in self.phones.iter().chain([&self.server]) {
            ip(&format!("netns delete {host}"));
        }
    }
}

fn ip(arguments: &str) {
    let done = std::process::Command::new("ip")
        .args(arguments.split(' '))
        .status();
    assert!(done.unwrap().success(), "ip {arguments}");
}

/// Does something on a host. What it makes stays there.
fn on_host<T: Send>(host: &str, act: impl FnOnce() -> T + Send) -> T {
    use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
    use std::os::fd::AsFd;
    std::thread::scope(|scope| {
        let acting = scope.spawn(|| {
            let network = std::fs::File::open(format!("/run/netns/{host}")).unwrap();
            move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
            act()
        });
        acting.join().unwrap()
    })
}

#[test]
fn between_networks_the_kernel_passes_what_phones_say_and_finds_a_way_that_has_changed() {
    with_the_kernel(|| {
        let hosts = Hosts::new();
        let phone = |net: u8| IpAddr::V4(Ipv4Addr::new(10, 77, net, 2));
        let [caller, callee] = [(1, 0), (2, 1)]
            .map(|(net, host)| on_host(&hosts.phones[host], move || Phone::on(phone(net))));
        let told = |net: u8| Listen {
            bind: Ipv4Addr::UNSPECIFIED.into(),
            v4: Some(Ipv4Addr::new(10, 77, net, 1).into()),
            v6: None,
        };
        let (mut relay, listening) = on_host(&hosts.server, move || {
            KERNEL_PATH.set(true);
            let mut relay = relay();
            let listening = relay.open(CALL, told(1), told(2)).unwrap();
            (relay, listening)
        });
        relay.expect(CALL, Side::Caller, caller.address(), phone(1));
        relay.expect(CALL, Side::Callee, callee.address(), phone(2));
        let listening = Ports {
            caller: listening.caller.v4.unwrap(),
            callee: listening.callee.v4.unwrap(),
        };
        let mut sequence = 0;
        speak_until_the_kernel_helps(&relay, &listening, &caller, &callee, &mut sequence);
        for _ in 0..50 {
            say(&listening, &caller, &callee, &mut sequence);
        }
        let passed = relay.statistics(CALL).unwrap();
        for side in [passed.caller, passed.callee] {
            assert!(side.by_kernel >= 40 && side.lost == 0, "{side:?}");
        }
        // The callee's network is lost, and is there again on another interface.
        ip(&format!("-n {} link delete phone2", hosts.server));
        hosts.connect(2);
        let begin = Instant::now();
        loop {
            caller
                .rtp
                .send_to(&rtp(sequence), listening.caller)
                .unwrap();
            sequence += 1;
            if receive(&callee.rtp, Duration::from_millis(5)).is_some() {
                break;
            }
            assert!(begin.elapsed() < 2 * PATIENCE, "nothing comes the new way");
        }
    });
}
