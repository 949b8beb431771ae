//! What the kernel tells about a running process: its sockets, memory and processor time.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result};

/// The IPv4 UDP sockets of a process that are bound and not connected to anybody.
///
/// # Errors
/// When the process has gone.
pub fn udp_sockets(process: u32) -> Result<Vec<SocketAddr>> {
    sockets(process, "udp", UNCONNECTED)
}

/// The IPv4 TCP sockets of a process that take connections.
///
/// # Errors
/// When the process has gone.
pub fn tcp_listeners(process: u32) -> Result<Vec<SocketAddr>> {
    sockets(process, "tcp", LISTENING)
}

/// What the kernel writes as the state of an unconnected UDP socket and of a listening TCP socket.
const UNCONNECTED: &str = "07";
const LISTENING: &str = "0A";

fn sockets(process: u32, protocol: &str, state: &str) -> Result<Vec<SocketAddr>> {
    let own = socket_inodes(process)?;
    let table = fs::read_to_string(format!("/proc/{process}/net/{protocol}"))?;
    let sockets = table.lines().skip(1).filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let is_ours = own.contains(*fields.get(9)?) && *fields.get(3)? == state;
        is_ours.then(|| address(fields.get(1)?)).flatten()
    });
    Ok(sockets.collect())
}

/// Bytes of memory that a process has in use.
///
/// # Errors
/// When the process has gone.
pub fn memory(process: u32) -> Result<u64> {
    in_status(process, "VmRSS:")
}

fn in_status(process: u32, name: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let kilobytes = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB"))
        .context("the kernel does not tell the memory of a process")?;
    Ok(kilobytes.trim().parse::<u64>()? * 1_024)
}

/// The most memory that a process has ever had in use, in bytes.
///
/// # Errors
/// When there is no such process.
pub fn most_memory(process: u32) -> Result<u64> {
    in_status(process, "VmHWM:")
}

/// Bytes of memory that a process shares with no file: the system cannot take them back or lend them to others.
///
/// # Errors
/// When the process has gone.
pub fn own_memory(process: u32) -> Result<u64> {
    in_status(process, "RssAnon:")
}

/// Processor time that each thread of a process has had so far, to the nanosecond as the scheduler counts.
#[derive(Debug, Clone)]
pub struct ProcessorTime(HashMap<String, u64>);

impl ProcessorTime {
    /// Looks at a process now.
    ///
    /// # Errors
    /// When the process has gone.
    pub fn of(process: u32) -> Result<ProcessorTime> {
        let mut threads = HashMap::new();
        for thread in fs::read_dir(format!("/proc/{process}/task"))? {
            let thread = thread?;
            // A thread may end between the listing and the look.
            let Ok(text) = fs::read_to_string(thread.path().join("schedstat")) else {
                continue;
            };
            let first = text
                .split_whitespace()
                .next()
                .context("schedstat is empty")?;
            let name = thread.file_name().to_string_lossy().into_owned();
            threads.insert(name, first.parse()?);
        }
        Ok(ProcessorTime(threads))
    }

    /// What the threads that are there now have had since `earlier`. A thread that has ended in between takes its time
    /// with it: a pool ends threads that had nothing to do.
    #[must_use]
    pub fn since(&self, earlier: &ProcessorTime) -> Duration {
        let nanoseconds = self.0.iter().map(|(thread, now)| {
            let before = earlier.0.get(thread).copied().unwrap_or(0);
            now.saturating_sub(before)
        });
        Duration::from_nanos(nanoseconds.sum())
    }
}

fn socket_inodes(process: u32) -> Result<HashSet<String>> {
    let mut inodes = HashSet::new();
    for entry in fs::read_dir(format!("/proc/{process}/fd"))? {
        // A file may be closed between the listing and the look.
        let Ok(target) = fs::read_link(entry?.path()) else {
            continue;
        };
        let target = target.to_string_lossy();
        if let Some(inode) = target
            .strip_prefix("socket:[")
            .and_then(|rest| rest.strip_suffix(']'))
        {
            inodes.insert(inode.to_owned());
        }
    }
    Ok(inodes)
}

/// Reads `0100007F:1F90`: the address in the machine's byte order, the port in the network's.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let ip = u32::from_str_radix(ip, 16).ok()?;
    let port = u16::from_str_radix(port, 16).ok()?;
    Some((Ipv4Addr::from(ip.to_ne_bytes()), port).into())
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, UdpSocket};

    use super::*;

    #[test]
    fn own_sockets_memory_and_time_are_found() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let own = std::process::id();
        assert!(
            udp_sockets(own)
                .unwrap()
                .contains(&socket.local_addr().unwrap())
        );
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(
            tcp_listeners(own)
                .unwrap()
                .contains(&listener.local_addr().unwrap())
        );
        assert!(memory(own).unwrap() > 100_000);
        assert!((1..=memory(own).unwrap()).contains(&own_memory(own).unwrap()));
        let before = ProcessorTime::of(own).unwrap();
        let worked: u64 = std::hint::black_box((0..1_000_000).fold(1, |a, b| a ^ (b * 7)));
        assert!(
            ProcessorTime::of(own).unwrap().since(&before) > Duration::ZERO,
            "{worked}"
        );
    }
}
