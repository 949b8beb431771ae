//! The configuration file, as it is written: TOML, and no key that nobody knows.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::{
    ConfigError, EmergencySection, FilesSection, GuestsSection, LiveRoomsSection, ParkSection,
    RelaySection, ServiceCodesSection, VoicemailSection,
};

/// The file. Each key has the meaning of the command line's option of the same name, which wins over it.
#[derive(Clone, Default, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConfigFile {
    /// The data folder.
    pub data: Option<PathBuf>,
    /// The SIP domain and digest realm.
    pub domain: Option<String>,
    /// Where SIP is spoken, `ADDRESS:PORT`, or several of them with commas between.
    pub sip: Option<String>,
    /// Where SIP over TLS is spoken, `ADDRESS:PORT`, or `off`.
    pub sips: Option<String>,
    /// Where HTTP is spoken, `ADDRESS:PORT`.
    pub http: Option<String>,
    /// Where HTTPS is spoken, `ADDRESS:PORT`, or `off`.
    pub https: Option<String>,
    /// The relay's ports, `LOW-HIGH`, or `0` for any.
    pub rtp_ports: Option<String>,
    /// The database: a path, `sqlite://PATH` or `postgres://USER@HOST:PORT/DATABASE`.
    pub database: Option<String>,
    /// Whether unencrypted SIP and HTTP may listen on other addresses than this machine's own.
    pub plain_beyond_loopback: bool,
    /// The certificate.
    pub tls: TlsSection,
    /// Audio.
    pub media: MediaSection,
    /// The relay.
    pub relay: RelaySection,
    /// How phones prove who they are.
    pub digest: DigestSection,
    /// Registrations.
    pub registration: RegistrationSection,
    /// Calls.
    pub calls: CallsSection,
    /// What can be dialled besides numbers.
    pub service_codes: ServiceCodesSection,
    /// Where calls wait until somebody takes them.
    pub park: ParkSection,
    /// Messages that callers leave.
    pub voicemail: VoicemailSection,
    /// Calls for help.
    pub emergency: EmergencySection,
    /// Numbers for people without an account.
    pub guests: GuestsSection,
    /// What sources of SIP may do wrong.
    pub guard: GuardSection,
    /// Who may make an account.
    pub accounts: AccountsSection,
    /// Other servers on the same database.
    pub cluster: ClusterSection,
    /// The number plan.
    pub numbers: NumbersSection,
    /// Files that people send.
    pub files: FilesSection,
    /// Chat over plain TCP and UDP.
    pub live_rooms: LiveRoomsSection,
    /// The figures for monitoring.
    pub metrics: MetricsSection,
    /// The HTTP interface's limits.
    pub http_limits: HttpSection,
    /// The log.
    pub log: LogSection,
}

/// `[tls]`
#[derive(Clone, Default, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TlsSection {
    /// The operator's own certificate, PEM; after it those between it and its authority.
    pub certificate: Option<PathBuf>,
    /// Its private key, PEM.
    pub key: Option<PathBuf>,
}

/// `[cluster]`
#[derive(Clone, Default, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClusterSection {
    /// `HOST:PORT` where other servers on the same database reach this one's SIP over TCP, if that is not what it listens on.
    pub sip: Option<String>,
}

/// `[accounts]`
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountsSection {
    /// Who may make an account.
    pub sign_up: api::SignUp,
    /// How often somebody at one address may try to, within an hour.
    pub per_address_per_hour: u32,
}

impl Default for AccountsSection {
    fn default() -> Self {
        Self {
            sign_up: api::SignUp::default(),
            // A class behind one address signs up in one lesson; who wants all numbers needs weeks.
            per_address_per_hour: 60,
        }
    }
}

/// `[media]`
#[derive(Clone, Default, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MediaSection {
    /// The address that phones are told to send audio to, if it is another than the one that SIP listens on.
    pub address: Option<IpAddr>,
}

/// `[digest]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DigestSection {
    /// The algorithms that are offered and accepted, in the order in which phones shall prefer them.
    pub algorithms: Vec<DigestAlgorithm>,
}

impl Default for DigestSection {
    fn default() -> Self {
        // RFC 8760 2.4: the strongest first. The two of SHA-2 are equally long; the one that more phones know goes
        // first, because some (Linphone 5.1) give up when they do not know the first.
        Self {
            algorithms: vec![
                DigestAlgorithm::Sha256,
                DigestAlgorithm::Sha512Trunc256,
                DigestAlgorithm::Md5,
            ],
        }
    }
}

/// A digest algorithm by its registered name (RFC 7616 6.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
pub enum DigestAlgorithm {
    /// `SHA-512-256`
    #[serde(rename = "SHA-512-256")]
    Sha512Trunc256,
    /// `SHA-256`
    #[serde(rename = "SHA-256")]
    Sha256,
    /// `MD5`
    #[serde(rename = "MD5")]
    Md5,
}

/// `[numbers]`
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NumbersSection {
    /// How many numbers one account may hold.
    pub per_account: u32,
    /// How long a number rests that its owner gave up. 0: it is free at once.
    pub quarantine_days: u32,
    /// How long a number rests that a guest had. 0: it is free at once.
    pub guest_quarantine_hours: u32,
    /// What people dial for `+`, such as `00`.
    pub international_prefix: Option<String>,
}

impl Default for NumbersSection {
    fn default() -> Self {
        Self {
            per_account: 5,
            quarantine_days: 45,
            // Nobody knows a guest's number for long, but whoever called it yesterday should not reach another guest today.
            guest_quarantine_hours: 24,
            international_prefix: None,
        }
    }
}

/// `[registration]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RegistrationSection {
    /// The shortest registration that is granted, in seconds.
    pub min_expires_seconds: u32,
    /// The longest, in seconds.
    pub max_expires_seconds: u32,
}

impl Default for RegistrationSection {
    fn default() -> Self {
        Self {
            min_expires_seconds: 60,
            max_expires_seconds: 3600,
        }
    }
}

/// `[calls]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallsSection {
    /// How long phones ring before the caller is told that nobody answers, in seconds.
    pub ring_timeout_seconds: u64,
    /// The most calls at once.
    pub max_calls: usize,
    /// After how many seconds without any audio an answered call ends, unless somebody is on hold; 0: never.
    pub silence_seconds: u64,
    /// For how many minutes somebody who has called in vain may wait for the callee; 0: nobody is called back.
    pub call_back_minutes: u64,
    /// How many kilobytes of the last SIP messages of calls are kept in memory for `callctl calls trace`; 0: none.
    pub trace_kilobytes: usize,
}

impl Default for CallsSection {
    fn default() -> Self {
        Self {
            ring_timeout_seconds: 60,
            max_calls: 10_000,
            // Two phones that are there send reports at least every few seconds (RFC 3550 section 6.2), whatever they say.
            silence_seconds: 90,
            call_back_minutes: 45,
            // Some five hundred calls of a dozen messages.
            trace_kilobytes: 4096,
        }
    }
}

impl CallsSection {
    /// How long both phones may be silent that should speak; `None`: for ever.
    pub fn longest_silence(&self) -> Option<Duration> {
        (self.silence_seconds > 0).then(|| Duration::from_secs(self.silence_seconds))
    }
}

/// `[guard]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GuardSection {
    /// Failures are counted within so many seconds.
    pub window_seconds: u64,
    /// So many failures of one source within the window ban it.
    pub failures_per_source: u32,
    /// So many failures of one source with one login are free; then it has to wait longer and longer.
    pub failures_per_account: u32,
    /// How long the first ban lasts, in seconds; each further one doubles it.
    pub first_ban_seconds: u64,
    /// The longest ban, in seconds.
    pub longest_ban_seconds: u64,
    /// Networks that are never banned, `ADDRESS/BITS`.
    pub exempt: Vec<String>,
}

impl Default for GuardSection {
    fn default() -> Self {
        let usual = switch::GuardConfig::default();
        Self {
            window_seconds: usual.window.as_secs(),
            failures_per_source: usual.failures_of_source,
            failures_per_account: usual.failures_of_account,
            first_ban_seconds: usual.first_ban.as_secs(),
            longest_ban_seconds: usual.longest_ban.as_secs(),
            exempt: usual.exempt.iter().map(ToString::to_string).collect(),
        }
    }
}

/// `[metrics]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsSection {
    /// Networks from which `/metrics` may be read, `ADDRESS/BITS`.
    pub readers: Vec<String>,
}

impl Default for MetricsSection {
    fn default() -> Self {
        // How many calls there are and who fails to log in is nobody else's business.
        Self {
            readers: vec!["127.0.0.0/8".into(), "::1/128".into()],
        }
    }
}

/// `[http_limits]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpSection {
    /// The most connections at once with HTTP, and as many with HTTPS; an eighth of them from one address.
    pub max_connections: usize,
    /// Failed logins in a row before one address has to wait.
    pub failed_logins_per_address: u32,
    /// Failed logins in a row before one account has to wait.
    pub failed_logins_per_account: u32,
    /// Requests in a minute, whatever they ask for, before one address has to wait. This machine itself never waits.
    pub requests_per_address_per_minute: u32,
    /// Requests in a minute before one session has to wait.
    pub requests_per_session_per_minute: u32,
}

impl Default for HttpSection {
    fn default() -> Self {
        // An address may be a whole company behind one router, and each softphone listens for events on a connection.
        Self {
            max_connections: 4_000,
            failed_logins_per_address: 30,
            failed_logins_per_account: 10,
            // Twenty a second for a whole company, ten for one softphone: more than people can cause.
            requests_per_address_per_minute: 1_200,
            requests_per_session_per_minute: 600,
        }
    }
}

/// `[log]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSection {
    /// For people, or one JSON object a line.
    pub format: LogFormat,
    /// The least serious level that is logged: `error`, `warn`, `info`, `debug` or `trace`; also a list of
    /// `MODULE=LEVEL`, separated by commas.
    pub level: String,
}

impl Default for LogSection {
    fn default() -> Self {
        Self {
            format: LogFormat::Human,
            level: "info".into(),
        }
    }
}

/// How log lines are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

impl ConfigFile {
    /// Reads a file.
    ///
    /// # Errors
    /// If it cannot be read, or says something that is not understood; the line is named.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(path, &text)
    }

    /// Reads the text of the file `path`.
    ///
    /// # Errors
    /// As [`ConfigFile::read`].
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start.min(text.len()));
            ConfigError::File {
                path: path.to_owned(),
                line: text.as_bytes()[..start]
                    .iter()
                    .filter(|byte| **byte == b'\n')
                    .count()
                    + 1,
                message: error.message().trim_end_matches('.').replace('\n', ", "),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_refused_with_its_line() {
        let error = ConfigFile::parse(Path::new("c.toml"), "sip = \"127.0.0.1:1\"\n\nsipp = 1\n")
            .unwrap_err();
        let sentence = error.to_string();
        assert!(
            sentence.starts_with(
                "The configuration file c.toml is wrong in line 3: unknown field `sipp`"
            ),
            "{sentence}"
        );
    }

    #[test]
    fn a_wrong_type_and_broken_toml_are_refused_with_their_line() {
        for (text, line) in [
            ("[calls]\nmax_calls = \"many\"", 2),
            ("data = \"x\"\nsip = ", 2),
            ("[log]\nformat = \"xml\"", 2),
            ("[calls]\nmax_calls = -1", 2),
        ] {
            let ConfigError::File {
                line: found,
                message,
                ..
            } = ConfigFile::parse(Path::new("c.toml"), text).unwrap_err()
            else {
                panic!("another error for {text}");
            };
            assert_eq!(found, line, "{text}");
            assert!(!message.contains('\n'), "{message}");
        }
    }

    #[test]
    fn every_key_can_be_written() {
        let text = r#"
            data = "/d"
            domain = "example.org"
            sip = "127.0.0.1:5060"
            http = "127.0.0.1:8080"
            rtp_ports = "40000-40999"
            database = "sqlite:///d/x.sqlite"
            plain_beyond_loopback = true
            sips = "0.0.0.0:5061"
            https = "off"
            [tls]
            certificate = "/etc/x/certificate.pem"
            key = "/etc/x/key.pem"
            [media]
            address = "192.0.2.1"
            [registration]
            min_expires_seconds = 30
            max_expires_seconds = 600
            [calls]
            ring_timeout_seconds = 20
            max_calls = 5
            silence_seconds = 0
            [guests]
            enabled = true
            lease_hours = 2
            per_address_per_hour = 3
            may_call = ["guests", "10xx"]
            may_see_directory = true
            may_upgrade = false
            [guard]
            window_seconds = 60
            failures_per_source = 5
            failures_per_account = 2
            first_ban_seconds = 10
            longest_ban_seconds = 3600
            exempt = ["192.0.2.0/24"]
            [files]
            max_megabytes = 10
            per_account_megabytes = 20
            [live_rooms]
            listen = "0.0.0.0:5070"
            timeout_seconds = 30
            max_rooms = 5
            [metrics]
            readers = ["192.0.2.7"]
            [http_limits]
            max_connections = 10
            failed_logins_per_address = 3
            failed_logins_per_account = 3
            requests_per_address_per_minute = 30
            requests_per_session_per_minute = 20
            [log]
            format = "json"
            level = "debug"
        "#;
        let file = ConfigFile::parse(Path::new("c.toml"), text).unwrap();
        assert_eq!(file.log.format, LogFormat::Json);
        assert_eq!(file.calls.max_calls, 5);
    }

    #[test]
    fn the_example_is_right_as_it_is_and_with_every_key_uncommented() {
        let example = include_str!("../../callserver.example.toml");
        let is_key = |line: &str| line.starts_with("# ") && line.contains(" = ");
        let uncommented: String = example
            .lines()
            .map(|line| format!("{}\n", if is_key(line) { &line[2..] } else { line }))
            .collect();
        for text in [example, &uncommented] {
            ConfigFile::parse(Path::new("example"), text).unwrap();
        }
        assert!(uncommented.contains("\nmax_calls = 10000\n"));
    }
}
