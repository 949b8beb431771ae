//! SIP over WebSocket (RFC 7118), as a web page speaks it: JsSIP.

use std::time::Duration;

use end_to_end::{BrowserPhone, Server};

const SOON: Duration = Duration::from_secs(20);

#[test]
fn a_web_page_registers_asks_and_sends_and_receives_messages() {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let [anns, bobs] = [&ann, &bob].map(|account| server.add_device(account).unwrap());
    let plain = format!("ws://{}/ws/sip", server.ready().http);
    let encrypted = format!("wss://{}/ws/sip", server.ready().https.unwrap());

    let mut ann = BrowserPhone::start(&plain, &anns, None).unwrap();
    let mut bob = BrowserPhone::start(&encrypted, &bobs, Some(server.certificate())).unwrap();
    for phone in [&mut ann, &mut bob] {
        phone.wait_for("registered", SOON).unwrap();
    }
    ann.command("options", &format!("sip:{}", anns.domain), "")
        .unwrap();
    assert_eq!(ann.wait_for("options", SOON).unwrap()["status"], 200);

    let to_bob = format!("sip:1002@{}", anns.domain);
    ann.command("message", &to_bob, "Grüße, Bob").unwrap();
    let received = bob.wait_for("message", SOON).unwrap();
    assert_eq!(received["text"], "Grüße, Bob");
    assert_eq!(received["from"], "1001");
    assert_eq!(ann.wait_for("sent", SOON).unwrap()["status"], 202);
    let to_ann = format!("sip:1001@{}", anns.domain);
    bob.command("message", &to_ann, "and back").unwrap();
    assert_eq!(ann.wait_for("message", SOON).unwrap()["text"], "and back");

    bob.command("unregister", "", "").unwrap();
    bob.wait_for("unregistered", SOON).unwrap();
    // What he misses he gets when he is back.
    ann.command("message", &to_bob, "still there?").unwrap();
    assert_eq!(ann.wait_for("sent", SOON).unwrap()["status"], 202);
    bob.command("register", "", "").unwrap();
    let missed = bob.wait_for("message", SOON).unwrap();
    assert_eq!(missed["text"], "still there?");
}

#[test]
fn a_web_page_with_a_wrong_secret_is_refused() {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let mut device = server.add_device(&ann).unwrap();
    device.secret = "something else".to_owned();
    let url = format!("ws://{}/ws/sip", server.ready().http);
    let mut phone = BrowserPhone::start(&url, &device, None).unwrap();
    phone.wait_for("refused", SOON).unwrap();
}
