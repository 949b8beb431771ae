//! SIP without input or output: messages, transactions, dialogs, registration, digest.

pub mod digest;
pub mod wire;

pub use digest::Algorithm;
pub use wire::headers::*;
pub use wire::*;
