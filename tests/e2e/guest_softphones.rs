//! Guests: a number without an account, and how it becomes one for good.

use std::path::Path;
use std::time::Duration;

use end_to_end::{Finished, Server, ServerOptions, Softphone, Sound};

const SOON: Duration = Duration::from_secs(20);

fn open_to_guests() -> Server {
    Server::start_with(ServerOptions {
        settings: "[guests]\nenabled = true\n".into(),
        ..ServerOptions::default()
    })
    .unwrap()
}

fn run(arguments: &[&str]) -> Finished {
    let phone = Softphone::start_with(arguments, &Sound::silent()).unwrap();
    phone.finish(SOON).unwrap()
}

fn well_done(finished: Finished) -> Finished {
    assert_eq!(finished.code, Some(0), "{}", finished.errors);
    finished
}

#[test]
fn a_guest_calls_an_account() {
    let server = open_to_guests();
    let ann = server.add_account("ann", "1001").unwrap();
    let mut callee = Softphone::start(&server, &ann, &Sound::silent(), &["answer"]).unwrap();
    callee.wait_for("registered", SOON).unwrap();
    let url = server.url();
    let guest = well_done(run(&[
        "--guest", "--server", &url, "call", "1001", "--for", "2",
    ]));
    let number = guest.event("registered").unwrap().text("number").to_owned();
    assert!(number.starts_with('9'), "{number}");
    let callee = well_done(callee.finish(SOON).unwrap());
    assert_eq!(callee.event("incoming").unwrap().text("from"), number);
    let ended = callee.event("ended").unwrap();
    assert!(ended.number("received").unwrap() > 50.0, "{ended:?}");
}

#[test]
fn a_guest_becomes_an_account_and_keeps_the_number() {
    let server = open_to_guests();
    let folder = tempfile::tempdir().unwrap();
    let keep = folder.path().join("keep");
    let keep = keep.to_str().unwrap();
    let (url, fingerprint) = (server.https_url().unwrap(), server.fingerprint().unwrap());
    let link = format!("{url}/#sha256={fingerprint}");
    let guest = well_done(run(&[
        "--guest", "--keep", keep, "--server", &link, "register",
    ]));
    let number = guest.event("registered").unwrap().text("number").to_owned();

    let password = "seven green bottles 7";
    let file = folder.path().join("password");
    std::fs::write(&file, password).unwrap();
    let file = file.to_str().unwrap();
    // Nothing but the folder is needed: it holds the certificate too.
    let upgraded = well_done(run(&[
        "--keep",
        keep,
        "account",
        "upgrade",
        "--username",
        "carl",
        "--new-password-file",
        file,
    ]));
    let account = upgraded.event("account").unwrap();
    assert_eq!(account.text("number"), number);
    assert_eq!(account.text("name"), "carl");

    let by_password = well_done(run(&[
        "--server",
        &url,
        "--server-fingerprint",
        &fingerprint,
        "--login",
        "carl",
        "--password-file",
        file,
        "register",
    ]));
    assert_eq!(
        by_password.event("registered").unwrap().text("number"),
        number
    );
    let kept = well_done(run(&["--keep", keep, "register"]));
    assert_eq!(kept.event("registered").unwrap().text("number"), number);

    well_done(run(&["--keep", keep, "sign-out"]));
    let after = run(&["--keep", keep, "register"]);
    assert_eq!(after.code, Some(1));
    assert_eq!(after.event("error").unwrap().text("code"), "nothing-kept");
    assert!(!Path::new(keep).join("sign-in.json").exists());
}

#[test]
fn a_server_without_guests_says_so() {
    let server = Server::start_with(ServerOptions {
        settings: "[guests]\nenabled = false\n".into(),
        ..ServerOptions::default()
    })
    .unwrap();
    let refused = run(&["--guest", "--server", &server.url(), "register"]);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.sentence().contains("guest"),
        "{}",
        refused.sentence()
    );
}
