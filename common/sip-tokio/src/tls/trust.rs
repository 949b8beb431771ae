//! Whose certificates we believe when we open a connection.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore,
    SignatureScheme,
};

use super::{CertificateRefused, Fingerprint, provider};

/// Which servers are believed to be who they say they are, when we open a TLS connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// Certificates that one of the machine's certificate authorities vouches for, for the host name that was asked for.
    #[default]
    SystemRoots,
    /// Exactly these certificates, whoever signed them and whatever names and dates stand in them: the fingerprint came on
    /// a way that is trusted.
    Pinned(Vec<Fingerprint>),
    /// Certificates that one of these authorities (PEM) vouches for, for the host name that was asked for.
    Roots(Vec<u8>),
    /// Everybody. Encrypts against listeners, and helps nothing against somebody between: for tests, and for a peer that
    /// cannot be known otherwise.
    Anyone,
}

impl Trust {
    /// What a client needs for its handshakes, also one that speaks something else than SIP. A refusal of the peer's
    /// certificate is a [`CertificateRefused`].
    ///
    /// # Errors
    /// A sentence: the roots cannot be read, or there are none.
    pub fn client_config(&self) -> Result<Arc<ClientConfig>, String> {
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let verifier: Arc<dyn ServerCertVerifier> = match self {
            Self::SystemRoots => Arc::new(Vouching::by(system_roots()?)?),
            Self::Roots(pem) => Arc::new(Vouching::by(roots(pem)?)?),
            Self::Pinned(pins) => Arc::new(Pinning::new(Some(pins.clone()))),
            Self::Anyone => Arc::new(Pinning::new(None)),
        };
        let config = builder
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        Ok(Arc::new(config.with_no_client_auth()))
    }
}

fn system_roots() -> Result<RootCertStore, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // Some machines carry old authorities that nothing reads any more; the others serve.
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err(
            "this machine has no certificate authorities; install its ca-certificates".to_owned(),
        );
    }
    Ok(roots)
}

fn roots(pem: &[u8]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| {
            format!("the certificate authorities cannot be read as PEM ({error})")
        })?;
        roots.add(certificate).map_err(|error| {
            format!("one of the certificate authorities cannot be used ({error})")
        })?;
    }
    if roots.is_empty() {
        return Err("the list of certificate authorities is empty".to_owned());
    }
    Ok(roots)
}

/// Believes what authorities vouch for, and tells the fingerprint of what it refuses, so that a person can be asked.
#[derive(Debug)]
struct Vouching {
    authorities: Arc<WebPkiServerVerifier>,
}

impl Vouching {
    fn by(roots: RootCertStore) -> Result<Vouching, String> {
        let built =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build();
        let authorities = built
            .map_err(|error| format!("the certificate authorities cannot be used ({error})"))?;
        Ok(Vouching { authorities })
    }
}

impl ServerCertVerifier for Vouching {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.authorities
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            .map_err(|error| match error {
                rustls::Error::InvalidCertificate(why) => {
                    let shown = Fingerprint::of(end_entity);
                    refusal(CertificateRefused::NotVouched { shown, why })
                }
                other => other,
            })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.authorities.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.authorities.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.authorities.supported_verify_schemes()
    }
}

fn refusal(refused: CertificateRefused) -> rustls::Error {
    CertificateError::Other(OtherError(Arc::new(refused))).into()
}

/// Believes certificates by their fingerprint, or all of them; that the peer has the key is checked either way.
#[derive(Debug)]
struct Pinning {
    pins: Option<Vec<Fingerprint>>,
    provider: Arc<CryptoProvider>,
}

impl Pinning {
    fn new(pins: Option<Vec<Fingerprint>>) -> Pinning {
        Pinning {
            pins,
            provider: provider(),
        }
    }
}

impl ServerCertVerifier for Pinning {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let shown = Fingerprint::of(end_entity);
        match &self.pins {
            Some(pins) if !pins.contains(&shown) => {
                Err(refusal(CertificateRefused::NotPinned { shown }))
            }
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let supported = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, supported)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let supported = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, supported)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
