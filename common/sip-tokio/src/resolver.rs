//! Asks the DNS what [`sip::locate`] wants to know.

use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use sip::Uri;
use sip::locate::{
    Blacklist, LocateError, Location, Naptr, Preferences, Question, Records, Srv, Target,
};
use thiserror::Error;

/// How long a server that failed stays behind the others. RFC 3263 4.3 leaves it open; five minutes spare callers the wait
/// and find out in bearable time that it is back.
const FAILED_FOR: Duration = Duration::from_secs(5 * 60);

/// Finds the servers behind URIs (RFC 3263), and remembers which of them failed.
///
/// Answers are kept for as long as the DNS allows.
pub struct Resolver {
    dns: TokioResolver,
    preferences: Preferences,
    blacklist: Mutex<Blacklist>,
}

/// Why there is no resolver.
#[derive(Debug, Error)]
pub enum ResolverError {
    /// The system's configuration of name servers cannot be used.
    #[error("the name servers of this machine cannot be found out ({0}); see /etc/resolv.conf")]
    System(#[source] NetError),
    /// The resolver cannot be set up.
    #[error("the resolver cannot be set up: {0}")]
    Setup(#[source] NetError),
}

impl Resolver {
    /// Asks the name servers of the machine.
    ///
    /// # Errors
    /// [`ResolverError`], in a sentence.
    pub fn from_system(preferences: Preferences) -> Result<Resolver, ResolverError> {
        let builder = TokioResolver::builder_tokio().map_err(ResolverError::System)?;
        let dns = builder.build().map_err(ResolverError::Setup)?;
        Ok(Resolver::new(dns, preferences))
    }

    /// Asks these name servers, over UDP and, where an answer is too long for it, over TCP.
    ///
    /// # Errors
    /// [`ResolverError`], in a sentence.
    pub fn with_servers(
        servers: &[SocketAddr],
        preferences: Preferences,
    ) -> Result<Resolver, ResolverError> {
        let servers = servers.iter().map(|server| {
            let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
            for connection in &mut connections {
                connection.port = server.port();
            }
            NameServerConfig::new(server.ip(), true, connections)
        });
        let config = ResolverConfig::from_parts(None, Vec::new(), servers.collect());
        let dns = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            .with_options(ResolverOpts::default())
            .build()
            .map_err(ResolverError::Setup)?;
        Ok(Resolver::new(dns, preferences))
    }

    fn new(dns: TokioResolver, preferences: Preferences) -> Resolver {
        Resolver {
            dns,
            preferences,
            blacklist: Mutex::new(Blacklist::new(FAILED_FOR)),
        }
    }

    /// Where to send a request for `uri`, best first; those that failed a moment ago come last. Empty when the DNS leads
    /// nowhere. The seed draws lots between servers of one priority: another one for each call spreads the load.
    ///
    /// # Errors
    /// [`LocateError`]: no DNS can help with this URI.
    pub async fn locate(&self, uri: &Uri, seed: [u8; 32]) -> Result<Vec<Target>, LocateError> {
        let mut location = Location::new(uri, &self.preferences, seed)?;
        loop {
            let questions: Vec<Question> =
                std::iter::from_fn(|| location.poll_question()).collect();
            if questions.is_empty() {
                break;
            }
            let answers = join_all(questions.iter().map(|question| self.ask(question))).await;
            for (question, records) in questions.iter().zip(answers) {
                location.answer(question, records);
            }
        }
        let mut targets = location.targets();
        self.blacklist().sort(Instant::now(), &mut targets);
        Ok(targets)
    }

    /// A server did not answer, refused the connection, or answered 503: others come first for some minutes.
    pub fn failed(&self, target: Target) {
        self.blacklist().failed(Instant::now(), target);
    }

    /// A server answered.
    pub fn succeeded(&self, target: &Target) {
        self.blacklist().succeeded(target);
    }

    fn blacklist(&self) -> std::sync::MutexGuard<'_, Blacklist> {
        // It is whole at any time, whoever panicked.
        self.blacklist
            .lock()
            .unwrap_or_else(|broken| broken.into_inner())
    }

    async fn ask(&self, question: &Question) -> Records {
        let kind = match question {
            Question::Naptr { .. } => RecordType::NAPTR,
            Question::Srv { .. } => RecordType::SRV,
            Question::A { .. } => RecordType::A,
            Question::Aaaa { .. } => RecordType::AAAA,
        };
        let Ok(mut name) = Name::from_utf8(question.name()) else {
            return Records::None;
        };
        // What stands in a URI is whole; nothing is to be appended to it.
        name.set_fqdn(true);
        let found = match self.dns.lookup(name, kind).await {
            Ok(found) => found,
            Err(error) => {
                tracing::debug!(name = question.name(), %kind, %error, "the DNS says nothing");
                return Records::None;
            }
        };
        records(question, found.answers().iter().map(|record| &record.data))
    }
}

fn records<'a>(question: &Question, found: impl Iterator<Item = &'a RData>) -> Records {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match question {
        Question::Naptr { .. } => Records::Naptr(
            found
                .filter_map(|data| match data {
                    RData::NAPTR(naptr) => Some(Naptr {
                        order: naptr.order,
                        preference: naptr.preference,
                        flags: text(&naptr.flags),
                        service: text(&naptr.services),
                        replacement: naptr.replacement.to_ascii(),
                    }),
                    _ => None,
                })
                .collect(),
        ),
        Question::Srv { .. } => Records::Srv(
            found
                .filter_map(|data| match data {
                    RData::SRV(srv) => Some(Srv {
                        priority: srv.priority,
                        weight: srv.weight,
                        port: srv.port,
                        target: srv.target.to_ascii(),
                    }),
                    _ => None,
                })
                .collect(),
        ),
        Question::A { .. } | Question::Aaaa { .. } => Records::Addresses(
            found
                .filter_map(|data| match data {
                    RData::A(a) => Some(IpAddr::V4(a.0)),
                    RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.0)),
                    _ => None,
                })
                .collect(),
        ),
    }
}
