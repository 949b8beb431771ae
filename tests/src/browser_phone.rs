//! JsSIP under Node: the SIP stack of somebody else's web page, over WebSocket.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::{Device, Process, binary};

/// A running JsSIP that registers with one device.
#[derive(Debug)]
pub struct BrowserPhone {
    process: Process,
}

impl BrowserPhone {
    /// Starts it: `url` is where the WebSocket is opened, `trusted` the certificate (PEM) that is believed over TLS.
    ///
    /// # Errors
    /// When Node or JsSIP is missing.
    pub fn start(url: &str, device: &Device, trusted: Option<PathBuf>) -> Result<BrowserPhone> {
        let Device {
            login,
            secret,
            domain,
            number,
        } = device;
        let settings = json!({
            "url": url,
            "uri": format!("sip:{number}@{domain}"),
            "login": login,
            "secret": secret,
            "realm": domain,
            "trusted": trusted,
        });
        let modules = modules()?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("js/phone.cjs");
        let mut command = Command::new("node");
        command
            .arg(script)
            .arg(settings.to_string())
            .env("NODE_PATH", modules);
        let process = Process::start("node", &mut command)
            .context("is nodejs installed? tests/setup/prepare test installs it")?;
        Ok(BrowserPhone { process })
    }

    /// Gives it a command: `verb` is `message`, `options`, `register` or `unregister`.
    ///
    /// # Errors
    /// When it has gone.
    pub fn command(&mut self, verb: &str, target: &str, text: &str) -> Result<()> {
        let command = json!({"verb": verb, "target": target, "text": text});
        self.process.write_line(&command.to_string())
    }

    /// Waits for an event such as `registered`, `message` or `sent`; others before it are dropped.
    ///
    /// # Errors
    /// When it does not come in time.
    pub fn wait_for(&mut self, event: &str, within: Duration) -> Result<Value> {
        let end = Instant::now() + within;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let Some(line) = self.process.next_line(left)? else {
                bail!("Node has ended\n{}", self.process.log_end(40));
            };
            let told: Value = serde_json::from_str(&line)
                .with_context(|| format!("standard output holds more than JSON: {line}"))?;
            if told["event"] == event {
                return Ok(told);
            }
        }
    }
}

/// Where the set-up has put JsSIP: `tools` in the target folder, whose `debug` or `release` holds the binaries.
fn modules() -> Result<PathBuf> {
    let server = binary("callserver")?;
    let target = server.parent().and_then(Path::parent);
    let modules = target
        .context("the binaries lie in no target folder")?
        .join("tools/js/node_modules");
    if !modules.join("jssip").is_dir() {
        bail!(
            "{} is not there; tests/setup/browser-phone installs it",
            modules.display()
        );
    }
    Ok(modules)
}
