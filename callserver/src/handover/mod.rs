//! A newer server takes the place of this one without closing a port: `callctl upgrade`.
//!
//! The process executes the other program in its own place (`exec`), so its number stays and supervisors notice nothing. What
//! cannot be written down, the open sockets, waits for it in a pair of connected sockets, one end of which becomes its
//! standard input: descriptors travel in messages (`SCM_RIGHTS`), so nothing has to be inherited by number, and none is open
//! when the program does not come up and the old one goes on. The calls themselves are in the journal
//! ([`crate::checkpoint`]), as after a crash.

mod check;
mod pass;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use serde::{Deserialize, Serialize};
use sip::Transport;

pub use check::{Refused, check};
pub use pass::{execute, receive};

/// What the other program must understand; the number rises when something is passed on in another way.
pub const FORMAT: u32 = 1;

/// Sockets of this process that another one goes on with, or those that this one got.
#[derive(Debug, Default)]
pub struct Sockets {
    /// Ports and listeners for SIP.
    pub sip: Vec<(Transport, SocketAddr, OwnedFd)>,
    /// Listeners for HTTP; encrypted ones are marked.
    pub http: Vec<(bool, SocketAddr, OwnedFd)>,
    /// The lock of the data folder, which is held all the time.
    pub lock: Option<OwnedFd>,
    /// The relay's, by call: caller RTP, caller RTCP, callee RTP, callee RTCP.
    pub media: HashMap<u64, [OwnedFd; 4]>,
}

/// What is said about each socket, in the order in which they come.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Place {
    Sip(Transport, SocketAddr),
    Http {
        is_encrypted: bool,
        address: SocketAddr,
    },
    /// Not a socket: the lock of the data folder.
    Lock,
    /// Four sockets of this call.
    Media(u64),
}

/// The list of them.
#[derive(Debug, Serialize, Deserialize)]
struct List {
    format: u32,
    places: Vec<Place>,
}

impl Sockets {
    fn into_list(self) -> (List, Vec<OwnedFd>) {
        let (mut places, mut descriptors) = (Vec::new(), Vec::new());
        for (transport, address, descriptor) in self.sip {
            places.push(Place::Sip(transport, address));
            descriptors.push(descriptor);
        }
        for (is_encrypted, address, descriptor) in self.http {
            places.push(Place::Http {
                is_encrypted,
                address,
            });
            descriptors.push(descriptor);
        }
        if let Some(lock) = self.lock {
            places.push(Place::Lock);
            descriptors.push(lock);
        }
        for (call, four) in self.media {
            places.push(Place::Media(call));
            descriptors.extend(four);
        }
        let format = FORMAT;
        (List { format, places }, descriptors)
    }

    fn from_list(list: List, descriptors: Vec<OwnedFd>) -> Self {
        let mut sockets = Self::default();
        let mut descriptors = descriptors.into_iter();
        for place in list.places {
            let mut next = || descriptors.next();
            match place {
                Place::Sip(transport, address) => {
                    let taken = next().map(|descriptor| (transport, address, descriptor));
                    sockets.sip.extend(taken);
                }
                Place::Http {
                    is_encrypted,
                    address,
                } => {
                    let taken = next().map(|descriptor| (is_encrypted, address, descriptor));
                    sockets.http.extend(taken);
                }
                Place::Lock => sockets.lock = next(),
                Place::Media(call) => {
                    if let (Some(a), Some(b), Some(c), Some(d)) = (next(), next(), next(), next()) {
                        sockets.media.insert(call, [a, b, c, d]);
                    }
                }
            }
        }
        sockets
    }
}
