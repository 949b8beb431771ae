//! A running call server with its admin tool.

use std::ffi::OsString;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Callctl, Process, binary, http};

/// How long a start or an orderly stop may take, on a machine that compiles something beside it.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running `callserver`. Dropping it kills it and removes its data.
#[derive(Debug)]
pub struct Server {
    process: Process,
    ready: Ready,
    data: PathBuf,
    options: ServerOptions,
    own_data: Option<TempDir>,
}

/// Where a server really listens.
#[derive(Debug, Clone)]
pub struct Ready {
    /// SIP over UDP and TCP.
    pub sip: SocketAddr,
    /// HTTP.
    pub http: SocketAddr,
    /// SIP over TLS.
    pub sips: Option<SocketAddr>,
    /// HTTP over TLS.
    pub https: Option<SocketAddr>,
    /// The whole ready line.
    pub line: Value,
}

/// How to start a server; by default on free ports of the loopback address, with data in a temporary folder.
#[derive(Debug, Default, Clone)]
pub struct ServerOptions {
    /// An existing data folder to use instead.
    pub data: Option<PathBuf>,
    /// The address to listen on instead of the loopback address; what is plain then goes beyond this machine.
    pub address: Option<IpAddr>,
    /// The configuration file's contents, if any.
    pub settings: String,
    /// More arguments.
    pub arguments: Vec<OsString>,
    /// A program to run the server with, such as `taskset -c 0`.
    pub under: Vec<String>,
    /// More environment variables.
    pub environment: Vec<(String, String)>,
}

/// An account on a server, with what its owner knows.
#[derive(Debug, Clone)]
pub struct Account {
    /// The username.
    pub name: String,
    /// The password of the account.
    pub password: String,
    /// The number that others dial.
    pub number: String,
}

/// The SIP credential of one device.
#[derive(Debug, Clone)]
pub struct Device {
    /// The digest username.
    pub login: String,
    /// The digest password.
    pub secret: String,
    /// The host part of SIP addresses, and the realm.
    pub domain: String,
    /// The number of the account.
    pub number: String,
}

impl Server {
    /// Starts a server with a data folder of its own.
    ///
    /// # Errors
    /// When it does not become ready.
    pub fn start() -> Result<Server> {
        Server::start_with(ServerOptions::default())
    }

    /// Starts a server as the options say.
    ///
    /// # Errors
    /// When it does not become ready; the message holds what it said.
    pub fn start_with(options: ServerOptions) -> Result<Server> {
        let mut own_data = None;
        let data = match &options.data {
            Some(data) => data.clone(),
            None => own_data.insert(tempfile::tempdir()?).path().join("data"),
        };
        let address = options.address.unwrap_or(Ipv4Addr::LOCALHOST.into());
        let any_port = SocketAddr::new(address, 0);
        Server::run(options, data, own_data, [any_port; 4])
    }

    /// Kills it as a power cut would, and starts it again with the same data at the same addresses.
    ///
    /// # Errors
    /// When it does not become ready again.
    pub fn crash_and_restart(mut self) -> Result<Server> {
        self.kill();
        let Ready {
            sip,
            http,
            sips,
            https,
            ..
        } = self.ready;
        let any_port = SocketAddr::new(sip.ip(), 0);
        let addresses = [
            sip,
            http,
            sips.unwrap_or(any_port),
            https.unwrap_or(any_port),
        ];
        Server::run(self.options, self.data, self.own_data, addresses)
    }

    /// `addresses` are those of SIP, HTTP, SIPS and HTTPS.
    fn run(
        options: ServerOptions,
        data: PathBuf,
        own_data: Option<TempDir>,
        addresses: [SocketAddr; 4],
    ) -> Result<Server> {
        let mut command = crate::process::under(&options.under, binary("callserver")?);
        let mut settings = options.settings.clone();
        if options.address.is_some() {
            settings.insert_str(0, "plain_beyond_loopback = true\n");
        }
        let configuration = tempfile::NamedTempFile::new()?;
        if !settings.is_empty() {
            fs::write(&configuration, settings)?;
            command.arg("--config").arg(configuration.path());
        }
        for (option, address) in ["--sip", "--http", "--sips", "--https"]
            .iter()
            .zip(addresses)
        {
            command.args([option, address.to_string().as_str()]);
        }
        command
            .args(["--rtp-ports", "0"])
            .arg("--data")
            .arg(&data)
            .args(&options.arguments)
            .envs(options.environment.iter().cloned());
        let mut process = Process::start("callserver", &mut command)?;
        let line = match process.next_line(PATIENCE)? {
            Some(line) => line,
            None => {
                process.wait(PATIENCE)?;
                bail!(
                    "callserver ended before it was ready\n{}",
                    process.log_end(20)
                );
            }
        };
        let line: Value = serde_json::from_str(&line)
            .with_context(|| format!("no JSON in the ready line: {line}"))?;
        let address = |key: &str| -> Result<SocketAddr> {
            let text = line[key]
                .as_str()
                .with_context(|| format!("no {key} in the ready line {line}"))?;
            Ok(text.parse()?)
        };
        let ready = Ready {
            sip: address("sip")?,
            http: address("http")?,
            sips: address("sips").ok(),
            https: address("https").ok(),
            line: line.clone(),
        };
        Ok(Server {
            process,
            ready,
            data,
            options,
            own_data,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// What a softphone is told as `--server`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.ready.http)
    }

    /// The same over HTTPS.
    ///
    /// # Errors
    /// When it does not listen there.
    pub fn https_url(&self) -> Result<String> {
        let https = self.ready.https.context("this server speaks no HTTPS")?;
        Ok(format!("https://{https}"))
    }

    /// SHA-256 of the certificate that it shows, as `callctl status` tells it.
    ///
    /// # Errors
    /// When `callctl` does not tell.
    pub fn fingerprint(&self) -> Result<String> {
        let status: Value = serde_json::from_str(&self.callctl(&["--json", "status"])?)?;
        let fingerprint = status["certificate_sha256"].as_str();
        fingerprint
            .map(str::to_owned)
            .with_context(|| format!("no fingerprint in {status}"))
    }

    /// Its data folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The file of its certificate, which it made itself.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.data.join("certificate.pem")
    }

    /// The process itself.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Makes an account with a number, through `callctl`.
    ///
    /// # Errors
    /// When `callctl` refuses.
    pub fn add_account(&self, name: &str, number: &str) -> Result<Account> {
        let account = Account {
            name: name.to_owned(),
            password: "seven green bottles 7".to_owned(),
            number: number.to_owned(),
        };
        self.callctl_with_input(
            &[
                "accounts",
                "add",
                name,
                "--number",
                number,
                "--password-stdin",
            ],
            &account.password,
        )?;
        Ok(account)
    }

    /// Logs in over HTTP and gets a new device credential, to be typed into somebody else's phone.
    ///
    /// # Errors
    /// When the login is refused.
    pub fn add_device(&self, account: &Account) -> Result<Device> {
        let request = json!({
            "name": account.name, "password": account.password, "device_label": "desk phone",
        });
        let (status, answer) = http::post(self.ready.http, "/api/v1/login", None, &request)?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let device = (|| {
            Some(Device {
                login: text(&answer["device"]["login"])?,
                secret: text(&answer["device"]["secret"])?,
                domain: text(&answer["sip"]["domain"])?,
                number: account.number.clone(),
            })
        })();
        device.with_context(|| format!("the login was answered with {status} {answer}"))
    }

    /// Logs in over HTTP and gets a token for `Authorization: Bearer`.
    ///
    /// # Errors
    /// When the login is refused.
    pub fn access_token(&self, account: &Account) -> Result<String> {
        let request = json!({
            "name": account.name, "password": account.password, "device_label": "browser",
        });
        let (status, answer) = http::post(self.ready.http, "/api/v1/login", None, &request)?;
        let token = answer["tokens"]["access_token"].as_str();
        token
            .map(str::to_owned)
            .with_context(|| format!("the login was answered with {status}"))
    }

    /// Posts JSON over HTTP, with the token of a session if there is one; gives back the status and the JSON of the answer.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn post(&self, path: &str, token: Option<&str>, body: &Value) -> Result<(u16, Value)> {
        http::post(self.ready.http, path, token, body)
    }

    /// A new device credential, made by the operator: also for a server on a network that this process cannot reach.
    ///
    /// # Errors
    /// When `callctl` refuses.
    pub fn make_device(&self, account: &Account) -> Result<Device> {
        let shown = self.callctl(&["--json", "devices", "add", &account.name])?;
        let shown: Value = serde_json::from_str(&shown)?;
        let text = |key: &str| shown[key].as_str().map(str::to_owned);
        let device = (|| {
            Some(Device {
                login: text("login")?,
                secret: text("secret")?,
                domain: text("domain")?,
                number: account.number.clone(),
            })
        })();
        device.with_context(|| format!("callctl shows no credential: {shown}"))
    }

    /// One of the figures at `/metrics`, such as `carillon_studio_calls`.
    ///
    /// # Errors
    /// When the server does not tell it.
    pub fn figure(&self, name: &str) -> Result<f64> {
        let figures = http::HttpClient::new(self.ready.http).text("/metrics")?;
        let mut lines = figures.lines().filter_map(|line| line.split_once(' '));
        let (_, value) = lines
            .find(|(known, _)| *known == name)
            .with_context(|| format!("no {name} among the figures"))?;
        Ok(value.parse()?)
    }

    /// Runs `callctl` on this server's data folder.
    ///
    /// # Errors
    /// When it fails; the message holds what it said.
    pub fn callctl(&self, arguments: &[&str]) -> Result<String> {
        self.callctl_with_input(arguments, "")
    }

    fn callctl_with_input(&self, arguments: &[&str], input: &str) -> Result<String> {
        self.operator().run_with_input(arguments, input)
    }

    /// Runs `callctl` and gives back whatever came of it.
    ///
    /// # Errors
    /// When it cannot be run.
    pub fn try_callctl(&self, arguments: &[&str], input: &str) -> Result<Output> {
        self.operator().try_to_run(arguments, input)
    }

    /// `callctl` for this server, for tests in which several operators work at once.
    #[must_use]
    pub fn operator(&self) -> Callctl {
        Callctl::new(&self.data)
    }

    /// Kills it, as a power cut would.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Asks it to stop, and waits until it has.
    ///
    /// # Errors
    /// When it does not stop in time or does not end well.
    pub fn stop(&mut self) -> Result<()> {
        self.process.terminate()?;
        let status = self.process.wait(PATIENCE)?;
        if !status.success() {
            bail!(
                "callserver did not stop well: {status}\n{}",
                self.process.log_end(20)
            );
        }
        Ok(())
    }
}
