//! baresip: somebody else's SIP phone, run without a screen and led over its control port.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use hearing::Recording;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Device, Host, Process, Server, free_port, process};

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(10);
/// Folders where distributions put its modules.
const MODULES: [&str; 4] = [
    "/usr/lib/baresip/modules",
    "/usr/lib/x86_64-linux-gnu/baresip/modules",
    "/usr/lib64/baresip/modules",
    "/usr/local/lib/baresip/modules",
];

/// The one codec that baresip offers and takes in a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaresipCodec {
    /// G.711 µ-law, 8 kHz.
    Pcmu,
    /// G.711 A-law, 8 kHz.
    Pcma,
    /// G.722, 16 kHz.
    G722,
    /// Opus, 48 kHz, two channels as RFC 7587 section 7 wants it written.
    Opus,
}

/// What it does when it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answering {
    /// Answers at once.
    AtOnce,
    /// Rings until it is told what to do.
    WhenTold,
}

/// A running baresip, registered with one account, that speaks a recording and records what it hears.
#[derive(Debug)]
pub struct Baresip {
    process: Process,
    control: TcpStream,
    messages: Receiver<Value>,
    /// What it shows to people.
    screen: Arc<Mutex<String>>,
    folder: TempDir,
}

/// How it reaches the server.
#[derive(Debug, Clone, Copy)]
enum Way<'a> {
    Udp,
    UdpFrom(&'a Host),
    /// And encrypts its audio.
    UdpEncrypted,
    /// Encrypts its SIP and its audio; the server's certificate must be signed by one in this file.
    Tls(&'a Path),
}

impl Way<'_> {
    fn transport(self) -> &'static str {
        match self {
            Way::Udp | Way::UdpFrom(_) | Way::UdpEncrypted => "udp",
            Way::Tls(_) => "tls",
        }
    }

    fn encrypts_audio(self) -> bool {
        matches!(self, Way::UdpEncrypted | Way::Tls(_))
    }
}

impl BaresipCodec {
    /// Name, rate in Hz, channels.
    fn parts(self) -> (&'static str, u32, u16) {
        match self {
            BaresipCodec::Pcmu => ("PCMU", 8_000, 1),
            BaresipCodec::Pcma => ("PCMA", 8_000, 1),
            BaresipCodec::G722 => ("G722", 16_000, 1),
            BaresipCodec::Opus => ("opus", 48_000, 2),
        }
    }
}

impl Baresip {
    /// Starts it with the credential of one device, and waits until it is registered.
    ///
    /// # Errors
    /// When it is not installed or does not start.
    pub fn start(
        server: SocketAddr,
        device: &Device,
        codec: BaresipCodec,
        answering: Answering,
        speech: &Recording,
    ) -> Result<Baresip> {
        let plan = (codec, answering, None);
        Baresip::run(Way::Udp, server, device, plan, speech)
    }

    /// Like [`Baresip::start`], for a phone that watches the owner of a number, writes to and reads from that one, has a
    /// message lamp, and publishes its own state. It answers nobody.
    ///
    /// # Errors
    /// When it is not installed or does not start.
    pub fn start_watching(server: SocketAddr, device: &Device, number: &str) -> Result<Baresip> {
        let plan = (BaresipCodec::Pcmu, Answering::WhenTold, Some(number));
        Baresip::run(
            Way::Udp,
            server,
            device,
            plan,
            &Recording::speech("amiable.wav"),
        )
    }

    /// Waits until it has said these words on its screen.
    ///
    /// # Errors
    /// When it does not in time.
    pub fn wait_for_words(&mut self, words: &str, within: Duration) -> Result<()> {
        let end = Instant::now() + within;
        loop {
            let mut said = self.process.log_end(500);
            said.push_str(&self.screen());
            if said.contains(words) {
                return Ok(());
            }
            if Instant::now() > end {
                bail!("baresip does not say {words:?} within {within:?}\n{said}");
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Everything that it has shown, if it is one that watches somebody.
    #[must_use]
    pub fn screen(&self) -> String {
        let shown = self.screen.lock().unwrap_or_else(PoisonError::into_inner);
        shown.clone()
    }

    /// Writes a message to the one whom it watches.
    ///
    /// # Errors
    /// When baresip has gone.
    pub fn write(&mut self, text: &str) -> Result<()> {
        // The first of its contacts, which is the only one.
        self.command("contact_next", "")?;
        self.command("message", text)
    }

    /// Like [`Baresip::start`], on another host.
    ///
    /// # Errors
    /// When it is not installed or does not start.
    pub fn start_on(
        host: &Host,
        server: SocketAddr,
        device: &Device,
        codec: BaresipCodec,
        answering: Answering,
        speech: &Recording,
    ) -> Result<Baresip> {
        let plan = (codec, answering, None);
        Baresip::run(Way::UdpFrom(host), server, device, plan, speech)
    }

    /// Like [`Baresip::start`], with encrypted audio alone: SRTP with keys in SDP. Its SIP is plain.
    ///
    /// # Errors
    /// When it is not installed or does not start.
    pub fn start_encrypted(
        server: SocketAddr,
        device: &Device,
        codec: BaresipCodec,
        answering: Answering,
        speech: &Recording,
    ) -> Result<Baresip> {
        let plan = (codec, answering, None);
        Baresip::run(Way::UdpEncrypted, server, device, plan, speech)
    }

    /// Like [`Baresip::start`], with encrypted SIP (TLS) and encrypted audio alone: SRTP with keys in SDP.
    ///
    /// # Errors
    /// When it is not installed or does not start, or the server has no port for TLS.
    pub fn start_over_tls(
        server: &Server,
        device: &Device,
        codec: BaresipCodec,
        answering: Answering,
        speech: &Recording,
    ) -> Result<Baresip> {
        let address = server.ready().sips.context("this server speaks no TLS")?;
        let plan = (codec, answering, None);
        let trusted = server.certificate();
        Baresip::run(Way::Tls(&trusted), address, device, plan, speech)
    }

    fn run(
        way: Way<'_>,
        server: SocketAddr,
        device: &Device,
        (codec, answering, watched): (BaresipCodec, Answering, Option<&str>),
        speech: &Recording,
    ) -> Result<Baresip> {
        let host = match way {
            Way::UdpFrom(host) => Some(host),
            Way::Udp | Way::UdpEncrypted | Way::Tls(_) => None,
        };
        let media = if way.encrypts_audio() {
            "mediaenc=srtp-mand;"
        } else {
            ""
        };
        let transport = way.transport();
        let folder = tempfile::tempdir()?;
        let (codec_name, rate, channels) = codec.parts();
        write_wav(&folder.path().join("speech.wav"), speech, rate, channels)?;
        let (port, screen_port) = (free_port()?, free_port()?);
        let own = host.map_or(Ipv4Addr::LOCALHOST, Host::address);
        let mut settings = config(folder.path(), own, rate, channels, port)?;
        if let Way::Tls(trusted) = way {
            let _ = writeln!(settings, "sip_cafile {}", trusted.display());
        }
        if watched.is_some() {
            // The list of contacts goes before what looks into it.
            let modules = "module_tmp account.so\nmodule_app contact.so\nmodule_app mwi.so\nmodule_app presence.so\nmodule_app menu.so";
            settings = settings.replace("module_app menu.so", modules);
            let _ = write!(
                settings,
                "module cons.so\ncons_listen 127.0.0.1:{screen_port}\n"
            );
        }
        fs::write(folder.path().join("config"), settings)?;
        let mode = match answering {
            Answering::AtOnce => "auto",
            Answering::WhenTold => "manual",
        };
        let Device {
            login,
            secret,
            domain,
            number,
        } = device;
        let contact =
            watched.map(|number| format!("\"Watched\" <sip:{number}@{domain}>;presence=p2p\n"));
        fs::write(folder.path().join("contacts"), contact.unwrap_or_default())?;
        let publishes = watched.map_or("", |_| ";pubint=60;mwi=yes");
        let account = format!(
            "<sip:{number}@{domain};transport={transport}>;auth_user={login};auth_pass={secret};regint=60;{media}\
             outbound=\"sip:{server};transport={transport}\";audio_codecs={codec_name}/{rate}/{channels};answermode={mode}{publishes}"
        );
        if watched.is_some() {
            // Its module for presence looks for an account when it starts, and not again for half a minute.
            fs::write(folder.path().join("accounts"), format!("{account}\n"))?;
        }

        let mut command = process::under(&host.map(Host::under).unwrap_or_default(), "baresip");
        command
            .arg("-f")
            .arg(folder.path())
            .env("HOME", folder.path());
        let mut process = Process::start("baresip", &mut command)
            .context("is baresip installed? tests/setup/prepare test installs it")?;
        let control = match host {
            Some(host) => host.inside(|| connect(&mut process, port))??,
            None => connect(&mut process, port)?,
        };
        let messages = read_messages(control.try_clone()?);
        let screen = Arc::default();
        if watched.is_some() {
            look_at(connect(&mut process, screen_port)?, Arc::clone(&screen));
        }
        let mut baresip = Baresip {
            process,
            control,
            messages,
            screen,
            folder,
        };
        if watched.is_none() {
            // Only now, so that the answer is not missed.
            baresip.command("uanew", &account)?;
            baresip.wait_for("REGISTER_OK", PATIENCE)?;
        }
        Ok(baresip)
    }

    /// Gives a command of baresip's menu, such as `dial 1002`, `accept` or `hangup`.
    ///
    /// # Errors
    /// When baresip has gone.
    pub fn command(&mut self, command: &str, parameters: &str) -> Result<()> {
        let message =
            json!({"command": command, "params": parameters, "token": command}).to_string();
        // A netstring: length, colon, text, comma.
        write!(self.control, "{}:{message},", message.len())?;
        Ok(())
    }

    /// Waits until its list of contacts says this of the one whom it watches: `Online`, `Busy` or `Offline`.
    ///
    /// # Errors
    /// When it does not in time.
    pub fn wait_for_contact(&mut self, status: &str, within: Duration) -> Result<()> {
        let end = Instant::now() + within;
        let mut shown = String::new();
        while Instant::now() < end {
            self.command("contacts", "")?;
            // Events may come before the answer.
            while let Ok(message) = self.messages.recv_timeout(PATIENCE) {
                if message["response"] == true && message["token"] == "contacts" {
                    shown = message["data"].as_str().unwrap_or_default().to_owned();
                    break;
                }
            }
            if shown.contains(status) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(100));
        }
        let log = self.process.log_end(100);
        bail!("baresip's contact is not {status} within {within:?}, but {shown}\n{log}");
    }

    /// Waits for an event such as `REGISTER_OK`, `CALL_ESTABLISHED` or `CALL_CLOSED`.
    ///
    /// # Errors
    /// When it does not come in time.
    pub fn wait_for(&mut self, kind: &str, within: Duration) -> Result<Value> {
        let end = Instant::now() + within;
        let mut seen = Vec::new();
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(message) = self.messages.recv_timeout(left) else {
                bail!(
                    "baresip told no {kind} within {within:?}, only {seen:?}\n{}",
                    self.process.log_end(40)
                );
            };
            if message["type"] == kind {
                return Ok(message);
            }
            seen.push(message);
        }
    }

    /// What it heard so far: the decoded audio of its last call.
    ///
    /// # Errors
    /// When it has recorded nothing.
    pub fn heard(&self) -> Result<Recording> {
        let mut dumps: Vec<PathBuf> = fs::read_dir(self.folder.path())?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.to_string_lossy().ends_with("-dec.wav"))
            .collect();
        dumps.sort();
        let last = dumps.last().context("baresip has recorded nothing")?;
        Ok(Recording::read(last)?)
    }
}

/// Its configuration: no devices, one recording in, one recording out, everything on its own address.
fn config(
    folder: &Path,
    own: Ipv4Addr,
    rate: u32,
    channels: u16,
    control_port: u16,
) -> Result<String> {
    let modules = MODULES
        .iter()
        .find(|folder| Path::new(folder).is_dir())
        .context("baresip's modules are in none of the folders known to this test")?;
    let folder = folder.display();
    Ok(format!(
        "sip_listen {own}:0\n\
         net_interface {own}\n\
         audio_source aufile,{folder}/speech.wav\n\
         audio_player aubridge,nowhere\n\
         audio_alert aubridge,nowhere\n\
         ausrc_srate {rate}\n\
         ausrc_channels {channels}\n\
         auplay_srate {rate}\n\
         auplay_channels {channels}\n\
         module_path {modules}\n\
         module srtp.so\n\
         module g711.so\n\
         module g722.so\n\
         module opus.so\n\
         module aufile.so\n\
         module aubridge.so\n\
         module sndfile.so\n\
         module_tmp uuid.so\n\
         module_app menu.so\n\
         module_app ctrl_tcp.so\n\
         ctrl_tcp_listen 127.0.0.1:{control_port}\n\
         snd_path {folder}\n"
    ))
}

/// Writes the recording at the rate and in the channels of the codec, because baresip does not convert files.
fn write_wav(path: &Path, recording: &Recording, rate: u32, channels: u16) -> Result<()> {
    let spec = hound::WavSpec {
        channels,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec)?;
    // At the end of the file baresip hangs up; that shall be the test's decision.
    let silence = std::iter::repeat_n(0, 20 * rate as usize);
    for sample in recording.at_rate(rate).samples.into_iter().chain(silence) {
        for _ in 0..channels {
            writer.write_sample(sample)?;
        }
    }
    Ok(writer.finalize()?)
}

/// Connects to the control port as soon as it is open.
fn connect(process: &mut Process, port: u16) -> Result<TcpStream> {
    let end = Instant::now() + PATIENCE;
    loop {
        match TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            Ok(stream) => return Ok(stream),
            Err(error) if Instant::now() > end || !process.is_running() => {
                bail!(
                    "baresip does not open its control port: {error}\n{}",
                    process.log_end(40)
                );
            }
            Err(_) => thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// Keeps what comes over the connection to its console.
fn look_at(mut console: TcpStream, screen: Arc<Mutex<String>>) {
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = console.read(&mut buffer) {
            let shown = String::from_utf8_lossy(&buffer[..length]);
            let mut screen = screen.lock().unwrap_or_else(PoisonError::into_inner);
            screen.push_str(&shown);
        }
    });
}

/// Takes netstrings of JSON off the control connection.
fn read_messages(stream: TcpStream) -> Receiver<Value> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = BufReader::new(stream).bytes().map_while(Result::ok);
        loop {
            let length: String = bytes
                .by_ref()
                .take_while(|b| *b != b':')
                .map(char::from)
                .collect();
            let Ok(length) = length.parse() else { break };
            let text: Vec<u8> = bytes.by_ref().take(length).collect();
            // The comma.
            bytes.next();
            let Ok(message) = serde_json::from_slice(&text) else {
                break;
            };
            if sender.send(message).is_err() {
                break;
            }
        }
    });
    receiver
}
