//! Why a configuration is refused: one sentence each, with what to write instead.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::RtpPortsRefused;
use crate::logging::LogLevelError;
use crate::store::PlaceRefused;

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Nobody could sign in.
    #[error(
        "The configuration allows no digest algorithm, so no phone could sign in; write algorithms = [\"SHA-256\", \"MD5\"] under [digest], or leave it out."
    )]
    NoDigest,
    /// The file cannot be read.
    #[error("The configuration file {} cannot be read ({source}); check the path after --config and its permissions.", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not TOML, or has a key or value that is not known.
    #[error("The configuration file {} is wrong in line {line}: {message}.", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// A listening address cannot be understood.
    #[error(
        "--{option} {text:?} is not an address with a port; write it like {default}, with port 0 for any free one."
    )]
    Address {
        /// The option, also the key in the file.
        option: &'static str,
        /// What was written.
        text: String,
        /// A good example.
        default: SocketAddr,
    },
    /// Not the name of a bucket.
    #[error("s3 = {text:?} under [files] is no bucket; write it like \"s3://BUCKET/FOLDER\".")]
    Bucket {
        /// What was written.
        text: String,
    },
    /// No URL, or files would travel unencrypted.
    #[error(
        "s3_endpoint = {endpoint:?} under [files] is not taken; write it like \"https://HOST\". Files travel unencrypted beyond this machine only with plain_beyond_loopback = true."
    )]
    BucketEndpoint {
        /// What was written.
        endpoint: String,
    },
    /// Unencrypted SIP or HTTP would be reachable from other machines.
    #[error(
        "--{option} {address} would carry passwords and calls unencrypted beyond this machine; if you want that, write plain_beyond_loopback = true in the configuration file."
    )]
    BeyondLoopback {
        /// The option.
        option: &'static str,
        /// The address.
        address: SocketAddr,
    },
    /// Everybody would be out at once.
    #[error(
        "Nobody could stay in a live room; write how long people may be silent as timeout_seconds in [live_rooms], such as 120."
    )]
    NoLiveRoomsTimeout,
    /// Where others reach this server cannot be understood.
    #[error(
        "[cluster] sip = {text:?} is not where other servers could reach this one; write it like \"a.example.org:5060\" or \"192.0.2.1:5060\"."
    )]
    Cluster {
        /// What was written.
        text: String,
    },
    /// A certificate without its key, or the other way round.
    #[error(
        "[tls] names only one of certificate and key; name both, or neither to use the one that the server makes."
    )]
    HalfACertificate,
    /// The domain is not a host name.
    #[error("The domain {text:?} is not a host name; write one like phones.example.org.")]
    Domain {
        /// What was written.
        text: String,
    },
    /// The database cannot be understood.
    #[error(transparent)]
    Database(#[from] PlaceRefused),
    /// The port range of the relay is of no use.
    #[error(transparent)]
    RtpPorts(#[from] RtpPortsRefused),
    /// The log's level.
    #[error(transparent)]
    LogLevel(#[from] LogLevelError),
    /// The shortest registration is longer than the longest.
    #[error(
        "In [registration], min_expires_seconds is larger than max_expires_seconds; make it smaller."
    )]
    RegistrationTimes,
    /// The first ban is longer than the longest.
    #[error("In [guard], first_ban_seconds is larger than longest_ban_seconds; make it smaller.")]
    BanTimes,
    /// Everybody would be banned at once.
    #[error(
        "In [guard], failures_per_source is 0, which would ban every phone; write 1 or more, or leave it out."
    )]
    NoFailures,
    /// A service code that could be a number.
    #[error(
        "In [service_codes], {key} is {text:?}; write * or #, and then digits, * and #, or nothing for no code."
    )]
    ServiceCode {
        /// Which one.
        key: &'static str,
        /// What was written.
        text: String,
    },
    /// A slot or code for parked calls that could be something else.
    #[error(
        "In [park], {key} is {text:?}; write * or #, and then digits, so that it ends in the number of a slot and no slot is one of [service_codes]; at most 1000 slots."
    )]
    Park {
        /// Which one.
        key: &'static str,
        /// What was written.
        text: String,
    },
    /// Calls for help that lead nowhere, or a place that nothing leads to.
    #[error("[emergency] needs both: numbers, which people dial, and to, the number that rings.")]
    EmergencyInPart,
    /// Where calls for help lead is no number.
    #[error("In [emergency], to is {text:?}, which is not a number; write one like 1000.")]
    EmergencyNumber {
        /// What was written.
        text: String,
    },
    /// Guests would lose their numbers at once.
    #[error(
        "In [guests], lease_hours is 0, which would take every number back at once; write 1 or more, or leave it out."
    )]
    NoLease,
    /// Whom guests may call cannot be understood.
    #[error(
        "In [guests], may_call holds {text:?}; write accounts, guests, conferences, services, or a number with an x for any digit, such as 10xx."
    )]
    GuestCalls {
        /// What was written.
        text: String,
    },
    /// A network cannot be understood.
    #[error(
        "{key} holds {text:?}, which is not a network; write it like 192.0.2.0/24 or 2001:db8::/32."
    )]
    Network {
        /// Section and key.
        key: &'static str,
        /// What was written.
        text: String,
    },
}
