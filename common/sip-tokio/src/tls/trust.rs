//! Whose certificates we believe when we open a connection.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore,
    SignatureScheme,
};
use thiserror::Error;

use super::{Fingerprint, provider};

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

/// The peer showed another certificate than the one that it must have.
#[derive(Clone, Copy, Debug, Error)]
#[error(
    "the server shows a certificate with the SHA-256 fingerprint {shown}, which is not the one that was agreed; somebody may be in between, or the server has a new certificate: sign in again"
)]
struct NotPinned {
    shown: Fingerprint,
}

/// What a client needs for its handshakes.
///
/// # Errors
/// A sentence: the roots cannot be read, or there are none.
pub(crate) fn client_config(trust: &Trust) -> Result<Arc<ClientConfig>, String> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let config = match trust {
        Trust::SystemRoots => builder.with_root_certificates(system_roots()?),
        Trust::Roots(pem) => builder.with_root_certificates(roots(pem)?),
        Trust::Pinned(pins) => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Pinning::new(Some(pins.clone())))),
        Trust::Anyone => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Pinning::new(None))),
    };
    Ok(Arc::new(config.with_no_client_auth()))
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
                let why = OtherError(Arc::new(NotPinned { shown }));
                Err(CertificateError::Other(why).into())
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
