//! Making the server's own certificate: ECDSA on P-256, signed by itself, once for each data folder.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rcgen::string::Ia5String;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, SanType};
use time::{Duration, OffsetDateTime};

use super::{CertificateError, CertificateFiles, Names};

/// Softphones pin it and desk phones are told to accept it, so a new one means work for everybody: it lives as long as
/// a desk phone does.
const LIFE: Duration = Duration::days(3650);

/// For clocks that are a little behind ours.
const EARLIER: Duration = Duration::days(1);

/// Makes the two files if there are none yet.
pub(super) fn if_missing(files: &CertificateFiles, names: &Names) -> Result<(), CertificateError> {
    let key = match (files.certificate.exists(), files.key.exists()) {
        (true, true) => return Ok(()),
        (true, false) => {
            return Err(CertificateError::Half {
                present: files.certificate.clone(),
                missing: files.key.clone(),
            });
        }
        // The server died between the two, or the operator wants a new certificate with the old key.
        (false, true) => read_key(&files.key)?,
        (false, false) => {
            let key = KeyPair::generate()?;
            write(&files.key, key.serialize_pem().as_bytes())?;
            key
        }
    };
    let certificate = params(names, OffsetDateTime::now_utc())?.self_signed(&key)?;
    write(&files.certificate, certificate.pem().as_bytes())
}

fn params(names: &Names, now: OffsetDateTime) -> Result<CertificateParams, CertificateError> {
    let mut params = CertificateParams::default();
    params.not_before = now - EARLIER;
    params.not_after = now + LIFE;
    params.is_ca = IsCa::NoCa;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let common_name = names.hosts.first().map_or("Carillon", String::as_str);
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params.subject_alt_names = alternative_names(names);
    Ok(params)
}

fn alternative_names(names: &Names) -> Vec<SanType> {
    let mut all: Vec<SanType> = Vec::new();
    let mut add = |name: SanType| {
        if !all.contains(&name) {
            all.push(name);
        }
    };
    for host in names.hosts.iter().map(String::as_str).chain(["localhost"]) {
        match host.parse::<IpAddr>() {
            Ok(address) => add(SanType::IpAddress(address)),
            // A name that cannot stand in a certificate is left out: nobody could ask for it.
            Err(_) => {
                if let Ok(name) = Ia5String::try_from(host) {
                    add(SanType::DnsName(name));
                }
            }
        }
    }
    let ourselves: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    for address in names.addresses.iter().chain(&ourselves) {
        if !address.is_unspecified() {
            add(SanType::IpAddress(*address));
        }
    }
    all
}

fn read_key(path: &Path) -> Result<KeyPair, CertificateError> {
    let text = fs::read_to_string(path).map_err(|source| CertificateError::Read {
        path: path.to_owned(),
        source,
    })?;
    KeyPair::from_pem(&text).map_err(|error| CertificateError::BadKey {
        path: path.to_owned(),
        why: error.to_string(),
    })
}

/// Writes a file for its owner alone, whole or not at all.
fn write(path: &Path, content: &[u8]) -> Result<(), CertificateError> {
    let unfinished = path.with_extension("new");
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    };
    write().map_err(|source| CertificateError::Write {
        path: path.to_owned(),
        source,
    })
}
