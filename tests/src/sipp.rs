//! sipp: somebody else's SIP test tool, with scenarios from `tests/sipp`.

use std::ffi::OsString;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::registered::{Registered, Transport};
use crate::{Device, Process, inside};

/// How long it may take until its socket is open.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a whole scenario may take, on a machine that compiles something beside it.
const LONGEST: Duration = Duration::from_secs(90);

/// A scenario that one device plays.
#[derive(Debug, Clone)]
pub struct Sipp<'a> {
    scenario: &'a str,
    server: SocketAddr,
    device: &'a Device,
    transport: Transport,
    target: &'a str,
    calls: u32,
    keys: Vec<(&'a str, String)>,
}

/// What a sipp has got while it played.
#[derive(Debug)]
pub struct Heard {
    /// The requests, each once however often it came.
    pub requests: Vec<String>,
    /// The final answers to its own requests, but for those that ask who it is.
    pub statuses: Vec<u16>,
}

/// A sipp that plays.
#[derive(Debug)]
pub struct Playing {
    name: String,
    process: Process,
    folder: TempDir,
    // A callee's connection to the server is carried by the harness as long as this lives.
    _registered: Option<Registered>,
}

impl<'a> Sipp<'a> {
    /// A scenario of `tests/sipp` against a server, over UDP, once.
    #[must_use]
    pub fn new(scenario: &'a str, server: SocketAddr, device: &'a Device) -> Sipp<'a> {
        Sipp {
            scenario,
            server,
            device,
            transport: Transport::Udp,
            target: "nobody",
            calls: 1,
            keys: Vec::new(),
        }
    }

    /// The number that is called: `[service]` in the scenario.
    #[must_use]
    pub fn calling(mut self, target: &'a str) -> Sipp<'a> {
        self.target = target;
        self
    }

    /// Over another transport.
    #[must_use]
    pub fn over(mut self, transport: Transport) -> Sipp<'a> {
        self.transport = transport;
        self
    }

    /// So many times in a row.
    #[must_use]
    pub fn times(mut self, calls: u32) -> Sipp<'a> {
        self.calls = calls;
        self
    }

    /// A further word of the scenario: `[name]` stands for `value` there.
    #[must_use]
    pub fn with(mut self, name: &'a str, value: impl Into<String>) -> Sipp<'a> {
        self.keys.push((name, value.into()));
        self
    }

    /// Plays a scenario that begins with a request of its own, to its end.
    ///
    /// # Errors
    /// When sipp is not installed, or anything did not go as the scenario says; the message holds sipp's own words.
    pub fn play(&self) -> Result<()> {
        self.start()?.finish()
    }

    /// Starts a scenario that begins with a request of its own.
    ///
    /// # Errors
    /// When sipp is not installed.
    pub fn start(&self) -> Result<Playing> {
        self.spawn(None)
    }

    /// Registers the device and starts a scenario that waits for a request; it can be called when this returns.
    ///
    /// # Errors
    /// When the server refuses the device, or sipp is not installed.
    pub fn answer(&self) -> Result<Playing> {
        let mut registered = Registered::new(self.server, self.device, self.transport)?;
        let local = registered.local();
        registered.release();
        let mut playing = self.spawn(Some(local))?;
        playing.wait_until_open(self.transport)?;
        registered.carry_to(local)?;
        playing._registered = Some(registered);
        Ok(playing)
    }

    fn spawn(&self, local: Option<SocketAddr>) -> Result<Playing> {
        let folder = tempfile::tempdir()?;
        let scenario = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("sipp")
            .join(self.scenario);
        let Device {
            login,
            secret,
            domain,
            number,
        } = self.device;
        let mut command = Command::new("sipp");
        command
            .current_dir(folder.path())
            .args([OsString::from("-sf"), scenario.into()])
            .args(["-s", self.target, "-au", login, "-ap", secret])
            .args(["-key", "domain", domain, "-key", "number", number])
            .args(["-i", "127.0.0.1", "-mi", "127.0.0.1", "-l", "1"])
            .args(["-m", &self.calls.to_string()])
            .args(["-timeout", "60s", "-timeout_error", "-nostdin"])
            .args(["-trace_err", "-error_file", "errors.log"])
            .args(["-trace_msg", "-message_file", "messages.log"])
            .args([
                "-t",
                match self.transport {
                    Transport::Udp => "u1",
                    Transport::Tcp => "t1",
                },
            ])
            // It draws on a terminal even when there is none.
            .env("TERM", "dumb");
        for (name, value) in &self.keys {
            command.args(["-key", name, value]);
        }
        match local {
            Some(local) => command.args(["-p", &local.port().to_string()]),
            None => command.arg(self.server.to_string()),
        };
        let name = format!("sipp {}", self.scenario);
        let process = Process::start(&name, &mut command)
            .context("is sipp installed? tests/setup/prepare test installs it")?;
        Ok(Playing {
            name,
            process,
            folder,
            _registered: None,
        })
    }
}

impl Playing {
    /// Waits for the end of the scenario.
    ///
    /// # Errors
    /// When anything did not go as the scenario says; the message holds sipp's own words and the last messages.
    pub fn finish(mut self) -> Result<()> {
        let status = self.process.wait(LONGEST)?;
        if !status.success() {
            bail!("{} ended with {status}:\n{}", self.name, self.words());
        }
        Ok(())
    }

    /// Waits for the end of the scenario, and tells what came.
    ///
    /// # Errors
    /// As [`Playing::finish`].
    pub fn finish_and_tell(mut self) -> Result<Heard> {
        let status = self.process.wait(LONGEST)?;
        if !status.success() {
            bail!("{} ended with {status}:\n{}", self.name, self.words());
        }
        let log = fs::read(self.folder.path().join("messages.log"))?;
        Ok(heard(&log))
    }

    fn wait_until_open(&mut self, transport: Transport) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        loop {
            let process = self.process.id();
            let is_open = match transport {
                Transport::Udp => !inside::udp_sockets(process)?.is_empty(),
                Transport::Tcp => !inside::tcp_listeners(process)?.is_empty(),
            };
            if is_open {
                return Ok(());
            }
            if Instant::now() > end || !self.process.is_running() {
                bail!("{} does not listen:\n{}", self.name, self.words());
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// What it complains of, and the end of what it sent and received.
    fn words(&self) -> String {
        let read = |file| fs::read(self.folder.path().join(file)).unwrap_or_default();
        let messages = String::from_utf8_lossy(&read("messages.log")).into_owned();
        let lines: Vec<&str> = messages.lines().collect();
        let skip = lines.len().saturating_sub(120);
        format!(
            "{}\n--- the last messages ---\n{}",
            String::from_utf8_lossy(&read("errors.log")),
            lines.get(skip..).unwrap_or_default().join("\n")
        )
    }
}

/// What a log of sipp says that was received. Each message stands behind a line such as
/// `UDP message received [530] bytes :` and an empty one.
fn heard(log: &[u8]) -> Heard {
    const MARK: &[u8] = b" message received [";
    let (mut requests, mut statuses): (Vec<String>, Vec<u16>) = (Vec::new(), Vec::new());
    let mut seen = Vec::new();
    let mut rest = log;
    while let Some(at) = rest.windows(MARK.len()).position(|part| part == MARK) {
        rest = &rest[at + MARK.len()..];
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit());
        let length = length.fold(0, |length, digit| length * 10 + usize::from(digit - b'0'));
        let Some(begin) = rest.windows(2).position(|part| part == b"\n\n") else {
            break;
        };
        let end = (begin + 2 + length).min(rest.len());
        let message = String::from_utf8_lossy(&rest[begin + 2..end]).into_owned();
        rest = &rest[end..];
        let status = message
            .strip_prefix("SIP/2.0 ")
            .and_then(|line| line.get(..3));
        match status.map(str::parse) {
            Some(Ok(401 | 407 | 0..200)) | Some(Err(_)) => {}
            Some(Ok(status)) => statuses.push(status),
            None => {
                let name = |name: &str| {
                    let line = message.lines().find(|line| line.starts_with(name));
                    line.map(str::to_owned)
                };
                let name = (name("Call-ID:"), name("CSeq:"));
                if !seen.contains(&name) {
                    seen.push(name);
                    requests.push(message);
                }
            }
        }
    }
    Heard { requests, statuses }
}

/// Plays two scenarios against each other through the server: `callee`'s device registers and waits, then the caller
/// starts.
///
/// # Errors
/// When one of the two did not go as it says; the message holds the words of both.
pub fn play_both(caller: &Sipp<'_>, callee: &Sipp<'_>) -> Result<()> {
    let answering = callee.answer()?;
    let calling = caller.start()?;
    let called = thread::spawn(move || answering.finish());
    let outcome = calling.finish();
    let called = match called.join() {
        Ok(called) => called,
        Err(panic) => std::panic::resume_unwind(panic),
    };
    match (outcome, called) {
        (Ok(()), Ok(())) => Ok(()),
        (Err(error), Ok(())) | (Ok(()), Err(error)) => Err(error),
        (Err(caller), Err(callee)) => bail!("{caller:#}\n\n{callee:#}"),
    }
}
