//! IPv6: every transport, both families beside each other, and addresses that need to name their network.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use sip::Transport;
use sip_tokio::{BindConfig, Sockets, Trust};

use crate::tls::certificate;
use crate::{OPTIONS, bound_with, next_message, options, question_and_answer, way};

async fn on(address: SocketAddr) -> Sockets {
    let mut config = BindConfig::udp_and_tcp(address);
    config.tls = vec![address];
    config.ws = vec![address];
    config.wss = vec![address];
    config.identity = Some(certificate(&["::1"]).identity);
    config.trust = Trust::Anyone;
    bound_with(config).await
}

async fn check_every_transport(address: SocketAddr) {
    let (mut server, mut phone) = (on(address).await, on(address).await);
    let ports = [
        (Transport::Tcp, server.local_tcp()[0]),
        (Transport::Tls, server.local_tls()[0]),
        (Transport::Ws, server.local_ws()[0]),
        (Transport::Wss, server.local_wss()[0]),
    ];
    for (transport, port) in ports {
        let there = way(transport, &phone, port);
        let flow = question_and_answer(&mut phone, &mut server, there).await;
        assert_eq!(flow.remote.ip(), address.ip(), "{transport}");
    }
    let there = way(Transport::Udp, &phone, server.local_udp()[0]);
    phone.send(there, options());
    let (flow, payload) = next_message(&mut server).await;
    assert_eq!(payload, OPTIONS);
    server.send(flow, options());
    assert_eq!(next_message(&mut phone).await.0, there);
}

#[tokio::test]
async fn every_transport_works_over_ipv6() {
    check_every_transport("[::1]:0".parse().expect("an address")).await;
}

#[tokio::test]
async fn every_transport_works_over_an_address_that_is_only_good_on_one_link() {
    let Some(address) = link_local() else {
        eprintln!("this machine has no link-local address, so there is nothing to try");
        return;
    };
    check_every_transport(address.into()).await;
}

/// The first link-local address that the system lists, with its interface.
fn link_local() -> Option<SocketAddrV6> {
    let listed = std::fs::read_to_string("/proc/net/if_inet6").ok()?;
    listed.lines().find_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let bits = u128::from_str_radix(words.next()?, 16).ok()?;
        let scope = u32::from_str_radix(words.next()?, 16).ok()?;
        let ip = Ipv6Addr::from_bits(bits);
        ip.is_unicast_link_local()
            .then(|| SocketAddrV6::new(ip, 0, 0, scope))
    })
}

#[tokio::test]
async fn both_families_listen_on_one_port_and_each_answers_by_its_own() {
    let (mut server, port) = on_both_families().await;
    let mut phones = Vec::new();
    for home in ["127.0.0.1", "[::1]"] {
        let here: SocketAddr = format!("{home}:0").parse().expect("an address");
        let there = SocketAddr::new(here.ip(), port);
        let mut phone = bound_with(BindConfig::udp_and_tcp(here)).await;
        let way_there = way(Transport::Udp, &phone, there);
        phone.send(way_there, options());
        let (flow, _) = next_message(&mut server).await;
        assert_eq!(flow.remote, phone.local_udp()[0], "no mapped addresses");
        server.send(flow, options());
        assert_eq!(next_message(&mut phone).await.0, way_there);
        let way_there = way(Transport::Tcp, &phone, there);
        let flow = question_and_answer(&mut phone, &mut server, way_there).await;
        assert_eq!(flow.remote.ip(), here.ip());
        // It stays, so that the server has nothing to tell of its going.
        phones.push(phone);
    }
}

/// UDP and TCP of both families on one port. A port that is free for one family may be taken for the other.
async fn on_both_families() -> (Sockets, u16) {
    const TRIES: usize = 64;
    for _ in 0..TRIES {
        let v4 = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0);
        let port = {
            let udp = std::net::UdpSocket::bind(v4).expect("a port");
            udp.local_addr().expect("bound").port()
        };
        let both = vec![
            SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port),
            SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port),
        ];
        let config = BindConfig {
            udp: both.clone(),
            tcp: both,
            ..BindConfig::default()
        };
        if let Ok(server) = Sockets::bind(config).await {
            return (server, port);
        }
    }
    panic!("no port is free for both families");
}
