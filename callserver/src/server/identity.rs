//! What this server is called, and what it shows of itself: its domain and its certificate.

use super::ServerError;
use crate::certificate::{Certificate, CertificateError, Names};
use crate::config::{Config, Encrypted};
use crate::store::Store;
use crate::{DataFolder, edge};

/// The domain of this data folder: the stored one, else the named one, else this machine's name. Credentials are bound
/// to it, so it does not change silently.
pub async fn settle_domain(store: &Store, named: Option<&str>) -> Result<String, ServerError> {
    if let Some(stored) = store.domain().await?
        && named.is_none_or(|named| named == stored)
    {
        return Ok(stored);
    }
    // Looked at again in a write, of which there is one at a time: of two servers that start on one database, the second
    // finds what the first has settled.
    let mut tx = store.begin().await?;
    let stored = tx.domain().await?;
    let domain = match (stored, named) {
        (Some(stored), None) => return Ok(stored),
        (Some(stored), Some(named)) if stored == named => return Ok(stored),
        (Some(stored), Some(named)) => {
            let devices = store.count_devices().await?;
            if devices > 0 {
                return Err(ServerError::DomainChanged { stored, devices });
            }
            named.to_owned()
        }
        (None, Some(named)) => named.to_owned(),
        (None, None) => machine_name(),
    };
    tx.set_domain(&domain).await?;
    tx.commit().await?;
    Ok(domain)
}

fn machine_name() -> String {
    let name = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .to_ascii_lowercase();
    // A name that is no host name would make SIP addresses that no phone understands.
    let is_host_name = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
        && !name.starts_with(['-', '.'])
        && !name.ends_with(['-', '.']);
    if is_host_name {
        name
    } else {
        "localhost".into()
    }
}

/// The certificate, if anything is to be encrypted.
pub(super) fn certificate(
    config: &Config,
    folder: &DataFolder,
    domain: &str,
) -> Result<Option<Certificate>, CertificateError> {
    let is_off = |listen: &Encrypted| listen.addresses.is_empty();
    if is_off(&config.sips) && is_off(&config.https) {
        return Ok(None);
    }
    let certificate = match &config.certificate {
        Some(files) => Certificate::read(files)?,
        None => Certificate::of_data_folder(folder.path(), &names(config, domain))?,
    };
    tracing::info!(
        sha256 = certificate.sha256(),
        "the certificate's fingerprint"
    );
    Ok(Some(certificate))
}

/// What people may reach this server by.
fn names(config: &Config, domain: &str) -> Names {
    let plain = config.sip.iter().chain([&config.http]);
    let encrypted = config.sips.addresses.iter().chain(&config.https.addresses);
    let listening = plain.chain(encrypted).map(|address| address.ip());
    // On all addresses: then the ones that this machine speaks to the world from.
    let own = listening.filter_map(|ip| match ip.is_unspecified() {
        true => edge::address_towards_the_world(ip),
        false => Some(ip),
    });
    Names {
        hosts: vec![domain.to_owned(), machine_name()],
        addresses: own.chain(config.media_address).collect(),
    }
}
