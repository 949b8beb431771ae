//! Why there is no certificate to be used: one sentence each, with what to do.

use std::io;
use std::path::PathBuf;

/// Why there is no certificate to be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("{} cannot be read ({source}); TLS needs it, so check the path and its permissions.", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// One of the two files of the data folder is gone.
    #[error("{} is there but {} is missing; put it back, or remove the first one too and a new certificate is made.", present.display(), missing.display())]
    Half {
        /// The certificate.
        present: PathBuf,
        /// Its key.
        missing: PathBuf,
    },
    /// The file holds no certificate.
    #[error("{} holds no certificate in PEM form, which begins with -----BEGIN CERTIFICATE-----; put one there.", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// The file holds no private key.
    #[error("{} holds no private key in PEM form, such as -----BEGIN PRIVATE KEY-----, without a password; put one there.", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// The certificate cannot be understood.
    #[error("The certificate in {} cannot be used ({why}); put another one there.", path.display())]
    BadCertificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The private key cannot be used.
    #[error("The private key in {} cannot be used ({why}); ECDSA (P-256, P-384), Ed25519 and RSA keys can.", path.display())]
    BadKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with it; never a part of it.
        why: String,
    },
    /// The key is not the certificate's.
    #[error("The private key in {} is not the one of the certificate in {}; put the two that belong together there.", key.display(), certificate.display())]
    Mismatch {
        /// The certificate.
        certificate: PathBuf,
        /// The key.
        key: PathBuf,
    },
    /// The certificate's time is over.
    #[error("The certificate in {} was good until {until}; put a new one there, or remove it together with its key if the server made it.", path.display())]
    Expired {
        /// The file.
        path: PathBuf,
        /// Its last moment.
        until: String,
    },
    /// The certificate's time has not come.
    #[error("The certificate in {} is good from {from} on only; check the clock of this machine.", path.display())]
    TooEarly {
        /// The file.
        path: PathBuf,
        /// Its first moment.
        from: String,
    },
    /// No certificate can be made.
    #[error("No certificate could be made ({0}); name your own under [tls] in the configuration.")]
    Make(#[from] rcgen::Error),
    /// The new certificate cannot be stored.
    #[error("{} cannot be written ({source}); check the permissions of the data folder and its free space.", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
