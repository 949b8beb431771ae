//! Linphone: somebody else's SIP stack and phone, run without a screen and led over its standard input.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use hearing::sound_card::{MICROPHONE, SPEAKER, SoundCard};
use tempfile::TempDir;

use crate::{Answering, Device, Process, free_port};

/// How long it may take to start and to register.
const PATIENCE: Duration = Duration::from_secs(20);

/// How it reaches the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinphoneTransport {
    /// Datagrams.
    Udp,
    /// One connection.
    Tcp,
    /// One connection with TLS; the server's certificate must be signed by one in this file, and be for `localhost`.
    Tls {
        /// PEM.
        trusted: PathBuf,
    },
}

/// A running Linphone, registered with one account, that speaks and hears through a virtual sound card.
#[derive(Debug)]
pub struct Linphone {
    process: Process,
    folder: TempDir,
}

impl Linphone {
    /// Starts it with the credential of one device, and waits until it is registered.
    ///
    /// # Errors
    /// When it is not installed, does not start or is refused; the message holds the end of its log.
    pub fn start(
        server: SocketAddr,
        device: &Device,
        transport: &LinphoneTransport,
        answering: Answering,
        card: &SoundCard,
    ) -> Result<Linphone> {
        Linphone::run(server, device, transport, answering, card, "")
    }

    /// Like [`Linphone::start`] over UDP, for a phone that watches the owner of a number. It answers nobody.
    ///
    /// # Errors
    /// When it is not installed, does not start or is refused; the message holds the end of its log.
    pub fn start_watching(
        server: SocketAddr,
        device: &Device,
        card: &SoundCard,
        number: &str,
    ) -> Result<Linphone> {
        let friend = format!(
            "[friend_0]\nurl=<sip:{number}@{}>\npol=accept\nsubscribe=1\n",
            device.domain
        );
        let (transport, answering) = (LinphoneTransport::Udp, Answering::WhenTold);
        Linphone::run(server, device, &transport, answering, card, &friend)
    }

    fn run(
        server: SocketAddr,
        device: &Device,
        transport: &LinphoneTransport,
        answering: Answering,
        card: &SoundCard,
        more: &str,
    ) -> Result<Linphone> {
        let folder = tempfile::tempdir()?;
        let home = folder.path();
        // It does not make the folder of its database itself.
        fs::create_dir_all(home.join(".local/share/linphone"))?;
        fs::create_dir_all(home.join(".config/linphone"))?;
        let configuration = home.join("linphonerc");
        let settings = settings(server, device, transport, free_port()?);
        fs::write(&configuration, settings + more)?;
        let mut command = Command::new("linphone-daemon");
        command
            .arg("--config")
            .arg(&configuration)
            .arg("--log")
            .arg(home.join("log"))
            .arg("--disable-stats-events")
            .envs(card.environment())
            .env("HOME", home)
            .env("XDG_DATA_HOME", home.join(".local/share"))
            .env("XDG_CONFIG_HOME", home.join(".config"));
        if answering == Answering::AtOnce {
            command.arg("--auto-answer");
        }
        let process = Process::start("linphone-daemon", &mut command)
            .context("is linphone-cli installed? tests/setup/prepare test installs it")?;
        let mut linphone = Linphone { process, folder };
        linphone.wait_until_registered()?;
        Ok(linphone)
    }

    /// Gives a command of the daemon, such as `call sip:1002@DOMAIN`, `call-pause` or `terminate`.
    ///
    /// # Errors
    /// When it has gone.
    pub fn command(&mut self, command: &str) -> Result<()> {
        self.process.write_line(command)
    }

    /// Waits for a state of a call, such as `StreamsRunning`, `Paused` or `End`.
    ///
    /// # Errors
    /// When it does not come in time; the message holds the end of its log.
    pub fn wait_for(&mut self, state: &str, within: Duration) -> Result<()> {
        let wanted = format!("Event: LinphoneCall{state}");
        self.wait_for_line(within, |line| line == wanted)?;
        Ok(())
    }

    /// Waits until its log, in which the SIP messages are, has these words so often.
    ///
    /// # Errors
    /// When they do not come in time; the message holds the end of the log.
    pub fn wait_for_words(&self, words: &str, times: usize, within: Duration) -> Result<()> {
        let end = Instant::now() + within;
        loop {
            let log = fs::read(self.folder.path().join("log")).unwrap_or_default();
            if String::from_utf8_lossy(&log).matches(words).count() >= times {
                return Ok(());
            }
            if Instant::now() > end {
                bail!(
                    "Linphone does not say {words:?} within {within:?}\n{}",
                    self.log()
                );
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn wait_until_registered(&mut self) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            self.command("register-status ALL")?;
            let state = self.wait_for_line(PATIENCE, |line| line.starts_with("State: "))?;
            if state == "State: LinphoneRegistrationOk" {
                return Ok(());
            }
            // It tells no event for this; so it is asked again.
            std::thread::sleep(Duration::from_millis(100));
        }
        bail!("Linphone is not registered\n{}", self.log())
    }

    fn wait_for_line(&mut self, within: Duration, is_it: impl Fn(&str) -> bool) -> Result<String> {
        let end = Instant::now() + within;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.process.next_line(left).with_context(|| self.log())? {
                // Its prompt may stand before what it says.
                Some(line) if is_it(line.trim_start_matches("daemon-linphone>")) => {
                    return Ok(line);
                }
                Some(_) => {}
                None => bail!("Linphone has ended\n{}", self.log()),
            }
        }
    }

    /// The end of its log, in which the SIP messages are.
    fn log(&self) -> String {
        let log = fs::read(self.folder.path().join("log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        let skip = lines.len().saturating_sub(120);
        lines.get(skip..).unwrap_or_default().join("\n")
    }
}

/// Its configuration: one account, one port, everything on the loopback address.
fn settings(
    server: SocketAddr,
    device: &Device,
    transport: &LinphoneTransport,
    port: u16,
) -> String {
    let nothing = Path::new("");
    let port_of_server = server.port();
    // Its TLS looks for names in a certificate, not for addresses.
    let host = match transport {
        LinphoneTransport::Tls { .. } => "localhost".to_owned(),
        _ => server.ip().to_string(),
    };
    let (name, [udp, tcp, tls], trusted) = match transport {
        LinphoneTransport::Udp => ("udp", [port, 0, 0], nothing),
        LinphoneTransport::Tcp => ("tcp", [0, port, 0], nothing),
        LinphoneTransport::Tls { trusted } => ("tls", [0, 0, port], trusted.as_path()),
    };
    let Device {
        login,
        secret,
        domain,
        number,
    } = device;
    format!(
        "[sip]\n\
         sip_port={udp}\nsip_tcp_port={tcp}\nsip_tls_port={tls}\n\
         bind_address=127.0.0.1\n\
         default_proxy=0\nregister_only_when_network_is_up=0\n\
         verify_server_certs=1\nverify_server_cn=1\nroot_ca={trusted}\n\
         media_encryption=none\n\
         [rtp]\naudio_rtp_port=-1\n\
         [sound]\n\
         playback_dev_id=PulseAudio Unknown: {SPEAKER}\n\
         capture_dev_id=PulseAudio Unknown: {MICROPHONE}\n\
         [proxy_0]\n\
         reg_proxy=<sip:{host}:{port_of_server};transport={name}>\n\
         reg_route=<sip:{host}:{port_of_server};transport={name};lr>\n\
         reg_identity=sip:{number}@{domain}\n\
         reg_expires=600\nreg_sendregister=1\npublish=0\n\
         [auth_info_0]\n\
         username={number}\nuserid={login}\npasswd={secret}\nrealm={domain}\ndomain={domain}\n",
        trusted = trusted.display(),
    )
}
