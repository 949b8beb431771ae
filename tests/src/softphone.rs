//! A running softphone without a window, and the events that it prints.

use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tempfile::TempDir;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::{Account, Host, Process, Server, binary, process};

/// A running `softphone headless`.
#[derive(Debug)]
pub struct Softphone {
    process: Process,
    events: Vec<Event>,
    next: usize,
    ended: bool,
    _folder: TempDir,
}

/// What goes in at its microphone and where its speaker plays.
#[derive(Debug, Clone)]
pub struct Sound {
    /// `--audio-in`: a WAV file, `tone`, or `device:NAME`.
    pub input: OsString,
    /// `--audio-out`: a WAV file, `null`, or `device:NAME`.
    pub output: OsString,
}

/// One line of JSON.
#[derive(Debug, Clone)]
pub struct Event(Value);

/// How a softphone ended.
#[derive(Debug)]
pub struct Finished {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Everything that it told.
    pub events: Vec<Event>,
    /// What it wrote for people.
    pub errors: String,
}

impl Sound {
    /// A tone goes in, and nobody listens.
    #[must_use]
    pub fn silent() -> Sound {
        Sound {
            input: "tone".into(),
            output: "null".into(),
        }
    }

    /// A recording is spoken, and what is heard is recorded.
    #[must_use]
    pub fn files(spoken: &Path, heard: &Path) -> Sound {
        Sound {
            input: spoken.into(),
            output: heard.into(),
        }
    }
}

impl Event {
    /// Its kind, such as `answered`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0["event"].as_str().unwrap_or_default()
    }

    /// A text in it; empty if there is none.
    #[must_use]
    pub fn text(&self, key: &str) -> &str {
        self.0[key].as_str().unwrap_or_default()
    }

    /// Whether something in it is true.
    #[must_use]
    pub fn flag(&self, key: &str) -> bool {
        self.0[key].as_bool().unwrap_or_default()
    }

    /// A number in it.
    ///
    /// # Errors
    /// When it has no such number.
    pub fn number(&self, key: &str) -> Result<f64> {
        self.0[key]
            .as_f64()
            .with_context(|| format!("no number {key:?} in {}", self.0))
    }

    /// Anything else in it; null if it is not there.
    #[must_use]
    pub fn value(&self, key: &str) -> &Value {
        &self.0[key]
    }

    /// When it happened.
    ///
    /// # Errors
    /// When it does not say so.
    pub fn at(&self) -> Result<OffsetDateTime> {
        OffsetDateTime::parse(self.text("at"), &Rfc3339)
            .with_context(|| format!("no time in {}", self.0))
    }
}

impl Finished {
    /// The first event of that kind.
    ///
    /// # Errors
    /// When there was none.
    pub fn event(&self, name: &str) -> Result<&Event> {
        self.events
            .iter()
            .find(|event| event.name() == name)
            .with_context(|| format!("no {name:?} among {:?}", self.events))
    }

    /// The sentence of its `error` event; empty if it told of none.
    #[must_use]
    pub fn sentence(&self) -> &str {
        self.event("error")
            .map_or("", |event| event.text("sentence"))
    }
}

impl Softphone {
    /// Starts `softphone headless` for an account: `verb` is what it shall do, such as `["call", "1002"]`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(
        server: &Server,
        account: &Account,
        sound: &Sound,
        verb: &[&str],
    ) -> Result<Softphone> {
        Softphone::start_in(&server.url(), account, sound, verb, &[])
    }

    /// Like [`Softphone::start`], on another host.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_on(
        host: &Host,
        server: &Server,
        account: &Account,
        sound: &Sound,
        verb: &[&str],
    ) -> Result<Softphone> {
        // These networks are plain ones, within this machine.
        let verb = [&["--allow-plain"], verb].concat();
        Softphone::run(&host.under(), &server.url(), account, sound, &verb, &[])
    }

    /// Like [`Softphone::start`], for any server address and with more environment variables.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_in(
        url: &str,
        account: &Account,
        sound: &Sound,
        verb: &[&str],
        environment: &[(&str, OsString)],
    ) -> Result<Softphone> {
        Softphone::run(&[], url, account, sound, verb, environment)
    }

    /// Starts `softphone headless` with arguments of one's own: as a guest, or with what `--keep` holds.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_with(arguments: &[&str], sound: &Sound) -> Result<Softphone> {
        let folder = tempfile::tempdir()?;
        let mut command = process::under(&[], binary("softphone")?);
        command
            .arg("headless")
            .arg("--audio-in")
            .arg(&sound.input)
            .arg("--audio-out")
            .arg(&sound.output)
            .args(arguments);
        Softphone::launch("softphone".to_owned(), command, folder, &[])
    }

    fn run(
        under: &[String],
        url: &str,
        account: &Account,
        sound: &Sound,
        verb: &[&str],
        environment: &[(&str, OsString)],
    ) -> Result<Softphone> {
        let folder = tempfile::tempdir()?;
        let password = folder.path().join("password");
        std::fs::write(&password, format!("{}\n", account.password))?;
        let mut command = process::under(under, binary("softphone")?);
        command
            .args([
                "headless",
                "--server",
                url,
                "--login",
                &account.name,
                "--password-file",
            ])
            .arg(&password)
            .arg("--audio-in")
            .arg(&sound.input)
            .arg("--audio-out")
            .arg(&sound.output)
            .args(verb);
        let name = format!("softphone of {}", account.name);
        Softphone::launch(name, command, folder, environment)
    }

    fn launch(
        name: String,
        mut command: std::process::Command,
        folder: TempDir,
        environment: &[(&str, OsString)],
    ) -> Result<Softphone> {
        command
            // Nothing of the person who runs the tests is read or written.
            .env("HOME", folder.path())
            .env("XDG_CONFIG_HOME", folder.path().join("config"))
            .env("XDG_DATA_HOME", folder.path().join("data"))
            .env("XDG_STATE_HOME", folder.path().join("state"))
            .envs(environment.iter().map(|(key, value)| (key, value)));
        let process = Process::start(name, &mut command)?;
        Ok(Softphone {
            process,
            events: Vec::new(),
            next: 0,
            ended: false,
            _folder: folder,
        })
    }

    /// Waits for the next event of that kind; those before it stay in [`Softphone::events`].
    ///
    /// # Errors
    /// When it does not come in time, or the softphone ends before.
    pub fn wait_for(&mut self, name: &str, within: Duration) -> Result<Event> {
        let end = Instant::now() + within;
        loop {
            while let Some(event) = self.events.get(self.next) {
                self.next += 1;
                if event.name() == name {
                    return Ok(event.clone());
                }
            }
            let left = end.saturating_duration_since(Instant::now());
            let more = !left.is_zero()
                && self
                    .read_one(left)
                    .with_context(|| format!("waiting for {name:?}"))?;
            if !more {
                bail!(
                    "no event {name:?} within {within:?}\n{}",
                    self.process.log_end(30)
                );
            }
        }
    }

    /// Everything that it has told so far.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    /// When it does not end in time.
    pub fn finish(mut self, within: Duration) -> Result<Finished> {
        let end = Instant::now() + within;
        while self.read_one(end.saturating_duration_since(Instant::now()))? {}
        let status = self
            .process
            .wait(end.saturating_duration_since(Instant::now()))?;
        Ok(Finished {
            code: status.code(),
            errors: self.process.errors(),
            events: std::mem::take(&mut self.events),
        })
    }

    /// Ends it as Ctrl-C would, and waits.
    ///
    /// # Errors
    /// When it does not end in time.
    pub fn interrupt(self, within: Duration) -> Result<Finished> {
        self.process.interrupt()?;
        self.finish(within)
    }

    /// The process itself.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Reads one event; `false` at the end of its output.
    fn read_one(&mut self, within: Duration) -> Result<bool> {
        if self.ended {
            return Ok(false);
        }
        let Some(line) = self.process.next_line(within)? else {
            self.ended = true;
            return Ok(false);
        };
        let event = serde_json::from_str(&line)
            .with_context(|| format!("standard output holds more than JSON: {line}"))?;
        self.events.push(Event(event));
        Ok(true)
    }
}
