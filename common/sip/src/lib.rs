//! SIP without input or output: messages, transactions, dialogs, registration, digest.

pub mod digest;
pub mod wire;

pub use digest::{Algorithm, Authenticator, Ha1, NonceLimits, Secret, Verdict, respond, strongest};
pub use wire::headers::*;
pub use wire::*;
