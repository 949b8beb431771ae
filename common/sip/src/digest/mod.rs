//! Digest authentication (RFC 7616, RFC 8760, and RFC 2617 for MD5), client and server.

mod algorithm;
mod authenticator;
mod hash;
mod response;
mod secret;

pub use algorithm::Algorithm;
pub use authenticator::{Authenticator, NonceLimits, Verdict};
pub use response::{respond, strongest};
pub use secret::{Ha1, Secret};
