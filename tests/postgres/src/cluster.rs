//! A running server.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::account::Account;
use crate::programs::server_program;
use crate::{Database, PASSWORD, USER};

/// How long a start or an end may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often is looked.
const LOOK: Duration = Duration::from_millis(5);

/// Runs the server, and ends it when it is told how (a signal's name) or when the test is gone, however it went; then
/// nobody else would take the folder away.
const KEEPER: &str = r#"
folder=$1
shift
"$@" </dev/null &
server=$!
if read -r how; then
    kill -s "$how" "$server"
    wait "$server"
else
    kill -s QUIT "$server"
    wait "$server"
    rm -rf "$folder"
fi
"#;

/// Whether what is written has reached the disk when the server says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disk {
    /// No: only a power cut would tell the difference, and tests are quicker.
    Lax,
    /// As on a real machine.
    Strict,
}

/// How a server ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Connections are closed, everything is put in order.
    Orderly,
    /// At once, as in a crash; the next start recovers.
    Crash,
}

/// A running server of its own. Dropping it ends it and removes its files.
#[derive(Debug)]
pub struct Cluster {
    folder: TempDir,
    account: Account,
    port: u16,
    disk: Disk,
    keeper: Mutex<Option<Child>>,
    databases: AtomicU32,
}

impl Cluster {
    /// The server that the tests of this process share: started by the first that asks, ended with the last database.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not start.
    pub fn shared() -> Result<Arc<Self>> {
        static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = shared.upgrade() {
            return Ok(running);
        }
        let started = Self::start(Disk::Lax)?;
        *shared = Arc::downgrade(&started);
        Ok(started)
    }

    /// Makes and starts a server.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not start; the message holds what it said.
    pub fn start(disk: Disk) -> Result<Arc<Self>> {
        let folder = tempfile::Builder::new().prefix("postgres-").tempdir()?;
        let account = Account::find(folder.path())?;
        account.own(folder.path())?;
        make_data(folder.path(), &account)?;
        // Somebody else may take the port before the server does.
        let mut attempts = 5;
        loop {
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
                .local_addr()?
                .port();
            match Self::run(folder.path(), &account, port, disk) {
                Ok(keeper) => {
                    return Ok(Arc::new(Self {
                        folder,
                        account,
                        port,
                        disk,
                        keeper: Mutex::new(Some(keeper)),
                        databases: AtomicU32::new(0),
                    }));
                }
                Err(error) if attempts == 0 => return Err(error),
                Err(_) => attempts -= 1,
            }
        }
    }

    /// Starts the server and waits until it takes connections.
    fn run(folder: &Path, account: &Account, port: u16, disk: Disk) -> Result<Child> {
        let log = folder.join("log");
        let mut settings = vec![
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={port}"),
            format!("unix_socket_directories={}", folder.display()),
            "max_connections=60".to_owned(),
        ];
        // One that keeps its promises keeps its own settings too, as it is measured with.
        if disk == Disk::Lax {
            let lax = ["fsync=off", "full_page_writes=off", "shared_buffers=16MB"];
            settings.extend(lax.map(str::to_owned));
        }
        let mut command = Command::new("sh");
        command
            .args(["-c", KEEPER, "keeper"])
            .arg(folder)
            .args(account.words(&server_program("postgres")?).iter())
            .arg("-D")
            .arg(folder.join("data"));
        for setting in settings {
            command.arg("-c").arg(setting);
        }
        let mut keeper = command
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .spawn()?;
        let begin = Instant::now();
        let state = folder.join("data/postmaster.pid");
        loop {
            // The last line of the file says how far it is.
            let text = fs::read_to_string(&state).unwrap_or_default();
            if text
                .lines()
                .last()
                .is_some_and(|line| line.trim() == "ready")
            {
                return Ok(keeper);
            }
            let log = || fs::read_to_string(&log).unwrap_or_default();
            // Its last words; what is fatal for one connection is not for the server.
            if log().contains("database system is shut down") {
                keeper.kill()?;
                keeper.wait()?;
                bail!("PostgreSQL did not start: {}", log());
            }
            if begin.elapsed() > PATIENCE {
                bail!("PostgreSQL is not ready after {PATIENCE:?}: {}", log());
            }
            std::thread::sleep(LOOK);
        }
    }

    /// A new, empty database.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn database(self: &Arc<Self>) -> Result<Database> {
        let count = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test{count}");
        self.query("postgres", &format!("CREATE DATABASE {name}"))?;
        Ok(Database::new(Arc::clone(self), name))
    }

    /// Ends the server; [`Cluster::start_again`] brings it back at the same address.
    ///
    /// # Errors
    /// When it does not run, or does not end in time.
    pub fn stop(&self, how: End) -> Result<()> {
        let mut keeper = self.keeper();
        let running = keeper.as_mut().context("the server does not run")?;
        end(running, how)?;
        *keeper = None;
        Ok(())
    }

    /// Starts the server after [`Cluster::stop`].
    ///
    /// # Errors
    /// When it does not become ready; the message holds what it said.
    pub fn start_again(&self) -> Result<()> {
        let mut keeper = self.keeper();
        if keeper.is_none() {
            *keeper = Some(Self::run(
                self.folder.path(),
                &self.account,
                self.port,
                self.disk,
            )?);
        }
        Ok(())
    }

    /// The port on the loopback address.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of its Unix socket.
    pub fn socket_folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// What the server wrote since it was last started.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    pub(crate) fn query(&self, database: &str, sql: &str) -> Result<String> {
        let output = Command::new(server_program("psql")?)
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"])
            .args(["--set", "ON_ERROR_STOP=1", "--username", USER])
            .arg("--host")
            .arg(self.folder.path())
            .args(["--port", &self.port.to_string()])
            .args(["--dbname", database, "--command", sql])
            .stdin(Stdio::null())
            .output()?;
        if !output.status.success() {
            bail!("{sql}: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
    }

    fn keeper(&self) -> MutexGuard<'_, Option<Child>> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(keeper) = self.keeper().as_mut() {
            // Its files go now: nothing needs to be in order.
            let _ = end(keeper, End::Crash);
        }
    }
}

fn end(keeper: &mut Child, how: End) -> Result<()> {
    use std::io::Write;
    let signal = match how {
        End::Orderly => "INT",
        End::Crash => "QUIT",
    };
    let mut stdin = keeper.stdin.take().context("the server has been ended")?;
    writeln!(stdin, "{signal}")?;
    let begin = Instant::now();
    while keeper.try_wait()?.is_none() {
        if begin.elapsed() > PATIENCE {
            bail!("PostgreSQL has not ended after {PATIENCE:?}");
        }
        std::thread::sleep(LOOK);
    }
    Ok(())
}

/// Makes the data folder. That takes most of a second, so the first one is kept beside the tests, and the others are
/// copies of it.
fn make_data(folder: &Path, account: &Account) -> Result<()> {
    let (initdb, data) = (server_program("initdb")?, folder.join("data"));
    // One for each version of PostgreSQL, which its path names.
    let version = initdb.display().to_string().replace('/', "-");
    let kept = std::env::current_exe()?.with_file_name(format!("data{version}"));
    if kept.is_dir() {
        return copy(&kept, &data);
    }
    let password = folder.join("password");
    fs::write(&password, PASSWORD)?;
    account.own(&password)?;
    let made = account
        .command(&initdb)
        .current_dir(folder)
        .args(["--username", USER, "--encoding", "UTF8", "--no-sync"])
        // Names sort as people sort them, as on most machines: whoever needs another order has to say so.
        .args(["--locale", "C.UTF-8", "--locale-provider", "icu"])
        .args(["--icu-locale", "en-US"])
        .args(["--auth-local", "trust", "--auth-host", "scram-sha-256"])
        .arg("--pwfile")
        .arg(&password)
        .arg("--pgdata")
        .arg(&data)
        .output()?;
    if !made.status.success() {
        bail!("initdb failed: {}", String::from_utf8_lossy(&made.stderr));
    }
    // Whole or not at all; and another test may have kept one meanwhile.
    let whole = kept.with_extension(std::process::id().to_string());
    copy(&data, &whole)?;
    if fs::rename(&whole, &kept).is_err() {
        fs::remove_dir_all(&whole)?;
    }
    Ok(())
}

/// Copies a folder with the owners and rights of what is in it.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let copied = Command::new("cp").arg("-a").args([from, to]).output()?;
    if !copied.status.success() {
        bail!("cp failed: {}", String::from_utf8_lossy(&copied.stderr));
    }
    Ok(())
}
