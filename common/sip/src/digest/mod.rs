//! Digest authentication (RFC 7616, RFC 8760, and RFC 2617 for MD5), client and server.

mod algorithm;
mod authenticator;
mod hash;
mod login_hash;
mod offer;
mod response;
mod secret;

pub use algorithm::Algorithm;
pub use authenticator::{Authenticator, NonceLimits, Verdict};
pub use login_hash::LoginHash;
pub use offer::Offer;
pub use response::{Claim, answer, respond, strongest};
pub use secret::{Ha1, Secret};
