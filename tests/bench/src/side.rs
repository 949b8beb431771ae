//! The servers that are measured: ours, and another one beside it in the same run.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use end_to_end::inside::ProcessorTime;
use end_to_end::{Device, Process, Scripted, free_port};
use tempfile::TempDir;

/// A server under load.
pub(crate) struct Side {
    pub(crate) name: &'static str,
    pub(crate) sip: SocketAddr,
    /// Its processes, the first one started by us.
    pub(crate) processes: Vec<u32>,
    pub(crate) callers: Vec<Device>,
    pub(crate) called: Vec<Device>,
    // Ends with the benchmark.
    running: Option<(Process, TempDir)>,
}

impl Side {
    /// Our own server, which somebody else has started.
    pub(crate) fn ours(
        process: u32,
        sip: SocketAddr,
        callers: Vec<Device>,
        called: Vec<Device>,
    ) -> Side {
        Side {
            name: "callserver",
            sip,
            processes: vec![process],
            callers,
            called,
            running: None,
        }
    }

    /// Kamailio with one worker on the core `core`.
    pub(crate) fn kamailio(core: usize, accounts: usize) -> Result<Side> {
        const FIRST: usize = 5_000;
        const PATIENCE: Duration = Duration::from_secs(20);
        let folder = tempfile::tempdir()?;
        let port = free_port()?;
        let configuration = include_str!("kamailio.cfg")
            .replace("@PORT@", &port.to_string())
            .replace("@FIRST@", &FIRST.to_string())
            .replace("@BEYOND@", &(FIRST + accounts).to_string());
        let file = folder.path().join("kamailio.cfg");
        fs::write(&file, configuration)?;
        let mut command = Command::new("taskset");
        command
            .args(["-c", &core.to_string(), "kamailio", "-DD", "-E", "-f"])
            .arg(&file)
            .arg("-Y")
            .arg(folder.path())
            // Megabytes shared between its processes, and for each of them.
            .args(["-m", "256", "-M", "16"])
            // Where Debian puts servers, which is not on everybody's path.
            .env(
                "PATH",
                format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default()),
            );
        let running = Process::start("kamailio", &mut command)
            .context("Kamailio (package kamailio) is needed for the comparison")?;
        let sip = SocketAddr::from(([127, 0, 0, 1], port));
        let device = |number: usize| Device {
            login: number.to_string(),
            secret: format!("secret-{number}"),
            domain: "127.0.0.1".to_owned(),
            number: number.to_string(),
        };
        let mut callers: Vec<Device> = (FIRST..FIRST + accounts).map(device).collect();
        let called = callers.split_off(accounts / 2);
        let begin = Instant::now();
        while let Some(first) = callers.first() {
            match Scripted::register(sip, first) {
                Ok(_) => break,
                Err(_) if begin.elapsed() < PATIENCE => thread::sleep(Duration::from_millis(100)),
                Err(error) => bail!("{error:#}\n{}", running.log_end(20)),
            }
        }
        Ok(Side {
            name: "Kamailio",
            sip,
            processes: with_children(running.id())?,
            callers,
            called,
            running: Some((running, folder)),
        })
    }

    /// What its processes have had so far.
    pub(crate) fn time(&self) -> Result<SideTime> {
        let times = self.processes.iter().map(|id| ProcessorTime::of(*id));
        Ok(SideTime(times.collect::<Result<_>>()?))
    }

    /// Bytes of memory that its processes have in use, what they share counted once.
    pub(crate) fn memory(&self) -> Result<u64> {
        let mut kilobytes = 0;
        for process in &self.processes {
            let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup"))?;
            let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
            let value = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
            kilobytes += value
                .context("the kernel does not tell the memory of a process")?
                .trim()
                .parse::<u64>()?;
        }
        Ok(kilobytes * 1_024)
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        // Kamailio's workers outlive a main process that is killed; asked to stop, it takes them along.
        if let Some((kamailio, _)) = &mut self.running {
            let _ = kamailio.terminate();
            let _ = kamailio.wait(Duration::from_secs(5));
        }
    }
}

/// Processor time of all processes of a server.
pub(crate) struct SideTime(Vec<ProcessorTime>);

impl SideTime {
    pub(crate) fn since(&self, earlier: &SideTime) -> Duration {
        let pairs = self.0.iter().zip(&earlier.0);
        pairs.map(|(now, before)| now.since(before)).sum()
    }
}

/// A process and those that it has started.
fn with_children(root: u32) -> Result<Vec<u32>> {
    let mut found = vec![root];
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(process) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // It may end between the listing and the look.
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"));
        if parent.and_then(|parent| parent.trim().parse().ok()) == Some(root) {
            found.push(process);
        }
    }
    Ok(found)
}
