//! TLS for tools that have none: socat, which is OpenSSL, takes plain connections and carries them on encrypted.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::{Process, Server, free_port, inside};

/// How long it may take to listen.
const PATIENCE: Duration = Duration::from_secs(10);

/// A way into the SIP port with TLS of a server. It believes the server's own certificate and no other.
#[derive(Debug)]
pub struct Tunnel {
    process: Process,
    address: SocketAddr,
}

impl Tunnel {
    /// Opens it.
    ///
    /// # Errors
    /// When socat is missing, or the server does not speak TLS.
    pub fn start(server: &Server) -> Result<Tunnel> {
        let target = server.ready().sips.context("the server speaks no SIPS")?;
        let port = free_port()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut command = Command::new("socat");
        command
            .arg(format!("TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork"))
            .arg(format!(
                // Without a name to look for: the one certificate that is believed is name enough.
                "OPENSSL:{target},verify=1,cafile={},commonname=,no-sni=1",
                server.certificate().display()
            ));
        let process = Process::start("socat", &mut command)
            .context("is socat installed? tests/setup/prepare test installs it")?;
        let mut tunnel = Tunnel { process, address };
        let end = Instant::now() + PATIENCE;
        while inside::tcp_listeners(tunnel.process.id())?.is_empty() {
            if Instant::now() > end || !tunnel.process.is_running() {
                bail!("socat does not listen\n{}", tunnel.process.log_end(20));
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(tunnel)
    }

    /// Where it takes plain connections.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}
