//! Phones whose connection breaks in the middle of a call.

use std::thread;
use std::time::Duration;

use end_to_end::Server;
use end_to_end::scripted::{Connected, description};
use end_to_end::sipp::Sipp;
use sip::Method;

const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn a_call_goes_on_over_the_connection_that_its_phone_comes_back_over() {
    let server = Server::start().unwrap();
    let sip = server.ready().sip;
    let [ann, bob] = [("ann", "1001"), ("bob", "1002")].map(|(name, number)| {
        let account = server.add_account(name, number).unwrap();
        server.add_device(&account).unwrap()
    });
    let session = description("127.0.0.1:6000".parse().unwrap());
    let mut phone = Connected::register(sip, &bob, "first").unwrap();
    thread::scope(|scope| {
        let caller = scope.spawn(|| {
            Sipp::new("uac-hung-up.xml", sip, &ann)
                .calling("1002")
                .play()
        });
        let invite = phone.wait_for(&Method::Invite, PATIENCE).unwrap();
        phone.answer(&invite, "200 OK", &session).unwrap();
        phone.wait_for(&Method::Ack, PATIENCE).unwrap();

        drop(phone);
        let mut phone = Connected::register(sip, &bob, "second").unwrap();
        // The server asks over the new connection whether the call is still there.
        let question = phone.wait_for(&Method::Invite, PATIENCE).unwrap();
        phone.answer(&question, "200 OK", &session).unwrap();
        phone.wait_for(&Method::Ack, PATIENCE).unwrap();
        phone.hang_up(&invite).unwrap();
        caller.join().unwrap().unwrap();
    });
}
