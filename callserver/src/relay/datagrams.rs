//! Many datagrams with one call: `recvmmsg` and `sendmmsg`. The only code of the poller that is not checked by the compiler.
#![allow(unsafe_code)]

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

use super::address::{self, Address};

/// Room for the packets of one call.
pub(super) struct Datagrams {
    packets: Box<[[u8; LARGEST]; MOST]>,
    addresses: Box<[Address; MOST]>,
    lengths: [usize; MOST],
}

/// So many packets of one socket have their turn before the others' turn comes.
pub(super) const MOST: usize = 32;
/// Audio is far smaller, video packets stay below a network's usual 1,500 bytes.
pub(super) const LARGEST: usize = 2048;

impl Datagrams {
    pub(super) fn new() -> Self {
        Self {
            packets: Box::new([[0; _]; MOST]),
            addresses: Box::new([[0; _]; MOST]),
            lengths: [0; _],
        }
    }

    /// Takes what a socket holds, up to [`MOST`]; does not wait. Returns how many came.
    pub(super) fn receive(&mut self, socket: &UdpSocket) -> io::Result<usize> {
        let mut parts = [NO_PART; MOST];
        let mut headers = [NO_HEADER; MOST];
        let room = self.packets.iter_mut().zip(self.addresses.iter_mut());
        for ((part, header), (packet, address)) in parts.iter_mut().zip(&mut headers).zip(room) {
            part.iov_base = packet.as_mut_ptr().cast();
            part.iov_len = LARGEST;
            header.msg_hdr.msg_iov = part;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_name = address.as_mut_ptr().cast();
            header.msg_hdr.msg_namelen = size_of::<Address>() as _;
        }
        // SAFETY: each header names one part and one address, which are ours, as long as they say, and outlive the call.
        let count = unsafe {
            let (headers, most) = (headers.as_mut_ptr(), MOST as u32);
            libc::recvmmsg(
                socket.as_raw_fd(),
                headers,
                most,
                libc::MSG_DONTWAIT,
                std::ptr::null_mut(),
            )
        };
        let Ok(count) = usize::try_from(count) else {
            return Err(io::Error::last_os_error());
        };
        for (length, header) in self.lengths.iter_mut().zip(&headers[..count]) {
            *length = (header.msg_len as usize).min(LARGEST);
        }
        Ok(count)
    }

    /// One of those that came last. One that fills the room was cut.
    pub(super) fn get(&self, index: usize) -> Option<(&[u8], SocketAddr)> {
        let packet = self.packets.get(index)?.get(..self.lengths[index])?;
        Some((packet, address::read(&self.addresses[index])?))
    }

    /// Sends some of those that came last; does not wait. What does not fit into the socket's queue is lost, as the
    /// network would lose it.
    pub(super) fn send(&mut self, socket: &UdpSocket, packets: &[(usize, SocketAddr)]) {
        let mut parts = [NO_PART; MOST];
        let mut headers = [NO_HEADER; MOST];
        let mut targets = [[0; _]; MOST];
        let mut count = 0;
        for (index, target) in packets.iter().take(MOST) {
            let Some(packet) = self.packets.get_mut(*index) else {
                continue;
            };
            let (part, header) = (&mut parts[count], &mut headers[count]);
            part.iov_base = packet.as_mut_ptr().cast();
            part.iov_len = self.lengths[*index];
            header.msg_hdr.msg_iov = part;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_namelen = address::write(&mut targets[count], *target);
            header.msg_hdr.msg_name = targets[count].as_mut_ptr().cast();
            count += 1;
        }
        let mut headers = &mut headers[..count];
        while !headers.is_empty() {
            // SAFETY: each header names one part and one address, which are ours, as long as they say, and outlive the
            // call; the kernel only reads them.
            let sent = unsafe {
                let most = headers.len() as u32;
                libc::sendmmsg(
                    socket.as_raw_fd(),
                    headers.as_mut_ptr(),
                    most,
                    libc::MSG_DONTWAIT,
                )
            };
            // The one that cannot be sent is left out.
            let sent = usize::try_from(sent).unwrap_or(1).clamp(1, headers.len());
            headers = &mut headers[sent..];
        }
    }
}

const NO_PART: libc::iovec = libc::iovec {
    iov_base: std::ptr::null_mut(),
    iov_len: 0,
};

// SAFETY: a header of zeros is a valid one: no address, no parts, no flags.
const NO_HEADER: libc::mmsghdr = unsafe { std::mem::zeroed() };
