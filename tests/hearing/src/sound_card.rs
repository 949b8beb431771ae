//! A sound card without hardware: a private PulseAudio server with null sinks.
//!
//! It needs the Debian packages `pulseaudio` and `pulseaudio-utils`. A program started with
//! [`SoundCard::environment`] finds one microphone and one speaker, both by name and as the
//! system's choice. What [`SoundCard::speak`] plays is heard by that microphone; what the speaker
//! plays goes on the tape of [`SoundCard::record`].

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Recording;

/// Name of the microphone.
pub const MICROPHONE: &str = "virtual_microphone";
/// Name of the speaker.
pub const SPEAKER: &str = "virtual_speaker";
/// The sink that the microphone hears.
const FEED: &str = "virtual_feed";

/// The server must answer by then, even on a busy computer.
const PATIENCE: Duration = Duration::from_secs(20);
const RATE: u32 = 48_000;

/// Why there is no sound card.
#[derive(Debug, thiserror::Error)]
pub enum SoundCardError {
    /// A program is missing or cannot be started.
    #[error("{program} cannot be started: {cause}; install pulseaudio and pulseaudio-utils")]
    Program {
        /// The program.
        program: &'static str,
        /// What the system said.
        cause: io::Error,
    },
    /// The server did not come up, or refused a command.
    #[error("the PulseAudio server does not work: {0}")]
    Server(String),
    /// A file could not be written or read.
    #[error("a file of the sound card cannot be used: {0}")]
    File(#[from] io::Error),
}

/// A running server; it ends with this value.
#[derive(Debug)]
pub struct SoundCard {
    folder: tempfile::TempDir,
    server: Running,
}

impl SoundCard {
    /// Starts the server and waits until it answers.
    ///
    /// # Errors
    /// PulseAudio is not installed or does not come up.
    pub fn start() -> Result<SoundCard, SoundCardError> {
        let folder = tempfile::Builder::new().prefix("sound-card").tempdir()?;
        let socket = socket(folder.path());
        let modules = [
            format!(
                "module-native-protocol-unix auth-anonymous=1 socket={}",
                socket.display()
            ),
            // Left alone, a null sink works two seconds ahead and swallows the beginning of what is played; without
            // rewinds it works 50 ms ahead.
            // Some programs know devices by their descriptions only.
            format!(
                "module-null-sink sink_name={FEED} rate={RATE} channels=1 norewinds=1 \
                 sink_properties=device.description={FEED}"
            ),
            format!(
                "module-null-sink sink_name={SPEAKER} rate={RATE} channels=2 norewinds=1 \
                 sink_properties=device.description={SPEAKER}"
            ),
            format!(
                "module-remap-source source_name={MICROPHONE} master={FEED}.monitor \
                 source_properties=device.description={MICROPHONE}"
            ),
        ];
        let mut server = Command::new("pulseaudio");
        // Nothing of the user's own configuration, and no end when nobody is connected.
        server.args(["-n", "--daemonize=no", "--exit-idle-time=-1"]);
        server.args(["--use-pid-file=no", "--log-target=stderr"]);
        for module in &modules {
            server.args(["-L", module]);
        }
        // Anybody may come in, but a cookie of any other length is a breach of the protocol.
        std::fs::write(cookie(folder.path()), [0; 256])?;
        let log = File::create(folder.path().join("log"))?;
        server
            .envs(environment(folder.path()))
            .env_remove("DISPLAY")
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        let server = Running::start("pulseaudio", &mut server)?;
        let card = SoundCard { folder, server };
        card.wait_for_server()?;
        card.control(["set-default-source", MICROPHONE])?;
        card.control(["set-default-sink", SPEAKER])?;
        Ok(card)
    }

    /// Variables that lead a program to this server.
    pub fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        environment(self.folder.path())
    }

    /// Plays a WAV file to the microphone, from now on.
    ///
    /// # Errors
    /// The player cannot be started.
    pub fn speak(&self, recording: &Path) -> Result<Speaking, SoundCardError> {
        let mut player = self.client("paplay");
        player
            .arg(format!("--device={FEED}"))
            .arg("--latency-msec=20");
        player.arg(recording);
        Running::start("paplay", &mut player).map(Speaking)
    }

    /// Records what the speaker plays, from now on.
    ///
    /// # Errors
    /// The recorder cannot be started.
    pub fn record(&self) -> Result<Tape, SoundCardError> {
        let tape = tempfile::NamedTempFile::new_in(self.folder.path())?;
        let mut recorder = self.client("parec");
        recorder
            .arg(format!("--device={SPEAKER}.monitor"))
            .args(["--format=s16le", "--channels=1", "--latency-msec=20"])
            .arg(format!("--rate={RATE}"))
            .stdout(tape.reopen()?);
        let recorder = Running::start("parec", &mut recorder)?;
        Ok(Tape { recorder, tape })
    }

    /// Pulls the microphone's plug.
    ///
    /// # Errors
    /// The server refuses.
    pub fn unplug_microphone(&self) -> Result<(), SoundCardError> {
        self.control(["unload-module", "module-remap-source"])
    }

    /// Pulls the speaker's plug, and the feed's, which is the same kind of thing.
    ///
    /// # Errors
    /// The server refuses.
    pub fn unplug_speaker(&self) -> Result<(), SoundCardError> {
        self.control(["unload-module", "module-null-sink"])
    }

    fn client(&self, program: &'static str) -> Command {
        let mut command = Command::new(program);
        command
            .envs(self.environment())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    fn control<const N: usize>(&self, words: [&str; N]) -> Result<(), SoundCardError> {
        let output = self
            .client("pactl")
            .args(words)
            .stderr(Stdio::piped())
            .output()
            .map_err(|cause| SoundCardError::Program {
                program: "pactl",
                cause,
            })?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(SoundCardError::Server(format!(
            "`pactl {}` says: {}",
            words.join(" "),
            said.trim()
        )))
    }

    fn wait_for_server(&self) -> Result<(), SoundCardError> {
        let deadline = Instant::now() + PATIENCE;
        let socket = socket(self.folder.path());
        loop {
            if socket.exists() {
                match self.control(["info"]) {
                    Ok(()) => return Ok(()),
                    Err(error @ SoundCardError::Program { .. }) => return Err(error),
                    Err(_) => {}
                }
            }
            if Instant::now() > deadline {
                let log = std::fs::read_to_string(self.folder.path().join("log"));
                let log = log.unwrap_or_default();
                let process = self.server.0.id();
                return Err(SoundCardError::Server(format!(
                    "process {process} does not answer. Its log:\n{log}"
                )));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("native")
}

fn cookie(folder: &Path) -> PathBuf {
    folder.join("cookie")
}

fn environment(folder: &Path) -> Vec<(&'static str, PathBuf)> {
    let mut server = std::ffi::OsString::from("unix:");
    server.push::<&OsStr>(socket(folder).as_os_str());
    vec![
        ("XDG_RUNTIME_DIR", folder.to_owned()),
        ("XDG_CONFIG_HOME", folder.to_owned()),
        ("PULSE_RUNTIME_PATH", folder.to_owned()),
        ("PULSE_STATE_PATH", folder.to_owned()),
        ("PULSE_COOKIE", cookie(folder)),
        ("PULSE_SERVER", server.into()),
    ]
}

/// A process that ends with this value.
#[derive(Debug)]
struct Running(Child);

impl Running {
    fn start(program: &'static str, command: &mut Command) -> Result<Running, SoundCardError> {
        command
            .spawn()
            .map(Running)
            .map_err(|cause| SoundCardError::Program { program, cause })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails only when it has ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A recording being played to the microphone.
#[derive(Debug)]
pub struct Speaking(Running);

impl Speaking {
    /// Waits for its end.
    ///
    /// # Errors
    /// The player failed.
    pub fn wait(mut self) -> Result<(), SoundCardError> {
        match self.0.0.wait()? {
            status if status.success() => Ok(()),
            status => Err(SoundCardError::Server(format!(
                "paplay ended with {status}"
            ))),
        }
    }
}

/// A recording being made of the speaker.
#[derive(Debug)]
pub struct Tape {
    recorder: Running,
    tape: tempfile::NamedTempFile,
}

impl Tape {
    /// Stops the recording and reads it: 48 kHz.
    ///
    /// # Errors
    /// The tape cannot be read.
    pub fn stop(self) -> Result<Recording, SoundCardError> {
        drop(self.recorder);
        let bytes = std::fs::read(self.tape.path())?;
        let samples = bytes
            .as_chunks::<2>()
            .0
            .iter()
            .map(|&bytes| i16::from_le_bytes(bytes))
            .collect();
        Ok(Recording {
            samples,
            rate: RATE,
        })
    }
}
