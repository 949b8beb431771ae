//! A phone that does what a script says: for answers that no well-behaved phone gives when asked.

mod answer;
mod connected;
mod request;

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use sip::{Message, Method, Request};

pub use answer::{answer, header};
pub use connected::Connected;
pub use request::{Head, description, media_address};

use crate::Device;

/// A registered phone that waits for requests.
#[derive(Debug)]
pub struct Scripted {
    socket: UdpSocket,
    local: SocketAddr,
}

impl Scripted {
    /// Registers a device from a socket of its own.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub fn register(server: SocketAddr, device: &Device) -> Result<Scripted> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.connect(server)?;
        let local = socket.local_addr()?;
        let phone = Scripted { socket, local };
        phone.add(device, "scripted")?;
        Ok(phone)
    }

    /// Registers a further device on the same socket.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub fn add(&self, device: &Device, call_id: &str) -> Result<()> {
        self.socket
            .send(&device.register(self.local, call_id, 1, ""))?;
        for _ in 0..8 {
            let Message::Response(response) = self.message(Duration::from_secs(5))? else {
                continue;
            };
            match response.status.code() {
                200 => return Ok(()),
                401 => {
                    let authorization = device.authorization(
                        &response.headers,
                        &Method::Register,
                        &device.registrar(),
                    )?;
                    self.socket
                        .send(&device.register(self.local, call_id, 2, &authorization))?;
                }
                100..200 => {}
                status => bail!("a REGISTER was answered with {status}"),
            }
        }
        bail!("a REGISTER is challenged for ever")
    }

    /// Its own address.
    #[must_use]
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// The socket, for a program that goes on by itself.
    #[must_use]
    pub fn into_socket(self) -> UdpSocket {
        self.socket
    }

    /// The next request with that method; others before it are answered with 200.
    ///
    /// # Errors
    /// When none comes in time.
    pub fn wait_for(&self, method: &Method, within: Duration) -> Result<Request> {
        let end = Instant::now() + within;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let message = self
                .message(left)
                .with_context(|| format!("waiting for {method}"))?;
            let Message::Request(request) = message else {
                continue;
            };
            if request.method == *method {
                return Ok(request);
            }
            if request.method != Method::Ack {
                self.answer(&request, "200 OK", "")?;
            }
        }
    }

    /// Answers a request.
    ///
    /// # Errors
    /// When the socket fails.
    pub fn answer(&self, request: &Request, status: &str, body: &str) -> Result<()> {
        let contact = format!("sip:{}", self.local);
        self.socket.send(&answer(request, status, &contact, body))?;
        Ok(())
    }

    fn message(&self, within: Duration) -> Result<Message> {
        // Zero would mean "for ever".
        self.socket
            .set_read_timeout(Some(within.max(Duration::from_millis(1))))?;
        let mut buffer = [0; 16_384];
        let length = self.socket.recv(&mut buffer).context("nothing came")?;
        Ok(Message::parse(Bytes::copy_from_slice(&buffer[..length]))?)
    }
}
