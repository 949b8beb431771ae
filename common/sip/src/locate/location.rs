//! One search for the servers of a URI.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};

use thiserror::Error;

use super::service::{of_naptr, srv_name};
use super::{Naptr, Question, Records, Srv, weight};
use crate::{Host, Scheme, Transport, Uri};

/// Questions of one search; a domain whose records are well kept needs a dozen. Whoever writes more into the DNS must not
/// make us ask for ever.
const QUESTIONS: usize = 64;
/// Targets of one search, for the same reason.
const TARGETS: usize = 64;

/// What we can do and like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preferences {
    /// The transports that we speak, the best first; it decides where the DNS leaves the choice to us.
    pub transports: Vec<Transport>,
    /// Whether we have IPv4.
    pub ipv4: bool,
    /// Whether we have IPv6.
    pub ipv6: bool,
}

impl Default for Preferences {
    fn default() -> Preferences {
        Preferences {
            transports: vec![Transport::Tls, Transport::Udp, Transport::Tcp],
            ipv4: true,
            ipv6: true,
        }
    }
}

/// A place where a request can be sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// The transport.
    pub transport: Transport,
    /// The address.
    pub address: SocketAddr,
    /// The domain that was asked for, if it was a name: the one that a certificate must have, whatever names the DNS
    /// put in between (RFC 5922 4).
    pub domain: Option<String>,
}

/// Why a URI leads nowhere, whatever the DNS says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LocateError {
    /// Only `sip` and `sips` have servers.
    #[error("only sip and sips addresses lead to a server; a telephone number needs a domain")]
    Scheme,
    /// The `transport` parameter, or what `sips` makes of it, is not spoken here.
    #[error("the address asks for a transport that is not spoken here")]
    Transport,
    /// The `maddr` parameter is no host.
    #[error("the maddr parameter of the address is no host")]
    Maddr,
}

/// One search. Ask [`Location::poll_question`] until it gives `None`, answer each, then take [`Location::targets`].
#[derive(Debug)]
pub struct Location {
    domain: String,
    is_secure: bool,
    transports: Vec<Transport>,
    fallback: Transport,
    preferences: Preferences,
    seed: [u8; 32],
    questions: VecDeque<Question>,
    asked: usize,
    /// SRV questions whose answers belong one behind the other.
    services: Vec<Service>,
    /// Servers in the order in which they are to be tried.
    servers: Vec<Server>,
    addresses: HashMap<String, Vec<IpAddr>>,
    targets: Vec<Target>,
}

#[derive(Debug)]
struct Service {
    transport: Transport,
    name: String,
    found: Option<Vec<Srv>>,
}

#[derive(Debug)]
struct Server {
    transport: Transport,
    name: String,
    port: u16,
}

impl Location {
    /// Begins a search. The seed draws lots between servers of one priority.
    ///
    /// # Errors
    /// [`LocateError`]: there is nothing to search for.
    pub fn new(
        uri: &Uri,
        preferences: &Preferences,
        seed: [u8; 32],
    ) -> Result<Location, LocateError> {
        let is_secure = match uri.scheme {
            Scheme::Sip => false,
            Scheme::Sips => true,
            Scheme::Tel | Scheme::Other(_) => return Err(LocateError::Scheme),
        };
        let maddr = uri.params.value("maddr");
        let host = match maddr {
            Some(maddr) => Host::parse(maddr).ok_or(LocateError::Maddr)?,
            None => uri.host.clone(),
        };
        let transports: Vec<Transport> = preferences
            .transports
            .iter()
            .copied()
            .filter(|transport| transport.is_secure() || !is_secure)
            .collect();
        let wish = uri
            .params
            .value("transport")
            .map(|name| wished(name, is_secure))
            .transpose()?;
        let usual = if is_secure {
            Transport::Tls
        } else {
            Transport::Udp
        };
        let ours = transports.first().copied();
        let ours = ours.filter(|_| !transports.contains(&usual));
        let fallback = wish.or(ours).unwrap_or(usual);
        let mut location = Location {
            domain: String::new(),
            is_secure,
            transports,
            fallback,
            preferences: preferences.clone(),
            seed,
            questions: VecDeque::new(),
            asked: 0,
            services: Vec::new(),
            servers: Vec::new(),
            addresses: HashMap::new(),
            targets: Vec::new(),
        };
        if !preferences.transports.contains(&location.fallback) {
            return Err(LocateError::Transport);
        }
        match host {
            Host::Ip(ip) => location.at_address(ip, uri.port),
            Host::Name(name) => {
                location.domain = name.trim_end_matches('.').to_ascii_lowercase();
                location.at_name(uri.port, wish);
            }
        }
        Ok(location)
    }

    fn at_address(&mut self, ip: IpAddr, port: Option<u16>) {
        let transport = self.fallback;
        let port = port.unwrap_or(transport.default_port());
        self.targets.push(Target {
            transport,
            address: SocketAddr::new(ip, port),
            domain: None,
        });
    }

    fn at_name(&mut self, port: Option<u16>, wish: Option<Transport>) {
        match (port, wish) {
            (Some(port), _) => self.at_server(port),
            (None, Some(transport)) => self.ask_services(&[transport]),
            (None, None) => {
                let name = self.domain.clone();
                self.ask(Question::Naptr { name });
            }
        }
    }

    /// The domain itself is the server.
    fn at_server(&mut self, port: u16) {
        let (transport, name) = (self.fallback, self.domain.clone());
        self.add_server(transport, name, port);
    }

    /// The next thing to know; `None` when nothing is to be asked until another answer comes, or at all.
    pub fn poll_question(&mut self) -> Option<Question> {
        self.questions.pop_front()
    }

    /// Tells what was found. An answer that does not fit its question counts as none.
    pub fn answer(&mut self, question: &Question, records: Records) {
        match (question, records) {
            (Question::Naptr { .. }, Records::Naptr(found)) => self.have_naptr(found),
            (Question::Naptr { .. }, _) => self.have_naptr(Vec::new()),
            (Question::Srv { name }, Records::Srv(found)) => self.have_srv(name, found),
            (Question::Srv { name }, _) => self.have_srv(name, Vec::new()),
            (Question::A { name } | Question::Aaaa { name }, Records::Addresses(found)) => {
                let is_wanted =
                    |ip: &IpAddr| ip.is_ipv4() == matches!(question, Question::A { .. });
                let known = self.addresses.entry(name.clone()).or_default();
                let room = TARGETS.saturating_sub(known.len());
                known.extend(found.into_iter().filter(is_wanted).take(room));
            }
            (Question::A { .. } | Question::Aaaa { .. }, _) => {}
        }
    }

    fn have_naptr(&mut self, found: Vec<Naptr>) {
        let mut services: Vec<(Transport, Naptr)> = found
            .into_iter()
            .filter_map(|naptr| Some((of_naptr(&naptr)?, naptr)))
            .filter(|(transport, _)| self.transports.contains(transport))
            .collect();
        services.sort_by_key(|(_, naptr)| (naptr.order, naptr.preference));
        if services.is_empty() {
            let transports = self.transports.clone();
            return self.ask_services(&transports);
        }
        for (transport, naptr) in services {
            let name = naptr.replacement.trim_end_matches('.').to_ascii_lowercase();
            self.ask_service(transport, name);
        }
    }

    fn ask_services(&mut self, transports: &[Transport]) {
        for &transport in transports {
            if let Some(name) = srv_name(transport, &self.domain) {
                self.ask_service(transport, name);
            }
        }
        if self.services.is_empty() {
            self.at_server(self.fallback.default_port());
        }
    }

    fn ask_service(&mut self, transport: Transport, name: String) {
        if self.services.iter().any(|service| service.name == name) {
            return;
        }
        let question = Question::Srv { name: name.clone() };
        if self.ask(question) {
            self.services.push(Service {
                transport,
                name,
                found: None,
            });
        }
    }

    fn have_srv(&mut self, name: &str, found: Vec<Srv>) {
        let waiting = self
            .services
            .iter_mut()
            .find(|service| service.name == name);
        if let Some(service) = waiting {
            let mut found = found;
            found.truncate(TARGETS);
            service.found = Some(found);
        }
        if self.services.iter().any(|service| service.found.is_none()) {
            return;
        }
        let services = std::mem::take(&mut self.services);
        let mut says_no = false;
        for service in services {
            let found = service.found.unwrap_or_default();
            for record in weight::in_order(found, self.seed) {
                let name = record.target.trim_end_matches('.').to_ascii_lowercase();
                if name.is_empty() {
                    // RFC 2782: the service is decidedly not available at this domain.
                    says_no = true;
                } else {
                    self.add_server(service.transport, name, record.port);
                }
            }
        }
        if self.servers.is_empty() && !says_no {
            self.at_server(self.fallback.default_port());
        }
    }

    fn add_server(&mut self, transport: Transport, name: String, port: u16) {
        if self.servers.len() >= TARGETS {
            return;
        }
        let is_known = self.servers.iter().any(|server| server.name == name);
        if !is_known {
            match Host::parse(&name) {
                // Not allowed in an SRV record, and seen.
                Some(Host::Ip(ip)) => {
                    self.addresses.insert(name.clone(), vec![ip]);
                }
                _ => {
                    if self.preferences.ipv6 {
                        self.ask(Question::Aaaa { name: name.clone() });
                    }
                    if self.preferences.ipv4 {
                        self.ask(Question::A { name: name.clone() });
                    }
                }
            }
        }
        self.servers.push(Server {
            transport,
            name,
            port,
        });
    }

    fn ask(&mut self, question: Question) -> bool {
        let is_allowed = self.asked < QUESTIONS;
        if is_allowed {
            self.asked += 1;
            self.questions.push_back(question);
        }
        is_allowed
    }

    /// Where to send, best first; empty when the DNS leads nowhere.
    ///
    /// The families of one server take turns, IPv6 first (RFC 7984 3 and RFC 8305 4): if one of them is broken, the
    /// second attempt is the other one already.
    pub fn targets(&self) -> Vec<Target> {
        let mut targets = self.targets.clone();
        for server in &self.servers {
            let Some(addresses) = self.addresses.get(&server.name) else {
                continue;
            };
            for ip in taking_turns(addresses) {
                let target = Target {
                    transport: server.transport,
                    address: SocketAddr::new(ip, server.port),
                    domain: Some(self.domain.clone()),
                };
                if targets.len() < TARGETS && !targets.contains(&target) {
                    targets.push(target);
                }
            }
        }
        debug_assert!(
            !self.is_secure || targets.iter().all(|target| target.transport.is_secure()),
            "sips leads to secure transports only"
        );
        targets
    }
}

/// The transport of a `transport` parameter (RFC 3261 26.2.2: `sips` with `tcp` is TLS over TCP).
fn wished(name: &str, is_secure: bool) -> Result<Transport, LocateError> {
    let transport = Transport::parse(name).ok_or(LocateError::Transport)?;
    match (transport, is_secure) {
        (Transport::Tcp, true) => Ok(Transport::Tls),
        (Transport::Ws, true) => Ok(Transport::Wss),
        (Transport::Udp, true) => Err(LocateError::Transport),
        _ => Ok(transport),
    }
}

fn taking_turns(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let mut v6 = addresses.iter().filter(|ip| ip.is_ipv6());
    let mut v4 = addresses.iter().filter(|ip| ip.is_ipv4());
    let mut ordered = Vec::with_capacity(addresses.len());
    loop {
        let pair = (v6.next(), v4.next());
        ordered.extend(pair.0.into_iter().chain(pair.1));
        if pair == (None, None) {
            return ordered;
        }
    }
}
