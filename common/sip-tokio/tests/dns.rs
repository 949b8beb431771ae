//! The resolver against a real name server (dnsmasq) with the records that RFC 3263 is about.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};

use sip::Uri;
use sip::locate::{Preferences, Target};
use sip_tokio::Resolver;

const RECORDS: &str = "\
naptr-record=example.test,50,50,S,SIPS+D2T,,_sips._tcp.example.test
naptr-record=example.test,90,50,S,SIP+D2U,,_sip._udp.example.test
srv-host=_sips._tcp.example.test,one.example.test,5061,0,1
srv-host=_sip._udp.example.test,one.example.test,5060,0,100
srv-host=_sip._udp.example.test,two.example.test,5070,10,100
srv-host=_sip._tcp.plain.test,two.example.test,5080,0,0
srv-host=_sip._udp.no.test
host-record=one.example.test,192.0.2.1,2001:db8::1
host-record=two.example.test,192.0.2.2
host-record=plain.test,192.0.2.3
host-record=no.test,192.0.2.4
cname=alias.test,one.example.test
";

/// A name server of our own; it ends when this is dropped.
struct NameServer {
    process: Child,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl NameServer {
    fn start() -> NameServer {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = folder.path().join("dnsmasq.conf");
        std::fs::write(&settings, RECORDS).expect("settings");
        // Taken again at once; when somebody is quicker, dnsmasq ends and another port is tried.
        for _ in 0..16 {
            let free = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
            let address = free.local_addr().expect("bound");
            drop(free);
            let mut process = Command::new("dnsmasq")
                .args([
                    "--keep-in-foreground",
                    "--no-resolv",
                    "--no-hosts",
                    "--bind-interfaces",
                ])
                .args([
                    "--listen-address=127.0.0.1",
                    "--local=/test/",
                    "--log-facility=-",
                ])
                .args(["--user=", "--group=", "--pid-file="])
                .arg(format!("--port={}", address.port()))
                .arg(format!("--conf-file={}", settings.display()))
                .stderr(Stdio::piped())
                .spawn()
                .expect("dnsmasq runs (tests/setup/prepare installs dnsmasq-base)");
            let said = process.stderr.take().expect("a pipe");
            let mut lines = BufReader::new(said).lines().map_while(Result::ok);
            // It says so when its sockets are bound; without them it ends.
            if lines.any(|line| line.contains("started")) {
                return NameServer {
                    process,
                    address,
                    _folder: folder,
                };
            }
            let _ = process.wait();
        }
        panic!("dnsmasq does not start");
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn resolver(server: SocketAddr) -> Resolver {
    Resolver::with_servers(&[server], Preferences::default()).expect("a resolver")
}

fn shown(targets: &[Target]) -> Vec<String> {
    let line = |target: &Target| format!("{} {}", target.transport, target.address);
    targets.iter().map(line).collect()
}

#[tokio::test]
async fn a_real_name_server_leads_to_servers_in_the_right_order() {
    let dns = NameServer::start();
    let resolver = resolver(dns.address);
    for (uri, expected) in [
        (
            "sip:a@example.test",
            &[
                "TLS [2001:db8::1]:5061",
                "TLS 192.0.2.1:5061",
                "UDP [2001:db8::1]:5060",
                "UDP 192.0.2.1:5060",
                "UDP 192.0.2.2:5070",
            ][..],
        ),
        (
            "sips:a@example.test",
            &["TLS [2001:db8::1]:5061", "TLS 192.0.2.1:5061"],
        ),
        ("sip:a@plain.test", &["TCP 192.0.2.2:5080"]),
        ("sip:a@plain.test;transport=udp", &["UDP 192.0.2.3:5060"]),
        ("sip:a@plain.test:5099", &["UDP 192.0.2.3:5099"]),
        ("sip:a@no.test;transport=udp", &[]),
        ("sip:a@nowhere.test", &[]),
        (
            "sip:a@alias.test:5060",
            &["UDP [2001:db8::1]:5060", "UDP 192.0.2.1:5060"],
        ),
    ] {
        let parsed = Uri::parse(uri).expect("a URI");
        let targets = resolver.locate(&parsed, [7; 32]).await.expect("a search");
        assert_eq!(shown(&targets), expected, "{uri}");
    }
}

#[tokio::test]
async fn a_server_that_failed_comes_last_until_it_answers_again() {
    let dns = NameServer::start();
    let resolver = resolver(dns.address);
    let uri = Uri::parse("sips:a@example.test").expect("a URI");
    let targets = resolver.locate(&uri, [7; 32]).await.expect("a search");
    resolver.failed(targets[0].clone());
    let after = resolver.locate(&uri, [7; 32]).await.expect("a search");
    assert_eq!((&after[0], &after[1]), (&targets[1], &targets[0]));
    resolver.succeeded(&targets[0]);
    assert_eq!(
        resolver.locate(&uri, [7; 32]).await.expect("a search"),
        targets
    );
}
