//! Digest authentication (RFC 7616, RFC 8760, and RFC 2617 for MD5), client and server.

mod algorithm;
mod authenticator;
mod digest_uri;
pub(crate) mod hash;
mod login_hash;
mod offer;
mod proof;
mod response;
mod secret;
mod user_hash;
mod verdict;

pub use algorithm::Algorithm;
pub use authenticator::{Authenticator, NonceLimits};
pub use login_hash::LoginHash;
pub use offer::Offer;
pub use proof::{Unproven, verify};
pub use response::{Claim, answer, respond, strongest};
pub use secret::{Ha1, Secret};
pub use user_hash::user_hash;
pub use verdict::Verdict;
