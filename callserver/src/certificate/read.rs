//! Reading a certificate and its key, and finding out early what phones would only say with a broken handshake.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{Certificate, CertificateError, CertificateFiles, fingerprint, provider};

/// The log says so when a certificate is about to end: long enough before for somebody who looks once a fortnight.
const ENDS_SOON: Duration = Duration::from_secs(21 * 24 * 3600);

pub(super) fn read(files: &CertificateFiles) -> Result<Certificate, CertificateError> {
    let CertificateFiles {
        certificate: path,
        key: key_path,
    } = files;
    let chain_pem = bytes(path)?;
    let key_pem = bytes(key_path)?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&chain_pem)
        .collect::<Result<_, _>>()
        .unwrap_or_default();
    let Some(own) = chain.first() else {
        return Err(CertificateError::NoCertificate { path: path.clone() });
    };
    let sha256 = fingerprint(own);
    check_time(path, own)?;
    let key = PrivateKeyDer::from_pem_slice(&key_pem).map_err(|_| CertificateError::NoKey {
        path: key_path.clone(),
    })?;
    let key = provider().key_provider.load_private_key(key);
    let key = key.map_err(|error| CertificateError::BadKey {
        path: key_path.clone(),
        why: error.to_string(),
    })?;
    let certified = CertifiedKey::new(chain, key);
    use tokio_rustls::rustls::{Error, InconsistentKeys};
    match certified.keys_match() {
        Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => {}
        Err(Error::InconsistentKeys(_)) => {
            return Err(CertificateError::Mismatch {
                certificate: path.clone(),
                key: key_path.clone(),
            });
        }
        Err(error) => {
            return Err(CertificateError::BadCertificate {
                path: path.clone(),
                why: error.to_string(),
            });
        }
    }
    Ok(Certificate {
        chain_pem,
        key_pem,
        certified: Arc::new(certified),
        sha256,
    })
}

fn bytes(path: &Path) -> Result<Vec<u8>, CertificateError> {
    std::fs::read(path).map_err(|source| CertificateError::Read {
        path: path.to_owned(),
        source,
    })
}

fn check_time(path: &Path, certificate: &CertificateDer<'_>) -> Result<(), CertificateError> {
    let parsed = X509Certificate::from_der(certificate);
    let (_, parsed) = parsed.map_err(|error| CertificateError::BadCertificate {
        path: path.to_owned(),
        why: error.to_string(),
    })?;
    let validity = parsed.validity();
    let (from, until) = (
        validity.not_before.to_datetime(),
        validity.not_after.to_datetime(),
    );
    let now = OffsetDateTime::now_utc();
    if until < now {
        return Err(CertificateError::Expired {
            path: path.to_owned(),
            until: written(until),
        });
    }
    if from > now {
        return Err(CertificateError::TooEarly {
            path: path.to_owned(),
            from: written(from),
        });
    }
    if until - now < ENDS_SOON {
        tracing::warn!(certificate = %path.display(), until = written(until), "the certificate ends soon; put a new one there and start the server again");
    }
    Ok(())
}

fn written(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}
