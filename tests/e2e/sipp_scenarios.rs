//! What sipp says of the server: its scenarios in `tests/sipp`, over every transport that it speaks.

use end_to_end::sipp::{Sipp, play_both};
use end_to_end::{Device, Server, Transport};

/// A server with a device of Ann (1001).
fn with_a_device() -> (Server, Device) {
    let server = Server::start().unwrap();
    let ann = server.add_account("ann", "1001").unwrap();
    let device = server.add_device(&ann).unwrap();
    (server, device)
}

/// Ann calls, and another phone answers, each with a scenario, over each mix of transports.
#[track_caller]
fn call(caller: &str, callee: &str) {
    let (server, ann) = with_a_device();
    let sip = server.ready().sip;
    for (anns, others, name, number) in [
        (Transport::Udp, Transport::Udp, "bob", "1002"),
        (Transport::Tcp, Transport::Udp, "carol", "1003"),
        (Transport::Udp, Transport::Tcp, "dave", "1004"),
    ] {
        // Somebody else each time: a phone that is gone would still ring.
        let other = server.add_account(name, number).unwrap();
        let other = server.add_device(&other).unwrap();
        let caller = Sipp::new(caller, sip, &ann).calling(number).over(anns);
        let callee = Sipp::new(callee, sip, &other).over(others);
        if let Err(error) = play_both(&caller, &callee) {
            panic!("caller over {anns:?}, callee over {others:?}: {error:#}");
        }
    }
}

#[test]
fn registrations_are_made_refreshed_refused_and_removed() {
    let (server, ann) = with_a_device();
    for transport in [Transport::Udp, Transport::Tcp] {
        Sipp::new("registration.xml", server.ready().sip, &ann)
            .over(transport)
            .play()
            .unwrap();
    }
}

#[test]
fn a_call_is_made_and_ended() {
    call("uac-with-login.xml", "uas.xml");
}

#[test]
fn a_caller_gives_up() {
    call("uac-cancel.xml", "uas-cancelled.xml");
}

#[test]
fn a_busy_phone_is_busy() {
    call("uac-busy.xml", "uas-busy.xml");
}

#[test]
fn a_phone_declines() {
    call("uac-declined.xml", "uas-declines.xml");
}

#[test]
fn a_call_is_put_on_hold_and_taken_back() {
    call("uac-hold.xml", "uas-hold.xml");
}
