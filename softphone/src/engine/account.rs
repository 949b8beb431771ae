//! From the answer of a login to a phone with open sockets.

use std::net::SocketAddr;
use std::time::Instant;

use api::LoginAnswer;
use phone::Phone;
use sip::{Flow, Secret, Text, Transport};
use sip_tokio::{BindConfig, Sockets};

use super::ports::local_ip_towards;
use super::{AccountSummary, EngineConfig, Problem, SipTransport, problem};

pub(super) fn summary(answer: &LoginAnswer) -> AccountSummary {
    AccountSummary {
        name: answer.account.name.clone(),
        display_name: answer.account.display_name.clone(),
        number: answer
            .account
            .number
            .as_ref()
            .map(|number| number.as_str().to_owned()),
    }
}

/// Opens the SIP sockets and makes the phone of a device that has just logged in.
pub(super) async fn open(
    answer: &LoginAnswer,
    config: &EngineConfig,
    last_call: u64,
) -> Result<(Phone, Sockets), Problem> {
    let (transport, remote) = choose(answer, config.sip_transport)?;
    let failed = |error: &dyn std::error::Error| Problem {
        code: "no-socket",
        sentence: problem::sentence(error),
    };
    let ip = local_ip_towards(remote).map_err(|error| Problem {
        code: "server-unreachable",
        sentence: format!(
            "There is no way to the call server at {remote} ({error}); check the network."
        ),
    })?;
    let any_port = vec![SocketAddr::new(ip, 0)];
    let bind = match transport {
        Transport::Tcp => BindConfig {
            tcp: any_port,
            ..BindConfig::default()
        },
        _ => BindConfig {
            udp: any_port,
            ..BindConfig::default()
        },
    };
    let sockets = Sockets::bind(bind).await.map_err(|error| failed(&error))?;
    let bound = match transport {
        Transport::Tcp => sockets.local_tcp(),
        _ => sockets.local_udp(),
    };
    let local = bound.first().copied().unwrap_or(SocketAddr::new(ip, 0));
    let server = Flow {
        transport,
        local,
        remote,
        connection: 0,
    };
    let phone = phone::Config {
        display_name: Some(answer.account.display_name.as_str())
            .filter(|name| !name.is_empty())
            .map(Text::from),
        instance: Some(Text::from(config.instance.as_str())),
        calls_before: last_call,
        ..phone::Config::new(
            answer.device.login.as_str(),
            Secret::from(answer.device.secret.as_str()),
            answer.sip.domain.as_str(),
            server,
        )
    };
    Ok((Phone::new(phone, Instant::now(), rand::random()), sockets))
}

fn choose(
    answer: &LoginAnswer,
    wish: Option<SipTransport>,
) -> Result<(Transport, SocketAddr), Problem> {
    let udp = answer.sip.udp.map(|address| (Transport::Udp, address));
    let tcp = answer.sip.tcp.map(|address| (Transport::Tcp, address));
    let (chosen, name) = match wish {
        Some(SipTransport::Udp) => (udp, "UDP"),
        Some(SipTransport::Tcp) => (tcp, "TCP"),
        None => (udp.or(tcp), "UDP or TCP"),
    };
    chosen.ok_or_else(|| Problem {
        code: "no-sip-transport",
        sentence: format!("The server does not offer SIP over {name}; choose another transport or ask its administrator."),
    })
}
