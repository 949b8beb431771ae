//! Carries SIP over UDP and TCP sockets on tokio.
