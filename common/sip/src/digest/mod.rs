//! Digest authentication (RFC 7616, RFC 8760, and RFC 2617 for MD5).

mod algorithm;

pub use algorithm::Algorithm;
