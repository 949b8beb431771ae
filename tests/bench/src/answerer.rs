//! The called side of the load: registers, then answers every call at once.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use end_to_end::scripted::{answer, description, header, media_address};
use end_to_end::{Device, Scripted};
use sip::{HeaderName, Message, Method, Request};

/// A thread that answers for all called devices on one socket.
pub(crate) struct Answerer {
    stop: Arc<AtomicBool>,
    repeated: Arc<AtomicU64>,
    media: Arc<Mutex<Option<SocketAddr>>>,
    offers: Receiver<SocketAddr>,
    thread: Option<JoinHandle<()>>,
}

struct Answering {
    socket: UdpSocket,
    stop: Arc<AtomicBool>,
    repeated: Arc<AtomicU64>,
    media: Arc<Mutex<Option<SocketAddr>>>,
    offers: Sender<SocketAddr>,
    /// How often each call was offered.
    seen: HashMap<String, u32>,
}

impl Answerer {
    /// Registers the devices and begins to answer.
    pub(crate) fn start(server: SocketAddr, devices: &[Device]) -> Result<Answerer> {
        let (first, others) = devices.split_first().context("nobody to be called")?;
        let phone = Scripted::register(server, first)?;
        for (index, device) in others.iter().enumerate() {
            phone.add(device, &format!("answerer-{index}"))?;
        }
        let socket = phone.into_socket();
        let stop = Arc::new(AtomicBool::new(false));
        let repeated = Arc::new(AtomicU64::new(0));
        let media = Arc::new(Mutex::new(None));
        let (sender, offers) = mpsc::channel();
        socket.set_read_timeout(Some(Duration::from_millis(100)))?;
        let answering = Answering {
            socket,
            stop: Arc::clone(&stop),
            repeated: Arc::clone(&repeated),
            media: Arc::clone(&media),
            offers: sender,
            seen: HashMap::new(),
        };
        let thread = Some(thread::spawn(move || answering.run()));
        Ok(Answerer {
            stop,
            repeated,
            media,
            offers,
            thread,
        })
    }

    /// How many INVITE requests came more than once.
    pub(crate) fn repeated(&self) -> u64 {
        self.repeated.load(Ordering::Relaxed)
    }

    /// Where the next calls want their audio.
    pub(crate) fn listen_at(&self, media: SocketAddr) {
        *self.media.lock().unwrap_or_else(PoisonError::into_inner) = Some(media);
    }

    /// Where the newest call's offer wants its audio sent.
    pub(crate) fn offered(&self) -> Result<SocketAddr> {
        self.offers
            .recv_timeout(Duration::from_secs(5))
            .context("no call came to the answering side")
    }
}

impl Drop for Answerer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // If it panicked, that was printed.
            let _ = thread.join();
        }
    }
}

impl Answering {
    fn run(mut self) {
        let mut buffer = [0; 8_192];
        while !self.stop.load(Ordering::Relaxed) {
            let Ok(length) = self.socket.recv(&mut buffer) else {
                continue;
            };
            let message = Message::parse(Bytes::copy_from_slice(&buffer[..length]));
            if let Ok(Message::Request(request)) = message
                && request.method != Method::Ack
            {
                let reply = self.reply(&request);
                // A lost answer is asked for again.
                let _ = self.socket.send(&reply);
            }
        }
    }

    fn reply(&mut self, request: &Request) -> Vec<u8> {
        let local = self
            .socket
            .local_addr()
            .map_or(String::new(), |address| address.to_string());
        let call_id = header(&request.headers, &HeaderName::CallId);
        let mut body = String::new();
        if request.method == Method::Invite {
            let times = self.seen.entry(call_id.clone()).or_insert(0);
            *times += 1;
            if *times > 1 {
                self.repeated.fetch_add(1, Ordering::Relaxed);
            } else if let Ok(offered) = media_address(&request.body) {
                // Nobody may be interested.
                let _ = self.offers.send(offered);
            }
            let media = *self.media.lock().unwrap_or_else(PoisonError::into_inner);
            body = description(media.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 9))));
        } else if request.method == Method::Bye {
            self.seen.remove(&call_id);
        }
        answer(request, "200 OK", &format!("sip:{local}"), &body)
    }
}
