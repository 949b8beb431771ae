//! A way to a server that breaks: every connection over it is cut when so many bytes have passed, or nothing more comes
//! through.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use anyhow::Result;

use crate::Noise;

/// A TCP port that passes everything on to a server, until it breaks.
#[derive(Debug)]
pub struct BreakingLink {
    address: SocketAddr,
    link: Arc<Link>,
}

#[derive(Debug)]
struct Link {
    state: Mutex<State>,
    changed: Condvar,
    broken: AtomicUsize,
}

#[derive(Debug)]
struct State {
    passed: u64,
    /// Where it breaks, the next place last.
    breaks: Vec<u64>,
    /// Where everything comes to a halt.
    halt: Option<u64>,
    live: Vec<TcpStream>,
}

/// Bytes that pass at once.
const PIECE: usize = 16 * 1024;

impl BreakingLink {
    /// A way to `server` that breaks each time one of these numbers of bytes has passed over it, in both directions and
    /// all connections together; whatever is connected then is cut, and what is on the way is lost.
    ///
    /// # Errors
    /// When there is no port.
    pub fn new(server: SocketAddr, breaks: Vec<u64>, halt: Option<u64>) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let mut breaks = breaks;
        breaks.sort_unstable_by(|one, other| other.cmp(one));
        let link = Arc::new(Link {
            state: Mutex::new(State {
                passed: 0,
                breaks,
                halt,
                live: Vec::new(),
            }),
            changed: Condvar::new(),
            broken: AtomicUsize::new(0),
        });
        let shared = link.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                let (Ok(client), Ok(server)) = (client, TcpStream::connect(server)) else {
                    continue;
                };
                // A pair that cannot be doubled is dropped, which a client takes for one more break.
                let _ = shared.connect(&client, &server);
            }
        });
        Ok(Self { address, link })
    }

    /// So many breaks between `from` and `to` bytes, the same ones for the same seed.
    #[must_use]
    pub fn at_random(seed: u64, count: usize, from: u64, to: u64) -> Vec<u64> {
        let mut noise = Noise::new(seed);
        let width = usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX);
        (0..count)
            .map(|_| from + noise.below(width) as u64)
            .collect()
    }

    /// What a softphone is told as `--server`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How often it has broken.
    #[must_use]
    pub fn broken(&self) -> usize {
        self.link.broken.load(Ordering::Relaxed)
    }

    /// Lets everything pass from now on.
    pub fn go_on(&self) {
        self.link.lock().halt = None;
        self.link.changed.notify_all();
    }
}

impl Link {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Numbers and sockets cannot be left half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connect(self: &Arc<Self>, client: &TcpStream, server: &TcpStream) -> Result<()> {
        self.lock()
            .live
            .extend([client.try_clone()?, server.try_clone()?]);
        for (from, to) in [(client, server), (server, client)] {
            let (from, to, link) = (from.try_clone()?, to.try_clone()?, self.clone());
            thread::spawn(move || link.pass(from, to));
        }
        Ok(())
    }

    fn pass(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut piece = vec![0; PIECE];
        while let Ok(length) = from.read(&mut piece) {
            if length == 0
                || !self.may_pass(length as u64)
                || to.write_all(&piece[..length]).is_err()
            {
                break;
            }
        }
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    }

    /// `false` when it breaks with these bytes.
    fn may_pass(&self, length: u64) -> bool {
        let mut state = self.lock();
        state.passed += length;
        while state.halt.is_some_and(|halt| state.passed > halt) {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if state.breaks.last().is_none_or(|next| state.passed < *next) {
            return true;
        }
        state.breaks.pop();
        self.broken.fetch_add(1, Ordering::Relaxed);
        for stream in state.live.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        false
    }
}
