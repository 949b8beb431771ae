//! A process of a test: read line by line, its log kept, ended with its owner.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Lines of the log that are kept: enough to see what led to a failure.
const KEPT: usize = 400;
/// How often an ending process is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// A started program. Dropping it kills it; a panic on the way shows its log.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    log: Log,
    readers: Vec<JoinHandle<()>>,
}

type Log = Arc<Mutex<VecDeque<String>>>;

impl Process {
    /// Starts a program; `name` is how messages call it.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn start(name: impl Into<String>, command: &mut Command) -> Result<Process> {
        let name = name.into();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| {
                format!("{name} could not be started ({:?})", command.get_program())
            })?;
        let log = Log::default();
        let (to_lines, lines) = mpsc::channel();
        let mut readers = Vec::new();
        if let Some(out) = child.stdout.take() {
            let log = Arc::clone(&log);
            readers.push(thread::spawn(move || {
                read_lines(out, |line| {
                    keep(&log, format!("out  {line}"));
                    // Nobody may be left to listen.
                    let _ = to_lines.send(line);
                });
            }));
        }
        if let Some(err) = child.stderr.take() {
            let log = Arc::clone(&log);
            readers.push(thread::spawn(move || {
                read_lines(err, |line| keep(&log, format!("err  {line}")));
            }));
        }
        Ok(Process {
            name,
            stdin: child.stdin.take(),
            child,
            lines,
            log,
            readers,
        })
    }

    /// The operating system's number of the process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line on standard output; `None` when the process has closed it.
    ///
    /// # Errors
    /// When no line comes in time.
    pub fn next_line(&mut self, within: Duration) -> Result<Option<String>> {
        match self.lines.recv_timeout(within) {
            Ok(line) => Ok(Some(line)),
            Err(RecvTimeoutError::Disconnected) => {
                self.read_to_end();
                Ok(None)
            }
            Err(RecvTimeoutError::Timeout) => {
                bail!(
                    "{} said nothing for {within:?}\n{}",
                    self.name,
                    self.log_end(30)
                )
            }
        }
    }

    /// Writes one line to its standard input.
    ///
    /// # Errors
    /// When the process does not read any more.
    pub fn write_line(&mut self, line: &str) -> Result<()> {
        let stdin = self
            .stdin
            .as_mut()
            .context("its standard input is closed")?;
        writeln!(stdin, "{line}").with_context(|| format!("{} reads no more", self.name))?;
        Ok(stdin.flush()?)
    }

    /// Closes its standard input, as Ctrl-D in a terminal does.
    pub fn close_input(&mut self) {
        self.stdin = None;
    }

    /// Asks the process to stop, as a service manager does (SIGTERM).
    ///
    /// # Errors
    /// When the signal cannot be sent.
    pub fn terminate(&self) -> Result<()> {
        signal("TERM", self.id())
    }

    /// Asks the process to stop, as Ctrl-C in a terminal does (SIGINT).
    ///
    /// # Errors
    /// When the signal cannot be sent.
    pub fn interrupt(&self) -> Result<()> {
        signal("INT", self.id())
    }

    /// Ends the process at once, without a chance to say goodbye (SIGKILL).
    pub fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// When it has not ended in time.
    pub fn wait(&mut self, within: Duration) -> Result<ExitStatus> {
        let end = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait()? {
                self.read_to_end();
                return Ok(status);
            }
            if Instant::now() > end {
                bail!(
                    "{} has not ended after {within:?}\n{}",
                    self.name,
                    self.log_end(30)
                );
            }
            thread::sleep(LOOK);
        }
    }

    /// Lets the last words of a process that is at its end reach the log.
    fn read_to_end(&self) {
        // Only a child of the process that holds its outputs open could make this last.
        let end = Instant::now() + Duration::from_secs(2);
        while self.readers.iter().any(|reader| !reader.is_finished()) && Instant::now() < end {
            thread::sleep(LOOK);
        }
    }

    /// The last lines that it printed, on both outputs.
    #[must_use]
    pub fn log_end(&self, lines: usize) -> String {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let skip = log.len().saturating_sub(lines);
        let mut text = format!("--- the last lines of {} ---\n", self.name);
        for line in log.iter().skip(skip) {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    /// What it wrote to standard error so far.
    #[must_use]
    pub fn errors(&self) -> String {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let lines: Vec<&str> = log
            .iter()
            .filter_map(|line| line.strip_prefix("err  "))
            .collect();
        lines.join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            eprintln!("{}", self.log_end(KEPT));
        }
    }
}

/// `program`, run by the command in `under` if there is one.
pub(crate) fn under(under: &[String], program: impl AsRef<OsStr>) -> Command {
    let Some((runner, arguments)) = under.split_first() else {
        return Command::new(program);
    };
    let mut command = Command::new(runner);
    command.args(arguments).arg(program);
    command
}

/// Sends a signal. The standard library cannot, but every shell can.
fn signal(which: &str, process: u32) -> Result<()> {
    let status = Command::new("sh")
        .args(["-c", &format!("kill -{which} {process}")])
        .status()?;
    if !status.success() {
        bail!("process {process} could not be sent SIG{which}");
    }
    Ok(())
}

fn read_lines(from: impl Read, mut each: impl FnMut(String)) {
    let mut reader = BufReader::new(from);
    let mut line = Vec::new();
    // Other people's programs print what they like, also bytes that are no text.
    while let Ok(1..) = reader.read_until(b'\n', &mut line) {
        each(String::from_utf8_lossy(&line).trim_end().to_owned());
        line.clear();
    }
}

fn keep(log: &Log, line: String) {
    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
    if log.len() == KEPT {
        log.pop_front();
    }
    log.push_back(line);
}
