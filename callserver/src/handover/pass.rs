//! The sockets leave this process, or come into it.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Read, Seek, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};
use rustix::stdio::dup2_stdin;

use super::{FORMAT, List, Sockets};

/// Says in the environment of the other program what its standard input is.
const VARIABLE: &str = "CARILLON_HANDOVER";

/// So many descriptors go in one message; Linux takes 253.
const IN_ONE_MESSAGE: usize = 200;

/// Puts `program` in the place of this one, with the same arguments, and passes the sockets on to it. Returns only if that
/// is not possible: then everything is as it was.
///
/// # Errors
/// If the program cannot be executed, or the system does not take so many descriptors on their way.
pub fn execute(program: &Path, sockets: Sockets) -> io::Result<Infallible> {
    let (far, near) = socketpair(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
        None,
    )?;
    let (list, descriptors) = sockets.into_list();
    // Nobody reads before the other program is there: all of it has to find room on its way.
    send(&near, &list, &descriptors)?;
    let stdin = io::stdin().as_fd().try_clone_to_owned();
    dup2_stdin(&far)?;
    let mut arguments = std::env::args_os();
    let mut command = Command::new(program);
    command.arg0(arguments.next().unwrap_or_else(|| program.into()));
    command.args(arguments).env(VARIABLE, FORMAT.to_string());
    let error = command.exec();
    if let Ok(stdin) = stdin {
        dup2_stdin(&stdin)?;
    }
    Err(error)
}

/// The sockets that an older process has left, if this one took its place.
///
/// # Errors
/// If there is something that cannot be understood.
pub fn receive() -> io::Result<Sockets> {
    if std::env::var(VARIABLE).ok() != Some(FORMAT.to_string()) {
        return Ok(Sockets::default());
    }
    let received = receive_from(io::stdin().as_fd());
    // Whoever reads its standard input finds nothing, as in every service.
    dup2_stdin(File::open("/dev/null")?)?;
    match received {
        // A process that was begun by such a server has its environment and another standard input.
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NOTSOCK.raw_os_error()) => {
            Ok(Sockets::default())
        }
        received => received,
    }
}

fn send(socket: &OwnedFd, list: &List, descriptors: &[OwnedFd]) -> io::Result<()> {
    let mut file = File::from(memfd_create("handover", MemfdFlags::CLOEXEC)?);
    serde_json::to_writer(&mut file, list)?;
    file.flush()?;
    let file = OwnedFd::from(file);
    let all: Vec<BorrowedFd<'_>> = std::iter::once(&file)
        .chain(descriptors)
        .map(AsFd::as_fd)
        .collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(IN_ONE_MESSAGE))];
    for some in all.chunks(IN_ONE_MESSAGE) {
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !control.push(SendAncillaryMessage::ScmRights(some)) {
            return Err(io::Error::other("no room for the descriptors"));
        }
        // A message of a stream has to have a byte.
        sendmsg(
            socket,
            &[IoSlice::new(b"s")],
            &mut control,
            SendFlags::empty(),
        )?;
    }
    Ok(())
}

fn receive_from(socket: BorrowedFd<'_>) -> io::Result<Sockets> {
    let mut descriptors: Vec<OwnedFd> = Vec::new();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(IN_ONE_MESSAGE))];
    loop {
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut byte = [0];
        let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT;
        match recvmsg(
            socket,
            &mut [IoSliceMut::new(&mut byte)],
            &mut control,
            flags,
        ) {
            Ok(message) if message.bytes > 0 => {}
            // Everything was there before we were; the other end is closed.
            Ok(_) | Err(rustix::io::Errno::AGAIN) => break,
            Err(error) => return Err(error.into()),
        }
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(some) = message {
                descriptors.extend(some);
            }
        }
    }
    if descriptors.is_empty() {
        return Err(io::Error::other("nothing was passed on"));
    }
    let mut file = File::from(descriptors.remove(0));
    file.rewind()?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    let list: List = serde_json::from_str(&text)?;
    if list.format != FORMAT {
        let error = format!("it is of format {}, not {FORMAT}", list.format);
        return Err(io::Error::other(error));
    }
    Ok(Sockets::from_list(list, descriptors))
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;
    use sip::Transport;

    #[test]
    fn sockets_arrive_in_their_order_with_what_waits_in_them() {
        let (far, near) = socketpair(
            AddressFamily::UNIX,
            SocketType::STREAM,
            SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
            None,
        )
        .expect("a pair");
        let socket = || UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let sip = socket();
        let address = sip.local_addr().expect("an address");
        let mut sockets = Sockets::default();
        sockets.sip.push((Transport::Udp, address, sip.into()));
        let mut ports = Vec::new();
        // More than one message takes.
        for call in 0..100 {
            let four = [socket(), socket(), socket(), socket()];
            ports.push((call, four[2].local_addr().expect("an address")));
            sockets.media.insert(call, four.map(OwnedFd::from));
        }
        socket()
            .send_to(b"waits", address)
            .expect("sent to the socket");
        let (list, descriptors) = sockets.into_list();
        send(&near, &list, &descriptors).expect("sent");
        drop((descriptors, near));
        let mut received = receive_from(far.as_fd()).expect("received");
        let (transport, at, sip) = received.sip.remove(0);
        assert_eq!((transport, at), (Transport::Udp, address));
        let mut buffer = [0; 16];
        let length = UdpSocket::from(sip).recv(&mut buffer).expect("a datagram");
        assert_eq!(&buffer[..length], b"waits");
        for (call, port) in ports {
            let [_, _, third, _] = received.media.remove(&call).expect("four sockets");
            let own = UdpSocket::from(third).local_addr().expect("an address");
            assert_eq!(own, port);
        }
    }

    #[test]
    fn what_is_of_another_format_is_refused() {
        let (far, near) = socketpair(
            AddressFamily::UNIX,
            SocketType::STREAM,
            SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
            None,
        )
        .expect("a pair");
        let list = List {
            format: FORMAT + 1,
            places: Vec::new(),
        };
        send(&near, &list, &[]).expect("sent");
        assert!(receive_from(far.as_fd()).is_err());
        assert!(receive_from(far.as_fd()).is_err(), "nothing is there");
    }
}
