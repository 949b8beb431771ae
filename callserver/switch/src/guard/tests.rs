//! The guard by itself: what it counts, what it forgets, whom it spares.

use sip::Transport;

use super::*;

fn flow(address: &str, transport: Transport) -> Flow {
    Flow {
        transport,
        local: "192.0.2.1:5060".parse().unwrap(),
        remote: format!("{address}:5060").parse().unwrap(),
        connection: 0,
    }
}

fn udp(address: &str) -> Flow {
    flow(address, Transport::Udp)
}

fn guard() -> (Guard, Instant) {
    (Guard::new(GuardConfig::default(), 7), Instant::now())
}

const REGISTER: &[u8] = b"REGISTER sip:carillon.test SIP/2.0\r\nUser-Agent: Desk/1\r\n\r\n";

#[test]
fn a_source_that_guesses_is_banned_for_longer_each_time() {
    let (mut guard, mut now) = guard();
    let guesser = udp("198.51.100.7");
    let mut lengths = Vec::new();
    for _ in 0..13 {
        let ban = (0..20).find_map(|_| guard.failed(now, guesser, "alice-1", false));
        let ban = ban.expect("a ban");
        assert_eq!(ban.why, BanReason::Failures);
        assert_eq!(guard.look(now, guesser, REGISTER), Look::Drop);
        assert_eq!(guard.look(now, udp("198.51.100.8"), REGISTER), Look::Pass);
        lengths.push(ban.lasts.as_secs());
        now = ban.until;
        assert_eq!(guard.look(now, guesser, REGISTER), Look::Pass);
        assert!(guard.release_due(now, ban.source));
        assert!(!guard.release_due(now, ban.source));
    }
    assert_eq!(lengths[..4], [60, 120, 240, 480]);
    assert_eq!(lengths[12], 24 * 3600);
    // A day of good behaviour later it begins anew.
    now += Duration::from_secs(25 * 3600);
    let ban = (0..20).find_map(|_| guard.failed(now, guesser, "alice-1", false));
    assert_eq!(ban.expect("a ban").lasts.as_secs(), 60);
}

#[test]
fn slow_failures_never_ban() {
    let (mut guard, mut now) = guard();
    for _ in 0..500 {
        now += Duration::from_secs(30);
        assert_eq!(
            guard.failed(now, udp("198.51.100.7"), "alice-1", false),
            None
        );
    }
}

#[test]
fn a_login_waits_longer_after_each_failure_and_only_at_that_source() {
    let (mut guard, mut now) = guard();
    let (stranger, home) = (udp("203.0.113.9"), udp("198.51.100.7"));
    for _ in 0..3 {
        guard.failed(now, stranger, "alice-1", false);
        assert!(!guard.must_wait(now, stranger, "alice-1"));
    }
    for pause in [2, 4, 8, 16] {
        guard.failed(now, stranger, "alice-1", false);
        assert!(guard.must_wait(now, stranger, "alice-1"));
        assert!(!guard.must_wait(now, stranger, "bob-1"));
        assert!(!guard.must_wait(now, home, "alice-1"));
        now += Duration::from_secs(pause);
        assert!(!guard.must_wait(now, stranger, "alice-1"));
    }
}

#[test]
fn a_phone_that_proved_itself_is_not_held_up_by_its_neighbours() {
    let (mut guard, now) = guard();
    let office = udp("198.51.100.7");
    guard.succeeded(now, office, "alice-1");
    for _ in 0..1000 {
        assert_eq!(guard.failed(now, office, "alice-1", false), None);
        assert_eq!(guard.failed(now, office, "mallory-1", true), None);
    }
    assert!(!guard.must_wait(now, office, "alice-1"));
    let later = now + Duration::from_secs(299);
    assert!(
        guard.must_wait(later, office, "mallory-1"),
        "the source is overrun"
    );
    assert!(!guard.must_wait(now, office, "bob-1"), "a new phone");
    assert_eq!(guard.look(now, office, REGISTER), Look::Pass);
}

#[test]
fn logins_that_nobody_has_ban_earlier_than_wrong_secrets() {
    let (mut guard, now) = guard();
    let scanner = udp("203.0.113.9");
    let bans: Vec<_> = (0..10)
        .filter_map(|login| guard.failed(now, scanner, &format!("{login}"), true))
        .collect();
    assert_eq!(bans.len(), 1);
    assert_eq!(bans[0].why, BanReason::UnknownLogins);
}

#[test]
fn names_without_credentials_ban_a_connection_and_slow_down_a_datagram_source() {
    for transport in [Transport::Tcp, Transport::Udp] {
        let (mut guard, mut now) = guard();
        let scanner = flow("203.0.113.9", transport);
        let mut bans = Vec::new();
        for name in 0..30 {
            now += Duration::from_secs(1);
            bans.extend(guard.asked(now, scanner, || Some(name.to_string())));
        }
        if transport == Transport::Tcp {
            assert_eq!(bans[0].why, BanReason::Scanning);
            assert_eq!(guard.look(now, scanner, REGISTER), Look::Drop);
            continue;
        }
        assert!(bans.is_empty());
        let passed = (0..100)
            .filter(|_| {
                now += Duration::from_millis(100);
                guard.look(now, scanner, REGISTER) == Look::Pass
            })
            .count();
        assert_eq!(passed, 10, "one a second");
        // A phone whose address was forged gets its challenge, and its answer passes.
        let proof = b"REGISTER sip:carillon.test SIP/2.0\r\nAuthorization: Digest x\r\n\r\n";
        assert_eq!(guard.look(now, scanner, proof), Look::Pass);
        guard.succeeded(now, scanner, "alice-1");
        assert_eq!(guard.look(now, scanner, REGISTER), Look::Pass);
        assert_eq!(guard.look(now, scanner, REGISTER), Look::Pass);
    }
}

#[test]
fn a_house_whose_phones_all_start_at_once_is_no_scanner() {
    let (mut guard, now) = guard();
    let office = flow("198.51.100.7", Transport::Tcp);
    for phone in 0..100 {
        let name = format!("phone-{phone}");
        assert_eq!(guard.asked(now, office, || Some(name)), None);
    }
    let later = now + Duration::from_millis(200);
    guard.succeeded(later, office, "phone-0");
    let much_later = now + Duration::from_secs(60);
    assert_eq!(guard.asked(much_later, office, || Some("x".into())), None);
    assert_eq!(guard.look(much_later, office, REGISTER), Look::Pass);
}

#[test]
fn exempt_networks_may_do_everything() {
    let (mut guard, now) = guard();
    let own = udp("127.0.0.1");
    for _ in 0..100 {
        assert_eq!(guard.failed(now, own, "alice-1", true), None);
    }
    assert!(!guard.must_wait(now, own, "alice-1"));
    let scanner = b"OPTIONS sip:x SIP/2.0\r\nUser-Agent: sipvicious\r\n\r\n";
    assert_eq!(guard.look(now, own, scanner), Look::Pass);
    let signature = Look::Scanner(Text::from("sipvicious"));
    assert_eq!(guard.look(now, udp("203.0.113.9"), scanner), signature);
}

#[test]
fn an_ipv6_source_is_its_whole_network() {
    let (mut guard, now) = guard();
    let neighbour = |host: u16| udp(&format!("[2001:db8::{host:x}]"));
    let ban = (0..20).find_map(|host| guard.failed(now, neighbour(host), "alice-1", false));
    assert_eq!(ban.expect("a ban").source.0.to_string(), "2001:db8::");
    assert_eq!(guard.look(now, neighbour(999), REGISTER), Look::Drop);
    assert!(guard.release(Source::of("2001:db8::5".parse().unwrap())));
}

#[test]
fn what_is_remembered_is_bounded_and_the_idle_are_forgotten() {
    let config = GuardConfig {
        remembered_sources: 100,
        ..GuardConfig::default()
    };
    let (mut guard, mut now) = (Guard::new(config, 7), Instant::now());
    let source = |number: u32| udp(&std::net::Ipv4Addr::from(0xC633_0000 + number).to_string());
    for number in 0..10_000 {
        guard.failed(now, source(number), "alice-1", false);
        for login in 0..100 {
            guard.failed(now, source(number), &login.to_string(), true);
        }
    }
    assert_eq!(guard.sources.len(), 100);
    assert_eq!(guard.order.len(), 100);
    now += Duration::from_secs(48 * 3600);
    for number in 0..60 {
        guard.failed(now, source(20_000 + number), "alice-1", false);
    }
    assert!(guard.sources.len() <= 60, "{}", guard.sources.len());
}
