//! Hosts and networks inside this machine: what stands between a phone at home and a server on the internet.
//!
//! Every host is a network namespace; they need root, as making any network does. They go with their owner, and what a
//! killed test left behind goes with the next [`Internet`].

use std::fs::{self, File};
use std::net::Ipv4Addr;
use std::os::fd::AsFd;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use anyhow::{Context, Result, bail};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// What the names of all namespaces of these tests begin with; the process's number follows.
const PREFIX: &str = "carillon-";

/// A network that public hosts and routers are on: 198.51.100.0/24, kept free for examples by RFC 5737.
#[derive(Debug)]
pub struct Internet {
    wire: Namespace,
    used: AtomicU32,
}

/// A host with an address of its own.
#[derive(Debug)]
pub struct Host {
    namespace: Namespace,
    address: Ipv4Addr,
}

/// A network at home: phones with private addresses, and a router that translates them all to its public one.
#[derive(Debug)]
pub struct Home {
    /// The phones' hosts.
    pub hosts: Vec<Host>,
    router: Host,
}

/// How a router chooses the port that a host behind it gets on the outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Translation {
    /// The host's own port for every peer; others than the peer are kept out ("port restricted").
    SamePort,
    /// A new random one for every peer ("symmetric").
    PortForEachPeer,
}

#[derive(Debug)]
struct Namespace(String);

impl Internet {
    /// Makes a network without hosts.
    ///
    /// # Errors
    /// Without root, or when `ip` is missing.
    pub fn new() -> Result<Internet> {
        remove_leftovers();
        let wire = Namespace::new()?;
        wire.ip("link add bridge type bridge")?;
        wire.ip("link set bridge up")?;
        let used = AtomicU32::new(0);
        Ok(Internet { wire, used })
    }

    /// A host with a public address.
    ///
    /// # Errors
    /// When `ip` refuses.
    pub fn host(&self) -> Result<Host> {
        let number = 10 + self.used.fetch_add(1, Ordering::Relaxed);
        let port = format!("port{number}");
        let address = Ipv4Addr::new(198, 51, 100, u8::try_from(number)?);
        let namespace = Namespace::new()?;
        self.wire.connect(&port, &namespace, "public", address)?;
        self.wire.ip(&format!("link set {port} master bridge up"))?;
        Ok(Host { namespace, address })
    }

    /// A router with so many hosts behind it.
    ///
    /// # Errors
    /// When `ip` or `nft` refuses.
    pub fn home(&self, translation: Translation, hosts: u8) -> Result<Home> {
        let router = self.host()?;
        let mut home = Home {
            hosts: Vec::new(),
            router,
        };
        let router = &home.router.namespace;
        router.set("net.ipv4.ip_forward", "1")?;
        let how = match translation {
            Translation::SamePort => "masquerade",
            Translation::PortForEachPeer => "masquerade fully-random",
        };
        router.nft("add table ip home")?;
        router.nft("add chain ip home out { type nat hook postrouting priority 100 ; }")?;
        router.nft(&format!("add rule ip home out oifname public {how}"))?;
        for number in 0..hosts {
            let namespace = Namespace::new()?;
            let (inside, gateway) = ([192, 168, number, 2], [192, 168, number, 1]);
            let port = format!("home{number}");
            router.connect(&port, &namespace, "private", inside.into())?;
            let gateway = Ipv4Addr::from(gateway);
            router.ip(&format!("address add {gateway}/24 dev {port}"))?;
            namespace.ip(&format!("route add default via {gateway}"))?;
            let address = inside.into();
            home.hosts.push(Host { namespace, address });
        }
        Ok(home)
    }
}

impl Home {
    /// The address that the world sees.
    #[must_use]
    pub fn address(&self) -> Ipv4Addr {
        self.router.address
    }

    /// How long the router remembers a silent UDP conversation, in seconds.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn forget_silence_after(&self, seconds: u32) -> Result<()> {
        let router = &self.router.namespace;
        for name in ["udp_timeout", "udp_timeout_stream"] {
            let name = format!("net.netfilter.nf_conntrack_{name}");
            router.set(&name, &seconds.to_string())?;
        }
        Ok(())
    }
}

impl Host {
    /// Its address.
    #[must_use]
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// What to put before a command so that it runs on this host.
    #[must_use]
    pub fn under(&self) -> Vec<String> {
        ["ip", "netns", "exec", &self.namespace.0]
            .map(str::to_owned)
            .into()
    }

    /// Does something on this host. A socket that is opened there stays there, whoever uses it later.
    ///
    /// # Errors
    /// When the host has gone.
    pub fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T> {
        let namespace = File::open(format!("/run/netns/{}", self.namespace.0))?;
        // A thread of its own: it never comes back from there.
        thread::scope(|scope| {
            let inside = scope.spawn(|| {
                let network = Some(LinkNameSpaceType::Network);
                move_into_link_name_space(namespace.as_fd(), network)?;
                Ok(work())
            });
            match inside.join() {
                Ok(done) => done,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }
}

impl Namespace {
    fn new() -> Result<Namespace> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{}-{number}", std::process::id());
        run("ip", &["netns", "add", &name]).context(
            "a network namespace cannot be made; these tests need root, as continuous integration has: run them as root",
        )?;
        let namespace = Namespace(name);
        namespace.ip("link set lo up")?;
        Ok(namespace)
    }

    /// Lays a cable from here to `other`, which gets an address in a /24.
    fn connect(&self, here: &str, other: &Namespace, there: &str, address: Ipv4Addr) -> Result<()> {
        let name = &other.0;
        self.ip(&format!(
            "link add {here} type veth peer name {there} netns {name}"
        ))?;
        self.ip(&format!("link set {here} up"))?;
        other.ip(&format!("address add {address}/24 dev {there}"))?;
        other.ip(&format!("link set {there} up"))
    }

    fn ip(&self, words: &str) -> Result<()> {
        let mut arguments = vec!["-n", &self.0];
        arguments.extend(words.split(' '));
        run("ip", &arguments)
    }

    fn nft(&self, rule: &str) -> Result<()> {
        run("ip", &["netns", "exec", &self.0, "nft", rule])
            .context("is nftables installed? tests/setup/prepare test installs it")
    }

    fn set(&self, variable: &str, value: &str) -> Result<()> {
        let setting = format!("{variable}={value}");
        run(
            "ip",
            &["netns", "exec", &self.0, "sysctl", "-q", "-w", &setting],
        )
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // Nothing can be done about it here; the next test tries again.
        let _ = run("ip", &["netns", "delete", &self.0]);
    }
}

/// Removes namespaces whose makers do not live any more.
fn remove_leftovers() {
    let Ok(namespaces) = fs::read_dir("/run/netns") else {
        return;
    };
    for entry in namespaces.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let maker = name
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split('-').next());
        if maker.is_some_and(|maker| !fs::exists(format!("/proc/{maker}")).unwrap_or(true)) {
            drop(Namespace(name));
        }
    }
}

fn run(program: &str, arguments: &[&str]) -> Result<()> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .with_context(|| {
            format!("{program} cannot be run; tests/setup/prepare test installs it")
        })?;
    if !output.status.success() {
        bail!(
            "{program} {} failed: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}
