//! The command line of `callserver`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::config::Overrides;

/// The Carillon call server: people register their phones with it and call each other through it.
///
/// When it is ready it prints one line of JSON with the addresses that it listens on; everything else goes to stderr.
/// Options win over the configuration file.
#[derive(Debug, Parser)]
#[command(name = "callserver", version, args_conflicts_with_subcommands = true)]
pub struct CommandLine {
    /// Something else than running the server.
    #[command(subcommand)]
    pub action: Option<Action>,
    /// Configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Data folder; one server at a time. [default: /var/lib/carillon for root, else ~/.local/share/carillon]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// SIP domain: the part after the @ of everybody's address, and the digest realm. Remembered from the first start.
    /// [default: the name of this machine]
    #[arg(long, value_name = "NAME")]
    pub domain: Option<String>,
    /// Where to speak SIP over UDP and TCP; port 0 for any free one, a comma between several addresses.
    /// [default: 127.0.0.1:5060]
    #[arg(long, value_name = "ADDR")]
    pub sip: Option<String>,
    /// Where to speak SIP over TLS; port 0 for any free one, or `off`. [default: port 5061 on all addresses]
    #[arg(long, value_name = "ADDR|off")]
    pub sips: Option<String>,
    /// Where to speak HTTP; port 0 for any free one. [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub http: Option<String>,
    /// Where to speak HTTPS; port 0 for any free one, or `off`. [default: port 8443 on all addresses]
    #[arg(long, value_name = "ADDR|off")]
    pub https: Option<String>,
    /// UDP ports for audio, or 0 for any free ones. [default: 16384-32767]
    #[arg(long, value_name = "LOW-HIGH")]
    pub rtp_ports: Option<String>,
    /// Database: a path, sqlite://PATH, or postgres://USER:PASSWORD@HOST:PORT/DATABASE; other users of the machine see a
    /// password that is written here, so it is better kept in the configuration file or in ~/.pgpass.
    /// [default: carillon.sqlite in the data folder]
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
}

/// Something else than running the server.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Say whether this program can go on with what a running server of that format passes on; asked by `callctl upgrade`.
    #[command(hide = true)]
    TakesOver {
        /// The format.
        format: u32,
    },
    /// Read a configuration file and say whether it is right.
    CheckConfig {
        /// The file.
        file: PathBuf,
    },
}

impl CommandLine {
    /// What the options say.
    pub fn overrides(self) -> Overrides {
        Overrides {
            data: self.data,
            domain: self.domain,
            sip: self.sip,
            sips: self.sips,
            http: self.http,
            https: self.https,
            rtp_ports: self.rtp_ports,
            database: self.database,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        CommandLine::command().debug_assert();
    }
}
