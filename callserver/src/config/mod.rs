//! What the operator decides: defaults, then the configuration file, then the command line.

mod error;
mod file;
mod files;
mod guests;
mod listen;
mod live_rooms;
mod park;
mod relay;
mod rtp_ports;
mod services;
mod voicemail;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use switch::Network;

pub use error::ConfigError;
pub use file::{
    AccountsSection, CallsSection, ClusterSection, ConfigFile, DigestAlgorithm, DigestSection,
    GuardSection, HttpSection, LogFormat, LogSection, MediaSection, MetricsSection, NumbersSection,
    RegistrationSection, TlsSection,
};
pub use files::FilesSection;
pub use guests::{GuestCalls, GuestsSection};
pub use listen::Encrypted;
pub use live_rooms::LiveRoomsSection;
pub use park::ParkSection;
pub use relay::{RelayEngine, RelaySection};
pub use rtp_ports::{RtpPorts, RtpPortsRefused};
pub use services::{EmergencySection, ServiceCodesSection, WhoPicksUp};
pub use voicemail::VoicemailSection;

use crate::certificate::CertificateFiles;
use crate::files::{BucketPlace, FileLimits};
use crate::live_rooms::HallConfig;
use crate::store::DatabasePlace;
use crate::{DataFolder, logging};

/// Everything that the server is started with, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The data folder.
    pub data: PathBuf,
    /// The SIP domain, if the operator named one; else the one stored at the first start.
    pub domain: Option<String>,
    /// Where SIP is spoken over UDP and TCP: one address or more. Port 0 lets the system choose.
    pub sip: Vec<SocketAddr>,
    /// Where SIP over TLS is spoken.
    pub sips: Encrypted,
    /// Where HTTP is spoken. Port 0 lets the system choose.
    pub http: SocketAddr,
    /// Where HTTPS is spoken.
    pub https: Encrypted,
    /// The operator's own certificate; without it the one in the data folder is used, and made if it is missing.
    pub certificate: Option<CertificateFiles>,
    /// The database.
    pub database: DatabasePlace,
    /// The ports of the relay.
    pub rtp_ports: RtpPorts,
    /// How the relay works.
    pub relay: RelaySection,
    /// The address that phones are told to send audio to; `None` takes the one that SIP listens on.
    pub media_address: Option<IpAddr>,
    /// How phones prove who they are.
    pub digest: DigestSection,
    /// How long registrations live.
    pub registration: RegistrationSection,
    /// Limits and times of calls.
    pub calls: CallsSection,
    /// What can be dialled besides numbers.
    pub service_codes: switch::ServiceCodes,
    /// Where calls wait until somebody takes them.
    pub park: switch::Park,
    /// Messages that callers leave.
    pub voicemail: VoicemailSection,
    /// Who may take calls that ring elsewhere.
    pub pick_up: switch::PickUp,
    /// Which numbers call for help.
    pub emergency: Option<switch::Emergency>,
    /// Numbers for people without an account.
    pub guests: GuestsSection,
    /// Whom those may call.
    pub guest_calls: GuestCalls,
    /// Who may make an account.
    pub accounts: AccountsSection,
    /// What sources of SIP may do wrong.
    pub guard: switch::GuardConfig,
    /// Other servers on the same database.
    pub cluster: ClusterSection,
    /// The number plan.
    pub numbers: NumbersSection,
    /// From where the figures for monitoring may be read.
    pub metrics_readers: Vec<Network>,
    /// Limits of the store of files.
    pub files: FileLimits,
    /// Where their contents are kept, if not in the data folder.
    pub bucket: Option<BucketPlace>,
    /// Where the live rooms are, and their limits; `None` if there are none.
    pub live_rooms: Option<(SocketAddr, HallConfig)>,
    /// Limits of the HTTP interface.
    pub http_limits: HttpSection,
    /// What is logged, and how.
    pub log: LogSection,
}

/// What the command line says; it wins over the file. See [`ConfigFile`] for the meaning of each.
#[derive(Clone, Default, Debug)]
pub struct Overrides {
    /// `--data`
    pub data: Option<PathBuf>,
    /// `--domain`
    pub domain: Option<String>,
    /// `--sip`
    pub sip: Option<String>,
    /// `--sips`
    pub sips: Option<String>,
    /// `--http`
    pub http: Option<String>,
    /// `--https`
    pub https: Option<String>,
    /// `--rtp-ports`
    pub rtp_ports: Option<String>,
    /// `--database`
    pub database: Option<String>,
}

const DEFAULT_SIP: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5060);
const DEFAULT_HTTP: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
/// RFC 3261 section 19.1.2.
const SIPS_PORT: u16 = 5061;
/// 443 would need a right that the server should not have.
const HTTPS_PORT: u16 = 8443;

impl Config {
    /// Reads the file, if one is named, and lays the command line over it.
    ///
    /// # Errors
    /// One sentence that names the file and line, or the option, and what to write instead.
    pub fn load(file: Option<&Path>, overrides: Overrides) -> Result<Self, ConfigError> {
        let file = match file {
            Some(path) => ConfigFile::read(path)?,
            None => ConfigFile::default(),
        };
        Self::resolve(file, overrides)
    }

    fn resolve(file: ConfigFile, over: Overrides) -> Result<Self, ConfigError> {
        let beyond = file.plain_beyond_loopback;
        let sip = listen::several("sip", over.sip.or(file.sip), DEFAULT_SIP, beyond)?;
        let http = listen::plain("http", over.http.or(file.http), DEFAULT_HTTP, beyond)?;
        let sips = Encrypted::read("sips", over.sips.or(file.sips), SIPS_PORT)?;
        let https = Encrypted::read("https", over.https.or(file.https), HTTPS_PORT)?;
        let certificate = match (file.tls.certificate, file.tls.key) {
            (Some(certificate), Some(key)) => Some(CertificateFiles { certificate, key }),
            (None, None) => None,
            _ => return Err(ConfigError::HalfACertificate),
        };
        let domain = over
            .domain
            .or(file.domain)
            .map(|text| check_domain(&text))
            .transpose()?;
        let data = over
            .data
            .or(file.data)
            .unwrap_or_else(DataFolder::default_path);
        let database = match over.database.or(file.database) {
            Some(text) => DatabasePlace::parse(&text)?,
            None => DatabasePlace::File(DataFolder::database(&data)),
        };
        let rtp_ports = match over.rtp_ports.or(file.rtp_ports) {
            Some(text) => RtpPorts::parse(&text)?,
            None => RtpPorts::default(),
        };
        logging::filter(&file.log)?;
        if file.digest.algorithms.is_empty() {
            return Err(ConfigError::NoDigest);
        }
        let registration = file.registration;
        if registration.min_expires_seconds > registration.max_expires_seconds {
            return Err(ConfigError::RegistrationTimes);
        }
        let guard = guard(&file.guard)?;
        let guest_calls = GuestCalls::parse(&file.guests.may_call)?;
        if file.guests.lease_hours == 0 {
            return Err(ConfigError::NoLease);
        }
        let service_codes = file.service_codes.codes()?;
        let metrics_readers = networks("[metrics] readers", &file.metrics.readers)?;
        Ok(Self {
            data,
            domain,
            sip,
            sips,
            http,
            https,
            certificate,
            database,
            rtp_ports,
            relay: file.relay,
            media_address: file.media.address,
            digest: file.digest,
            registration,
            calls: file.calls,
            park: file.park.rule(&service_codes)?,
            service_codes,
            pick_up: file.service_codes.who(),
            voicemail: file.voicemail,
            emergency: file.emergency.rule()?,
            guests: file.guests,
            guest_calls,
            accounts: file.accounts,
            guard,
            cluster: cluster(file.cluster)?,
            numbers: file.numbers,
            metrics_readers,
            files: file.files.limits(),
            bucket: file.files.bucket(beyond)?,
            live_rooms: file.live_rooms.read()?,
            http_limits: file.http_limits,
            log: file.log,
        })
    }
}

/// What other servers are told must be an address: a mistake would show in calls alone.
fn cluster(section: ClusterSection) -> Result<ClusterSection, ConfigError> {
    if let Some(text) = &section.sip {
        let is_address = text.rsplit_once(':').is_some_and(|(host, port)| {
            !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0)
        });
        if !is_address {
            return Err(ConfigError::Cluster { text: text.clone() });
        }
    }
    Ok(section)
}

fn guard(section: &GuardSection) -> Result<switch::GuardConfig, ConfigError> {
    if section.first_ban_seconds > section.longest_ban_seconds {
        return Err(ConfigError::BanTimes);
    }
    if section.failures_per_source == 0 {
        return Err(ConfigError::NoFailures);
    }
    Ok(switch::GuardConfig {
        window: Duration::from_secs(section.window_seconds),
        failures_of_source: section.failures_per_source,
        failures_of_account: section.failures_per_account,
        first_ban: Duration::from_secs(section.first_ban_seconds),
        longest_ban: Duration::from_secs(section.longest_ban_seconds),
        exempt: networks("[guard] exempt", &section.exempt)?,
        ..switch::GuardConfig::default()
    })
}

fn networks(key: &'static str, texts: &[String]) -> Result<Vec<Network>, ConfigError> {
    let network = |text: &String| {
        text.parse().map_err(|_| ConfigError::Network {
            key,
            text: text.clone(),
        })
    };
    texts.iter().map(network).collect()
}

/// A domain is a host name or an address: it is the host part of every SIP address and the digest realm.
fn check_domain(text: &str) -> Result<String, ConfigError> {
    let name = text.trim_end_matches('.').to_ascii_lowercase();
    let label = |part: &str| {
        (1..=63).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    let is_address = name.parse::<IpAddr>().is_ok();
    if is_address || (name.len() <= 253 && name.split('.').all(label)) {
        Ok(name)
    } else {
        Err(ConfigError::Domain {
            text: text.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(text: &str, over: Overrides) -> Result<Config, ConfigError> {
        Config::resolve(ConfigFile::parse(Path::new("c.toml"), text)?, over)
    }

    #[test]
    fn without_a_file_everything_plain_stays_on_loopback() {
        let config = resolve("", Overrides::default()).unwrap();
        assert_eq!(config.sip, ["127.0.0.1:5060".parse().unwrap()]);
        assert_eq!(config.http, "127.0.0.1:8080".parse().unwrap());
        assert!(config.database.to_string().ends_with("carillon.sqlite"));
    }

    #[test]
    fn the_command_line_wins_over_the_file() {
        let over = Overrides {
            sip: Some("127.0.0.1:0".into()),
            ..Overrides::default()
        };
        let config = resolve("sip = \"127.0.0.1:5999\"\nhttp = \"[::1]\"", over).unwrap();
        assert_eq!(config.sip, ["127.0.0.1:0".parse().unwrap()]);
        assert_eq!(config.http, "[::1]:8080".parse().unwrap());
    }

    #[test]
    fn sip_is_spoken_on_as_many_addresses_as_are_named() {
        let config = resolve("sip = \"127.0.0.1, [::1]:5070\"", Overrides::default()).unwrap();
        let wanted = ["127.0.0.1:5060", "[::1]:5070"].map(|text| text.parse().unwrap());
        assert_eq!(config.sip, wanted);
        let refused = resolve("sip = \"127.0.0.1,192.0.2.1\"", Overrides::default());
        assert!(refused.unwrap_err().to_string().contains("192.0.2.1"));
    }

    #[test]
    fn the_operator_orders_the_digest_algorithms_and_leaves_one_at_least() {
        let text = "[digest]\nalgorithms = [\"MD5\", \"SHA-256\"]";
        let config = resolve(text, Overrides::default()).unwrap();
        let order = [DigestAlgorithm::Md5, DigestAlgorithm::Sha256];
        assert_eq!(config.digest.algorithms, order);
        let error = resolve("[digest]\nalgorithms = []", Overrides::default()).unwrap_err();
        assert!(
            error.to_string().contains("[\"SHA-256\", \"MD5\"]"),
            "{error}"
        );
    }

    #[test]
    fn plain_sip_beyond_loopback_needs_the_operators_word() {
        let refused = resolve("sip = \"0.0.0.0:5060\"", Overrides::default())
            .unwrap_err()
            .to_string();
        assert!(
            refused.contains("plain_beyond_loopback = true"),
            "{refused}"
        );
        resolve(
            "plain_beyond_loopback = true\nsip = \"0.0.0.0:5060\"",
            Overrides::default(),
        )
        .unwrap();
    }

    #[test]
    fn each_mistake_is_one_sentence_that_names_it() {
        for (text, part) in [
            ("sip = \"here\"", "127.0.0.1:5060"),
            ("sips = \"on\"", "--sips"),
            ("https = \"here\"", "0.0.0.0:8443"),
            ("[tls]\ncertificate = \"/c.pem\"", "[tls]"),
            ("domain = \"a b\"", "\"a b\""),
            ("domain = \"-a.b\"", "-a.b"),
            ("database = \"postgres://x\"", "PostgreSQL"),
            ("database = \"postgres://x/y?ssl=1\"", "\"ssl\""),
            ("database = \"mysql://x\"", "mysql://x"),
            ("rtp_ports = \"40000-30000\"", "40000-30000"),
            ("[log]\nlevel = \"x=y\"", "level"),
            ("[guard]\nexempt = [\"10.0.0.0/40\"]", "10.0.0.0/40"),
            ("[guard]\nfirst_ban_seconds = 90000", "longest_ban_seconds"),
            ("[guard]\nfailures_per_source = 0", "failures_per_source"),
            ("[cluster]\nsip = \"here\"", "[cluster] sip"),
            ("[service_codes]\npick_up = \"7\"", "pick_up"),
            ("[emergency]\nto = \"1000\"", "[emergency]"),
            ("[guests]\nlease_hours = 0", "lease_hours"),
            ("[guests]\nmay_call = [\"all\"]", "may_call"),
            ("[metrics]\nreaders = [\"me\"]", "[metrics] readers"),
            (
                "[registration]\nmin_expires_seconds = 7200",
                "min_expires_seconds",
            ),
        ] {
            let sentence = resolve(text, Overrides::default()).unwrap_err().to_string();
            assert!(sentence.contains(part), "{text}: {sentence}");
            assert!(
                !sentence.contains('\n') && sentence.ends_with('.'),
                "{sentence}"
            );
        }
    }
}
