//! Certificates in real files.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rcgen::{CertificateParams, KeyPair};
use time::{Duration, OffsetDateTime};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use super::*;

fn names() -> Names {
    Names {
        hosts: vec!["phones.example".into(), "box".into(), "not a name é".into()],
        addresses: vec!["192.0.2.7".parse().unwrap(), "0.0.0.0".parse().unwrap()],
    }
}

#[test]
fn the_first_start_makes_a_certificate_that_names_every_way_to_the_server_and_later_starts_keep_it()
{
    let folder = tempfile::tempdir().unwrap();
    let made = Certificate::of_data_folder(folder.path(), &names()).unwrap();
    let files = CertificateFiles::of(folder.path());
    for file in [&files.certificate, &files.key] {
        let mode = fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
    let own = made.certified.cert[0].clone();
    let (_, parsed) = X509Certificate::from_der(&own).unwrap();
    let alternatives = parsed.subject_alternative_name().unwrap().unwrap();
    let found: Vec<String> = alternatives
        .value
        .general_names
        .iter()
        .map(|name| match name {
            GeneralName::DNSName(name) => (*name).to_owned(),
            GeneralName::IPAddress(bytes) => bytes.len().to_string(),
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(
        found,
        ["phones.example", "box", "localhost", "4", "4", "16"]
    );
    let again = Certificate::of_data_folder(folder.path(), &Names::default()).unwrap();
    assert_eq!(again.sha256(), made.sha256());
    assert_eq!(made.sha256().len(), 64);
    assert!(!format!("{made:?}").contains("PRIVATE"));
    assert_eq!(made.for_https().alpn_protocols, [b"http/1.1"]);
}

#[test]
fn a_start_that_died_between_the_two_files_is_finished_by_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    Certificate::of_data_folder(folder.path(), &names()).unwrap();
    let files = CertificateFiles::of(folder.path());
    fs::remove_file(&files.certificate).unwrap();
    let key = fs::read(&files.key).unwrap();
    Certificate::of_data_folder(folder.path(), &names()).unwrap();
    assert_eq!(fs::read(&files.key).unwrap(), key);
    fs::remove_file(&files.key).unwrap();
    let error = Certificate::of_data_folder(folder.path(), &names()).unwrap_err();
    assert!(matches!(error, CertificateError::Half { .. }), "{error}");
}

/// Two files with a certificate of this time.
fn write(folder: &Path, from: Duration, until: Duration) -> CertificateFiles {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["phones.example".to_owned()]).unwrap();
    params.not_before = OffsetDateTime::now_utc() + from;
    params.not_after = OffsetDateTime::now_utc() + until;
    let files = CertificateFiles {
        certificate: folder.join("own.crt"),
        key: folder.join("own.key"),
    };
    fs::write(&files.certificate, params.self_signed(&key).unwrap().pem()).unwrap();
    fs::write(&files.key, key.serialize_pem()).unwrap();
    files
}

#[test]
fn the_operators_certificate_is_used_while_its_time_lasts() {
    let folder = tempfile::tempdir().unwrap();
    let (day, year) = (Duration::days(1), Duration::days(365));
    Certificate::read(&write(folder.path(), -day, year)).unwrap();
    Certificate::read(&write(folder.path(), -day, day)).unwrap();
    let expired = Certificate::read(&write(folder.path(), -year, -day)).unwrap_err();
    assert!(matches!(expired, CertificateError::Expired { .. }));
    let early = Certificate::read(&write(folder.path(), day, year)).unwrap_err();
    assert!(matches!(early, CertificateError::TooEarly { .. }));
}

#[test]
fn what_is_wrong_with_the_operators_files_is_said_in_one_sentence_that_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let good = write(folder.path(), -Duration::days(1), Duration::days(365));
    let refused = |files: &CertificateFiles, name: &str, part: &str| {
        let sentence = Certificate::read(files).unwrap_err().to_string();
        assert!(
            sentence.contains(name) && sentence.contains(part),
            "{sentence}"
        );
        assert!(
            sentence.ends_with('.') && !sentence.contains('\n'),
            "{sentence}"
        );
    };
    let missing = |path: &str| folder.path().join(path);
    let with_key = |key: PathBuf| CertificateFiles {
        key,
        ..good.clone()
    };
    let with_certificate = |certificate: PathBuf| CertificateFiles {
        certificate,
        ..good.clone()
    };
    refused(&with_key(missing("no.key")), "no.key", "cannot be read");
    refused(
        &with_certificate(missing("no.crt")),
        "no.crt",
        "cannot be read",
    );
    refused(
        &with_key(good.certificate.clone()),
        "own.crt",
        "no private key",
    );
    refused(
        &with_certificate(good.key.clone()),
        "own.key",
        "no certificate",
    );
    let other = missing("other.key");
    fs::write(&other, KeyPair::generate().unwrap().serialize_pem()).unwrap();
    refused(
        &with_key(other),
        "other.key",
        "not the one of the certificate",
    );
    let noise = missing("noise.crt");
    fs::write(
        &noise,
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    refused(&with_certificate(noise), "noise.crt", "cannot be used");
    let noise = missing("noise.key");
    fs::write(
        &noise,
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    )
    .unwrap();
    refused(&with_key(noise), "noise.key", "cannot be used");
}
