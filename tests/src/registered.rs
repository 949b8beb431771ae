//! A device registered by the harness, on an address that somebody else's program then answers at.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use sip::{Message, Method, Response};

use crate::Device;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How messages travel between a phone and the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// One connection. Where TLS is wanted, it is one through a tunnel.
    Tcp,
}

/// A registration. Over TCP its connection is kept, and its bytes are passed on to a program that listens.
#[derive(Debug)]
pub struct Registered {
    local: SocketAddr,
    socket: Option<UdpSocket>,
    connection: Option<TcpStream>,
}

impl Registered {
    /// Registers a device for an hour.
    ///
    /// # Errors
    /// When the server refuses or does not answer.
    pub fn new(server: SocketAddr, device: &Device, transport: Transport) -> Result<Registered> {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        match transport {
            Transport::Udp => {
                let socket = UdpSocket::bind(any)?;
                socket.connect(server)?;
                socket.set_read_timeout(Some(PATIENCE))?;
                let local = socket.local_addr()?;
                register(device, local, transport, |request| {
                    socket.send(request)?;
                    let mut buffer = [0; 16_384];
                    let length = socket.recv(&mut buffer)?;
                    Ok(buffer[..length].to_vec())
                })?;
                Ok(Registered {
                    local,
                    socket: Some(socket),
                    connection: None,
                })
            }
            Transport::Tcp => {
                // The port of the Contact is the one where the program will listen, as with any phone.
                let local = TcpListener::bind(any)?.local_addr()?;
                let mut connection = TcpStream::connect(server)?;
                connection.set_read_timeout(Some(PATIENCE))?;
                register(device, local, transport, |request| {
                    connection.write_all(request)?;
                    read_without_body(&mut connection)
                })?;
                connection.set_read_timeout(None)?;
                Ok(Registered {
                    local,
                    socket: None,
                    connection: Some(connection),
                })
            }
        }
    }

    /// The address in its Contact.
    #[must_use]
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// Lets go of the socket, so that a program can have the address.
    pub fn release(&mut self) {
        self.socket = None;
    }

    /// Passes everything on the connection on to a program that listens at `program`, and back. Does nothing over UDP.
    ///
    /// # Errors
    /// When the program does not listen.
    pub fn carry_to(&mut self, program: SocketAddr) -> Result<()> {
        let Some(to_server) = &self.connection else {
            return Ok(());
        };
        let to_program = TcpStream::connect(program)?;
        for (from, to) in [(to_server, &to_program), (&to_program, to_server)] {
            let (mut from, mut to) = (from.try_clone()?, to.try_clone()?);
            thread::spawn(move || {
                // Either side may end it.
                let _ = io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Both);
            });
        }
        Ok(())
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        if let Some(connection) = &self.connection {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

/// REGISTER, 401, REGISTER, 200.
fn register(
    device: &Device,
    local: SocketAddr,
    transport: Transport,
    mut ask: impl FnMut(&[u8]) -> Result<Vec<u8>>,
) -> Result<()> {
    let call_id = format!("registered-{}", local.port());
    let mut authorization = String::new();
    for cseq in 1..=2 {
        let mut request = device.register(local, &call_id, cseq, &authorization);
        if transport == Transport::Tcp {
            request = String::from_utf8(request)?
                .replace("SIP/2.0/UDP", "SIP/2.0/TCP")
                .replace(&format!("@{local}>"), &format!("@{local};transport=tcp>"))
                .into_bytes();
        }
        let answer = ask(&request).context("a REGISTER is not answered")?;
        let Message::Response(Response {
            status, headers, ..
        }) = Message::parse(Bytes::from(answer))?
        else {
            bail!("a REGISTER is answered with a request");
        };
        match status.code() {
            200 => return Ok(()),
            401 => {
                authorization =
                    device.authorization(&headers, &Method::Register, &device.registrar())?;
            }
            status => bail!("a REGISTER is answered with {status}"),
        }
    }
    bail!("a REGISTER is challenged for ever")
}

/// One message that has no body, as the answers to REGISTER.
fn read_without_body(stream: &mut TcpStream) -> Result<Vec<u8>> {
    let mut message = Vec::new();
    while !message.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        message.extend(byte);
    }
    Ok(message)
}
