//! Starting the programs and speaking to them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::engine;

/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A running server in a folder of its own.
pub(crate) struct Server {
    child: Child,
    rest_of_stdout: BufReader<std::process::ChildStdout>,
    pub(crate) ready: Value,
    folder: Option<TempDir>,
}

/// How a program ended, and what it said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap())
    }

    pub(crate) fn start_in(folder: TempDir) -> Self {
        Self::start_with(folder, &["--sips", "127.0.0.1:0", "--https", "127.0.0.1:0"])
    }

    /// Starts it with more arguments; what is encrypted needs to be named, or the usual ports would be tried.
    pub(crate) fn start_with(folder: TempDir, arguments: &[&str]) -> Self {
        let command = callserver(folder.path(), arguments);
        Self::start_as(folder, command)
    }

    /// Starts it by a command that works in this folder.
    pub(crate) fn start_as(folder: TempDir, mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).unwrap();
        Self {
            child,
            rest_of_stdout: stdout,
            ready,
            folder: Some(folder),
        }
    }

    pub(crate) fn data(&self) -> &Path {
        self.folder.as_ref().unwrap().path()
    }

    pub(crate) fn address(&self, key: &str) -> SocketAddr {
        self.ready[key].as_str().unwrap().parse().unwrap()
    }

    pub(crate) fn callctl(&self, arguments: &[&str]) -> Ended {
        callctl(self.data(), arguments, "")
    }

    /// What `callctl --json` prints.
    pub(crate) fn callctl_json(&self, arguments: &[&str]) -> Value {
        let ended = self.callctl(&[&["--json"], arguments].concat());
        assert_eq!(ended.code, Some(0), "{ended:?}");
        serde_json::from_str(&ended.stdout).unwrap()
    }

    pub(crate) fn signal(&self, name: &str) {
        let process = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", name, &process])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits for the end; returns how it ended, what else it printed, and its folder.
    pub(crate) fn wait(mut self) -> (ExitStatus, String, TempDir) {
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(begin.elapsed() < PATIENCE, "the server does not stop");
            std::thread::sleep(Duration::from_millis(5));
        };
        let mut rest = String::new();
        self.rest_of_stdout.read_to_string(&mut rest).unwrap();
        (status, rest, self.folder.take().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `callserver` on free ports; what is encrypted is left to the arguments, which may name another SIP address too.
pub(crate) fn callserver(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callserver"));
    if !arguments.contains(&"--sip") {
        command.args(["--sip", "127.0.0.1:0"]);
    }
    command.args([
        "--http",
        "127.0.0.1:0",
        "--rtp-ports",
        "0",
        "--domain",
        "phones.example",
    ]);
    command
        .arg("--data")
        .arg(data)
        .args(engine::database_arguments(data, arguments))
        .args(arguments)
        .stdin(Stdio::null());
    command
}

/// Runs `callserver` with exactly these arguments; it is expected to end by itself.
pub(crate) fn callserver_ends(arguments: &[&str]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callserver"));
    command
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
        .into()
}

pub(crate) fn callctl(data: &Path, arguments: &[&str], input: &str) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callctl"));
    command.arg("--data").arg(data);
    command.args(engine::database_arguments(data, arguments));
    command.args(arguments);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A program that refuses its arguments does not read.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap().into()
}

pub(crate) fn path_text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// One HTTP request on a connection of its own: status, head and body of the answer.
pub(crate) fn http(address: SocketAddr, request: &[u8]) -> (u16, String, String) {
    let (status, head, body) = http_bytes(address, request);
    (status, head, String::from_utf8(body).unwrap())
}

/// The same for an answer that is no text.
pub(crate) fn http_bytes(address: SocketAddr, request: &[u8]) -> (u16, String, Vec<u8>) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    // The server may close before it has read everything that was sent.
    let _ = stream.read_to_end(&mut answer);
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let body = end.map_or(Vec::new(), |end| answer.split_off(end + 4));
    let head = String::from_utf8(answer).unwrap();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .unwrap_or(0);
    (status, head.trim_end().to_ascii_lowercase(), body)
}

pub(crate) fn post_json(address: SocketAddr, path: &str, body: &str) -> (u16, String, Value) {
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let (status, head, body) = http(address, request.as_bytes());
    (
        status,
        head,
        serde_json::from_str(&body).unwrap_or(Value::Null),
    )
}
