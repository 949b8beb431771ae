//! Searches against a DNS that is written beside them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::*;
use crate::{Transport, Uri};

/// Lines such as `_sip._udp.example.com SRV 10 60 5060 one.example.com`.
fn look_up(zone: &str, question: &Question) -> Records {
    let kind = match question {
        Question::Naptr { .. } => "NAPTR",
        Question::Srv { .. } => "SRV",
        Question::A { .. } => "A",
        Question::Aaaa { .. } => "AAAA",
    };
    let number = |word: &str| word.parse().expect("a number");
    let found: Vec<Vec<&str>> = zone
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|words| words.len() > 2 && words[0] == question.name() && words[1] == kind)
        .map(|words| words[2..].to_vec())
        .collect();
    if found.is_empty() {
        return Records::None;
    }
    match question {
        Question::Naptr { .. } => Records::Naptr(
            found
                .iter()
                .map(|words| Naptr {
                    order: number(words[0]),
                    preference: number(words[1]),
                    flags: words[2].to_owned(),
                    service: words[3].to_owned(),
                    replacement: words[4].to_owned(),
                })
                .collect(),
        ),
        Question::Srv { .. } => Records::Srv(
            found
                .iter()
                .map(|words| Srv {
                    priority: number(words[0]),
                    weight: number(words[1]),
                    port: number(words[2]),
                    target: words[3].to_owned(),
                })
                .collect(),
        ),
        _ => Records::Addresses(
            found
                .iter()
                .map(|words| words[0].parse().expect("an address"))
                .collect(),
        ),
    }
}

fn search(
    uri: &str,
    preferences: &Preferences,
    zone: &str,
    seed: u8,
) -> (Vec<String>, Vec<Target>) {
    let uri = Uri::parse(uri).expect("a URI");
    let mut location = Location::new(&uri, preferences, [seed; 32]).expect("a search");
    let mut asked = Vec::new();
    while let Some(question) = location.poll_question() {
        asked.push(format!("{question:?}"));
        location.answer(&question, look_up(zone, &question));
    }
    (asked, location.targets())
}

fn found(uri: &str, zone: &str) -> Vec<String> {
    let (_, targets) = search(uri, &Preferences::default(), zone, 1);
    targets
        .iter()
        .map(|target| format!("{} {}", target.transport, target.address))
        .collect()
}

/// RFC 3263 4.1 and 4.2, with two servers and both families.
const ZONE: &str = "
    example.com NAPTR 50 50 s SIPS+D2T _sips._tcp.example.com
    example.com NAPTR 90 50 s SIP+D2T _sip._tcp.example.com
    example.com NAPTR 100 50 s SIP+D2U _sip._udp.example.com
    example.com NAPTR 10 50 s SIP+D2S _sip._sctp.example.com
    example.com NAPTR 10 50 u E2U+sip nowhere.example.com
    example.com A 192.0.2.99
    _sips._tcp.example.com SRV 0 1 5061 one.example.com
    _sips._tcp.example.com SRV 1 1 5071 two.example.com
    _sip._tcp.example.com SRV 0 1 5060 one.example.com
    _sip._udp.example.com SRV 0 1 5060 two.example.com
    one.example.com A 192.0.2.1
    one.example.com A 192.0.2.2
    one.example.com AAAA 2001:db8::1
    two.example.com A 192.0.2.3
";

#[test]
fn addresses_need_no_dns() {
    assert_eq!(found("sip:a@192.0.2.7", ""), ["UDP 192.0.2.7:5060"]);
    assert_eq!(found("sip:a@192.0.2.7:5080", ""), ["UDP 192.0.2.7:5080"]);
    assert_eq!(
        found("sips:a@[2001:db8::7]", ""),
        ["TLS [2001:db8::7]:5061"]
    );
    assert_eq!(
        found("sip:a@192.0.2.7;transport=tcp", ""),
        ["TCP 192.0.2.7:5060"]
    );
    assert_eq!(
        found("sips:a@192.0.2.7;transport=tcp", ""),
        ["TLS 192.0.2.7:5061"]
    );
    let (asked, _) = search("sip:a@192.0.2.7", &Preferences::default(), ZONE, 1);
    assert_eq!(asked, Vec::<String>::new());
}

#[test]
fn maddr_stands_for_the_host() {
    assert_eq!(
        found("sip:a@example.com;maddr=192.0.2.8", ZONE),
        ["UDP 192.0.2.8:5060"]
    );
    assert_eq!(
        found(
            "sip:a@elsewhere.example;maddr=two.example.com;transport=udp",
            ZONE
        ),
        ["UDP 192.0.2.3:5060"]
    );
}

#[test]
fn a_name_alone_goes_by_naptr_and_then_by_srv() {
    assert_eq!(
        found("sip:a@EXAMPLE.com.", ZONE),
        [
            "TLS [2001:db8::1]:5061",
            "TLS 192.0.2.1:5061",
            "TLS 192.0.2.2:5061",
            "TLS 192.0.2.3:5071",
            "TCP [2001:db8::1]:5060",
            "TCP 192.0.2.1:5060",
            "TCP 192.0.2.2:5060",
            "UDP 192.0.2.3:5060",
        ]
    );
}

#[test]
fn sips_takes_only_what_is_secure_and_the_certificate_is_of_the_domain() {
    let (_, targets) = search("sips:a@example.com", &Preferences::default(), ZONE, 1);
    assert_eq!(targets.len(), 4);
    for target in targets {
        assert_eq!(target.transport, Transport::Tls);
        assert_eq!(target.domain.as_deref(), Some("example.com"));
    }
}

#[test]
fn a_port_leads_to_addresses_at_once() {
    let (asked, targets) = search(
        "sip:a@one.example.com:5090",
        &Preferences::default(),
        ZONE,
        1,
    );
    assert_eq!(
        asked,
        [
            r#"Aaaa { name: "one.example.com" }"#,
            r#"A { name: "one.example.com" }"#
        ]
    );
    assert!(
        targets
            .iter()
            .all(|target| target.transport == Transport::Udp)
    );
    assert_eq!(targets.len(), 3);
}

#[test]
fn a_transport_leads_to_its_srv() {
    assert_eq!(
        found("sip:a@example.com;transport=UDP", ZONE),
        ["UDP 192.0.2.3:5060"]
    );
}

#[test]
fn without_naptr_every_transport_that_we_speak_is_asked_for() {
    let zone = ZONE.replace(" NAPTR ", " TXT ");
    let preferences = Preferences {
        transports: vec![Transport::Udp, Transport::Tcp],
        ..Preferences::default()
    };
    let (asked, targets) = search("sip:a@example.com", &preferences, &zone, 1);
    assert_eq!(asked[1], r#"Srv { name: "_sip._udp.example.com" }"#);
    assert_eq!(asked[2], r#"Srv { name: "_sip._tcp.example.com" }"#);
    assert_eq!(targets[0].address.to_string(), "192.0.2.3:5060");
    assert_eq!(targets[1].transport, Transport::Tcp);
}

#[test]
fn without_srv_the_domain_itself_is_the_server() {
    let zone = "plain.example A 192.0.2.50";
    assert_eq!(found("sip:a@plain.example", zone), ["UDP 192.0.2.50:5060"]);
    assert_eq!(found("sips:a@plain.example", zone), ["TLS 192.0.2.50:5061"]);
    assert_eq!(found("sip:a@nowhere.example", zone), Vec::<String>::new());
}

#[test]
fn a_service_that_says_no_is_not_replaced_by_the_domain() {
    let zone = "_sip._udp.example.com SRV 0 0 0 .\nexample.com A 192.0.2.50";
    assert_eq!(
        found("sip:a@example.com;transport=udp", zone),
        Vec::<String>::new()
    );
}

#[test]
fn one_family_is_asked_for_where_there_is_only_one() {
    let preferences = Preferences {
        ipv6: false,
        ..Preferences::default()
    };
    let (asked, targets) = search("sips:a@example.com", &preferences, ZONE, 1);
    assert!(asked.iter().all(|question| !question.starts_with("Aaaa")));
    assert!(targets.iter().all(|target| target.address.is_ipv4()));
}

#[test]
fn what_cannot_be_located_is_said() {
    let new = |uri: &str, preferences: &Preferences| {
        Location::new(&Uri::parse(uri).expect("a URI"), preferences, [0; 32]).err()
    };
    let usual = Preferences::default();
    assert_eq!(new("tel:+4930123", &usual), Some(LocateError::Scheme));
    assert_eq!(
        new("sip:a@b.example;transport=sctp", &usual),
        Some(LocateError::Transport)
    );
    assert_eq!(
        new("sips:a@b.example;transport=udp", &usual),
        Some(LocateError::Transport)
    );
    assert_eq!(
        new("sip:a@b.example;transport=ws", &usual),
        Some(LocateError::Transport)
    );
    assert_eq!(
        new("sip:a@b.example;maddr=a$b", &usual),
        Some(LocateError::Maddr)
    );
    let plain = Preferences {
        transports: vec![Transport::Udp],
        ..usual
    };
    assert_eq!(
        new("sips:a@b.example", &plain),
        Some(LocateError::Transport)
    );
}

#[test]
fn weights_are_lots_and_priorities_are_not() {
    let zone = "
        _sip._udp.example.com SRV 1 90 5060 often.example.com
        _sip._udp.example.com SRV 1 10 5060 seldom.example.com
        _sip._udp.example.com SRV 0 0 5060 first.example.com
        first.example.com A 192.0.2.1
        often.example.com A 192.0.2.2
        seldom.example.com A 192.0.2.3
    ";
    let second: Vec<SocketAddr> = (0..200)
        .map(|seed| {
            let uri = "sip:a@example.com;transport=udp";
            let (_, targets) = search(uri, &Preferences::default(), zone, seed);
            assert_eq!(targets.len(), 3);
            assert_eq!(targets[0].address.to_string(), "192.0.2.1:5060");
            targets[1].address
        })
        .collect();
    let often = second
        .iter()
        .filter(|address| address.to_string() == "192.0.2.2:5060");
    let often = often.count();
    assert!(
        (160..200).contains(&often),
        "{often} of 200 where 180 were to be expected"
    );
}

#[test]
fn a_zone_without_end_is_asked_little_and_gives_little() {
    let mut zone = String::new();
    for number in 0..1_000 {
        zone.push_str(&format!(
            "_sip._udp.example.com SRV 0 1 5060 s{number}.example.com\n"
        ));
        zone.push_str(&format!(
            "s{number}.example.com A 10.0.0.{}\n",
            number % 250
        ));
        zone.push_str(&format!(
            "s0.example.com A 10.1.{}.{}\n",
            number / 250,
            number % 250
        ));
    }
    let (asked, targets) = search(
        "sip:a@example.com;transport=udp",
        &Preferences::default(),
        &zone,
        1,
    );
    assert!(asked.len() <= 64, "{}", asked.len());
    assert!(targets.len() <= 64, "{}", targets.len());
}

#[test]
fn those_that_failed_a_moment_ago_are_tried_last_and_none_is_lost() {
    let (_, mut targets) = search("sip:a@example.com", &Preferences::default(), ZONE, 1);
    let before = targets.clone();
    let now = Instant::now();
    let mut blacklist = Blacklist::new(Duration::from_secs(60));
    blacklist.failed(now, before[0].clone());
    blacklist.sort(now, &mut targets);
    assert_eq!(targets.last(), Some(&before[0]));
    assert_eq!(targets[..targets.len() - 1], before[1..]);

    let mut later = before.clone();
    blacklist.sort(now + Duration::from_secs(60), &mut later);
    assert_eq!(later, before, "a while later it is forgotten");

    blacklist.succeeded(&before[0]);
    assert!(!blacklist.holds(now, &before[0]));
    for target in &before {
        blacklist.failed(now, target.clone());
    }
    let mut all = before.clone();
    blacklist.sort(now, &mut all);
    assert_eq!(all, before, "when all have failed, all are tried");
}
