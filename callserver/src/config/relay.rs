//! How the relay works.

use std::num::NonZeroU8;

use serde::Deserialize;

/// `[relay]`
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RelaySection {
    /// How packets are received and sent.
    pub engine: RelayEngine,
    /// How many threads share the calls; without it one for each processor, four at most.
    pub workers: Option<NonZeroU8>,
    /// Whether the kernel passes the audio of calls whose phones stay where they are. Takes the capabilities CAP_BPF and
    /// CAP_NET_ADMIN; what it passes is not seen by this machine's firewall.
    pub kernel_path: bool,
}

/// How the relay receives and sends packets.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelayEngine {
    /// io_uring, or `mmsg` where the kernel refuses it.
    #[default]
    Auto,
    /// io_uring: many packets of many sockets with one system call. Linux 6.1 or newer.
    IoUring,
    /// epoll, recvmmsg and sendmmsg: two system calls for each socket that has packets.
    Mmsg,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_and_its_workers_are_named_or_left_to_the_server() {
        let read = |text| toml::from_str::<RelaySection>(text);
        assert_eq!(read("").unwrap(), RelaySection::default());
        let named = read("engine = \"io_uring\"\nworkers = 3").unwrap();
        assert_eq!(named.engine, RelayEngine::IoUring);
        assert_eq!(named.workers.map(NonZeroU8::get), Some(3));
        assert!(!named.kernel_path, "it takes rights, so it is asked for");
        assert!(read("kernel_path = true").unwrap().kernel_path);
        assert_eq!(read("engine = \"mmsg\"").unwrap().engine, RelayEngine::Mmsg);
        for wrong in [
            "workers = 0",
            "workers = 256",
            "engine = \"epoll\"",
            "worker = 1",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
