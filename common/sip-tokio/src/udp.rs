//! One bound UDP port.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::task::{Context, Poll};

use bytes::Bytes;
use sip::{Flow, Transport};
use socket2::SockRef;
use tokio::io::ReadBuf;
use tokio::net::UdpSocket;

use crate::stun;

/// The largest datagram that IP carries.
const DATAGRAM_BYTES: usize = 65_535;

pub(crate) struct UdpPort {
    socket: UdpSocket,
    local: SocketAddr,
    buffer: Box<[u8]>,
}

impl UdpPort {
    pub(crate) fn new(socket: UdpSocket, local: SocketAddr) -> UdpPort {
        UdpPort {
            socket,
            local,
            buffer: vec![0; DATAGRAM_BYTES].into_boxed_slice(),
        }
    }

    pub(crate) fn local(&self) -> SocketAddr {
        self.local
    }

    /// The same socket once more.
    pub(crate) fn duplicate(&self) -> io::Result<OwnedFd> {
        self.socket.as_fd().try_clone_to_owned()
    }

    /// The next datagram that may be a message.
    pub(crate) fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<(Flow, Bytes)> {
        loop {
            let mut buffer = ReadBuf::new(&mut self.buffer);
            match self.socket.poll_recv_from(context, &mut buffer) {
                Poll::Pending => return Poll::Pending,
                // The peer of an earlier datagram was not there; the transaction's timer knows what to do.
                Poll::Ready(Err(error)) => {
                    tracing::debug!(local = %self.local, %error, "a datagram could not be received");
                }
                Poll::Ready(Ok(remote)) => {
                    let len = buffer.filled().len();
                    if let Some(received) = self.received(len, remote) {
                        return Poll::Ready(received);
                    }
                }
            }
        }
    }

    /// The next datagram that has come already.
    pub(crate) fn receive_now(&mut self) -> Option<(Flow, Bytes)> {
        /// Datagrams that are no messages and are passed over at once; a flood of them must not hold up the owner.
        const KEEP_ALIVES: usize = 64;
        for _ in 0..KEEP_ALIVES {
            match self.socket.try_recv_from(&mut self.buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
                Err(error) => {
                    tracing::debug!(local = %self.local, %error, "a datagram could not be received");
                }
                Ok((len, remote)) => {
                    if let Some(received) = self.received(len, remote) {
                        return Some(received);
                    }
                }
            }
        }
        None
    }

    fn received(&self, len: usize, remote: SocketAddr) -> Option<(Flow, Bytes)> {
        let datagram = self.buffer.get(..len)?;
        // Nearly always a letter, and then all of this costs one comparison.
        if datagram.first().is_none_or(|byte| !byte.is_ascii_graphic())
            && self.is_keep_alive(datagram, remote)
        {
            return None;
        }
        let flow = Flow {
            transport: Transport::Udp,
            local: self.local,
            remote,
            connection: 0,
        };
        Some((flow, Bytes::copy_from_slice(datagram)))
    }

    /// Whether a datagram only keeps a NAT's mapping open; if it asks for something, it gets it.
    fn is_keep_alive(&self, datagram: &[u8], remote: SocketAddr) -> bool {
        if stun::may_be_stun(datagram) {
            if let Some(response) = stun::answer(datagram, remote) {
                // Who does not hear it asks again.
                let _ = self.send(remote, &response);
            }
            return true;
        }
        // Line breaks and zeros that phones send.
        datagram
            .iter()
            .all(|byte| matches!(byte, b'\r' | b'\n' | 0 | b' '))
    }

    /// Sends a datagram.
    ///
    /// # Errors
    /// What the system says, except that its buffer is full: then the datagram is lost like any other, and its
    /// retransmission comes.
    pub(crate) fn send(&self, remote: SocketAddr, payload: &[u8]) -> io::Result<()> {
        // Past tokio's book-keeping: it would not let us send before it has seen the socket writable once.
        match SockRef::from(&self.socket).send_to(payload, &remote.into()) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                tracing::debug!(%remote, "the system's send buffer is full, a datagram is lost");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}
