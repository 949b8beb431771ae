//! Calls as their callees want them, between phones of somebody else.

use std::time::{Duration, Instant};

use end_to_end::sipp::Sipp;
use end_to_end::{Answering, Baresip, BaresipCodec, Device, Server};
use hearing::Recording;

const SOON: Duration = Duration::from_secs(20);

/// Ann (1001), Bob (1002) and Carol (1003), each with a device.
fn people() -> (Server, [Device; 3]) {
    let server = Server::start().unwrap();
    let devices = [("ann", "1001"), ("bob", "1002"), ("carol", "1003")].map(|(name, number)| {
        let account = server.add_account(name, number).unwrap();
        server.add_device(&account).unwrap()
    });
    (server, devices)
}

/// What the history says of the last call, once it says as many.
fn history(server: &Server, calls: usize) -> Vec<serde_json::Value> {
    let deadline = Instant::now() + SOON;
    loop {
        let text = server
            .callctl(&["--json", "calls", "list", "--past"])
            .unwrap();
        let past: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
        if past.len() >= calls {
            return past;
        }
        assert!(Instant::now() < deadline, "{past:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn calls_go_on_to_another_number_at_once_and_when_nobody_answers() {
    let (server, [ann, bob, carol]) = people();
    let sip = server.ready().sip;
    let settings = ["accounts", "settings", "bob"];
    let set = |more: &[&str]| server.callctl(&[&settings, more].concat()).unwrap();
    set(&["--forward-always", "1003"]);
    let caller = Sipp::new("uac-with-login.xml", sip, &ann).calling("1002");
    let callee = Sipp::new("uas.xml", sip, &carol).answer().unwrap();
    caller.play().unwrap();
    callee.finish().unwrap();

    set(&[
        "--forward-always",
        "off",
        "--forward-no-answer",
        "1003",
        "--no-answer-seconds",
        "2",
    ]);
    let ringing = Sipp::new("uas-cancelled.xml", sip, &bob).answer().unwrap();
    let callee = Sipp::new("uas.xml", sip, &carol).answer().unwrap();
    caller.play().unwrap();
    callee.finish().unwrap();
    ringing.finish().unwrap();
    let causes: Vec<_> = history(&server, 4)
        .iter()
        .map(|call| call["cause"].clone())
        .collect();
    assert_eq!(causes, ["forwarded", "hung-up", "forwarded", "hung-up"]);
}

#[test]
fn who_does_not_want_to_be_disturbed_is_busy() {
    let (server, [ann, ..]) = people();
    let sip = server.ready().sip;
    server
        .callctl(&["accounts", "settings", "bob", "--dnd", "on"])
        .unwrap();
    Sipp::new("uac-busy.xml", sip, &ann)
        .calling("1002")
        .play()
        .unwrap();
}

#[test]
fn a_group_rings_everybody_in_it_and_the_history_names_who_answered() {
    let (server, [ann, bob, carol]) = people();
    let sip = server.ready().sip;
    let group = [
        "groups",
        "add",
        "sales",
        "--number",
        "2000",
        "--members",
        "bob,carol",
    ];
    server.callctl(&group).unwrap();
    let ringing = Sipp::new("uas-cancelled.xml", sip, &bob).answer().unwrap();
    let callee = Sipp::new("uas.xml", sip, &carol).answer().unwrap();
    Sipp::new("uac-with-login.xml", sip, &ann)
        .calling("2000")
        .play()
        .unwrap();
    callee.finish().unwrap();
    ringing.finish().unwrap();
    let past = history(&server, 1);
    assert_eq!(past.len(), 1);
    assert_eq!(
        (&past[0]["callee"], &past[0]["dialled"]),
        (&"carol".into(), &"2000".into())
    );
}

#[test]
fn a_call_is_taken_at_another_phone() {
    let (server, [ann, bob, carol]) = people();
    let sip = server.ready().sip;
    server
        .callctl(&["groups", "add", "sales", "--members", "bob,carol"])
        .unwrap();
    let speech = Recording::speech("amiable.wav");
    let mut picker = Baresip::start(
        sip,
        &carol,
        BaresipCodec::Pcmu,
        Answering::WhenTold,
        &speech,
    )
    .unwrap();
    let ringing = Sipp::new("uas-cancelled.xml", sip, &bob).answer().unwrap();
    let caller = Sipp::new("uac-hung-up.xml", sip, &ann)
        .calling("1002")
        .start()
        .unwrap();
    let deadline = Instant::now() + SOON;
    while !server
        .callctl(&["calls", "list"])
        .unwrap()
        .contains("ringing")
    {
        assert!(Instant::now() < deadline, "nobody rings");
        std::thread::sleep(Duration::from_millis(50));
    }
    let target = format!("sip:**1002@{}", carol.domain);
    picker.command("dial", &target).unwrap();
    picker.wait_for("CALL_ESTABLISHED", SOON).unwrap();
    ringing.finish().unwrap();
    // What the caller answers to the second offer is what is heard.
    std::thread::sleep(Duration::from_secs(1));
    picker.command("hangup", "").unwrap();
    caller.finish().unwrap();
}
