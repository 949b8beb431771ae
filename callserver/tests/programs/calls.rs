//! Calls through the running server, with audio through its relay.

use std::net::{SocketAddr, UdpSocket};
use std::time::Instant;

use serde_json::{Value, json};
use sip::LegId;

use crate::client::{add, ask, log_in};
use crate::phone::Phone;
use crate::process::{PATIENCE, Server};

/// A call that has been answered.
struct Call {
    server: Server,
    caller: Phone,
    caller_leg: LegId,
    callee: Phone,
    /// Where each of them speaks to.
    relay_for_caller: SocketAddr,
    relay_for_callee: SocketAddr,
}

fn server_with_two_phones() -> (Server, Phone, Phone) {
    let server = Server::start();
    for name in ["alice", "bob"] {
        add(&server, name);
    }
    let (mut caller, mut callee) = (Phone::new(&server, "alice"), Phone::new(&server, "bob"));
    assert!(caller.register() && callee.register());
    (server, caller, callee)
}

fn call() -> Call {
    let (server, mut caller, mut callee) = server_with_two_phones();
    let caller_leg = caller.call("1001");
    let (_, relay_for_callee) = callee.answer(&mut caller);
    let relay_for_caller = caller.is_answered();
    Call {
        server,
        caller,
        caller_leg,
        callee,
        relay_for_caller,
        relay_for_callee,
    }
}

pub(crate) fn packet(sequence: u8) -> [u8; 172] {
    let mut packet = [sequence; 172];
    packet[..12].copy_from_slice(&[0x80, 0, 0, sequence, 0, 0, 0, sequence, 1, 2, 3, 4]);
    packet
}

#[track_caller]
pub(crate) fn assert_hears(socket: &UdpSocket, expected: &[u8]) {
    let mut buffer = [0; 2048];
    let length = socket.recv(&mut buffer).unwrap();
    assert_eq!(&buffer[..length], expected);
}

fn only_call(server: &Server) -> Value {
    let calls = server.callctl_json(&["calls", "list"]);
    assert_eq!(calls.as_array().unwrap().len(), 1, "{calls}");
    calls[0].clone()
}

#[test]
fn two_phones_speak_through_the_relay_and_callctl_sees_it() {
    let mut call = call();
    for sequence in 0..20 {
        call.caller
            .rtp
            .send_to(&packet(sequence), call.relay_for_caller)
            .unwrap();
        assert_hears(&call.callee.rtp, &packet(sequence));
        call.callee
            .rtp
            .send_to(&packet(sequence), call.relay_for_callee)
            .unwrap();
        assert_hears(&call.caller.rtp, &packet(sequence));
    }
    let listed = only_call(&call.server);
    assert_eq!(
        (&listed["caller"], &listed["callee"]),
        (&"1000".into(), &"1001".into())
    );
    assert_eq!(listed["state"], "answered");
    assert_eq!(
        (
            &listed["packets_from_caller"],
            &listed["packets_from_callee"]
        ),
        (&20.into(), &20.into())
    );
    let id = listed["call"].to_string();
    let shown = call.server.callctl_json(&["calls", "show", &id])["details"].clone();
    assert_eq!(shown["codec"], "PCMU", "{shown}");
    assert_eq!(shown["encrypted"], false, "{shown}");
    let heard = &shown["callee"]["quality"];
    assert_eq!(
        (&heard["received"], &heard["lost"]),
        (&20.into(), &0.into())
    );
    assert!(heard["mos"].as_f64().unwrap() > 4.0, "{shown}");
    call.caller.hang_up(call.caller_leg);
    assert_eq!(call.callee.has_ended(), None);
    assert_eq!(call.caller.has_ended(), None);
    assert_eq!(call.server.callctl_json(&["status"])["calls"], 0);
    // Written behind the call's end.
    let begin = Instant::now();
    let past = loop {
        let past = call.server.callctl_json(&["calls", "history"]);
        if past.as_array().is_some_and(|past| !past.is_empty()) {
            break past[0].clone();
        }
        assert!(begin.elapsed() < PATIENCE, "the call is not in the history");
    };
    assert_eq!(past["hung_up_by"], "caller", "{past}");
    assert_eq!(past["codec"], "PCMU", "{past}");
    assert_eq!(past["caller_quality"]["received"], 20, "{past}");
    assert!(
        past["callee_quality"]["mos"].as_f64().unwrap() > 4.0,
        "{past}"
    );
    let mine = log_in(&call.server, "alice").tokens.unwrap().access_token;
    let mine = ask(&call.server, "GET", "/api/v1/me/calls")
        .token(&mine)
        .get(200);
    assert_eq!(mine["items"][0]["caller"]["sent"], 20, "{mine}");
}

#[test]
fn an_administrator_ends_a_call() {
    let mut call = call();
    let id = only_call(&call.server)["call"].to_string();
    call.server.callctl_json(&["calls", "hangup", &id]);
    assert_eq!(call.caller.has_ended(), None);
    assert_eq!(call.callee.has_ended(), None);
    assert_eq!(call.server.callctl(&["calls", "hangup", &id]).code, Some(1));
    let log = call.server.callctl_json(&["audit"]);
    let is_noted =
        |line: &Value| line["action"] == "call.hang-up" && line["detail"]["caller"] == "1000";
    assert_eq!(
        log.as_array()
            .unwrap()
            .iter()
            .filter(|line| is_noted(line))
            .count(),
        1,
        "{log}"
    );
}

#[test]
fn the_ladder_of_a_call_shows_who_said_what_and_nothing_secret() {
    let mut call = call();
    let id = only_call(&call.server)["call"].to_string();
    let ladder = call.server.callctl(&["calls", "trace", &id]).stdout;
    for words in [
        "server",
        "INVITE (SDP)",
        "407 INVITE",
        "180 INVITE",
        "200 INVITE (SDP)",
        "ACK",
    ] {
        assert!(ladder.contains(words), "{words}: {ladder}");
    }
    let both = ladder.lines().filter(|line| line.contains("INVITE (SDP)"));
    assert!(both.count() >= 4, "both sides are there: {ladder}");
    call.caller.hang_up(call.caller_leg);
    call.callee.has_ended();
    call.caller.has_ended();
    let shown = call
        .server
        .callctl(&["calls", "trace", &id, "--messages"])
        .stdout;
    assert!(
        shown.contains("BYE") && shown.contains("Via: SIP/2.0/UDP"),
        "{shown}"
    );
    assert!(shown.contains("Authorization: (hidden)"), "{shown}");
    assert!(
        !shown.contains("response=") && !shown.contains("nonce="),
        "{shown}"
    );
    assert_eq!(
        call.server.callctl(&["calls", "trace", "4711"]).code,
        Some(1)
    );
}

#[test]
fn a_call_stands_in_the_conversation_of_its_two_people() {
    let mut call = call();
    let tokens =
        ["alice", "bob"].map(|name| log_in(&call.server, name).tokens.unwrap().access_token);
    call.caller.hang_up(call.caller_leg);
    assert_eq!(call.callee.has_ended(), None);
    // It is written a moment after the call.
    let begin = std::time::Instant::now();
    for token in tokens {
        let room = loop {
            let list = ask(&call.server, "GET", "/api/v1/rooms")
                .token(&token)
                .get(200);
            if list["rooms"][0].is_object() || begin.elapsed() > PATIENCE {
                break list["rooms"][0].clone();
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        };
        assert_eq!(
            (&room["last_sequence"], &room["unread"]),
            (&json!(1), &json!(0))
        );
        let path = format!("/api/v1/rooms/{}/messages", room["id"].as_str().unwrap());
        let page = ask(&call.server, "GET", &path).token(&token).get(200);
        let told = &page["messages"][0];
        assert_eq!(told["kind"], "notification", "{told}");
        assert_eq!(told["body"]["type"], "call", "{told}");
        assert_eq!(told["body"]["is_answered"], true, "{told}");
    }
}

#[test]
fn the_server_hangs_up_before_it_stops() {
    let mut call = call();
    call.server.signal("TERM");
    let caller = std::thread::spawn(move || call.caller.has_ended());
    assert_eq!(call.callee.has_ended(), None);
    assert_eq!(caller.join().unwrap(), None);
    assert_eq!(call.server.wait().0.code(), Some(0));
}

#[test]
fn a_number_that_nobody_has_is_refused_until_somebody_gets_it() {
    let (server, mut caller, mut callee) = server_with_two_phones();
    caller.call("4711");
    assert_eq!(caller.has_ended(), Some(404));
    server.callctl_json(&["numbers", "assign", "4711", "bob"]);
    caller.call("4711");
    callee.answer(&mut caller);
    caller.is_answered();
}

#[test]
fn an_account_is_called_by_name_too_and_is_unreachable_without_a_phone() {
    let (server, mut caller, mut callee) = server_with_two_phones();
    server.callctl_json(&["accounts", "add", "carol"]);
    caller.call("bob");
    callee.answer(&mut caller);
    caller.is_answered();
    caller.call("carol");
    assert_eq!(caller.has_ended(), Some(480));
}
