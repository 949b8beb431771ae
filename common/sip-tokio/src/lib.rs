//! Carries SIP over UDP, TCP, TLS and WebSocket on tokio.
//!
//! [`Sockets`] owns every socket that one process uses for SIP: bound UDP ports, listeners for TCP, TLS, WS and WSS, and
//! the connections that were accepted or opened. It moves whole messages and knows nothing of what they mean: what comes in goes to
//! [`sip::Endpoint`]'s `handle`, what its `poll_transmit` gives goes to [`Sockets::send`].
//!
//! - A message arrives with the [`sip::Flow`] that it came by; whoever answers on that flow reaches the same peer through the
//!   same connection (RFC 3261 18.2.2, RFC 5626).
//! - [`Sockets::send`] never waits. A connection whose peer does not read is closed when its queue is full, and a flow
//!   that broke comes back as [`Received::FlowFailed`].
//! - TLS is rustls. Whom to believe is said by [`Trust`]; a secure port never speaks plainly, and a peer whose certificate is
//!   refused is sent nothing.
//! - WebSocket is RFC 7118: sub-protocol `sip`, one message a frame. [`Sockets::web_sockets`] takes over connections that an
//!   HTTP server has upgraded.
//! - Keep-alives of streams (RFC 5626 3.5.1) are answered here and, where the configuration asks for it, sent here;
//!   STUN binding requests on UDP ports are answered (RFC 5626 4.4.2).
//! - [`Resolver`] finds the servers behind a URI (RFC 3263): it asks the DNS what [`sip::locate`] wants to know.
//! - Peers can neither hold the process's memory nor its sockets: messages, queues, connections and idle times are
//!   limited by [`Limits`].
//!
//! ```no_run
//! # async fn example() -> Result<(), sip_tokio::BindError> {
//! use sip_tokio::{BindConfig, Received, Sockets};
//!
//! let address = "127.0.0.1:0".parse().expect("an address");
//! let mut sockets = Sockets::bind(BindConfig::udp_and_tcp(address)).await?;
//! loop {
//!     match sockets.receive().await {
//!         Received::Message { flow, payload } => sockets.send(flow, payload),
//!         Received::FlowFailed { flow, why } => println!("{}: {why}", flow.remote),
//!     }
//! }
//! # }
//! ```

mod bind;
mod connection;
mod failure;
mod limits;
mod listener;
mod queue;
mod resolver;
mod sockets;
mod stream;
mod stun;
mod table;
mod tls;
mod udp;
mod web_socket;

pub use bind::{BindConfig, BindError, Inherited};
pub use failure::FlowFailure;
pub use limits::Limits;
pub use listener::WebSockets;
pub use resolver::{Resolver, ResolverError};
pub use sockets::{Received, Sockets};
pub use tls::{
    CertificateRefused, Fingerprint, FingerprintError, IdentityError, TlsIdentity, Trust,
};
