//! Why the relay cannot begin, or a call in it cannot.

use std::io;
use std::net::IpAddr;

use crate::config::RtpPorts;

/// The relay cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No thread or no poller.
    #[error("The relay's thread cannot be started ({0}); the system is out of resources.")]
    Thread(io::Error),
    /// io_uring was asked for by name.
    #[error(
        "The relay cannot use io_uring ({0}); write engine = \"auto\" under [relay], or allow it (Linux 6.1 or newer, sysctl kernel.io_uring_disabled=0, a container that permits it)."
    )]
    NoUring(io::Error),
    /// The kernel path was asked for.
    #[error(
        "The kernel does not pass audio for the relay ({0}); leave kernel_path out under [relay], or allow it (Linux 6.6 or newer, the capabilities CAP_BPF and CAP_NET_ADMIN)."
    )]
    NoKernelPath(io::Error),
}

/// No ports for a call.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// All are in use.
    #[error("The relay has no free ports left in {0}; widen --rtp-ports.")]
    NoPorts(RtpPorts),
    /// Another call or another program has them.
    #[error(
        "The relay cannot have UDP ports {1} and the next one on {0}; another program has taken them."
    )]
    Taken(IpAddr, u16),
    /// The system refused a socket.
    #[error("The relay cannot open a socket ({0}); raise the limit of open files.")]
    Socket(io::Error),
    /// The worker's thread is gone.
    #[error("The relay has stopped.")]
    Stopped,
}
