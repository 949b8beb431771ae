//! What a server that was killed still knows.

use std::time::Duration;

use end_to_end::{Scripted, Server, Softphone, Sound};
use sip::Method;

const SOON: Duration = Duration::from_secs(20);

#[test]
fn a_phone_that_was_registered_before_a_crash_is_called_after_it() {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let device = server.add_device(&bob).unwrap();
    // It registers this once and never again.
    let bobs = Scripted::register(server.ready().sip, &device).unwrap();
    // What is acknowledged is kept, but not yet when the answer leaves.
    std::thread::sleep(Duration::from_secs(2));
    let server = server.crash_and_restart().unwrap();
    let caller = Softphone::start(&server, &ann, &Sound::silent(), &["call", "1002"]).unwrap();
    let invite = bobs.wait_for(&Method::Invite, SOON).unwrap();
    bobs.answer(&invite, "486 Busy Here", "").unwrap();
    let finished = caller.finish(SOON).unwrap();
    assert!(
        finished.sentence().to_lowercase().contains("busy"),
        "{finished:?}"
    );
}
