//! TLS: who we are, whom we trust, and the handshakes (RFC 8446, RFC 5246).

mod fingerprint;
mod handshake;
mod identity;
mod refused;
mod trust;

pub use fingerprint::{Fingerprint, FingerprintError};
pub use identity::{IdentityError, TlsIdentity};
pub use refused::CertificateRefused;
pub use trust::Trust;

pub(crate) use handshake::{accept, connect, server_name};

use std::sync::Arc;

use rustls::crypto::CryptoProvider;

/// The one cryptography that is built in. It is named wherever rustls wants one, because a process-wide default could be
/// set only by the program.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
