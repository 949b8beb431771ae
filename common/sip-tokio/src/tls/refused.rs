//! Why a peer's certificate is not believed.

use std::error::Error;
use std::io;

use rustls::CertificateError;
use thiserror::Error;

use super::Fingerprint;

/// The peer showed a certificate that is not believed.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum CertificateRefused {
    /// It is another certificate than the one that it must be.
    #[error(
        "the server shows a certificate with the SHA-256 fingerprint {shown}, which is not the one that was agreed; somebody may be in between, or the server has a new certificate: sign in again"
    )]
    NotPinned {
        /// What the peer showed.
        shown: Fingerprint,
    },
    /// No certificate authority that is believed vouches for it, or not for this name or this day.
    #[error("the server's certificate is refused: {why}")]
    NotVouched {
        /// What the peer showed.
        shown: Fingerprint,
        /// What is wrong with it.
        why: CertificateError,
    },
}

impl CertificateRefused {
    /// What the peer showed.
    pub fn shown(&self) -> Fingerprint {
        match self {
            Self::NotPinned { shown } | Self::NotVouched { shown, .. } => *shown,
        }
    }

    /// The refusal that is the cause of an error, however deep. What speaks TLS wraps it several times.
    pub fn behind<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a CertificateRefused> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(refused) = error.downcast_ref() {
                return Some(refused);
            }
            // Two wrappers do not give what they wrap as their source.
            let hidden: Option<&'a (dyn Error + 'static)> = if let Some(wrapper) =
                error.downcast_ref::<io::Error>()
            {
                wrapper.get_ref().map(|inner| inner as _)
            } else if let Some(rustls::Error::InvalidCertificate(CertificateError::Other(other))) =
                error.downcast_ref()
            {
                Some(other.0.as_ref())
            } else {
                None
            };
            cause = hidden.or_else(|| error.source());
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::OtherError;

    use super::*;

    #[test]
    fn a_refusal_is_found_behind_what_wraps_it() {
        let refused = CertificateRefused::NotPinned {
            shown: Fingerprint::of(b"another certificate"),
        };
        let inner: rustls::Error =
            CertificateError::Other(OtherError(Arc::new(refused.clone()))).into();
        let outer = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, inner));
        assert_eq!(CertificateRefused::behind(&outer), Some(&refused));
        assert_eq!(CertificateRefused::behind(&io::Error::other("no")), None);
    }
}
