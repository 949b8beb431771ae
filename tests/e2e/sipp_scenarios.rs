//! What sipp says of the server: its scenarios in `tests/sipp`, over every transport that it speaks.

use end_to_end::sipp::{Sipp, play_both};
use end_to_end::{Device, Server, Transport, Tunnel};

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
    let tunnel = Tunnel::start(&server).unwrap();
    let (udp, tcp, tls) = (
        (sip, Transport::Udp),
        (sip, Transport::Tcp),
        (tunnel.address(), Transport::Tcp),
    );
    for (way, anns, others, name, number) in [
        ("UDP to UDP", udp, udp, "bob", "1002"),
        ("TCP to UDP", tcp, udp, "carol", "1003"),
        ("UDP to TCP", udp, tcp, "dave", "1004"),
        ("TLS to TLS", tls, tls, "erin", "1005"),
    ] {
        // Somebody else each time: a phone that is gone would still ring.
        let other = server.add_account(name, number).unwrap();
        let other = server.add_device(&other).unwrap();
        let caller = Sipp::new(caller, anns.0, &ann).calling(number).over(anns.1);
        let callee = Sipp::new(callee, others.0, &other).over(others.1);
        if let Err(error) = play_both(&caller, &callee) {
            panic!("{way}: {error:#}");
        }
    }
}

#[test]
fn registrations_are_made_refreshed_refused_and_removed() {
    let (server, ann) = with_a_device();
    let sip = server.ready().sip;
    let tunnel = Tunnel::start(&server).unwrap();
    for (server, transport) in [
        (sip, Transport::Udp),
        (sip, Transport::Tcp),
        (tunnel.address(), Transport::Tcp),
    ] {
        Sipp::new("registration.xml", server, &ann)
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

#[test]
fn a_caller_who_insists_gets_reliable_provisional_answers() {
    call("uac-reliable.xml", "uas.xml");
}

#[test]
fn a_phone_whose_ringing_is_reliable_gets_its_acknowledgement() {
    call("uac-with-login.xml", "uas-reliable.xml");
}

#[test]
fn a_caller_updates_a_call_with_a_phone_that_knows_no_update() {
    call("uac-update.xml", "uas-update.xml");
}

#[test]
fn a_session_timer_is_refused_when_short_and_kept_when_long() {
    call("uac-session-timer.xml", "uas.xml");
}

#[test]
fn early_media_is_acknowledged_and_the_call_refreshed() {
    call("uac-prack.xml", "uas-prack.xml");
}

#[test]
fn a_caller_holds_the_call_while_it_rings() {
    call("uac-early-update.xml", "uas-early-update.xml");
}

#[test]
fn a_caller_offers_a_new_session_in_its_acknowledgement_of_early_media() {
    call("uac-prack-offer.xml", "uas-early-update.xml");
}

#[test]
fn a_phone_on_udp_one_on_tcp_and_one_on_tls_ring_together() {
    let (server, ann) = with_a_device();
    let sip = server.ready().sip;
    let tunnel = Tunnel::start(&server).unwrap();
    let bob = server.add_account("bob", "1002").unwrap();
    let [desk, kitchen, garden] = [1, 2, 3].map(|_| server.add_device(&bob).unwrap());
    let ringing = "uas-cancelled.xml";
    let others = [
        Sipp::new(ringing, sip, &desk).answer().unwrap(),
        Sipp::new(ringing, tunnel.address(), &garden)
            .over(Transport::Tcp)
            .answer()
            .unwrap(),
    ];
    let answers = Sipp::new("uas.xml", sip, &kitchen).over(Transport::Tcp);
    let calls = Sipp::new("uac-with-login.xml", sip, &ann).calling("1002");
    play_both(&calls, &answers).unwrap();
    for other in others {
        other.finish().unwrap();
    }
}

#[test]
fn a_caller_hands_a_call_over_and_the_others_go_on() {
    let (server, ann) = with_a_device();
    let sip = server.ready().sip;
    let [bob, carol] = [("bob", "1002"), ("carol", "1003")].map(|(name, number)| {
        let account = server.add_account(name, number).unwrap();
        server.add_device(&account).unwrap()
    });
    let carol = Sipp::new("uas.xml", sip, &carol).answer().unwrap();
    let bob = Sipp::new("uas-transferred.xml", sip, &bob);
    let ann = Sipp::new("uac-transfers.xml", sip, &ann)
        .calling("1002")
        .with("to", "1003");
    play_both(&ann, &bob).unwrap();
    carol.finish().unwrap();
}

#[test]
fn a_call_is_parked_by_handing_it_over_to_a_slot() {
    let (server, ann) = with_a_device();
    let sip = server.ready().sip;
    let bob = server.add_account("bob", "1002").unwrap();
    let bob = server.add_device(&bob).unwrap();
    // Whoever waits is offered a new session, and gives up.
    let waits = Sipp::new("uas-transferred.xml", sip, &bob);
    for place in ["*68", "*705"] {
        let parks = Sipp::new("uac-parks.xml", sip, &ann)
            .calling("1002")
            .with("to", place);
        play_both(&parks, &waits).unwrap();
    }
}

#[test]
fn a_caller_is_called_back_when_the_callee_is_there_again() {
    let (server, ann) = with_a_device();
    let sip = server.ready().sip;
    let bob = server.add_account("bob", "1002").unwrap();
    let bob = server.add_device(&bob).unwrap();
    let busy = Sipp::new("uas-busy.xml", sip, &bob);
    let calls = Sipp::new("uac-busy.xml", sip, &ann).calling("1002");
    play_both(&calls, &busy).unwrap();
    // The code is answered, and confirmed by a BYE.
    Sipp::new("uac-hung-up.xml", sip, &ann)
        .calling("*66")
        .play()
        .unwrap();
    let called_back = Sipp::new("uas-called-back.xml", sip, &ann)
        .answer()
        .unwrap();
    // Bob's phone comes anew, and so is used; it is called when Ann's was picked up.
    let answers = Sipp::new("uas-hangs-up.xml", sip, &bob).answer().unwrap();
    called_back.finish().unwrap();
    answers.finish().unwrap();
}

#[test]
fn a_phone_subscribes_and_publishes_as_the_rfcs_want_it() {
    let (server, ann) = with_a_device();
    let sip = server.ready().sip;
    for scenario in [
        "subscriptions.xml",
        "subscribe-dialog.xml",
        "subscribe-messages.xml",
        "subscribe-watchers.xml",
        "publications.xml",
    ] {
        for transport in [Transport::Udp, Transport::Tcp] {
            Sipp::new(scenario, sip, &ann)
                .over(transport)
                .play()
                .unwrap();
        }
    }
}
