//! The handshakes of both sides, with their errors as sentences.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::client::TlsStream as ClientStream;
use tokio_rustls::server::TlsStream as ServerStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::failure::FlowFailure;

/// The server's side.
pub(crate) async fn accept<S>(
    io: S,
    config: Arc<ServerConfig>,
) -> Result<ServerStream<S>, FlowFailure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    TlsAcceptor::from(config)
        .accept(io)
        .await
        .map_err(|error| failure(&error))
}

/// The client's side.
pub(crate) async fn connect<S>(
    io: S,
    name: ServerName<'static>,
    config: Arc<ClientConfig>,
) -> Result<ClientStream<S>, FlowFailure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    TlsConnector::from(config)
        .connect(name, io)
        .await
        .map_err(|error| failure(&error))
}

/// The name that a peer must have in its certificate: the one that was asked for, else its address.
pub(crate) fn server_name(
    name: Option<&str>,
    ip: IpAddr,
) -> Result<ServerName<'static>, FlowFailure> {
    match name {
        None => Ok(ServerName::from(ip)),
        Some(name) => ServerName::try_from(name.to_owned()).map_err(|_| {
            FlowFailure::Certificate(format!(
                "{name:?} is no host name that a certificate can have"
            ))
        }),
    }
}

fn failure(error: &io::Error) -> FlowFailure {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    match inner {
        Some(rustls::Error::InvalidCertificate(CertificateError::Other(why))) => {
            FlowFailure::Certificate(why.0.to_string())
        }
        Some(rustls::Error::InvalidCertificate(why)) => {
            FlowFailure::Certificate(format!("the server's certificate is refused: {why}"))
        }
        _ => FlowFailure::Handshake(error.to_string()),
    }
}
