//! Signing in over HTTPS to a server that made its own certificate: nothing is trusted silently.

use std::time::Duration;

use end_to_end::{Account, Server, Softphone, Sound};

const SOON: Duration = Duration::from_secs(20);

fn with_ann() -> (Server, Account) {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    (server, ann)
}

fn register(url: &str, account: &Account, options: &[&str]) -> end_to_end::Finished {
    let verb = [options, &["register"]].concat();
    let phone = Softphone::start_in(url, account, &Sound::silent(), &verb, &[]).unwrap();
    phone.finish(SOON).unwrap()
}

#[test]
fn the_certificate_of_a_fresh_server_is_believed_by_its_fingerprint() {
    let (server, ann) = with_ann();
    let (url, fingerprint) = (server.https_url().unwrap(), server.fingerprint().unwrap());
    let link = format!("{url}/#sha256={fingerprint}");
    for finished in [
        register(&link, &ann, &[]),
        register(&url, &ann, &["--server-fingerprint", &fingerprint]),
    ] {
        assert_eq!(finished.code, Some(0), "{}", finished.errors);
        let registered = finished.event("registered").unwrap();
        assert_eq!(registered.text("number"), "1001");
        assert_eq!(registered.text("transport"), "tls");
    }
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_named_and_not_believed() {
    let (server, ann) = with_ann();
    let finished = register(&server.https_url().unwrap(), &ann, &[]);
    assert_eq!(finished.code, Some(1), "{}", finished.errors);
    let error = finished.event("error").unwrap();
    assert_eq!(error.text("code"), "unknown-certificate");
    let shown = finished.event("unknown_certificate").unwrap();
    assert_eq!(shown.text("sha256"), server.fingerprint().unwrap());
}

#[test]
fn another_certificate_than_the_trusted_one_is_refused_with_what_it_may_mean() {
    let (server, ann) = with_ann();
    let (other, _) = with_ann();
    let link = format!(
        "{}/#sha256={}",
        server.https_url().unwrap(),
        other.fingerprint().unwrap()
    );
    let finished = register(&link, &ann, &[]);
    assert_eq!(finished.code, Some(1), "{}", finished.errors);
    let error = finished.event("error").unwrap();
    assert_eq!(error.text("code"), "changed-certificate");
    assert!(error.text("sentence").contains("listening in between"));
    assert!(finished.event("unknown_certificate").is_err());
}
