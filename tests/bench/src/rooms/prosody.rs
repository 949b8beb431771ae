//! Prosody, Debian packages `prosody` and `lua-dbi-sqlite3`: somebody else's server with an archive of messages.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use end_to_end::inside::ProcessorTime;
use end_to_end::{Process, free_port};
use tempfile::TempDir;

use super::wire::Wire;

const PATIENCE: Duration = Duration::from_secs(20);

/// Running, until it is dropped.
pub(super) struct Prosody {
    running: Process,
    address: SocketAddr,
    _folder: TempDir,
}

impl Prosody {
    pub(super) fn start(core: usize) -> Result<Prosody> {
        let folder = tempfile::tempdir()?;
        let port = free_port()?;
        let configuration = include_str!("prosody.cfg.lua")
            .replace("@FOLDER@", &folder.path().to_string_lossy())
            .replace("@PORT@", &port.to_string());
        let file = folder.path().join("prosody.cfg.lua");
        fs::write(&file, configuration)?;
        // With a write-ahead log it syncs once where it would sync thrice; it cannot be told so, but its file can.
        let sqlite = Command::new("sqlite3")
            .arg(folder.path().join("archive.sqlite"))
            .arg("PRAGMA journal_mode = WAL")
            .output()
            .context("sqlite3 (package sqlite3) is needed")?;
        ensure!(sqlite.status.success(), "no archive could be made");
        let mut command = Command::new("taskset");
        command
            .args(["-c", &core.to_string(), "prosody", "-F", "--config"])
            .arg(&file);
        let running = Process::start("prosody", &mut command)
            .context("Prosody (package prosody) is needed for the comparison")?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let begin = Instant::now();
        while let Err(error) = Wire::xmpp(address, "first") {
            if begin.elapsed() > PATIENCE {
                bail!("{error:#}\n{}", running.log_end(20));
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(Prosody {
            running,
            address,
            _folder: folder,
        })
    }

    pub(super) fn connect(&self, name: &str) -> Result<Wire> {
        Wire::xmpp(self.address, name).with_context(|| self.running.log_end(20))
    }

    pub(super) fn time(&self) -> Result<ProcessorTime> {
        ProcessorTime::of(self.running.id())
    }
}
