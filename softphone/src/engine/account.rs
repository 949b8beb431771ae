//! From the answer of a login to a phone with open sockets.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use api::LoginAnswer;
use phone::Phone;
use sip::{Flow, Secret, Text, Transport};
use sip_tokio::{BindConfig, Sockets, Trust};

use super::ports::local_ip_towards;
use super::{AccountSummary, EngineConfig, Problem, SipTransport, problem};

/// How often a connection to the server is tried out while nobody calls (RFC 5626 4.4.1: 95 to 120 s).
const KEEP_ALIVE: Duration = Duration::from_secs(110);

/// What a device that has just logged in works with.
pub(super) struct Opened {
    pub(super) phone: Phone,
    pub(super) sockets: Sockets,
    pub(super) summary: AccountSummary,
    /// Our address on the way to the server.
    pub(super) home: IpAddr,
}

fn summary(answer: &LoginAnswer, transport: SipTransport) -> AccountSummary {
    AccountSummary {
        id: answer.account.id,
        name: answer.account.name.clone(),
        display_name: answer.account.display_name.clone(),
        number: answer
            .account
            .number
            .as_ref()
            .map(|number| number.as_str().to_owned()),
        is_guest: false,
        transport,
    }
}

/// Opens the SIP sockets and makes the phone of a device that has just logged in.
pub(super) async fn open(
    answer: &LoginAnswer,
    config: &EngineConfig,
    last_call: u64,
) -> Result<Opened, Problem> {
    let (chosen, remote) = choose(answer, config.sip_transport)?;
    let failed = |error: &dyn std::error::Error| Problem {
        code: "no-socket",
        sentence: problem::sentence(error),
    };
    let home = local_ip_towards(remote).map_err(|error| Problem {
        code: "server-unreachable",
        sentence: format!(
            "There is no way to the call server at {remote} ({error}); check the network."
        ),
    })?;
    let any_port = SocketAddr::new(home, 0);
    let mut bind = BindConfig {
        keep_alive: Some(KEEP_ALIVE),
        ..BindConfig::default()
    };
    match chosen {
        SipTransport::Udp => bind.udp = vec![any_port],
        SipTransport::Tcp => bind.tcp = vec![any_port],
        // Nothing listens: whoever wants to reach this phone comes through the connection that it opened.
        SipTransport::Tls => bind.trust = trust(answer)?,
    }
    let mut sockets = Sockets::bind(bind).await.map_err(|error| failed(&error))?;
    let (transport, bound) = match chosen {
        SipTransport::Udp => (Transport::Udp, sockets.local_udp().first().copied()),
        SipTransport::Tcp => (Transport::Tcp, sockets.local_tcp().first().copied()),
        SipTransport::Tls => {
            if answer.sip.certificate_sha256.is_none() {
                sockets.set_peer_name(remote, &answer.sip.domain);
            }
            (Transport::Tls, free_port(any_port))
        }
    };
    let server = Flow {
        transport,
        local: bound.unwrap_or(any_port),
        remote,
        connection: 0,
    };
    let phone = phone::Config {
        display_name: Some(answer.account.display_name.as_str())
            .filter(|name| !name.is_empty())
            .map(Text::from),
        calls_before: last_call,
        codecs: config.codecs.clone(),
        encrypts_sound: config.encrypts_sound,
        call_waiting: config.call_waiting,
        ..phone::Config::new(
            answer.device.login.as_str(),
            Secret::from(answer.device.secret.as_str()),
            answer.sip.domain.as_str(),
            server,
        )
    };
    Ok(Opened {
        phone: Phone::new(phone, Instant::now(), rand::random()),
        sockets,
        summary: summary(answer, chosen),
        home,
    })
}

/// A number for the contact of a phone on which nothing listens, so that two phones of one computer differ.
fn free_port(any_port: SocketAddr) -> Option<SocketAddr> {
    TcpListener::bind(any_port)
        .and_then(|socket| socket.local_addr())
        .ok()
}

/// The certificate that the server named over the connection on which the password was checked; without it only what
/// the machine's authorities vouch for.
fn trust(answer: &LoginAnswer) -> Result<Trust, Problem> {
    match &answer.sip.certificate_sha256 {
        None => Ok(Trust::SystemRoots),
        Some(text) => {
            let fingerprint = text.parse().map_err(|error| Problem {
                code: "protocol-error",
                sentence: format!(
                    "The server named its certificate in a way that cannot be understood ({error}); ask its administrator."
                ),
            })?;
            Ok(Trust::Pinned(vec![fingerprint]))
        }
    }
}

fn choose(
    answer: &LoginAnswer,
    wish: Option<SipTransport>,
) -> Result<(SipTransport, SocketAddr), Problem> {
    let offered = [
        (SipTransport::Tls, answer.sip.tls),
        (SipTransport::Udp, answer.sip.udp),
        (SipTransport::Tcp, answer.sip.tcp),
    ];
    offered
        .into_iter()
        .filter(|(transport, _)| wish.is_none_or(|wish| wish == *transport))
        .find_map(|(transport, address)| Some((transport, address?)))
        .ok_or_else(|| {
            let name = wish.map_or("TLS, UDP or TCP", SipTransport::name);
            Problem {
                code: "no-sip-transport",
                sentence: format!("The server does not offer SIP over {name}; choose another transport or ask its administrator."),
            }
        })
}
