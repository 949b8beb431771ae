//! Session descriptions of no use, too many of them, and requests that belong to no call.

use simnet::Conditions;
use switch::{CallEnd, Input};

use bytes::Bytes;

use crate::phone::{Action, Manner};
use crate::rig::{Rig, seconds};

const HEAD: &str =
    "v=0\r\no=- 1 9 IN IP4 198.51.100.10\r\ns=-\r\nc=IN IP4 198.51.100.10\r\nt=0 0\r\n";

fn talking() -> Rig {
    let mut rig = Rig::new(1, Conditions::perfect(), &["alice-1", "bob-1"]);
    rig.register_all();
    rig.phones[1].manner = Manner::Answer(seconds(1));
    rig.call("1002");
    rig.run(seconds(10));
    rig
}

fn finish(mut rig: Rig) {
    rig.plan(0, seconds(1), Action::Hangup);
    rig.run(seconds(60));
    assert_eq!(rig.end().0, CallEnd::HungUp);
    rig.assert_no_leaks();
}

#[test]
fn an_offer_of_no_use_is_refused_and_the_call_goes_on() {
    let huge = format!(
        "{HEAD}m=audio 7000 RTP/AVP 0\r\na=x:{}\r\n",
        "y".repeat(40_000)
    );
    let cases = [
        ("nonsense".to_owned(), 400),
        (format!("{HEAD}m=video 7000 RTP/AVP 31\r\n"), 488),
        (format!("{HEAD}m=audio 7000 RTP/AVP\r\n"), 400),
        (format!("{HEAD}m=audio 99999 RTP/AVP 0\r\n"), 400),
        (huge, 400),
    ];
    for (body, status) in cases {
        let mut rig = talking();
        let what: String = body.chars().skip(HEAD.len()).take(30).collect();
        rig.plan(0, seconds(1), Action::OfferText(body));
        rig.run(seconds(5));
        assert_eq!(rig.phones[0].reoffers_refused, [status], "{what}");
        assert_eq!(rig.phones[1].end(), "goes on");
        finish(rig);
    }
}

#[test]
fn an_invitation_of_no_use_is_refused_and_nobody_rings() {
    let cases = [
        ("nonsense".to_owned(), "400"),
        (HEAD.to_owned(), "488"),
        (format!("{HEAD}m=audio 0 RTP/AVP 0\r\n"), "488"),
    ];
    for (body, status) in cases {
        let mut rig = Rig::new(1, Conditions::perfect(), &["alice-1", "bob-1"]);
        rig.register_all();
        rig.plan(0, seconds(1), Action::CallText("1002".to_owned(), body));
        rig.run(seconds(10));
        assert!(
            rig.phones[0].ends[0].contains(status),
            "{:?}",
            rig.phones[0].ends
        );
        assert_eq!(rig.phones[1].caller, None);
        rig.assert_no_leaks();
    }
}

#[test]
fn an_offer_of_ten_codecs_with_strange_attributes_is_answered() {
    let formats = "0 3 4 8 9 18 96 97 98 99 101";
    let maps = "a=rtpmap:96 iLBC/8000\r\na=rtpmap:97 speex/16000\r\na=rtpmap:98 opus/48000/2\r\na=fmtp:98 \r\n\
                a=rtpmap:99\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp\r\na=ptime:what\r\na=maxptime:-1\r\na=crypto:\r\n\
                a=candidate:x\r\na=sendrecv:yes\r\n";
    let mut rig = talking();
    let offer = format!("{HEAD}m=audio 7000 RTP/AVP {formats}\r\n{maps}");
    rig.plan(0, seconds(1), Action::OfferText(offer));
    rig.run(seconds(5));
    assert!(rig.phones[0].reoffers_refused.is_empty());
    assert_eq!(rig.phones[1].media.unwrap().codec, sdp::Codec::Opus);
    finish(rig);
}

#[test]
fn a_stream_that_is_given_up_in_a_call_can_come_back() {
    let mut rig = talking();
    rig.phones[1].gives_streams_up = true;
    let gone = format!("{HEAD}m=audio 0 RTP/AVP 0\r\n");
    rig.plan(0, seconds(1), Action::OfferText(gone));
    rig.run(seconds(5));
    let back = format!("{HEAD}m=audio 7000 RTP/AVP 0\r\n").replace(" 1 9 ", " 1 10 ");
    rig.plan(0, seconds(1), Action::OfferText(back));
    rig.run(seconds(5));
    assert!(rig.phones[0].reoffers_refused.is_empty());
    assert!(rig.phones.iter().all(|phone| phone.end() == "goes on"));
    finish(rig);
}

#[test]
fn a_storm_of_offers_is_held_back_and_the_call_goes_on() {
    let mut rig = talking();
    for at in 0..200_u64 {
        let way = if at % 2 == 0 {
            sdp::Direction::SendOnly
        } else {
            sdp::Direction::SendRecv
        };
        rig.plan(
            0,
            std::time::Duration::from_millis(100 * at),
            Action::Offer(way),
        );
    }
    rig.run(seconds(25));
    let changes = crate::media_plans::plans(&rig).len();
    assert!((20..50).contains(&changes), "{changes}");
    // A person's own change comes through a moment later.
    rig.phones[0].reoffers_refused.clear();
    rig.plan(0, seconds(5), Action::Offer(sdp::Direction::SendRecv));
    rig.run(seconds(10));
    assert!(rig.phones[0].reoffers_refused.is_empty());
    finish(rig);
}

/// What the network carries, seen by somebody who listens.
#[test]
fn a_forged_or_replayed_bye_ends_no_call() {
    let mut rig = talking();
    let stranger = "203.0.113.66:5060".parse().unwrap();
    let name = rig.phones[0].name.clone().unwrap();
    let forge = |from_tag: &str, to_tag: &str, number: u32| {
        let call_id = &name.call_id;
        Bytes::from(format!(
            "BYE sip:192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.66;branch=z9hG4bKf{number}\r\nMax-Forwards: 70\r\n\
             From: <sip:alice-1@carillon.test>;tag={from_tag}\r\nTo: <sip:1002@carillon.test>;tag={to_tag}\r\n\
             Call-ID: {call_id}\r\nCSeq: {number} BYE\r\nContent-Length: 0\r\n\r\n"
        ))
    };
    let (near, far) = (name.from_tag().to_owned(), name.to_tag().to_owned());
    let byes = [
        // Nobody knows both tags.
        forge("guessed", &far, 9),
        forge(&near, "guessed", 9),
        forge("guessed", "guessed", 9),
        // An old number: a replay of what was done already.
        forge(&near, &far, 0),
    ];
    for payload in byes {
        let mut flow = rig.phones[0].flow();
        std::mem::swap(&mut flow.local, &mut flow.remote);
        flow.remote = stranger;
        let now = rig.now();
        rig.server.handle(now, Input::Receive { flow, payload });
        rig.run(seconds(2));
        assert!(rig.phones.iter().all(|phone| phone.end() == "goes on"));
    }
    finish(rig);
}

#[test]
fn requests_that_nobody_knows_get_the_answer_of_their_rfc() {
    use sip::Method;
    let mut rig = talking();
    for method in ["PUBLISH", "DANCE"] {
        rig.plan(0, seconds(0), Action::Send(Method::from(method), "x"));
    }
    rig.run(seconds(5));
    rig.phones[0].heard.sort();
    assert_eq!(rig.phones[0].heard, ["405 ", "501 "]);
    finish(rig);
}
