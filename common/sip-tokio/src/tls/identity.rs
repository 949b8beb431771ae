//! The certificate and the key that we show.

use std::fmt;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;

use super::{Fingerprint, provider};

/// A certificate chain and its private key, ready for use. The key is shown to nobody.
#[derive(Clone)]
pub struct TlsIdentity {
    server: Arc<ServerConfig>,
    fingerprint: Fingerprint,
}

/// Why a certificate and a key cannot be used.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// The certificate file is no PEM.
    #[error(
        "the certificate cannot be read as PEM ({0}); it must hold the server's certificate and then those that signed it"
    )]
    Chain(#[source] pem::Error),
    /// The certificate file holds no certificate.
    #[error(
        "the file holds no certificate; it must have a part that begins with BEGIN CERTIFICATE"
    )]
    NoCertificate,
    /// The key file holds no key.
    #[error(
        "the private key cannot be read as PEM ({0}); it must be an unencrypted PKCS#8, PKCS#1 or SEC1 key"
    )]
    Key(#[source] pem::Error),
    /// The certificate and the key are no pair, or of a kind that is not supported.
    #[error("the certificate and the private key cannot be used together: {0}")]
    Unusable(#[source] rustls::Error),
}

impl TlsIdentity {
    /// Reads a certificate chain (ours first) and its key, both PEM.
    ///
    /// # Errors
    /// [`IdentityError`], in a sentence for whoever configures the program. It holds nothing of the key.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<TlsIdentity, IdentityError> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<_, _>>()
            .map_err(IdentityError::Chain)?;
        let first = chain.first().ok_or(IdentityError::NoCertificate)?;
        let fingerprint = Fingerprint::of(first);
        let key = PrivateKeyDer::from_pem_slice(key).map_err(IdentityError::Key)?;
        let server = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(IdentityError::Unusable)?;
        Ok(TlsIdentity {
            server: Arc::new(server),
            fingerprint,
        })
    }

    /// The fingerprint of our certificate, by which a client may know us ([`super::Trust::Pinned`]).
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    pub(crate) fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server)
    }
}

impl fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TlsIdentity")
            .field(&self.fingerprint)
            .finish()
    }
}
