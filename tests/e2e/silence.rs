//! Calls in which nothing is heard any more, between phones of somebody else.

use std::time::{Duration, Instant};

use end_to_end::sipp::{Sipp, play_both};
use end_to_end::{Server, ServerOptions};

const SOON: Duration = Duration::from_secs(20);

#[test]
fn a_call_without_any_audio_is_ended_and_the_history_says_why() {
    let server = Server::start_with(ServerOptions {
        settings: "[calls]\nsilence_seconds = 2\n".into(),
        ..ServerOptions::default()
    })
    .unwrap();
    let [ann, bob] = [("ann", "1001"), ("bob", "1002")].map(|(name, number)| {
        let account = server.add_account(name, number).unwrap();
        server.add_device(&account).unwrap()
    });
    let sip = server.ready().sip;
    // Both wait for a BYE, and neither sends a packet of audio.
    let caller = Sipp::new("uac-hung-up.xml", sip, &ann).calling("1002");
    let callee = Sipp::new("uas.xml", sip, &bob);
    play_both(&caller, &callee).unwrap();
    let deadline = Instant::now() + SOON;
    loop {
        let past = server.callctl(&["--json", "calls", "list", "--past"]);
        let past: serde_json::Value = serde_json::from_str(&past.unwrap()).unwrap();
        if let Some(call) = past.get(0) {
            assert_eq!(call["cause"], "silent");
            break;
        }
        assert!(Instant::now() < deadline, "the history has no call");
        std::thread::sleep(Duration::from_millis(100));
    }
}
