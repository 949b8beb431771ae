//! The command line.

mod files;
mod live;
mod verbs;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use files::{FileVerb, VoiceNoteVerb};
pub use live::{LiveEntryArguments, LiveVerb};
pub use verbs::{
    AccountVerb, CallBackVerb, CallSettingsChange, CallSettingsVerb, ContactsVerb, GreetingVerb,
    NumberVerb, OldNumber, PresenceVerb, RoomsVerb, Verb, VoicemailsVerb,
};

use crate::engine::{Digit, EngineConfig, Fingerprint, PeerToPeer, SipTransport};

/// The Carillon softphone.
#[derive(Debug, Parser)]
#[command(
    name = "softphone",
    version,
    about = "The Carillon softphone: call and be called through your own call server",
    long_about = "The Carillon softphone: call and be called through your own call server.\n\n\
                  Without a subcommand it opens its window. `softphone headless` does the same work without one, \
                  for scripts and tests."
)]
pub struct Cli {
    /// What the window starts with.
    #[command(flatten)]
    pub window: WindowArguments,
    /// What to do instead of opening the window.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What the window starts with.
#[derive(Debug, Args)]
pub struct WindowArguments {
    /// The server's web address, filled in at sign-in
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// The account's name, filled in at sign-in
    #[arg(long, value_name = "NAME")]
    pub login: Option<String>,
    /// Sound and network.
    #[command(flatten)]
    pub engine: EngineArguments,
}

/// What to do instead of opening the window.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Work without a window: one JSON object per line on stdout, logs on stderr
    Headless(HeadlessArguments),
    /// Conversations and your account on a terminal, with numbered menus
    Menu(MenuArguments),
}

/// What the menus start with.
#[derive(Debug, Args)]
pub struct MenuArguments {
    /// The server's web address; asked for without it
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// The account's name; asked for without it
    #[arg(long, value_name = "NAME")]
    pub login: Option<String>,
    /// Keep the sign-in, certificates and conversations in this folder instead of the usual place
    #[arg(long, value_name = "FOLDER")]
    pub keep: Option<PathBuf>,
    /// Network.
    #[command(flatten)]
    pub engine: EngineArguments,
}

/// Who the headless softphone is, and what it does.
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = "Example: two phones on one server, one speaks a recording and the other records it:\n  \
        softphone headless --server http://127.0.0.1:8080 --login bela --password-file bela.txt \\\n      \
        --audio-in silence --audio-out heard.wav answer --for 10\n  \
        softphone headless --server http://127.0.0.1:8080 --login amina --password-file amina.txt \\\n      \
        --audio-in speech.wav --audio-out null call 201 --for 10"
)]
pub struct HeadlessArguments {
    /// The server's web address, such as https://phone.example.org:8443, or a link with its fingerprint
    #[arg(long, value_name = "URL", required_unless_present_any = ["keep", "live_rooms"])]
    pub server: Option<String>,
    /// The account's name
    #[arg(long, value_name = "NAME", requires = "password_file", required_unless_present_any = ["guest", "keep", "live_rooms"])]
    pub login: Option<String>,
    /// A file with the account's password; one line break at its end is not part of it
    #[arg(long, value_name = "FILE", requires = "login")]
    pub password_file: Option<PathBuf>,
    /// Come without an account: the server lends a number
    #[arg(long, conflicts_with = "login")]
    pub guest: bool,
    /// What others shall see of a guest
    #[arg(long, value_name = "TEXT", requires = "guest")]
    pub display_name: Option<String>,
    /// Keep the sign-in and the trusted certificates in this folder, and go on with what it holds
    #[arg(long, value_name = "FOLDER")]
    pub keep: Option<PathBuf>,
    /// Where live rooms are, for `rooms live`, which needs no account
    #[arg(long, value_name = "HOST:PORT")]
    pub live_rooms: Option<String>,
    /// Take orders from stdin while calls go on, one a line: hold, resume, mute, unmute, digits 123#, call TARGET,
    /// answer, decline, hangup, transfer TARGET, transfer-to CALL, park, message TARGET TEXT, file TARGET PATH,
    /// save MESSAGE FOLDER, edit MESSAGE TEXT, delete MESSAGE, react MESSAGE EMOJI, look TARGET (what comes there is read)
    #[arg(long)]
    pub commands: bool,
    /// Sound and network.
    #[command(flatten)]
    pub engine: EngineArguments,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// Sound and network.
#[derive(Debug, Args)]
pub struct EngineArguments {
    /// Where speech comes from: a WAV file, tone, silence, device or device:NAME
    #[arg(long, value_name = "SOURCE", default_value = "device")]
    pub audio_in: String,
    /// Where speech goes: a WAV file, null, device or device:NAME
    #[arg(long, value_name = "SINK", default_value = "device")]
    pub audio_out: String,
    /// The transport for SIP; TLS where the server offers it, else UDP, else TCP
    #[arg(long, visible_alias = "transport", value_name = "TRANSPORT")]
    pub sip_transport: Option<TransportArgument>,
    /// The codecs to speak, the best first, with commas between them
    #[arg(
        long,
        value_name = "CODECS",
        value_delimiter = ',',
        default_value = "opus,g722,pcmu,pcma"
    )]
    pub codecs: Vec<CodecArgument>,
    /// Let sound travel in the open, even where signalling is encrypted
    #[arg(long)]
    pub plain_sound: bool,
    /// Whether conversations of two may go from device to device on one network; the other one then sees this computer's
    /// address there. Only a phone that keeps its conversations does so
    #[arg(long, value_name = "ON|OFF", default_value = "on")]
    pub peer_to_peer: Switch,
    /// How often what went from device to device is brought to the server, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub flush_seconds: u64,
    /// The SHA-256 fingerprint of the certificate that the server must show, 64 hexadecimal digits
    #[arg(long, value_name = "SHA256")]
    pub server_fingerprint: Option<Fingerprint>,
    /// Let the password travel over plain HTTP to another computer
    #[arg(long)]
    pub allow_plain: bool,
    /// The name of this device in the account's list of devices
    #[arg(long, value_name = "TEXT", default_value = "softphone")]
    pub device_label: String,
}

impl EngineArguments {
    /// The engine as the arguments want it.
    #[must_use]
    pub fn config(&self) -> EngineConfig {
        EngineConfig {
            audio_in: self.audio_in.clone(),
            audio_out: self.audio_out.clone(),
            sip_transport: self.sip_transport.map(|transport| match transport {
                TransportArgument::Udp => SipTransport::Udp,
                TransportArgument::Tcp => SipTransport::Tcp,
                TransportArgument::Tls => SipTransport::Tls,
            }),
            codecs: self.codecs.iter().map(|codec| codec.codec()).collect(),
            encrypts_sound: !self.plain_sound,
            allow_plain: self.allow_plain,
            trusted: self.server_fingerprint,
            device_label: self.device_label.clone(),
            peer_to_peer: PeerToPeer {
                is_on: self.peer_to_peer == Switch::On,
                flush_every: Duration::from_secs(self.flush_seconds),
            },
            ..EngineConfig::default()
        }
    }
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// On
    On,
    /// Off
    Off,
}

/// The transport for SIP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TransportArgument {
    /// Datagrams
    Udp,
    /// One connection
    Tcp,
    /// One encrypted connection
    Tls,
}

/// A codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CodecArgument {
    /// The whole range that people hear
    Opus,
    /// Wideband
    G722,
    /// What telephones sound like, µ-law
    Pcmu,
    /// What telephones sound like, A-law
    Pcma,
}

impl CodecArgument {
    fn codec(self) -> sdp::Codec {
        match self {
            CodecArgument::Opus => sdp::Codec::Opus,
            CodecArgument::G722 => sdp::Codec::G722,
            CodecArgument::Pcmu => sdp::Codec::Pcmu,
            CodecArgument::Pcma => sdp::Codec::Pcma,
        }
    }
}

/// Keys of a telephone, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys(pub Vec<Digit>);

fn keys(text: &str) -> Result<Keys, String> {
    crate::headless::digits(text).map(Keys)
}

/// A day: longer waits are mistakes, and beyond it clocks could overflow.
const LONGEST_SECONDS: f64 = 86_400.0;

fn seconds(text: &str) -> Result<f64, String> {
    let value: f64 = text
        .parse()
        .map_err(|_| "not a number of seconds".to_owned())?;
    if (0.0..=LONGEST_SECONDS).contains(&value) {
        Ok(value)
    } else {
        Err(format!("must be from 0 to {LONGEST_SECONDS} seconds"))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn without_a_subcommand_the_window_is_meant() {
        let cli = Cli::try_parse_from(["softphone"]).unwrap();
        assert!(cli.command.is_none());
    }

    #[test]
    fn a_headless_call_is_written_as_documented() {
        let line = "softphone headless --server http://127.0.0.1:8080 --login amina --password-file p \
                    --audio-in a.wav --audio-out null --sip-transport tcp call 201 --for 2.5";
        let cli = Cli::try_parse_from(line.split_whitespace()).unwrap();
        let Some(Command::Headless(arguments)) = cli.command else {
            panic!("not headless")
        };
        assert_eq!(
            arguments.engine.config().sip_transport,
            Some(SipTransport::Tcp)
        );
        assert_eq!(arguments.engine.config().audio_in, "a.wav");
        let Verb::Call {
            target, lasting, ..
        } = arguments.verb
        else {
            panic!("not a call")
        };
        assert_eq!((target.as_str(), lasting), ("201", Some(2.5)));
    }

    #[test]
    fn a_guest_needs_no_name_and_a_kept_sign_in_nothing_at_all() {
        for line in [
            "softphone headless --guest --server http://127.0.0.1 register",
            "softphone headless --keep folder number change 1005 --old moved",
            "softphone headless --keep folder --guest --server x account upgrade --username a --new-password-file p",
        ] {
            assert!(
                Cli::try_parse_from(line.split_whitespace()).is_ok(),
                "{line}"
            );
        }
        for line in [
            "softphone headless --server http://127.0.0.1 register",
            "softphone headless --server x --login amina register",
            "softphone headless --guest register",
            "softphone headless --server x --guest --login a --password-file p register",
        ] {
            assert!(
                Cli::try_parse_from(line.split_whitespace()).is_err(),
                "{line}"
            );
        }
    }

    #[test]
    fn a_time_that_is_none_is_refused() {
        for wrong in ["-1", "NaN", "inf", "x", "1e9"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
