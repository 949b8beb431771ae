//! The least that a relay in user space can do, to compare with: one receive and one send call for each packet, in a
//! process of its own.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use rustix::buffer::spare_capacity;
use rustix::event::epoll;

/// The process; it ends with this.
pub(crate) struct Forwarder {
    child: Child,
    /// Where either end of each stream sends to.
    pub(crate) ports: Vec<[u16; 2]>,
}

impl Forwarder {
    /// Starts it on one core.
    pub(crate) fn start(core: usize, streams: usize) -> Result<Forwarder> {
        let mut child = Command::new("taskset")
            .args(["-c", &core.to_string()])
            .arg(std::env::current_exe()?)
            .args(["--forward", &streams.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("taskset (package util-linux) is needed to pin the forwarder to a core")?;
        let output = child.stdout.take().context("the forwarder has no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let ports: Vec<u16> = line
            .split_whitespace()
            .map(str::parse)
            .collect::<Result<_, _>>()
            .context("the forwarder did not tell its ports")?;
        let ports = ports.as_chunks::<2>().0.to_vec();
        Ok(Forwarder { child, ports })
    }

    /// Its process: taskset has become it.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        // It has ended by itself already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Socket {
    socket: UdpSocket,
    /// Where its last packet came from.
    source: Option<SocketAddr>,
}

/// What the process does: tells its ports in one line and forwards until it is killed.
pub(crate) fn forward(streams: usize) -> Result<()> {
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let mut sockets = Vec::new();
    let mut told = String::new();
    for place in 0..2 * streams as u64 {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.set_nonblocking(true)?;
        told += &format!("{} ", socket.local_addr()?.port());
        epoll::add(
            &epoll,
            &socket,
            epoll::EventData::new_u64(place),
            epoll::EventFlags::IN,
        )?;
        sockets.push(Socket {
            socket,
            source: None,
        });
    }
    println!("{told}");
    std::io::stdout().flush()?;
    let mut events = Vec::with_capacity(128);
    let mut buffer = [0; 2048];
    loop {
        events.clear();
        match epoll::wait(&epoll, spare_capacity(&mut events), None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for event in &events {
            let place = event.data.u64() as usize;
            let Ok((length, source)) = sockets[place].socket.recv_from(&mut buffer) else {
                continue;
            };
            sockets[place].source = Some(source);
            let other = &sockets[place ^ 1];
            if let Some(target) = other.source {
                // A full queue loses the packet.
                let _ = other.socket.send_to(&buffer[..length], target);
            }
        }
    }
}
