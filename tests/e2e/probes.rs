//! Small tools that ask a SIP server: sipsak, and those of the sofia-sip stack.

use end_to_end::{Server, tool};

/// Runs sipsak; gives back what it said.
#[track_caller]
fn sipsak(arguments: &[&str]) -> tool::Said {
    tool::run("sipsak", "sipsak", arguments).unwrap()
}

#[track_caller]
fn assert_alive(server: &mut Server) {
    let uri = format!("sip:{}", server.ready().sip);
    let said = sipsak(&["-v", "-s", &uri]);
    assert_eq!(said.code, Some(0), "{}", said.text);
    assert!(server.process().is_running());
}

#[test]
fn sofia_asks_for_the_options_over_udp_and_tcp() {
    let server = Server::start().unwrap();
    for transport in ["udp", "tcp"] {
        let uri = format!("sip:{};transport={transport}", server.ready().sip);
        let said = tool::run("sofia-sip-bin", "sip-options", &[&uri]).unwrap();
        assert_eq!(said.code, Some(0), "{transport}: {}", said.text);
        assert!(said.text.contains("SIP/2.0 200 OK"), "{}", said.text);
        assert!(said.text.contains("Allow: INVITE, ACK"), "{}", said.text);
    }
}

#[test]
fn sofia_asks_for_the_options_over_tls() {
    let server = Server::start().unwrap();
    let uri = format!("sips:{}", server.ready().sips.unwrap());
    let said = tool::run(
        "sofia-sip-bin",
        "sip-options",
        &["--bind=sips:127.0.0.1:*", &uri],
    )
    .unwrap();
    assert_eq!(said.code, Some(0), "{}", said.text);
    assert!(said.text.contains("SIP/2.0 200 OK"), "{}", said.text);
}

#[test]
fn sipsak_registers_a_contact() {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let device = server.add_device(&ann).unwrap();
    let register = |secret: &str| {
        sipsak(&[
            "-U",
            "-i",
            "-vv",
            "-C",
            "sip:1001@127.0.0.1:9",
            "-x",
            "600",
            "-u",
            &device.login,
            "-a",
            secret,
            "-p",
            &server.ready().sip.to_string(),
            "-s",
            &format!("sip:1001@{}", device.domain),
        ])
    };
    let said = register(&device.secret);
    assert_eq!(said.code, Some(0), "{}", said.text);
    assert!(said.text.contains("successful"), "{}", said.text);
    let said = register("something else");
    assert_ne!(said.code, Some(0), "{}", said.text);
}

#[test]
fn sipsaks_trashed_messages_and_floods_stop_nothing() {
    let mut server = Server::start().unwrap();
    let uri = format!("sip:{}", server.ready().sip);
    // It ends at the first message that is not answered; so it is started with several amounts of trash.
    for trashed in ["1", "2", "3", "5", "8", "13", "30", "100"] {
        sipsak(&["-R", "-t", trashed, "-s", &uri]);
    }
    sipsak(&["-F", "-e", "20000", "-s", &uri]);
    assert_alive(&mut server);
}

#[test]
fn a_message_that_may_not_be_passed_on_is_answered_here() {
    let server = Server::start().unwrap();
    let uri = format!("sip:{}", server.ready().sip);
    // RFC 3261 section 11: Max-Forwards 0 asks this very server what it can do.
    let said = sipsak(&["-v", "-m", "0", "-s", &uri]);
    assert_eq!(said.code, Some(0), "{}", said.text);
}
