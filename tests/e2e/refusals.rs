//! What goes wrong in daily life gives one clear sentence, a non-zero exit, and no hang.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use end_to_end::{
    Account, Finished, Process, Scripted, Server, ServerOptions, Softphone, Sound, binary,
};
use sip::Method;

const SOON: Duration = Duration::from_secs(20);

/// One sentence on its own: it ends with a full stop, and is neither a word nor a stack trace.
#[track_caller]
fn assert_clear(sentence: &str) {
    let words = sentence.split_whitespace().count();
    assert!(
        (4..=60).contains(&words) && sentence.trim_end().ends_with('.') && !sentence.contains('\n'),
        "not one clear sentence: {sentence:?}"
    );
}

#[track_caller]
fn assert_refused(finished: &Finished, words: &[&str]) {
    assert!(
        matches!(finished.code, Some(1..)),
        "exit {:?}: {}",
        finished.code,
        finished.errors
    );
    let sentence = finished.sentence().to_lowercase();
    assert_clear(finished.sentence());
    assert!(
        words.iter().any(|word| sentence.contains(word)),
        "none of {words:?} in {sentence:?}"
    );
}

fn with_two_accounts() -> (Server, Account, Account) {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    (server, ann, bob)
}

#[test]
fn a_wrong_password_is_said_to_be_wrong() {
    let (server, mut ann, _) = with_two_accounts();
    ann.password = "something else entirely".to_owned();
    let phone = Softphone::start(&server, &ann, &Sound::silent(), &["register"]).unwrap();
    assert_refused(&phone.finish(SOON).unwrap(), &["password"]);
}

#[test]
fn an_unknown_number_is_said_to_be_unknown() {
    let (server, ann, _) = with_two_accounts();
    let phone = Softphone::start(&server, &ann, &Sound::silent(), &["call", "4711"]).unwrap();
    assert_refused(&phone.finish(SOON).unwrap(), &["4711"]);
}

#[test]
fn somebody_who_is_not_signed_in_cannot_be_reached() {
    let (server, ann, _) = with_two_accounts();
    let phone = Softphone::start(&server, &ann, &Sound::silent(), &["call", "1002"]).unwrap();
    assert_refused(
        &phone.finish(SOON).unwrap(),
        &["reach", "not signed in", "available", "online"],
    );
}

/// Bob has a scripted phone; Ann calls it, and it gives that answer.
fn call_answered_with(status: &str, server: &Server, ann: &Account, bob: &Account) -> Finished {
    let device = server.add_device(bob).unwrap();
    let bobs = Scripted::register(server.ready().sip, &device).unwrap();
    let caller = Softphone::start(server, ann, &Sound::silent(), &["call", "1002"]).unwrap();
    let invite = bobs.wait_for(&Method::Invite, SOON).unwrap();
    bobs.answer(&invite, status, "").unwrap();
    if status.starts_with('1') {
        // The server gives up ringing before we do.
        bobs.wait_for(&Method::Cancel, SOON).unwrap();
        bobs.answer(&invite, "487 Request Terminated", "").unwrap();
    }
    caller.finish(SOON).unwrap()
}

#[test]
fn somebody_who_declines_is_said_to_decline() {
    let (server, ann, bob) = with_two_accounts();
    let finished = call_answered_with("603 Decline", &server, &ann, &bob);
    assert_refused(&finished, &["declin"]);
}

#[test]
fn somebody_who_is_busy_is_said_to_be_busy() {
    let (server, ann, bob) = with_two_accounts();
    let finished = call_answered_with("486 Busy Here", &server, &ann, &bob);
    assert_refused(&finished, &["busy"]);
}

#[test]
fn a_phone_in_a_call_is_busy_for_others() {
    let (server, ann, bob) = with_two_accounts();
    let carol = server.add_account("carol", "1003").unwrap();
    let mut callee = Softphone::start(&server, &bob, &Sound::silent(), &["answer"]).unwrap();
    callee.wait_for("registered", SOON).unwrap();
    let mut caller = Softphone::start(
        &server,
        &ann,
        &Sound::silent(),
        &["call", "1002", "--for", "600"],
    )
    .unwrap();
    caller.wait_for("answered", SOON).unwrap();
    let other = Softphone::start(&server, &carol, &Sound::silent(), &["call", "1002"]).unwrap();
    assert_refused(&other.finish(SOON).unwrap(), &["busy"]);
    assert!(caller.process().is_running() && callee.process().is_running());
}

#[test]
fn somebody_who_does_not_answer_is_said_not_to() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("callserver.toml");
    fs::write(&file, "[calls]\nring_timeout_seconds = 2\n").unwrap();
    let server = Server::start_with(ServerOptions {
        arguments: vec!["--config".into(), file.into()],
        ..ServerOptions::default()
    })
    .unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let finished = call_answered_with("180 Ringing", &server, &ann, &bob);
    finished.event("ringing").unwrap();
    assert_refused(&finished, &["answer"]);
}

#[test]
fn a_server_that_does_not_run_is_said_not_to_answer() {
    let (mut server, ann, _) = with_two_accounts();
    let url = server.url();
    server.kill();
    let phone = Softphone::start_in(&url, &ann, &Sound::silent(), &["register"], &[]).unwrap();
    assert_refused(&phone.finish(SOON).unwrap(), &["server"]);
}

#[test]
fn a_server_that_dies_in_mid_call_ends_the_call_with_a_sentence() {
    let (mut server, ann, bob) = with_two_accounts();
    let mut callee = Softphone::start(&server, &bob, &Sound::silent(), &["answer"]).unwrap();
    callee.wait_for("registered", SOON).unwrap();
    let mut caller = Softphone::start(
        &server,
        &ann,
        &Sound::silent(),
        &["call", "1002", "--for", "600"],
    )
    .unwrap();
    caller.wait_for("answered", SOON).unwrap();
    callee.wait_for("answered", SOON).unwrap();
    server.kill();
    // A call outlives its server for 90 s, in which another one may come; longer would be a hang.
    let patience = Duration::from_secs(120);
    for phone in [caller, callee] {
        let finished = phone.finish(patience).unwrap();
        assert_refused(&finished, &["server"]);
        assert_eq!(
            finished
                .events
                .iter()
                .filter(|event| event.name() == "ended")
                .count(),
            1
        );
    }
}

#[test]
fn a_server_that_is_stopped_hangs_up_its_calls() {
    let (mut server, ann, bob) = with_two_accounts();
    let mut callee = Softphone::start(&server, &bob, &Sound::silent(), &["answer"]).unwrap();
    callee.wait_for("registered", SOON).unwrap();
    let mut caller = Softphone::start(
        &server,
        &ann,
        &Sound::silent(),
        &["call", "1002", "--for", "600"],
    )
    .unwrap();
    caller.wait_for("answered", SOON).unwrap();
    callee.wait_for("answered", SOON).unwrap();
    server.stop().unwrap();
    for phone in [caller, callee] {
        let finished = phone.finish(SOON).unwrap();
        finished.event("ended").unwrap();
    }
}

#[test]
fn a_number_that_somebody_has_is_not_given_again() {
    let (server, _, _) = with_two_accounts();
    let output = server
        .try_callctl(
            &[
                "accounts",
                "add",
                "carol",
                "--number",
                "1001",
                "--password-stdin",
            ],
            "seven green bottles 7",
        )
        .unwrap();
    assert_tool_refused(&output, &["1001"]);
}

#[test]
fn callctl_without_a_server_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(binary("callctl").unwrap())
        .arg("--data")
        .arg(folder.path())
        .args(["accounts", "list"])
        .output()
        .unwrap();
    assert_tool_refused(&output, &["callserver", "server"]);
}

#[test]
fn a_port_in_use_is_named() {
    let server = Server::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (option, address) in [
        ("--sip", server.ready().sip),
        ("--http", server.ready().http),
    ] {
        let port = address.port().to_string();
        let address = address.to_string();
        let other = if option == "--sip" { "--http" } else { "--sip" };
        let sentence = refusal_of_server(folder.path(), &[option, &address, other, "127.0.0.1:0"]);
        assert!(
            sentence.contains(&port) && sentence.contains("in use"),
            "{sentence:?}"
        );
    }
}

#[test]
fn an_unreadable_configuration_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.toml");
    let broken = folder.path().join("broken.toml");
    fs::write(&broken, "sip = [\n").unwrap();
    let unknown = folder.path().join("unknown.toml");
    fs::write(&unknown, "sip_adress = \"127.0.0.1:0\"\n").unwrap();
    for file in [missing, broken, unknown] {
        let file = file.to_str().unwrap();
        let sentence = refusal_of_server(folder.path(), &["--config", file]);
        assert!(sentence.contains(file), "{sentence:?}");
        let output = Command::new(binary("callserver").unwrap())
            .args(["check-config", file])
            .output()
            .unwrap();
        assert_tool_refused(&output, &[file]);
    }
}

#[test]
fn a_data_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    // Below a file there is no folder, not even for root.
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let data = file.join("data");
    let sentence = refusal_of_server(&data, &[]);
    assert!(sentence.contains(data.to_str().unwrap()), "{sentence:?}");
}

#[test]
fn two_servers_do_not_share_a_data_folder() {
    let server = Server::start().unwrap();
    let second = Server::start_with(ServerOptions {
        data: Some(server.data().to_owned()),
        ..ServerOptions::default()
    });
    let message = format!("{:#}", second.unwrap_err());
    assert!(
        message.contains(server.data().to_str().unwrap()),
        "{message}"
    );
}

/// Starts a server that cannot start; gives back its one sentence.
#[track_caller]
fn refusal_of_server(data: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(binary("callserver").unwrap());
    command.arg("--data").arg(data).args(arguments);
    for option in ["--sip", "--http", "--sips", "--https"] {
        if !arguments.contains(&option) {
            command.args([option, "127.0.0.1:0"]);
        }
    }
    let mut process = Process::start("callserver", &mut command).unwrap();
    let status = process.wait(SOON).unwrap();
    assert!(!status.success());
    assert_eq!(
        process.next_line(SOON).unwrap(),
        None,
        "something on standard output"
    );
    let errors = process.errors();
    let sentence = errors.lines().last().unwrap_or_default().to_owned();
    assert_clear(&sentence);
    sentence
}

#[track_caller]
fn assert_tool_refused(output: &Output, words: &[&str]) {
    assert!(!output.status.success());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_clear(errors.trim());
    assert!(
        words.iter().any(|word| errors.contains(word)),
        "none of {words:?} in {errors:?}"
    );
}
