//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::engine::{Digit, EngineConfig, Fingerprint, SipTransport};

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
    #[arg(long, value_name = "URL", required_unless_present = "keep")]
    pub server: Option<String>,
    /// The account's name
    #[arg(long, value_name = "NAME", requires = "password_file", required_unless_present_any = ["guest", "keep"])]
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
    /// Take orders from stdin while calls go on, one a line: hold, resume, mute, unmute, digits 123#, call TARGET,
    /// answer, decline, hangup, transfer TARGET, transfer-to CALL
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
    /// Let sound travel in the open, even where signalling is encrypted
    #[arg(long)]
    pub plain_sound: bool,
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
            encrypts_sound: !self.plain_sound,
            allow_plain: self.allow_plain,
            trusted: self.server_fingerprint,
            device_label: self.device_label.clone(),
            ..EngineConfig::default()
        }
    }
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

/// What the headless softphone does.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Register, say so, unregister: does the account work?
    Register,
    /// Call somebody and stay until one side hangs up
    Call {
        /// A number, a name or a SIP address
        target: String,
        /// Hang up this long after the answer, in seconds
        #[arg(long = "for", value_name = "SECONDS", value_parser = seconds)]
        lasting: Option<f64>,
        /// Press these keys after the answer: 0-9, *, #, A-D
        #[arg(long, value_name = "KEYS", value_parser = keys)]
        digits: Option<Keys>,
    },
    /// Wait for a call, answer it and stay until one side hangs up
    Answer {
        /// Hang up this long after the answer, in seconds
        #[arg(long = "for", value_name = "SECONDS", value_parser = seconds)]
        lasting: Option<f64>,
        /// Press these keys after the answer: 0-9, *, #, A-D
        #[arg(long, value_name = "KEYS", value_parser = keys)]
        digits: Option<Keys>,
    },
    /// Stay registered and print everything that happens until stopped; answers nothing
    Watch,
    /// Show or change the account's number
    Number {
        /// What about it.
        #[command(subcommand)]
        verb: NumberVerb,
    },
    /// Change the account: a guest's into one for good, its name, its password, its devices
    Account {
        /// What about it.
        #[command(subcommand)]
        verb: AccountVerb,
    },
    /// The people whom the account has written down
    Contacts {
        /// What about them.
        #[command(subcommand)]
        verb: ContactsVerb,
    },
    /// How calls to you are treated: do not disturb, forwards
    CallSettings {
        /// What about it.
        #[command(subcommand)]
        verb: CallSettingsVerb,
    },
    /// What others see of you, and how they are
    Presence {
        /// What about it.
        #[command(subcommand)]
        verb: PresenceVerb,
    },
    /// End the sign-in at the server, and forget what --keep holds of it
    SignOut,
}

/// What about the number.
#[derive(Debug, Subcommand)]
pub enum NumberVerb {
    /// Print whose number it is
    Show,
    /// Take another number; calls in progress go on
    Change {
        /// The number that is wanted
        number: String,
        /// What those get who call the old number
        #[arg(long, value_name = "WHAT", default_value = "forward")]
        old: OldNumber,
    },
    /// Print numbers that can be had
    Free {
        /// Near this one
        near: Option<String>,
    },
}

/// What those get who call a number that was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OldNumber {
    /// They reach the new one
    Forward,
    /// They are told the new one
    Moved,
    /// They are told that there is nobody any more
    Gone,
}

/// What about the account.
#[derive(Debug, Subcommand)]
pub enum AccountVerb {
    /// Make an account of a guest, who keeps number and contacts
    Upgrade {
        /// The username that is wanted
        #[arg(long, value_name = "NAME")]
        username: String,
        /// A file with the password from now on
        #[arg(long, value_name = "FILE")]
        new_password_file: PathBuf,
        /// What others shall see
        #[arg(long, value_name = "TEXT")]
        display_name: Option<String>,
    },
    /// Take another username
    Rename {
        /// The username that is wanted
        username: String,
    },
    /// Change the password; ends the account's other sign-ins
    Password {
        /// A file with the present password
        #[arg(long, value_name = "FILE")]
        old_password_file: PathBuf,
        /// A file with the password from now on
        #[arg(long, value_name = "FILE")]
        new_password_file: PathBuf,
    },
    /// Print the account's devices
    Devices,
    /// Take a device's right to register away
    Revoke {
        /// The device's SIP login, as `devices` prints it
        login: String,
    },
}

/// What about the contacts.
#[derive(Debug, Subcommand)]
pub enum ContactsVerb {
    /// Print all of them
    List,
    /// Write somebody down
    Add {
        /// The number or SIP address
        number: String,
        /// What to call them; their own name without it
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
        /// Put them first
        #[arg(long)]
        favourite: bool,
    },
    /// Take somebody out
    Remove {
        /// The contact's id, as `list` prints it
        id: i64,
    },
    /// Print who can be called
    Directory {
        /// Part of a name or number
        #[arg(default_value = "")]
        query: String,
    },
}

/// What about the treatment of calls.
#[derive(Debug, Subcommand)]
pub enum CallSettingsVerb {
    /// Print it
    Get,
    /// Change what is named; the rest stays
    Set(CallSettingsChange),
}

/// What shall be different about the treatment of calls.
#[derive(Clone, Debug, Default, Args)]
pub struct CallSettingsChange {
    /// Whether no phone rings: true or false
    #[arg(long, value_name = "YES")]
    pub do_not_disturb: Option<bool>,
    /// Where every call goes instead; `none` takes it away
    #[arg(long, value_name = "WHERE")]
    pub forward_always: Option<String>,
    /// Where calls go while you speak or do not want to be disturbed; `none` takes it away
    #[arg(long, value_name = "WHERE")]
    pub forward_busy: Option<String>,
    /// Where calls go that nobody answers; `none` takes it away
    #[arg(long, value_name = "WHERE")]
    pub forward_no_answer: Option<String>,
    /// After how many seconds that is
    #[arg(long, value_name = "SECONDS")]
    pub no_answer_seconds: Option<u16>,
    /// Where calls go when no phone can be reached; `none` takes it away
    #[arg(long, value_name = "WHERE")]
    pub forward_unreachable: Option<String>,
    /// Whether a further call rings while you are in one: true or false
    #[arg(long, value_name = "YES")]
    pub call_waiting: Option<bool>,
}

/// What about presence.
#[derive(Debug, Subcommand)]
pub enum PresenceVerb {
    /// Print what you tell about yourself
    Show,
    /// Tell something else about yourself
    Set {
        /// available, away, busy, do_not_disturb or invisible
        #[arg(value_parser = ["available", "away", "busy", "do_not_disturb", "invisible"])]
        state: String,
        /// What stands beside it; empty takes it away
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
        /// Who may see it: everyone, contacts or nobody
        #[arg(long, value_name = "WHO", value_parser = ["everyone", "contacts", "nobody"])]
        visibility: Option<String>,
    },
    /// Print how everybody is whom you may see
    List,
    /// Stay, and print it again whenever it changes
    Watch,
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
