//! The certificate that HTTPS and SIPS show: the operator's own, or one that the server makes for itself at its first
//! start.
//!
//! Softphones do not need an authority behind it: they pin its fingerprint, which they get with an invitation or with
//! the answer to their login. So the self-made one lives long, and is never replaced silently.

mod error;
mod make;
mod read;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use sip_tokio::{IdentityError, TlsIdentity};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::sign::CertifiedKey;

pub use error::CertificateError;

/// Where certificate and private key lie, as PEM.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CertificateFiles {
    /// The certificate, and after it those between it and its authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// A certificate with its key, checked.
#[derive(Clone)]
pub struct Certificate {
    chain_pem: Vec<u8>,
    key_pem: Vec<u8>,
    certified: Arc<CertifiedKey>,
    sha256: String,
}

/// What a certificate of our own names: everything that somebody may reach the server by.
#[derive(Clone, Default, Debug)]
pub struct Names {
    /// Host names.
    pub hosts: Vec<String>,
    /// Addresses.
    pub addresses: Vec<IpAddr>,
}

impl CertificateFiles {
    /// Where the server keeps the one that it makes.
    pub fn of(data: &Path) -> Self {
        Self {
            certificate: data.join("certificate.pem"),
            key: data.join("key.pem"),
        }
    }
}

impl Certificate {
    /// Reads the operator's certificate and checks that it can be used now.
    ///
    /// # Errors
    /// If a file cannot be read or understood, if the two do not belong together, or if the time is over.
    pub fn read(files: &CertificateFiles) -> Result<Self, CertificateError> {
        read::read(files)
    }

    /// The certificate of a data folder. Makes it if the folder has none yet, naming `names`.
    ///
    /// # Errors
    /// As [`Certificate::read`], and if the files cannot be written.
    pub fn of_data_folder(data: &Path, names: &Names) -> Result<Self, CertificateError> {
        let files = CertificateFiles::of(data);
        make::if_missing(&files, names)?;
        read::read(&files)
    }

    /// SHA-256 of the certificate's DER form: 64 small hexadecimal digits.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// For TLS connections that carry SIP.
    ///
    /// # Errors
    /// Never, since what is checked there has been checked here.
    pub fn for_sips(&self) -> Result<TlsIdentity, IdentityError> {
        TlsIdentity::from_pem(&self.chain_pem, &self.key_pem)
    }

    /// For TLS connections that carry HTTP.
    ///
    /// # Panics
    /// Never: the ciphers that are built in serve both versions of TLS that are asked for.
    #[must_use]
    pub fn for_https(&self) -> Arc<tokio_rustls::rustls::ServerConfig> {
        let resolver = tokio_rustls::rustls::sign::SingleCertAndKey::from(self.certified.clone());
        let builder = tokio_rustls::rustls::ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("the built-in ciphers serve TLS 1.2 and 1.3");
        let mut config = builder
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(resolver));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Arc::new(config)
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate")
            .field("sha256", &self.sha256)
            .finish_non_exhaustive()
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let digest = Sha256::digest(certificate.as_ref());
    api::hex(&digest)
}

#[cfg(test)]
mod tests;
